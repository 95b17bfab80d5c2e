"""The reader's bounds, what is told at once, floods, and from where a partition is read again."""

import asyncio
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarms import unwritten as unwritten_module
from alarms.actions import finite
from alarms.asking import Asking
from alarms.config import AlarmsSettings
from alarms.events import Event
from alarms.evidence import MOST_LINES, of_samples
from alarms.flooding import Flooding
from alarms.judge import Judge
from alarms.judging import Judging
from alarms.partitions import Partition
from alarms.store import Store, Taken, Writing
from alarms.triggers import TriggerRow
from alarms.unwritten import Outgoing, Unwritten
from tests.unit.alarm_fleet import START_NS, Bench, fleet, rule, sensor, sine
from wire.codec import Batch, ChannelBatch, encode_measurements
from wire.deliveries import Delivery
from wire.envelope import entry, prefix, to_amqp
from wire.relay_pb2 import Kind

STREAM = "sensor_streaming.data-0"
FAST = {
    "kind": "threshold", "feature": "maximum", "unit": "g",
    "levels": {"high": {"limit": 1.0, "severity": 500}}, "trigger": {},
    "actions": [{"do": "email", "to": ["anna@example.com"]}, {"do": "publish"}],
}  # fmt: skip
WINDOWED = {
    "kind": "threshold",
    "feature": "rms",
    "unit": "g",
    "window_s": 1,
    "levels": {"high": {"limit": 50.0, "severity": 1}},
}


class Database(Asking):
    """Keeps what is written in memory; `open` while it answers."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    async def ask(self, question: Any) -> Any:
        await self.open.wait()
        return await question(None)


class Kept(Store):
    """The store without a database."""

    def __init__(self, definitions: list[dict[str, Any]]) -> None:
        self.known = fleet([rule(one, number) for number, one in enumerate(definitions, 1)], [sensor()])
        self.writings: list[Writing] = []

    async def fleet(self, connection: Any) -> Any:
        return self.known

    async def take(self, connection: Any, stream: str, sensor_ids: Any) -> Taken:
        return Taken(0, 0, {}, [])

    async def write(self, connection: Any, writing: Writing) -> None:
        self.writings.append(writing)


class Service:
    """A reader of one partition with one sensor."""

    def __init__(self, *definitions: dict[str, Any], **settings: Any) -> None:
        self.store, self.database, judge = Kept(list(definitions)), Database(), Judge()
        self.told: list[TriggerRow] = []
        self.resolved: list[Event] = []
        outgoing = Outgoing(self.told.append, self.resolved.append)
        self.unwritten = Unwritten(judge, Flooding(5, 600.0, "test"), outgoing)
        self.judging = Judging(
            AlarmsSettings(**settings), judge, self.store, self.database, self.unwritten, lambda: None
        )
        self.judging.found([STREAM])
        self.offset = 0

    async def begin(self) -> None:
        await self.judging.next_offset(STREAM)

    async def put(self, samples: Any, frequency_hz: float = 1000.0) -> None:
        """The next batch, as a stream message of its own."""
        data = np.asarray(samples, "<f4").tobytes()
        start_ns = START_NS + round(self.offset * len(samples) * 1e9 / frequency_hz)
        one = Batch(7, self.offset, start_ns, frequency_hz, len(samples), (ChannelBatch(0, data),))
        received = time.time_ns().to_bytes(8, "little")
        body = to_amqp(entry(prefix("pump-1", Kind.KIND_MEASUREMENTS), received, encode_measurements(one)))
        self.offset += 1
        await self.judging.put(Delivery(STREAM, self.offset - 1, body, self.offset * 1000))


async def test_machine_is_told_before_anything_is_written() -> None:
    """The database is away; the trigger is there at once, and alarm and trigger are written later, together."""
    service = Service(FAST)
    await service.begin()
    service.database.open.clear()
    await service.put(sine(2.0, 50))
    [told] = service.told
    assert told.message.action == "stop"
    writing = asyncio.create_task(service.judging.write())
    await asyncio.sleep(0)
    assert service.store.writings == []
    service.database.open.set()
    while not service.store.writings:
        await asyncio.sleep(0.001)
    writing.cancel()
    written = service.store.writings[0]
    assert [event.transition.kind.value for event in written.events] == ["ACTIVATED"]
    assert written.triggers == [told]
    service.judging.close()


async def test_whole_windows_beyond_the_bound_stop_the_reading_until_they_are_judged() -> None:
    """What waits is bounded by its bytes: the stream gets no credit meanwhile."""
    service = Service(WINDOWED, alarms_buffer_bytes=1_000_000)
    await service.begin()
    for _ in range(228):  # of 4,400 bytes each
        await service.put(sine(0.1, 50))
    blocked = asyncio.create_task(service.put(sine(0.1, 50)))
    await asyncio.sleep(0.01)
    assert not blocked.done()
    rounds = asyncio.create_task(service.judging.judge_windows())
    await asyncio.wait_for(blocked, 10)
    rounds.cancel()
    service.judging.close()


async def test_transitions_beyond_the_bound_stop_the_reading_until_they_are_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A database that is away for long costs memory up to there."""
    monkeypatch.setattr(unwritten_module, "MOST", 10)
    service = Service(FAST)
    await service.begin()
    for number in range(10):
        await service.put(sine(0.1 if number % 2 else 2.0, 50))
    blocked = asyncio.create_task(service.put(sine(2.0, 50)))
    await asyncio.sleep(0.01)
    assert not blocked.done()
    writing = asyncio.create_task(service.judging.write())
    await asyncio.wait_for(blocked, 10)
    writing.cancel()
    service.judging.close()


