"""Births, statuses, commands and what became of them: upserts from the quorum queues.

What has arrived while a batch was written is the next batch. A message is acknowledged when its row is committed
(by a synchronous commit: RabbitMQ keeps nothing to read again), or when it is a dead letter.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence

import numpy as np
import psycopg
import structlog

from ingest import metrics
from ingest.config import IngestSettings
from ingest.database import Connection, Sensors, connect, query, refusal
from ingest.upserts import SOURCES, Upsert, received_ns
from runtime.amqp import AmqpConnection, Delivery
from runtime.amqp_errors import AmqpError
from runtime.amqp_session import AmqpSession
from runtime.backoff import Backoff
from runtime.counting import from_zero
from runtime.health import Health
from runtime.streams import StreamError, StreamPublisher
from wire import names
from wire.dead import dead_letter
from wire.errors import Reason, WireError

log = structlog.get_logger()

_AT_ONCE = 500  # of each queue, unacknowledged
_STATEMENTS = (
    "update_birth",
    "update_status",
    "upsert_audit",
    "upsert_sent",
    "upsert_failure",
    "upsert_ack",
)

Rejected = tuple[Delivery, WireError]


class Registry:
    """Reads the queues until it is stopped."""

    def __init__(self, settings: IngestSettings, health: Health) -> None:
        self._settings = settings
        self._health = health
        self._dead = StreamPublisher(settings, "ingest-registry")
        self._rabbitmq = AmqpSession(
            settings,
            "ingest-registry",
            on_connected=self._on_connected,
            on_disconnected=self._on_disconnected,
        )
        self._waiting: deque[Delivery] = deque()
        self._arrived = asyncio.Event()
        self._source: AmqpConnection | None = None  # of everything that waits
        self._sensors = Sensors()
        from_zero(metrics.MESSAGES, (source.label for source in SOURCES.values()))
        self._database: Connection | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`; what is not committed then stays in its queue."""
        self._health.require("rabbitmq")
        self._health.require("database")
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(self._rabbitmq.run(), name="rabbitmq")
                writing = tasks.create_task(self._write_until(stop), name="write")
                await stop.wait()
                self._arrived.set()
                await writing
                reading.cancel()
        finally:
            await self._dead.close()
            if self._database is not None:
                await self._database.close()

    async def _on_connected(self, connection: AmqpConnection) -> None:
        self._source = connection
        for queue in SOURCES:
            await connection.consume(queue, self._on_delivery, prefetch=_AT_ONCE)
        self._health.set("rabbitmq", True)

    def _on_disconnected(self, _reason: AmqpError) -> None:
        self._health.set("rabbitmq", False)
        metrics.FAILURES.labels("rabbitmq").inc()
        self._source = None
        self._waiting.clear()  # it comes again

    def _on_delivery(self, delivery: Delivery) -> None:
        self._waiting.append(delivery)
        self._arrived.set()

    async def _write_until(self, stop: asyncio.Event) -> None:
        backoff = Backoff(maximum_s=5.0)
        while not stop.is_set():
            try:
                await self._connect()
                await self._arrived.wait()
                self._arrived.clear()
                if self._waiting and self._source is not None:
                    source, batch = self._source, list(self._waiting)
                    await self._write(batch)
                    if source is self._source:  # else those that wait now are others
                        for _ in batch:
                            self._waiting.popleft()
                    source.acknowledge(batch[-1].delivery_tag, multiple=True)
                    if self._waiting:
                        self._arrived.set()
                backoff.reset()
            except (psycopg.Error, OSError) as error:  # StreamError is one
                await self._failed(error, backoff, stop)

    async def _failed(self, error: Exception, backoff: Backoff, stop: asyncio.Event) -> None:
        side = "stream" if isinstance(error, StreamError) else "database"
        if side == "database":
            self._health.set("database", False)
            if self._database is not None:
                await self._database.close()
            self._database = None
        self._arrived.set()  # what waits is tried again
        metrics.FAILURES.labels(side).inc()
        wait = backoff.next()
        log.warning(f"{side}_failed", error=str(error).strip() or repr(error), retry_in_s=round(wait, 2))
        stopping = asyncio.create_task(stop.wait(), name="stopping")
        await asyncio.wait([stopping], timeout=wait)
        stopping.cancel()

    async def _connect(self) -> Connection:
        if self._database is None or self._database.closed:
            self._database = await connect(self._settings, synchronous=True)
        self._health.set("database", True)
        return self._database

    async def _write(self, batch: Sequence[Delivery]) -> None:
        """Each is a row, a dead letter, or another's to bury. psycopg's errors, StreamError: then all again."""
        database = await self._connect()
        now_ns = time.time_ns()
        upserts: list[tuple[Upsert, Delivery]] = []
        rejected: list[Rejected] = []
        for delivery in batch:
            try:
                upserts.append((SOURCES[delivery.queue].upsert(delivery, now_ns), delivery))
            except WireError as error:
                if delivery.queue == names.COMMAND_AUDIT_QUEUE:
                    metrics.NO_COMMANDS.inc()  # the bridge has the same message, and makes a dead letter of it
                else:
                    rejected.append((delivery, error))
        self._sensors.forget()  # the statements look for the sensor, which may have been removed since
        await self._sensors.ids(database, {one.serial_number for one, _ in upserts})
        for statement in _STATEMENTS:
            rows = [(one, delivery) for one, delivery in upserts if one.statement == statement]
            rows.sort(key=lambda row: row[0].order)  # those of one sensor stay in order
            rejected += await _execute(database, statement, rows)
        await self._bury(rejected)
        for delivery in batch:
            metrics.MESSAGES.labels(SOURCES[delivery.queue].label).inc()
        # a bridge has received what a sensor said; commands and reports are others'
        received = np.array([at_ns for one in batch if (at_ns := received_ns(one, 0))], dtype=np.int64)
        metrics.RELAY_LATENCY.observe((time.time_ns() - received) / 1e9)

    async def _bury(self, rejected: Sequence[Rejected]) -> None:
        letters = [
            dead_letter(
                error,
                origin=delivery.queue,
                payload=delivery.body,
                time_ns=time.time_ns(),
                serial_number=str(delivery.headers.get(names.HEADER_SERIAL_NUMBER, ""))[:32],
                kind=SOURCES[delivery.queue].kind,
            )
            for delivery, error in rejected
        ]
        if letters:
            await self._dead.publish_many(names.DEAD_STREAM, letters)
        for reason, count in Counter(error.reason for _, error in rejected).items():
            delivery, error = next(one for one in rejected if one[1].reason is reason)
            metrics.DEAD_LETTERS.labels(reason.value).inc(count)
            log.warning(
                "dead_letters", reason=reason.value, count=count, origin=delivery.queue, detail=error.detail
            )


async def _execute(
    database: Connection, statement: str, rows: Sequence[tuple[Upsert, Delivery]]
) -> list[Rejected]:
    """One transaction for all; where the database refuses one of them, one for each. Those that it refuses."""
    if not rows:
        return []
    try:
        async with database.transaction(), database.cursor() as cursor:
            await cursor.executemany(query(statement), [one.parameters for one, _ in rows])
    except psycopg.Error as error:
        why = refusal(error)
        if why is None:
            raise
        if len(rows) == 1:
            return [(rows[0][1], WireError(Reason.REFUSED_BY_DATABASE, why))]
        return [rejected for row in rows for rejected in await _execute(database, statement, [row])]
    return []
