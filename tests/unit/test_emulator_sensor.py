"""A sensor's behaviour, with time given."""

import math
import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.fleet_plan import Fleet, plans
from emulator.ring import Key
from emulator.sensor import STATUS_INTERVAL_NS, Plan, Sensor
from emulator.signals import Table
from wire import limits
from wire.codec import Batch, decode_measurements
from wire.messages import decode_ack, decode_birth, decode_log, decode_status
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import (
    Awake,
    ChangeSampleFrequency,
    Command,
    CommandAck,
    Identify,
    LogLevel,
    Outcome,
    Reboot,
    Resend,
    Sleep,
    State,
    Status,
    TriggerAlarm,
)

START_NS = 1_800_000_000 * 10**9
SECOND_NS = 10**9
FAR_FUTURE_NS = START_NS * 2


class Harness:
    """A sensor whose batches are decoded and whose words are sorted."""

    def __init__(
        self, frequency: float = 100.0, *, ring_bytes: int = 1_000_000, batch_duration_s: float = 1.0
    ):
        sessions = iter(range(1, 100))
        plan = Plan(
            "pump-1", "vibration", Table(0), frequency, 26_667.0, batch_duration_s, ring_bytes=ring_bytes
        )
        self.sensor = Sensor(plan, START_NS, new_session=lambda: next(sessions))
        self.sensor.out.clear()

    def batches(self) -> list[Batch]:
        """What waits to be published, oldest first; it is taken out, as publishing does."""
        keys = list(self.sensor.pending)
        self.sensor.pending.clear()
        payloads = [self.sensor.ring.get(key) for key in keys]
        return [decode_measurements(p, FAR_FUTURE_NS) for p in payloads if p is not None]

    def tell(
        self, at_ns: int, *, expiry_ns: int = 0, command_id: bytes | None = None, **command: object
    ) -> CommandAck:
        """Give a command; its acknowledgement."""
        message = Command(
            id=command_id or uuid.uuid4().bytes,
            issued_time_ns=START_NS,
            expiry_time_ns=expiry_ns,
            **command,  # type: ignore[arg-type]  # the oneof's field
        )
        self.sensor.command(message, at_ns)
        acks = [decode_ack(say.payload) for say in self.sensor.out if say.kind == Kind.KIND_ACK]
        return acks[-1]

    def statuses(self) -> list[Status]:
        return [decode_status(say.payload) for say in self.sensor.out if say.kind == Kind.KIND_STATUS]


@given(
    frequency=st.floats(0.5, 26_667.0),
    hours=st.integers(0, 10),
    late_ns=st.lists(st.integers(0, 3 * SECOND_NS), min_size=1, max_size=5),
)
def test_batches_follow_each_other_without_gap_drift_or_overlap(
    frequency: float, hours: int, late_ns: list[int]
) -> None:
    """Sample k of a run is at run + round(k · 1e9 / f), in whichever batch it lands and however late it is made."""
    harness = Harness(frequency)
    harness.sensor._index = int(hours * 3600 * frequency)  # after hours of running
    harness.sensor._status_ns = FAR_FUTURE_NS  # only batches are due
    index, sequence = harness.sensor._index, 0
    now = harness.sensor.due_ns
    for late in late_ns:
        harness.sensor.tick(now + late)
        for batch in harness.batches():
            assert batch.sequence == sequence
            assert batch.start_time_ns == START_NS + round(index * 1e9 / frequency)
            assert batch.end_time_ns <= now + late + 1
            sequence += 1
            index += batch.sample_count
        now = max(now + late, harness.sensor.due_ns)
    assert sequence > 0


def test_batch_is_made_with_its_last_sample() -> None:
    """Not before, and not a period later."""
    harness = Harness(100.0)
    due = START_NS + round(99 * 1e9 / 100)
    assert harness.sensor.due_ns == due
    harness.sensor.tick(due - 1)
    assert harness.batches() == []
    harness.sensor.tick(due)
    [batch] = harness.batches()
    assert (batch.sample_count, batch.session, batch.sequence) == (100, 1, 0)


def test_frequency_changed_in_mid_batch_closes_it_and_begins_anew() -> None:
    """Old samples at the old frequency, new ones from the moment of the command."""
    harness = Harness(100.0)
    at = START_NS + 345_000_000
    ack = harness.tell(at, change_sample_frequency=ChangeSampleFrequency(sample_frequency_hz=10))
    assert (ack.outcome, ack.sample_frequency_hz) == (Outcome.OUTCOME_APPLIED, 10.0)
    harness.sensor.tick(at + 2 * SECOND_NS)
    old, new, newer = harness.batches()
    assert (old.sample_count, old.sample_frequency_hz) == (35, 100.0)  # 0, 10 … 340 ms
    assert (new.sample_count, new.sample_frequency_hz, new.start_time_ns) == (10, 10.0, at)
    assert (old.sequence, new.sequence, newer.sequence) == (0, 1, 2)
    assert harness.statuses()[-1].sample_frequency_hz == 10.0


