"""Bridges and servers die while commands are on their way: at worst one comes twice, none is lost, none overtakes."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bridge.downlink import AT_ONCE
from stack.local import Stack
from tests.integration.pipeline import Database, Pipeline, Service, connect, running
from tests.integration.steering import Operator, command, emulated, frequency, operating, until
from wire import names
from wire.sensor_pb2 import Identify


@pytest.fixture
def pipeline(stack: Stack, tmp_path: Path) -> Iterator[Pipeline]:
    with running(stack, tmp_path) as one:
        one.ingest("registry").wait_ready()
        yield one


@pytest.fixture
def database(stack: Stack, pipeline: Pipeline) -> Iterator[Database]:
    with connect(stack) as connection:
        yield connection


@pytest.fixture
async def operator(stack: Stack, database: Database) -> AsyncIterator[Operator]:
    async with operating(stack, database) as one:
        yield one


def pause(stack: Stack, name: str, number: signal.Signals) -> None:
    process = stack.servers[name].process
    assert process is not None
    process.send(number)


@pytest.fixture
def thaw(stack: Stack) -> Iterator[None]:
    """Whatever a test froze goes on afterwards."""
    yield
    for name in ("mosquitto", "rabbitmq"):
        pause(stack, name, signal.SIGCONT)


async def ready(service: Service) -> Service:
    return await asyncio.to_thread(service.wait_ready)


async def test_bridge_killed_while_a_sensor_is_away_the_answer_comes_by_the_next(
    stack: Stack, pipeline: Pipeline, operator: Operator
) -> None:
    """The answer waits in the bridge's session, as all that sensors say."""
    bridge = await ready(pipeline.bridge())
    async with emulated(stack, "killed-1") as [one]:
        await one.go()
        given = frequency(11.0)
        await operator.give(one.serial, given)
        await operator.becomes(given, "SENT")
        bridge.kill()
        await one.come()
        await until(lambda: one.sensor.applied == [11.0], "it is applied")
        await until(lambda: one.link.idle, "the MQTT broker holds the answer")
        assert operator.statuses([given]) == ["SENT"]
        await ready(pipeline.bridge())
        await operator.becomes(given, "APPLIED")
        assert one.sensor.applied == [11.0]


@pytest.mark.usefixtures("thaw")
async def test_bridge_killed_after_sending_and_before_its_report_the_command_comes_twice(
    stack: Stack, pipeline: Pipeline, operator: Operator
) -> None:
    """The queue still holds it, so the next bridge sends it again; the sensor applies it once."""
    bridge = await ready(pipeline.bridge())
    async with emulated(stack, "killed-2") as [one]:
        pause(stack, "mosquitto", signal.SIGSTOP)
        given = frequency(12.0)
        await operator.give(one.serial, given)
        await until(lambda: bridge.metric("bridge_commands_under_way") == 1, "the bridge has it")
        pause(stack, "rabbitmq", signal.SIGSTOP)
        pause(stack, "mosquitto", signal.SIGCONT)
        await until(lambda: bridge.metric("bridge_command_reports_total", step="sent") == 1, "it is sent")
        await until(lambda: one.sensor.applied == [12.0], "it is applied")
        bridge.kill()
        pause(stack, "rabbitmq", signal.SIGCONT)
        second = await ready(pipeline.bridge())
        await until(
            lambda: second.metric("bridge_command_reports_total", step="sent") == 1, "it is sent again"
        )
        row = await operator.becomes(given, "APPLIED")
        assert row.sent_at is not None
        await until(lambda: len(one.sensor.out) == 0 and one.link.idle, "all answers are out")
        assert one.sensor.applied == [12.0]
    assert second.metric("bridge_commands_total") == 1


async def test_bridge_stopped_settles_what_it_has(
    stack: Stack, pipeline: Pipeline, operator: Operator
) -> None:
    """SIGTERM: what was taken is sent and reported; the queue is empty, and nothing comes twice."""
    bridge = await ready(pipeline.bridge())
    async with emulated(stack, "stopped-1") as [one]:
        commands = [frequency(float(hz)) for hz in range(1, 101)]
        given = asyncio.gather(*(operator.give(one.serial, each) for each in commands))
        await until(lambda: bridge.metric("bridge_commands_total") > 0, "the bridge has some")
        assert await asyncio.to_thread(bridge.stop) == 0
        await given
        assert "commands_left" not in bridge.log.read_text()
        left = (await operator.connection.queue_depths([names.COMMAND_QUEUE]))[names.COMMAND_QUEUE]
        assert left is not None
        second = await ready(pipeline.bridge())
        await until(lambda: operator.statuses(commands) == ["APPLIED"] * 100, "all are applied")
        assert one.sensor.applied == [float(hz) for hz in range(1, 101)]
        assert second.metric("bridge_commands_total") == left[0]


