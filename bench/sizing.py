"""What a fleet of a given size needs: `python -m bench.sizing` prints the tables of docs/scaling.md.

Arithmetic on costs that were measured; nothing is measured here. A message costs each part a fixed time and a time for each
sample in it.
"""

import math
from typing import NamedTuple

from wire.codec import Batch, ChannelBatch, encode_measurements

# µs of a core a message, and a sample. A message: `make bench`, with 10 samples. A sample: from what messages of 10
# and of 1,000 samples cost the same parts, and rows of 10 and of 1,000 samples PostgreSQL, before the product was written.
MESSAGE_US = {"Mosquitto": 25.0, "bridge": 16.0, "RabbitMQ": 13.0, "ingest": 18.0, "PostgreSQL": 5.0}
SAMPLE_US = {"Mosquitto": 0.006, "bridge": 0.007, "RabbitMQ": 0.027, "ingest": 0.045, "PostgreSQL": 0.114}
ALARMS_US_A_SAMPLE = 0.45  # three rules a channel: 1,000 channels at 1 kHz take 0.45 of a core
ROW_BYTES_A_SAMPLE = 6.8  # of rows of 1,000 samples, with their indexes
COLUMNSTORE_BYTES_A_SAMPLE = 4.2
FEATURE_ROW_BYTES = 200.0  # what a row has beside its samples, where these are few
TOPIC_BYTES = 45  # of an MQTT PUBLISH, beside the payload, with a serial number of 12 characters
CONNECTION_BYTES = 2_000  # of Mosquitto, each sensor
BUSY = 0.6  # how much of its core a replica of ours should use
MOSQUITTO_BUSY = 0.7  # it has one core, whatever the machine has
DAY_S = 86_400


class Load(NamedTuple):
    """How a sensor measures: channels, samples a channel in a batch, and batches a second."""

    title: str
    channels: int
    samples: int
    batches_per_s: float
    sample_frequency_hz: float


LOADS = (
    Load("Waveforms without a pause: 3 axes at 1 kHz, a batch a second", 3, 1_000, 1.0, 1_000.0),
    Load(
        "Waveforms at intervals: 3 axes at 1 kHz, 10 s every 10 min, a batch a second",
        3,
        1_000,
        1 / 60,
        1_000.0,
    ),
    Load("Slow quantities: 1 channel at 1 Hz, a batch a minute", 1, 60, 1 / 60, 1.0),
)
FLEETS = (1_000, 100_000, 1_000_000)


class Need(NamedTuple):
    """What a fleet needs, in cores, bytes and pieces."""

    messages_per_s: float
    samples_per_s: float
    wire_bytes_per_s: float
    cores: dict[str, float]
    bridges: int
    ingesters: int
    alarms: int
    partitions: int
    mosquitto_bytes: float
    stream_bytes_a_day: float
    disk_bytes_a_day: float
    columnstore_bytes_a_day: float

    @property
    def mosquitto_outgrown(self) -> bool:
        """Whether it needs more of a core than one should use."""
        return self.cores["Mosquitto"] > MOSQUITTO_BUSY


def message_bytes(load: Load) -> int:
    """One MQTT PUBLISH, by the codec itself."""
    part = bytes(4 * load.samples)
    channels = tuple(ChannelBatch(channel, part) for channel in range(load.channels))
    batch = Batch(2**31, 10**6, 1_800_000_000 * 10**9, load.sample_frequency_hz, load.samples, channels)
    return len(encode_measurements(batch)) + TOPIC_BYTES


def need(load: Load, sensors: int) -> Need:
    """Of so many sensors."""
    messages = sensors * load.batches_per_s
    samples_a_message = load.channels * load.samples
    samples = messages * samples_a_message
    cores = {
        part: messages * (MESSAGE_US[part] + SAMPLE_US[part] * samples_a_message) / 1e6 for part in MESSAGE_US
    }
    # a message is a row for each channel
    rows = messages * load.channels
    cores["PostgreSQL"] = (rows * MESSAGE_US["PostgreSQL"] + samples * SAMPLE_US["PostgreSQL"]) / 1e6
    cores["alarms"] = samples * ALARMS_US_A_SAMPLE / 1e6
    wire = messages * message_bytes(load)
    replicas = {part: max(1, math.ceil(cores[part] / BUSY)) for part in ("bridge", "ingest", "alarms")}
    least = 4 if sensors <= 1_000 else 8
    bytes_a_row = max(ROW_BYTES_A_SAMPLE * load.samples, FEATURE_ROW_BYTES + 4 * load.samples)
    return Need(
        messages,
        samples,
        wire,
        cores,
        replicas["bridge"],
        replicas["ingest"],
        replicas["alarms"],
        max(least, 2 ** math.ceil(math.log2(max(replicas["ingest"], replicas["alarms"])))),
        sensors * CONNECTION_BYTES,
        wire * DAY_S,
        rows * bytes_a_row * DAY_S,
        rows * max(COLUMNSTORE_BYTES_A_SAMPLE * load.samples, bytes_a_row / 2) * DAY_S,
    )


def table(load: Load) -> list[str]:
    """Markdown: a column for each fleet."""
    needs = [need(load, sensors) for sensors in FLEETS]
    rows = [
        ("messages/s", [_count(one.messages_per_s) for one in needs]),
        ("samples/s", [_count(one.samples_per_s) for one in needs]),
        ("on the wire", [f"{_bytes(one.wire_bytes_per_s)}/s" for one in needs]),
        *(
            (f"{part}, cores", [_cores(one.cores[part], part) for one in needs])
            for part in ("Mosquitto", "bridge", "RabbitMQ", "ingest", "alarms", "PostgreSQL")
        ),
        ("bridges / ingesters / alarms", [f"{n.bridges:,} / {n.ingesters:,} / {n.alarms:,}" for n in needs]),
        ("partitions", [f"{one.partitions:,}" for one in needs]),
        ("Mosquitto's memory for connections", [_bytes(one.mosquitto_bytes) for one in needs]),
        ("streams, a day, each replica", [_bytes(one.stream_bytes_a_day) for one in needs]),
        ("database, a day", [_bytes(one.disk_bytes_a_day) for one in needs]),
        ("database, a day, columnstore", [_bytes(one.columnstore_bytes_a_day) for one in needs]),
    ]
    return [
        f"### {load.title}",
        "",
        f"A message has {load.channels * load.samples:,} samples and {message_bytes(load):,} bytes.",
        "",
        "| | " + " | ".join(f"{sensors:,} sensors" for sensors in FLEETS) + " |",
        "| --- |" + " ---: |" * len(FLEETS),
        *(f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows),
        "",
    ]


def document() -> str:
    """All tables."""
    return "\n".join(line for load in LOADS for line in table(load))


def _count(number: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g}"


def _bytes(number: float) -> str:
    for unit, size in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.0f} B"


def _cores(cores: float, part: str) -> str:
    text = f"{cores:.2f}" if cores < 10 else f"{cores:,.0f}"
    return f"**{text}**" if part == "Mosquitto" and cores > MOSQUITTO_BUSY else text


if __name__ == "__main__":
    print(document())
