"""Commands end to end on the real servers: given, sent, answered, recorded; and those that cannot be."""

import asyncio
import json
import math
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pika
import pytest

from emulator.sensor import Sensor
from runtime.amqp import parameters
from runtime.amqp_errors import AmqpError
from stack.local import Stack
from tests.integration.clients import dead_letters
from tests.integration.pipeline import Database, Pipeline, connect, running
from tests.integration.relay import rabbitmq
from tests.integration.steering import (
    CLIENT,
    MAXIMUM_HZ,
    Operator,
    command,
    emulated,
    frequency,
    operating,
    until,
)
from wire import names
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import (
    Awake,
    ChangeSampleFrequency,
    CommandAck,
    Identify,
    Outcome,
    Reboot,
    Resend,
    Sleep,
    State,
    TriggerAlarm,
)


@pytest.fixture(scope="module")
def pipeline(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with running(stack, tmp_path_factory.mktemp("commands")) as one:
        services = [one.bridge(), one.ingest("registry")]
        for service in services:
            service.wait_ready()
        yield one


@pytest.fixture
def database(pipeline: Pipeline) -> Iterator[Database]:
    with connect(pipeline.stack) as connection:
        yield connection


@pytest.fixture
async def operator(pipeline: Pipeline, database: Database) -> AsyncIterator[Operator]:
    async with operating(pipeline.stack, database) as one:
        yield one


EACH: dict[str, tuple[dict[str, Any], dict[str, Any], Callable[[Sensor], object]]] = {
    "sleep": (
        {"sleep": Sleep(duration_s=3600)},
        {"duration_s": 3600},
        lambda sensor: sensor.state == State.STATE_ASLEEP and sensor.due_ns < time.time_ns() + 3600 * 10**9,
    ),
    "awake": ({"awake": Awake()}, {}, lambda sensor: sensor.state == State.STATE_AWAKE),
    "change_sample_frequency": (
        {"change_sample_frequency": ChangeSampleFrequency(sample_frequency_hz=12.5)},
        {"sample_frequency_hz": 12.5},
        lambda sensor: sensor.sample_frequency_hz == 12.5,
    ),
    "identify": ({"identify": Identify()}, {}, lambda sensor: True),
    "reboot": ({"reboot": Reboot()}, {}, lambda sensor: sensor.session != 7),
    "resend": (
        {"resend": Resend(session=7, first_sequence=0, last_sequence=1)},
        {"session": 7, "first_sequence": 0, "last_sequence": 1},
        lambda sensor: sensor.resent == 2,
    ),
    "trigger_alarm": (
        {"trigger_alarm": TriggerAlarm(alarm_id="A7", severity=500, action="stop")},
        {"alarm_id": "A7", "severity": 500, "action": "stop"},
        lambda sensor: True,
    ),
}


@pytest.mark.parametrize("name", EACH)
async def test_command_end_to_end(stack: Stack, operator: Operator, name: str) -> None:
    """The sensor does it, and the database knows who told it what, each step, and how it is now."""
    kind, fields, done = EACH[name]
    async with emulated(stack, f"each-{name}") as [one]:
        one.sensor.session = 7
        one.sensor.tick(time.time_ns() + 2 * 10**9)  # two batches
        given = command(**kind)
        before = time.time()
        await operator.give(one.serial, given)
        row = await operator.becomes(given, "APPLIED")
        assert done(one.sensor)
    assert (row.serial_number, row.name, row.parameters) == (one.serial, name, fields)
    assert (row.issuer, row.client) == ("operator", CLIENT)
    assert row.issued_at.timestamp() == pytest.approx(given.issued_time_ns / 1e9, abs=1e-5)
    assert row.expires_at.timestamp() == pytest.approx(given.expiry_time_ns / 1e9, abs=1e-5)
    # RabbitMQ counts in milliseconds
    assert before - 0.002 <= row.queued_at.timestamp() <= row.sent_at.timestamp() + 0.002
    assert row.queued_at.timestamp() <= row.ended_at.timestamp() + 0.002
    assert row.reason is None
    assert row.state == State.Name(one.sensor.state).removeprefix("STATE_")
    assert row.sample_frequency_hz == one.sensor.sample_frequency_hz


async def test_overview_follows_what_a_command_changed(
    stack: Stack, operator: Operator, database: Database
) -> None:
    """The status that comes with the answer."""
    async with emulated(stack, "followed-1") as [one]:
        await operator.give(one.serial, frequency(25.0))
        await operator.give(one.serial, command(sleep=Sleep()))

        def known() -> bool:
            row = database.execute(
                "SELECT state, sample_frequency_hz, maximum_sample_frequency_hz, session, born_at IS NOT NULL"
                " FROM sensor_overview WHERE serial_number = 'followed-1'"
            ).fetchone()
            return row == ("ASLEEP", 25.0, MAXIMUM_HZ, one.sensor.session, True)

        await until(known, "the overview shows it")


@pytest.mark.parametrize("hz", [0.0, -1.0, math.nan, math.inf, MAXIMUM_HZ + 0.5])
async def test_frequency_that_cannot_be_is_rejected_with_the_reason(
    stack: Stack, operator: Operator, hz: float
) -> None:
    """The audit holds even what is no number."""
    async with emulated(stack, "rejecting-1") as [one]:
        given = frequency(hz)
        await operator.give(one.serial, given)
        row = await operator.becomes(given, "REJECTED")
        assert one.sensor.applied == []
    assert "is not between 0.01 Hz and 1000 Hz" in str(row.reason)
    assert row.sample_frequency_hz == 100.0
    asked = row.parameters["sample_frequency_hz"]
    assert asked == hz if math.isfinite(hz) else asked == str(hz)


async def test_command_for_a_sensor_that_nobody_knows_is_unreachable(
    operator: Operator, database: Database
) -> None:
    """It is recorded nevertheless, with the sensor, provisionally."""
    given = command(identify=Identify())
    await operator.give("unknown-to-all", given)
    row = await operator.becomes(given, "UNREACHABLE")
    assert "knows no session" in str(row.reason)
    assert (row.issuer, row.sent_at) == ("operator", None)
    assert row.ended_at is not None
    known = database.execute(
        "SELECT provisional FROM sensor WHERE serial_number = 'unknown-to-all'"
    ).fetchone()
    assert known == (True,)


async def test_command_given_again_and_again_is_applied_once(stack: Stack, operator: Operator) -> None:
    """The first answer stays."""
    async with emulated(stack, "repeated-1") as [one]:
        given, last = frequency(10.0), frequency(20.0)
        await asyncio.gather(*(operator.give(one.serial, given) for _ in range(5)))
        await operator.give(one.serial, last)
        await operator.becomes(last, "APPLIED")
        await operator.becomes(given, "APPLIED")
        assert one.sensor.applied == [10.0, 20.0]
    assert operator.statuses([given]) == ["APPLIED"]


async def test_command_waits_for_a_sensor_that_is_away(stack: Stack, operator: Operator) -> None:
    """SENT, until it comes back."""
    async with emulated(stack, "away-1") as [one]:
        await one.go()
        given = frequency(40.0)
        await operator.give(one.serial, given)
        row = await operator.becomes(given, "SENT")
        assert row.ended_at is None
        assert one.sensor.applied == []
        await one.come()
        row = await operator.becomes(given, "APPLIED")
        assert one.sensor.applied == [40.0]
        assert row.ended_at > row.sent_at


async def test_command_that_expires_while_its_sensor_is_away_is_never_applied(
    stack: Stack, operator: Operator
) -> None:
    """It ends as EXPIRED without anybody's word; one that does not expire comes through."""
    async with emulated(stack, "expiring-1") as [one]:
        await one.go()
        late, lasting = frequency(50.0, expires_s=1.0), frequency(60.0, expires_s=None)
        await operator.give(one.serial, late)
        await operator.give(one.serial, lasting)
        row = await operator.becomes(late, "EXPIRED")
        assert row.sent_at is not None
        assert row.ended_at == row.expires_at
        assert row.reason is not None
        await one.come()
        row = await operator.becomes(lasting, "APPLIED")
        assert row.expires_at is None
        assert one.sensor.applied == [60.0]
    assert operator.statuses([late]) == ["EXPIRED"]


async def test_command_that_is_too_late_already_is_not_sent(stack: Stack, operator: Operator) -> None:
    """The bridge says so; the sensor hears nothing of it."""
    async with emulated(stack, "expiring-2") as [one]:
        late, after = frequency(50.0, expires_s=-0.001), frequency(60.0)
        await operator.give(one.serial, late)
        await operator.give(one.serial, after)
        await operator.becomes(after, "APPLIED")
        await operator.becomes(late, "EXPIRED")  # by time alone, at first

        def reason() -> str | None:
            row = operator.recorded(late)
            return None if row is None else row.reason

        await until(lambda: reason() == "it was too late to send it", "the bridge's reason")
        row = await operator.becomes(late, "EXPIRED")
        assert row.sent_at is None
        assert one.sensor.applied == [60.0]


async def test_what_is_no_command_is_a_dead_letter_and_blocks_nothing(
    stack: Stack, operator: Operator, database: Database
) -> None:
    """Once, with its reason, although two queues get it; the next command for the same sensor passes."""
    rubbish = b"\xff" + uuid.uuid4().bytes
    wrong = frequency(30.0).SerializeToString()
    huge = bytes(2_000_000)
    async with emulated(stack, "muddled-1") as [one]:
        key = names.command_routing_key(one.serial, names.CommandLevel.SLEEP)
        await asyncio.gather(*(operator.connection.publish(key, body) for body in (rubbish, wrong, huge)))
        given = frequency(70.0)
        await operator.give(one.serial, given)
        await operator.becomes(given, "APPLIED")
        assert one.sensor.applied == [70.0]
    letters = await dead_letters(stack, lambda found: sum(letter.origin == key for letter in found) >= 3)
    mine = {letter.payload[:1000]: letter for letter in letters if letter.kind == Kind.KIND_COMMAND}
    assert mine[rubbish].reason == "malformed"
    assert mine[wrong].reason == "bad_command"
    assert mine[huge[:1000]].reason == "too_large"
    assert "of 2000000 bytes" in mine[huge[:1000]].detail
    assert sum(letter.payload == rubbish for letter in letters) == 1
    assert database.execute(
        "SELECT count(*) FROM command_overview WHERE serial_number = 'muddled-1'"
    ).fetchone() == (1,)


async def test_full_queue_refuses_and_the_command_may_be_given_again(
    stack: Stack, operator: Operator
) -> None:
    """Whoever gives it learns that it may not be recorded; given again it is applied once."""
    with pika.BlockingConnection(parameters(rabbitmq(stack, "control"), "test")) as raw:
        channel = raw.channel()
        full = {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"}
        channel.queue_declare("full", durable=True, arguments=full)
        channel.queue_bind("full", names.EXCHANGE, "sensor_full-1.commands.#")
        try:
            async with emulated(stack, "full-1") as [one]:

                async def refused() -> bool:
                    try:
                        await operator.give(one.serial, command(identify=Identify()))
                    except AmqpError as error:
                        assert error.retryable
                        assert "a queue that it is for is full" in str(error)
                        return True
                    return False

                # a queue takes a few more than its bound before it refuses
                async with asyncio.timeout(10):
                    while not await refused():
                        pass
                given = frequency(80.0)
                with pytest.raises(AmqpError, match="full"):
                    await operator.give(one.serial, given)
                channel.queue_delete("full")
                await operator.give(one.serial, given)
                await operator.becomes(given, "APPLIED")
                assert one.sensor.applied == [80.0]
        finally:
            channel.queue_delete("full")


async def test_account_without_the_right_is_told_so(stack: Stack, database: Database) -> None:
    """A viewer gives no commands, an operator speaks for no sensor; trying again would not help."""
    async with operating(stack, database, "viewer") as viewer:
        with pytest.raises(AmqpError, match="write access to exchange") as caught:
            await viewer.give("full-1", command(identify=Identify()))
        assert (caught.value.retryable, caught.value.code) == (False, 403)
    async with operating(stack, database) as operator:
        with pytest.raises(AmqpError, match=r"write access to topic 'sensor_full-1\.acks'"):
            await operator.connection.publish("sensor_full-1.acks", b"")


async def test_thousand_commands_are_answered_and_recorded(stack: Stack, operator: Operator) -> None:
    """To a hundred sensors, ten each, at once; each sensor in order."""
    serials = [f"many-{number:03}" for number in range(100)]
    async with emulated(stack, *serials) as sensors:
        given = {one.serial: [frequency(float(hz)) for hz in range(1, 11)] for one in sensors}
        began = time.perf_counter()
        await asyncio.gather(
            *(operator.give(serial, one) for serial, commands in given.items() for one in commands)
        )
        everything = [one for commands in given.values() for one in commands]
        await until(
            lambda: operator.statuses(everything) == ["APPLIED"] * 1_000, "all are applied", timeout_s=60
        )
        print(f"1,000 commands recorded as applied after {time.perf_counter() - began:.2f} s")
        assert all(one.sensor.applied == [float(hz) for hz in range(1, 11)] for one in sensors)


# What is said of one command, in every order.
async def test_another_sensors_word_counts_nothing(
    stack: Stack, operator: Operator, database: Database
) -> None:
    """Whether it comes before the true one or after."""
    async with emulated(stack, "true-1", "false-1") as [true, false]:
        await true.go()
        given = frequency(90.0)
        lie = CommandAck(
            command_id=given.id, outcome=Outcome.OUTCOME_REJECTED, state=State.STATE_AWAKE, reason="no"
        )
        topic = names.topic("false-1", Kind.KIND_ACK)
        assert false.link.client.publish(topic, lie.SerializeToString())
        await until(
            lambda: database.execute(
                "SELECT 1 FROM command WHERE id = %s", [uuid.UUID(bytes=given.id)]
            ).fetchone(),
            "the lie is recorded",
        )
        await operator.give(true.serial, given)
        row = await operator.becomes(given, "SENT")
        assert row.serial_number == "true-1"
        await true.come()
        row = await operator.becomes(given, "APPLIED")
        assert (row.serial_number, row.reason) == ("true-1", None)
        assert operator.statuses([given]) == ["APPLIED"]


def test_newest_commands_are_found_by_index(database: Database) -> None:
    """Of all sensors, and of one: no sorting of a table that only grows."""
    plans = [
        json.dumps(database.execute(f"EXPLAIN (FORMAT JSON) {statement}").fetchone())
        for statement in (
            "SELECT * FROM command_overview ORDER BY issued_at DESC LIMIT 20",
            "SELECT * FROM command_overview WHERE sensor_id = 1 ORDER BY issued_at DESC LIMIT 20",
        )
    ]
    assert "command_newest" in plans[0]
    assert "command_newest_of_sensor" in plans[1]
