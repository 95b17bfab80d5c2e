"""What a bridge would have put into RabbitMQ, without a bridge: envelopes straight to the streams."""

import asyncio
import gc
import time
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pika

from runtime.amqp import parameters
from runtime.config import RabbitmqSettings
from runtime.streams import StreamPublisher
from stack.local import Stack
from tests.integration.clients import dead_letters
from wire import names
from wire.codec import Batch, ChannelBatch, Position, Samples, encode_measurements
from wire.envelope import entry, prefix, to_amqp
from wire.relay_pb2 import DeadLetter, Kind

SESSION = 4711
# a time that no test's clock is before
START_NS = time.time_ns() // 10**9 * 10**9 - 600 * 10**9


def rabbitmq(stack: Stack, role: str = "bridge-0") -> RabbitmqSettings:
    given = {
        name.removeprefix("STREAMING_").lower(): value for name, value in stack.environment(role).items()
    }
    return RabbitmqSettings.model_validate(given)


def batch(
    sequence: int,
    samples: Samples | None = None,
    *,
    start_ns: int | None = None,
    frequency_hz: float = 100.0,
    channels: int = 1,
    session: int = SESSION,
    position: Position | None = None,
) -> Batch:
    """Batch number `sequence` of a session; by default 10 samples that follow those of the one before."""
    values = np.arange(10, dtype=np.float32) + sequence if samples is None else samples
    if start_ns is None:
        start_ns = START_NS + round(sequence * len(values) * 1e9 / frequency_hz)
    parts = tuple(ChannelBatch(channel, (values + channel).tobytes()) for channel in range(channels))
    return Batch(session, sequence, start_ns, frequency_hz, len(values), parts, position)


def envelope(serial_number: str, payloads: Iterable[bytes], kind: Kind = Kind.KIND_MEASUREMENTS) -> bytes:
    """One stream message with these payloads of one sensor."""
    received = time.time_ns().to_bytes(8, "little")
    return to_amqp(b"".join(entry(prefix(serial_number, kind), received, payload) for payload in payloads))


def restart_partition(stack: Stack, stream: str) -> None:
    """RabbitMQ chooses the stream's leader anew, as it may at any time: clients are told, connections stay."""
    server = stack.servers["rabbitmq"]
    restart = f'rabbit_stream_queue:restart_stream(<<"/">>, <<"{stream}">>, #{{}}).'
    server.sandbox.run(["rabbitmqctl", "eval", restart], server.environment())


class Relay:
    """Publishes as a bridge does. Use as an asynchronous context manager."""

    def __init__(self, stack: Stack) -> None:
        self._publisher = StreamPublisher(rabbitmq(stack), "test")
        self._partitions: list[str] = []
        # rstream leaves the sockets of failed connections to the garbage collector
        self._warnings = warnings.catch_warnings()

    async def __aenter__(self) -> "Relay":
        self._warnings.__enter__()
        warnings.simplefilter("ignore", ResourceWarning)
        self._partitions = await self._publisher.partitions(names.DATA_SUPER_STREAM)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._publisher.close()
        gc.collect()
        self._warnings.__exit__(None, None, None)

    def partition(self, serial_number: str) -> str:
        return self._partitions[names.partition_of(serial_number, len(self._partitions))]

    async def raw(self, stream: str, message: bytes) -> None:
        """One stream message; tried again until RabbitMQ confirms."""
        while True:
            try:
                return await self._publisher.publish(stream, message)
            except ConnectionError:
                await asyncio.sleep(0.2)

    async def payloads(
        self, serial_number: str, payloads: Sequence[bytes], kind: Kind = Kind.KIND_MEASUREMENTS
    ) -> None:
        stream = names.LOG_STREAM if kind == Kind.KIND_LOG else self.partition(serial_number)
        await self.raw(stream, envelope(serial_number, payloads, kind))

    async def batches(self, serial_number: str, batches: Iterable[Batch]) -> None:
        await self.payloads(serial_number, [encode_measurements(one) for one in batches])


class Queues:
    """Publishes to the exchange as a bridge does."""

    def __init__(self, stack: Stack) -> None:
        self._connection = pika.BlockingConnection(parameters(rabbitmq(stack), "test"))
        self._channel: Any = self._connection.channel()
        self._channel.confirm_delivery()

    def close(self) -> None:
        self._connection.close()

    def publish(
        self, serial_number: str, kind: Kind, payload: bytes, *, received_ns: int | None = None
    ) -> None:
        self._channel.basic_publish(
            names.EXCHANGE,
            names.routing_key(serial_number, names.LEVEL_BY_KIND[kind]),
            payload,
            pika.BasicProperties(
                delivery_mode=2,
                headers={
                    names.HEADER_SERIAL_NUMBER: serial_number,
                    names.HEADER_RECEIVED_NS: received_ns or time.time_ns(),
                },
            ),
            mandatory=True,
        )


async def dead_letters_of(stack: Stack, serial_number: str, count: int) -> list[DeadLetter]:
    """The first `count` dead letters of a sensor. TimeoutError where there are fewer."""

    def of_sensor(letters: list[DeadLetter]) -> list[DeadLetter]:
        return [letter for letter in letters if letter.serial_number == serial_number]

    return of_sensor(await dead_letters(stack, lambda letters: len(of_sensor(letters)) >= count))[:count]
