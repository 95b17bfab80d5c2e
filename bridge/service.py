"""The bridge's life: connect both sides, relay, drain.

Three ways that share nothing that can fill: measurements and logs to the streams, births, statuses and acks to the
exchange, commands down. Each has an MQTT session, bounds, and a connection to RabbitMQ of its own.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import structlog

from bridge.config import BridgeSettings
from bridge.control import Control
from bridge.lane import Lane
from bridge.outbox import Outbox
from bridge.routing import Router
from bridge.session import Session
from bridge.uplink import Uplink
from runtime.amqp import AmqpConnection
from runtime.amqp_errors import AmqpError
from runtime.amqp_session import AmqpSession
from runtime.backoff import Backoff
from runtime.health import Health
from runtime.mqtt import MqttError, Options
from runtime.streams import StreamError, StreamPublisher
from wire import limits, names
from wire.relay_pb2 import Kind

log = structlog.get_logger()

_DRAIN_PART = 0.8  # of the time for draining; the rest is for closing

R = TypeVar("R")


class Bridge:
    """One replica."""

    def __init__(self, settings: BridgeSettings, health: Health) -> None:
        self._settings = settings
        self._health = health
        name = settings.mqtt_username
        self._streams = StreamPublisher(settings, name)
        self._outboxes = {kind: Outbox() for kind in (Kind.KIND_BIRTH, Kind.KIND_STATUS, Kind.KIND_ACK)}
        self._rabbitmq = AmqpSession(
            settings,
            f"{name}-registry",
            on_connected=self._on_rabbitmq_connected,
            on_disconnected=self._on_rabbitmq_disconnected,
        )
        options = Options(
            settings.mqtt_host,
            settings.mqtt_port,
            client_id=name,
            username=name,
            password=settings.mqtt_password.get_secret_value().encode(),
            receive_maximum=settings.bridge_receive_maximum,
            maximum_packet_bytes=limits.MAXIMUM_PACKET_BYTES + 1024,
        )
        self._up_exchange = Session(
            "registry",
            replace(
                options,
                client_id=f"{name}-registry",
                receive_maximum=settings.bridge_registry_receive_maximum,
            ),
            names.REGISTRY_FILTERS,
            settings.bridge_in_flight_bytes,
            on_connected=self._on_mqtt_connected,
        )
        self._up_streams = Session(
            "streams",
            options,
            (names.UPLINK_FILTER,),
            settings.bridge_in_flight_bytes,
            # it leaves to the other session what carries this id: so that one must have subscribed before
            subscription_id=1,
            after=self._up_exchange.subscribed,
            on_connected=self._on_mqtt_connected,
        )
        self._control = Control(
            settings,
            options,
            self._streams,
            envelope_bytes=settings.bridge_envelope_bytes,
            on_connected=self._on_mqtt_connected,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until `stop`, then drain. MqttError where the broker refuses this client for good."""
        self._health.require("mqtt")
        self._health.require("rabbitmq")
        partitions = await self._find_partitions(stop)
        if partitions is None:
            return
        up, exchange = self._up_streams, self._up_exchange
        router = Router(partitions)
        landed = up.flight.landed
        lanes = {stream: self._lane(stream, landed) for stream in [*partitions, names.LOG_STREAM]}
        dead = self._lane(names.DEAD_STREAM, landed, envelopes=False)
        dead_exchange = self._lane(names.DEAD_STREAM, exchange.flight.landed, envelopes=False)
        uplink = Uplink(router, lanes, dead, self._outboxes, up.flight, leaves_registry=True)
        uplink_exchange = Uplink(router, lanes, dead_exchange, self._outboxes, exchange.flight)
        try:
            async with asyncio.TaskGroup() as tasks:
                side = [
                    tasks.create_task(lane.run(), name=f"lane {lane.stream}")
                    for lane in (*lanes.values(), dead, dead_exchange)
                ]
                side.append(tasks.create_task(self._rabbitmq.run(), name="rabbitmq"))
                side.append(tasks.create_task(self._watch(), name="watch"))
                tasks.create_task(self._control.run(), name="control")
                tasks.create_task(exchange.run(uplink_exchange.take), name="registry")
                tasks.create_task(up.run(uplink.take), name="streams")
                await stop.wait()
                await self._drain()
                for task in side:
                    task.cancel()
        except* MqttError as group:
            raise _first(group) from None
        finally:
            await self._streams.close()

    def _lane(self, stream: str, landed: Callable[[list[R]], None], *, envelopes: bool = True) -> Lane[R]:
        return Lane(
            stream,
            self._streams,
            landed,
            maximum_bytes=self._settings.bridge_envelope_bytes,
            linger_s=self._settings.bridge_linger_ms / 1e3,
            envelopes=envelopes,
        )

    async def _find_partitions(self, stop: asyncio.Event) -> list[str] | None:
        backoff = Backoff(maximum_s=5.0)
        while not stop.is_set():
            try:
                return await self._streams.partitions(names.DATA_SUPER_STREAM)
            except StreamError as error:
                wait = backoff.next()
                log.warning("rabbitmq_unreachable", error=str(error), retry_in_s=round(wait, 2))
                try:
                    async with asyncio.timeout(wait):
                        await stop.wait()
                except TimeoutError:
                    pass
        return None

    @property
    def _mqtt_connected(self) -> bool:
        up = (self._up_streams, self._up_exchange)
        return self._control.mqtt_connected and all(session.subscribed.is_set() for session in up)

    def _on_mqtt_connected(self) -> None:
        if self._mqtt_connected:
            self._control.say_online()

    async def _watch(self) -> None:
        while True:
            self._health.set("mqtt", self._mqtt_connected)
            self._health.set(
                "rabbitmq",
                self._streams.connected and self._rabbitmq.connected and self._control.rabbitmq_connected,
            )
            await asyncio.sleep(0.2)

    async def _on_rabbitmq_connected(self, connection: AmqpConnection) -> None:
        for outbox in self._outboxes.values():
            outbox.connected(lambda key, body, headers: connection.publish(key, body, headers=headers))

    def _on_rabbitmq_disconnected(self, _reason: AmqpError) -> None:
        for outbox in self._outboxes.values():
            outbox.disconnected()

    async def _drain(self) -> None:
        """Leave both sessions empty to another bridge, or, as the last, leave them to itself with what waits in them."""
        deadline = asyncio.get_running_loop().time() + self._settings.drain_timeout_s * _DRAIN_PART
        await self._control.drain_commands()
        hand_over = await self._control.another_stays()
        # the session of the streams first, as it leaves to the other what comes while it is subscribed
        sessions = (self._up_streams, self._up_exchange)
        in_flight = sum(session.flight.messages for session in sessions)
        log.info("draining", hand_over=hand_over, in_flight=in_flight)
        if hand_over:
            try:
                for session in sessions:
                    await session.unsubscribe()
            except MqttError as error:
                log.warning("cannot_hand_over", error=str(error))
                hand_over = False
        await asyncio.gather(*(session.drain(hand_over=hand_over, deadline=deadline) for session in sessions))
        await self._control.leave()


def _first(group: BaseExceptionGroup[MqttError]) -> MqttError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
