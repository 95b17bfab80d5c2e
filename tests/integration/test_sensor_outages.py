"""Whatever fails between a sensor and the database, of both implementations: what gets lost, and that it is known."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stack.local import Stack
from tests.integration.clients import publisher
from tests.integration.listening import Listener, listening, tell
from tests.integration.pipeline import Database, Pipeline, running
from tests.integration.sensors import BOTH, FIRMWARE, Implementation, Running, Setup
from tests.integration.steering import until
from wire.names import CommandLevel
from wire.sensor_pb2 import Awake, ChangeSampleFrequency, Identify, Outcome, Sleep, State

MINUTE_NS = 60 * 10**9


@contextmanager
def broker_away(stack: Stack, *, killed: bool = False) -> Iterator[None]:
    """Mosquitto, that all tests share, is back afterwards whatever happens."""
    if killed:
        stack.kill("mosquitto")
    else:
        stack.servers["mosquitto"].stop()
    try:
        yield
    finally:
        stack.servers["mosquitto"].start()
        stack.wait_ready("mosquitto")


@pytest.fixture(params=BOTH, ids=lambda one: one.name)
def implementation(request: pytest.FixtureRequest) -> Implementation:
    chosen: Implementation = request.param
    return chosen


def stored_sequences(database: Database, serial: str, session: int) -> list[int]:
    """Of the batches in the database, in order."""
    rows = database.execute(
        "SELECT DISTINCT b.sequence FROM measurement_batch b JOIN sensor s ON s.id = b.sensor_id"
        " WHERE s.serial_number = %s AND b.session = %s ORDER BY 1",
        [serial, session],
    ).fetchall()
    return [sequence for (sequence,) in rows]


async def start(
    implementation: Implementation, pipeline: Pipeline, prefix: str, setup: Setup, sensors: int = 1
) -> Running:
    """A fleet that is connected."""
    fleet = await asyncio.to_thread(implementation.start, pipeline, prefix, setup, sensors)
    await asyncio.to_thread(fleet.service.wait_ready)
    return fleet


async def stop(sensor: Running) -> list[dict[str, Any]]:
    """A clean stop; what each sensor made."""
    code = await asyncio.to_thread(sensor.service.stop, 60)
    assert code == 0, sensor.service.log.read_text()[-2000:]
    return sensor.report()


async def is_stored(database: Database, reports: list[dict[str, Any]]) -> None:
    """Wait until the database has as many batches of each sensor as it made and did not lose."""

    def counts() -> list[int]:
        return [len(stored_sequences(database, one["serial_number"], one["session"])) for one in reports]

    wanted = [one["batches_made"] - one["dropped"] for one in reports]
    try:
        await until(lambda: counts() == wanted, f"{wanted} batches are stored", 30)
    except AssertionError as error:
        raise AssertionError(f"{error}; they are {counts()}") from error


def said(listener: Listener) -> dict[tuple[int, int, int], tuple[int, float, bytes]]:
    """Time, frequency and samples of each session, sequence and channel that a sensor published."""
    return {
        (batch.session, batch.sequence, channel.channel): (
            batch.start_time_ns,
            batch.sample_frequency_hz,
            channel.samples().astype(np.float32).tobytes(),
        )
        for batch in listener.batches
        for channel in batch.channels
    }


def stored(database: Database, serial: str) -> dict[tuple[int, int, int], tuple[int, float, bytes]]:
    """The same from the database."""
    rows = database.execute(
        "SELECT b.session, b.sequence, b.channel, b.time_ns, b.sample_frequency_hz, b.samples"
        " FROM measurement_batch b JOIN sensor s ON s.id = b.sensor_id WHERE s.serial_number = %s",
        [serial],
    ).fetchall()
    return {
        (session, sequence, channel): (time_ns, frequency, np.array(samples, dtype=np.float32).tobytes())
        for session, sequence, channel, time_ns, frequency, samples in rows
    }


async def test_both_side_by_side_are_in_the_database_as_they_said(stack: Stack, tmp_path: Path) -> None:
    """Every batch of every sensor, once; times to the nanosecond and values bit by bit; the fleet's births, too."""
    sensors = 6
    with running(stack, tmp_path) as pipeline:
        await asyncio.to_thread(pipeline.spine)
        registry = pipeline.ingest("registry")
        await asyncio.to_thread(registry.wait_ready)
        async with AsyncExitStack() as listeners:
            fleets, lives = [], []
            for one in BOTH:
                serials = one.serial_numbers("side-", sensors)
                lives += [
                    await listeners.enter_async_context(listening(stack, serial)) for serial in serials[:2]
                ]
                fleets.append(await start(one, pipeline, "side-", Setup(frequency_hz=400), sensors))
            for live in lives:
                await live.until(lambda live=live: len(live.batches) >= 15, "fifteen batches")  # type: ignore[misc]  # bound now
            reports = [report for fleet in fleets for report in await stop(fleet)]
        assert len(reports) == 2 * sensors
        assert sum(report["dropped"] for report in reports) == 0
        assert all(report["batches_acknowledged"] == report["batches_made"] > 0 for report in reports)
        with pipeline.connect() as database:
            await is_stored(database, reports)
            for report in reports:
                sequences = stored_sequences(database, report["serial_number"], report["session"])
                assert sequences == list(range(report["batches_made"]))
            for live in lives:
                assert stored(database, live.serial) == said(live)
            serials = [report["serial_number"] for report in reports]

            def known() -> set[tuple[Any, ...]]:
                return set(
                    database.execute(
                        "SELECT serial_number, provisional, state, missing FROM sensor_overview"
                        " WHERE serial_number = ANY(%s)",
                        [serials],
                    ).fetchall()
                )

            await until(
                lambda: known() == {(serial, False, "OFFLINE", 0) for serial in serials}, "all said goodbye"
            )


