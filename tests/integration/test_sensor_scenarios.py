"""What docs/sensor.md says of a sensor, of both implementations, on the real Mosquitto."""

import asyncio
import time
from functools import reduce
from itertools import pairwise
from operator import xor
from pathlib import Path

import pytest

from stack.local import Stack
from tests.integration.clients import publisher
from tests.integration.listening import listening, tell
from tests.integration.pipeline import wait_for
from tests.integration.sensors import BOTH, FIRMWARE, Implementation, Setup, started
from wire.codec import Batch
from wire.names import CommandLevel
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import (
    Awake,
    ChangeSampleFrequency,
    Identify,
    LogLevel,
    Outcome,
    Reboot,
    Resend,
    Sleep,
    State,
    TriggerAlarm,
)

# Of a receiver in Hamburg.
FIXES = [
    "GPGGA,120000.00,5333.0000,N,00959.6000,E,1,08,1.0,15.0,M,45.0,M,,",
    "GPRMC,120000.00,A,5333.0000,N,00959.6000,E,5.0,90.0,010125,,,A",
]


@pytest.fixture(params=BOTH, ids=lambda one: one.name)
def implementation(request: pytest.FixtureRequest) -> Implementation:
    chosen: Implementation = request.param
    return chosen


def sentence(body: str) -> str:
    """With its checksum."""
    return f"${body}*{reduce(xor, body.encode()):02X}\r\n"


def end_ns(batch: Batch) -> int:
    """When its next sample would be taken."""
    return batch.start_time_ns + round(batch.sample_count * 1e9 / batch.sample_frequency_hz)


async def test_sensor_says_who_and_how_it_is_and_measures(
    stack: Stack, tmp_path: Path, implementation: Implementation
) -> None:
    """Birth and status are retained; batches are dense and follow each other to the nanosecond; a log line says that it
    booted; SIGTERM says goodbye.
    """
    [serial] = implementation.serial_numbers("who-")
    nmea = tmp_path / "gps.nmea"
    nmea.write_text("".join(map(sentence, FIXES)))
    setup = Setup(extra=("--nmea", str(nmea)) if implementation is FIRMWARE else ())
    async with listening(stack, serial) as live:
        async with started(stack, tmp_path, implementation, "who-", setup) as sensor:
            await live.until(lambda: len(live.batches) >= 10, "ten batches")
            async with listening(stack, serial) as late:
                await late.until(lambda: late.births and late.statuses, "what is retained")
                kinds = {topic.rpartition("/")[2] for topic, _, retain in late.messages if retain}
                assert kinds == {"birth", "status"}
            assert await asyncio.to_thread(sensor.service.stop) == 0
        await live.until(lambda: live.statuses[-1].state == State.STATE_OFFLINE, "it says goodbye")
    assert live.statuses[-1].time_ns > 0  # said by itself
    birth, batches = live.births[0], live.batches
    assert (birth.sensor_type, birth.sample_frequency_hz) == ("vibration", 100.0)
    assert [(c.name, c.quantity, c.unit) for c in birth.channels] == [(a, "acceleration", "g") for a in "xyz"]
    assert [batch.sequence for batch in batches] == list(range(len(batches)))
    assert {batch.session for batch in batches} == {birth.session}
    run_ns = batches[0].start_time_ns
    for index, batch in enumerate(batches):
        assert batch.start_time_ns == run_ns + round(index * 20 * 1e9 / 100)
    assert [batch.sample_count for batch in batches[:-1]] == [20] * (len(batches) - 1)
    position = batches[-1].position
    assert position is not None
    assert abs(position.latitude - 53.55) < 0.2
    assert live.logs[0].logger == "boot"
    [report] = sensor.report()
    assert report["batches_made"] == report["batches_acknowledged"] == len(batches)


async def test_killed_sensor_is_said_to_be_offline_by_the_broker(
    stack: Stack, tmp_path: Path, implementation: Implementation
) -> None:
    """The last will: without a time."""
    [serial] = implementation.serial_numbers("will-")
    async with (
        listening(stack, serial) as live,
        started(stack, tmp_path, implementation, "will-") as sensor,
    ):
        await live.until(lambda: live.statuses, "a status")
        sensor.service.kill()
        await live.until(lambda: live.statuses[-1].state == State.STATE_OFFLINE, "the last will")
        assert live.statuses[-1].time_ns == 0


