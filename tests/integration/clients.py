"""MQTT clients and stream readers for tests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import mqtt5
from rstream import AMQPMessage, Consumer, ConsumerOffsetSpecification, MessageContext, OffsetType
from rstream.recovery import BackOffRecoveryStrategy

from runtime.mqtt import Options
from runtime.mqtt_client import Client
from runtime.streams import FRAME_MAX
from stack.local import Stack
from wire.envelope import from_amqp
from wire.names import DEAD_STREAM
from wire.relay_pb2 import DeadLetter


class Publisher:
    """A connected MQTT client that waits for the broker's answer to each publish."""

    def __init__(
        self, client: Client, answers: "dict[object, asyncio.Future[mqtt5.PubAckReasonCode]]"
    ) -> None:
        self._client = client
        self._answers = answers

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> mqtt5.PubAckReasonCode:
        """The broker's reason code."""
        token = object()
        self._answers[token] = asyncio.get_running_loop().create_future()
        assert self._client.publish(topic, payload, retain=retain, token=token)
        async with asyncio.timeout(10):
            return await self._answers[token]


@asynccontextmanager
async def publisher(stack: Stack, username: str) -> AsyncIterator[Publisher]:
    """Connected as a sensor (which gets credentials), or as `control`, who may publish anywhere."""
    assert stack.ports is not None
    if username == "control":
        password = stack.passwords["mqtt/control"]
    else:
        made = await asyncio.to_thread(stack.credentials, [username])
        password = made[username]
    answers: dict[object, asyncio.Future[mqtt5.PubAckReasonCode]] = {}
    client = Client(
        Options("127.0.0.1", stack.ports.mqtt, username, username, password.encode(), session_expiry_s=0),
        on_acknowledged=lambda token, reason: answers[token].set_result(reason),
    )
    stop = asyncio.Event()
    running = asyncio.create_task(client.run(stop))
    async with asyncio.timeout(10):
        await client.room.wait()
    try:
        yield Publisher(client, answers)
    finally:
        stop.set()
        await running
        await client.stop()


async def dead_letters(
    stack: Stack, enough: Callable[[list[DeadLetter]], bool], timeout_s: float = 10.0
) -> list[DeadLetter]:
    """Read the dead-letter stream from its beginning until it holds enough. TimeoutError where it does not."""
    environment = stack.environment("control")
    found: list[DeadLetter] = []
    done = asyncio.Event()

    async def on_message(message: AMQPMessage | bytes, _context: MessageContext) -> None:
        assert isinstance(message, bytes)
        found.append(DeadLetter.FromString(from_amqp(message)))
        if enough(found):
            done.set()

    consumer = Consumer(
        "127.0.0.1",
        int(environment["STREAMING_RABBITMQ_STREAM_PORT"]),
        username=environment["STREAMING_RABBITMQ_USERNAME"],
        password=environment["STREAMING_RABBITMQ_PASSWORD"],
        frame_max=FRAME_MAX,
        recovery_strategy=BackOffRecoveryStrategy(False),
    )
    await consumer.start()
    try:
        await consumer.subscribe(
            DEAD_STREAM,
            on_message,
            decoder=bytes,
            offset_specification=ConsumerOffsetSpecification(OffsetType.FIRST, None),
        )
        async with asyncio.timeout(timeout_s):
            await done.wait()
    finally:
        await consumer.close()
    return found
