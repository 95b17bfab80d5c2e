"""The way down, and the word that bridges give each other: an MQTT session and a connection to RabbitMQ of their own.

Of their own, so that whatever comes up, and waits, can hold up no command, no report of one and no hand-over.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import mqtt5
import structlog

from bridge import metrics
from bridge.downlink import AT_ONCE, Downlink, Order, Sent
from bridge.lane import Lane
from bridge.outbox import Outbox
from bridge.presence import LEAVING, ONLINE, Presence
from runtime.amqp import AmqpConnection
from runtime.amqp_errors import AmqpError
from runtime.amqp_session import AmqpSession
from runtime.config import RabbitmqSettings
from runtime.mqtt import Connection, MqttError, Options
from runtime.mqtt_client import Client
from runtime.streams import StreamPublisher
from wire import names

log = structlog.get_logger()

_PRESENCE_MESSAGES = 10  # may be unacknowledged beside the commands
_COMMANDS_DRAIN_S = 3.0
_PRESENCE_S = 2.0


class Control:
    """Commands down and presence. `options`: how the bridge connects; the client id here is another."""

    def __init__(
        self,
        settings: RabbitmqSettings,
        options: Options,
        streams: StreamPublisher,
        *,
        envelope_bytes: int,
        on_connected: Callable[[], None],
    ) -> None:
        name = options.client_id
        self._tell_connected = on_connected
        self._topic = names.presence_topic(name)
        self._presence = Presence(self._topic)
        self._presence_changed = asyncio.Event()
        self._said = b""
        self._ended = asyncio.Event()
        self._client = Client(
            replace(
                options,
                client_id=f"{name}-control",
                clean_start=True,
                session_expiry_s=0,
                will=mqtt5.Will(self._topic, payload=b"", qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True),
            ),
            filters=(names.PRESENCE_FILTER,),
            window=AT_ONCE + _PRESENCE_MESSAGES,
            on_messages=self._on_messages,
            on_acknowledged=self._on_acknowledged,
            on_connected=self._on_connected,
            on_disconnected=self._on_disconnected,
        )
        self._rabbitmq = AmqpSession(
            settings,
            name,
            on_connected=self._on_rabbitmq_connected,
            on_disconnected=self._on_rabbitmq_disconnected,
        )
        self._reports = Outbox()
        self._dead: Lane[Order] = Lane(
            names.DEAD_STREAM,
            streams,
            lambda orders: self._downlink.settle(orders),
            maximum_bytes=envelope_bytes,
            linger_s=0,
            envelopes=False,
        )
        self._downlink = Downlink(self._client, self._reports, self._dead, time.time_ns)

    @property
    def mqtt_connected(self) -> bool:
        """Whether commands can go out."""
        return self._client.connection is not None

    @property
    def rabbitmq_connected(self) -> bool:
        """Whether commands can come in."""
        return self._rabbitmq.connected

    async def run(self) -> None:
        """Until `leave`. MqttError where the broker refuses this client for good."""
        async with asyncio.TaskGroup() as tasks:
            side = [
                tasks.create_task(self._dead.run(), name="dead commands"),
                tasks.create_task(self._downlink.run(), name="downlink"),
                tasks.create_task(self._rabbitmq.run(), name="rabbitmq of commands"),
            ]
            await self._client.run(self._ended)
            for task in side:
                task.cancel()

    def say_online(self) -> None:
        """Tell the other bridges that this one takes its share; not once it is leaving."""
        if self._said != LEAVING:
            self._said = ONLINE
            self._client.publish(self._topic, ONLINE, retain=True)

    async def drain_commands(self) -> None:
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

    async def another_stays(self) -> bool:
        """Say that this bridge leaves; whether another stays, which gets everything from then on."""
        self._said = LEAVING
        if not self._client.publish(self._topic, LEAVING, retain=True):
            return False
        try:
            async with asyncio.timeout(_PRESENCE_S):
                while not self._presence.leaving_heard():
                    self._presence_changed.clear()
                    await self._presence_changed.wait()
        except TimeoutError:
            return False
        return self._presence.others_online() > 0

    async def leave(self) -> None:
        """Be gone. `run` ends."""
        self._client.publish(self._topic, b"", retain=True)
        self._ended.set()
        await self._client.stop()

    def _on_messages(self, connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        for packet in packets:
            self._presence.heard(packet.topic, packet.payload)
        self._presence_changed.set()
        connection.acknowledge([packet.packet_id for packet in packets if packet.packet_id is not None])

    def _on_acknowledged(self, token: object, reason: mqtt5.PubAckReasonCode) -> None:
        if isinstance(token, Sent):  # else a word of presence
            self._downlink.on_acknowledged(token, reason)

    def _on_connected(self, _connection: Connection) -> None:
        log.info("mqtt_connected", session="control")
        self._tell_connected()

    def _on_disconnected(self, reason: MqttError) -> None:
        log.warning("mqtt_disconnected", session="control", reason=str(reason))
        metrics.MQTT_RECONNECTS.labels("control").inc()

    async def _on_rabbitmq_connected(self, connection: AmqpConnection) -> None:
        await connection.consume(
            names.COMMAND_QUEUE,
            lambda delivery: self._downlink.take(Order(delivery, connection)),
            prefetch=AT_ONCE,
        )
        self._reports.connected(lambda key, body, headers: connection.publish(key, body, headers=headers))

    def _on_rabbitmq_disconnected(self, _reason: AmqpError) -> None:
        self._reports.disconnected()
        self._downlink.disconnected()
