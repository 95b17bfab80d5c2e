"""One MQTT connection against a server that says exactly what the test wants, when it wants."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import mqtt5
import pytest

from runtime.mqtt import Connection, MqttError, Options, connect
from runtime.mqtt_client import Client

CONNACK = mqtt5.ConnAckPacket(receive_max=20).write()


class Peer:
    """The other end of one connection."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self._changed = asyncio.Event()
        self.writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        while data := await reader.read(65_536):
            self.heard += data
            self._changed.set()
        writer.close()

    async def say(self, data: bytes) -> None:
        while self.writer is None:
            await asyncio.sleep(0.001)
        self.writer.write(data)
        await self.writer.drain()

    def packets(self) -> list[mqtt5.Packet]:
        found, view = [], memoryview(bytes(self.heard))
        while view:
            packet, size = mqtt5.read(view)
            found.append(packet)
            view = view[size:]
        return found

    async def until_heard(self, count: int) -> list[mqtt5.Packet]:
        async with asyncio.timeout(5):
            while len(self.packets()) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.packets()


class Ears:
    """What the connection hands over."""

    def __init__(self) -> None:
        self.reads: list[list[bytes]] = []
        self.acknowledged: list[int] = []

    def on_messages(self, _connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        self.reads.append([packet.payload for packet in packets])

    def on_acknowledged(self, _connection: Connection, packets: list[mqtt5.PubAckPacket]) -> None:
        self.acknowledged += [packet.packet_id for packet in packets]

    async def until(self, count: int) -> list[bytes]:
        async with asyncio.timeout(5):
            while len(payloads := [p for read in self.reads for p in read]) < count:
                await asyncio.sleep(0.001)
        return payloads


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Peer, int]]:
    peer = Peer()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    try:
        yield peer, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        if peer.writer is not None:
            peer.writer.close()
            await asyncio.gather(peer.writer.wait_closed(), return_exceptions=True)


@asynccontextmanager
async def connected(*, keep_alive_s: int = 30) -> AsyncIterator[tuple[Peer, Connection, Ears]]:
    ears = Ears()
    async with listening() as (peer, port):
        options = Options("127.0.0.1", port, "pump-1", keep_alive_s=keep_alive_s)
        connecting = asyncio.create_task(connect(options, ears.on_messages, ears.on_acknowledged))
        await peer.say(CONNACK)
        connection = await connecting
        try:
            yield peer, connection, ears
        finally:
            connection.abort(MqttError("the test is over"))
            await connection.closed


def publish(payload: bytes, packet_id: int) -> bytes:
    return mqtt5.PublishPacket("a", payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=packet_id).write()


async def test_connect_says_who_it_is_and_learns_what_it_may() -> None:
    """The session's expiry, the receive maximum."""
    async with connected() as (peer, connection, _):
        [said] = await peer.until_heard(1)
        assert isinstance(said, mqtt5.ConnectPacket)
        assert (said.client_id, said.clean_start) == ("pump-1", False)
        assert said.session_expiry_interval == 7 * 24 * 3600
        assert connection.receive_maximum == 20
        assert not connection.session_present


async def test_packets_in_one_read_are_handed_over_together() -> None:
    """One call for all of them: that is what a message costs little for."""
    async with connected() as (peer, connection, ears):
        payloads = [b"%d" % number for number in range(100)]
        await peer.say(b"".join(publish(payload, 1 + number) for number, payload in enumerate(payloads)))
        assert await ears.until(100) == payloads
        assert len(ears.reads) < 5
        connection.acknowledge(range(1, 101))
        said = await peer.until_heard(101)
        assert [packet.packet_id for packet in said if isinstance(packet, mqtt5.PubAckPacket)] == list(
            range(1, 101)
        )


@pytest.mark.parametrize("piece", [1, 3, 7])
async def test_packets_cut_anywhere_arrive_whole(piece: int) -> None:
    """TCP knows no packets."""
    async with connected() as (peer, _, ears):
        data = publish(b"first", 1) + mqtt5.PubAckPacket(9).write() + publish(b"x" * 200, 2) + publish(b"", 3)
        for start in range(0, len(data), piece):
            await peer.say(data[start : start + piece])
            await asyncio.sleep(0)
        assert await ears.until(3) == [b"first", b"x" * 200, b""]
        assert ears.acknowledged == [9]


