"""What sensors measure, for all who look on: RabbitMQ is read once, and each picture is made once."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog

from runtime.live import LiveStream, Received, StreamRefusedError
from vibration.signal import SignalError
from web import live_metrics
from web.live_config import LiveSettings
from web.live_sensor import KEPT_S, LiveSensor
from web.spectra import Lines, Piece, lines
from web.viewer import Viewer
from web.watch import Watch

log = structlog.get_logger()

_MOST_IDLE: Final = 20  # sensors that nobody looks at any longer
_LEAST_INTERVAL_S: Final = 0.05  # from one set of frames to the next
_INTERVAL_S: Final = 0.001  # for each viewer: 100 get ten a second
_MOST_INTERVAL_S: Final = 0.25
_SILENT_S: Final = 2.0  # then the last bin is shown as it is
_SECOND_S: Final = 1.0
_REFUSED_S: Final = 30.0  # until it is tried again
_MARGIN: Final = 1.1  # of a span, that bins are kept


class TooManyError(Exception):
    """As many look on as may; the text says so."""


class LiveHub:
    """One for the process. `run` it; `join`, `watch` and `leave` are called by live connections.

    problem: why nothing comes, None while RabbitMQ is connected.
    """

    def __init__(self, settings: LiveSettings) -> None:
        self._settings = settings
        self._viewers: set[Viewer] = set()
        self._users: Counter[str] = Counter()
        self._sensors: dict[str, _Watched] = {}
        self._stream = LiveStream(settings, self._on_batch, self._on_problem, connection_name="web")
        self._pool = ThreadPoolExecutor(1, "spectra")
        self.problem: str | None = self._stream.problem
        live_metrics.WAITING.set_function(lambda: sum(viewer.waiting_bytes for viewer in list(self._viewers)))
        live_metrics.COARSER.set_function(lambda: sum(viewer.coarser > 0 for viewer in list(self._viewers)))

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(), name="live stream")
                group.create_task(self._every_second(), name="live seconds")
                group.create_task(self._make_spectra(), name="live spectra")
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def join(self, user: str) -> Viewer:
        """Somebody looks on. TooManyError."""
        settings = self._settings
        if len(self._viewers) >= settings.web_viewers:
            live_metrics.REFUSED.labels("all").inc()
            raise TooManyError(f"{settings.web_viewers} pages look on live: no more may; try again later")
        if self._users[user] >= settings.web_viewers_per_user:
            live_metrics.REFUSED.labels("user").inc()
            raise TooManyError(f"{user} has {settings.web_viewers_per_user} live pages open: no more may be")
        viewer = Viewer(user, self._look)
        self._viewers.add(viewer)
        self._users[user] += 1
        live_metrics.VIEWERS.set(len(self._viewers))
        viewer.tick(self.problem, time.monotonic())
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """It does not look on any longer."""
        self.watch(viewer, None)
        self._viewers.discard(viewer)
        self._users[viewer.user] -= 1
        if not self._users[viewer.user]:
            del self._users[viewer.user]
        live_metrics.VIEWERS.set(len(self._viewers))

    def watch(self, viewer: Viewer, watch: Watch | None) -> None:
        """It looks at this now, and at nothing else."""
        if viewer.sensor is not None:
            self._sensors[viewer.sensor.serial_number].viewers.discard(viewer)
        if watch is None:
            viewer.begin(None, None)
            return
        watched = self._sensors.get(watch.serial_number)
        if watched is None:
            watched = self._sensors[watch.serial_number] = _Watched(watch.serial_number)
            self._follow()
        viewer.begin(watch, watched.sensor)
        watched.viewers.add(viewer)
        self._look(viewer)

    def _look(self, viewer: Viewer) -> None:
        """At the bin width that it keeps up with now."""
        assert viewer.sensor is not None
        assert viewer.watch is not None
        watched = self._sensors[viewer.sensor.serial_number]
        viewer.look()
        used = {key for other in watched.viewers if other is not viewer for key in other.keys}
        reach_ns = round(viewer.watch.span_s * _MARGIN * 1e9)
        viewer.sensor.look_at(viewer.keys, used, reach_ns, time.monotonic())

    def _follow(self) -> None:
        """Those who are watched, and some who were just now."""
        idle = sorted(
            (one for one in self._sensors.values() if not one.viewers),
            key=lambda one: one.watched_s,
            reverse=True,
        )
        now_s = time.monotonic()
        for at, one in enumerate(idle):
            if at >= _MOST_IDLE or now_s - one.watched_s > KEPT_S:
                one.cancel()
                del self._sensors[one.sensor.serial_number]
        self._stream.follow(self._sensors)
        live_metrics.SENSORS.set(len(self._sensors))

    def _on_batch(self, serial_number: str, received: Received) -> None:
        watched = self._sensors.get(serial_number)
        if watched is None:
            return
        now_s = time.monotonic()
        try:
            watched.sensor.take(received, now_s)
        except Exception:  # a batch that cannot be shown must not end the stream for all others
            log.exception("batch_not_shown", serial_number=serial_number)
            live_metrics.FAILURES.labels("batch").inc()
            return
        live_metrics.BATCHES.inc()
        live_metrics.TAKE_SECONDS.observe(time.monotonic() - now_s)
        if watched.due is None and watched.viewers:
            interval_s = min(max(_INTERVAL_S * len(self._viewers), _LEAST_INTERVAL_S), _MOST_INTERVAL_S)
            wait_s = max(0.0, watched.shown_s + interval_s - now_s)
            watched.first_s = now_s
            watched.due = asyncio.get_running_loop().call_later(wait_s, self._show, watched)

    def _show(self, watched: "_Watched", *, all_finished: bool = False) -> None:
        """What is new of this sensor, to all who look at it."""
        now_s = time.monotonic()
        if watched.due is not None:
            watched.cancel()
            live_metrics.HAND_OVER_SECONDS.observe(now_s - watched.first_s)
        watched.shown_s = now_s
        keys = {key for viewer in watched.viewers for key in viewer.keys}
        fresh = watched.sensor.fresh(keys, all_finished=all_finished)
        if fresh:
            for viewer in tuple(watched.viewers):
                viewer.offer(fresh, now_s)

    async def _every_second(self) -> None:
        while True:
            await asyncio.sleep(_SECOND_S)
            now_s = time.monotonic()
            for watched in self._sensors.values():
                if watched.viewers:
                    watched.watched_s = now_s
                heard_s = watched.sensor.heard_s
                if heard_s is not None and now_s - heard_s > _SILENT_S:
                    self._show(watched, all_finished=True)
                watched.sensor.tidy({key for viewer in watched.viewers for key in viewer.keys}, now_s)
            self._follow()
            live_metrics.LEVELS.set(sum(len(watched.sensor) for watched in self._sensors.values()))
            for viewer in tuple(self._viewers):
                viewer.tick(self.problem, now_s)

    async def _make_spectra(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began_s = time.monotonic()
            for watched in tuple(self._sensors.values()):
                viewers = [viewer for viewer in watched.viewers if viewer.wants_spectra]
                channels = {channel for viewer in viewers for channel, _ in viewer.keys}
                stretches = watched.sensor.stretches(channels)
                if not stretches:
                    continue
                try:
                    found = await loop.run_in_executor(self._pool, _all_lines, stretches)
                except SignalError:
                    log.exception("spectrum_not_made", serial_number=watched.sensor.serial_number)
                    live_metrics.FAILURES.labels("spectrum").inc()
                    continue
                made = watched.sensor.keep_spectra(found)
                for viewer in tuple(watched.viewers):
                    viewer.offer_spectra(made)
            took_s = time.monotonic() - began_s
            live_metrics.SPECTRA_SECONDS.observe(took_s)
            await asyncio.sleep(max(_SECOND_S - took_s, took_s))  # at most half of the time

    async def _read(self) -> None:
        while True:
            try:
                await self._stream.run()
            except StreamRefusedError as error:
                log.error("stream_refused", error=str(error))
                live_metrics.FAILURES.labels("rabbitmq").inc()
                self.problem = str(error)
                await asyncio.sleep(_REFUSED_S)

    def _on_problem(self) -> None:
        if self._stream.problem != self.problem and self._stream.problem is not None:
            live_metrics.FAILURES.labels("rabbitmq").inc()
            log.warning("stream_lost", problem=self._stream.problem)
        self.problem = self._stream.problem


class _Watched:
    """A sensor, and who looks at it."""

    def __init__(self, serial_number: str) -> None:
        self.sensor = LiveSensor(serial_number)
        self.viewers: set[Viewer] = set()
        self.watched_s = time.monotonic()
        self.shown_s = 0.0
        self.first_s = 0.0  # when the first batch came that is not shown yet
        self.due: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        """What was to be shown."""
        if self.due is not None:
            self.due.cancel()
            self.due = None


def _all_lines(stretches: Mapping[int, Piece]) -> dict[int, Lines]:
    return {channel: lines(stretch) for channel, stretch in stretches.items()}
