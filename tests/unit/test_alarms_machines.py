"""Machine controllers by gRPC: real servers and channels on loopback, real TLS; only the database is a fake."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client import REGISTRY

from alarms.machine_answers import Answers
from alarms.machine_book import Book
from alarms.machine_connection import Connection
from alarms.machines import Acknowledgement
from tests.unit.machine_server import (
    PUMP,
    Controller,
    Database,
    Served,
    impatient,
    trigger,
    until,
)
from wire.alarm_pb2 import Acknowledgement as Answer
from wire.alarm_pb2 import Hello, MachineMessage, Outcome, Resolved


@pytest.fixture
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with Served(**getattr(request, "param", {})) as one:
        yield one


@pytest.fixture
async def channel(served: Served) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{served.port}") as one:
        yield one


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_trigger_is_told_at_once_and_its_answer_heard_and_kept(
    served: Served, channel: grpc.aio.Channel
) -> None:
    """With everything that it says, before the database knows of it."""
    before = counted("alarms_trigger_event_to_acknowledgement_seconds_count")
    controller = await Controller(channel).hello()
    told = trigger(value=8.5, unit="mm/s", rule="zone", channel=-1)
    assert served.server.deliver(told) == 1
    received = await controller.trigger()
    told.attempt = 1
    assert received == told
    assert received.sent_time_ns
    await controller.answer(received)
    await until(lambda: served.database.answers)
    assert served.database.answers == [(uuid.UUID(bytes=told.id), "plc", "DONE", "stopped", 5)]
    [heard] = served.heard
    assert (heard.outcome, heard.machine) == ("DONE", "plc")
    assert heard.trigger is not None
    assert heard.trigger.id == told.id
    assert counted("alarms_trigger_event_to_acknowledgement_seconds_count") == before + 1


async def test_trigger_goes_to_controllers_of_its_target_only(
    served: Served, channel: grpc.aio.Channel
) -> None:
    """And to those of all targets."""
    one = await Controller(channel).hello("a", [PUMP, "Fan 2"])
    everything = await Controller(channel).hello("b", ["*"])
    other = await Controller(channel).hello("c", ["Fan 2"])
    await until(lambda: served.server.connected == 3)
    pump, fan = trigger(), trigger("Fan 2")
    assert served.server.deliver(pump) == 2
    assert served.server.deliver(fan) == 3
    assert [(await one.trigger()).id for _ in range(2)] == [pump.id, fan.id]
    assert [(await everything.trigger()).id for _ in range(2)] == [pump.id, fan.id]
    assert (await other.trigger()).id == fan.id


async def test_trigger_delivered_twice_is_told_once(served: Served, channel: grpc.aio.Channel) -> None:
    """It may come from two replicas; so may one that was answered."""
    controller = await Controller(channel).hello()
    first, second = trigger(), trigger()
    assert [served.server.deliver(first), served.server.deliver(first)] == [1, 0]
    received = await controller.trigger()
    await controller.answer(received)
    await until(lambda: served.database.answers)
    assert served.server.deliver(first) == 0
    served.server.deliver(second)
    assert (await controller.trigger()).id == second.id


@impatient
async def test_trigger_unanswered_is_told_again_until_it_is_answered(
    served: Served, channel: grpc.aio.Channel
) -> None:
    """The same one; attempts count. Afterwards a repeated answer is counted, and neither heard nor kept."""
    repeated = counted("alarms_trigger_acknowledgements_repeated_total")
    controller = await Controller(channel).hello()
    told = trigger()
    served.server.deliver(told)
    attempts = [await controller.trigger() for _ in range(3)]
    assert [one.attempt for one in attempts] == [1, 2, 3]
    assert {one.id for one in attempts} == {told.id}
    await controller.answer(told)
    await until(lambda: served.database.answers)
    await controller.answer(told)
    await until(lambda: counted("alarms_trigger_acknowledgements_repeated_total") > repeated)
    assert len(served.database.answers) == len(served.heard) == 1


@impatient
async def test_answer_that_is_not_kept_lets_the_trigger_come_again(
    served: Served, channel: grpc.aio.Channel
) -> None:
    """It is heard at once all the same; the next answer is kept."""
    controller = await Controller(channel).hello()
    served.database.away = True
    served.server.deliver(trigger())
    await controller.answer(await controller.trigger())
    await until(lambda: served.heard)
    again = await controller.trigger()
    assert again.attempt == 2
    served.database.away = False
    await controller.answer(again)
    await until(lambda: served.database.answers)


async def test_unanswered_triggers_come_after_a_reconnection_once_each(
    served: Served, channel: grpc.aio.Channel
) -> None:
    """From memory, and from the database what another replica has judged; of other machines none."""
    mine, both, elsewhere, other = trigger(), trigger(), trigger(), trigger("Fan 2")
    controller = await Controller(channel).hello()
    for one in (mine, both):
        served.server.deliver(one)
    await controller.trigger()
    controller.call.cancel()
    await until(lambda: not served.server.connected)
    for one in (both, elsewhere, other):
        served.database.open[one.id] = one
    again = await Controller(channel).hello()
    received = [await again.trigger() for _ in range(3)]
    assert {one.id for one in received} == {mine.id, both.id, elsewhere.id}
    assert [one.attempt for one in received] == [1, 1, 1]


async def test_trigger_without_a_controller_waits_for_one(served: Served, channel: grpc.aio.Channel) -> None:
    """Also while the database is away."""
    served.database.away = True
    told = trigger()
    assert served.server.deliver(told) == 0
    assert (await (await Controller(channel).hello()).trigger()).id == told.id


@impatient
async def test_trigger_of_the_database_is_told_without_a_reconnection(
    served: Served, channel: grpc.aio.Channel
) -> None:
    """Where nobody has said that another replica judged it."""
    controller = await Controller(channel).hello()
    await until(lambda: served.database.asked)
    told = trigger()
    served.database.open[told.id] = told
    assert (await controller.trigger()).id == told.id


@impatient
async def test_trigger_answered_elsewhere_comes_no_more(served: Served, channel: grpc.aio.Channel) -> None:
    """Once the database has it no more, which had it before, or somebody says so."""
    seen, said, last = trigger(), trigger(), trigger()
    served.database.open[seen.id] = seen
    controller = await Controller(channel).hello()
    assert (await controller.trigger()).id == seen.id
    served.server.deliver(said)
    while (await controller.trigger()).id != said.id:
        pass
    del served.database.open[seen.id]
    served.server.forget(uuid.UUID(bytes=said.id))
    asked = len(served.database.asked)
    await until(lambda: len(served.database.asked) > asked + 1)
    assert served.server.deliver(seen) == served.server.deliver(said) == 0
    served.server.deliver(last)
    while (received := await controller.trigger()).id != last.id:  # what was under way
        assert received.id in {seen.id, said.id}
    assert [(await controller.trigger()).id for _ in range(2)] == [last.id] * 2


@impatient
async def test_trigger_that_has_expired_comes_no_more(served: Served, channel: grpc.aio.Channel) -> None:
    """It is over, and counted."""
    expired = counted("alarms_triggers_expired_total")
    late, good = trigger(expiry_time_ns=1), trigger()
    served.server.deliver(late)
    await until(lambda: counted("alarms_triggers_expired_total") == expired + 1)
    controller = await Controller(channel).hello()
    served.server.deliver(good)
    assert (await controller.trigger()).id == good.id
    assert served.server.deliver(late) == 0


async def test_answer_of_an_unknown_trigger_is_heard_and_kept(
    served: Served, channel: grpc.aio.Channel
) -> None:
    """Another replica has told it. What is too long is cut, and what PostgreSQL cannot hold left out."""
    controller = await Controller(channel).hello()
    answer = Answer(
        trigger_id=bytes(16), outcome=Outcome.OUTCOME_FAILED, action_taken="\0" + "ä" * 600, time_ns=7
    )
    await controller.call.write(MachineMessage(acknowledgement=answer))
    await until(lambda: served.database.answers)
    assert served.database.answers == [(uuid.UUID(int=0), "plc", "FAILED", "ä" * 499, 7)]
    assert served.heard[0].trigger is None


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (MachineMessage(hello=Hello(machine="plc", targets=[PUMP])), "Hello is said once"),
        (MachineMessage(acknowledgement=Answer(trigger_id=b"short")), "trigger_id has 16 bytes"),
        (MachineMessage(acknowledgement=Answer(trigger_id=bytes(16))), "outcome is DONE, REFUSED or FAILED"),
    ],
)
async def test_message_that_cannot_be_ends_the_stream_with_a_sentence(
    channel: grpc.aio.Channel, message: MachineMessage, sentence: str
) -> None:
    """INVALID_ARGUMENT."""
    controller = await Controller(channel).hello()
    await controller.call.write(message)
    assert await controller.refusal() == (grpc.StatusCode.INVALID_ARGUMENT, sentence)


async def test_answer_for_another_machine_ends_the_stream(served: Served, channel: grpc.aio.Channel) -> None:
    """Its trigger stays unanswered."""
    theirs = trigger("Fan 2")
    served.server.deliver(theirs)
    controller = await Controller(channel).hello()
    await controller.answer(theirs)
    code, sentence = await controller.refusal()
    assert (code, sentence) == (grpc.StatusCode.INVALID_ARGUMENT, "'plc' does not control 'Fan 2'")
    assert not served.heard


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (MachineMessage(), "the first message is Hello"),
        (MachineMessage(hello=Hello(targets=[PUMP])), "a controller's name has 1 to 64 characters"),
        (MachineMessage(hello=Hello(machine="plc")), "a controller has 1 to 100 targets"),
        (MachineMessage(hello=Hello(machine="plc", targets=["a" * 101])), "of a target has 1 to 100"),
    ],
)
async def test_hello_that_is_none_is_refused_with_a_sentence(
    channel: grpc.aio.Channel, message: MachineMessage, sentence: str
) -> None:
    """INVALID_ARGUMENT."""
    controller = Controller(channel)
    await controller.call.write(message)
    code, said = await controller.refusal()
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert sentence in said


async def test_resolved_comes_after_the_trigger_of_its_alarm(
    served: Served, channel: grpc.aio.Channel
) -> None:
    """To the controllers of its target."""
    controller = await Controller(channel).hello()
    told = trigger()
    served.server.deliver(told)
    assert served.server.resolved(PUMP, uuid.UUID(bytes=told.alarm_id), 9) == 1
    assert served.server.resolved("Fan 2", uuid.UUID(bytes=told.alarm_id), 9) == 0
    await controller.trigger()
    message = await controller.read()
    assert message.resolved == Resolved(alarm_id=told.alarm_id, target=PUMP, time_ns=9)


async def test_queue_at_its_bound_leaves_the_oldest_out_until_there_is_room() -> None:
    """Counted; then it is told what is unanswered of them, each for the first time."""
    before = counted("alarms_machine_queue_full_total")
    told = [trigger() for _ in range(5)]
    connection = Connection("plc", [PUMP], 3, lambda: 0.0, lambda _: told)
    assert [connection.tell(one) for one in told] == [True] * 5
    connection.resolve(Resolved())
    assert counted("alarms_machine_queue_full_total") == before + 3
    messages = [await connection.next(time.time_ns) for _ in range(6)]
    assert [one.trigger.id for one in messages if one] == [
        *(told[3].id, told[4].id, b""),
        *(told[0].id, told[1].id, told[2].id),
    ]
    assert [one.trigger.attempt for one in messages if one] == [1, 1, 0, 1, 1, 1]


async def test_triggers_that_wait_are_queued_as_far_as_there_is_room() -> None:
    """However many they are, nothing that is queued makes room for them."""
    waiting = [trigger() for _ in range(10)]
    connection = Connection("plc", [PUMP], 3, lambda: 0.0, lambda _: waiting)
    connection.resolve(Resolved())
    connection.catch_up(waiting)
    messages = [await connection.next(time.time_ns) for _ in range(11)]
    assert [one.trigger.id for one in messages if one] == [b"", *(one.id for one in waiting)]


@pytest.mark.parametrize("served", [{"maximum_queued": 3}], indirect=True)
async def test_triggers_beyond_the_bound_of_the_queue_come_all(
    served: Served, channel: grpc.aio.Channel
) -> None:
    """Once each, without a wait for the next redelivery."""
    controller = await Controller(channel).hello()
    told = [trigger() for _ in range(20)]
    for one in told:  # without a turn of the loop in between
        served.server.deliver(one)
    received = [await controller.trigger() for _ in told]
    assert {one.id for one in received} == {one.id for one in told}
    assert {one.attempt for one in received} == {1}


async def test_connections_are_bounded() -> None:
    """One more is refused, counted, and let in when another has gone."""
    refused = counted("alarms_machine_connections_refused_total", reason="RESOURCE_EXHAUSTED")
    async with (
        Served(maximum_connections=1) as few,
        grpc.aio.insecure_channel(f"127.0.0.1:{few.port}") as channel,
    ):
        controller = await Controller(channel).hello()
        code, sentence = await Controller(channel).refusal()
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "1 controllers are connected" in sentence
        assert counted("alarms_machine_connections_refused_total", reason="RESOURCE_EXHAUSTED") == refused + 1
        await controller.call.done_writing()
        assert await controller.refusal() == (grpc.StatusCode.OK, "")
        await Controller(channel).hello()


async def test_health_and_reflection_answer(served: Served, channel: grpc.aio.Channel) -> None:
    """For probes, and for whoever has only grpcurl."""
    stub: Any = health_pb2_grpc.HealthStub(channel)  # whose types say nothing of its methods
    for service in ("", "alarm.v1.Machines"):
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    reflection: Any = reflection_pb2_grpc.ServerReflectionStub
    call = reflection(channel).ServerReflectionInfo()
    await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
    listed = (await call.read()).list_services_response.service
    assert "alarm.v1.Machines" in {one.name for one in listed}
    await call.done_writing()


async def test_stop_tells_what_is_queued_keeps_answers_and_ends_streams(
    served: Served, channel: grpc.aio.Channel
) -> None:
    """With OK, so that the controller connects to another replica; health says NOT_SERVING first."""
    stub: Any = health_pb2_grpc.HealthStub(channel)
    watch = stub.Watch(health_pb2.HealthCheckRequest())
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
    controller = await Controller(channel).hello()
    first, second = trigger(), trigger()
    served.database.quick.clear()
    served.server.deliver(first)
    await controller.answer(await controller.trigger())
    await until(lambda: served.heard)
    served.server.deliver(second)
    stopping = asyncio.create_task(served.server.stop(10))
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert (await controller.trigger()).id == second.id
    assert await controller.refusal() == (grpc.StatusCode.OK, "")
    assert not stopping.done()
    served.database.quick.set()
    await stopping
    assert [one[0].bytes for one in served.database.answers] == [first.id]
    assert served.server.connected == 0


async def test_stop_takes_no_longer_than_its_grace(served: Served, channel: grpc.aio.Channel) -> None:
    """Where the database does not keep an answer: the trigger is told again by whoever comes next."""
    controller = await Controller(channel).hello()
    served.database.quick.clear()
    served.server.deliver(trigger())
    await controller.answer(await controller.trigger())
    await until(lambda: served.heard)
    await served.server.stop(0.05)
    assert await controller.refusal() == (grpc.StatusCode.OK, "")
    assert not served.database.answers


def test_book_at_its_bound_leaves_the_oldest_to_the_database() -> None:
    """Counted; it comes back from there when there is room."""
    before = counted("alarms_triggers_forgotten_total")
    book = Book(maximum=2)
    first, second, third = (trigger() for _ in range(3))
    assert all(book.add(one) for one in (first, second, third))
    assert book.of(["*"]) == [second, third]
    assert counted("alarms_triggers_forgotten_total") == before + 1
    book.finish(second.id)
    assert book.agree([first, third], [PUMP]) == []
    assert book.of([PUMP]) == [third, first]


def test_book_does_not_take_what_the_database_has_never_had_for_answered() -> None:
    """It may be on its way there; nor what it has of other machines than those that were asked for."""
    book = Book()
    new, stored, fan = trigger(), trigger(), trigger("Fan 2")
    book.add(new)
    book.agree([stored, fan], ["*"])
    assert book.agree([stored], [PUMP]) == []
    assert book.agree([], [PUMP]) == [stored.id]
    assert book.of(["*"]) == [new, fan]


async def test_answers_at_their_bound_keep_controllers_waiting() -> None:
    """A thousand that the database does not have yet; they are heard, and afterwards all are kept."""
    book, database = Book(), Database()
    heard: list[Acknowledgement] = []
    answers = Answers(book, database, heard.append, book.finish)
    connection = Connection("plc", [PUMP], 1, time.monotonic, book.of)

    async def take() -> None:
        for number in range(1_200):
            id_ = number.to_bytes(16)
            await answers.take(connection, Answer(trigger_id=id_, outcome=Outcome.OUTCOME_DONE))

    taking = asyncio.create_task(take())
    await until(lambda: len(heard) == 1_001)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(heard) == 1_001
    running = asyncio.create_task(answers.run())
    await taking
    await answers.drained()
    running.cancel()
    assert len(database.answers) == 1_200
