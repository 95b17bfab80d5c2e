"""Reading streams as their single active consumer, from the offset that the database names.

RabbitMQ picks one active consumer a partition among all ingesters, and asks it where to begin. What it may
send ahead is bounded by credit: a chunk is credited when the one before was taken, so a full buffer stops
the stream, not the memory.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from rstream import Consumer, MessageContext, OffsetSpecification, OffsetType
from rstream.consumer import EventContext
from rstream.recovery import BackOffRecoveryStrategy

from ingest import metrics
from ingest.decode import Delivery
from runtime.config import RabbitmqSettings
from runtime.streams import FRAME_MAX, StreamError

log = structlog.get_logger()

REFERENCE = "ingest"

Take = Callable[[Delivery], Awaitable[None]]
NextOffset = Callable[[str], Awaitable[int]]


class StreamConsumer:
    """One connection's subscriptions. When `broken` is set it is done for: `close` it and make another."""

    def __init__(self, settings: RabbitmqSettings, credit: int, take: Take, next_offset: NextOffset) -> None:
        self._settings = settings
        self._credit = credit
        self._take = take
        self._next_offset = next_offset
        self._expected: dict[str, int] = {}
        self.broken = asyncio.Event()
        self._consumer = Consumer(
            settings.rabbitmq_host,
            settings.rabbitmq_stream_port,
            vhost=settings.rabbitmq_virtual_host,
            username=settings.rabbitmq_username,
            password=settings.rabbitmq_password.get_secret_value(),
            frame_max=FRAME_MAX,
            connection_name=REFERENCE,
            on_close_handler=lambda _info: self.broken.set(),
            recovery_strategy=BackOffRecoveryStrategy(False),
        )

    async def start(self, streams: list[str], super_stream: str | None) -> None:
        """Subscribe to all. StreamError where RabbitMQ is away or refuses."""
        try:
            async with asyncio.timeout(20):
                await self._consumer.start()
                for stream in streams:
                    properties = {"single-active-consumer": "true", "name": REFERENCE}
                    if super_stream is not None:
                        properties["super-stream"] = super_stream
                    await self._consumer.subscribe(
                        stream,
                        self._on_message,
                        decoder=bytes,
                        initial_credit=self._credit,
                        properties=properties,
                        subscriber_name=REFERENCE,
                        consumer_update_listener=self._on_update,
                    )
        except Exception as error:
            raise StreamError(f"cannot subscribe: {error or type(error).__name__}") from error

    async def close(self) -> None:
        """Leave the partitions to another; what was taken is still the caller's to write."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(8):
                await self._consumer.close()
        for stream in self._expected:
            metrics.ACTIVE.labels(stream).set(0)

    async def _on_update(self, active: bool, event: EventContext) -> OffsetSpecification:
        metrics.ACTIVE.labels(event.stream).set(active)
        if not active:
            log.info("partition_given_up", stream=event.stream)
            return OffsetSpecification(OffsetType.NEXT, 0)
        offset = await self._next_offset(event.stream)
        self._expected[event.stream] = offset
        log.info("partition_taken", stream=event.stream, offset=offset)
        return OffsetSpecification(OffsetType.OFFSET, offset)

    async def _on_message(self, message: bytes, context: MessageContext) -> None:
        # RabbitMQ delivers whole chunks: the first may begin before the offset that was asked for
        if context.offset >= self._expected.get(context.stream, 0):
            await self._take(Delivery(context.stream, context.offset, message))
