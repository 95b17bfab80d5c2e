"""What the ingesters count."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

from runtime.counting import from_zero
from runtime.histogram import ManyHistogram
from wire.errors import Reason

MESSAGES = Counter("ingest_messages_total", "Messages written (or found already written).", ["kind"])
SAMPLES = Counter("ingest_samples_total", "Single samples in them, over all channels.")
ROWS = Counter("ingest_rows_total", "Rows inserted.", ["table"])
DUPLICATES = Counter("ingest_duplicates_total", "Rows that were there already.", ["table"])
DEAD_LETTERS = from_zero(
    Counter("ingest_dead_letters_total", "Messages given to the dead-letter stream.", ["reason"]), Reason
)
NO_COMMANDS = Counter(
    "ingest_no_commands_total",
    "Messages given as commands that are none; the bridge makes dead letters of them.",
)
PROVISIONAL = Counter("ingest_provisional_sensors_total", "Sensors registered by their first message.")
FAILURES = from_zero(
    Counter("ingest_failures_total", "Attempts that failed and are made again.", ["side"]),
    ("database", "rabbitmq", "stream"),
)
BUFFERED_BYTES = Gauge("ingest_buffered_bytes", "Bytes read from the stream and not yet written.")
OFFSET = Gauge("ingest_next_offset", "The next offset to read, as committed.", ["stream"])
LAG = Gauge(
    "ingest_lag_seconds", "From RabbitMQ's receipt to the commit, of what was committed last.", ["stream"]
)
SKIPPED = Counter(
    "ingest_skipped_offsets_total",
    "Stream messages that RabbitMQ no longer had, or that could not be read as a chunk.",
    ["stream"],
)
ACTIVE = Gauge("ingest_active", "1 where this process is the active consumer.", ["stream"])
FLUSH_SECONDS = Histogram(
    "ingest_flush_seconds",
    "Duration of a transaction.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_LATENCY_BUCKETS = (
    0.005,
    0.01,
    0.02,
    0.03,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.25,
    0.3,
    0.4,
    0.5,
    0.75,
    1,
    2.5,
    5,
    10,
    60,
)
LATENCY = ManyHistogram(
    "ingest_latency_seconds", "From a batch's last sample to the commit that holds it.", _LATENCY_BUCKETS
)
RELAY_LATENCY = ManyHistogram(
    "ingest_relay_latency_seconds", "From the bridge's receipt to the commit.", _LATENCY_BUCKETS
)
REGISTRY.register(LATENCY)
REGISTRY.register(RELAY_LATENCY)
