"""Waveforms on the live page, from RabbitMQ's stream to a browser's socket."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from stack.local import Stack
from tests.integration.live_page import Page, Site, deaf, site, until, watch_of
from tests.integration.relay import Relay, rabbitmq
from web import live_hub
from web.live_config import LiveSettings
from web.live_hub import LiveHub
from wire.codec import Batch, ChannelBatch, Samples

AXES = 3


@pytest.fixture
async def page_site(stack: Stack) -> AsyncIterator[Site]:
    async with site(stack) as one:
        yield one


class Sensor:
    """Measures in real time, and knows what it has measured."""

    def __init__(self, relay: Relay, serial: str, frequency_hz: float = 1000.0, batch_s: float = 0.1) -> None:
        self.serial = serial
        self.session = 1
        self.sequence = 0
        self.frequency_hz = frequency_hz
        self.batch_s = batch_s
        self.clock_off_s = 0.0
        self.measured: list[Batch] = []
        self.stopped = False
        self._relay = relay
        self._next_ns = time.time_ns()
        self._random = np.random.default_rng(7)

    def make(self) -> Batch:
        """The next batch, without a gap."""
        count = max(1, round(self.frequency_hz * self.batch_s))
        parts = tuple(ChannelBatch(axis, self._samples(count).tobytes()) for axis in range(AXES))
        start_ns = self._next_ns + round(self.clock_off_s * 1e9)
        made = Batch(self.session, self.sequence, start_ns, self.frequency_hz, count, parts)
        self.sequence += 1
        self._next_ns += round(count * 1e9 / self.frequency_hz)
        self.measured.append(made)
        return made

    def reboot(self) -> None:
        self.session += 1
        self.sequence = 0
        self.pause()

    def pause(self) -> None:
        """What comes next is of now."""
        self._next_ns = time.time_ns()

    async def run(self) -> None:
        """Until `stop`: rstream may swallow a cancellation."""
        while not self.stopped:
            made = self.make()
            await asyncio.sleep((self._next_ns - time.time_ns()) / 1e9)
            await self._relay.batches(self.serial, [made])

    async def publish(self, *batches: Batch) -> None:
        await self._relay.batches(self.serial, batches)

    def bins(self, axis: int, step_s: float) -> dict[int, tuple[float, float]]:
        """All that was measured, sample by sample."""
        step_ns = round(step_s * 1e9)
        found: dict[int, tuple[float, float]] = {}
        for batch in self.measured:
            samples = batch.channels[axis].samples()
            after = np.rint(np.arange(len(samples)) * (1e9 / batch.sample_frequency_hz)).astype(np.int64)
            for k, value in zip(
                ((batch.start_time_ns + after) // step_ns).tolist(), samples.tolist(), strict=True
            ):
                low, high = found.get(k, (value, value))
                found[k] = (min(low, value), max(high, value))
        return found

    def _samples(self, count: int) -> Samples:
        return self._random.normal(size=count).astype(np.float32)


@asynccontextmanager
async def measuring(stack: Stack, *sensors: tuple[str, float, float]) -> AsyncIterator[list[Sensor]]:
    """Sensors of these serial numbers, sample frequencies and batch durations, at work."""
    async with Relay(stack) as relay:
        made = [Sensor(relay, *one) for one in sensors]
        tasks = [asyncio.create_task(one.run()) for one in made]
        try:
            yield made
        finally:
            for one in made:
                one.stopped = True
            await asyncio.gather(*tasks)


async def test_waveform_of_three_axes_at_25_khz_is_what_was_measured(stack: Stack, page_site: Site) -> None:
    """Each bin has the minimum and maximum of its samples, many frames a second, in little data."""
    async with measuring(stack, ("live-fast", 25_600.0, 0.1)) as [sensor], Page(page_site) as page:
        await page.watch(sensor.serial, AXES)
        await until(lambda: len(page.waves) == AXES and page.waves[0].bins)
        messages, began = page.waves[0].messages, time.monotonic()
        await until(lambda: all(len(page.waves[axis].bins) > 200 for axis in range(AXES)))
        rate = (page.waves[0].messages - messages) / (time.monotonic() - began)
        assert 3 < rate <= 21
        for axis in range(AXES):
            wave = page.waves[axis]
            assert wave.step == page.last("watching")["bin_s"] == 0.01
            first, last = min(wave.bins), max(wave.bins)
            measured = sensor.bins(axis, 0.01)
            assert all(wave.bins[k] == measured[k] for k in range(first + 1, last - 1))
        assert page.last("status")["problem"] is None


async def test_waveform_comes_within_a_moment_of_a_batch_and_the_delay_is_said(
    stack: Stack, page_site: Site
) -> None:
    """From the last sample to the page; the delay is that, and the length of a batch."""
    async with measuring(stack, ("live-late", 1000.0, 0.5)) as [sensor], Page(page_site) as page:
        await page.watch(sensor.serial)
        await until(lambda: page.waves and page.waves[0].bins)
        lags = []
        for _ in range(4):
            newest = page.waves[0].last_s
            await until(lambda newest=newest: page.waves[0].last_s > newest)  # type: ignore[misc]
            lags.append(time.time() - page.waves[0].last_s)
        assert min(lags) < 0.25
        await until(lambda: (page.last("watching") or {}).get("delay_s"))
        assert 0.5 <= page.last("watching")["delay_s"] < 1.5
        await until(lambda: page.last("status")["latency_ms"] is not None)
        assert 0 <= page.last("status")["latency_ms"] < 1000


async def test_spectra_of_a_sine_come_once_a_second(stack: Stack, page_site: Site) -> None:
    """A peak at its frequency, with its amplitude."""

    class Humming(Sensor):
        first_ns = 0

        def _samples(self, count: int) -> Samples:
            at_s = (self._next_ns - self.first_ns) / 1e9 + np.arange(count) / self.frequency_hz
            hum: Samples = (3.0 * np.sin(2 * np.pi * 120.0 * at_s)).astype(np.float32)
            return hum

    async with Relay(stack) as relay, Page(page_site) as page:
        sensor = Humming(relay, "live-hum")
        sensor.first_ns = sensor._next_ns
        running = asyncio.create_task(sensor.run())
        try:
            await page.watch(sensor.serial, spectrum=True)
            await until(lambda: page.spectra.get(0, 0) >= 2)
            began = time.monotonic()
            await until(lambda: page.spectra[0] >= 4)
            assert time.monotonic() - began > 0.9
            found = page.lines[0]
            peak = int(np.argmax(found.values))
            assert found.start + peak * found.step == pytest.approx(120.0, abs=2.0)
            assert found.values[peak] == pytest.approx(3.0, rel=0.05)
        finally:
            sensor.stopped = True
            await running


async def test_page_that_joins_or_zooms_sees_what_there_is_at_once(stack: Stack, page_site: Site) -> None:
    """The second page gets the first one's past; another span begins with it, too."""
    async with measuring(stack, ("live-join", 1000.0, 0.1)) as [sensor], Page(page_site) as first:
        await first.watch(sensor.serial)
        await until(lambda: first.waves and len(first.waves[0].bins) > 150)
        async with Page(page_site, "bert") as second:
            await second.watch(sensor.serial)
            await until(lambda: second.waves and len(second.waves[0].bins) > 140, 1.0)
            await second.watch(sensor.serial, span_s=60.0)
            await until(lambda: second.waves and second.waves[0].step == 0.05, 2.0)
            assert len(second.waves[0].bins) * 0.05 > 1.4
            assert second.watch_number == 2
        await until(lambda: len(page_site.hub._viewers) == 1)


