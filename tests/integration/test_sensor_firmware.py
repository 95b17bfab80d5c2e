"""What docs/sensor.md says of the firmware alone: a clock that is not set yet, and brokers that refuse it."""

import asyncio
import json
from datetime import datetime
from pathlib import Path

from stack.local import Stack
from tests.integration.clients import publisher
from tests.integration.listening import listening
from tests.integration.pipeline import running, wait_for
from tests.integration.sensors import FIRMWARE, Setup, firmware_program, started


# The emulator takes the machine's clock, which is set.
async def test_unsynchronised_clock_no_batch_and_no_time_until_it_is_set(
    stack: Stack, tmp_path: Path
) -> None:
    """It says who it is without a time, measures nothing, and says both again when it knows the time."""
    [serial] = FIRMWARE.serial_numbers("unset-")
    setup = Setup(extra=("--unsynchronised", "2"))
    async with listening(stack, serial) as live, started(stack, tmp_path, FIRMWARE, "unset-", setup):
        await live.until(lambda: live.births and live.statuses, "birth and status")
        assert (live.births[0].time_ns, live.statuses[0].time_ns) == (0, 0)
        await live.until(lambda: live.batches, "batches")
        assert live.births[-1].time_ns > 0
        known = next(birth.time_ns for birth in live.births if birth.time_ns)
        assert abs(live.batches[0].start_time_ns - known) < 1_000_000_000
        assert live.batches[0].sequence == 0
        await live.until(
            lambda: live.logs and live.statuses[-1].time_ns, "log lines and a status with a time"
        )
        [boot] = [log for log in live.logs if log.logger == "boot"]
        assert 1_000_000_000 < known - boot.time_ns < 10_000_000_000  # of before, known by now


async def test_refused_password_is_said_and_not_hammered(stack: Stack, tmp_path: Path) -> None:
    """A board tries again every five minutes: somebody may give it credentials. (An emulator ends.)"""
    [serial] = FIRMWARE.serial_numbers("refused-")
    with running(stack, tmp_path) as pipeline:
        service = pipeline.firmware(
            firmware_program(), "--serial", serial, "--speed", "100",
            report=tmp_path / "report.json", passwords={serial: "wrong"},
        )  # fmt: skip

        def refused() -> list[datetime]:
            lines = [json.loads(line) for line in service.log.read_text().splitlines()]
            return [datetime.fromisoformat(line["timestamp"]) for line in lines if line["event"] == "refused"]

        await asyncio.to_thread(wait_for, lambda: len(refused()) >= 2, 20, "it tries again")
        first, second, *_ = refused()
        assert (second - first).total_seconds() >= 2.9  # at a hundred times the speed
        assert not service.ready()
        service.kill()


async def test_session_taken_by_another_client_is_left_to_it_for_five_minutes(
    stack: Stack, tmp_path: Path
) -> None:
    """Two sensors of one name would throw each other out for ever; what was made meanwhile is not lost."""
    prefix = "twice-"
    [serial] = FIRMWARE.serial_numbers(prefix)
    async with (
        listening(stack, serial) as live,
        started(stack, tmp_path, FIRMWARE, prefix, Setup(speed=100, batch_s=5)) as sensor,
    ):
        last = await live.next_batch()
        async with publisher(stack, serial):
            made = sensor.metric("batches_made_total")
            log = sensor.service.log
            await asyncio.to_thread(
                wait_for, lambda: "session taken over" in log.read_text().lower(), 10, "said"
            )
            await asyncio.to_thread(
                wait_for, lambda: sensor.metric("batches_made_total") > made + 20, 10, "it measures on"
            )
            assert sensor.metric("connected_sensors") == 0
        await live.until(lambda: live.sequences(last.session) >= set(range(last.sequence + 40)), "all of it")
