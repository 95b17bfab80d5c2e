"""What the server for machine controllers counts."""

from prometheus_client import Counter, Gauge, Histogram

CONNECTED = Gauge("alarms_machines_connected", "Machine controllers that have said Hello and are connected.")
REFUSED = Counter(
    "alarms_machine_connections_refused_total",
    "Connections of machine controllers that were refused.",
    ["reason"],
)
TRIGGERS = Counter("alarms_triggers_sent_total", "Triggers told to a machine controller the first time.")
REDELIVERIES = Counter(
    "alarms_triggers_redelivered_total", "Triggers told again, as nobody had acknowledged them."
)
EXPIRED = Counter("alarms_triggers_expired_total", "Triggers that nobody acknowledged until they expired.")
UNACKNOWLEDGED = Gauge("alarms_triggers_unacknowledged", "Triggers in memory that nobody has acknowledged.")
FORGOTTEN = Counter(
    "alarms_triggers_forgotten_total",
    "Triggers left to the database alone, as too many were in memory; they are told when there is room.",
)
QUEUE_FULL = Counter(
    "alarms_machine_queue_full_total",
    "Messages left out because too many waited for one controller; triggers among them are told later.",
)
ACKNOWLEDGEMENTS = Counter("alarms_trigger_acknowledgements_total", "Answers of controllers.", ["outcome"])
REPEATED = Counter("alarms_trigger_acknowledgements_repeated_total", "Answers to what was answered before.")
BAD_MESSAGES = Counter(
    "alarms_machine_bad_messages_total", "Messages of controllers that cannot be; they end the stream."
)
STORE_FAILURES = Counter(
    "alarms_machine_store_failures_total",
    "Times that the database did not do its part; it is tried again.",
    ["step"],
)
_BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
SINCE_EVENT = Histogram(
    "alarms_trigger_event_to_acknowledgement_seconds",
    "From the time of what was measured to the receipt of its trigger's acknowledgement.",
    buckets=_BUCKETS,
)
SINCE_SENT = Histogram(
    "alarms_trigger_sent_to_acknowledgement_seconds",
    "From when a trigger was told the first time to the receipt of its acknowledgement.",
    buckets=_BUCKETS,
)
