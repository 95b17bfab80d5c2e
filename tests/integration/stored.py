"""Measurements straight into the database, for tests that are about reading."""

from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.integration.pipeline import Database


def sensor(owner: Database, serial: str, channels: int = 1, *, longest: timedelta = timedelta(0)) -> int:
    """A sensor whose birth named the axes x, y, z (acceleration in g); its id."""
    row = owner.execute(
        "INSERT INTO sensor (serial_number, longest_batch) VALUES (%s, %s) RETURNING id", [serial, longest]
    ).fetchone()
    assert row is not None
    for number in range(channels):
        owner.execute(
            "INSERT INTO channel (sensor_id, channel, name, quantity, unit) VALUES (%s, %s, %s, 'acceleration', 'g')",
            [row[0], number, "xyz"[number]],
        )
    return int(row[0])


def batch(
    owner: Database,
    sensor_id: int,
    start_ns: int,
    samples: npt.NDArray[np.float32],
    frequency_hz: float,
    *,
    sequence: int = 0,
    channel: int = 0,
) -> None:
    """One batch, and what the ingester notes with it."""
    length = timedelta(seconds=len(samples) / frequency_hz)
    owner.execute(
        "UPDATE sensor SET longest_batch = greatest(longest_batch, %s) WHERE id = %s", [length, sensor_id]
    )
    owner.execute(
        "INSERT INTO measurement_batch"
        " VALUES (nanoseconds_to_time(%s), %s, %s, %s, 1, %s, %s, %s, 0, 0, 0, 0, %s)",
        [start_ns, start_ns, sensor_id, channel, sequence, frequency_hz, len(samples), samples.tolist()],
    )
    _session(owner, sensor_id, start_ns, sequence + 1, len(samples), length)


def many(
    owner: Database, sensor_id: int, start_ns: int, samples: int, *, per_batch: int, frequency_hz: float
) -> None:
    """Batches one after the other, made by the database itself: all alike."""
    parameters: dict[str, Any] = {
        "sensor": sensor_id, "start": start_ns, "count": samples // per_batch, "per": per_batch, "f": frequency_hz,
    }  # fmt: skip
    owner.execute(
        """
        INSERT INTO measurement_batch
        SELECT nanoseconds_to_time(t.ns), t.ns, %(sensor)s, 0, 1, i, %(f)s, %(per)s, 0, 0, 0, 0, s.samples
        FROM (SELECT array_agg((random() - 0.5)::real) AS samples FROM generate_series(1, %(per)s)) s
        CROSS JOIN generate_series(0, %(count)s - 1) AS i
        CROSS JOIN LATERAL (SELECT sample_time_ns(%(start)s, i::bigint * %(per)s, %(f)s) AS ns) t
        """,
        parameters,
    )
    length = timedelta(seconds=per_batch / frequency_hz)
    owner.execute("UPDATE sensor SET longest_batch = %s WHERE id = %s", [length, sensor_id])
    whole = timedelta(seconds=samples / frequency_hz)
    _session(owner, sensor_id, start_ns, samples // per_batch, samples, whole)


def _session(
    owner: Database, sensor_id: int, start_ns: int, batches: int, samples: int, length: timedelta
) -> None:
    owner.execute(
        "INSERT INTO sensor_session AS s (sensor_id, session, last_sequence, batch_count, sample_count, first_time, last_time)"
        " VALUES (%(sensor)s, 1, %(batches)s - 1, %(batches)s, %(samples)s,"
        " nanoseconds_to_time(%(ns)s), nanoseconds_to_time(%(ns)s) + %(length)s)"
        " ON CONFLICT (sensor_id, session) DO UPDATE SET last_sequence = excluded.last_sequence,"
        " batch_count = s.batch_count + 1, sample_count = s.sample_count + excluded.sample_count,"
        " last_time = greatest(s.last_time, excluded.last_time)",
        {"sensor": sensor_id, "ns": start_ns, "batches": batches, "samples": samples, "length": length},
    )