async def test_broker_away_for_ten_minutes_nothing_is_lost(
    stack: Stack, tmp_path: Path, implementation: Implementation
) -> None:
    """Sixty times as fast. The firmware's ring holds a minute and a half: the rest is on flash."""
    speed, sensors = 60, 2
    setup = Setup(
        batch_s=1.0,
        buffer_bytes=65_536 if implementation is FIRMWARE else 2_000_000,
        speed=speed,
        start_ns=time.time_ns()
        - 45 * MINUTE_NS,  # it ends in the past, too: a clock that is ahead is refused
    )
    prefix = "outage-"
    with running(stack, tmp_path) as pipeline:
        await asyncio.to_thread(pipeline.spine)
        sensor = await start(implementation, pipeline, prefix, setup, sensors)
        await until(lambda: sensor.metric("batches_acknowledged_total") >= 100, "batches flow")
        with broker_away(stack):
            begun = sensor.metric("batches_made_total")
            await until(
                lambda: sensor.metric("batches_made_total") >= begun + sensors * 600, "ten minutes", 40
            )
            await until(lambda: sensor.metric("batches_buffered") >= sensors * 600, "they wait")
        await until(lambda: sensor.metric("batches_buffered") <= 20, "everything was caught up with", 40)
        reports = await stop(sensor)
        assert [report["dropped"] for report in reports] == [0] * sensors
        with pipeline.connect() as database:
            await is_stored(database, reports)
            for report in reports:
                sequences = stored_sequences(database, report["serial_number"], report["session"])
                assert sequences == list(range(report["batches_made"]))


async def test_full_buffer_loses_the_oldest_counts_it_and_the_database_shows_that_gap(
    stack: Stack, tmp_path: Path, implementation: Implementation
) -> None:
    """No more, no less, and in one piece. The firmware without flash here: what is full is full."""
    prefix = "full-"
    [serial] = implementation.serial_numbers(prefix)
    batch_bytes = 2000 * 3 * (2 if implementation is FIRMWARE else 4)
    setup = Setup(
        frequency_hz=2000,
        batch_s=1.0,
        buffer_bytes=9
        * batch_bytes
        // 2,  # four batches; a batch of the firmware's is a quarter of its ring at most
        extra=("--spool", "0") if implementation is FIRMWARE else (),
    )
    with running(stack, tmp_path) as pipeline:
        await asyncio.to_thread(pipeline.spine)
        sensor = await start(implementation, pipeline, prefix, setup)
        await until(lambda: sensor.metric("batches_acknowledged_total") >= 2, "batches flow", 30)
        with broker_away(stack):
            await until(lambda: sensor.metric("batches_dropped") >= 3, "three batches are lost", 40)
        await until(lambda: sensor.metric("batches_buffered") == 0, "everything was caught up with", 40)
        reports = await stop(sensor)
        [report] = reports
        with pipeline.connect() as database:
            await until(
                lambda: (
                    len(stored_sequences(database, serial, report["session"]))
                    >= report["batches_made"] - report["dropped"]
                ),
                "what was not lost is stored",
            )
            sequences = stored_sequences(database, serial, report["session"])
        missing = sorted(set(range(report["batches_made"])) - set(sequences))
        assert missing == list(range(missing[0], missing[-1] + 1))
        # one that was under way when its room was needed may have arrived
        assert report["dropped"] - 1 <= len(missing) <= report["dropped"]
        assert missing[0] >= 2
        assert missing[-1] < report["batches_made"] - 2


@pytest.mark.parametrize("how", ["restarted", "killed"])
async def test_broker_that_comes_back_gets_everything(
    stack: Stack, tmp_path: Path, implementation: Implementation, how: str
) -> None:
    """Batches made meanwhile are published when it is back; a subscriber misses none, also when it was killed."""
    prefix = f"{how}-"
    [serial] = implementation.serial_numbers(prefix)
    with running(stack, tmp_path) as pipeline:
        async with listening(stack, serial) as live:
            sensor = await start(implementation, pipeline, prefix, Setup())
            await live.until(lambda: len(live.batches) >= 3, "three batches")
            last = await live.next_batch()  # the next one is not under way yet
            with broker_away(stack, killed=how == "killed"):
                await until(lambda: sensor.metric("batches_made_total") > last.sequence + 8, "it goes on")
            await live.until(
                lambda: live.sequences(last.session) >= set(range(last.sequence + 12)), "all of it comes", 30
            )
            [report] = await stop(sensor)
    assert report["dropped"] == 0


