"""Commands under way: sent, and told of line by line while somebody reads."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import structlog

from runtime.amqp_errors import AmqpError
from runtime.commanding import Fate, Order, Sending, send
from web import metrics
from web.answers import encode
from web.command_kinds import Kind
from web.errors import AwayError
from web.parts import Parts
from web.sessions import Session

log = structlog.get_logger()

_WAIT_S: Final = 14.0  # for answers; with what comes before and after, less than 15 s
_LOST: Final = (
    "The connection to RabbitMQ was lost: what it has taken goes on, and is listed with what becomes of it."
)
_STOPPING: Final = "The service stops: what was sent goes on, and is listed with what becomes of it."


class Giving:
    """One request's commands: once begun they are sent whether or not somebody still reads what becomes of them."""

    def __init__(self, parts: Parts, session: Session, kind: Kind, orders: Sequence[Order]) -> None:
        self._parts = parts
        self._session = session
        self._kind = kind
        self._orders = orders
        # bounded by what can become of the orders, of which each changes three times or four
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._first: bytes | None = None
        self.sending: asyncio.Task[Sending] | None = None

    async def begin(self) -> None:
        """Return when RabbitMQ has answered for one of them. AwayError, and nothing was sent."""
        if self._parts.stopping.is_set():  # nobody would tell this one to stop
            raise AwayError("The service stops: nothing was sent.")
        self.sending = asyncio.create_task(self._send(), name="commands")
        self._parts.giving.add(self)
        self.sending.add_done_callback(self._ended)
        self._first = await self._lines.get()
        if self._first is None and self.sending.done():
            self.sending.result()  # raises what was wrong

    async def lines(self) -> AsyncIterator[bytes]:
        """What becomes of them, and at last that this is all."""
        line = self._first
        while line is not None:
            yield line
            line = await self._lines.get()
        yield _line({"done": True, "error": self._error()})

    def stop(self) -> None:
        """Who reads has read all."""
        self._lines.put_nowait(None)

    async def _send(self) -> Sending:
        client = self._session.client
        with self._parts.commands:
            try:
                sending = await send(
                    self._parts.settings,
                    self._orders,
                    client=client,
                    wait_s=_WAIT_S,
                    connection_name="web",
                    on_change=lambda fate: self._lines.put_nowait(_line(_changed(fate))),
                )
            except AmqpError as error:
                metrics.FAILURES.labels("rabbitmq").inc()
                log.warning("command_failed", name=self._kind.level.value, by=client, error=str(error))
                raise AwayError(
                    "RabbitMQ does not take commands at this moment: nothing was sent."
                ) from error
        for fate in sending.fates:
            metrics.COMMANDS.labels(fate.status).inc()
        self._parts.answers.forget("commands")
        return sending

    def _ended(self, sending: "asyncio.Task[Sending]") -> None:
        self._parts.giving.discard(self)
        if not sending.cancelled() and sending.exception() is None:
            log.info(
                "command_given",
                name=self._kind.level.value,
                by=self._session.client,
                sensors=len({order.serial_number for order in self._orders}),
                first=self._orders[0].serial_number,
            )
        self._lines.put_nowait(None)

    def _error(self) -> str | None:
        if self.sending is None or not self.sending.done() or self.sending.cancelled():
            return _STOPPING
        failure = self.sending.exception()
        if isinstance(failure, AwayError):
            return failure.sentence
        if failure is not None:
            raise failure
        return None if self.sending.result().error is None else _LOST


def _changed(fate: Fate) -> dict[str, Any]:
    return {
        "id": str(fate.id),
        "serial_number": fate.order.serial_number,
        "status": fate.status,
        "reason": fate.reason,
        "after_s": fate.after_s,
        "state": fate.state,
        "sample_frequency_hz": fate.sample_frequency_hz,
    }


def _line(value: Any) -> bytes:
    return encode(value) + b"\n"
