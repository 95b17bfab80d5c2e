"""Reading streams as their single active consumer, from the offset that the reader names.

RabbitMQ picks one active consumer a partition among all of one reference, and asks it where to begin. What it may
send ahead is bounded by credit: rstream gives one for each chunk whose messages it begins to hand over, so
while the reader has no room at most `credit` + 1 chunks a partition wait in memory.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable
from typing import Protocol

import structlog
from rstream import Consumer, MessageContext, OffsetSpecification, OffsetType
from rstream.consumer import EventContext
from rstream.recovery import BackOffRecoveryStrategy

from runtime.config import RabbitmqSettings
from runtime.streams import FRAME_MAX, StreamError, close
from wire.deliveries import Delivery

log = structlog.get_logger()

_HEARTBEAT_S = 20
_HAND_OVER_S = 3.0  # how long another consumer waits for our last rows; afterwards it reads them again


class Reader(Protocol):
    """Who reads what is consumed."""

    async def put(self, delivery: Delivery) -> None:
        """Take one stream message; waits where there is no room."""

    async def next_offset(self, stream: str) -> int:
        """This process is the stream's active consumer now: where to begin."""

    async def restarted(self, stream: str) -> None:
        """The stream is not the one that the offset was of."""

    def written(self, stream: str | None = None) -> Awaitable[None]:
        """Wait until what was taken is written."""

    def active(self, stream: str, is_active: bool) -> None:
        """Whether this process is the stream's active consumer; for a metric."""

    def skipped(self, stream: str, count: int) -> None:
        """So many messages are gone: RabbitMQ no longer has them, or they cannot be read."""


class StreamConsumer:
    """One connection's subscriptions under a reference, which all processes of a kind share.

    When `broken` is set it is done for: `close` it and make another.
    """

    def __init__(self, settings: RabbitmqSettings, reference: str, credit: int, reader: Reader) -> None:
        self._reference = reference
        self._credit = credit
        self._reader = reader
        self._expected: dict[str, int] = {}  # of the streams that this process is the active consumer of
        self.broken = asyncio.Event()
        self._consumer = Consumer(
            settings.rabbitmq_host,
            settings.rabbitmq_stream_port,
            vhost=settings.rabbitmq_virtual_host,
            username=settings.rabbitmq_username,
            password=settings.rabbitmq_password.get_secret_value(),
            frame_max=FRAME_MAX,
            heartbeat=_HEARTBEAT_S,
            connection_name=reference,
            on_close_handler=lambda _info: self.broken.set(),
            recovery_strategy=BackOffRecoveryStrategy(False),
        )

    async def start(self, streams: list[str], super_stream: str | None) -> None:
        """Subscribe to all. StreamError where RabbitMQ is away or refuses."""
        try:
            async with asyncio.timeout(20):
                await self._consumer.start()
                for stream in streams:
                    properties = {"single-active-consumer": "true", "name": self._reference}
                    if super_stream is not None:
                        properties["super-stream"] = super_stream
                    await self._consumer.subscribe(
                        stream,
                        self._on_message,
                        decoder=bytes,
                        initial_credit=self._credit,
                        properties=properties,
                        subscriber_name=self._reference,
                        consumer_update_listener=self._on_update,
                    )
        except Exception as error:  # rstream raises its own, OSError, assertions and timeouts alike
            raise StreamError(f"cannot subscribe: {error!r}") from error

    async def watch(self) -> None:
        """Return when the connection is broken, also where nothing says so but silence."""
        while not self.broken.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_HEARTBEAT_S):
                    await self.broken.wait()
            # rstream only logs that heartbeats are missing; it has no other way to ask
            heard = [client._last_heartbeat for client in self._consumer._clients.values()]
            if heard and time.monotonic() - min(heard) > 3 * _HEARTBEAT_S:
                log.warning("rabbitmq_silent", for_s=round(time.monotonic() - min(heard)))
                self.broken.set()

    async def close(self, *, hand_over: bool) -> None:
        """Take nothing more, wait a moment for the last rows (`hand_over`), and leave the partitions to another."""
        streams = list(self._expected)
        self._expected.clear()
        if hand_over and not self.broken.is_set():
            await self._hand_over(None)
        for stream in streams:  # before RabbitMQ knows, and makes another active
            self._reader.active(stream, False)
        await close(self._consumer)

    async def _on_update(self, active: bool, event: EventContext) -> OffsetSpecification:
        stream = event.stream
        if not active:
            if self._expected.pop(stream, None) is not None:
                log.info("partition_given_up", stream=stream)
                await self._hand_over(stream)
            self._reader.active(stream, False)
            return OffsetSpecification(OffsetType.NEXT, 0)
        offset = await self._reader.next_offset(stream)
        self._expected[stream] = offset
        self._reader.active(stream, True)
        log.info("partition_taken", stream=stream, offset=offset)
        return OffsetSpecification(OffsetType.OFFSET, offset)

    async def _hand_over(self, stream: str | None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HAND_OVER_S):
                await self._reader.written(stream)

    async def _on_message(self, message: bytes, context: MessageContext) -> None:
        stream, offset = context.stream, context.offset
        expected = self._expected.get(stream)
        if expected is None or self.broken.is_set():
            return  # another reads it, or we shall read it again
        if offset < expected:
            # rstream drops what precedes the offset that was asked for: this is another stream
            log.error("stream_restarted", stream=stream, offset=offset, expected=expected)
            await self._reader.restarted(stream)
            self.broken.set()
            return
        if offset > expected:
            self._reader.skipped(stream, offset - expected)
            log.error("messages_gone", stream=stream, first=expected, count=offset - expected)
        self._expected[stream] = offset + 1
        await self._reader.put(Delivery(stream, offset, message, context.timestamp))