# The emulator keeps nothing when it ends: what follows is of --state, the firmware's store and flash.
async def test_killed_sensor_started_again_has_its_flash_its_frequency_and_its_commands(
    stack: Stack, tmp_path: Path
) -> None:
    """What was on flash comes, of the session before; a command it has had is a duplicate; a new session begins."""
    prefix = "dead-"
    [serial] = FIRMWARE.serial_numbers(prefix)
    setup = Setup(buffer_bytes=4096, speed=5, extra=("--state", str(tmp_path / "state")))
    ring = 4096 // (10 * 3 * 2)  # batches that are in memory only, at most
    level = CommandLevel.CHANGE_SAMPLE_FREQUENCY
    change = ChangeSampleFrequency(sample_frequency_hz=50)
    with running(stack, tmp_path) as pipeline:
        async with listening(stack, serial) as live:
            sensor = await start(FIRMWARE, pipeline, prefix, setup)
            async with publisher(stack, "control") as control:
                told = await tell(control, serial, level, change_sample_frequency=change)
                assert (await live.answer(told)).outcome == Outcome.OUTCOME_APPLIED
            last = await live.next_batch()
            with broker_away(stack):
                await until(lambda: sensor.metric("batches_buffered") >= ring + 20, "most are on flash", 40)
                made = round(sensor.metric("batches_made_total"))
                sensor.service.kill()
            sensor = await start(FIRMWARE, pipeline, prefix, setup)
            await live.until(
                lambda: live.sequences(last.session) >= set(range(made - ring)), "what was on flash comes", 20
            )
            await live.until(lambda: live.births[-1].session != last.session, "a new birth")
            assert live.births[-1].sample_frequency_hz == 50
            async with publisher(stack, "control") as control:
                await tell(control, serial, level, id=told, change_sample_frequency=change)
                assert (await live.answer(told, 2)).outcome == Outcome.OUTCOME_DUPLICATE
            new = {batch.sequence for batch in live.batches if batch.session == live.births[-1].session}
            assert new == set(range(len(new)))
            await stop(sensor)


async def test_killed_sensor_that_slept_sleeps_on(stack: Stack, tmp_path: Path) -> None:
    """Until it is told to be awake."""
    prefix = "asleep-"
    [serial] = FIRMWARE.serial_numbers(prefix)
    setup = Setup(extra=("--state", str(tmp_path / "state")))
    with running(stack, tmp_path) as pipeline:
        async with listening(stack, serial) as live, publisher(stack, "control") as control:
            sensor = await start(FIRMWARE, pipeline, prefix, setup)
            await live.until(lambda: live.births, "a birth")
            await live.answer(await tell(control, serial, CommandLevel.SLEEP, sleep=Sleep()))
            sensor.service.kill()
            sensor = await start(FIRMWARE, pipeline, prefix, setup)
            await live.until(lambda: live.births[-1].session != live.births[0].session, "a new birth")
            assert live.births[-1].state == State.STATE_ASLEEP
            identify = await tell(control, serial, CommandLevel.IDENTIFY, identify=Identify())
            assert (await live.answer(identify)).state == State.STATE_ASLEEP
            assert sensor.metric("batches_made_total") == 0
            await tell(control, serial, CommandLevel.AWAKE, awake=Awake())
            session = live.births[-1].session
            await live.until(lambda: live.sequences(session), "batches")
            await stop(sensor)


async def test_answer_that_nobody_held_outlives_the_process(stack: Stack, tmp_path: Path) -> None:
    """The command was acknowledged, so that it does not come again: its answer must not be lost."""
    prefix = "answer-"
    [serial] = FIRMWARE.serial_numbers(prefix)
    setup = Setup(extra=("--state", str(tmp_path / "state")))
    with running(stack, tmp_path) as pipeline:
        sensor = await start(FIRMWARE, pipeline, prefix, setup)
        async with publisher(stack, "control") as control:
            told = await tell(control, serial, CommandLevel.IDENTIFY, identify=Identify())
        await until(lambda: sensor.metric("commands_total") == 1, "the command came")
        sensor.service.kill()
        async with listening(stack, serial) as live:
            sensor = await start(FIRMWARE, pipeline, prefix, setup)
            assert (await live.answer(told)).outcome == Outcome.OUTCOME_APPLIED
            await live.until(lambda: live.batches, "it goes on")
            assert sensor.metric("commands_total") == 0
            await stop(sensor)
