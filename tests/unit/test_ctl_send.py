"""What is heard of commands, put to the orders that it is about; no server."""

import asyncio
import time
from typing import Any

import pytest

from runtime.amqp import Delivery
from runtime.commanding import Fate, Order, _Hearing
from wire import names
from wire.commands import new_command
from wire.names import CommandLevel
from wire.relay_pb2 import CommandReport, Step
from wire.sensor_pb2 import CommandAck, Outcome, State


def order(serial: str) -> Order:
    return Order(serial, CommandLevel.AWAKE, new_command(CommandLevel.AWAKE, {}, time.time_ns(), 600))


def delivery(routing_key: str, message: Any) -> Delivery:
    return Delivery("", routing_key, message.SerializeToString(), {}, None, 1, False)


def ack(one: Order, outcome: Outcome = Outcome.OUTCOME_APPLIED, *, by: str | None = None) -> Delivery:
    said = CommandAck(
        command_id=one.command.id, outcome=outcome, state=State.STATE_AWAKE, sample_frequency_hz=50
    )
    return delivery(names.routing_key(by or one.serial_number, "acks"), said)


def report(one: Order, step: Step, *, by: str | None = None) -> Delivery:
    said = CommandReport(command_id=one.command.id, step=step, time_ns=time.time_ns(), reason="because")
    return delivery(names.report_routing_key(by or one.serial_number), said)


SENT, UNREACHABLE = Step.STEP_SENT, Step.STEP_UNREACHABLE
APPLIED, REJECTED, DUPLICATE = Outcome.OUTCOME_APPLIED, Outcome.OUTCOME_REJECTED, Outcome.OUTCOME_DUPLICATE


@pytest.mark.parametrize(
    ("heard", "status"),
    [
        ([], "NEW"),
        ([(report, SENT)], "SENT"),
        ([(report, SENT), (ack, APPLIED)], "APPLIED"),
        ([(ack, APPLIED), (report, SENT)], "APPLIED"),
        ([(ack, REJECTED), (ack, APPLIED)], "REJECTED"),
        ([(ack, APPLIED), (ack, DUPLICATE)], "APPLIED"),
        ([(ack, DUPLICATE)], "DUPLICATE"),
        ([(report, UNREACHABLE)], "UNREACHABLE"),
        ([(report, UNREACHABLE), (report, SENT)], "UNREACHABLE"),
        ([(report, UNREACHABLE), (report, SENT), (ack, APPLIED)], "APPLIED"),
    ],
)
def test_fate_is_the_sensors_first_word_whatever_overtakes_it(heard: list[Any], status: str) -> None:
    """Reports and answers come by queues of their own, and a command may be delivered again."""
    one = order("pump-1")
    hearing = _Hearing([Fate(one)], lambda _fate: None)
    hearing.published(hearing.fates[0])
    for said, what in heard:
        hearing.on_message(said(one, what))
    assert hearing.fates[0].status == status


def test_word_of_another_sensor_or_about_another_command_counts_nothing() -> None:
    """Nobody answers, or reports, for somebody else."""
    one, other = order("pump-1"), order("pump-2")
    hearing = _Hearing([Fate(one)], lambda _fate: None)
    hearing.published(hearing.fates[0])
    for message in (ack(one, by="pump-2"), report(one, SENT, by="pump-2"), ack(other), report(other, SENT)):
        hearing.on_message(message)
    hearing.on_message(delivery(names.routing_key("pump-1", "acks"), CommandAck(command_id=b"short")))
    assert hearing.fates[0].status == "NEW"


async def test_all_answered_is_set_by_the_last_answer() -> None:
    """Also where an answer comes before RabbitMQ's confirm."""
    orders = [order(f"pump-{i}") for i in range(3)]
    changes: list[str] = []
    hearing = _Hearing([Fate(one) for one in orders], lambda fate: changes.append(fate.status))
    for fate in hearing.fates:
        hearing.published(fate)
    for one in orders:
        assert not hearing.all_answered.is_set()
        hearing.on_message(ack(one))
    async with asyncio.timeout(1):
        await hearing.all_answered.wait()
    assert changes == ["APPLIED"] * 3
    assert all(fate.after_s is not None for fate in hearing.fates)
