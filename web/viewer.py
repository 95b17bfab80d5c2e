"""One viewer: what it watches, and what it is sent, never more than its line takes.

At most one set of frames is under way to it. What is new meanwhile is not kept for it, only from when on it has missed
something: that it gets as one, when there is room. Who misses too much gets coarser bins.
"""

import json
from asyncio import Event
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from time import monotonic
from typing import Any, Final

from web import ladder, live_metrics
from web.frames import Frame
from web.live_sensor import Fresh, Key, LiveSensor
from web.pace import Pace
from web.watch import Watch

_MOST_PENDING: Final = 64  # frames of one set
_SELDOM: Final = 32  # of so many spectra a very slow viewer gets one; they are large

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Viewer:
    """Made by the hub for each connection.

    keys: what it looks at. on_coarseness: called when it is to have coarser or finer bins, that is other keys.
    """

    def __init__(self, user: str, on_coarseness: Callable[["Viewer"], None]) -> None:
        self.user = user
        self.watch: Watch | None = None
        self.sensor: LiveSensor | None = None
        self.keys: tuple[Key, ...] = ()
        self.waiting_bytes = 0
        self._on_coarseness = on_coarseness
        self._number = 0  # of its watches
        self._pace = Pace()
        self._skipped = 0  # sets of frames
        self._texts: dict[str, str] = {}
        self._pending: list[Frame] = []
        self._spectra: dict[int, Frame] = {}
        self._spectra_offered = 0
        self._missed: dict[Key, int] = {}  # from when on
        self._all_due = False
        self._under_way = False
        self._wake = Event()
        self._told_delay_s: float | None = None
        self._told: dict[str, Any] = {}

    @property
    def coarser(self) -> int:
        """Rungs of the ladder above what it has asked for."""
        return self._pace.coarser

    @property
    def wants_spectra(self) -> bool:
        """Whether it has asked for spectra."""
        return self.watch is not None and self.watch.spectrum

    def begin(self, watch: Watch | None, sensor: LiveSensor | None) -> None:
        """It watches this from now on, and nothing else; then `look`."""
        self.watch, self.sensor, self.keys = watch, sensor, ()
        self._pending, self._spectra, self._missed, self._all_due = [], {}, {}, False
        if watch is not None:
            self._number += 1
            self._pace.limit(ladder.coarsest(watch.span_s, watch.columns))

    def look(self) -> None:
        """At the bin width that it keeps up with; everything known is sent anew."""
        assert self.watch is not None
        assert self.sensor is not None
        rung = self.watch.rung + self.coarser
        self.keys = tuple((channel, rung) for channel in self.watch.channels)
        self._pending, self._missed, self._all_due = [], {}, True
        if self.watch.spectrum:
            known = self.sensor.spectra
            self._spectra = {channel: known[channel] for channel in self.watch.channels if channel in known}
        self._say_watching(self.watch, self.sensor)

    def say(self, name: str, content: object) -> None:
        """A JSON message {name: content}; one of that name that still waits gives way."""
        self._texts[name] = json.dumps({name: content})
        self._wake.set()

    def offer(self, fresh: Mapping[Key, Fresh], now_s: float) -> None:
        """What is new."""
        mine = [(key, fresh[key]) for key in self.keys if key in fresh]
        if not mine or self._all_due:
            return
        if self._told_delay_s is None:
            self._tell_delay()
        if not self._under_way and len(self._pending) < _MOST_PENDING:
            for _, one in mine:
                self._pending += one.frames
            self._wake.set()
            return
        for key, one in mine:
            self._all_due |= one.replaced
            self._missed[key] = min(self._missed.get(key, one.from_ns), one.from_ns)
        self._skipped += 1
        live_metrics.SKIPPED.inc()
        if self._pace.skipped(now_s):
            self._on_coarseness(self)

    def offer_spectra(self, made: Mapping[int, Frame]) -> None:
        """New spectra, by channel; who is slow gets few."""
        if self.watch is None or not self.watch.spectrum:
            return
        mine = {channel: made[channel] for channel in self.watch.channels if channel in made}
        self._spectra_offered += 1
        if self._under_way or self._spectra_offered % min(2**self.coarser, _SELDOM):
            live_metrics.SPECTRA_SKIPPED.inc(len(mine))
            return
        self._spectra.update(mine)
        self._wake.set()

    def tick(self, problem: str | None, now_s: float) -> None:
        """About once a second: what has changed, and perhaps finer bins."""
        sensor = self.sensor
        latency_s = None if sensor is None else sensor.clock.latency_s
        status = {
            "problem": problem,
            "skipped_frames": self._skipped,
            "latency_ms": None if latency_s is None else round(latency_s * 1e3),
        }
        if _differ(status, self._told):
            self._told = status
            self.say("status", status)
        if sensor is None:
            return
        self._tell_delay()
        if self._pace.rested(now_s):
            self._on_coarseness(self)

    async def write(self, send: Send) -> None:
        """Send what there is, by an ASGI application's `send`, until cancelled; what `send` raises where it has ended."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            messages = self._take()
            total = self.waiting_bytes = sum(map(len, messages))
            began_s = monotonic()
            self._under_way = True
            for message in messages:
                # waits while the transport's buffer is full
                await send({"type": "websocket.send", "text" if type(message) is str else "bytes": message})
                self.waiting_bytes -= len(message)
            self._under_way = False
            now_s = monotonic()
            live_metrics.MESSAGES.inc(len(messages))
            live_metrics.BYTES.inc(total)
            if self._pace.sent(now_s, now_s - began_s) and self.watch is not None:
                self._on_coarseness(self)
            if self._missed or self._all_due:
                self._wake.set()

    def _take(self) -> list[str | bytes]:
        """All that is to be sent now."""
        messages: list[str | bytes] = list(self._texts.values())
        made = self._pending
        if self.sensor is not None and self.watch is not None:
            if self._all_due:
                made = [one for key in self.keys for one in self.sensor.everything(key, self.watch.span_s)]
            elif self._missed:
                made = [one for key, ns in self._missed.items() for one in self.sensor.since(key, ns)] + made
        messages += [frame.numbered(self._number) for frame in made]
        messages += [frame.numbered(self._number) for frame in self._spectra.values()]
        self._texts.clear()
        self._pending, self._spectra, self._missed, self._all_due = [], {}, {}, False
        return messages

    def _tell_delay(self) -> None:
        """Where it is known now, or another."""
        if self.sensor is None or self.watch is None:
            return
        delay_s, told_s = self.sensor.clock.delay_s, self._told_delay_s
        if delay_s is not None and (told_s is None or abs(delay_s - told_s) > max(0.05, 0.1 * abs(told_s))):
            self._say_watching(self.watch, self.sensor)

    def _say_watching(self, watch: Watch, sensor: LiveSensor) -> None:
        delay_s = self._told_delay_s = sensor.clock.delay_s
        said = {
            "watch": self._number,
            "serial_number": watch.serial_number,
            "span_s": watch.span_s,
            "bin_s": ladder.STEPS_NS[watch.rung + self.coarser] / 1e9,
            "delay_s": None if delay_s is None else round(delay_s, 3),
        }
        self.say("watching", said)


def _differ(status: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    """Whether it is worth to be said: latency always is a little different."""
    if not told or any(status[name] != told[name] for name in ("problem", "skipped_frames")):
        return True
    now_ms, then_ms = status["latency_ms"], told["latency_ms"]
    if now_ms is None or then_ms is None:
        return now_ms is not then_ms
    return bool(abs(now_ms - then_ms) > max(10, 0.2 * abs(then_ms)))