@pytest.mark.parametrize(
    "by_ns", [3600 * SECOND_NS, -3600 * SECOND_NS, 200_000_000], ids=["on", "back", "some"]
)
def test_clock_that_is_set_closes_the_batch_and_begins_a_run(by_ns: int) -> None:
    """Samples of before keep their times, those of after have the new ones; sequences go on, and a warning says so."""
    harness = Harness(100.0)
    at = START_NS + 345_000_000
    harness.sensor.clock_stepped(by_ns, at + by_ns)
    harness.sensor.tick(at + by_ns + 2 * SECOND_NS)
    old, new, newer = harness.batches()
    assert (old.sample_count, old.start_time_ns) == (35, START_NS)  # 0, 10 … 340 ms
    assert (new.sample_count, new.start_time_ns) == (100, at + by_ns)
    assert [one.sequence for one in (old, new, newer)] == [0, 1, 2]
    [log] = [
        decode_log(say.payload, FAR_FUTURE_NS) for say in harness.sensor.out if say.kind == Kind.KIND_LOG
    ]
    assert (log.level, log.logger) == (LogLevel.LOG_LEVEL_WARNING, "clock")
    assert f"set {abs(by_ns) // 1_000_000} ms {'forwards' if by_ns > 0 else 'backwards'}" in log.message


def test_clock_that_is_set_changes_no_duration() -> None:
    """A sleep of ten seconds takes ten, and the uptime is what it was."""
    harness = Harness(100.0)
    harness.tell(START_NS + SECOND_NS, sleep=Sleep(duration_s=10))
    hour_ns = 3600 * SECOND_NS
    harness.sensor.clock_stepped(hour_ns, START_NS + 2 * SECOND_NS + hour_ns)
    harness.sensor.tick(START_NS + 10 * SECOND_NS + hour_ns)
    assert harness.sensor.state == State.STATE_ASLEEP
    harness.sensor.tick(START_NS + 11 * SECOND_NS + hour_ns)
    assert harness.sensor.state == State.STATE_AWAKE
    assert harness.statuses()[-1].uptime_ms == 11_000


@pytest.mark.parametrize("bad", [0.0, -5.0, math.nan, math.inf, 26_668.0, 0.001])
def test_frequency_that_cannot_be_is_rejected_and_nothing_changes(bad: float) -> None:
    """The reason says what can be."""
    harness = Harness(100.0)
    ack = harness.tell(START_NS, change_sample_frequency=ChangeSampleFrequency(sample_frequency_hz=bad))
    assert ack.outcome == Outcome.OUTCOME_REJECTED
    assert "26667 Hz" in ack.reason
    assert (ack.sample_frequency_hz, harness.sensor.sample_frequency_hz) == (100.0, 100.0)


