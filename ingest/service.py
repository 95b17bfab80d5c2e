"""The life of an ingester that reads streams: subscribe, write, hand over."""

import asyncio
from typing import Any

import psycopg
import structlog

from ingest import metrics
from ingest.config import IngestSettings
from ingest.consumer import StreamConsumer
from ingest.database import Connection, connect, next_offset
from ingest.logs import Logs
from ingest.measurements import Measurements
from ingest.pipeline import Pipeline, Sink
from runtime.backoff import Backoff
from runtime.health import Health
from runtime.streams import StreamError, StreamPublisher
from wire import names

log = structlog.get_logger()


class Ingester:
    """Reads one kind of stream into the database until it is stopped."""

    def __init__(
        self, settings: IngestSettings, health: Health, sink: Sink[Any], super_stream: str | None, stream: str
    ) -> None:
        self._settings = settings
        self._health = health
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
        try:
            async with asyncio.TaskGroup() as tasks:
                side = [
                    tasks.create_task(self._pipeline.prepare_all(), name="prepare"),
                    tasks.create_task(self._pipeline.write_all(), name="write"),
                ]
                await self._consume(stop)
                await self._pipeline.drained()
                for task in side:
                    task.cancel()
        finally:
            await self._pipeline.close()
            await self._publisher.close()
            if self._offsets is not None:
                await self._offsets.close()

    async def _consume(self, stop: asyncio.Event) -> None:
        backoff = Backoff(maximum_s=5.0)
        stopping = asyncio.create_task(stop.wait(), name="stopping")
        while not stop.is_set():
            consumer = StreamConsumer(
                self._settings, self._settings.ingest_credit, self._pipeline.put, self._next_offset
            )
            broken = asyncio.create_task(consumer.broken.wait(), name="broken")
            try:
                await consumer.start(await self._streams(), self._super_stream)
                self._health.set("rabbitmq", True)
                log.info("subscribed", stream=self._stream)
                backoff.reset()
                await asyncio.wait([stopping, broken], return_when=asyncio.FIRST_COMPLETED)
                if not stop.is_set():
                    log.warning("stream_connection_lost")
            except StreamError as error:
                log.warning("rabbitmq_unreachable", error=str(error))
            finally:
                broken.cancel()
                await consumer.close()
                self._health.set("rabbitmq", False)
            if not stop.is_set():
                metrics.FAILURES.labels("stream").inc()
                await asyncio.wait([stopping], timeout=backoff.next())

    async def _streams(self) -> list[str]:
        if self._super_stream is None:
            return [self._stream]
        return await self._publisher.partitions(self._super_stream)

    async def _next_offset(self, stream: str) -> int:
        """From the database, however long that takes: without it nothing may be read."""
        backoff = Backoff(maximum_s=5.0)
        while True:
            try:
                async with self._asking:
                    if self._offsets is None or self._offsets.closed:
                        self._offsets = await connect(self._settings)
                    offset = await next_offset(self._offsets, stream)
            except (psycopg.Error, OSError) as error:
                if self._offsets is not None:
                    await self._offsets.close()
                self._health.set("database", False)
                wait = backoff.next()
                log.warning("database_failed", error=str(error).strip(), retry_in_s=round(wait, 2))
                await asyncio.sleep(wait)
            else:
                self._health.set("database", True)
                metrics.OFFSET.labels(stream).set(offset)
                return offset


def measurements(settings: IngestSettings, health: Health) -> Ingester:
    """`python -m ingest measurements`."""
    return Ingester(settings, health, Measurements(), names.DATA_SUPER_STREAM, names.DATA_SUPER_STREAM)


def logs(settings: IngestSettings, health: Health) -> Ingester:
    """`python -m ingest logs`."""
    return Ingester(settings, health, Logs(), None, names.LOG_STREAM)
