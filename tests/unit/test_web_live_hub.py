"""Many viewers and few frames: who gets what, and who is too slow. RabbitMQ is not there."""

import asyncio
import json
from collections.abc import Callable, MutableMapping
from typing import Any

import numpy as np
import pytest
from prometheus_client import REGISTRY

from tests.unit.live_batches import received
from tests.unit.live_frames import Picture, decode
from vibration.signal import SignalError
from web import live_hub
from web.live_config import LiveSettings
from web.live_hub import LiveHub, TooManyError
from web.viewer import Viewer
from web.watch import Watch


class Line:
    """Where a viewer's messages go; a closed gate is a socket that does not drain."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.waves: dict[int, Picture] = {}
        self.spectra = 0
        self.said: list[dict[str, Any]] = []
        self.messages: list[bytes | str] = []

    async def send(self, message: MutableMapping[str, Any]) -> None:
        await self.gate.wait()
        assert message["type"] == "websocket.send"
        data = message.get("bytes") or message["text"]
        self.messages.append(data)
        if isinstance(data, str):
            self.said.append(json.loads(data))
            return
        found = decode(data)
        if found.kind == 2:
            self.spectra += 1
        else:
            self.waves.setdefault(found.channel, Picture()).apply(found)

    def last(self, name: str) -> Any:
        return [one[name] for one in self.said if name in one][-1]


class Page:
    """A viewer, and its writer."""

    def __init__(self, hub: LiveHub, user: str = "anna") -> None:
        self.line = Line()
        self.hub = hub
        self.viewer: Viewer = hub.join(user)
        self.task = asyncio.create_task(self.viewer.write(self.line.send))

    def watch(
        self, serial: str = "s-1", span_s: float = 10.0, *, channels: int = 1, spectrum: bool = False
    ) -> None:
        watch = Watch(
            serial_number=serial,
            channels=tuple(range(channels)),
            span_s=span_s,
            columns=800,
            spectrum=spectrum,
        )
        self.hub.watch(self.viewer, watch)

    async def leave(self) -> None:
        self.hub.leave(self.viewer)
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


class Hub(LiveHub):
    """With batches given by hand."""

    def __init__(self, **settings: int) -> None:
        super().__init__(LiveSettings(**settings))  # type: ignore[arg-type]  # fields by their names
        self.sequence = 0

    def batches(
        self, count: int = 1, *, serial: str = "s-1", channels: int = 1, late_s: float = 0.05
    ) -> None:
        for _ in range(count):
            self._on_batch(serial, received(self.sequence, channels=channels, late_s=late_s))
            self.sequence += 1

    async def shown(self) -> None:
        """Until everything has been given to viewers' lines."""
        async with asyncio.timeout(5):
            while any(one.due is not None for one in self._sensors.values()):
                await asyncio.sleep(0.005)
        for _ in range(5):
            await asyncio.sleep(0)


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def until(condition: Callable[[], object], timeout_s: float = 5.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of the hub is 20 ms."""
    monkeypatch.setattr(live_hub, "_SECOND_S", 0.02)


async def test_frames_of_viewers_of_the_same_width_are_the_same_bytes() -> None:
    """Encoded once, for any number of them."""
    hub = Hub()
    pages = [Page(hub, f"user-{i}") for i in range(5)]
    for page in pages:
        page.watch(channels=2)
    hub.batches(3, channels=2)
    await hub.shown()
    sent = [[one for one in page.line.messages if isinstance(one, bytes)] for page in pages]
    live = [messages[2:] for messages in sent]  # after the picture at the beginning, of two channels
    assert len(live[0]) == 2
    assert all(one is other for messages in live[1:] for one, other in zip(messages, live[0], strict=True))
    for page in pages:
        await page.leave()


async def test_watch_of_a_second_viewer_gets_at_once_what_the_first_has_seen() -> None:
    """From the ring that is kept at that width, then the same frames."""
    hub = Hub()
    first, second = Page(hub), Page(hub)
    first.watch()
    hub.batches(10)
    await hub.shown()
    second.watch()
    await until(lambda: 0 in second.line.waves)
    assert second.line.waves[0].bins == first.line.waves[0].bins
    hub.batches(10)
    await hub.shown()
    assert second.line.waves[0].bins == first.line.waves[0].bins
    assert len(first.line.waves[0].bins) == 200
    await first.leave()
    await second.leave()


async def test_watch_says_bin_width_and_delay_first() -> None:
    """A page has to know them before it draws; the delay as soon as it is known."""
    hub = Hub()
    page = Page(hub)
    page.watch(span_s=10.0)
    await until(lambda: page.line.waves)
    assert page.line.said[-1]["watching"] == {
        "watch": 1, "serial_number": "s-1", "span_s": 10.0, "bin_s": 0.01, "delay_s": None,
    }  # fmt: skip
    hub.batches()
    await hub.shown()
    assert page.line.last("watching")["delay_s"] == pytest.approx(0.149, abs=0.002)
    page.watch(span_s=100.0)
    await until(lambda: page.line.last("watching")["watch"] == 2)
    assert page.line.last("watching")["bin_s"] == 0.1
    last = [decode(one) for one in page.line.messages if isinstance(one, bytes)][-1]
    assert (last.watch, last.step, last.flags) == (2, 0.1, 1)
    await page.leave()


async def test_watch_nothing_ends_what_is_sent_and_is_kept_for_a_while() -> None:
    """Who comes back within half a minute finds the past again."""
    hub = Hub()
    page = Page(hub)
    page.watch()
    hub.batches(5)
    await hub.shown()
    hub.watch(page.viewer, None)
    sent = len(page.line.messages)
    hub.batches(5)
    await hub.shown()
    assert len(page.line.messages) == sent
    page.watch()
    await until(lambda: len(page.line.messages) > sent)
    assert len(page.line.waves[0].bins) == 100
    await page.leave()


async def test_frames_come_at_once_and_then_not_more_often_than_20_a_second() -> None:
    """However many batches come."""
    hub = Hub()
    page = Page(hub)
    page.watch()
    await until(lambda: page.line.waves)
    picture = page.line.waves[0]
    began = asyncio.get_running_loop().time()
    hub.batches(1)
    await hub.shown()
    assert asyncio.get_running_loop().time() - began < 0.05
    assert picture.messages == 2
    while (after := asyncio.get_running_loop().time() - began) < 0.5:
        hub.batches(1)
        await asyncio.sleep(0.005)
    await hub.shown()
    assert picture.messages <= 3 + after / 0.05
    assert len(picture.bins) == hub.sequence * 10
    await page.leave()


async def test_viewer_that_does_not_read_misses_frames_and_gets_them_as_one(second: None) -> None:
    """Nothing is kept for it but from when on; a short stall is made up for without loss."""
    hub = Hub()
    slow, quick = Page(hub, "slow"), Page(hub, "quick")
    for page in (slow, quick):
        page.watch()
    hub.batches(2)
    await hub.shown()
    slow.line.gate.clear()
    skipped = metric("web_live_skipped_total")
    for _ in range(6):
        hub.batches(2)
        await hub.shown()
    assert metric("web_live_skipped_total") == skipped + 5
    assert 0 < slow.viewer.waiting_bytes < 500
    assert metric("web_live_waiting_bytes") == slow.viewer.waiting_bytes
    before = slow.line.waves[0].messages
    slow.line.gate.set()
    await until(lambda: slow.line.waves[0].bins == quick.line.waves[0].bins)
    assert slow.line.waves[0].messages == before + 2
    assert slow.viewer.coarser == 0
    assert quick.line.waves[0].replaced == 1
    running = asyncio.create_task(hub.run())
    await until(lambda: slow.line.last("status")["skipped_frames"] == 5)
    assert quick.line.last("status")["skipped_frames"] == 0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await slow.leave()
    await quick.leave()


async def test_viewer_that_does_not_read_for_long_gets_coarser_bins_and_others_do_not() -> None:
    """The whole picture anew, at a width that its line may take; what waits for it stays bounded."""
    hub = Hub()
    slow, quick = Page(hub, "slow"), Page(hub, "quick")
    for page in (slow, quick):
        page.watch()
    hub.batches(2)
    await hub.shown()
    slow.line.gate.clear()
    for _ in range(40):
        hub.batches(5)
        await hub.shown()
        assert slow.viewer.waiting_bytes < 2_000
    assert slow.viewer.coarser > 0
    slow.line.gate.set()
    await until(lambda: slow.line.waves[0].replaced == 2)
    width_s = slow.line.last("watching")["bin_s"]
    assert width_s >= 0.05
    assert slow.line.waves[0].step == width_s
    assert quick.line.last("watching")["bin_s"] == 0.01
    assert len(quick.line.waves[0].bins) == hub.sequence * 10
    await slow.leave()
    await quick.leave()


async def test_viewer_that_keeps_up_again_gets_finer_bins_step_by_step(
    second: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Back to what it has asked for."""
    monkeypatch.setattr("web.pace._HOLD_S", 0.05)
    hub = Hub()
    page = Page(hub)
    page.watch()
    hub.batches(2)
    await hub.shown()
    page.line.gate.clear()
    while page.viewer.coarser == 0:
        hub.batches(2)
        await hub.shown()
    page.line.gate.set()
    page.viewer._pace._hold_s = 0.05
    running = asyncio.create_task(hub.run())
    await until(lambda: page.viewer.coarser == 0)
    hub.batches(2)
    await hub.shown()
    await until(lambda: page.line.last("watching")["bin_s"] == 0.01)
    widths = [one["watching"]["bin_s"] for one in page.line.said if "watching" in one]
    assert 0.02 in widths
    assert page.line.waves[0].step == 0.01
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await page.leave()


async def test_spectra_come_to_who_has_asked_and_seldom_to_who_is_slow(second: None) -> None:
    """Once for all; a blocked viewer gets none, and none wait for it."""
    hub = Hub()
    asking, other, slow = Page(hub, "a"), Page(hub, "b"), Page(hub, "c")
    asking.watch(channels=2, spectrum=True)
    other.watch(channels=2)
    slow.watch(channels=2, spectrum=True)
    await until(lambda: slow.line.waves)
    slow.line.gate.clear()
    running = asyncio.create_task(hub.run())

    def measured() -> bool:
        hub.batches(1, channels=2)
        return asking.line.spectra >= 20

    await until(measured)
    assert other.line.spectra == 0
    assert slow.line.spectra == 0
    assert len(slow.viewer._spectra) <= 2
    late = Page(hub, "d")
    late.watch(channels=1, spectrum=True)
    await until(lambda: late.line.spectra)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    for page in (asking, other, slow, late):
        await page.leave()


async def test_spectrum_that_cannot_be_made_ends_nothing(
    second: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted; the waveform goes on, and the next spectrum is tried."""
    real = live_hub._all_lines

    def fails(_stretches: object) -> Any:
        monkeypatch.setattr(live_hub, "_all_lines", real)
        raise SignalError("no")

    monkeypatch.setattr(live_hub, "_all_lines", fails)
    failures = metric("web_live_failures_total", side="spectrum")
    hub = Hub()
    page = Page(hub)
    page.watch(spectrum=True)
    running = asyncio.create_task(hub.run())

    def measured() -> bool:
        hub.batches(1)
        return page.line.spectra > 0

    await until(measured)
    assert metric("web_live_failures_total", side="spectrum") == failures + 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await page.leave()


async def test_silent_sensor_shows_its_last_bin_as_it_is(
    second: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it fell asleep it measured half of one."""
    monkeypatch.setattr(live_hub, "_SILENT_S", 0.1)
    hub = Hub()
    page = Page(hub)
    page.watch()
    hub._on_batch("s-1", received(0, np.ones(95, np.float32)))
    await hub.shown()
    assert len(page.line.waves[0].bins) == 9
    running = asyncio.create_task(hub.run())
    await until(lambda: len(page.line.waves[0].bins) == 10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await page.leave()


async def test_join_beyond_what_is_allowed_is_refused_and_leaving_makes_room() -> None:
    """Of all, and of one user."""
    hub = Hub(web_viewers=3, web_viewers_per_user=2)
    pages = [Page(hub, "anna"), Page(hub, "anna")]
    with pytest.raises(TooManyError, match="anna has 2"):
        hub.join("anna")
    pages.append(Page(hub, "bert"))
    with pytest.raises(TooManyError, match="3 pages"):
        hub.join("carl")
    assert metric("web_live_viewers") == 3
    assert metric("web_live_refused_total", bound="all") >= 1
    assert metric("web_live_refused_total", bound="user") >= 1
    await pages[0].leave()
    pages[0] = Page(hub, "anna")
    for page in pages:
        await page.leave()
    assert not hub._users


async def test_sensors_that_nobody_looks_at_are_bounded_and_forgotten(
    second: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may go through the whole fleet."""
    hub = Hub()
    page = Page(hub)
    for i in range(100):
        page.watch(f"s-{i}")
        assert len(hub._sensors) <= 21
    assert hub._stream._serials == hub._sensors.keys()
    monkeypatch.setattr(live_hub, "KEPT_S", 0.05)
    running = asyncio.create_task(hub.run())
    await until(lambda: list(hub._sensors) == ["s-99"])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await page.leave()


async def test_batch_that_cannot_be_shown_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted, and the next one is shown."""
    hub = Hub()
    page = Page(hub)
    page.watch()
    take = hub._sensors["s-1"].sensor.take
    monkeypatch.setattr(hub._sensors["s-1"].sensor, "take", lambda *_: 1 / 0)
    hub.batches()
    monkeypatch.setattr(hub._sensors["s-1"].sensor, "take", take)
    hub.batches()
    await hub.shown()
    assert page.line.waves[0].bins
    await page.leave()


async def test_problem_with_rabbitmq_is_said_and_taken_back(second: None) -> None:
    """At most once a second, and only what has changed."""
    hub = Hub()
    page = Page(hub)
    await until(lambda: page.line.said)
    assert page.line.last("status")["problem"] == "connecting to RabbitMQ"
    running = asyncio.create_task(hub.run())
    await until(lambda: "cannot read RabbitMQ" in str(page.line.last("status")["problem"]))
    hub._stream.problem = None
    hub._on_problem()
    await until(lambda: page.line.last("status")["problem"] is None)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await page.leave()
