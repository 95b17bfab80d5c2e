"""Floods of bad messages, on the real servers: the good message behind them is in the database within a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import mqtt5
import pika
import pytest

from runtime.amqp import parameters
from runtime.mqtt import Options
from runtime.mqtt_client import Client
from stack.local import Stack
from tests.integration.clients import publisher
from tests.integration.pipeline import Database, Pipeline, connect, running
from tests.integration.relay import batch, rabbitmq
from tests.integration.steering import until
from wire import names
from wire.codec import encode_measurements
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import State, Status

SECONDS = 4
SERIAL = "behind-1"
WITHIN_S = 1.0


@pytest.fixture(scope="module")
def pipeline(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with running(stack, tmp_path_factory.mktemp("floods")) as one:
        for service in [one.bridge(), one.ingest(), one.ingest("registry")]:
            service.wait_ready()
        yield one
    # tests that read dead letters read all of them
    with pika.BlockingConnection(parameters(rabbitmq(stack, "control"), "test")) as connection:
        connection.channel().queue_delete(names.DEAD_STREAM)
    stack._declare(print)


@pytest.fixture
def database(stack: Stack) -> Iterator[Database]:
    with connect(stack) as connection:
        yield connection


@asynccontextmanager
async def flooding(
    stack: Stack, topic: Callable[[int], str], payload: bytes, a_second: int
) -> AsyncIterator[asyncio.Task[None]]:
    """Bad messages at this rate, from a client of their own; the task ends with them."""
    assert stack.ports is not None
    password = stack.passwords["mqtt/control"].encode()
    client = Client(
        Options("127.0.0.1", stack.ports.mqtt, "flood", "control", password, session_expiry_s=0),
        window=60_000,
    )
    ended = asyncio.Event()
    running_client = asyncio.create_task(client.run(ended))
    async with asyncio.timeout(10):
        await client.room.wait()

    async def flood() -> None:
        began, sent = time.monotonic(), 0
        while sent < SECONDS * a_second:
            while sent < min(SECONDS * a_second, (time.monotonic() - began) * a_second):
                sent += client.publish(topic(sent), payload)
                if not client.can_publish:
                    break
            await asyncio.sleep(0.01)
        print(f"{sent} messages in {time.monotonic() - began:.1f} s")

    flood_task = asyncio.create_task(flood())
    try:
        yield flood_task
    finally:
        flood_task.cancel()
        ended.set()
        await running_client
        await client.stop()


FLOODS: dict[str, tuple[Callable[[int], str], bytes, int]] = {
    "unknown topics": (lambda number: f"sensors/flood-1/gossip-{number}", b"hello" * 10, 6_000),
    "garbage measurements": (lambda _: names.topic("flood-1", Kind.KIND_MEASUREMENTS), b"\xff" * 50, 3_000),
    "garbage statuses": (
        lambda number: names.topic(f"flood-{number}", Kind.KIND_STATUS),
        b"\xff" * 50,
        3_000,
    ),
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_flood_of_bad_messages_good_ones_are_stored_within_a_second(
    stack: Stack, pipeline: Pipeline, database: Database, flood: str
) -> None:
    """Measurements and statuses, again and again while it lasts; every bad one becomes a dead letter."""
    topic, payload, a_second = FLOODS[flood]

    def dead() -> float:
        return sum(
            service.metric("bridge_dead_letters_total") + service.metric("ingest_dead_letters_total")
            for service in pipeline.services
        )

    def stored() -> tuple[int, int]:
        row = database.execute(
            "SELECT batch_count, uptime_ms FROM sensor_overview JOIN sensor USING (serial_number)"
            " WHERE serial_number = %s",
            [SERIAL],
        ).fetchone()
        return (int(row[0] or 0), int(row[1] or 0)) if row else (0, 0)

    dead_before, [count, _] = dead(), stored()
    waits: list[float] = []
    async with publisher(stack, "control") as control, flooding(stack, topic, payload, a_second) as going:
        while not going.done():
            await asyncio.sleep(0.25)
            count += 1
            said = Status(state=State.STATE_AWAKE, uptime_ms=count, time_ns=time.time_ns())
            published = time.monotonic()
            for kind, good in (
                (Kind.KIND_MEASUREMENTS, encode_measurements(batch(count))),
                (Kind.KIND_STATUS, said.SerializeToString()),
            ):
                reason = await control.publish(names.topic(SERIAL, kind), good)
                assert reason is mqtt5.PubAckReasonCode.SUCCESS
            await until(lambda now=count: stored() == (now, now), "the good ones are stored")  # type: ignore[misc]
            waits.append(time.monotonic() - published)
        print(f"{flood}: good messages waited at most {max(waits):.2f} s of {len(waits)}")
        await until(lambda: dead() - dead_before == SECONDS * a_second, "all are dead letters", 30)
    assert len(waits) > 3
    assert max(waits) < WITHIN_S