def test_asleep_sensor_measures_nothing_until_awake() -> None:
    """Sleep closes the batch; Awake begins a new run at that moment; sequences go on."""
    harness = Harness(100.0)
    assert harness.tell(START_NS + SECOND_NS // 2, sleep=Sleep()).state == State.STATE_ASLEEP
    harness.sensor.tick(START_NS + 60 * SECOND_NS)
    [before] = harness.batches()
    assert before.sample_count == 51
    woken = START_NS + 100 * SECOND_NS
    assert harness.tell(woken, awake=Awake()).state == State.STATE_AWAKE
    harness.sensor.tick(woken + SECOND_NS)
    [after] = harness.batches()
    assert (after.start_time_ns, after.sequence) == (woken, 1)


def test_sleep_with_duration_ends_by_itself() -> None:
    """And the sensor says so."""
    harness = Harness(100.0)
    harness.tell(START_NS, sleep=Sleep(duration_s=10))
    wake = START_NS + 10 * SECOND_NS
    assert harness.sensor.due_ns == wake
    harness.sensor.tick(wake)
    assert harness.sensor.state == State.STATE_AWAKE
    assert harness.statuses()[-1].state == State.STATE_AWAKE


def test_command_that_comes_twice_is_applied_once() -> None:
    """The second time it is a duplicate, whatever has happened since."""
    harness = Harness(100.0)
    command_id = uuid.uuid4().bytes
    change = ChangeSampleFrequency(sample_frequency_hz=10)
    assert (
        harness.tell(START_NS, command_id=command_id, change_sample_frequency=change).outcome
        == Outcome.OUTCOME_APPLIED
    )
    harness.tell(START_NS, change_sample_frequency=ChangeSampleFrequency(sample_frequency_hz=20))
    again = harness.tell(START_NS, command_id=command_id, change_sample_frequency=change)
    assert again.outcome == Outcome.OUTCOME_DUPLICATE
    assert harness.sensor.sample_frequency_hz == 20.0


def test_expired_command_is_never_applied() -> None:
    """Not even when it comes again."""
    harness = Harness(100.0)
    ack = harness.tell(START_NS + 2, expiry_ns=START_NS + 1, sleep=Sleep())
    assert ack.outcome == Outcome.OUTCOME_EXPIRED
    assert harness.sensor.state == State.STATE_AWAKE


@pytest.mark.parametrize("late", [False, True])
def test_every_command_is_answered_and_a_status_follows(late: bool) -> None:
    """Also one that is known, or too late: whoever waits learns how the sensor is."""
    harness = Harness(100.0)
    command_id = uuid.uuid4().bytes
    for _ in range(2):
        harness.tell(
            START_NS + 2, expiry_ns=START_NS + 1 if late else 0, command_id=command_id, awake=Awake()
        )
    kinds = [say.kind for say in harness.sensor.out]
    assert kinds == [Kind.KIND_ACK, Kind.KIND_STATUS] * 2
    outcomes = [decode_ack(say.payload).outcome for say in harness.sensor.out[::2]]
    first = Outcome.OUTCOME_EXPIRED if late else Outcome.OUTCOME_APPLIED
    assert outcomes == [first, Outcome.OUTCOME_DUPLICATE]


def test_reboot_that_comes_twice_is_one() -> None:
    """Ids survive it; else a command whose acknowledgement is lost would reboot a sensor for ever."""
    harness = Harness(100.0)
    command_id = uuid.uuid4().bytes
    assert harness.tell(START_NS, command_id=command_id, reboot=Reboot()).outcome == Outcome.OUTCOME_APPLIED
    again = harness.tell(START_NS + 1, command_id=command_id, reboot=Reboot())
    assert again.outcome == Outcome.OUTCOME_DUPLICATE
    assert harness.sensor.session == 2


def test_reboot_closes_the_batch() -> None:
    """What was measured before is not forgotten."""
    harness = Harness(100.0)
    harness.tell(START_NS + 345_000_000, reboot=Reboot())
    [batch] = harness.batches()
    assert (batch.session, batch.sequence, batch.sample_count) == (1, 0, 35)


def test_commands_remembered_are_the_last_256() -> None:
    """An older one would be applied again; its expiry is what keeps that from happening."""
    harness = Harness()
    ids = [uuid.uuid4().bytes for _ in range(257)]
    for one in ids:
        harness.tell(START_NS, command_id=one, awake=Awake())
    assert harness.tell(START_NS, command_id=ids[1], awake=Awake()).outcome == Outcome.OUTCOME_DUPLICATE
    assert harness.tell(START_NS, command_id=ids[0], awake=Awake()).outcome == Outcome.OUTCOME_APPLIED


def test_command_at_its_expiry_is_applied() -> None:
    """Expired means after it."""
    harness = Harness(100.0)
    assert (
        harness.tell(START_NS + 1, expiry_ns=START_NS + 1, sleep=Sleep()).outcome == Outcome.OUTCOME_APPLIED
    )


def test_reboot_begins_a_session_and_keeps_state_and_frequency() -> None:
    """Sequences from 0, a new birth; batches of the old session that nobody holds are still published."""
    harness = Harness(100.0)
    harness.tell(START_NS, change_sample_frequency=ChangeSampleFrequency(sample_frequency_hz=50))
    harness.sensor.tick(START_NS + SECOND_NS)
    harness.tell(START_NS + SECOND_NS, reboot=Reboot())
    [birth] = [decode_birth(s.payload, "pump-1") for s in harness.sensor.out if s.kind == Kind.KIND_BIRTH]
    assert (birth.session, birth.sample_frequency_hz, birth.state) == (2, 50.0, State.STATE_AWAKE)
    harness.sensor.tick(START_NS + 2 * SECOND_NS)
    batches = harness.batches()
    assert [(b.session, b.sequence) for b in batches][-1] == (2, 0)
    assert any(batch.session == 1 for batch in batches)


def test_resend_brings_back_what_the_ring_holds_and_says_what_it_does_not() -> None:
    """Acknowledged batches are still there, until newer ones need their room."""
    harness = Harness(100.0, ring_bytes=5 * 500)
    for second in range(1, 11):
        harness.sensor.tick(START_NS + second * SECOND_NS)
        for batch in harness.batches():
            harness.sensor.acknowledged(Key(batch.session, batch.sequence), held=True)
    ack = harness.tell(START_NS, resend=Resend(session=1, first_sequence=8, last_sequence=9))
    assert ack.outcome == Outcome.OUTCOME_APPLIED
    assert [batch.sequence for batch in harness.batches()] == [8, 9]
    gone = harness.tell(START_NS, resend=Resend(session=1, first_sequence=0, last_sequence=9))
    assert gone.outcome == Outcome.OUTCOME_REJECTED
    assert "no longer buffered" in gone.reason
    assert harness.tell(START_NS, resend=Resend(session=1, first_sequence=5, last_sequence=1)).outcome == (
        Outcome.OUTCOME_REJECTED
    )
    assert harness.sensor.ring.dropped == 0


def test_full_ring_forgets_its_oldest_and_counts_what_nobody_holds() -> None:
    """That is a loss, and the sequence leaves a gap that the database sees."""
    harness = Harness(100.0, ring_bytes=3 * 500)
    harness.sensor.tick(START_NS + 10 * SECOND_NS)
    kept = [batch.sequence for batch in harness.batches()]
    assert kept[-1] == harness.sensor.made - 1
    assert harness.sensor.ring.dropped == harness.sensor.made - len(kept) > 0


def test_batch_that_nobody_holds_waits_to_be_published_again() -> None:
    """A PUBACK with another reason than success is no acknowledgement."""
    harness = Harness(100.0)
    harness.sensor.tick(START_NS + SECOND_NS)
    [batch] = harness.batches()
    key = Key(batch.session, batch.sequence)
    harness.sensor.acknowledged(key, held=False)
    assert harness.sensor.ring.unacknowledged == 1
    [again] = harness.batches()
    assert again == batch
    harness.sensor.acknowledged(key, held=True)
    assert harness.sensor.ring.unacknowledged == 0


def test_status_says_how_the_sensor_is_every_thirty_seconds() -> None:
    """With what it has made and what it still holds."""
    harness = Harness(1.0)
    harness.sensor.tick(START_NS + STATUS_INTERVAL_NS)
    [status] = harness.statuses()
    assert (status.state, status.session, status.uptime_ms) == (State.STATE_AWAKE, 1, 30_000)
    assert status.last_sequence == harness.sensor.made - 1
    assert status.buffered_batches == harness.sensor.made
    assert (status.HasField("oldest_buffered_sequence"), status.oldest_buffered_sequence) == (True, 0)


def test_identify_and_trigger_alarm_are_logged() -> None:
    """There is no lamp on an emulated sensor."""
    harness = Harness()
    harness.tell(START_NS, identify=Identify())
    harness.tell(START_NS, trigger_alarm=TriggerAlarm(alarm_id="A7", severity=500, action="stop"))
    logs = [decode_log(s.payload, FAR_FUTURE_NS) for s in harness.sensor.out if s.kind == Kind.KIND_LOG]
    assert [log.logger for log in logs] == ["identify", "alarm"]
    assert "A7" in logs[1].message


def test_last_will_is_a_status_without_time() -> None:
    """The broker says it at a moment that the sensor cannot know."""
    will = decode_status(Harness().sensor.last_will())
    assert (will.state, will.time_ns) == (State.STATE_OFFLINE, 0)


@pytest.mark.parametrize("duration_s", [1.0, 3600.0])
def test_batch_is_no_larger_than_a_message_may_be(duration_s: float) -> None:
    """Whatever frequency a command asks for."""
    [plan] = plans(Fleet(1, vibration_hz=26_667.0, batch_duration_s=duration_s))
    sensor = Sensor(plan, START_NS)
    sensor.tick(START_NS + 3 * SECOND_NS)
    payload = sensor.ring.get(next(reversed(sensor.pending)))
    assert payload is not None
    assert 300_000 < len(payload) <= limits.MAXIMUM_MESSAGE_BYTES
    assert decode_measurements(payload, FAR_FUTURE_NS).position is not None


def test_tick_makes_at_most_so_many_batches_and_the_rest_is_due_at_once() -> None:
    """So that one sensor that is late does not hold up the others."""
    harness = Harness(100.0)
    now = START_NS + 10 * SECOND_NS
    harness.sensor.tick(now, 3)
    assert [batch.sequence for batch in harness.batches()] == [0, 1, 2]
    assert harness.sensor.due_ns < now
    harness.sensor.tick(now)
    assert [batch.sequence for batch in harness.batches()] == list(range(3, 10))


def test_samples_arrive_as_the_source_made_them() -> None:
    """float32, bit by bit."""
    harness = Harness(100.0)
    harness.sensor.tick(START_NS + SECOND_NS)
    [batch] = harness.batches()
    expected = Table(0).samples(0.0, 100, 100.0)
    assert np.array_equal(batch.channels[0].samples(), expected[0])
