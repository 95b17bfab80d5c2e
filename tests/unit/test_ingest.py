"""The ingester's pure parts: envelopes become batches, batches become rows and sessions, the buffer is bounded."""

import asyncio
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import rows, sessions
from ingest.buffer import Buffer
from ingest.features import features
from wire import deliveries
from wire.codec import Batch, ChannelBatch, encode_measurements
from wire.deliveries import Delivery, Received
from wire.envelope import entry, prefix, to_amqp
from wire.errors import Reason
from wire.relay_pb2 import Kind

NOW_NS = 1_800_000_000 * 10**9
START_NS = NOW_NS - 60 * 10**9
RECEIVED = NOW_NS.to_bytes(8, "little")


def batch(
    sequence: int = 0,
    values: Any = (1.0, 2.0),
    *,
    session: int = 7,
    channels: int = 1,
    frequency: float = 10.0,
) -> Batch:
    data = np.array(values, dtype="<f4")
    parts = tuple(ChannelBatch(index, (data + index).tobytes()) for index in range(channels))
    return Batch(session, sequence, START_NS + sequence * 10**9, frequency, len(data), parts)


def received(one: Batch, serial: str = "pump-1") -> Received:
    return Received(serial, NOW_NS, one, encode_measurements(one), "data-0/1")


def delivery(*messages: tuple[str, Kind, bytes]) -> Delivery:
    body = b"".join(entry(prefix(serial, kind), RECEIVED, payload) for serial, kind, payload in messages)
    return Delivery("data-0", 5, to_amqp(body))


# decoding
def test_envelope_with_bad_messages_gives_the_good_ones_and_a_reject_each() -> None:
    """In order; a reject names where it came from and keeps its bytes."""
    good, kind = encode_measurements(batch()), Kind.KIND_MEASUREMENTS
    items, rejects = deliveries.measurements(
        delivery(
            ("pump-1", kind, good),
            ("pump-2", kind, b"\xff"),
            ("not a serial", kind, good),
            ("pump-3", Kind.KIND_LOG, good),
            ("pump-4", kind, good),
        ),
        NOW_NS,
    )
    assert [item.serial_number for item in items] == ["pump-1", "pump-4"]
    assert [(reject.serial_number, reject.error.reason) for reject in rejects] == [
        ("pump-2", Reason.MALFORMED),
        ("not a serial", Reason.BAD_SERIAL_NUMBER),
        ("pump-3", Reason.MALFORMED),
    ]
    assert {reject.origin for reject in rejects} == {"data-0/5"}
    assert rejects[0].payload == b"\xff"


@given(st.binary(max_size=100))
def test_bytes_that_are_no_envelope_are_one_reject(body: bytes) -> None:
    """Whole, and never an exception."""
    items, rejects = deliveries.measurements(Delivery("data-0", 5, body), NOW_NS)
    assert items == []
    assert all(reject.payload for reject in rejects) or body == b""


# rows
def parsed(data: bytes) -> list[dict[str, Any]]:
    """PostgreSQL's binary COPY, read by its documentation."""
    assert data.startswith(b"PGCOPY\n\xff\r\n\x00" + bytes(8))
    assert data.endswith(b"\xff\xff")
    position, found = 19, []
    while data[position : position + 2] != b"\xff\xff":
        (count,) = struct.unpack_from(">h", data, position)
        position += 2
        fields = []
        for _ in range(count):
            (size,) = struct.unpack_from(">i", data, position)
            fields.append(data[position + 4 : position + 4 + size])
            position += 4 + size
        names = (
            "time time_ns sensor_id channel session sequence frequency count mean rms minimum maximum".split()
        )
        row = {
            name: struct.unpack(form, field)[0]
            for name, form, field in zip(
                names, ">q >q >i >h >q >q >d >i >f >f >f >f".split(), fields[:12], strict=True
            )
        }
        dimensions, nulls, oid, elements, lower = struct.unpack_from(">iiIii", fields[12])
        assert (dimensions, nulls, oid, lower) == (1, 0, 700, 1)
        pairs = np.frombuffer(fields[12], [("length", ">i4"), ("value", ">f4")], offset=20)
        assert (pairs["length"] == 4).all()
        assert len(pairs) == elements
        found.append({**row, "samples": pairs["value"].tolist()})
    assert position == len(data) - 2
    return found


def copied(items: list[Received]) -> list[dict[str, Any]]:
    table, bad = rows.build(items)
    assert bad == []
    ids = {serial: 100 + number for number, serial in enumerate(table.batches.serial_numbers)}
    made = parsed(b"".join(bytes(piece) for piece in table.copy(ids)))
    assert len(made) == table.rows
    return made


def test_row_holds_what_the_batch_says() -> None:
    """Time since 2000 in microseconds, and the nanoseconds beside it."""
    one = Batch(7, 3, START_NS + 123_456_789, 12.5, 2, (ChannelBatch(4, np.array([3, -4], "<f4").tobytes()),))
    [row] = copied([received(one)])
    assert row["time"] == (START_NS + 123_456_789) // 1000 - 946_684_800_000_000
    assert row["time_ns"] == START_NS + 123_456_789
    assert (row["sensor_id"], row["channel"], row["session"], row["sequence"]) == (100, 4, 7, 3)
    assert (row["frequency"], row["count"], row["samples"]) == (12.5, 2, [3.0, -4.0])
    assert (row["mean"], row["minimum"], row["maximum"]) == (-0.5, -4.0, 3.0)
    assert row["rms"] == pytest.approx(12.5**0.5)