async def test_bearings_beyond_the_bound_leave_the_oldest_out() -> None:
    """A fleet too large for its hop loses diagnoses, and says how many; it delays nothing."""
    service = Service({"kind": "bearing", "window_s": 2, "hop_s": 2}, alarms_diagnoses=2)
    await service.begin()
    from alarms import metrics

    before = metrics.DIAGNOSES_SKIPPED._value.get()
    for _ in range(20):
        await service.put(sine(0.1, 50))
    assert metrics.WAITING_DIAGNOSES._value.get() <= 2
    assert metrics.DIAGNOSES_SKIPPED._value.get() - before >= 3
    service.judging.close()


async def test_partition_that_is_given_up_leaves_nothing_to_be_told_of_alarms_that_another_is_to_write() -> (
    None
):
    """What was not written is the next one's, also its mails and triggers: they would be of alarms that there are not."""
    service = Service(FAST)
    await service.begin()
    await service.put(sine(2.0, 50))
    under_way = service.unwritten.take({STREAM: (1, 0)})
    await service.put(sine(0.1, 50))
    assert under_way.outbox
    without = under_way.without({"pump-1"}, {STREAM})
    assert (without.events, without.triggers, without.outbox) == ([], [], [])
    service.judging.active(STREAM, False)
    left = service.unwritten.take({})
    assert (left.events, left.triggers, left.outbox) == ([], [], [])
    service.judging.close()


async def test_end_is_told_to_machines_and_offsets_move_with_what_was_judged() -> None:
    """Cleared: whoever was stopped may be started by people."""
    service = Service(FAST)
    await service.begin()
    await service.put(sine(2.0, 50))
    await service.put(sine(0.1, 50))
    assert [event.transition.kind.value for event in service.resolved] == ["CLEARED"]
    running = [
        asyncio.create_task(service.judging.judge_windows()),
        asyncio.create_task(service.judging.write()),
    ]
    await asyncio.wait_for(service.judging.written(STREAM), 10)
    for task in running:
        task.cancel()
    assert service.store.writings[-1].offsets[STREAM][0] == 2
    service.judging.close()


def test_flood_holds_back_mails_and_says_afterwards_how_many() -> None:
    """Of thirty alarms five are mailed; what is published goes on, and everybody who missed some hears of it once."""
    bench = Bench(FAST)
    service = Service(FAST)
    minute_ns = 60 * 10**9
    for number in range(60):
        events = bench.batch(sine(0.1 if number % 2 else 2.0, 50))
        service.unwritten.add([e for e in events if e.transition.kind.value == "ACTIVATED"], START_NS)
    actions = [row.action for row in service.unwritten.take({}).outbox]
    assert (actions.count("email"), actions.count("publish")) == (5, 30)
    service.unwritten.tick(START_NS + 5 * minute_ns)
    assert service.unwritten.take({}).outbox == []
    service.unwritten.tick(START_NS + 21 * minute_ns)
    [summary] = service.unwritten.take({}).outbox
    assert summary.payload["to"] == ["anna@example.com"]
    assert summary.payload["event"]["message"].startswith("25 alarms were not told")
    assert len(service.told) == 30, "machines are always told"
    service.judging.close()


