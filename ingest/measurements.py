"""Measurements: decode, features, COPY, sessions, offset, in one transaction."""

from typing import NamedTuple

import numpy as np

from ingest import decode, metrics, rows
from ingest.database import Connection, Sensors, move_offsets, query
from ingest.decode import Delivery, Received, Reject
from wire.errors import Reason, WireError
from wire.relay_pb2 import Kind


class Flush(NamedTuple):
    """What one transaction writes."""

    received: list[Received]
    offsets: dict[str, int]


class Measurements:
    """The sink of `python -m ingest measurements`."""

    kind = "measurements"
    staging = True

    def __init__(self) -> None:
        self._sensors = Sensors()
        self._longest_s: dict[int, float] = {}  # as this process knows it; the database keeps the greatest

    def prepare(self, deliveries: list[Delivery], now_ns: int) -> tuple[Flush, list[Reject]]:
        """What is written and what is rejected."""
        received, rejects = decode.measurements(deliveries, now_ns)
        good = rows.finite(received)
        if not all(good):
            error = WireError(Reason.NOT_FINITE, "a sample is a NaN or an infinity")
            rejects += [reject(one, error) for one, fine in zip(received, good, strict=True) if not fine]
            received = [one for one, fine in zip(received, good, strict=True) if fine]
        return Flush(received, {d.stream: d.offset + 1 for d in deliveries}), rejects

    def split(self, flush: Flush) -> tuple[list[Flush], Reject | None]:
        """Halves; a single batch becomes a reject."""
        if len(flush.received) > 1:
            middle = len(flush.received) // 2
            return [Flush(flush.received[:middle], {}), Flush(flush.received[middle:], flush.offsets)], None
        [one] = flush.received
        refused = WireError(Reason.MALFORMED, "the database refuses it")
        return [Flush([], flush.offsets)], reject(one, refused)

    async def write(self, connection: Connection, flush: Flush) -> None:
        """One transaction. psycopg's errors; nothing is written then."""
        received = flush.received
        sensor_ids = await self._sensors.ids(connection, {one.serial_number for one in received})
        built = rows.build(received, sensor_ids)
        inserted = 0
        async with connection.transaction():
            if received:
                async with connection.cursor() as cursor:
                    async with cursor.copy("COPY measurement_staging FROM STDIN (FORMAT BINARY)") as copy:
                        for block in built.blocks:
                            await copy.write(block)
                    await cursor.execute(query("insert_measurements"))
                    counted = await cursor.fetchone()
                    inserted = 0 if counted is None else int(counted[0])
                await self._lengthen(connection, received, sensor_ids)
                await _write_positions(connection, received, sensor_ids)
            await move_offsets(connection, flush.offsets)
        metrics.MESSAGES.labels(self.kind).inc(len(received))
        metrics.SAMPLES.inc(built.samples)
        metrics.ROWS.labels("measurement_batch").inc(inserted)
        metrics.DUPLICATES.labels("measurement_batch").inc(built.rows - inserted)

    def observe(self, flush: Flush, now_ns: int) -> None:
        """Latencies at the commit."""
        batches = [one.batch for one in flush.received]
        ends = np.array([batch.start_time_ns for batch in batches], dtype=np.float64)
        ends += np.array([(b.sample_count - 1) * 1e9 / b.sample_frequency_hz for b in batches])
        received = np.array([one.received_ns for one in flush.received], dtype=np.float64)
        metrics.LATENCY.observe((now_ns - ends) / 1e9)
        metrics.RELAY_LATENCY.observe((now_ns - received) / 1e9)

    async def _lengthen(
        self, connection: Connection, received: list[Received], sensor_ids: dict[str, int]
    ) -> None:
        longer: dict[int, float] = {}
        for one in received:
            sensor_id = sensor_ids[one.serial_number]
            seconds = one.batch.sample_count / one.batch.sample_frequency_hz
            if seconds > longer.get(sensor_id, self._longest_s.get(sensor_id, 0.0)):
                longer[sensor_id] = seconds
        if longer:
            await connection.execute(query("lengthen_batches"), [list(longer), list(longer.values())])
            self._longest_s.update(longer)


def reject(one: Received, error: WireError) -> Reject:
    """A batch that cannot be written."""
    return Reject(error, one.origin, one.payload, one.serial_number, Kind.KIND_MEASUREMENTS)


async def _write_positions(
    connection: Connection, received: list[Received], sensor_ids: dict[str, int]
) -> None:
    located = [one for one in received if one.batch.position is not None]
    if located:
        positions = [one.batch.position for one in located]
        await connection.execute(
            query("insert_positions"),
            [
                [one.batch.start_time_ns for one in located],
                [sensor_ids[one.serial_number] for one in located],
                *(list(column) for column in zip(*(p for p in positions if p is not None), strict=True)),
            ],
        )
