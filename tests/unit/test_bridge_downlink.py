"""The way down: in order, reported at each step, settled only after its report; bounded."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import mqtt5
import pytest

from bridge import metrics
from bridge.downlink import AT_ONCE, Downlink, Order, Sent
from bridge.outbox import Letter
from runtime.amqp import Delivery
from runtime.amqp_errors import AmqpError
from wire import limits, names
from wire.envelope import from_amqp
from wire.names import CommandLevel
from wire.relay_pb2 import CommandReport, DeadLetter, Step
from wire.sensor_pb2 import Awake, Command, Identify

NOW_NS = 1_800_000_000 * 10**9
S = 10**9


class FakeRabbitmq:
    def __init__(self) -> None:
        self.closed: asyncio.Future[AmqpError] = asyncio.get_running_loop().create_future()
        self.acknowledged: list[int] = []

    def acknowledge(self, delivery_tag: int) -> None:
        if not self.closed.done():
            self.acknowledged.append(delivery_tag)


class FakeMqtt:
    """A client that takes `capacity` messages."""

    def __init__(self) -> None:
        self.capacity = 1_000_000
        self.unacknowledged = 0
        self.room = asyncio.Event()
        self.published: list[tuple[str, bytes, int | None, Sent]] = []

    def publish(self, topic: str, payload: bytes, *, expiry_s: int | None, token: Sent) -> bool:
        if self.unacknowledged >= self.capacity:
            return False
        self.unacknowledged += 1
        self.published.append((topic, payload, expiry_s, token))
        return True


class Way:
    """A downlink between fakes; its reports and dead letters land when the test says so."""

    def __init__(self) -> None:
        self.mqtt, self.rabbitmq = FakeMqtt(), FakeRabbitmq()
        self.letters: list[Letter] = []
        self.dead: list[tuple[bytes, Order]] = []
        self.now_ns = NOW_NS
        self.downlink = Downlink(
            self.mqtt,  # type: ignore[arg-type]  # stands in
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            lambda: self.now_ns,
        )
        self.running = asyncio.create_task(self.downlink.run())
        self._tag = 0

    def add(self, *entry: Any) -> None:
        """Of the outbox, and of the lane of dead letters."""
        if len(entry) == 1:
            self.letters.append(entry[0])
        else:
            self.dead.append(entry)

    async def give(
        self, body: bytes, level: str = "identify", serial: str = "pump-1", published_ms: int | None = None
    ) -> None:
        self._tag += 1
        key = f"sensor_{serial}.commands.{level}"
        headers = {} if published_ms is None else {names.HEADER_PUBLISHED_MS: published_ms}
        delivery = Delivery(names.COMMAND_QUEUE, key, body, headers, "operator", self._tag, False)
        self.downlink.take(Order(delivery, self.rabbitmq))  # type: ignore[arg-type]
        await asyncio.sleep(0)

    def answer(self, index: int, reason: mqtt5.PubAckReasonCode = mqtt5.PubAckReasonCode.SUCCESS) -> None:
        self.mqtt.unacknowledged -= 1
        self.downlink.on_acknowledged(self.mqtt.published[index][3], reason)
        self.mqtt.room.set()

    def reports(self) -> list[CommandReport]:
        return [CommandReport.FromString(letter.payload) for letter in self.letters]


@pytest.fixture
async def way() -> AsyncIterator[Way]:
    one = Way()
    yield one
    one.running.cancel()


def command(**changes: Any) -> Command:
    fields = {"id": uuid.uuid4().bytes, "issued_time_ns": NOW_NS, "identify": Identify(), **changes}
    return Command(**fields)


async def test_command_is_settled_only_when_its_report_has_landed(way: Way) -> None:
    """Taken, published, acknowledged by the broker, reported: at each step it would come again after a crash."""
    one = command(expiry_time_ns=NOW_NS + 90 * S)
    await way.give(one.SerializeToString())
    [(topic, payload, expiry_s, _)] = way.mqtt.published
    assert topic == names.command_topic("pump-1", CommandLevel.IDENTIFY)
    assert (payload, expiry_s) == (one.SerializeToString(), 90)
    assert way.letters == []
    way.answer(0)
    [report] = way.reports()
    assert (report.command_id, report.step, report.time_ns) == (one.id, Step.STEP_SENT, NOW_NS)
    assert way.letters[0].routing_key == "sensor_pump-1.command_reports"
    assert way.rabbitmq.acknowledged == []
    assert not way.downlink.idle.is_set()
    way.letters[0].landed()
    assert way.rabbitmq.acknowledged == [1]
    assert way.downlink.idle.is_set()


async def test_command_counts_how_long_it_took_from_its_queue_to_the_broker(way: Way) -> None:
    """By the time at which RabbitMQ got it; one without that time is sent all the same."""

    def counted() -> dict[str, float]:
        [family] = metrics.COMMAND_SECONDS.collect()
        return {sample.name.rpartition("_")[2]: sample.value for sample in family.samples}

    before = counted()
    await way.give(command().SerializeToString(), published_ms=NOW_NS // 10**6 - 250)
    await way.give(command().SerializeToString())
    way.answer(0)
    way.answer(1)
    assert len(way.reports()) == 2
    assert counted()["count"] - before["count"] == 1
    assert counted()["sum"] - before["sum"] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (mqtt5.PubAckReasonCode.NO_MATCHING_SUBSCRIBERS, "knows no session"),
        (mqtt5.PubAckReasonCode.QUOTA_EXCEEDED, "QUOTA_EXCEEDED"),
    ],
)
async def test_command_that_the_broker_does_not_hold_is_unreachable(
    way: Way, code: mqtt5.PubAckReasonCode, words: str
) -> None:
    """With the reason."""
    await way.give(command().SerializeToString())
    way.answer(0, code)
    [report] = way.reports()
    assert report.step == Step.STEP_UNREACHABLE
    assert words in report.reason


@pytest.mark.parametrize(("left_ns", "expiry_s"), [(1, 1), (S, 1), (S + 1, 2), (10**18, 1_000_000_000)])
async def test_expiry_at_the_broker_is_never_before_the_commands(
    way: Way, left_ns: int, expiry_s: int
) -> None:
    """Whole seconds, rounded up: the sensor judges exactly."""
    await way.give(command(expiry_time_ns=NOW_NS + left_ns).SerializeToString())
    assert [published[2] for published in way.mqtt.published] == [expiry_s]


@pytest.mark.parametrize("late_ns", [0, 1, S])
async def test_command_that_is_too_late_is_not_sent(way: Way, late_ns: int) -> None:
    """It is reported as expired, and then settled."""
    await way.give(command(expiry_time_ns=NOW_NS - late_ns).SerializeToString())
    assert way.mqtt.published == []
    assert [report.step for report in way.reports()] == [Step.STEP_EXPIRED]


async def test_command_without_expiry_has_none_at_the_broker(way: Way) -> None:
    """It waits as long as the session does."""
    await way.give(command().SerializeToString())
    assert [published[2] for published in way.mqtt.published] == [None]


async def test_what_is_no_command_is_buried_and_does_not_hold_up_the_next(way: Way) -> None:
    """Rubbish, one kind sent as another, a sensor that can be none: each with its reason and sensor, settled when safe."""
    good = command()
    await way.give(b"\xff\xff")
    await way.give(good.SerializeToString(), "sleep")
    await way.give(good.SerializeToString(), serial="-")
    await way.give(b"x", "gossip")
    await way.give(good.SerializeToString())
    assert [payload for _, payload, _, _ in way.mqtt.published] == [good.SerializeToString()]
    letters = [DeadLetter.FromString(from_amqp(letter)) for letter, _ in way.dead]
    assert [letter.reason for letter in letters] == [
        "malformed",
        "bad_command",
        "bad_serial_number",
        "bad_command",
    ]
    assert letters[0].origin == "sensor_pump-1.commands.identify"
    assert [letter.serial_number for letter in letters] == ["pump-1", "pump-1", "", "pump-1"]
    assert way.rabbitmq.acknowledged == []
    way.downlink.settle([order for _, order in way.dead])
    assert way.rabbitmq.acknowledged == [1, 2, 3, 4]


async def test_commands_wait_in_order_while_the_broker_is_away(way: Way) -> None:
    """And go on by themselves."""
    way.mqtt.capacity = 0
    commands = [command() for _ in range(3)]
    for one in commands:
        await way.give(one.SerializeToString())
    assert way.mqtt.published == []
    way.mqtt.capacity = 10
    way.mqtt.room.set()
    await asyncio.sleep(0.01)
    assert [published[3].command_id for published in way.mqtt.published] == [one.id for one in commands]


async def test_unacknowledged_at_the_broker_are_bounded(way: Way) -> None:
    """Whatever its window is."""
    for _ in range(AT_ONCE + 5):
        await way.give(command().SerializeToString())
    assert len(way.mqtt.published) == AT_ONCE
    way.answer(0)
    await asyncio.sleep(0.01)
    assert len(way.mqtt.published) == AT_ONCE + 1


async def test_rabbitmq_lost_what_was_not_sent_is_forgotten(way: Way) -> None:
    """It comes again by the next connection; what was sent is reported, and settled by nobody."""
    await way.give(command().SerializeToString())
    way.mqtt.capacity = 0
    for _ in range(3):
        await way.give(command().SerializeToString())
    assert way.downlink.under_way == 4
    way.rabbitmq.closed.set_result(AmqpError("gone"))
    way.downlink.disconnected()
    assert way.downlink.under_way == 1
    way.answer(0)
    way.letters[0].landed()
    assert way.rabbitmq.acknowledged == []
    assert way.downlink.idle.is_set()
    way.rabbitmq = FakeRabbitmq()
    way.mqtt.capacity = 10
    way.mqtt.room.set()
    await way.give(command(awake=Awake()).SerializeToString(), "awake")
    await asyncio.sleep(0.01)
    assert len(way.mqtt.published) == 2


async def test_closed_downlink_takes_no_more_and_finishes_what_it_has(way: Way) -> None:
    """What it is given then stays in RabbitMQ's queue."""
    await way.give(command().SerializeToString())
    way.downlink.close()
    await way.give(command().SerializeToString())
    way.answer(0)
    way.letters[0].landed()
    assert way.downlink.idle.is_set()
    assert way.rabbitmq.acknowledged == [1]


def test_commands_under_way_are_fewer_than_a_sensor_remembers() -> None:
    """All of them may come again, and all may be for one sensor."""
    assert 0 < AT_ONCE < limits.REMEMBERED_COMMANDS
