"""Reading streams for as long as a service runs: subscribe, read, and again after every failure."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from runtime.backoff import Backoff
from runtime.config import RabbitmqSettings
from runtime.health import Health
from runtime.stream_consumer import Reader, StreamConsumer
from runtime.streams import StreamError

log = structlog.get_logger()


class Reading:
    """One kind of service's reading, with others of its reference as its equals.

    streams: finds what is read, StreamError while it cannot. on_failure: counts. The health condition "rabbitmq" is
    kept.
    """

    def __init__(
        self,
        settings: RabbitmqSettings,
        reference: str,
        reader: Reader,
        health: Health,
        *,
        credit: int,
        streams: Callable[[], Awaitable[list[str]]],
        super_stream: str | None,
        on_failure: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._reference = reference
        self._reader = reader
        self._health = health
        self._credit = credit
        self._streams = streams
        self._super_stream = super_stream
        self._on_failure = on_failure
        self._backoff = Backoff(maximum_s=5.0)

    async def run(self, stopping: "asyncio.Task[Any]") -> None:
        """Until `stopping` is done; then the last is written, for a moment, and the partitions are left to others."""
        while not stopping.done():
            consumer = StreamConsumer(self._settings, self._reference, self._credit, self._reader)
            reading = asyncio.create_task(self._read(consumer), name="reading")
            try:
                await asyncio.wait([stopping, reading], return_when=asyncio.FIRST_COMPLETED)
            finally:
                reading.cancel()
                self._health.set("rabbitmq", False)
                # in a task of its own: before Python 3.11.4 a timeout in a cancelled one ends as if cancelled
                closing = consumer.close(hand_over=stopping.done())
                await asyncio.create_task(closing, name="closing")
            if not stopping.done():
                self._on_failure()
                wait = self._backoff.next()
                log.warning("rabbitmq_failed", error=str(reading.result()), retry_in_s=round(wait, 2))
                await asyncio.wait([stopping], timeout=wait)

    async def _read(self, consumer: StreamConsumer) -> Exception:
        """Until it fails; why."""
        try:
            await consumer.start(await self._streams(), self._super_stream)
        except StreamError as error:
            return error
        self._health.set("rabbitmq", True)
        log.info("subscribed", stream=self._super_stream or "")
        self._backoff.reset()
        await consumer.watch()
        return StreamError("the connection is lost")
