"""What is shown of the selected sensor: its curves, its log, its commands, and all that is known of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from psycopg.rows import DictRow
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from ctl.durations import show_duration
from ctl.output import STATE_STYLES, printable
from ctl.terminal import Limits, Values, draw_spectrum, draw_waveform, nice_limits
from ctl.top.source import About
from wire.codec import Samples
from wire.sensor_pb2 import LogLevel

_FRAME = "grey50"
_SHRINK_AFTER = 16  # frames: an axis grows at once, and shrinks when it has been too large for this long


class Plot(Static):
    """A curve under a line that says what it is."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  # textual's name
        super().__init__("", id=id)
        self._limits: Limits | None = None
        self._too_large = 0
        self.drawn = False

    def forget(self) -> None:
        """Another curve follows."""
        self._limits, self.drawn = None, False
        self.update("")

    def say(self, heading: Text, words: str) -> None:
        """Why there is no curve."""
        self.update(
            Group(_cut(heading, self.content_size.width), Text(f"\n{words}", style="dim", justify="center"))
        )

    def waveform(self, heading: Text, times_s: Values, values: Values) -> None:
        """Draw it."""
        finite = values[np.isfinite(values)]
        if not len(finite):
            self.say(heading, "no samples in this window")
            return
        self._adapt(nice_limits(float(finite.min()), float(finite.max())))
        self._draw(heading, draw_waveform, times_s, values)

    def spectrum(self, heading: Text, frequencies_hz: Values, amplitudes: Values) -> None:
        """Draw it."""
        self._adapt(Limits(0.0, nice_limits(0.0, float(amplitudes.max())).high))
        self._draw(heading, draw_spectrum, frequencies_hz, amplitudes)

    def _draw(self, heading: Text, draw: Any, xs: Values, ys: Values) -> None:
        width, height = self.content_size
        if width < 16 or height < 5:
            return
        drawn = draw(xs, ys, width=width, height=height - 1, limits=self._limits)
        self.drawn = True
        self.update(Group(_cut(heading, width), Text.from_ansi(drawn, style=_FRAME, no_wrap=True)))

    def _adapt(self, needed: Limits) -> None:
        now = self._limits
        if now is None or needed.low < now.low or needed.high > now.high:
            union = needed if now is None else Limits(min(now.low, needed.low), max(now.high, needed.high))
            self._limits, self._too_large = union, 0
        elif needed != now:
            self._too_large += 1
            if self._too_large >= _SHRINK_AFTER:
                self._limits, self._too_large = needed, 0
        else:
            self._too_large = 0


class Transformed(NamedTuple):
    """A spectrum: two arrays of shape (n,), and its highest peak (Hz, amplitude), where it has one."""

    frequencies_hz: Values
    amplitudes: Values
    peak: tuple[float, float] | None


def prepare() -> None:
    """Import what takes long, before it is waited for."""
    transformed(np.zeros(64, np.float32), 1.0)


def transformed(samples: Samples, sample_frequency_hz: float) -> Transformed | None:
    """The amplitude spectrum of samples that follow each other; None where there are too few."""
    from ctl.spectrum import TooFewError, amplitude_spectrum, peaks  # scipy, imported where it is waited for

    try:
        spectrum = amplitude_spectrum(samples, sample_frequency_hz)
    except TooFewError:
        return None
    highest = peaks(spectrum, most=1)
    peak = (highest[0].frequency_hz, highest[0].amplitude) if highest else None
    return Transformed(spectrum.frequencies_hz, spectrum.amplitudes, peak)


def logs(about: About) -> RenderableType:
    """The newest first."""
    if not about.logs:
        return Text("nothing logged", style="dim")
    now = datetime.now(UTC)
    table = _table()
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for row in about.logs:
        level = (
            LogLevel.Name(row["level"]).removeprefix("LOG_LEVEL_")
            if row["level"] in LogLevel.values()
            else "–"
        )
        style = STATE_STYLES.get(level, "")
        table.add_row(_age(now, row["time"]), Text.assemble((f"{level} ", style), printable(row["message"])))
    return table


