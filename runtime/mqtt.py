"""One MQTT 5 connection: a small asyncio protocol around the `mqtt5` codec.

Everything that one read brings is parsed at once and handed over as a list, and everything that is
acknowledged at once goes out in one write: that, and no per-message task or future, is what makes it
an order of magnitude cheaper than the general clients. What survives a connection (unacknowledged
messages, subscriptions, reconnecting) is runtime.mqtt_client's.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import cast

import mqtt5

from runtime.cause import cause

Messages = Callable[["Connection", list[mqtt5.PublishPacket]], None]
Acknowledgements = Callable[["Connection", list[mqtt5.PubAckPacket]], None]

# CONNACK reasons after which trying again with the same options is pointless. (The codec's enums are not
# hashable, and compare with integers only after int().)
_PERMANENT = (
    mqtt5.ConnAckReasonCode.BAD_USER_NAME_OR_PASSWORD,
    mqtt5.ConnAckReasonCode.NOT_AUTHORIZED,
    mqtt5.ConnAckReasonCode.CLIENT_ID_NOT_VALID,
    mqtt5.ConnAckReasonCode.BANNED,
    mqtt5.ConnAckReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
    mqtt5.ConnAckReasonCode.BAD_AUTHENTICATION_METHOD,
)


class MqttError(ConnectionError):
    """The connection failed or ended. `retryable` is false where the same attempt must fail again."""

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Options:
    """How to connect, and as whom. The session outlives the connection by `session_expiry_s`."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: bytes | None = field(default=None, repr=False)
    keep_alive_s: int = 30
    session_expiry_s: int = 7 * 24 * 3600
    clean_start: bool = False
    receive_maximum: int = 65535
    maximum_packet_bytes: int = 1_000_000
    will: mqtt5.Will | None = None
    tls: ssl.SSLContext | None = None
    connect_timeout_s: float = 10.0

    def connect_packet(self) -> mqtt5.ConnectPacket:
        """The first packet of the connection."""
        return mqtt5.ConnectPacket(
            self.client_id,
            username=self.username,
            password=self.password,
            clean_start=self.clean_start,
            will=self.will,
            keep_alive=self.keep_alive_s,
            session_expiry_interval=self.session_expiry_s,
            receive_max=self.receive_maximum,
            max_packet_size=self.maximum_packet_bytes,
        )

    def with_clean_start(self) -> "Options":
        """The same, discarding whatever session the broker kept."""
        return replace(self, clean_start=True)