def test_counts_become_values_as_the_sensor_would_compute_them() -> None:
    """count × scale + offset in float32; the rows are those of float samples."""
    counts = np.array([-32768, 0, 32767], "<i2")
    one = Batch(7, 0, START_NS, 10.0, 3, (ChannelBatch(0, counts.tobytes(), True, 0.1, 1.5),))
    [row] = copied([received(one)])
    assert row["samples"] == (counts.astype("f4") * np.float32(0.1) + np.float32(1.5)).tolist()


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.integers(1, 3), st.integers(1, 3)),
        max_size=12,
    )
)
def test_rows_are_all_there_in_the_order_of_the_key(given: list[tuple[str, int, int, int]]) -> None:
    """Of every length; within a length in the order in which every other process writes them."""
    items = [
        received(batch(sequence, range(count), channels=channels), serial)
        for serial, sequence, count, channels in given
    ]
    made = copied(items)
    assert sum(row["count"] for row in made) == sum(count * channels for _, _, count, channels in given)
    for length in {row["count"] for row in made}:
        keys = [
            (row["sensor_id"], row["channel"], row["time"], row["session"], row["sequence"])
            for row in made
            if row["count"] == length
        ]
        assert keys == sorted(keys)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_batches_not_finite_are_named_by_position(value: float) -> None:
    """Wherever they stand among others, and whichever channel it is."""
    items = [received(batch(0)), received(batch(1, (1.0, value))), received(batch(2, (value, 0.0, 1.0)))]
    assert rows.build(items)[1] == [1, 2]


# features
@given(st.integers(1, 50), st.integers(1, 200))
def test_features_are_those_of_each_row(count: int, width: int) -> None:
    """Whatever the blocks in which they are computed."""
    samples = np.random.default_rng(count * 1000 + width).normal(3, 1, (count, width)).astype(np.float32)
    made = features(samples)
    wide = samples.astype(np.float64)
    assert made.mean == pytest.approx(wide.mean(axis=1))
    assert made.rms == pytest.approx(np.sqrt((wide**2).mean(axis=1)))
    assert made.minimum.tolist() == wide.min(axis=1).tolist()
    assert made.maximum.tolist() == wide.max(axis=1).tolist()


def test_features_of_large_and_of_many_samples() -> None:
    """Squares of large float32 do not overflow; more than one block of rows."""
    large = np.full((3, 40_000), 3e38, dtype=np.float32)
    assert features(large).rms == pytest.approx([3e38] * 3, rel=1e-6)


# sessions
def test_sessions_sum_up_batches_of_one_run() -> None:
    """Counts, extent and the highest sequence of each session of each sensor."""
    items = [
        received(batch(2), "a"),
        received(batch(0), "a"),
        received(batch(0, session=8), "a"),
        received(batch(5, (1, 2, 3)), "b"),
    ]
    table, _ = rows.build(items)
    made = sessions.sessions(table.batches, {"a": 1, "b": 2})
    assert list(zip(*made, strict=True)) == [
        (1, 7, 2, 2, 4, START_NS, START_NS + 2 * 10**9 + 10**8),
        (1, 8, 0, 1, 2, START_NS, START_NS + 10**8),
        (2, 7, 5, 1, 3, START_NS + 5 * 10**9, START_NS + 5 * 10**9 + 2 * 10**8),
    ]
    assert sessions.longest_s(table.batches) == pytest.approx({"a": 0.2, "b": 0.3})


# the buffer
async def test_buffer_full_has_no_room_until_it_is_taken() -> None:
    """Bounded by bytes; the one that waits goes on."""
    buffer: Buffer[int] = Buffer(10_000)
    await buffer.room()
    await buffer.put(Delivery("data-0", 1, bytes(20_000), 17), [1, 2], [])
    waiting = asyncio.create_task(buffer.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    taken = await buffer.take(1, 1)
    assert (taken.items, taken.offsets, taken.time_ms) == ([1, 2], {"data-0": 2}, {"data-0": 17})
    async with asyncio.timeout(1):
        await waiting
    assert buffer.bytes == 0


async def test_buffer_gives_what_there_is_when_the_time_is_over() -> None:
    """And at once when it is full enough; an empty stream message moves its offset as well."""
    buffer: Buffer[int] = Buffer(10_000)
    await buffer.put(Delivery("data-0", 1, b""), [], [])
    await buffer.put(Delivery("data-1", 4, b"x"), [3], [])
    async with asyncio.timeout(1):
        taken = await buffer.take(9_000, 0.01)
    assert (taken.items, taken.offsets) == ([3], {"data-0": 2, "data-1": 5})
    await buffer.put(Delivery("data-1", 5, bytes(9_000)), [4], [])
    async with asyncio.timeout(1):
        assert (await buffer.take(9_000, 3600)).items == [4]
