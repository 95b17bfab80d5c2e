"""A fleet whose sensors take more time than there is does not keep everything else from running."""

import asyncio
import time

import pytest

from emulator.config import EmulatorSettings
from emulator.fleet import Clock, Fleet
from emulator.sensor import Plan
from emulator.signals import Samples, Table
from runtime.health import Health

SENSORS = 50


class Slow(Table):
    """Takes 2 ms for each batch; the whole fleet gives up rather than to hang a test."""

    calls = 0

    def samples(self, time_s: float, count: int, sample_frequency_hz: float) -> Samples:
        Slow.calls += 1
        assert Slow.calls < 5_000, "nothing but batches is made"
        time.sleep(0.002)
        return super().samples(time_s, count, sample_frequency_hz)


def behind() -> Fleet:
    """50 sensors of 100 batches/s: ten times what can be made. Nobody listens on port 9."""
    plans = [
        Plan(f"slow-{i}", "load", Slow(i), 100.0, 100.0, samples_per_batch=1, ring_bytes=5_000)
        for i in range(SENSORS)
    ]
    passwords = {plan.serial_number: "x" for plan in plans}
    settings = EmulatorSettings(mqtt_host="127.0.0.1", mqtt_port=9)
    return Fleet(plans, passwords, settings, Health())


@pytest.fixture(autouse=True)
def _none_made() -> None:
    Slow.calls = 0


async def test_fleet_that_is_behind_leaves_the_event_loop_to_others() -> None:
    """Connections, acknowledgements and signals have their turn every 10 ms or so, and stop is heard at once."""
    stop = asyncio.Event()
    running = asyncio.create_task(behind().run(stop))
    turns: list[float] = []
    for _ in range(60):
        began = time.monotonic()
        await asyncio.sleep(0)
        turns.append(time.monotonic() - began)
    assert Slow.calls > SENSORS
    assert sorted(turns)[len(turns) // 2] < 0.1
    stop.set()
    async with asyncio.timeout(5):
        await running


async def test_fleet_that_is_behind_makes_of_all_sensors_equally() -> None:
    """The longest due first; none waits for ever."""
    fleet = behind()
    stop = asyncio.Event()
    running = asyncio.create_task(fleet.run(stop))
    while Slow.calls < 10 * SENSORS:
        await asyncio.sleep(0)
    made = [link.sensor.made for link in fleet._links]
    stop.set()
    await running
    assert min(made) > 0


@pytest.mark.parametrize("by_s", [3600.0, -3600.0])
def test_clock_is_set_when_it_is_followed(by_s: float) -> None:
    """Not before: whoever follows it tells the sensors first. Once, however often it is asked."""
    start_ns = 1_800_000_000 * 10**9
    clock = Clock(1.0, start_ns, [(0.0, by_s)])
    assert abs(clock() - start_ns) < 600 * 10**9
    assert clock.follow() == by_s * 10**9
    assert abs(clock() - start_ns - by_s * 10**9) < 600 * 10**9
    assert clock.follow() == 0
