"""Sensors' log lines: rows of sensor_log, the offset in the same transaction."""

from typing import NamedTuple

from ingest import decode, metrics
from ingest.database import Connection, Sensors, move_offsets, query
from ingest.decode import Delivery, Reject
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

    def prepare(self, deliveries: list[Delivery], now_ns: int) -> tuple[Flush, list[Reject]]:
        """What is written and what is rejected."""
        messages, rejects = decode.relayed(deliveries)
        lines: list[Line] = []
        for message, origin in messages:
            try:
                if message.kind != Kind.KIND_LOG:
                    raise WireError(Reason.MALFORMED, f"kind {message.kind} in a stream of logs")
                check_serial_number(message.serial_number)
                lines.append(Line(message, decode_log(message.payload, now_ns), origin))
            except WireError as error:
                rejects.append(Reject(error, origin, message.payload, message.serial_number, message.kind))
        return Flush(lines, {d.stream: d.offset + 1 for d in deliveries}), rejects

    def split(self, flush: Flush) -> tuple[list[Flush], Reject | None]:
        """Halves; a single line becomes a reject."""
        if len(flush.lines) > 1:
            middle = len(flush.lines) // 2
            return [Flush(flush.lines[:middle], {}), Flush(flush.lines[middle:], flush.offsets)], None
        [line] = flush.lines
        error = WireError(Reason.MALFORMED, "the database refuses it")
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
        """Latency is measured on measurements only."""
