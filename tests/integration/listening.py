"""What a sensor says, as it says it, and telling it something: a client of the broker beside it."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import mqtt5

from runtime.mqtt import Connection, Options
from runtime.mqtt_client import Client
from stack.local import Stack
from tests.integration.clients import Publisher
from wire import names
from wire.codec import Batch, decode_measurements
from wire.messages import decode_ack, decode_birth, decode_log, decode_status
from wire.names import CommandLevel
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import Birth, Command, CommandAck, Log, Status

FAR_FUTURE_NS = 4_000_000_000 * 10**9  # clocks are set on purpose here


class Listener:
    """Everything that a sensor publishes, as it comes."""

    def __init__(self, serial: str) -> None:
        self.serial = serial
        self.messages: list[tuple[str, bytes, bool]] = []
        self._changed = asyncio.Event()

    def heard(self, connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        connection.acknowledge([p.packet_id for p in packets if p.packet_id is not None])
        self.messages += [(p.topic, p.payload, p.retain) for p in packets]
        self._changed.set()

    def of(self, kind: Kind) -> list[bytes]:
        return [payload for topic, payload, _ in self.messages if topic == names.topic(self.serial, kind)]

    @property
    def batches(self) -> list[Batch]:
        """In the order in which they came, those that came twice, too."""
        return [decode_measurements(payload, FAR_FUTURE_NS) for payload in self.of(Kind.KIND_MEASUREMENTS)]

    @property
    def births(self) -> list[Birth]:
        return [decode_birth(payload, self.serial) for payload in self.of(Kind.KIND_BIRTH)]

    @property
    def statuses(self) -> list[Status]:
        return [decode_status(payload) for payload in self.of(Kind.KIND_STATUS)]

    @property
    def acks(self) -> list[CommandAck]:
        return [decode_ack(payload) for payload in self.of(Kind.KIND_ACK)]

    @property
    def logs(self) -> list[Log]:
        return [decode_log(payload, FAR_FUTURE_NS) for payload in self.of(Kind.KIND_LOG)]

    def sequences(self, session: int) -> set[int]:
        """Of the batches of a session."""
        return {batch.sequence for batch in self.batches if batch.session == session}

    async def until(self, condition: Callable[[], object], what: str, timeout_s: float = 15) -> None:
        """Return as soon as the condition holds; it is looked at after each message."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            raise AssertionError(f"not within {timeout_s} s: {what}") from error

    async def next_batch(self) -> Batch:
        """The first that comes from now on."""
        before = len(self.of(Kind.KIND_MEASUREMENTS))
        await self.until(lambda: len(self.of(Kind.KIND_MEASUREMENTS)) > before, "a batch")
        return self.batches[before]

    async def answer(self, command_id: bytes, count: int = 1) -> CommandAck:
        """The count-th acknowledgement of a command."""

        def answers() -> list[CommandAck]:
            return [ack for ack in self.acks if ack.command_id == command_id]

        await self.until(lambda: len(answers()) >= count, f"{count} acknowledgements")
        return answers()[count - 1]


@asynccontextmanager
async def listening(stack: Stack, serial: str) -> AsyncIterator[Listener]:
    """A subscriber whose session outlives the broker: nothing that was acknowledged passes it by."""
    assert stack.ports is not None
    listener = Listener(serial)
    secret = stack.passwords["mqtt/control"].encode()
    client = Client(
        Options(
            "127.0.0.1",
            stack.ports.mqtt,
            f"listener-{uuid.uuid4().hex[:12]}",
            "control",
            secret,
            session_expiry_s=60,
        ),
        filters=(f"sensors/{serial}/+",),
        on_messages=listener.heard,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(client.run(stop))
    async with asyncio.timeout(10):
        await client.room.wait()
    try:
        yield listener
    finally:
        stop.set()
        await task
        await client.stop(session_expiry_s=0)


async def tell(control: Publisher, serial: str, level: CommandLevel, **fields: object) -> bytes:
    """Publish a command; its id."""
    command = Command(**{"id": uuid.uuid4().bytes, "issued_time_ns": time.time_ns(), **fields})  # type: ignore[arg-type]  # by name
    reason = await control.publish(names.command_topic(serial, level), command.SerializeToString())
    assert reason is mqtt5.PubAckReasonCode.SUCCESS
    return command.id
