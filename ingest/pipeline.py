"""Deliveries are collected, prepared, and written, in two steps that overlap.

While PostgreSQL writes one flush, the next is decoded; a third does not exist: the buffer in front is
bounded in bytes, and a full one leaves the stream without credit.
"""

import asyncio
import time
from typing import Generic, Protocol, TypeVar

import psycopg
import structlog

from ingest import metrics
from ingest.config import IngestSettings
from ingest.database import Connection, connect
from ingest.decode import Delivery, Reject
from runtime.backoff import Backoff
from runtime.health import Health
from runtime.streams import StreamError, StreamPublisher
from wire import names
from wire.dead import dead_letter

log = structlog.get_logger()

F = TypeVar("F")


class Sink(Protocol[F]):
    """What becomes of the messages of one kind."""

    kind: str
    staging: bool

    def prepare(self, deliveries: list[Delivery], now_ns: int) -> tuple[F, list[Reject]]:
        """What is written and what is rejected."""

    def split(self, flush: F) -> tuple[list[F], Reject | None]:
        """Smaller flushes instead of one that the database refuses; a single message becomes a reject.

        The last of them moves the offsets.
        """

    async def write(self, connection: Connection, flush: F) -> None:
        """One transaction, the offsets included."""

    def observe(self, flush: F, now_ns: int) -> None:
        """Measure what was committed now."""


class Buffer:
    """Deliveries that wait, bounded in bytes (but at least one is taken)."""

    def __init__(self, maximum_bytes: int) -> None:
        self._maximum_bytes = maximum_bytes
        self._deliveries: list[Delivery] = []
        self._changed = asyncio.Condition()
        self.bytes = 0

    async def put(self, delivery: Delivery) -> None:
        """Wait for room."""
        async with self._changed:
            while self.bytes >= self._maximum_bytes:
                await self._changed.wait()
            self._deliveries.append(delivery)
            self.bytes += len(delivery.body)
            metrics.BUFFERED_BYTES.set(self.bytes)
            self._changed.notify_all()

    async def take(self, full_bytes: int, within_s: float) -> list[Delivery]:
        """Wait for the first; then for `full_bytes`, at most `within_s`; all there is."""
        async with self._changed:
            while not self._deliveries:
                await self._changed.wait()
            try:
                async with asyncio.timeout(within_s):
                    while self.bytes < full_bytes:
                        await self._changed.wait()
            except TimeoutError:
                pass
            taken, self._deliveries, self.bytes = self._deliveries, [], 0
            self._changed.notify_all()
            return taken


class Pipeline(Generic[F]):
    """From the buffer to the database. `run` retries for ever; what it cannot write, it does not skip."""

    def __init__(
        self, settings: IngestSettings, sink: Sink[F], dead: StreamPublisher, health: Health
    ) -> None:
        self._settings = settings
        self._sink = sink
        self._dead = dead
        self._health = health
        self._connection: Connection | None = None
        self._prepared: asyncio.Queue[tuple[F, list[Reject]]] = asyncio.Queue(maxsize=1)
        self.buffer = Buffer(settings.ingest_flush_bytes)
        self.unwritten = 0

    async def put(self, delivery: Delivery) -> None:
        """Take one delivery; waits while the buffer is full."""
        await self.buffer.put(delivery)

    async def prepare_all(self) -> None:
        """Collect and decode, for ever."""
        while True:
            deliveries = await self.buffer.take(
                self._settings.ingest_flush_bytes // 2, self._settings.ingest_flush_ms / 1e3
            )
            self.unwritten += 1
            await self._prepared.put(self._sink.prepare(deliveries, time.time_ns()))

    async def write_all(self) -> None:
        """Write what is prepared, in order, for ever."""
        while True:
            flush, rejects = await self._prepared.get()
            for reject in rejects:
                await self.bury(reject)
            await self._write(flush)
            self.unwritten -= 1

    async def drained(self) -> None:
        """Return when everything taken so far is written."""
        while self.unwritten or self.buffer.bytes:  # noqa: ASYNC110  # only while stopping
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def bury(self, reject: Reject) -> None:
        """Give one message to the dead-letter stream, confirmed, before the offset passes it."""
        letter = dead_letter(
            reject.error,
            origin=reject.origin,
            payload=reject.payload,
            time_ns=time.time_ns(),
            serial_number=reject.serial_number,
            kind=reject.kind,
        )
        backoff = Backoff(maximum_s=5.0)
        while True:
            try:
                await self._dead.publish(names.DEAD_STREAM, letter)
                break
            except StreamError as error:
                await self._wait(backoff, "stream", error)
        metrics.DEAD_LETTERS.labels(reject.error.reason.value).inc()
        log.warning(
            "dead_letter", reason=reject.error.reason.value, origin=reject.origin, detail=reject.error.detail
        )

    async def _write(self, flush: F) -> None:
        backoff = Backoff(maximum_s=5.0)
        while True:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = await connect(self._settings, staging=self._sink.staging)
                self._health.set("database", True)
                began = time.perf_counter()
                await self._sink.write(self._connection, flush)
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                log.warning("database_refuses", error=str(error).strip())
                await self._split(flush)
                return
            except (psycopg.Error, OSError) as error:
                if self._connection is not None:
                    await self._connection.close()
                self._health.set("database", False)
                await self._wait(backoff, "database", error)
            else:
                metrics.FLUSH_SECONDS.observe(time.perf_counter() - began)
                self._sink.observe(flush, time.time_ns())
                return

    async def _split(self, flush: F) -> None:
        parts, reject = self._sink.split(flush)
        if reject is not None:
            await self.bury(reject)
        for part in parts:
            await self._write(part)

    async def _wait(self, backoff: Backoff, side: str, error: Exception) -> None:
        wait = backoff.next()
        metrics.FAILURES.labels(side).inc()
        log.warning(f"{side}_failed", error=str(error).strip(), retry_in_s=round(wait, 2))
        await asyncio.sleep(wait)
