"""An MQTT session that outlives its connections: reconnects, subscribes anew, sends again.

What was published with QoS 1 and not acknowledged is kept (at most `window` messages) and sent again,
in order, on the next connection. Publishing never waits: `publish` says no when the window is full or
the connection is down, and the caller keeps the message where it belongs (a ring buffer, a queue).
"""

import asyncio
from collections.abc import Callable
from typing import Any

import mqtt5
import structlog

from runtime.backoff import Backoff
from runtime.mqtt import Connection, MqttError, Options, connect

log = structlog.get_logger()

_CLOSE_TIMEOUT_S = 1.0

OnMessages = Callable[[Connection, list[mqtt5.PublishPacket]], None]
OnAcknowledged = Callable[[object, mqtt5.PubAckReasonCode], None]


def _ignore_messages(connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
    connection.acknowledge([p.packet_id for p in packets if p.packet_id is not None])


class Client:
    """One MQTT session. `run` keeps it connected; the callbacks run on the event loop, in order.

    after: it connects only while this is set.
    on_messages: the PUBLISH packets of one read, with their connection; acknowledge through it.
    on_acknowledged: a token given to `publish` and the broker's reason; a reason other than SUCCESS
        means that nobody holds the message.
    on_connected / on_disconnected: after subscribing and resending / when a connection ended.
    """

    def __init__(
        self,
        options: Options,
        *,
        filters: tuple[str, ...] = (),
        subscription_id: int | None = None,
        after: asyncio.Event | None = None,
        window: int = 100,
        on_messages: OnMessages = _ignore_messages,
        on_acknowledged: OnAcknowledged = lambda _token, _reason: None,
        on_connected: Callable[[Connection], None] = lambda _connection: None,
        on_disconnected: Callable[[MqttError], None] = lambda _reason: None,
        backoff: Backoff | None = None,
    ) -> None:
        self._options = options
        self._filters = filters
        self._subscription_id = subscription_id
        self._after = after
        self._window = window
        self._on_messages = on_messages
        self._on_acknowledged = on_acknowledged
        self._on_connected = on_connected
        self._on_disconnected = on_disconnected
        self._backoff = backoff or Backoff()
        self._unacknowledged: dict[int, tuple[mqtt5.PublishPacket, object]] = {}
        self._packet_id = 0
        self.connection: Connection | None = None
        self.room = asyncio.Event()
        self.reconnects = 0

    @property
    def unacknowledged(self) -> int:
        """How many QoS 1 messages the broker has not acknowledged."""
        return len(self._unacknowledged)

    @property
    def can_publish(self) -> bool:
        """Whether `publish` with QoS 1 would take a message now."""
        connection = self.connection
        return (
            connection is not None
            and connection.writable
            and len(self._unacknowledged) < min(self._window, connection.receive_maximum)
        )

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: mqtt5.QoS = mqtt5.QoS.AT_LEAST_ONCE,
        retain: bool = False,
        expiry_s: int | None = None,
        token: object = None,
    ) -> bool:
        """Publish now, or return False (not connected, window or socket full) having done nothing."""
        connection = self.connection
        if connection is None or not self.can_publish:
            self.room.clear()
            return False
        packet_id = None
        if qos is mqtt5.QoS.AT_LEAST_ONCE:
            packet_id = self._next_packet_id()
        packet = mqtt5.PublishPacket(
            topic, payload, qos=qos, retain=retain, packet_id=packet_id, message_expiry_interval=expiry_s
        )
        if packet_id is not None:
            self._unacknowledged[packet_id] = (packet, token)
        connection.publish(packet)
        return True

    async def run(self, stop: asyncio.Event) -> None:
        """Stay connected until `stop`; MqttError where the broker refuses this client for good, or another took its name."""
        stopping = asyncio.create_task(stop.wait(), name="stopping")
        try:
            while not stop.is_set():
                connecting = asyncio.create_task(self._establish(), name="connecting")
                try:
                    await _first(stopping, connecting)
                except asyncio.CancelledError:  # else it would go on connecting for nobody
                    connecting.add_done_callback(lambda task: task.cancelled() or task.exception())
                    connecting.cancel()
                    raise
                if not connecting.done():
                    connecting.cancel()
                    return
                try:
                    connection = connecting.result()
                except MqttError as error:
                    if not error.retryable:
                        raise
                    wait = self._backoff.next()
                    log.warning("mqtt_unreachable", error=str(error), retry_in_s=round(wait, 2))
                    await asyncio.wait([stopping], timeout=wait)
                    continue
                await _first(stopping, connection.closed)
                if connection.closed.done():
                    reason = connection.closed.result()
                    self._lost(reason)
                    if not reason.retryable:
                        raise reason
        finally:
            stopping.cancel()

    async def stop(self, session_expiry_s: int | None = None) -> None:
        """Disconnect without a last will; `session_expiry_s=0` ends the session as well."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.disconnect(session_expiry_s)
            await asyncio.wait([connection.closed], timeout=_CLOSE_TIMEOUT_S)
            if not connection.closed.done():  # the broker no longer reads
                connection.abort(MqttError("the broker does not answer"))
                await connection.closed

    async def unsubscribe(self, pattern: str) -> None:
        """Take no new messages of one filter; what the broker has queued for this session still comes."""
        self._filters = tuple(known for known in self._filters if known != pattern)
        if self.connection is not None:
            await self.connection.unsubscribe(self._next_packet_id(), [pattern])

    async def _establish(self) -> Connection:
        if self._after is not None:
            await self._after.wait()
        connection = await connect(self._options, self._on_messages, self._acknowledged)
        try:
            if self._filters:
                filters = [
                    mqtt5.TopicFilter(pattern, max_qos=mqtt5.QoS.AT_LEAST_ONCE) for pattern in self._filters
                ]
                await connection.subscribe(self._next_packet_id(), filters, self._subscription_id)
        except MqttError as error:
            connection.abort(error)
            raise
        self._resend(connection)
        self.connection = connection
        connection.on_writable = self.room.set
        self._backoff.reset()
        self.room.set()
        self._on_connected(connection)
        return connection

    def _resend(self, connection: Connection) -> None:
        for packet_id, (packet, token) in self._unacknowledged.items():
            again = mqtt5.PublishPacket(
                packet.topic,
                packet.payload,
                qos=packet.qos,
                retain=packet.retain,
                packet_id=packet_id,
                duplicate=True,
                message_expiry_interval=packet.message_expiry_interval,
            )
            self._unacknowledged[packet_id] = (again, token)
            connection.publish(again)

    def _lost(self, reason: MqttError) -> None:
        self.connection = None
        self.room.clear()
        self.reconnects += 1
        self._on_disconnected(reason)

    def _acknowledged(self, _connection: Connection, packets: list[mqtt5.PubAckPacket]) -> None:
        for packet in packets:
            published = self._unacknowledged.pop(packet.packet_id, None)
            if published is not None:
                self._on_acknowledged(published[1], packet.reason_code)
        self.room.set()

    def _next_packet_id(self) -> int:
        while True:
            self._packet_id = self._packet_id % 65535 + 1
            if self._packet_id not in self._unacknowledged:
                return self._packet_id


async def _first(*waiting: asyncio.Future[Any]) -> None:
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
