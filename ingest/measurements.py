"""Measurements: decode, features, COPY, sessions, offset, in one transaction."""

import time
from typing import Any, NamedTuple

import numpy as np
import psycopg

from ingest import metrics, rows, sessions
from ingest.database import Connection, Sensors, move_offsets, query
from wire import deliveries
from wire.deliveries import Delivery, Received, Reject
from wire.errors import Reason, WireError
from wire.relay_pb2 import Kind

# Batches that are there already seldom come alone: a restart reads again, a sensor resends.
_STAGE_FOR_S = 5.0


class Flush(NamedTuple):
    """What one transaction writes."""

    received: list[Received]
    table: rows.Table
    offsets: dict[str, int]


class Measurements:
    """The sink of `python -m ingest measurements`."""

    kind = "measurements"
    staging = True

    def __init__(self) -> None:
        self._sensors = Sensors()
        self._longest_s: dict[str, float] = {}  # as this process knows it; the database keeps the greatest
        self._stage_until = 0.0

    def forget(self) -> None:
        """The database may be another one now: what was learnt from it is asked again."""
        self._sensors.forget()
        self._longest_s.clear()

    def decode(self, delivery: Delivery, now_ns: int) -> tuple[list[Received], list[Reject]]:
        """The batches of one stream message."""
        return deliveries.measurements(delivery, now_ns)

    def prepare(self, received: list[Received], offsets: dict[str, int]) -> tuple[Flush, list[Reject]]:
        """What is written, and what is rejected because its samples are not finite."""
        table, bad = rows.build(received)
        rejects = []
        if bad:
            error = WireError(Reason.NOT_FINITE, "a sample is a NaN or an infinity")
            rejects = [reject(received[position], error) for position in bad]
            without = set(bad)
            received = [one for position, one in enumerate(received) if position not in without]
            table, _ = rows.build(received)
        return Flush(received, table, offsets), rejects

    def split(self, flush: Flush, why: str) -> tuple[list[Flush], Reject | None]:
        """Halves; a single batch becomes a reject."""
        received = flush.received
        if len(received) > 1:
            middle = len(received) // 2
            first, second = received[:middle], received[middle:]
            return [self.prepare(first, {})[0], self.prepare(second, flush.offsets)[0]], None
        refused = WireError(Reason.REFUSED_BY_DATABASE, why)
        return [self.prepare([], flush.offsets)[0]], reject(received[0], refused) if received else None

    async def write(self, connection: Connection, flush: Flush) -> None:
        """One transaction. psycopg's errors; nothing is written then."""
        inserted = 0
        if flush.received:
            ids = await self._sensors.ids(connection, set(flush.table.batches.serial_numbers))
            if time.monotonic() >= self._stage_until:
                try:
                    inserted = await self._write_new(connection, flush, ids)
                except psycopg.errors.UniqueViolation:
                    self._stage_until = time.monotonic() + _STAGE_FOR_S
            if not inserted:
                inserted = await self._write_staged(connection, flush, ids)
            for serial, seconds in sessions.longest_s(flush.table.batches).items():
                self._longest_s[serial] = max(seconds, self._longest_s.get(serial, 0.0))
        else:
            async with connection.transaction():
                await move_offsets(connection, flush.offsets)
        metrics.MESSAGES.labels(self.kind).inc(len(flush.received))
        metrics.SAMPLES.inc(flush.table.samples)
        metrics.ROWS.labels("measurement_batch").inc(inserted)
        metrics.DUPLICATES.labels("measurement_batch").inc(flush.table.rows - inserted)

    def observe(self, flush: Flush, now_ns: int) -> None:
        """Latencies at the commit."""
        received_ns = np.array([one.received_ns for one in flush.received], dtype=np.int64)
        metrics.LATENCY.observe((now_ns - flush.table.batches.end_ns) / 1e9)
        metrics.RELAY_LATENCY.observe((now_ns - received_ns) / 1e9)

    async def _write_new(self, connection: Connection, flush: Flush, ids: dict[str, int]) -> int:
        """The usual case at less than half the cost: no row is there yet. UniqueViolation otherwise."""
        async with connection.transaction(), connection.cursor() as cursor:
            await _copy(cursor, "COPY measurement_batch FROM STDIN (FORMAT BINARY)", flush.table, ids)
            await cursor.execute(query("upsert_sessions"), sessions.sessions(flush.table.batches, ids))
            await self._write_rest(connection, flush, ids)
        return flush.table.rows

    async def _write_staged(self, connection: Connection, flush: Flush, ids: dict[str, int]) -> int:
        """Rows that may be there already; the number of those that were not."""
        async with connection.transaction(), connection.cursor() as cursor:
            await _copy(cursor, "COPY measurement_staging FROM STDIN (FORMAT BINARY)", flush.table, ids)
            await cursor.execute(query("insert_measurements"))
            inserted = await cursor.fetchall()
            if inserted:
                columns = [list(column) for column in zip(*inserted, strict=True)]
                await cursor.execute(query("upsert_sessions"), columns[:-1])
            await self._write_rest(connection, flush, ids)
        return sum(row[-1] for row in inserted)

    async def _write_rest(self, connection: Connection, flush: Flush, ids: dict[str, int]) -> None:
        longest = sessions.longest_s(flush.table.batches)
        known = self._longest_s
        longer = {serial: seconds for serial, seconds in longest.items() if seconds > known.get(serial, 0.0)}
        if longer:
            arguments = [[ids[serial] for serial in longer], list(longer.values())]
            await connection.execute(query("lengthen_batches"), arguments)
        await _write_positions(connection, flush.received, ids)
        await move_offsets(connection, flush.offsets)


def reject(one: Received, error: WireError) -> Reject:
    """A batch that cannot be written."""
    return Reject(error, one.origin, one.payload, one.serial_number, Kind.KIND_MEASUREMENTS)


async def _copy(
    cursor: psycopg.AsyncCursor[Any], statement: str, table: rows.Table, ids: dict[str, int]
) -> None:
    async with cursor.copy(statement) as copy:
        for block in table.copy(ids):
            await copy.write(block)


async def _write_positions(
    connection: Connection, received: list[Received], sensor_ids: dict[str, int]
) -> None:
    located = [
        (one.batch.start_time_ns, sensor_ids[one.serial_number], *one.batch.position)
        for one in received
        if one.batch.position is not None
    ]
    if located:
        # in the order of the key, as rows are
        located.sort(key=lambda row: (row[1], row[0]))
        columns = [list(column) for column in zip(*located, strict=True)]
        await connection.execute(query("insert_positions"), columns)