class Connection(asyncio.Protocol):
    """An established connection; made by `connect`.

    `on_messages` gets the PUBLISH packets of one read, `on_acknowledged` the PUBACKs of one read.
    Incoming QoS 1 messages are acknowledged only by `acknowledge`. `closed` is done when the
    connection has ended, with the reason as its result.
    """

    def __init__(self, options: Options, on_messages: Messages, on_acknowledged: Acknowledgements) -> None:
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[MqttError] = loop.create_future()
        self.connack: asyncio.Future[mqtt5.ConnAckPacket] = loop.create_future()
        self.writable = True
        self.on_writable: Callable[[], object] = lambda: None
        self._loop = loop
        self._options = options
        self._on_messages = on_messages
        self._on_acknowledged = on_acknowledged
        self._transport: asyncio.Transport | None = None
        self._partial = b""
        self._subscribing: dict[int, asyncio.Future[mqtt5.SubAckPacket | mqtt5.UnsubAckPacket]] = {}
        self._heard = self._said = loop.time()
        self._keep_alive: asyncio.TimerHandle | None = None
        self._reason: MqttError | None = None

    # What the broker granted; valid once connected.
    @property
    def session_present(self) -> bool:
        """Whether the broker still knew this client's session."""
        return self.connack.result().session_present

    @property
    def receive_maximum(self) -> int:
        """How many QoS 1 messages may be unacknowledged at the broker."""
        return self.connack.result().receive_max

    @property
    def maximum_packet_bytes(self) -> int:
        """The largest packet that the broker takes."""
        return self.connack.result().max_packet_size or 268_435_455

    # Sending: none of these waits.
    def publish(self, packet: mqtt5.PublishPacket) -> None:
        """Write one PUBLISH."""
        self._write(packet.write())

    def write_many(self, packets: Iterable[bytes]) -> None:
        """Write encoded packets in one go."""
        self._write(b"".join(packets))

    def acknowledge(self, packet_ids: Iterable[int]) -> None:
        """Send PUBACKs in one write; nothing once closed, for the broker will deliver anew."""
        self._write(b"".join([mqtt5.PubAckPacket(packet_id).write() for packet_id in packet_ids]))

    def pause_reading(self) -> None:
        """Take nothing more from the socket until `resume_reading`: backpressure for the broker."""
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Undo `pause_reading`."""
        if self._transport is not None and not self.closed.done() and not self._transport.is_reading():
            self._heard = self._loop.time()  # the broker's silence was ours
            self._transport.resume_reading()

    async def subscribe(
        self, packet_id: int, filters: list[mqtt5.TopicFilter], subscription_id: int | None = None
    ) -> None:
        """Subscribe and wait for the grant; MqttError where the broker refuses one, for good where it cannot share one.

        What comes by a subscription carries its id, also where it waits in the session.
        """
        if not self.connack.result().shared_subscription_available:
            # some grant it all the same, as a topic of that name, by which nothing ever comes
            shared = next((one.pattern for one in filters if one.pattern.startswith("$share/")), None)
            if shared is not None:
                raise MqttError(f"the broker has no shared subscriptions: {shared}", retryable=False)
        packet = mqtt5.SubscribePacket(packet_id, filters, subscription_id=subscription_id)
        answer = await self._request(packet_id, packet.write())
        for topic_filter, code in zip(filters, answer.reason_codes, strict=True):
            if int(code) >= 0x80:
                raise MqttError(f"the broker refuses a subscription to {topic_filter.pattern}: {code.name}")

    async def unsubscribe(self, packet_id: int, patterns: list[str]) -> None:
        """Unsubscribe and wait for the answer."""
        await self._request(packet_id, mqtt5.UnsubscribePacket(packet_id, patterns).write())

    def disconnect(self, session_expiry_s: int | None = None) -> None:
        """End the connection; the last will is not sent. 0 ends the session, too."""
        self._write(mqtt5.DisconnectPacket(session_expiry_interval=session_expiry_s).write())
        self._close(MqttError("disconnected by this side"))

    def abort(self, reason: MqttError) -> None:
        """Drop the connection as a power cut would: the broker sends the last will."""
        self._reason = self._reason or reason
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say CONNECT."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._write(self._options.connect_packet().write())

    def data_received(self, data: bytes) -> None:
        """Parse every whole packet of the read; keep the rest for the next."""
        self._heard = self._loop.time()
        if self._partial:
            data = self._partial + data
        view, end, position = memoryview(data), len(data), 0
        messages: list[mqtt5.PublishPacket] = []
        acknowledged: list[mqtt5.PubAckPacket] = []
        try:
            while position < end:
                packet, size = mqtt5.read(view[position:])
                position += size
                if isinstance(packet, mqtt5.PublishPacket):
                    messages.append(packet)
                elif isinstance(packet, mqtt5.PubAckPacket):
                    acknowledged.append(packet)
                else:
                    self._control(packet)
        except IndexError:
            pass  # the last packet is not whole yet
        except ValueError as error:
            self._close(MqttError(f"the broker sent a malformed packet: {error}"))
        self._partial = data[position:]
        if acknowledged:
            self._on_acknowledged(self, acknowledged)
        if messages:
            self._on_messages(self, messages)

    def pause_writing(self) -> None:
        """The socket's buffer is full."""
        self.writable = False

    def resume_writing(self) -> None:
        """It has room again."""
        self.writable = True
        self.on_writable()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody who waits."""
        reason = self._reason or MqttError(f"connection lost: {exc or 'closed by the broker'}")
        if self._keep_alive is not None:
            self._keep_alive.cancel()
        if not self.connack.done():
            self.connack.set_exception(reason)
        for waiting in self._subscribing.values():
            if not waiting.done():
                waiting.set_exception(reason)
        if not self.closed.done():
            self.closed.set_result(reason)

    def _control(self, packet: mqtt5.Packet) -> None:
        if isinstance(packet, mqtt5.ConnAckPacket):
            if packet.reason_code is mqtt5.ConnAckReasonCode.SUCCESS:
                self.connack.set_result(packet)
                self._start_keep_alive(packet)
            else:
                retryable = packet.reason_code not in _PERMANENT
                self._close(
                    MqttError(
                        f"the broker refuses {self._options.client_id}: {packet.reason_code.name}",
                        retryable=retryable,
                    )
                )
        elif isinstance(packet, mqtt5.SubAckPacket | mqtt5.UnsubAckPacket):
            waiting = self._subscribing.pop(packet.packet_id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(packet)
        elif isinstance(packet, mqtt5.DisconnectPacket):
            taken_over = packet.reason_code is mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER
            self._close(
                MqttError(
                    f"the broker disconnects {self._options.client_id}: {packet.reason_code.name}",
                    retryable=not taken_over,  # two with one name would throw each other out for ever
                )
            )

    async def _request(self, packet_id: int, packet: bytes) -> mqtt5.SubAckPacket | mqtt5.UnsubAckPacket:
        waiting: asyncio.Future[mqtt5.SubAckPacket | mqtt5.UnsubAckPacket] = self._loop.create_future()
        self._subscribing[packet_id] = waiting
        if self.closed.done():
            raise self.closed.result()
        self._write(packet)
        try:
            async with asyncio.timeout(self._options.connect_timeout_s):
                answer = await waiting
        except TimeoutError as error:
            raise MqttError("the broker does not answer a subscription") from error
        finally:
            self._subscribing.pop(packet_id, None)
        return answer

    def _start_keep_alive(self, connack: mqtt5.ConnAckPacket) -> None:
        interval = (
            connack.server_keep_alive if connack.server_keep_alive is not None else self._options.keep_alive_s
        )
        if interval:
            self._keep_alive = self._loop.call_later(interval / 2, self._check_alive, interval)

    def _check_alive(self, interval: float) -> None:
        now = self._loop.time()
        reading = self._transport is not None and self._transport.is_reading()
        if reading and now - self._heard > interval * 1.5:
            self.abort(MqttError(f"the broker is silent for {interval * 1.5:.0f} s"))
            return
        if now - min(self._said, self._heard) >= interval / 2:
            self._write(mqtt5.PingReqPacket().write())
        self._keep_alive = self._loop.call_later(interval / 2, self._check_alive, interval)

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None and not self._transport.is_closing():
            self._said = self._loop.time()
            self._transport.write(data)

    def _close(self, reason: MqttError) -> None:
        self._reason = self._reason or reason
        if self._transport is not None:
            self._transport.close()


async def connect(options: Options, on_messages: Messages, on_acknowledged: Acknowledgements) -> Connection:
    """Connect and wait for the CONNACK. MqttError where that fails or takes over `connect_timeout_s`."""
    loop = asyncio.get_running_loop()
    connection: Connection | None = None
    try:
        async with asyncio.timeout(options.connect_timeout_s):
            _, connection = await loop.create_connection(
                lambda: Connection(options, on_messages, on_acknowledged),
                options.host,
                options.port,
                ssl=options.tls,
            )
            await connection.connack
    except TimeoutError as error:
        reason = MqttError(
            f"the MQTT broker at {options.host}:{options.port} does not answer within {options.connect_timeout_s:g} s"
        )
        if connection is not None:
            connection.abort(reason)
        raise reason from error
    except asyncio.CancelledError:
        if connection is not None:
            connection.abort(MqttError("given up"))
        raise
    except MqttError:
        raise
    except OSError as error:
        raise MqttError(
            f"cannot reach the MQTT broker at {options.host}:{options.port}: {cause(error)}"
        ) from error
    return connection