async def test_command_is_applied_once_and_acknowledged_each_time(
    stack: Stack, tmp_path: Path, implementation: Implementation
) -> None:
    """Applied, a duplicate when it comes again, expired when it is late, rejected when it cannot be."""
    [serial] = implementation.serial_numbers("told-")
    level = CommandLevel.CHANGE_SAMPLE_FREQUENCY
    async with (
        listening(stack, serial) as live,
        publisher(stack, "control") as control,
        started(stack, tmp_path, implementation, "told-"),
    ):
        change = ChangeSampleFrequency(sample_frequency_hz=50)
        first = await tell(control, serial, level, change_sample_frequency=change)
        assert (await live.answer(first)).outcome == Outcome.OUTCOME_APPLIED
        await tell(control, serial, level, id=first, change_sample_frequency=change)
        assert (await live.answer(first, 2)).outcome == Outcome.OUTCOME_DUPLICATE
        late = await tell(
            control, serial, level, expiry_time_ns=time.time_ns() - 1, change_sample_frequency=change
        )
        assert (await live.answer(late)).outcome == Outcome.OUTCOME_EXPIRED
        bad = await tell(
            control, serial, level, change_sample_frequency=ChangeSampleFrequency(sample_frequency_hz=-1)
        )
        rejected = await live.answer(bad)
        assert (rejected.outcome, rejected.sample_frequency_hz) == (Outcome.OUTCOME_REJECTED, 50.0)
        assert "26667 Hz" in rejected.reason

        def at_new_frequency() -> bool:
            newest = live.batches[-1]
            return newest.sample_frequency_hz == 50.0 and newest.sample_count == 10

        await live.until(at_new_frequency, "batches at 50 Hz")


async def test_frequency_changed_in_mid_batch_closes_it(
    stack: Stack, tmp_path: Path, implementation: Implementation
) -> None:
    """Before and after the moment no sample is missing; sequences go on; each batch has one frequency."""
    [serial] = implementation.serial_numbers("mid-")
    async with (
        listening(stack, serial) as live,
        publisher(stack, "control") as control,
        started(stack, tmp_path, implementation, "mid-", Setup(frequency_hz=1000, batch_s=1)),
    ):
        await live.next_batch()
        change = ChangeSampleFrequency(sample_frequency_hz=200)
        level = CommandLevel.CHANGE_SAMPLE_FREQUENCY
        told = await live.answer(await tell(control, serial, level, change_sample_frequency=change))
        await live.until(lambda: live.batches[-1].sample_frequency_hz == 200, "a batch at 200 Hz")
        batches = live.batches
    assert [batch.sequence for batch in batches] == list(range(len(batches)))
    changed = next(i for i, batch in enumerate(batches) if batch.sample_frequency_hz == 200)
    old, new = batches[changed - 1], batches[changed]
    assert old.sample_frequency_hz == 1000
    assert old.sample_count < 1000  # the command came while it was open
    assert new.start_time_ns == told.time_ns
    assert 0 <= end_ns(old) - new.start_time_ns <= 1_000_000  # within a period of the old frequency
    assert new.sample_count == 200


async def test_sleep_and_awake(stack: Stack, tmp_path: Path, implementation: Implementation) -> None:
    """Asleep it stays connected and makes nothing; Awake begins a run; a sleep with a duration ends by itself."""
    [serial] = implementation.serial_numbers("nap-")
    async with (
        listening(stack, serial) as live,
        publisher(stack, "control") as control,
        started(stack, tmp_path, implementation, "nap-") as sensor,
    ):
        await live.next_batch()
        asleep = await live.answer(await tell(control, serial, CommandLevel.SLEEP, sleep=Sleep()))
        assert (asleep.outcome, asleep.state) == (Outcome.OUTCOME_APPLIED, State.STATE_ASLEEP)
        await live.until(lambda: live.statuses[-1].state == State.STATE_ASLEEP, "a status")
        await live.answer(await tell(control, serial, CommandLevel.IDENTIFY, identify=Identify()))
        last = live.batches[-1]
        assert live.statuses[-1].last_sequence == last.sequence
        assert sensor.metric("batches_made_total") == last.sequence + 1
        awake = await live.answer(await tell(control, serial, CommandLevel.AWAKE, awake=Awake()))
        assert awake.state == State.STATE_AWAKE
        first = await live.next_batch()
        assert first.sequence == last.sequence + 1
        assert first.start_time_ns == awake.time_ns
        short = await live.answer(await tell(control, serial, CommandLevel.SLEEP, sleep=Sleep(duration_s=1)))
        await live.until(lambda: live.batches[-1].start_time_ns > short.time_ns + 900_000_000, "it wakes")
        await live.until(lambda: live.statuses[-1].state == State.STATE_AWAKE, "and says so")


