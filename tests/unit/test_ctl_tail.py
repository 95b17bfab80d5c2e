"""`iotctl tail`: batches as lines, and what is noticed about them."""

import csv
import io
import json

import numpy as np
import pytest

from ctl.tail_rows import (
    BATCH_FIELDS,
    BATCH_KEYS,
    Channel,
    Continuity,
    Tally,
    batch_rows,
    csv_lines,
    fitting,
    heading,
    json_lines,
    line,
    named_fields,
    value_rows,
)
from runtime.live import Received
from wire.codec import Batch, ChannelBatch

START_NS = 1_800_000_000_123_456_789
CHANNELS = {0: Channel(0, "x", "g"), 1: Channel(1, "y", "g")}


def received(values: list[float], *, frequency_hz: float = 1000.0, sequence: int = 7) -> Received:
    data = np.array(values, np.float32)
    parts = (ChannelBatch(0, data.tobytes()), ChannelBatch(1, (-data).tobytes()))
    batch = Batch(4711, sequence, START_NS, frequency_hz, len(values), parts)
    return Received(batch, batch.end_time_ns + 50_000_000)


def test_batch_rows_give_features_of_each_channel() -> None:
    """Mean, root mean square (the mean included), extremes and the greatest absolute value."""
    x, y = batch_rows("pump-1", received([1.0, -3.0]), CHANNELS)
    assert (x["mean"], x["rms"], x["minimum"], x["maximum"], x["peak"]) == (-1, 5**0.5, -3, 1, 3)
    assert (y["channel_name"], y["unit"], y["minimum"], y["peak"]) == ("y", "g", -1, 3)
    assert x["latency_s"] == 0.05
    assert x["time"] == "2027-01-15T08:00:00.123456Z"


def test_batch_rows_of_some_channels_leave_the_others_out() -> None:
    """Only those that are asked for."""
    assert [row["channel"] for row in batch_rows("s", received([1.0]), {1: Channel(1, "y", "g")})] == [1]


def test_value_rows_at_an_odd_frequency_time_each_sample_as_the_contract_says() -> None:
    """start + round(i · 1e9 / frequency), exact to the nanosecond, where a double of Unix time would not be."""
    rows = list(value_rows("s", received([0.1] * 1000, frequency_hz=3333.3), {0: Channel(0, "x", "g")}))
    assert [row["time_ns"] for row in rows] == [START_NS + round(i * 1e9 / 3333.3) for i in range(1000)]


def test_value_rows_say_a_float32_by_its_shortest_digits() -> None:
    """0.1 and not 0.10000000149, and reading it back as float32 gives the same bits."""
    [row] = value_rows("s", received([0.1]), {0: Channel(0, "x", "g")})
    assert row["value"] == 0.1


def test_json_and_csv_lines_hold_the_same_values() -> None:
    """One object a line; CSV in the order of its header."""
    rows = list(batch_rows("pump-1", received([1.0, -3.0]), CHANNELS))
    objects = [json.loads(one) for one in json_lines(rows).splitlines()]
    table = list(csv.reader(io.StringIO(csv_lines(BATCH_KEYS, rows))))
    assert objects == rows
    assert [[str(row[key]) for key in BATCH_KEYS] for row in rows] == table


@pytest.mark.parametrize("width", [80, 100, 132, None])
def test_fitting_on_any_width_keeps_heading_and_lines_aligned(width: int | None) -> None:
    """The least needed columns go first; time, RMS and latency stay; no line is wider than the terminal."""
    fields = fitting(named_fields(BATCH_FIELDS, CHANNELS.values()), width)
    [row, _] = batch_rows("pump-1", received([0.25, -0.125]), CHANNELS)
    head, text = heading(fields), line(fields, row)
    assert {"time", "rms", "latency_s"} <= {field.key for field in fields}
    assert len(head) == len(text)
    assert width is None or len(head) <= width
    assert len(fields) == len(BATCH_FIELDS) or width is not None


def test_line_gives_all_values_of_a_line_the_same_decimals() -> None:
    """So that they can be compared at a glance."""
    [row, _] = batch_rows("pump-1", received([0.25, -0.125]), CHANNELS)
    assert "0.06250" in line(BATCH_FIELDS, row)
    assert "-0.12500" in line(BATCH_FIELDS, row)


def test_continuity_of_dense_sequences_says_nothing() -> None:
    """Whatever the first one is: the sensor may have measured for days."""
    continuity = Continuity()
    assert [continuity.seen(1, sequence) for sequence in (100, 101, 102)] == [None, None, None]
    assert continuity.missing == 0


def test_continuity_with_a_gap_names_and_counts_it() -> None:
    """Which sequences, and how many."""
    continuity = Continuity()
    continuity.seen(1, 9)
    assert continuity.seen(1, 13) == "3 batches did not come by: sequences 10 to 12"
    assert continuity.seen(1, 15) == "1 batch did not come by: sequence 14"
    assert continuity.missing == 4


def test_continuity_with_batches_again_counts_them_and_goes_on() -> None:
    """A batch that is sent again is no gap, and neither is what follows."""
    continuity = Continuity()
    said = [continuity.seen(1, sequence) for sequence in (5, 6, 2, 3, 7)]
    assert said == [None] * 5
    assert (continuity.missing, continuity.late) == (0, 2)


def test_continuity_with_a_new_session_expects_it_from_its_beginning() -> None:
    """A sensor that starts anew counts from 0: what is before its first batch here is missing."""
    continuity = Continuity()
    continuity.seen(1, 500)
    said = continuity.seen(2, 2)
    assert (
        said == "session 2 begins: the sensor has started anew; 2 batches did not come by: sequences 0 to 1"
    )
    assert continuity.missing == 2


def test_tally_sums_up_in_a_sentence() -> None:
    """What came, what did not, and how late it was."""
    tally, continuity = Tally(), Continuity()
    for sequence in (0, 2):
        one = received([1.0, 2.0], sequence=sequence)
        tally.add(one)
        continuity.seen(one.batch.session, sequence)
    assert tally.summary("pump-1", 2.0, continuity, 3, 0) == (
        "pump-1: 2 batches of 4 samples in 2.0 s; 1 missing; 3 dropped here, for the output was too slow; "
        "latency 50 ms, at most 50 ms"
    )
