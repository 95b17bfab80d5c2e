"""From deliveries to the database, in steps that overlap.

While PostgreSQL writes one flush, the next is prepared and one more is collected. That is all there is:
the buffer in front is bounded, and while it is full nothing is taken and the streams get no credit.

Transactions are not synchronous: a server that crashes may lose the last of them, offsets included. So
a new connection first compares the offsets: where the database knows less than was written, everything
in memory is behind a gap, and the streams are read again from where the database is.
"""

import asyncio
import time
from collections import Counter
from typing import Any, Generic, Protocol, TypeVar

import psycopg
import structlog

from ingest import metrics
from ingest.buffer import Buffer
from ingest.config import IngestSettings
from ingest.database import Connection, connect, next_offset, refusal
from runtime.backoff import Backoff
from runtime.health import Health
from runtime.streams import StreamError, StreamPublisher
from wire import names
from wire.dead import dead_letter
from wire.deliveries import Delivery, Reject

log = structlog.get_logger()

_FLUSHES = 2  # one that is written, one that is prepared


class TransactionsLost(Exception):  # noqa: N818  # it is what happened
    """The database has gone back behind what it had confirmed."""


class Flush(Protocol):
    """What one transaction writes."""

    @property
    def offsets(self) -> dict[str, int]:
        """Where the streams go on afterwards."""


I = TypeVar("I")  # noqa: E741  # one message, decoded
F = TypeVar("F", bound=Flush)


class Sink(Protocol[I, F]):
    """What becomes of the messages of one kind."""

    kind: str
    staging: bool

    def decode(self, delivery: Delivery, now_ns: int) -> tuple[list[I], list[Reject]]:
        """The messages in one stream message."""

    def prepare(self, items: list[I], offsets: dict[str, int]) -> tuple[F, list[Reject]]:
        """What is written, and what is rejected after all."""

    def split(self, flush: F, why: str) -> tuple[list[F], Reject | None]:
        """Smaller flushes instead of one that the database refuses; a single message becomes a reject, with `why`.

        The last of them moves the offsets.
        """

    async def write(self, connection: Connection, flush: F) -> None:
        """One transaction, the offsets included."""

    def observe(self, flush: F, now_ns: int) -> None:
        """Measure what was committed now."""

    def forget(self) -> None:
        """Ask the database again for what was learnt from it."""


