"""Commands to RabbitMQ, and what becomes of them: the bridge's reports and the sensors' answers, heard there as well."""

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from runtime.amqp import AmqpConnection, Delivery, connect
from runtime.amqp_errors import AmqpError
from runtime.config import RabbitmqSettings
from wire import messages, names
from wire.errors import WireError
from wire.relay_pb2 import Step
from wire.sensor_pb2 import Command, Outcome, State

_AT_ONCE: Final = 500  # not confirmed yet
FAILED: Final = frozenset({"FAILED", "REJECTED", "EXPIRED", "UNREACHABLE"})
ANSWERED: Final = FAILED | {"APPLIED", "DUPLICATE"}


class Order(NamedTuple):
    """One command to one sensor."""

    serial_number: str
    level: names.CommandLevel
    command: Command


@dataclass(slots=True)
class Fate:
    """How far an order got. `status`: NEW, QUEUED, SENT, or one of ANSWERED; `after_s`: when, since it was published."""

    order: Order
    status: str = "NEW"
    reason: str = ""
    after_s: float | None = None
    state: str | None = None
    sample_frequency_hz: float | None = None

    @property
    def id(self) -> uuid.UUID:
        """The command's."""
        return uuid.UUID(bytes=self.order.command.id)


class Sending(NamedTuple):
    """What came of all; `error` where RabbitMQ went away before everything was known."""

    fates: list[Fate]
    error: AmqpError | None = None


async def send(
    settings: RabbitmqSettings,
    orders: Sequence[Order],
    *,
    client: str,
    wait_s: float,
    connection_name: str = "iotctl",
    on_change: Callable[[Fate], None] = lambda _fate: None,
) -> Sending:
    """Publish all; with `wait_s` > 0 return when each is answered, or after so many seconds.

    client: who gives them and from where, e.g. anna@laptop, for the audit.

    AmqpError where RabbitMQ cannot be reached, or does not let this user in: then nothing was sent.
    """
    connection = await connect(settings, connection_name)
    hearing = _Hearing([Fate(order) for order in orders], on_change)
    try:
        if wait_s > 0:
            await connection.listen([names.ACK_PATTERN, names.REPORT_PATTERN], hearing.on_message)
        await _publish(connection, hearing, client)
        if wait_s > 0:
            answered = asyncio.ensure_future(hearing.all_answered.wait())
            ends: list[asyncio.Future[Any]] = [answered, connection.closed]
            await asyncio.wait(ends, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            answered.cancel()
        lost = connection.closed.done() and not hearing.all_answered.is_set()
        return Sending(hearing.fates, connection.closed.result() if lost else None)
    finally:
        await connection.close()


async def _publish(connection: AmqpConnection, hearing: "_Hearing", client: str) -> None:
    for first in range(0, len(hearing.fates), _AT_ONCE):
        fates = hearing.fates[first : first + _AT_ONCE]
        for fate in fates:
            hearing.published(fate)
        futures = [
            connection.publish(
                names.command_routing_key(fate.order.serial_number, fate.order.level),
                fate.order.command.SerializeToString(),
                headers={names.HEADER_SERIAL_NUMBER: fate.order.serial_number, names.HEADER_CLIENT: client},
            )
            for fate in fates
        ]
        results = await asyncio.gather(*futures, return_exceptions=True)
        for fate, result in zip(fates, results, strict=True):
            if isinstance(result, AmqpError) and not result.retryable:
                raise result  # no right to give commands: the others would fare the same
            if isinstance(result, AmqpError) and not connection.closed.done():
                hearing.change(fate, "FAILED", str(result))
            elif isinstance(result, BaseException) and not isinstance(result, AmqpError):
                raise result
            elif result is None and fate.status == "NEW":
                hearing.change(fate, "QUEUED")


class _Hearing:
    """Puts what is heard to the orders it is about."""

    def __init__(self, fates: list[Fate], on_change: Callable[[Fate], None]) -> None:
        self.fates = fates
        self.all_answered = asyncio.Event()
        self._by_id = {fate.order.command.id: fate for fate in fates}
        self._waiting = set(self._by_id)
        self._began: dict[bytes, float] = {}
        self._on_change = on_change

    def published(self, fate: Fate) -> None:
        self._began[fate.order.command.id] = time.monotonic()

    def change(self, fate: Fate, status: str, reason: str = "") -> None:
        fate.status, fate.reason = status, reason
        fate.after_s = time.monotonic() - self._began[fate.order.command.id]
        if status in ANSWERED:
            self._waiting.discard(fate.order.command.id)
            if not self._waiting:
                self.all_answered.set()
        self._on_change(fate)

    def on_message(self, delivery: Delivery) -> None:
        try:
            if delivery.routing_key.endswith(".acks"):
                self._on_ack(delivery)
            else:
                self._on_report(delivery)
        except WireError:
            return  # the registry makes a dead letter of it

    def _on_report(self, delivery: Delivery) -> None:
        report = messages.decode_report(delivery.body)
        fate = self._by_id.get(report.command_id)
        if fate is None or delivery.routing_key != names.report_routing_key(fate.order.serial_number):
            return
        if fate.status in ("NEW", "QUEUED", "SENT"):
            self.change(fate, Step.Name(report.step).removeprefix("STEP_"), report.reason)

    def _on_ack(self, delivery: Delivery) -> None:
        ack = messages.decode_ack(delivery.body)
        fate = self._by_id.get(ack.command_id)
        # the first answer counts, and nobody answers for another sensor
        if fate is None or fate.state is not None:
            return
        if delivery.routing_key != names.routing_key(fate.order.serial_number, "acks"):
            return
        fate.state = State.Name(ack.state).removeprefix("STATE_")
        fate.sample_frequency_hz = ack.sample_frequency_hz or None
        self.change(fate, Outcome.Name(ack.outcome).removeprefix("OUTCOME_"), ack.reason)
