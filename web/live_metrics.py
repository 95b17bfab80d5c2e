"""What the live part of the page counts."""

from prometheus_client import Counter, Gauge, Histogram

VIEWERS = Gauge("web_live_viewers", "Live connections.")
COARSER = Gauge("web_live_coarser_viewers", "Of these: how many get coarser bins, as they do not keep up.")
REFUSED = Counter("web_live_refused_total", "Live connections beyond what is allowed.", ["bound"])
SENSORS = Gauge("web_live_sensors", "Sensors that are followed, also those nobody looks at any longer.")
LEVELS = Gauge("web_live_levels", "Channels times bin widths that are kept of them.")
BATCHES = Counter("web_live_batches_total", "Batches of followed sensors.")
FAILURES = Counter(
    "web_live_failures_total", "Batches that could not be shown, or attempts that failed.", ["side"]
)
MESSAGES = Counter("web_live_messages_total", "Messages sent to viewers.")
BYTES = Counter("web_live_bytes_total", "Their bytes.")
SKIPPED = Counter("web_live_skipped_total", "Sets of frames that a viewer did not get in time.")
SPECTRA_SKIPPED = Counter("web_live_skipped_spectra_total", "Spectra that a viewer never got.")
WAITING = Gauge("web_live_waiting_bytes", "Bytes that wait for viewers' sockets, the kernel's not counted.")
TAKE_SECONDS = Histogram(
    "web_live_take_seconds",
    "Putting a batch into all its bin widths.",
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1),
)
HAND_OVER_SECONDS = Histogram(
    "web_live_hand_over_seconds",
    "From a batch's arrival to its frames.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1),
)
SPECTRA_SECONDS = Histogram(
    "web_live_spectra_seconds",
    "Computing the spectra of all sensors, once.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
