"""The MQTT client against the real Mosquitto."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import mqtt5
import pytest

from runtime.mqtt import Connection, MqttError, Options
from runtime.mqtt_client import Client, OnMessages
from stack.local import Stack
from tests.integration.clients import publisher
from wire import names
from wire.names import CommandLevel


async def sensor_options(stack: Stack, serial: str, *, password: str | None = None) -> Options:
    assert stack.ports is not None
    made = await asyncio.to_thread(stack.credentials, [serial])
    secret = (password or made[serial]).encode()
    return Options("127.0.0.1", stack.ports.mqtt, serial, serial, secret, session_expiry_s=60)


@asynccontextmanager
async def running(client: Client) -> AsyncIterator[Client]:
    stop = asyncio.Event()
    task = asyncio.create_task(client.run(stop))
    async with asyncio.timeout(10):
        await client.room.wait()
    try:
        yield client
    finally:
        stop.set()
        await asyncio.gather(task, return_exceptions=True)
        await client.stop(session_expiry_s=0)


def into(queue: "asyncio.Queue[bytes]") -> OnMessages:
    """Acknowledges, and puts the payloads there."""

    def on_messages(connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        connection.acknowledge([p.packet_id for p in packets if p.packet_id is not None])
        for packet in packets:
            queue.put_nowait(packet.payload)

    return on_messages


async def test_wrong_password_ends_run_at_once(stack: Stack) -> None:
    """Trying again would not help, so it is not tried."""
    client = Client(await sensor_options(stack, "client-1", password="wrong"))
    with pytest.raises(MqttError, match="refuses client-1") as caught:
        async with asyncio.timeout(10):
            await client.run(asyncio.Event())
    assert not caught.value.retryable


async def test_publish_without_subscriber_says_that_nobody_holds_it(stack: Stack) -> None:
    """The reason code on which a sensor's store and forward rests."""
    async with publisher(stack, "client-2") as sensor:
        reason = await sensor.publish("sensors/client-2/gossip", b"anybody?")
    assert reason is mqtt5.PubAckReasonCode.NO_MATCHING_SUBSCRIBERS


async def test_connection_lost_with_messages_under_way_sends_them_again(stack: Stack) -> None:
    """What was not acknowledged is published on the next connection, and acknowledged once."""
    acknowledged: list[object] = []
    client = Client(
        await sensor_options(stack, "client-3"),
        on_acknowledged=lambda token, _reason: acknowledged.append(token),
    )
    async with running(client):
        assert client.connection is not None
        for token in range(10):
            assert client.publish("sensors/client-3/gossip", b"x", token=token)
        client.connection.abort(MqttError("pulled the plug"))  # before any answer was read
        async with asyncio.timeout(10):
            while len(acknowledged) < 10:
                await asyncio.sleep(0.01)
    assert sorted(acknowledged, key=str) == list(range(10))
    assert client.reconnects == 1


async def test_window_full_refuses_to_publish(stack: Stack) -> None:
    """At most `window` messages are unacknowledged; the next has to wait where it is."""
    client = Client(await sensor_options(stack, "client-4"), window=3)
    async with running(client):
        taken = [client.publish("sensors/client-4/gossip", b"x") for _ in range(5)]
        assert taken == [True, True, True, False, False]
        async with asyncio.timeout(10):
            await client.room.wait()
        assert client.can_publish


async def test_command_for_an_offline_sensor_waits_in_its_session(stack: Stack) -> None:
    """It comes when the sensor is back."""
    serial = "client-5"
    options = await sensor_options(stack, serial)
    got: asyncio.Queue[bytes] = asyncio.Queue()
    on_messages = into(got)
    first = Client(options, filters=(names.command_filter(serial),), on_messages=on_messages)
    stop = asyncio.Event()
    task = asyncio.create_task(first.run(stop))
    await first.room.wait()
    stop.set()
    await task
    await first.stop()
    async with publisher(stack, "control") as control:
        topic = names.command_topic(serial, CommandLevel.IDENTIFY)
        assert await control.publish(topic, b"hello") is mqtt5.PubAckReasonCode.SUCCESS
    async with running(Client(options, filters=(names.command_filter(serial),), on_messages=on_messages)):
        async with asyncio.timeout(10):
            assert await got.get() == b"hello"


async def test_second_client_with_the_same_name_ends_the_first(stack: Stack) -> None:
    """They do not throw each other out for ever: the first says what happened and gives up."""
    options = await sensor_options(stack, "client-6")
    first = Client(options)
    task = asyncio.create_task(first.run(asyncio.Event()))
    async with asyncio.timeout(10):
        await first.room.wait()  # else the second one might be the first to be let in
    async with running(Client(options)):
        with pytest.raises(MqttError, match="SESSION_TAKEN_OVER"):
            async with asyncio.timeout(10):
                await task


async def test_mosquitto_restarted_client_is_back_with_its_subscription(stack: Stack) -> None:
    """Reconnects with backoff, subscribes anew, and gets messages again."""
    serial = "client-7"
    got: asyncio.Queue[bytes] = asyncio.Queue()
    client = Client(
        await sensor_options(stack, serial),
        filters=(names.command_filter(serial),),
        on_messages=into(got),
    )
    async with running(client):
        stack.restart("mosquitto")  # not in a thread: servers end with the thread that started them
        async with asyncio.timeout(20):
            while client.reconnects == 0 or client.connection is None:
                await asyncio.sleep(0.01)
        async with publisher(stack, "control") as control:
            await control.publish(names.command_topic(serial, CommandLevel.AWAKE), b"again")
        async with asyncio.timeout(10):
            assert await got.get() == b"again"


async def test_kinds_of_uplink_have_topics_that_a_sensor_may_write(stack: Stack) -> None:
    """The access control file and the contract agree."""
    async with publisher(stack, "client-8") as sensor:
        for kind in names.LEVEL_BY_KIND:
            reason = await sensor.publish(names.topic("client-8", kind), b"x")
            assert reason is not mqtt5.PubAckReasonCode.NOT_AUTHORIZED