async def test_command_given_while_it_is_away_comes_when_it_is_back(
    stack: Stack, tmp_path: Path, implementation: Implementation
) -> None:
    """The broker keeps the session of a sensor that has said goodbye."""
    prefix = "gone-"
    [serial] = implementation.serial_numbers(prefix)
    async with listening(stack, serial) as live, publisher(stack, "control") as control:
        async with started(stack, tmp_path, implementation, prefix) as sensor:
            await live.until(lambda: live.births, "a birth")
            assert await asyncio.to_thread(sensor.service.stop) == 0
        told = await tell(control, serial, CommandLevel.IDENTIFY, identify=Identify())
        async with started(stack, tmp_path, implementation, prefix):
            assert (await live.answer(told)).outcome == Outcome.OUTCOME_APPLIED


async def test_alarm_and_identify_are_log_lines(
    stack: Stack, tmp_path: Path, implementation: Implementation
) -> None:
    """An alarm is a warning with its id and action; one without an id is rejected and not said."""
    [serial] = implementation.serial_numbers("alarm-")
    async with (
        listening(stack, serial) as live,
        publisher(stack, "control") as control,
        started(stack, tmp_path, implementation, "alarm-"),
    ):
        level = CommandLevel.TRIGGER_ALARM
        nameless = await tell(control, serial, level, trigger_alarm=TriggerAlarm(severity=5, action="stop"))
        assert (await live.answer(nameless)).outcome == Outcome.OUTCOME_REJECTED
        alarm = TriggerAlarm(alarm_id="bearing-hot", severity=700, action="stop the pump")
        told = await tell(control, serial, level, trigger_alarm=alarm)
        assert (await live.answer(told)).outcome == Outcome.OUTCOME_APPLIED
        here = await tell(control, serial, CommandLevel.IDENTIFY, identify=Identify())
        assert (await live.answer(here)).outcome == Outcome.OUTCOME_APPLIED
        await live.until(lambda: any(log.logger == "identify" for log in live.logs), "it says where it is")
        [said] = [log for log in live.logs if log.logger == "alarm"]
    assert said.level == LogLevel.LOG_LEVEL_WARNING
    assert said.message == "alarm bearing-hot: stop the pump"


async def test_resend_publishes_batches_again(
    stack: Stack, tmp_path: Path, implementation: Implementation
) -> None:
    """The same bytes; what is no longer there is said."""
    [serial] = implementation.serial_numbers("again-")
    async with (
        listening(stack, serial) as live,
        publisher(stack, "control") as control,
        started(stack, tmp_path, implementation, "again-"),
    ):
        await live.until(lambda: len(live.batches) >= 4, "four batches")
        first = live.of(Kind.KIND_MEASUREMENTS)[1:3]
        session = live.batches[0].session
        resend = Resend(session=session, first_sequence=1, last_sequence=2)
        done = await live.answer(await tell(control, serial, CommandLevel.RESEND, resend=resend))
        assert done.outcome == Outcome.OUTCOME_APPLIED
        await live.until(
            lambda: all(live.of(Kind.KIND_MEASUREMENTS).count(payload) == 2 for payload in first),
            "both again",
        )
        other = Resend(session=session ^ 1, first_sequence=1, last_sequence=2)
        gone = await live.answer(await tell(control, serial, CommandLevel.RESEND, resend=other))
        assert (gone.outcome, gone.reason) == (
            Outcome.OUTCOME_REJECTED,
            "2 of 2 batches are no longer buffered",
        )