@pytest.mark.parametrize("end", ["stopped", "killed"])
async def test_two_bridges_keep_the_order_of_one_sensors_commands(
    stack: Stack, pipeline: Pipeline, operator: Operator, end: str
) -> None:
    """One gives way to the other in the middle, by SIGTERM or kill -9 (then it comes back for its session)."""
    bridges = [await ready(pipeline.bridge(0)), await ready(pipeline.bridge(1))]
    wanted = [float(hz) for hz in range(1, 501)]
    async with emulated(stack, f"ordered-{end}") as [one]:
        commands = [frequency(hz) for hz in wanted]
        given = asyncio.gather(*(operator.give(one.serial, each) for each in commands))
        await until(lambda: len(one.sensor.applied) >= 20, "the first are applied")
        number = 0 if bridges[0].metric("bridge_commands_total") else 1
        if end == "killed":
            bridges[number].kill()
        else:
            assert await asyncio.to_thread(bridges[number].stop) == 0
        await given
        await until(lambda: len(one.sensor.applied) >= 500, "all are applied", timeout_s=60)
        if end == "killed":
            await ready(pipeline.bridge(number))
        await until(lambda: operator.statuses(commands) == ["APPLIED"] * 500, "and recorded", timeout_s=60)
        assert one.sensor.applied == wanted


@pytest.mark.parametrize("server", ["rabbitmq", "mosquitto", "postgres"])
async def test_server_restarted_while_commands_wait_for_a_sensor_that_is_away(
    stack: Stack, pipeline: Pipeline, database: Database, server: str
) -> None:
    """Those in the sensor's session and those in the queue survive; each is applied once, in order."""
    bridge = await ready(pipeline.bridge())
    async with emulated(stack, f"waiting-{server}") as [one]:
        await one.go()
        async with operating(stack, database) as operator:
            sent = [frequency(float(hz)) for hz in (21, 22)]
            for given in sent:
                await operator.give(one.serial, given)
                await operator.becomes(given, "SENT")
            assert await asyncio.to_thread(bridge.stop) == 0
            queued = frequency(23.0)
            await operator.give(one.serial, queued)
            await operator.becomes(queued, "QUEUED")
        stack.restart(server)  # not in another thread: a server dies with the thread that started it
        await ready(pipeline.bridge())
        with connect(stack) as fresh:
            async with operating(stack, fresh) as operator:
                await one.come()
                for given in (*sent, queued):
                    await operator.becomes(given, "APPLIED", timeout_s=60)
                assert one.sensor.applied == [21.0, 22.0, 23.0]


@pytest.mark.usefixtures("thaw")
async def test_mqtt_broker_away_commands_taken_are_bounded_and_the_rest_waits(
    stack: Stack, pipeline: Pipeline, operator: Operator
) -> None:
    """RabbitMQ keeps what the bridge has no room for; all pass once the broker is back."""
    bridge = await ready(pipeline.bridge())
    async with emulated(stack, "bounded-1") as [one]:
        pause(stack, "mosquitto", signal.SIGSTOP)
        commands = [command(identify=Identify()) for _ in range(700)]
        await asyncio.gather(*(operator.give(one.serial, each) for each in commands))
        await until(lambda: bridge.metric("bridge_commands_under_way") == AT_ONCE, "it is full")
        depth = (await operator.connection.queue_depths([names.COMMAND_QUEUE]))[names.COMMAND_QUEUE]
        assert depth == (700 - AT_ONCE, 1)
        pause(stack, "mosquitto", signal.SIGCONT)
        await until(lambda: operator.statuses(commands) == ["APPLIED"] * 700, "all are applied", 60)
    assert bridge.metric("bridge_commands_under_way") == 0


async def test_database_away_commands_pass_and_are_recorded_when_it_is_back(
    stack: Stack, pipeline: Pipeline
) -> None:
    """Steering does not need the database; what happened meanwhile waits in RabbitMQ, each step with its own time."""
    bridge = await ready(pipeline.bridge())
    async with emulated(stack, "unrecorded-1") as [one]:
        given = frequency(31.0)
        stack.servers["postgres"].stop()
        try:
            async with operating(stack, None) as operator:  # type: ignore[arg-type]  # it is away
                await operator.give(one.serial, given)
                await until(lambda: one.sensor.applied == [31.0], "it is applied")
        finally:
            stack.servers["postgres"].start()
            await asyncio.to_thread(stack.wait_ready, "postgres")
        with connect(stack) as database:
            async with operating(stack, database) as operator:
                row = await operator.becomes(given, "APPLIED", timeout_s=60)
        assert row.queued_at.timestamp() <= row.sent_at.timestamp() + 0.002
        assert row.ended_at is not None
        assert row.ended_at.timestamp() - row.queued_at.timestamp() < 5
    assert bridge.process.poll() is None