class Pipeline(Generic[I, F]):
    """Takes deliveries and writes them; retries for ever: what it cannot write, it does not skip."""

    def __init__(
        self, settings: IngestSettings, sink: Sink[I, F], dead: StreamPublisher, health: Health
    ) -> None:
        self._settings = settings
        self._sink = sink
        self._dead = dead
        self._health = health
        self._connection: Connection | None = None
        self._buffer: Buffer[I] = Buffer(settings.ingest_buffer_bytes)
        self._prepared: asyncio.Queue[tuple[F, list[Reject], dict[str, int]]] = asyncio.Queue()
        self._room = asyncio.Semaphore(_FLUSHES)
        self._taken: dict[str, int] = {}
        self._written: dict[str, int] = {}
        self._progress = asyncio.Condition()

    async def put(self, delivery: Delivery) -> None:
        """Take one delivery; waits while the buffer is full."""
        await self._buffer.room()
        items, rejects = self._sink.decode(delivery, time.time_ns())
        self._taken[delivery.stream] = delivery.offset + 1
        await self._buffer.put(delivery, items, rejects)

    def taken(self, stream: str) -> int:
        """The offset behind what was taken of a stream: it is written, or will be unless the process dies."""
        return self._taken.get(stream, 0)

    def restarted(self, stream: str) -> None:
        """The stream begins anew: the offsets taken were another's."""
        self._taken.pop(stream, None)
        self._written.pop(stream, None)

    async def written(self, stream: str | None = None) -> None:
        """Return when everything taken so far (of one stream, or of all) is written."""
        wanted = {name: offset for name, offset in self._taken.items() if stream in (None, name)}

        def done() -> bool:
            return all(self._written.get(name, 0) >= offset for name, offset in wanted.items())

        async with self._progress:
            await self._progress.wait_for(done)

    async def prepare_all(self) -> None:
        """Collect and prepare, for ever."""
        while True:
            await self._room.acquire()
            taken = await self._buffer.take(
                self._settings.ingest_buffer_bytes // 2, self._settings.ingest_flush_ms / 1e3
            )
            flush, rejects = self._sink.prepare(taken.items, taken.offsets)
            await self._prepared.put((flush, taken.rejects + rejects, taken.time_ms))

    async def write_all(self) -> None:
        """Write what is prepared, in order, for ever. TransactionsLost where that would leave a gap."""
        while True:
            flush, rejects, time_ms = await self._prepared.get()
            await self._bury(rejects)
            await self._write(flush)
            now_ms = time.time_ns() / 1e6
            for stream, offset in flush.offsets.items():
                metrics.OFFSET.labels(stream).set(offset)
                metrics.LAG.labels(stream).set(max(0.0, now_ms - time_ms[stream]) / 1e3)
            async with self._progress:
                self._written.update(flush.offsets)
                self._progress.notify_all()
            self._room.release()

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def _bury(self, rejects: list[Reject]) -> None:
        """Give messages to the dead-letter stream, confirmed, before the offset passes them."""
        letters = [
            dead_letter(
                reject.error,
                origin=reject.origin,
                payload=reject.payload,
                time_ns=time.time_ns(),
                serial_number=reject.serial_number,
                kind=reject.kind,
            )
            for reject in rejects
        ]
        backoff = Backoff(maximum_s=5.0)
        while letters:
            try:
                await self._dead.publish_many(names.DEAD_STREAM, letters)
                break
            except StreamError as error:
                await self._wait(backoff, "stream", error)
        for reason, count in Counter(reject.error.reason for reject in rejects).items():
            example = next(reject for reject in rejects if reject.error.reason is reason)
            metrics.DEAD_LETTERS.labels(reason.value).inc(count)
            log.warning(
                "dead_letters",
                reason=reason.value,
                count=count,
                serial_number=example.serial_number,
                origin=example.origin,
                detail=example.error.detail,
            )

    async def _write(self, flush: F) -> None:
        backoff = Backoff(maximum_s=5.0)
        while True:
            try:
                connection = await self._connected()
                began = time.perf_counter()
                await self._sink.write(connection, flush)
            except psycopg.errors.ForeignKeyViolation as error:
                # a sensor was removed, or this is another database: its id is not what it was
                self._sink.forget()
                await self._wait(backoff, "database", error)
            except (psycopg.Error, OSError) as error:
                why = refusal(error)
                if why is not None:
                    log.warning("database_refuses", error=str(error).strip())
                    await self._split(flush, why)
                    return
                await self.close()
                self._health.set("database", False)
                await self._wait(backoff, "database", error)
            else:
                metrics.FLUSH_SECONDS.observe(time.perf_counter() - began)
                self._sink.observe(flush, time.time_ns())
                return

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = await connect(self._settings, staging=self._sink.staging)
            self._sink.forget()
            for stream, written in self._written.items():
                stored = await next_offset(self._connection, stream)
                if stored < written:
                    raise TransactionsLost(f"{stream} goes on at {stored}, and {written} was written")
        self._health.set("database", True)
        return self._connection

    async def _split(self, flush: F, why: str) -> None:
        parts, reject = self._sink.split(flush, why)
        if reject is not None:
            await self._bury([reject])
        for part in parts:
            await self._write(part)

    async def _wait(self, backoff: Backoff, side: str, error: Any) -> None:
        wait = backoff.next()
        metrics.FAILURES.labels(side).inc()
        log.warning(f"{side}_failed", error=str(error).strip(), retry_in_s=round(wait, 2))
        await asyncio.sleep(wait)
