"""What the bridge counts."""

from prometheus_client import Counter, Gauge, Histogram

from runtime.counting import from_zero
from wire.errors import Reason

MESSAGES = Counter("bridge_messages_total", "MQTT messages received.", ["kind"])
BYTES = Counter("bridge_bytes_total", "Payload bytes received.")
ACKNOWLEDGED = Counter(
    "bridge_acknowledged_total", "MQTT messages acknowledged after RabbitMQ's confirm.", ["session"]
)
SUPERSEDED = Counter(
    "bridge_superseded_total",
    "Births and statuses that gave way to newer ones of the same sensor while RabbitMQ did not take them.",
)
DEAD_LETTERS = from_zero(
    Counter("bridge_dead_letters_total", "Messages given to the dead-letter stream.", ["reason"]), Reason
)
ENVELOPES = Counter("bridge_envelopes_total", "Stream messages confirmed.", ["stream"])
FAILURES = from_zero(
    Counter("bridge_publish_failures_total", "Publishes without a confirm; each is tried again.", ["side"]),
    ("queue", "stream"),
)
COMMANDS = Counter("bridge_commands_total", "Commands taken from their queue.")
COMMAND_REPORTS = from_zero(
    Counter("bridge_command_reports_total", "What became of them on the way down.", ["step"]),
    ("sent", "unreachable", "expired"),
)
COMMAND_SECONDS = Histogram(
    "bridge_command_seconds",
    "From RabbitMQ's receipt of a command to the MQTT broker's acknowledgement of it.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600),
)
COMMANDS_UNDER_WAY = Gauge("bridge_commands_under_way", "Commands taken and not yet settled.")
PAUSES = Counter(
    "bridge_pauses_total", "Times that reading MQTT stopped because too much was in flight.", ["session"]
)
MQTT_RECONNECTS = Counter("bridge_mqtt_reconnects_total", "Lost MQTT connections.", ["session"])
IN_FLIGHT_MESSAGES = Gauge(
    "bridge_in_flight_messages", "Messages received and not yet acknowledged.", ["session"]
)
IN_FLIGHT_BYTES = Gauge("bridge_in_flight_bytes", "Their payload bytes.", ["session"])
CONFIRM_SECONDS = Histogram(
    "bridge_confirm_seconds",
    "From the publish of an envelope to its confirm.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