def commands(about: About) -> RenderableType:
    """The newest first."""
    if not about.commands:
        return Text("no commands", style="dim")
    now = datetime.now(UTC)
    table = _table()
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for row in about.commands:
        table.add_row(_age(now, row["issued_at"]), _status(row["status"]), _what(row))
    return table


def facts(about: About, rate: float | None) -> RenderableType:
    """All that is known of the sensor, in columns."""
    known = about.facts
    now = datetime.now(UTC)
    pairs: Sequence[tuple[str, str | Text | None]] = (
        ("state", _status(known["state"] or "–")),
        ("frequency", _unit(known["sample_frequency_hz"], "Hz")),
        ("maximum", _unit(known["maximum_sample_frequency_hz"], "Hz")),
        ("type", known["sensor_type"]),
        ("hardware", known["hardware"]),
        ("firmware", known["firmware_version"]),
        ("target", known["target"]),
        ("session", _unit(known["session"], "", "d")),
        ("up for", None if known["uptime_ms"] is None else show_duration(known["uptime_ms"] / 1000)),
        ("batches/s", _unit(rate, "", ".1f")),
        ("samples/s", _unit(float(known["samples_per_s"]), "", ",.0f")),
        ("batches", f"{known['batch_count']:,}"),
        ("missing", Text(f"{known['missing']:,}", style="bold red" if known["missing"] else "green")),
        ("latency", None if known["latency"] is None else show_duration(known["latency"].total_seconds())),
        ("last batch", _age(now, known["last_measured_at"])),
        ("status", _age(now, known["status_at"])),
        ("buffered", _unit(known["buffered_batches"], "batches", ",d")),
        ("battery", _unit(known["battery_percent"], "%")),
        ("RSSI", _unit(known["rssi_dbm"], "dBm", "d")),
        ("memory", _unit(known["free_memory_bytes"], "bytes free", ",d")),
        (
            "position",
            None if known["latitude"] is None else f"{known['latitude']:.5f}, {known['longitude']:.5f}",
        ),
        ("channels", ", ".join(f"{one.number} {one.name} [{one.unit}]" for one in about.channels)),
    )
    columns = 3
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for _ in range(columns):
        table.add_column(style="dim", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    rows = -(-len(pairs) // columns)
    for row in range(rows):
        cells: list[str | Text] = []
        for name, value in pairs[row::rows]:  # a Text, for brackets in a string would be taken for a style
            cells += [name, value if isinstance(value, Text) else Text(printable(value or "–"))]
        table.add_row(*cells)
    return table


def _table() -> Table:
    return Table(box=None, show_header=False, expand=True, padding=(0, 1, 0, 0), pad_edge=False)


def _status(status: str) -> Text:
    return Text(status, style=STATE_STYLES.get(status, ""))


def _what(row: DictRow) -> Text:
    parameters = row["parameters"] or {}
    said = " ".join(
        f"{value:g}" if isinstance(value, float) else str(value) for value in parameters.values() if value
    )
    text = Text(printable(f"{(row['name'] or 'command').replace('_', ' ')} {said}".rstrip()))
    if row["reason"]:
        text.append(f" – {printable(row['reason'])}", style="dim")
    text.append(f" ({printable(row['client'] or row['issuer'] or 'unknown')})", style="dim")
    return text


def _unit(value: Any, unit: str, form: str = "g") -> str | None:
    return None if value is None else f"{value:{form}} {unit}".rstrip()


def _age(now: datetime, then: datetime | None) -> str:
    return "–" if then is None else f"{show_duration(max((now - then).total_seconds(), 0))} ago"


def _cut(text: Text, width: int) -> Text:
    text.truncate(max(width, 1), overflow="ellipsis")
    return text
