"""The life of an ingester that reads streams: subscribe, write, hand over."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psycopg
import structlog

from ingest import database, metrics
from ingest.config import IngestSettings
from ingest.database import Connection
from ingest.logs import Logs
from ingest.measurements import Measurements
from ingest.pipeline import Pipeline, Sink, TransactionsLost
from runtime.backoff import Backoff
from runtime.health import Health
from runtime.stream_reading import Reading
from runtime.streams import StreamPublisher
from wire import names
from wire.deliveries import Delivery

log = structlog.get_logger()

T = TypeVar("T")
_REFERENCE = "ingest"


class Ingester:
    """Reads one kind of stream into the database until it is stopped."""

    def __init__(
        self,
        settings: IngestSettings,
        health: Health,
        sink: Sink[Any, Any],
        super_stream: str | None,
        stream: str,
    ) -> None:
        self._settings = settings
        self._health = health
        self._sink = sink
        self._super_stream = super_stream
        self._stream = stream
        self._publisher = StreamPublisher(settings, f"ingest-{sink.kind}")
        self._pipeline = Pipeline(settings, sink, self._publisher, health)
        self._offsets: Connection | None = None
        self._asking = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Read and write until `stop`; then write what was read, and leave the partitions to another."""
        self._health.require("rabbitmq")
        self._health.require("database")
        stopping = asyncio.create_task(stop.wait(), name="stopping")
        try:
            while not stopping.done():
                try:
                    await self._run(stopping)
                except* TransactionsLost as lost:
                    log.error("transactions_lost", error=str(lost.exceptions[0]))
                    metrics.FAILURES.labels("database").inc()
                    self._pipeline = Pipeline(self._settings, self._sink, self._publisher, self._health)
        finally:
            stopping.cancel()
            await self._publisher.close()
            if self._offsets is not None:
                await self._offsets.close()

    async def _run(self, stopping: asyncio.Task[Any]) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                side = [
                    tasks.create_task(self._pipeline.prepare_all(), name="prepare"),
                    tasks.create_task(self._pipeline.write_all(), name="write"),
                ]
                await Reading(
                    self._settings,
                    _REFERENCE,
                    self,
                    self._health,
                    credit=self._settings.ingest_credit,
                    streams=self._streams,
                    super_stream=self._super_stream,
                    on_failure=metrics.FAILURES.labels("stream").inc,
                ).run(stopping)
                await self._pipeline.written()
                for task in side:
                    task.cancel()
        finally:
            await self._pipeline.close()

    async def _streams(self) -> list[str]:
        # without the database nothing may be read; RabbitMQ would not wait for the answer for ever
        await self._ask(lambda connection: database.next_offset(connection, self._stream))
        if self._super_stream is None:
            return [self._stream]
        return await self._publisher.partitions(self._super_stream)

    # What the consumer asks for.
    async def put(self, delivery: Delivery) -> None:
        """Take one stream message."""
        await self._pipeline.put(delivery)

    async def next_offset(self, stream: str) -> int:
        """From the database, or what this process has read already and is still writing."""
        stored = await self._ask(lambda connection: database.next_offset(connection, stream))
        return max(stored, self._pipeline.taken(stream))

    async def restarted(self, stream: str) -> None:
        """The stream was deleted and made again: its offsets begin anew."""
        await self._ask(lambda connection: database.reset_offset(connection, stream))
        self._pipeline.restarted(stream)

    def written(self, stream: str | None = None) -> Awaitable[None]:
        """Wait until what was taken is written."""
        return self._pipeline.written(stream)

    def active(self, stream: str, is_active: bool) -> None:
        """For the metric."""
        metrics.ACTIVE.labels(stream).set(is_active)

    def skipped(self, stream: str, count: int) -> None:
        """For the metric."""
        metrics.SKIPPED.labels(stream).inc(count)

    async def _ask(self, question: Callable[[Connection], Awaitable[T]]) -> T:
        """The database, however long that takes."""
        backoff = Backoff(maximum_s=5.0)
        while True:
            try:
                async with self._asking:
                    if self._offsets is None or self._offsets.closed:
                        self._offsets = await database.connect(self._settings)
                    answer = await question(self._offsets)
            except (psycopg.Error, OSError) as error:
                if self._offsets is not None:
                    await self._offsets.close()
                self._health.set("database", False)
                metrics.FAILURES.labels("database").inc()
                wait = backoff.next()
                log.warning("database_failed", error=str(error).strip(), retry_in_s=round(wait, 2))
                await asyncio.sleep(wait)
            else:
                self._health.set("database", True)
                return answer


def measurements(settings: IngestSettings, health: Health) -> Ingester:
    """`python -m ingest measurements`."""
    return Ingester(settings, health, Measurements(), names.DATA_SUPER_STREAM, names.DATA_SUPER_STREAM)


def logs(settings: IngestSettings, health: Health) -> Ingester:
    """`python -m ingest logs`."""
    return Ingester(settings, health, Logs(), None, names.LOG_STREAM)
