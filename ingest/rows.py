"""Batches become rows of PostgreSQL's binary COPY, many at once. Pure.

Rows with the same number of samples have the same length, so a whole group is one numpy array whose
memory is what COPY reads: no Python work touches a row, let alone a sample.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ingest.decode import Received
from wire.codec import FLOAT32, INT16, Samples, scale_counts

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


class Features(NamedTuple):
    """Of each batch of one channel; float64, shape (n,), in the channel's unit."""

    mean: npt.NDArray[np.float64]
    rms: npt.NDArray[np.float64]
    minimum: npt.NDArray[np.float64]
    maximum: npt.NDArray[np.float64]


class Rows(NamedTuple):
    """What COPY takes, and what it holds."""

    blocks: list[bytes]
    rows: int
    samples: int


def features(samples: Samples) -> Features:
    """Of samples of shape (n, sample_count). rms = sqrt(mean(x²)), the mean included."""
    wide = samples.astype(np.float64)
    return Features(
        wide.mean(axis=1),
        np.sqrt(np.einsum("ij,ij->i", wide, wide) / samples.shape[1]),
        samples.min(axis=1).astype(np.float64),
        samples.max(axis=1).astype(np.float64),
    )


def finite(received: Sequence[Received]) -> list[bool]:
    """For each batch, whether all samples of all channels are finite."""
    good = np.ones(len(received), dtype=bool)
    for (counts, _), members in _groups(received).items():
        # counts too: count × scale + offset may overflow
        bad = ~np.isfinite(_matrix(received, members, counts)).all(axis=1)
        for row in np.flatnonzero(bad):
            good[members[row][0]] = False
    return list(good)


def build(received: Sequence[Received], sensor_ids: Mapping[str, int]) -> Rows:
    """Rows of batches with finite samples. `sensor_ids`: serial number → id, for every one of them."""
    blocks: list[bytes] = [COPY_HEADER]
    count = samples = 0
    for (counts, sample_count), members in _groups(received).items():
        matrix = _matrix(received, members, counts)
        rows = np.zeros(len(members), dtype=_row_type(sample_count))
        rows["fields"] = len(_COLUMNS) + 1
        for name, kind in _COLUMNS:
            rows[f"{name}_length"] = np.dtype(kind).itemsize
        batches = [received[position].batch for position, _ in members]
        start_ns = np.array([batch.start_time_ns for batch in batches], dtype=np.int64)
        rows["time"] = start_ns // 1000 - _EPOCH_US
        rows["time_ns"] = start_ns
        rows["sensor_id"] = [sensor_ids[received[position].serial_number] for position, _ in members]
        rows["channel"] = [received[position].batch.channels[at].channel for position, at in members]
        rows["session"] = [batch.session for batch in batches]
        rows["sequence"] = [batch.sequence for batch in batches]
        rows["sample_frequency_hz"] = [batch.sample_frequency_hz for batch in batches]
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
        blocks.append(rows.tobytes())
        count += len(members)
        samples += len(members) * sample_count
    blocks.append(COPY_TRAILER)
    return Rows(blocks, count, samples)


def _row_type(sample_count: int) -> np.dtype[Any]:
    columns: list[Any] = [("fields", ">i2")]
    for name, kind in _COLUMNS:
        columns += [(f"{name}_length", ">i4"), (name, kind)]
    columns += [("samples_length", ">i4"), ("dimensions", ">i4"), ("nulls", ">i4"), ("element_oid", ">i4")]
    columns += [("elements", ">i4"), ("lower_bound", ">i4")]
    columns += [("samples", [("length", ">i4"), ("value", ">f4")], (sample_count,))]
    return np.dtype(columns)


_Members = list[tuple[int, int]]  # position of the batch, and of the channel in it


def _groups(received: Sequence[Received]) -> dict[tuple[bool, int], _Members]:
    groups: dict[tuple[bool, int], _Members] = {}
    for position, one in enumerate(received):
        for at, channel in enumerate(one.batch.channels):
            key = (channel.counts, one.batch.sample_count)
            members = groups.get(key)
            if members is None:
                members = groups[key] = []
            members.append((position, at))
    return groups


def _matrix(received: Sequence[Received], members: _Members, counts: bool) -> Samples:
    channels = [received[position].batch.channels[at] for position, at in members]
    raw = b"".join([channel.data for channel in channels])
    if not counts:
        return np.frombuffer(raw, FLOAT32).reshape(len(members), -1)
    scale = np.array([channel.scale for channel in channels], dtype=np.float32)[:, np.newaxis]
    offset = np.array([channel.offset for channel in channels], dtype=np.float32)[:, np.newaxis]
    return scale_counts(np.frombuffer(raw, INT16).reshape(len(members), -1), scale, offset)