async def test_reboot_begins_a_session_and_keeps_what_was_told(
    stack: Stack, tmp_path: Path, implementation: Implementation
) -> None:
    """The open batch is closed, the answer comes, a new birth follows, at the frequency that was commanded; the same
    command once more is a duplicate, and no second reboot.
    """
    [serial] = implementation.serial_numbers("boot-")
    async with (
        listening(stack, serial) as live,
        publisher(stack, "control") as control,
        started(stack, tmp_path, implementation, "boot-"),
    ):
        change = ChangeSampleFrequency(sample_frequency_hz=50)
        await tell(control, serial, CommandLevel.CHANGE_SAMPLE_FREQUENCY, change_sample_frequency=change)
        await live.until(lambda: live.batches and live.batches[-1].sample_frequency_hz == 50, "50 Hz")
        session = live.batches[-1].session
        reboot = await tell(control, serial, CommandLevel.REBOOT, reboot=Reboot())
        assert (await live.answer(reboot)).outcome == Outcome.OUTCOME_APPLIED
        await live.until(lambda: live.births[-1].session != session, "a new birth")
        await live.until(lambda: live.batches[-1].session == live.births[-1].session, "its batches")
        assert live.births[-1].sample_frequency_hz == 50
        await tell(control, serial, CommandLevel.REBOOT, id=reboot, reboot=Reboot())
        assert (await live.answer(reboot, 2)).outcome == Outcome.OUTCOME_DUPLICATE
        await live.next_batch()
        assert len({birth.session for birth in live.births}) == 2
        old = [batch for batch in live.batches if batch.session == session]
        assert {batch.sequence for batch in old} == set(range(len({batch.sequence for batch in old})))
        assert live.batches[-1].sample_frequency_hz == 50
        assert min(b.sequence for b in live.batches if b.session != session) == 0


async def test_without_subscriber_batches_wait_and_come_when_there_is_one(
    stack: Stack, tmp_path: Path, implementation: Implementation
) -> None:
    """A PUBACK that says "no matching subscribers" does not end a batch: all come, from the first."""
    [serial] = implementation.serial_numbers("wait-")
    async with started(stack, tmp_path, implementation, "wait-") as sensor:
        await asyncio.to_thread(wait_for, lambda: sensor.metric("not_held_total") >= 5, 15, "it is told")
        assert sensor.metric("batches_acknowledged_total") == 0
        async with listening(stack, serial) as live:
            await live.until(lambda: live.births, "a birth")
            session = live.births[0].session
            await live.until(lambda: live.sequences(session) >= set(range(8)), "everything from sequence 0")


@pytest.mark.parametrize("by_s", [60.0, -60.0], ids=["forwards", "backwards"])
async def test_clock_that_is_set_closes_the_batch_and_begins_a_run(
    stack: Stack, tmp_path: Path, implementation: Implementation, by_s: float
) -> None:
    """Times before it stay, those after it are of the new time, no sample is lost at it; a warning says so."""
    prefix = "ahead-" if by_s > 0 else "back-"
    [serial] = implementation.serial_numbers(prefix)
    setup = Setup(clock_steps=((2.0, by_s),))
    by_ns = round(by_s * 1e9)
    async with (
        listening(stack, serial) as live,
        started(stack, tmp_path, implementation, prefix, setup),
    ):
        await live.until(lambda: any(log.logger == "clock" for log in live.logs), "the warning")
        for _ in range(3):
            await live.next_batch()
        batches = live.batches
    [warning] = [log for log in live.logs if log.logger == "clock"]
    assert warning.level == LogLevel.LOG_LEVEL_WARNING
    assert f"{'forwards' if by_s > 0 else 'backwards'}" in warning.message
    assert [batch.sequence for batch in batches] == list(range(len(batches)))
    jumps = [(old, new) for old, new in pairwise(batches) if new.start_time_ns != end_ns(old)]
    [(old, new)] = jumps
    gap_ns = new.start_time_ns - by_ns - end_ns(old)
    assert -10_000_000 <= gap_ns <= 1_000_000  # the next sample came early, by less than a period of 100 Hz
    assert new.sample_count == 20