async def test_page_that_does_not_read_gets_coarser_bins_and_bounded_memory(
    stack: Stack, page_site: Site
) -> None:
    """Its socket is full: frames are skipped, not kept; others see everything; when it reads, all is there, coarser."""
    async with measuring(stack, ("live-flood", 25_600.0, 0.1)) as [sensor], Page(page_site) as quick:
        slow = await deaf(page_site)
        try:
            # half a megabyte a second
            await slow.send(json.dumps(watch_of(sensor.serial, AXES, 0.2, 4000)))
            await quick.watch(sensor.serial)
            await until(lambda: any(one.user == "deaf" and one.sensor for one in page_site.hub._viewers))
            [viewer] = [one for one in page_site.hub._viewers if one.user == "deaf"]
            waiting = 0

            def coarser() -> bool:
                nonlocal waiting
                waiting = max(waiting, viewer.waiting_bytes)
                return viewer.coarser >= 2

            await until(coarser, 60.0)
            assert waiting < 500_000
            asked_s, seen_s = 0.00005, 0.0
            replaced = backlog = 0
            async with asyncio.timeout(30):
                while seen_s <= asked_s or not replaced:
                    message = await slow.recv()
                    backlog += len(message) * (seen_s <= asked_s)
                    if isinstance(message, str):
                        seen_s = json.loads(message).get("watching", {}).get("bin_s", seen_s)
                    else:
                        replaced = message[2] & 1 if seen_s > asked_s else 0
            assert viewer._skipped > 0
            assert backlog < 300_000  # so much is old when it comes: on a slow line, seconds
            newest = quick.waves[0].last_s
            await until(lambda: quick.waves[0].last_s > newest)
            first, last = min(quick.waves[0].bins), max(quick.waves[0].bins)
            measured = sensor.bins(0, quick.waves[0].step)
            assert all(quick.waves[0].bins[k] == measured[k] for k in range(first + 1, last - 1))
        finally:
            slow.transport.abort()
        await until(lambda: len(page_site.hub._viewers) == 1)


