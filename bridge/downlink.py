"""The way down: commands to the sensors' topics, in order; each step is reported, and only then is it settled.

A command stays in RabbitMQ's queue until its report is confirmed. What is under way when a process or connection
ends comes again, here or to another bridge; a sensor applies a command once.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import mqtt5
import structlog

from bridge import metrics
from bridge.lane import Lane
from bridge.outbox import Letter, Outbox
from runtime.amqp import AmqpConnection, Delivery
from runtime.mqtt_client import Client
from wire import limits, names
from wire.dead import dead_letter
from wire.errors import WireError
from wire.messages import decode_command_of
from wire.relay_pb2 import CommandReport, Kind, Step

log = structlog.get_logger()

_LONGEST_EXPIRY_S = 2**32 - 1  # what MQTT can say
# Commands that RabbitMQ gives this bridge before one is settled: all that ever waits here, and all that comes again
# after a crash. A sensor must know those that it has applied, should they all have been for one.
AT_ONCE = limits.REMEMBERED_COMMANDS - 56
_LEVELS = {
    step: Step.Name(step).removeprefix("STEP_").lower()
    for step in (Step.STEP_SENT, Step.STEP_UNREACHABLE, Step.STEP_EXPIRED)
}


class Order(NamedTuple):
    """A command as RabbitMQ gave it, and the connection that it can be settled on."""

    delivery: Delivery
    connection: AmqpConnection

    @property
    def stale(self) -> bool:
        """Its connection has ended: RabbitMQ gives it to somebody again."""
        return self.connection.closed.done()


class Sent(NamedTuple):
    """A command that the MQTT broker has not acknowledged yet."""

    order: Order
    serial_number: str
    command_id: bytes


class Downlink:
    """Takes orders and publishes them; `bury` gets what is no command."""

    def __init__(self, client: Client, outbox: Outbox, dead: Lane[Order], now_ns: Callable[[], int]) -> None:
        self._client = client
        self._outbox = outbox
        self._dead = dead
        self._now_ns = now_ns
        self._orders: deque[Order] = deque()
        self._arrived = asyncio.Event()
        self._under_way = 0
        self._closed = False
        self.idle = asyncio.Event()
        self.idle.set()

    @property
    def under_way(self) -> int:
        """Commands taken and not settled."""
        return self._under_way

    def take(self, order: Order) -> None:
        """Queue one; never waits. After `close` it is left to whoever comes next."""
        if self._closed:
            return
        metrics.COMMANDS.inc()
        self._count(1)
        self._orders.append(order)
        self._arrived.set()

    def close(self) -> None:
        """Take no more; `idle` is set when those that were taken are settled."""
        self._closed = True

    def disconnected(self) -> None:
        """RabbitMQ's connection has ended: what was not sent yet will come again by the next."""
        fresh = deque(order for order in self._orders if not order.stale)
        self._count(len(fresh) - len(self._orders))
        self._orders = fresh

    async def run(self) -> None:
        """Publish for ever."""
        while True:
            while not self._orders:
                self._arrived.clear()
                await self._arrived.wait()
            order = self._orders[0]
            if not order.stale and self._client.unacknowledged >= AT_ONCE:
                await self._room()
            elif self._dispatch(order):
                self._orders.popleft()
            else:
                await self._room()

    def on_acknowledged(self, sent: Sent, reason: mqtt5.PubAckReasonCode) -> None:
        """The MQTT broker's answer to a publish."""
        if reason is mqtt5.PubAckReasonCode.SUCCESS:
            published_ms = sent.order.delivery.headers.get(names.HEADER_PUBLISHED_MS)
            if isinstance(published_ms, int):
                metrics.COMMAND_SECONDS.observe(max(0.0, self._now_ns() / 1e9 - published_ms / 1e3))
            self._report(sent, Step.STEP_SENT)
        elif reason is mqtt5.PubAckReasonCode.NO_MATCHING_SUBSCRIBERS:
            self._report(sent, Step.STEP_UNREACHABLE, "the MQTT broker knows no session of this sensor")
        else:
            self._report(sent, Step.STEP_UNREACHABLE, f"the MQTT broker refuses it: {reason.name}")

    def settle(self, orders: list[Order]) -> None:
        """What became of these is safe: they leave RabbitMQ's queue."""
        for order in orders:
            order.connection.acknowledge(order.delivery.delivery_tag)
        self._count(-len(orders))

    def _dispatch(self, order: Order) -> bool:
        """False where there is no room for it now."""
        if order.stale:
            self._count(-1)
            return True
        delivery = order.delivery
        try:
            serial_number, level, command = decode_command_of(delivery.routing_key, delivery.body)
        except WireError as error:
            self._bury(order, error)
            return True
        sent = Sent(order, serial_number, command.id)
        expiry_s = None
        if command.expiry_time_ns:
            expiry_s = math.ceil((command.expiry_time_ns - self._now_ns()) / 1e9)
            if expiry_s <= 0:
                self._report(sent, Step.STEP_EXPIRED, "it was too late to send it")
                return True
            expiry_s = min(expiry_s, _LONGEST_EXPIRY_S)
        topic = names.command_topic(serial_number, level)
        return self._client.publish(topic, delivery.body, expiry_s=expiry_s, token=sent)

    async def _room(self) -> None:
        self._client.room.clear()
        await self._client.room.wait()

    def _report(self, sent: Sent, step: Step, reason: str = "") -> None:
        metrics.COMMAND_REPORTS.labels(_LEVELS[step]).inc()
        now_ns = self._now_ns()
        report = CommandReport(command_id=sent.command_id, step=step, time_ns=now_ns, reason=reason)

        def landed() -> None:
            self.settle([sent.order])

        key = names.report_routing_key(sent.serial_number)
        payload = report.SerializeToString()
        # each has its time, so their order means nothing, and many of one sensor need not wait for each other
        self._outbox.add(Letter(key, sent.serial_number, now_ns, payload, landed, in_order=False))

    def _bury(self, order: Order, error: WireError) -> None:
        metrics.DEAD_LETTERS.labels(error.reason.value).inc()
        log.warning("bad_command", reason=error.reason.value, detail=error.detail)
        letter = dead_letter(
            error,
            origin=order.delivery.routing_key,
            payload=order.delivery.body,
            time_ns=self._now_ns(),
            serial_number=names.addressee(order.delivery.routing_key),
            kind=Kind.KIND_COMMAND,
        )
        self._dead.add(letter, order)

    def _count(self, change: int) -> None:
        self._under_way += change
        metrics.COMMANDS_UNDER_WAY.set(self._under_way)
        if self._under_way:
            self.idle.clear()
        else:
            self.idle.set()
