"""What the outbox counts. `action`: publish, command, webhook or email."""

from prometheus_client import Counter, Gauge, Histogram

from runtime.counting import from_zero

_ACTIONS = ("publish", "command", "webhook", "email")

WAITING = Gauge(
    "alarms_outbox_waiting", "Rows that should have been sent by now, of all replicas.", ["action"]
)
OLDEST = Gauge(
    "alarms_outbox_oldest_seconds", "For how long the oldest of them, of all replicas.", ["action"]
)
UNDER_WAY = Gauge("alarms_outbox_under_way", "Rows that this process is sending.", ["pool"])
SENT = from_zero(Counter("alarms_outbox_sent_total", "Rows that were sent.", ["action"]), _ACTIONS)
FAILURES = from_zero(
    Counter("alarms_outbox_failures_total", "Attempts that failed and are made again.", ["action"]), _ACTIONS
)
GIVEN_UP = from_zero(
    Counter("alarms_outbox_given_up_total", "Rows that were refused, or not sent in time.", ["action"]),
    _ACTIONS,
)
DATABASE_FAILURES = Counter(
    "alarms_outbox_database_failures_total", "Attempts to read or write the outbox that failed."
)
SECONDS = Histogram(
    "alarms_outbox_seconds",
    "From when a row was to be sent to when it was.",
    ["action"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3600, 86_400),
)
TRIGGERS_UNTOLD = Counter(
    "alarms_triggers_untold_total",
    "Triggers that RabbitMQ did not take for other replicas; these find them in the database.",
)
TRIGGERS_HEARD = Counter("alarms_triggers_heard_total", "Triggers that other replicas have judged.")
