"""Sensors' log lines: rows of sensor_log, the offset in the same transaction."""

from typing import NamedTuple

import numpy as np

from ingest import metrics
from ingest.database import Connection, Sensors, move_offsets, query
from wire import deliveries
from wire.deliveries import Delivery, Reject
from wire.errors import Reason, WireError
from wire.messages import decode_log
from wire.names import check_serial_number
from wire.relay_pb2 import Kind, Relayed
from wire.sensor_pb2 import Log


class Line(NamedTuple):
    """One valid log line and what it came from."""

    relayed: Relayed
    log: Log
    origin: str


class Flush(NamedTuple):
    """What one transaction writes."""

    lines: list[Line]
    offsets: dict[str, int]


class Logs:
    """The sink of `python -m ingest logs`."""

    kind = "logs"
    staging = False

    def __init__(self) -> None:
        self._sensors = Sensors()

    def forget(self) -> None:
        """The database may be another one now."""
        self._sensors.forget()

    def decode(self, delivery: Delivery, now_ns: int) -> tuple[list[Line], list[Reject]]:
        """The lines of one stream message."""
        messages, origin, rejects = deliveries.relayed(delivery)
        lines: list[Line] = []
        for message in messages:
            try:
                if message.kind != Kind.KIND_LOG:
                    raise WireError(Reason.MALFORMED, f"kind {message.kind} in a stream of logs")
                check_serial_number(message.serial_number)
                lines.append(Line(message, decode_log(message.payload, now_ns), origin))
            except WireError as error:
                rejects.append(Reject(error, origin, message.payload, message.serial_number, message.kind))
        return lines, rejects

    def prepare(self, lines: list[Line], offsets: dict[str, int]) -> tuple[Flush, list[Reject]]:
        """In the order of the key, so that two ingesters cannot deadlock."""
        return Flush(sorted(lines, key=lambda one: (one.relayed.serial_number, one.log.time_ns)), offsets), []

    def split(self, flush: Flush, why: str) -> tuple[list[Flush], Reject | None]:
        """Halves; a single line becomes a reject."""
        if len(flush.lines) > 1:
            middle = len(flush.lines) // 2
            return [Flush(flush.lines[:middle], {}), Flush(flush.lines[middle:], flush.offsets)], None
        if not flush.lines:
            return [flush], None
        [line] = flush.lines
        error = WireError(Reason.REFUSED_BY_DATABASE, why)
        message = line.relayed
        refused = Reject(error, line.origin, message.payload, message.serial_number, Kind.KIND_LOG)
        return [Flush([], flush.offsets)], refused

    async def write(self, connection: Connection, flush: Flush) -> None:
        """One transaction. psycopg's errors; nothing is written then."""
        lines = flush.lines
        ids = await self._sensors.ids(connection, {line.relayed.serial_number for line in lines})
        inserted = 0
        async with connection.transaction():
            if lines:
                cursor = await connection.execute(
                    query("insert_logs"),
                    [
                        [line.log.time_ns for line in lines],
                        [ids[line.relayed.serial_number] for line in lines],
                        [line.log.level for line in lines],
                        [line.log.logger for line in lines],
                        [line.log.message for line in lines],
                    ],
                )
                counted = await cursor.fetchone()
                inserted = 0 if counted is None else int(counted[0])
            await move_offsets(connection, flush.offsets)
        metrics.MESSAGES.labels(self.kind).inc(len(lines))
        metrics.ROWS.labels("sensor_log").inc(inserted)
        metrics.DUPLICATES.labels("sensor_log").inc(len(lines) - inserted)

    def observe(self, flush: Flush, now_ns: int) -> None:
        """Latencies at the commit; of the logger's clock nothing is said."""
        received_ns = np.array([line.relayed.received_ns for line in flush.lines], dtype=np.int64)
        metrics.RELAY_LATENCY.observe((now_ns - received_ns) / 1e9)
