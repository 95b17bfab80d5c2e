"""The bridge's promises on the real brokers: nothing is acknowledged early, nothing grows without bound."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import mqtt5
import numpy as np
import pytest

from stack.local import Stack
from tests.integration.clients import Publisher, publisher
from tests.integration.pipeline import Database, Pipeline, connect, running, wait_for
from tests.integration.relay import batch
from wire import names
from wire.codec import encode_measurements
from wire.relay_pb2 import Kind


@pytest.fixture
def pipeline(stack: Stack, tmp_path: Path) -> Iterator[Pipeline]:
    with running(stack, tmp_path) as one:
        yield one


@pytest.fixture
def database(stack: Stack) -> Iterator[Database]:
    with connect(stack) as connection:
        yield connection


@pytest.fixture
def frozen(stack: Stack) -> Iterator[None]:
    """RabbitMQ neither answers nor goes away."""
    process = stack.servers["rabbitmq"].process
    assert process is not None
    process.send(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send(signal.SIGCONT)


def stored(database: Database, serial: str) -> int:
    row = database.execute(
        "SELECT batch_count FROM sensor_overview WHERE serial_number = %s", [serial]
    ).fetchone()
    return int(row[0]) if row else 0


async def measure(sensor: Publisher, serial: str, count: int, first: int = 0) -> None:
    topic = names.topic(serial, Kind.KIND_MEASUREMENTS)
    for sequence in range(first, first + count):
        reason = await sensor.publish(topic, encode_measurements(batch(sequence)))
        assert reason is mqtt5.PubAckReasonCode.SUCCESS


async def test_rabbitmq_frozen_nothing_is_acknowledged_until_it_confirms(
    stack: Stack, pipeline: Pipeline, database: Database, request: pytest.FixtureRequest
) -> None:
    """The broker keeps what the bridge did not acknowledge; all of it is stored afterwards."""
    bridge, _ = await asyncio.to_thread(pipeline.spine)
    async with publisher(stack, "frozen-1") as sensor:
        await measure(sensor, "frozen-1", 5)
        await asyncio.to_thread(wait_for, lambda: bridge.metric("bridge_acknowledged_total") == 5, 10, "acks")
        request.getfixturevalue("frozen")
        await measure(sensor, "frozen-1", 20, first=5)  # Mosquitto takes them
        await asyncio.to_thread(
            wait_for, lambda: bridge.metric("bridge_in_flight_messages") == 20, 10, "all are with the bridge"
        )
        await asyncio.sleep(0.5)  # time enough to do it wrong
        assert bridge.metric("bridge_acknowledged_total") == 5
    process = stack.servers["rabbitmq"].process
    assert process is not None
    process.send(signal.SIGCONT)
    await asyncio.to_thread(wait_for, lambda: stored(database, "frozen-1") == 25, 60, "all are stored")
    assert bridge.metric("bridge_in_flight_messages") == 0


async def test_rabbitmq_frozen_what_is_in_flight_is_bounded(
    stack: Stack, pipeline: Pipeline, database: Database, request: pytest.FixtureRequest
) -> None:
    """Reading stops at the bound, Mosquitto queues the rest, and nothing is lost."""
    bridge = pipeline.start(
        "bridge", ["bridge"], "bridge-0", STREAMING_BRIDGE_IN_FLIGHT_BYTES="1000000"
    ).wait_ready()
    pipeline.ingest().wait_ready()
    samples = np.arange(10_000, dtype=np.float32)
    payloads = [encode_measurements(batch(sequence, samples, frequency_hz=10_000)) for sequence in range(100)]
    request.getfixturevalue("frozen")
    async with publisher(stack, "flight-1") as sensor:
        topic = names.topic("flight-1", Kind.KIND_MEASUREMENTS)
        await asyncio.gather(*(sensor.publish(topic, payload) for payload in payloads))
    await asyncio.to_thread(wait_for, lambda: bridge.metric("bridge_pauses_total") > 0, 10, "it pauses")
    # what one read of the socket brings may come on top
    assert bridge.metric("bridge_in_flight_bytes") < 2_000_000
    process = stack.servers["rabbitmq"].process
    assert process is not None
    process.send(signal.SIGCONT)
    await asyncio.to_thread(wait_for, lambda: stored(database, "flight-1") == 100, 60, "all are stored")


async def test_rabbitmq_away_bridge_is_not_ready_and_goes_on_when_it_is_back(
    stack: Stack, pipeline: Pipeline, database: Database
) -> None:
    """It is alive meanwhile, and tries again by itself."""
    stack.servers["rabbitmq"].stop()
    try:
        bridge = pipeline.bridge()
        await asyncio.to_thread(
            wait_for, lambda: "rabbitmq_unreachable" in bridge.log.read_text(), 20, "it says what it misses"
        )
        assert not bridge.ready()
        assert bridge.process.poll() is None
    finally:
        stack.servers["rabbitmq"].start()
        stack.wait_ready("rabbitmq")
    await asyncio.to_thread(bridge.wait_ready)
    pipeline.ingest().wait_ready()
    async with publisher(stack, "patient-1") as sensor:
        await measure(sensor, "patient-1", 1)
    await asyncio.to_thread(wait_for, lambda: stored(database, "patient-1") == 1, 10, "it is stored")


async def test_bridge_that_is_the_last_leaves_its_session_to_the_broker(
    stack: Stack, pipeline: Pipeline, database: Database
) -> None:
    """What comes while there is no bridge waits, and the next bridge relays it."""
    bridge, _ = await asyncio.to_thread(pipeline.spine)
    assert await asyncio.to_thread(bridge.stop) == 0
    async with publisher(stack, "lonely-1") as sensor:
        await measure(sensor, "lonely-1", 10)
    assert stored(database, "lonely-1") == 0
    pipeline.bridge().wait_ready()
    await asyncio.to_thread(wait_for, lambda: stored(database, "lonely-1") == 10, 10, "all are stored")


async def test_bridge_that_hands_over_takes_its_subscription_along(
    stack: Stack, pipeline: Pipeline, database: Database
) -> None:
    """No session stays behind to which the broker gives every other message; the retained presence goes, too."""
    first = pipeline.bridge().wait_ready()
    second = pipeline.bridge(1).wait_ready()
    pipeline.ingest().wait_ready()

    async with publisher(stack, "handed-bridge-1") as sensor:
        await measure(sensor, "handed-bridge-1", 20)
        assert await asyncio.to_thread(first.stop, 10) == 0
        assert '"hand_over": true' in first.log.read_text()
        await measure(sensor, "handed-bridge-1", 20, first=20)
    await asyncio.to_thread(wait_for, lambda: stored(database, "handed-bridge-1") == 40, 10, "all are stored")
    assert second.metric("bridge_acknowledged_total") >= 20