async def test_rabbitmq_restarts_and_the_waveform_goes_on(stack: Stack, page_site: Site) -> None:
    """The page is told, keeps its connection, and sees what is measured afterwards."""
    async with Page(page_site) as page:
        async with measuring(stack, ("live-restart", 1000.0, 0.1)) as [sensor]:
            await page.watch(sensor.serial)
            await until(lambda: page.waves and page.waves[0].bins)
        await asyncio.to_thread(stack.restart, "rabbitmq")
        await until(lambda: page.last("status")["problem"] is None, 60)
        problems = [one["status"]["problem"] for one in page.said if "status" in one]
        assert any(problem and "RabbitMQ" in problem for problem in problems)
        async with measuring(stack, ("live-restart", 1000.0, 0.1)) as [sensor]:
            began_s = time.time()
            await until(lambda: page.waves[0].last_s > began_s)
        assert page.closed is None


async def test_sensor_that_sleeps_changes_its_frequency_and_reboots_stays_in_the_picture(
    stack: Stack, page_site: Site
) -> None:
    """A gap, single samples, another session: each at its time."""
    async with Relay(stack) as relay, Page(page_site) as page:
        sensor = Sensor(relay, "live-changes")
        await page.watch(sensor.serial)
        await until(lambda: page.waves)
        while not page.waves[0].bins:  # nothing says when the partition is read
            await sensor.publish(sensor.make())
            await asyncio.sleep(0.05)
        sensor.measured.clear()
        await sensor.publish(sensor.make())
        sensor._next_ns += 3 * 10**9  # it sleeps
        await sensor.publish(sensor.make())
        sensor.frequency_hz = 40.0
        slow = sensor.make()
        await sensor.publish(slow)
        sensor.frequency_hz = 2000.0
        after = sensor.make()
        await sensor.publish(after)
        await until(lambda: max(page.waves[0].bins) >= after.end_time_ns // 10**7 - 1)
        sensor.reboot()
        sensor._next_ns = after.end_time_ns + 500_000_000
        again = sensor.make()
        await sensor.publish(again)
        await until(lambda: max(page.waves[0].bins) >= again.end_time_ns // 10**7)
        picture = page.waves[0]
        assert picture.replaced == 1
        assert sorted(picture.points) == pytest.approx(
            [slow.start_time_ns / 1e3 + i * 25_000 for i in range(4)], abs=2
        )
        sensor.measured.remove(slow)
        measured = sensor.bins(0, 0.01)
        first = min(measured)
        assert {k: v for k, v in picture.bins.items() if k > first} == {
            k: v for k, v in measured.items() if k > first
        }


async def test_sensor_whose_clock_is_off_by_hours_is_shown_by_its_own_time(
    stack: Stack, page_site: Site
) -> None:
    """And the delay says how far; when its clock is set, the picture begins anew."""
    async with measuring(stack, ("live-clock", 1000.0, 0.1)) as [sensor], Page(page_site) as page:
        sensor.clock_off_s = -7200.0
        await until(lambda: len(sensor.measured) > 2)
        await page.watch(sensor.serial)
        await until(lambda: (page.last("watching") or {}).get("delay_s"))
        assert page.last("watching")["delay_s"] == pytest.approx(7200, abs=5)
        await until(lambda: page.waves[0].bins)
        assert page.waves[0].last_s == pytest.approx(time.time() - 7200, abs=5)
        sensor.clock_off_s = 0.0
        await until(lambda: page.last("watching")["delay_s"] < 5)
        assert page.waves[0].last_s == pytest.approx(time.time(), abs=5)
        sensor.clock_off_s = -3600.0
        await until(lambda: page.waves[0].replaced == 2)
        assert page.waves[0].last_s == pytest.approx(time.time() - 3600, abs=5)


async def test_page_that_asks_for_what_cannot_be_is_told_and_keeps_what_it_has(
    stack: Stack, page_site: Site
) -> None:
    """A mistake of a page ends neither its connection nor its picture."""
    async with measuring(stack, ("live-asked", 1000.0, 0.1)) as [sensor], Page(page_site) as page:
        await page.watch(sensor.serial)
        await until(lambda: page.waves and page.waves[0].bins)
        await page.send({"watch": {**watch_of(sensor.serial, 1, 10.0, 800)["watch"], "span_s": 1e9}})
        await until(lambda: page.last("error"))
        assert page.last("error").startswith("watch.span_s")
        await page.connection.send("}{")
        await page.connection.send(b"\0")
        newest = page.waves[0].last_s
        await until(lambda: page.waves[0].last_s > newest)
        await page.send({"watch": None})
        await asyncio.sleep(0.3)
        messages = page.waves[0].messages
        await page.watch(sensor.serial)
        await until(lambda: page.waves and page.waves[0].bins)
        assert page.waves[0].messages < messages + 100


async def test_pages_beyond_the_bound_are_told_so(stack: Stack) -> None:
    """With a sentence, and a code that says to come again."""
    async with site(stack, web_viewers=2, web_viewers_per_user=1) as bounded:
        async with Page(bounded, "anna"), Page(bounded, "bert"):
            async with Page(bounded, "carl") as refused:
                await until(lambda: refused.closed is not None)
            assert refused.closed == 1013
            assert "no more may" in refused.last("error")
        await until(lambda: not bounded.hub._viewers)
        async with Page(bounded, "carl") as welcome:
            await until(lambda: welcome.last("status"))


async def test_hub_that_rabbitmq_does_not_let_in_says_so_and_tries_again(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is served all the same; when the user may read, waveforms come."""
    monkeypatch.setattr(live_hub, "_REFUSED_S", 0.2)
    given = rabbitmq(stack, "web").model_dump()
    hub = LiveHub(LiveSettings.model_validate({**given, "rabbitmq_password": "wrong"}))
    running = asyncio.create_task(hub.run())
    try:
        await until(lambda: "does not let 'web' read" in str(hub.problem))
        hub._stream._settings = LiveSettings.model_validate(given)
        await until(lambda: hub.problem is None)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
