"""The bridge's life: connect both sides, relay, drain."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

import mqtt5
import structlog

from bridge import metrics
from bridge.config import BridgeSettings
from bridge.downlink import AT_ONCE, Downlink, Order, Sent
from bridge.flight import Flight
from bridge.lane import Lane
from bridge.outbox import Outbox
from bridge.presence import LEAVING, ONLINE, Presence
from bridge.routing import Router
from bridge.uplink import Uplink
from runtime.amqp import AmqpConnection
from runtime.amqp_errors import AmqpError
from runtime.amqp_session import AmqpSession
from runtime.backoff import Backoff
from runtime.health import Health
from runtime.mqtt import Connection, MqttError, Options
from runtime.mqtt_client import Client
from runtime.streams import StreamError, StreamPublisher
from wire import limits, names

log = structlog.get_logger()

_PRESENCE_MESSAGES = 10  # may be unacknowledged beside the commands
_COMMANDS_DRAIN_S = 3.0
_QUIET_S = 0.25  # nothing came for so long: the broker has nothing queued for us

R = TypeVar("R")


class Bridge:
    """One replica."""

    def __init__(self, settings: BridgeSettings, health: Health) -> None:
        self._settings = settings
        self._health = health
        self._name = settings.mqtt_username
        self._presence_topic = names.presence_topic(self._name)
        self._presence = Presence(self._presence_topic)
        self._presence_changed = asyncio.Event()
        self._flight = Flight(settings.bridge_in_flight_bytes)
        self._streams = StreamPublisher(settings, self._name)
        self._outbox = Outbox()
        self._rabbitmq = AmqpSession(
            settings,
            self._name,
            on_connected=self._on_rabbitmq_connected,
            on_disconnected=self._on_rabbitmq_disconnected,
        )
        self._uplink: Uplink | None = None
        self._last_message = 0.0
        self._ended = asyncio.Event()
        self._client = Client(
            Options(
                settings.mqtt_host,
                settings.mqtt_port,
                client_id=self._name,
                username=self._name,
                password=settings.mqtt_password.get_secret_value().encode(),
                receive_maximum=settings.bridge_receive_maximum,
                maximum_packet_bytes=limits.MAXIMUM_PACKET_BYTES + 1024,
                will=mqtt5.Will(self._presence_topic, payload=b"", qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True),
            ),
            filters=(names.PRESENCE_FILTER, names.UPLINK_FILTER),
            window=AT_ONCE + _PRESENCE_MESSAGES,
            on_messages=self._on_messages,
            on_acknowledged=self._on_acknowledged,
            on_connected=self._on_connected,
            on_disconnected=self._on_disconnected,
        )
        self._dead_commands: Lane[Order] = self._lane(
            names.DEAD_STREAM, lambda orders: self._downlink.settle(orders), envelopes=False
        )
        self._downlink = Downlink(self._client, self._outbox, self._dead_commands, time.time_ns)

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until `stop`, then drain. MqttError where the broker refuses this client for good."""
        self._health.require("mqtt")
        self._health.require("rabbitmq")
        partitions = await self._find_partitions(stop)
        if partitions is None:
            return
        landed = self._flight.landed
        lanes = {stream: self._lane(stream, landed) for stream in [*partitions, names.LOG_STREAM]}
        dead = self._lane(names.DEAD_STREAM, landed, envelopes=False)
        self._uplink = Uplink(Router(partitions), lanes, dead, self._outbox, self._flight)
        try:
            async with asyncio.TaskGroup() as tasks:
                side = [
                    tasks.create_task(lane.run(), name=f"lane {stream}")
                    for stream, lane in [*lanes.items(), (names.DEAD_STREAM, dead)]
                ]
                side.append(tasks.create_task(self._dead_commands.run(), name="dead commands"))
                side.append(tasks.create_task(self._downlink.run(), name="downlink"))
                side.append(tasks.create_task(self._rabbitmq.run(), name="rabbitmq"))
                side.append(tasks.create_task(self._watch(), name="watch"))
                tasks.create_task(self._client.run(self._ended), name="mqtt")
                await stop.wait()
                await self._drain()
                self._ended.set()
                for task in side:
                    task.cancel()
        except* MqttError as group:
            raise group.exceptions[0] from None
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

    async def _watch(self) -> None:
        while True:
            self._health.set("rabbitmq", self._streams.connected and self._rabbitmq.connected)
            await asyncio.sleep(0.2)

    def _on_messages(self, connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        presence = [packet for packet in packets if packet.topic.startswith("bridges/")]
        for packet in presence:
            self._presence.heard(packet.topic, packet.payload)
            self._presence_changed.set()
            if packet.packet_id is not None:
                connection.acknowledge([packet.packet_id])
        relayed = [packet for packet in packets if packet not in presence] if presence else packets
        if relayed and self._uplink is not None:
            self._last_message = asyncio.get_running_loop().time()
            self._uplink.take(connection, relayed)

    def _on_acknowledged(self, token: object, reason: mqtt5.PubAckReasonCode) -> None:
        if isinstance(token, Sent):  # else a word of presence
            self._downlink.on_acknowledged(token, reason)

    async def _on_rabbitmq_connected(self, connection: AmqpConnection) -> None:
        await connection.consume(
            names.COMMAND_QUEUE,
            lambda delivery: self._downlink.take(Order(delivery, connection)),
            prefetch=AT_ONCE,
        )
        self._outbox.connected(lambda key, body, headers: connection.publish(key, body, headers=headers))

    def _on_rabbitmq_disconnected(self, _reason: AmqpError) -> None:
        self._outbox.disconnected()
        self._downlink.disconnected()

    def _on_connected(self, connection: Connection) -> None:
        log.info("mqtt_connected", session_present=connection.session_present)
        self._health.set("mqtt", True)
        self._client.publish(self._presence_topic, ONLINE, retain=True)

    def _on_disconnected(self, reason: MqttError) -> None:
        log.warning("mqtt_disconnected", reason=str(reason))
        metrics.MQTT_RECONNECTS.inc()
        self._health.set("mqtt", False)

    async def _drain(self) -> None:
        """Leave the session empty to another bridge, or, as the last, leave it to itself with what waits in it."""
        await self._drain_commands()
        hand_over = await self._another_stays()
        log.info("draining", hand_over=hand_over, in_flight=self._flight.messages)
        if hand_over:
            await self._client.unsubscribe(names.UPLINK_FILTER)
            await self._until_quiet()
        elif self._client.connection is not None:
            self._client.connection.pause_reading()  # what comes now waits in the session
        await self._flight.empty.wait()
        self._client.publish(self._presence_topic, b"", retain=True)
        await self._client.stop(session_expiry_s=0 if hand_over else None)

    async def _drain_commands(self) -> None:
        """Settle what was taken; the rest goes back to the queue, and what is not settled in time may come twice.

        The next bridge gets commands only when the channel is closed, that is, after what was before them is out.
        """
        self._downlink.close()
        try:
            async with asyncio.timeout(_COMMANDS_DRAIN_S):
                await self._downlink.idle.wait()
        except TimeoutError:
            log.warning("commands_left", count=self._downlink.under_way)
        if self._rabbitmq.connection is not None:
            await self._rabbitmq.connection.stop_consuming()

    async def _another_stays(self) -> bool:
        if not self._client.publish(self._presence_topic, LEAVING, retain=True):
            return False
        try:
            async with asyncio.timeout(2):
                while not self._presence.leaving_heard():
                    self._presence_changed.clear()
                    await self._presence_changed.wait()
        except TimeoutError:
            return False
        return self._presence.others_online() > 0

    async def _until_quiet(self) -> None:
        loop = asyncio.get_running_loop()
        self._last_message = loop.time()
        while self._flight.messages or loop.time() - self._last_message < _QUIET_S:  # noqa: ASYNC110  # silence is no event
            await asyncio.sleep(0.02)
