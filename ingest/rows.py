"""Batches become rows of PostgreSQL's binary COPY, many at once. Pure.

Rows with the same number of samples have the same length, so a whole group is one numpy array whose
memory is what COPY reads: no Python work touches a row, let alone a sample.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ingest.features import features
from wire.codec import FLOAT32, INT16, Samples, scale_counts
from wire.deliveries import Received

COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
COPY_TRAILER: Final = b"\xff\xff"

_EPOCH_US: Final = 946_684_800_000_000  # 2000-01-01, PostgreSQL's, in Unix microseconds
_FLOAT4_OID: Final = 700
# measurement_batch's columns in their order; the samples follow
_COLUMNS: Final = (
    ("time", ">i8"),
    ("time_ns", ">i8"),
    ("sensor_id", ">i4"),
    ("channel", ">i2"),
    ("session", ">i8"),
    ("sequence", ">i8"),
    ("sample_frequency_hz", ">f8"),
    ("sample_count", ">i4"),
    ("mean", ">f4"),
    ("rms", ">f4"),
    ("minimum", ">f4"),
    ("maximum", ">f4"),
)

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
_Members = list[tuple[int, int]]  # position of the batch, and of the channel in it


class Batches(NamedTuple):
    """What batches say of themselves, one element each; `sensor` is an index into `serial_numbers`."""

    serial_numbers: list[str]
    sensor: Int64
    session: Int64
    sequence: Int64
    start_ns: Int64
    end_ns: Int64  # of the last sample
    sample_frequency_hz: Float64
    sample_count: Int64


class Block(NamedTuple):
    """Rows of one length; `sensor`: index into the batches' serial numbers, for each row."""

    rows: npt.NDArray[Any]
    sensor: Int64


class Table(NamedTuple):
    """What one COPY takes. Sensors' ids come last, for they are the database's."""

    batches: Batches
    blocks: list[Block]
    rows: int
    samples: int

    def copy(self, sensor_ids: Mapping[str, int]) -> Iterator[bytes | memoryview]:
        """The bytes of a binary COPY. `sensor_ids`: serial number → id, for every one of them."""
        ids = np.array([sensor_ids[serial] for serial in self.batches.serial_numbers], dtype=np.int32)
        yield COPY_HEADER
        for block in self.blocks:
            block.rows["sensor_id"] = ids[block.sensor]
            yield block.rows.view(np.uint8).data
        yield COPY_TRAILER


def build(received: Sequence[Received]) -> tuple[Table, list[int]]:
    """Rows of these batches, and the positions of those that hold a NaN or an infinity.

    Where there is such a batch its rows are in the table, too: build it again without.
    All processes put rows in the same order, so that two that write the same ones cannot deadlock.
    """
    batches = _batches(received)
    blocks: list[Block] = []
    bad: set[int] = set()
    samples = 0
    for (counts, _), members in sorted(_groups(received).items()):
        members = _ordered(received, batches, members)
        matrix = _matrix(received, members, counts)
        position = np.array([where for where, _ in members], dtype=np.int64)
        finite = np.isfinite(matrix).all(axis=1)
        if not finite.all():
            bad.update(position[~finite].tolist())
            continue
        channel = np.array([received[where].batch.channels[at].channel for where, at in members], np.int16)
        blocks.append(Block(_rows(batches, position, channel, matrix), batches.sensor[position]))
        samples += matrix.size
    return Table(batches, blocks, sum(len(block.rows) for block in blocks), samples), sorted(bad)


def _batches(received: Sequence[Received]) -> Batches:
    serial_numbers = sorted({one.serial_number for one in received})
    index = {serial: number for number, serial in enumerate(serial_numbers)}
    batches = [one.batch for one in received]
    start_ns = np.array([batch.start_time_ns for batch in batches], dtype=np.int64)
    frequency = np.array([batch.sample_frequency_hz for batch in batches], dtype=np.float64)
    count = np.array([batch.sample_count for batch in batches], dtype=np.int64)
    return Batches(
        serial_numbers,
        np.array([index[one.serial_number] for one in received], dtype=np.int64),
        np.array([batch.session for batch in batches], dtype=np.int64),
        np.array([batch.sequence for batch in batches], dtype=np.int64),
        start_ns,
        start_ns + np.rint((count - 1) * 1e9 / frequency).astype(np.int64),
        frequency,
        count,
    )


def _rows(
    batches: Batches, position: Int64, channel: npt.NDArray[np.int16], matrix: Samples
) -> npt.NDArray[Any]:
    sample_count = matrix.shape[1]
    rows = np.zeros(len(position), dtype=_row_type(sample_count))
    rows["fields"] = len(_COLUMNS) + 1
    for name, kind in _COLUMNS:
        rows[f"{name}_length"] = np.dtype(kind).itemsize
    start_ns = batches.start_ns[position]
    rows["time"] = start_ns // 1000 - _EPOCH_US
    rows["time_ns"] = start_ns
    rows["channel"] = channel
    rows["session"] = batches.session[position]
    rows["sequence"] = batches.sequence[position]
    rows["sample_frequency_hz"] = batches.sample_frequency_hz[position]
    rows["sample_count"] = sample_count
    for name, values in features(matrix)._asdict().items():
        rows[name] = values
    rows["samples_length"] = 20 + 8 * sample_count
    rows["dimensions"] = 1
    rows["element_oid"] = _FLOAT4_OID
    rows["elements"] = sample_count
    rows["lower_bound"] = 1
    rows["samples"]["length"] = 4
    rows["samples"]["value"] = matrix
    return rows


@lru_cache(maxsize=256)
def _row_type(sample_count: int) -> np.dtype[Any]:
    columns: list[Any] = [("fields", ">i2")]
    for name, kind in _COLUMNS:
        columns += [(f"{name}_length", ">i4"), (name, kind)]
    columns += [("samples_length", ">i4"), ("dimensions", ">i4"), ("nulls", ">i4"), ("element_oid", ">i4")]
    columns += [("elements", ">i4"), ("lower_bound", ">i4")]
    columns += [("samples", [("length", ">i4"), ("value", ">f4")], (sample_count,))]
    return np.dtype(columns)


def _groups(received: Sequence[Received]) -> dict[tuple[bool, int], _Members]:
    groups: dict[tuple[bool, int], _Members] = {}
    for position, one in enumerate(received):
        batch = one.batch
        for at, channel in enumerate(batch.channels):
            key = (channel.counts, batch.sample_count)
            members = groups.get(key)
            if members is None:
                members = groups[key] = []
            members.append((position, at))
    return groups


def _ordered(received: Sequence[Received], batches: Batches, members: _Members) -> _Members:
    """In the order of the table's unique key, with serial numbers for ids."""
    position = np.array([where for where, _ in members], dtype=np.int64)
    channel = np.array([received[where].batch.channels[at].channel for where, at in members])
    order = np.lexsort(
        (
            batches.sequence[position],
            batches.session[position],
            batches.start_ns[position],
            channel,
            batches.sensor[position],
        )
    )
    return [members[index] for index in order.tolist()]


def _matrix(received: Sequence[Received], members: _Members, counts: bool) -> Samples:
    channels = [received[position].batch.channels[at] for position, at in members]
    raw = b"".join([channel.data for channel in channels])
    if not counts:
        return np.frombuffer(raw, FLOAT32).reshape(len(members), -1)
    scale = np.array([channel.scale for channel in channels], dtype=np.float32)[:, np.newaxis]
    offset = np.array([channel.offset for channel in channels], dtype=np.float32)[:, np.newaxis]
    return scale_counts(np.frombuffer(raw, INT16).reshape(len(members), -1), scale, offset)
