"""One channel of an AMQP connection: pika's, with futures for its callbacks."""

import asyncio
from collections.abc import Callable
from typing import Any

import pika.exceptions

from runtime.amqp_errors import AmqpError, explained

ANSWER_TIMEOUT_S = 30.0

Raw = Any  # pika ships no types


class Channel:
    """One of pika's channels, with futures for callbacks. `closed` is done when RabbitMQ has closed it."""

    def __init__(self, raw: Raw, where: str) -> None:
        self.raw = raw
        self.essential = False  # the connection ends with it
        self.closed: asyncio.Future[AmqpError] = asyncio.get_running_loop().create_future()
        self._where = where
        raw.add_on_close_callback(self._on_closed)
        raw.add_on_cancel_callback(self._on_cancelled)

    def _on_closed(self, _raw: Raw, reason: BaseException) -> None:
        if not self.closed.done():
            self.closed.set_result(explained(reason, self._where))

    def _on_cancelled(self, _method: Raw) -> None:
        if not self.closed.done():  # it goes on, and nothing will come by it
            self.closed.set_result(AmqpError(f"RabbitMQ at {self._where} has deleted a queue that was read"))

    def close(self) -> None:
        """Close it in one step. `closed` is done when RabbitMQ has put what was unacknowledged back in its place.

        pika would cancel the consumers first: then the next consumer gets what comes behind before what comes back.
        """
        self.essential = False
        if self.raw.is_open:
            self.raw._cancelled.update(self.raw.consumer_tags)  # pika has no public way
            self.raw.close()

    async def ask(self, method: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
        """Call one of pika's methods and wait for RabbitMQ's answer; AmqpError where it refuses."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def answered(frame: Any) -> None:
            if not answer.done():
                answer.set_result(frame)

        try:
            method(*arguments, callback=answered, **keywords)
        except pika.exceptions.AMQPError as error:
            raise explained(error, self._where) from error
        await asyncio.wait(
            [answer, self.closed], timeout=ANSWER_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
        )
        if answer.done():
            return answer.result()
        answer.cancel()
        if self.closed.done():
            raise self.closed.result()
        raise AmqpError(f"RabbitMQ at {self._where} does not answer within {ANSWER_TIMEOUT_S:g} s")
