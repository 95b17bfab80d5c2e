"""One lane for each stream: what arrives while an envelope is under way goes into the next one.

One envelope at a time keeps a sensor's batches in order and clocks itself: the busier RabbitMQ is, the
larger the envelopes become, and the cheaper each message. A short linger does the same when it is idle.
Dead letters are stream messages of their own, but many are published, and confirmed, at a time.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

from bridge import metrics
from runtime.backoff import Backoff
from runtime.streams import StreamError, StreamPublisher
from wire.envelope import to_amqp

log = structlog.get_logger()

_AT_ONCE = 1_000  # stream messages in one publish

R = TypeVar("R")  # the receipt of one message: what is told when it has landed


class Buffer(Generic[R]):
    """Entries and their receipts, in order. Pure."""

    def __init__(self) -> None:
        self._entries: list[bytes] = []
        self._receipts: list[R] = []
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: bytes, receipt: R) -> None:
        """Put one at the end."""
        self._entries.append(entry)
        self._receipts.append(receipt)
        self.bytes += len(entry)

    def take(self, maximum_bytes: int) -> tuple[bytes, list[R]]:
        """The first entries as one envelope of at most `maximum_bytes`, but at least one entry."""
        entries, receipts = self.take_entries(maximum_bytes)
        return b"".join(entries), receipts

    def take_entries(
        self, maximum_bytes: int, maximum_entries: int | None = None
    ) -> tuple[list[bytes], list[R]]:
        """The first entries: at most so many bytes together, but at least one entry, and at most so many."""
        if self.bytes <= maximum_bytes and (maximum_entries is None or len(self) <= maximum_entries):
            entries, receipts = self._entries, self._receipts
            self._entries, self._receipts, self.bytes = [], [], 0
            return entries, receipts
        count = size = 0
        for entry in self._entries:
            if count and (size + len(entry) > maximum_bytes or count == maximum_entries):
                break
            count += 1
            size += len(entry)
        entries, self._entries = self._entries[:count], self._entries[count:]
        receipts, self._receipts = self._receipts[:count], self._receipts[count:]
        self.bytes -= size
        return entries, receipts


class Lane(Generic[R]):
    """Feeds one stream. `run` never gives a message up: it publishes until there is a confirm."""

    def __init__(
        self,
        stream: str,
        publisher: StreamPublisher,
        landed: Callable[[list[R]], None],
        *,
        maximum_bytes: int,
        linger_s: float,
        envelopes: bool = True,
    ) -> None:
        self.stream = stream
        self._publisher = publisher
        self._landed = landed
        self._maximum_bytes = maximum_bytes
        self._linger_s = linger_s if envelopes else 0.0
        self._envelopes = envelopes
        self._buffer: Buffer[R] = Buffer()
        self._arrived = asyncio.Event()
        self._confirmed = metrics.ENVELOPES.labels(stream)

    def add(self, entry: bytes, receipt: R) -> None:
        """Queue one message; never waits (the flight bounds what is queued)."""
        self._buffer.add(entry, receipt)
        self._arrived.set()

    async def run(self) -> None:
        """Publish for ever."""
        while True:
            await self._arrived.wait()
            if self._linger_s and self._buffer.bytes < self._maximum_bytes:
                await asyncio.sleep(self._linger_s)
            if self._envelopes:
                body, receipts = self._buffer.take(self._maximum_bytes)
                messages = [to_amqp(body)]
            else:
                messages, receipts = self._buffer.take_entries(self._maximum_bytes, _AT_ONCE)
            if not self._buffer:
                self._arrived.clear()
            await self._publish(messages)
            self._landed(receipts)

    async def _publish(self, messages: list[bytes]) -> None:
        backoff = Backoff(maximum_s=5.0)
        while True:
            began = time.perf_counter()
            try:
                await self._publisher.publish_many(self.stream, messages)
            except StreamError as error:
                wait = backoff.next()
                metrics.FAILURES.labels("stream").inc()
                log.warning("publish_failed", error=str(error), retry_in_s=round(wait, 2))
                await asyncio.sleep(wait)
                continue
            metrics.CONFIRM_SECONDS.observe(time.perf_counter() - began)
            self._confirmed.inc(len(messages))
            return
