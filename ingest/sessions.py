"""What batches mean for their sensors' sessions: counts, extent, and the longest batch. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ingest.rows import Batches


class Sessions(NamedTuple):
    """One element a session, in columns: the arguments of upsert_sessions.sql."""

    sensor_id: list[int]
    session: list[int]
    last_sequence: list[int]
    batch_count: list[int]
    sample_count: list[int]
    first_ns: list[int]
    last_ns: list[int]


def sessions(batches: Batches, sensor_ids: Mapping[str, int]) -> Sessions:
    """Sums over batches that are all different."""
    order = np.lexsort((batches.session, batches.sensor))
    sensor, session = batches.sensor[order], batches.session[order]
    begins = np.flatnonzero(np.r_[True, (np.diff(sensor) != 0) | (np.diff(session) != 0)])
    return Sessions(
        [sensor_ids[batches.serial_numbers[index]] for index in sensor[begins]],
        session[begins].tolist(),
        np.maximum.reduceat(batches.sequence[order], begins).tolist(),
        np.diff(np.r_[begins, len(order)]).tolist(),
        np.add.reduceat(batches.sample_count[order], begins).tolist(),
        np.minimum.reduceat(batches.start_ns[order], begins).tolist(),
        np.maximum.reduceat(batches.end_ns[order], begins).tolist(),
    )


def longest_s(batches: Batches) -> dict[str, float]:
    """Serial number → seconds from the first sample of its longest batch to the sample after the last."""
    longest = np.zeros(len(batches.serial_numbers))
    np.maximum.at(longest, batches.sensor, batches.sample_count / batches.sample_frequency_hz)
    return dict(zip(batches.serial_numbers, longest.tolist(), strict=True))
