"""The lower half of the screen: the selected sensor's curves, moving, its log and its commands."""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

from psycopg.rows import DictRow
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.markup import escape
from textual.widgets import Label, Static

from ctl.output import printable
from ctl.top import panes
from ctl.top.apart import apart
from ctl.top.panes import Plot
from ctl.top.scope import WINDOWS_S, Piece, Scope, window_for
from ctl.top.source import About, Channel
from runtime.live import Received

_SPECTRUM_S: Final = 0.5  # at least between two


class SensorView(Vertical):
    """Shows one sensor: `follow` it, `fill` its scope, `tick` eight times a second, `show` what is known of it."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  # textual's name
        super().__init__(id=id)
        self.sensor: DictRow | None = None
        self.about: About | None = None
        self.filled = False  # the scope has what the database had
        self._scope = Scope()
        self._channel = 0
        self._window: int | None = None
        self._drawn: tuple[object, ...] = ()
        self._transformed: tuple[object, ...] = ()
        self._transformed_at = 0.0
        self._transforming: asyncio.Task[None] | None = None
        self._waveform = Plot(id="waveform")
        self._spectrum = Plot(id="spectrum")
        self._logs = Static(id="logs")
        self._commands = Static(id="commands")

    def compose(self) -> ComposeResult:
        """Curves above, texts below."""
        with Horizontal(id="curves"):
            yield self._waveform
            yield self._spectrum
        with Horizontal(id="texts"):
            for name, texts in (("log", self._logs), ("commands", self._commands)):
                with Vertical(classes="half"):
                    yield Label(name, classes="label")
                    yield texts

    @property
    def channel(self) -> Channel:
        """Whose curves are drawn."""
        channels = self.about.channels if self.about is not None else ()
        return channels[self._channel % len(channels)] if channels else Channel(0, "channel 0", "")

    def follow(self, sensor: DictRow | None) -> None:
        """Another one, of which nothing is known yet."""
        self.sensor, self.about = sensor, None
        self._channel, self._window = 0, None
        self.border_title = sensor["serial_number"] if sensor else ""
        self._logs.update("")
        self._commands.update("")
        self._begin()

    def next_channel(self) -> bool:
        """The next one's curves; False where there is no other."""
        if self.about is None or len(self.about.channels) < 2:
            return False
        self._channel = (self._channel + 1) % len(self.about.channels)
        self._begin()
        return True

    def zoom(self, by: int) -> None:
        """A longer or shorter window."""
        self._window = max(0, min(self._window_now() + by, len(WINDOWS_S) - 1))
        self._draw_waveform()

    def fill(self, pieces: Iterable[Piece]) -> None:
        """What the channel measured before it was looked at."""
        self.filled = True
        for piece in pieces:
            self._scope.add(piece)

    def take(self, batches: Iterable[Received]) -> None:
        """What has just come."""
        wanted = self.channel.number
        for batch, received_ns in batches:
            for part in batch.channels:
                if part.channel == wanted:
                    piece = Piece(batch.start_time_ns, batch.sample_frequency_hz, part.samples())
                    self._scope.add(piece, received_ns)

    def tick(self) -> None:
        """The waveform a little further, and a spectrum of what is new."""
        if self.sensor is not None:
            self._draw_waveform()
            self._draw_spectrum()

    def show(self, about: About) -> None:
        """What is known of it."""
        self.about = about
        self._logs.update(panes.logs(about))
        self._commands.update(panes.commands(about))
        more = (about.facts["sensor_type"], about.facts["target"])
        title = " · ".join([about.serial_number, *(printable(known) for known in more if known)])
        self.border_title = escape(title)

    def _begin(self) -> None:
        self._scope, self.filled = Scope(), False
        self._drawn, self._transformed, self._transformed_at = (), (), 0.0
        self._waveform.forget()
        self._spectrum.forget()

    def _window_now(self) -> int:
        return window_for(self._scope.sample_frequency_hz) if self._window is None else self._window

    def _draw_waveform(self) -> None:
        plot, scope, now_ns = self._waveform, self._scope, time.time_ns()
        seconds = WINDOWS_S[self._window_now()]
        state = (scope.version, scope.window_end_ns(now_ns), seconds, self.channel, plot.size)
        if state == self._drawn:
            return
        self._drawn = state
        frequency = scope.sample_frequency_hz
        if frequency is None:
            plot.say(self._heading("waveform"), "waiting for samples")
        else:
            plot.waveform(self._heading("waveform", f"{frequency:g} Hz"), *scope.window(now_ns, seconds))

    def _draw_spectrum(self) -> None:
        plot, now = self._spectrum, time.monotonic()
        state = (self._scope.version, self.channel, plot.size)
        under_way = self._transforming is not None and not self._transforming.done()
        if state != self._transformed and not under_way and now >= self._transformed_at:
            self._transformed, self._transformed_at = state, now + _SPECTRUM_S
            self._transforming = asyncio.create_task(self._transform(), name="spectrum")

    async def _transform(self) -> None:
        """In a thread, for a spectrum takes longer than a frame, and scipy a second to be imported."""
        scope, heading = self._scope, self._heading("spectrum")
        frequency, run = scope.sample_frequency_hz, scope.newest_run()
        if frequency is None:
            return
        if not self._spectrum.drawn:
            self._spectrum.say(heading, "transforming …")
        made = await apart(panes.transformed, run, frequency)
        if scope is not self._scope:
            return  # another sensor's or channel's by now
        if made is None:
            self._spectrum.say(heading, f"{len(run)} samples in a row: too few")
            return
        if made.peak:
            peak_hz, amplitude = made.peak
            peak = f"{amplitude:.3g} {printable(self.channel.unit)}".rstrip()
            heading.append(f"  {peak} at {peak_hz:.4g} Hz", style="cyan")
        self._spectrum.spectrum(heading, made.frequencies_hz, made.amplitudes)

    def _heading(self, what: str, *more: str) -> Text:
        channel = self.channel
        unit = f" [{printable(channel.unit)}]" if channel.unit else ""
        text = Text.assemble((f"{printable(channel.name)}{unit}", "bold"), (f"  {what}", "dim"), no_wrap=True)
        for one in more:
            text.append(f"  {one}", style="dim")
        return text
