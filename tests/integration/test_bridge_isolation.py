"""What goes to the exchange, to the streams and down: none of them holds up another, and nothing is lost meanwhile."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import mqtt5
import pika
import pytest

from runtime.amqp import parameters
from runtime.mqtt import Options
from runtime.mqtt import connect as mqtt_connect
from stack.local import Stack
from tests.integration.clients import Publisher, publisher
from tests.integration.pipeline import Database, Pipeline, connect, running
from tests.integration.relay import batch, rabbitmq
from tests.integration.steering import command, operating, until
from wire import names
from wire.codec import encode_measurements
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import Identify, Log, LogLevel, State, Status

MANY = 1_500
_BOUNDS = {"STREAMING_BRIDGE_RECEIVE_MAXIMUM": "500", "STREAMING_BRIDGE_REGISTRY_RECEIVE_MAXIMUM": "500"}


@pytest.fixture
def pipeline(stack: Stack, tmp_path: Path) -> Iterator[Pipeline]:
    with running(stack, tmp_path) as one:
        yield one


@pytest.fixture
def database(stack: Stack) -> Iterator[Database]:
    with connect(stack) as connection:
        yield connection


@contextlib.contextmanager
def refusing(stack: Stack, level: str) -> Iterator[None]:
    """A queue that takes what all sensors say on one level, and is full."""
    with pika.BlockingConnection(parameters(rabbitmq(stack, "control"), "test")) as connection:
        channel = connection.channel()
        arguments = {"x-queue-type": "quorum", "x-max-length-bytes": 1, "x-overflow": "reject-publish"}
        channel.queue_declare("full", durable=True, arguments=arguments)
        channel.queue_bind("full", names.EXCHANGE, f"*.{level}")
        try:
            channel.confirm_delivery()
            properties = pika.BasicProperties(delivery_mode=2)
            with contextlib.suppress(pika.exceptions.NackError):
                while True:  # a queue takes a few more than its bound before it refuses
                    channel.basic_publish("", "full", b"full", properties)
            yield
        finally:
            channel.queue_delete("full")


def status(uptime_ms: int) -> bytes:
    return Status(
        state=State.STATE_AWAKE, uptime_ms=uptime_ms, time_ns=1_900_000_000 * 10**9
    ).SerializeToString()


def stored(database: Database, serial: str) -> int:
    row = database.execute(
        "SELECT batch_count FROM sensor_overview WHERE serial_number = %s", [serial]
    ).fetchone()
    return int(row[0]) if row else 0


async def measured_within(control: Publisher, database: Database, serial: str, timeout_s: float) -> None:
    """A good measurement passes."""
    topic = names.topic(serial, Kind.KIND_MEASUREMENTS)
    reason = await control.publish(topic, encode_measurements(batch(0)))
    assert reason is mqtt5.PubAckReasonCode.SUCCESS
    await until(lambda: stored(database, serial) == 1, f"the measurement of {serial}", timeout_s)


async def publish_all(control: Publisher, messages: list[tuple[str, bytes]]) -> None:
    for first in range(0, len(messages), 100):
        await asyncio.gather(
            *(control.publish(topic, payload) for topic, payload in messages[first : first + 100])
        )


async def test_status_queue_full_measurements_and_commands_pass(
    stack: Stack, pipeline: Pipeline, database: Database
) -> None:
    """More statuses than the bridge may hold wait; all are relayed when there is room, and none is lost."""
    bridge = pipeline.bridge(0, **_BOUNDS).wait_ready()
    pipeline.ingest().wait_ready()
    serials = [f"full-queue-{number}" for number in range(MANY)]
    async with publisher(stack, "control") as control, operating(stack, database) as operator:
        with refusing(stack, "status"):
            topics = [names.topic(serial, Kind.KIND_STATUS) for serial in serials]
            await publish_all(control, [(topic, status(1)) for topic in topics])
            await until(
                lambda: bridge.metric("bridge_in_flight_messages", session="registry") == 500, "it is full"
            )
            await measured_within(control, database, "full-queue-1", 2)
            assert bridge.metric("bridge_in_flight_messages", session="registry") == 500
            await operator.give("full-queue-1", command(identify=Identify()))
            await until(
                lambda: bridge.metric("bridge_command_reports_total", step="unreachable") == 1, "a command", 2
            )
            await until(lambda: bridge.metric("bridge_commands_under_way") == 0, "its report is safe", 2)
            assert bridge.ready()
        pipeline.ingest("registry").wait_ready()

        def known() -> int:
            [(count,)] = database.execute(
                "SELECT count(*) FROM sensor_overview WHERE serial_number LIKE 'full-queue-%' AND state = 'AWAKE'"
            ).fetchall()
            return int(count)

        await until(lambda: known() == MANY, "all statuses are stored", 30)
    assert bridge.metric("bridge_messages_total", kind="status") == MANY


async def test_status_queue_full_a_sensor_costs_one_status_however_many_it_sends(
    stack: Stack, pipeline: Pipeline, database: Database
) -> None:
    """Answers of sensors pass by the same session meanwhile; at last the newest status is stored."""
    bridge = pipeline.bridge(0, **_BOUNDS).wait_ready()
    async with publisher(stack, "control") as control:
        with refusing(stack, "status"):
            topic = names.topic("chatty-1", Kind.KIND_STATUS)
            await publish_all(control, [(topic, status(number)) for number in range(MANY)])
            await until(lambda: bridge.metric("bridge_superseded_total") > MANY - 50, "all have come")
            assert bridge.metric("bridge_in_flight_messages", session="registry") <= 2
        pipeline.ingest("registry").wait_ready()

        def uptime() -> object:
            row = database.execute("SELECT uptime_ms FROM sensor WHERE serial_number = 'chatty-1'").fetchone()
            return row and row[0]

        await until(lambda: uptime() == MANY - 1, "the newest is stored")


async def test_status_queue_full_a_bridge_stops_in_time_and_leaves_them_in_its_session(
    stack: Stack, pipeline: Pipeline, database: Database
) -> None:
    """As the last bridge, and as one that hands over: then it keeps this session, and the other ends empty."""
    environment = {"STREAMING_DRAIN_TIMEOUT_S": "3"}
    one, other = (pipeline.bridge(number, **environment).wait_ready() for number in (0, 1))
    serials = [f"stopping-{number}" for number in range(20)]
    async with publisher(stack, "control") as control:
        with refusing(stack, "status"):
            await publish_all(
                control, [(names.topic(serial, Kind.KIND_STATUS), status(1)) for serial in serials]
            )
            await until(
                lambda: sum(each.metric("bridge_in_flight_messages") for each in (one, other)) == 20,
                "they have them",
            )
            for bridge in (one, other):
                assert await asyncio.to_thread(bridge.stop, 5) == 0
                assert '"left_in_session"' in bridge.log.read_text()
            assert '"hand_over": true' in one.log.read_text()
    for number in (0, 1):
        pipeline.bridge(number).wait_ready()
    pipeline.ingest("registry").wait_ready()

    def known() -> bool:
        return database.execute(
            "SELECT count(*) FROM sensor_overview WHERE serial_number LIKE 'stopping-%' AND state = 'AWAKE'"
        ).fetchone() == (20,)

    await until(known, "all statuses are stored")


async def test_stream_missing_statuses_and_commands_pass(
    stack: Stack, pipeline: Pipeline, database: Database
) -> None:
    """The other way round: what is for a stream waits, up to its bound, until the stream is there."""
    bridge = pipeline.bridge(0, STREAMING_BRIDGE_IN_FLIGHT_BYTES="1000000").wait_ready()
    pipeline.ingest("registry").wait_ready()
    serial = "held-up-1"
    async with publisher(stack, "control") as control, operating(stack, database) as operator:
        with pika.BlockingConnection(parameters(rabbitmq(stack, "control"), "test")) as raw:
            raw.channel().queue_delete(names.LOG_STREAM)
        try:
            topic = names.topic(serial, Kind.KIND_LOG)
            line = Log(
                time_ns=time.time_ns(), level=LogLevel.LOG_LEVEL_INFO, logger="test", message="x" * 4_000
            ).SerializeToString()
            await publish_all(control, [(topic, line)] * 400)
            await until(lambda: bridge.metric("bridge_pauses_total", session="streams") == 1, "it pauses")
            await control.publish(names.topic(serial, Kind.KIND_STATUS), status(1))

            def known() -> bool:
                return database.execute(
                    "SELECT state FROM sensor_overview WHERE serial_number = %s", [serial]
                ).fetchone() == ("AWAKE",)

            await until(known, "the status is stored", 2)
            await operator.give(serial, command(identify=Identify()))
            await until(lambda: bridge.metric("bridge_command_reports_total") == 1, "a command", 2)
            assert bridge.metric("bridge_in_flight_bytes", session="streams") > 1_000_000
        finally:
            await asyncio.to_thread(stack._declare, print)
        await until(lambda: bridge.metric("bridge_in_flight_messages") == 0, "all are relayed", 30)


async def test_session_of_an_earlier_version_is_relayed_once_and_loses_nothing(
    stack: Stack, pipeline: Pipeline, database: Database
) -> None:
    """It was the only one, so a status that waits in it is nowhere else; what comes from now on comes by both."""
    assert stack.ports is not None
    options = Options(
        "127.0.0.1", stack.ports.mqtt, "bridge-0", "bridge-0", stack.passwords["mqtt/bridge-0"].encode()
    )
    earlier = await mqtt_connect(options, lambda *_: None, lambda *_: None)
    await earlier.subscribe(1, [mqtt5.TopicFilter(names.UPLINK_FILTER, max_qos=mqtt5.QoS.AT_LEAST_ONCE)])
    earlier.disconnect()
    await earlier.closed
    async with publisher(stack, "control") as control:
        topic = names.topic("earlier-1", Kind.KIND_STATUS)
        for number in range(5):
            await control.publish(topic, status(number))
        bridge = pipeline.bridge()
        pipeline.ingest("registry").wait_ready()
        bridge.wait_ready()

        def relayed() -> float:
            return bridge.metric("bridge_messages_total", kind="status")

        await until(lambda: relayed() == 5, "what waited is relayed")
        for number in range(5, 10):
            await control.publish(topic, status(number))
        await until(lambda: relayed() == 10, "what comes is relayed")
        await until(lambda: bridge.metric("bridge_in_flight_messages") == 0, "and confirmed")
        await asyncio.sleep(0.3)  # time enough for a second one
        assert relayed() == 10

        def uptime() -> object:
            row = database.execute(
                "SELECT uptime_ms FROM sensor WHERE serial_number = 'earlier-1'"
            ).fetchone()
            return row and row[0]

        await until(lambda: uptime() == 9, "the newest is stored")


async def test_bridge_killed_both_sessions_keep_what_comes(
    stack: Stack, pipeline: Pipeline, database: Database
) -> None:
    """Also over a restart of the broker: what one session leaves to the other, that one has."""
    pipeline.bridge().wait_ready().kill()
    async with publisher(stack, "control") as control:
        await control.publish(names.topic("kept-1", Kind.KIND_STATUS), status(1))
        await control.publish(names.topic("kept-1", Kind.KIND_MEASUREMENTS), encode_measurements(batch(0)))
    stack.restart("mosquitto")
    bridge = pipeline.bridge()
    pipeline.ingest().wait_ready()
    pipeline.ingest("registry").wait_ready()

    def known() -> bool:
        return database.execute(
            "SELECT state, batch_count FROM sensor_overview WHERE serial_number = 'kept-1'"
        ).fetchone() == ("AWAKE", 1)

    await until(known, "both are stored")
    assert bridge.metric("bridge_messages_total") == 2