async def test_bytes_that_are_no_packet_end_the_connection_with_the_reason() -> None:
    """What was whole before them is still handed over."""
    async with connected() as (peer, connection, ears):
        await peer.say(publish(b"good", 1) + b"\x00\x00\x00\x00")
        async with asyncio.timeout(5):
            reason = await connection.closed
        assert "malformed packet" in str(reason)
        assert reason.retryable
        assert await ears.until(1) == [b"good"]


@pytest.mark.parametrize(
    ("code", "retryable"),
    [
        (mqtt5.ConnAckReasonCode.BAD_USER_NAME_OR_PASSWORD, False),
        (mqtt5.ConnAckReasonCode.SERVER_BUSY, True),
    ],
)
async def test_refusal_says_whether_trying_again_helps(
    code: mqtt5.ConnAckReasonCode, retryable: bool
) -> None:
    """A wrong password stays wrong, a busy broker does not stay busy."""
    ears = Ears()
    async with listening() as (peer, port):
        connecting = asyncio.create_task(
            connect(Options("127.0.0.1", port, "pump-1"), ears.on_messages, ears.on_acknowledged)
        )
        await peer.say(mqtt5.ConnAckPacket(reason_code=code).write())
        with pytest.raises(MqttError, match=f"refuses pump-1: {code.name}") as caught:
            await connecting
    assert caught.value.retryable is retryable


async def test_broker_that_never_answers_is_given_up() -> None:
    """It accepts the connection and says nothing."""
    ears = Ears()
    async with listening() as (_, port):
        options = Options("127.0.0.1", port, "pump-1", connect_timeout_s=0.1)
        with pytest.raises(MqttError, match=r"does not answer within 0\.1 s"):
            await connect(options, ears.on_messages, ears.on_acknowledged)


async def test_nobody_listens_names_the_address() -> None:
    """And is worth another try."""
    ears = Ears()
    async with listening() as (_, port):
        pass
    with pytest.raises(MqttError, match=f"cannot reach the MQTT broker at 127.0.0.1:{port}") as caught:
        await connect(Options("127.0.0.1", port, "pump-1"), ears.on_messages, ears.on_acknowledged)
    assert caught.value.retryable


async def test_broker_silent_is_asked_and_then_left() -> None:
    """A ping at half of the keep-alive; no answer for one and a half of it is a lost connection."""
    async with connected(keep_alive_s=1) as (peer, connection, _):
        said = await peer.until_heard(2)
        assert isinstance(said[1], mqtt5.PingReqPacket)
        async with asyncio.timeout(5):
            reason = await connection.closed
        assert "silent" in str(reason)


async def test_subscription_refused_names_the_filter() -> None:
    """The others may have been granted."""
    async with connected() as (peer, connection, _):
        filters = [mqtt5.TopicFilter("sensors/a/#"), mqtt5.TopicFilter("sensors/b/#")]
        subscribing = asyncio.create_task(connection.subscribe(5, filters))
        await peer.until_heard(2)
        codes = [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE, mqtt5.SubAckReasonCode.NOT_AUTHORIZED]
        await peer.say(mqtt5.SubAckPacket(5, codes).write())
        with pytest.raises(MqttError, match="sensors/b/#: NOT_AUTHORIZED"):
            await subscribing


async def test_subscription_fails_with_its_connection() -> None:
    """Nobody waits for an answer that cannot come."""
    async with connected() as (peer, connection, _):
        subscribing = asyncio.create_task(connection.subscribe(5, [mqtt5.TopicFilter("a")]))
        await peer.until_heard(2)
        assert peer.writer is not None
        peer.writer.close()
        with pytest.raises(MqttError, match="connection lost"):
            await subscribing
        with pytest.raises(MqttError):
            await connection.subscribe(6, [mqtt5.TopicFilter("a")])


async def test_paused_reading_leaves_messages_to_the_broker() -> None:
    """Until it is resumed: then nothing is missing."""
    async with connected() as (peer, connection, ears):
        connection.pause_reading()
        connection.pause_reading()
        await peer.say(publish(b"later", 1))
        await asyncio.sleep(0.05)
        assert ears.reads == []
        connection.resume_reading()
        assert await ears.until(1) == [b"later"]


async def test_client_cancelled_while_it_connects_connects_no_more() -> None:
    """Nobody would hear of what comes of it."""
    async with listening() as (peer, port):
        client = Client(Options("127.0.0.1", port, "pump-1", "pump-1", b"x"))
        running = asyncio.create_task(client.run(asyncio.Event()))
        await peer.until_heard(1)  # CONNECT, which is not answered
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        async with asyncio.timeout(5):
            while "connecting" in {task.get_name() for task in asyncio.all_tasks()}:
                await asyncio.sleep(0.001)