@given(
    st.lists(st.integers(0, 3_000), min_size=1, max_size=300),
    st.floats(0.1, 60.0),
    st.integers(0, 1000),
)
def test_rewind_reaches_a_window_back_and_no_further_than_it_must(
    steps_ms: list[int], window_s: float, first: int
) -> None:
    """The message at the rewind offset is not younger than the window's begin, unless there is none older."""
    partition = Partition(first, first)
    times: list[int] = []
    for index, step in enumerate(steps_ms):
        times.append((times[-1] if times else 0) + step)
        assert partition.take(first + index, times[-1], window_s)
        at = partition.rewind_offset - first
        assert 0 <= at <= index
        assert times[at] <= times[-1] - window_s * 1e3 or at == 0
    assert partition.next_offset == first + len(steps_ms)


def test_what_was_judged_before_only_fills_windows() -> None:
    """Between the two offsets of a partition."""
    partition = Partition(next_offset=10, rewind_offset=7)
    assert partition.next_offset == 10
    assert [partition.take(offset, offset * 100, 1.0) for offset in (7, 8, 9, 10, 11)] == [False] * 3 + [
        True
    ] * 2
    assert partition.next_offset == 12


def test_spectrum_of_an_evidence_is_short_and_keeps_every_peak() -> None:
    """A tone between many lines is still there, at its frequency and with its amplitude."""
    samples = sine(1.5, 3120.0, 4.0, 25_600.0)
    found = of_samples(
        Bench(FAST).judge.evaluations[1, 1, 0].task.source, START_NS, START_NS, samples, 25_600.0, "g"
    )
    lines = found["spectrum"]
    assert len(lines["amplitudes"]) <= MOST_LINES
    top = int(np.argmax(lines["amplitudes"]))
    assert lines["frequencies_hz"][top] == pytest.approx(3120, abs=lines["resolution_hz"])
    assert lines["amplitudes"][top] == pytest.approx(1.5, rel=0.02)


def test_batches_of_an_earlier_session_after_a_restart_do_not_make_the_sensor_deaf() -> None:
    """What a sensor sends of its past beside live data is taken for a new session once; then live data goes on."""
    bench = Bench(FAST)
    taken = []
    for session, sequence, second, amplitude in (
        (2, 0, 100, 0.1), (1, 50, 50, 0.1), (2, 1, 101, 2.0), (1, 51, 51, 0.1), (2, 2, 102, 0.1),
    ):  # fmt: skip
        part = ChannelBatch(0, sine(amplitude, 50).astype("<f4").tobytes())
        one = Batch(session, sequence, START_NS + second * 10**9, 1000.0, 1000, (part,))
        made = bench.judge.take("pump-1", one, START_NS + second * 10**9, judged=True)
        assert made is not None
        taken += [event.transition.kind.value for event in made.events]
    assert taken == ["ACTIVATED", "CLEARED"]
    assert bench.judge.late == 1


async def test_partition_given_up_and_taken_again_keeps_its_own_offsets_and_requests_stay_open() -> None:
    """What was judged before it was given up, and not written, is judged and done again: nothing is marked as done."""
    service = Service(FAST)
    await service.begin()
    await service.put(sine(2.0, 50))
    service.unwritten.answer("pump-1", 1, "")
    service.unwritten.noted("pump-1", service.told[0].id, True)
    service.judging.active(STREAM, False)
    assert service.judging.handed_over == 1
    await service.begin()
    writing = service.unwritten.take({})
    assert (list(writing.events), list(writing.applied), list(writing.noted)) == ([], [], [])
    running = asyncio.create_task(service.judging.write())
    service.judging.hurry()
    while not service.store.writings:
        await asyncio.sleep(0.001)
    running.cancel()
    assert service.store.writings[0].offsets == {STREAM: (0, 0)}
    service.judging.close()


def test_number_that_json_has_not_is_written_as_null() -> None:
    """PostgreSQL refuses NaN and infinities in jsonb, and would refuse them for ever."""
    assert finite({"a": float("nan"), "b": [1.0, float("inf")], "c": "x"}) == {
        "a": None,
        "b": [1.0, None],
        "c": "x",
    }
