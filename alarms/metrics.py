"""What judging counts; the outbox and the machines' server count for themselves."""

from prometheus_client import Counter, Gauge, Histogram

from alarms.life import Kind
from runtime.counting import from_zero

BATCHES = Counter("alarms_batches_total", "Batches that were judged, or read again to fill windows.")
UNKNOWN = Counter("alarms_unknown_sensors_total", "Batches of sensors that the database did not know yet.")
WINDOWS = Counter("alarms_windows_total", "Windows whose features were computed.")
DIAGNOSES = Counter("alarms_diagnoses_total", "Bearings that were diagnosed.")
DIAGNOSES_SKIPPED = Counter(
    "alarms_diagnoses_skipped_total", "Windows of bearings that were left out, as too many waited."
)
TRANSITIONS = from_zero(Counter("alarms_transitions_total", "What has happened to alarms.", ["kind"]), Kind)
HELD_BACK = Counter("alarms_held_back_total", "Notifications that a flood has held back.")
REJECTS = Counter(
    "alarms_rejects_total", "Messages that are no measurements; the ingester makes dead letters of them."
)
FAILURES = from_zero(
    Counter("alarms_failures_total", "Attempts that failed and are made again.", ["side"]),
    ("database", "stream"),
)
BUFFERED_BYTES = Gauge("alarms_buffered_bytes", "Samples of whole windows that wait to be judged.")
WAITING_DIAGNOSES = Gauge("alarms_waiting_diagnoses", "Windows of bearings that wait.")
UNWRITTEN = Gauge("alarms_unwritten_transitions", "Transitions that are not in the database yet.")
EVALUATIONS = Gauge("alarms_evaluations", "Rules times sources that are judged here.")
OPEN = Gauge("alarms_open", "Alarms of sensors that are judged here, and not closed.")
REFUSED_RULES = Gauge("alarms_refused_rules", "Rules in the database that cannot be used.")
LATE = Gauge("alarms_late_batches", "Batches that were not judged, as younger ones were before.")
OFFSET = Gauge("alarms_next_offset", "The next offset to judge, as committed.", ["stream"])
SKIPPED = Counter(
    "alarms_skipped_offsets_total",
    "Stream messages that RabbitMQ no longer had, or that could not be read as a chunk.",
    ["stream"],
)
ACTIVE = Gauge("alarms_active", "1 where this process judges the partition.", ["stream"])
LATENCY = Histogram(
    "alarms_latency_seconds",
    "From the bridge's receipt of a batch to its judgement by rules that want no window.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 5, 60),
)
ROUND_SECONDS = Histogram(
    "alarms_round_seconds",
    "Computing the features of all windows that have become whole meanwhile.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
