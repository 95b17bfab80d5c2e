"""What a plot shows, before it is drawn: curves, spectra, and what is written beside them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ctl.samples import Channel, to_moment
from ctl.waveform import Trace
from ctl.window import Chosen, labels

if TYPE_CHECKING:  # scipy is imported where a spectrum is wanted
    from ctl.spectrum import Peak, Spectrum

_MOST_FREQUENCIES = 3  # in a title


class Mark(NamedTuple):
    """A frequency that means something, drawn as a line across a spectrum."""

    frequency_hz: float
    label: str


class SpectrumPanel(NamedTuple):
    """One spectrum, cut to what is shown, with its peaks."""

    spectrum: "Spectrum"
    peaks: "Sequence[Peak]"
    title: str
    marks: Sequence[Mark] = ()
    quantity: str = "amplitude"


class Panel(NamedTuple):
    """One channel."""

    label: str
    quantity: str
    unit: str
    trace: Trace
    spectrum: SpectrumPanel | None
    envelope: SpectrumPanel | None = None  # of a single channel; depth has no unit

    @property
    def axis(self) -> str:
        """For the vertical axis: "acceleration (g)"."""
        what = self.quantity or self.label
        return f"{what} ({self.unit})" if self.unit else what


class Drawing(NamedTuple):
    """Everything that one picture shows."""

    title: str
    subtitle: str
    begin: datetime
    duration_s: float
    panels: Sequence[Panel]
    log: bool = False
    dated: bool = True  # whether `begin` is known


def title(serial: str, target: str | None) -> str:
    """Who measured, and on what."""
    return f"{serial} – {target}" if target else serial


def subtitle(chosen: Chosen, counts: Sequence[int]) -> str:
    """When (the local zone is named), how often, how many."""
    frequencies = sorted({content.sample_frequency_hz for content in chosen.contents})
    shown = ", ".join(f"{frequency:,g}" for frequency in frequencies[:_MOST_FREQUENCIES])
    if len(frequencies) > _MOST_FREQUENCIES:
        shown = f"{frequencies[0]:,g} … {frequencies[-1]:,g}"
    begin, end = to_moment(chosen.window.from_ns), to_moment(chosen.window.to_ns)
    each = " a channel" if len(counts) > 1 else ""
    return f"{span(begin, end)}  ·  {shown} Hz  ·  {max(counts):,} samples{each}"


def span(begin: datetime, end: datetime) -> str:
    """ "2026-03-01 12:00:00.250 – 12:00:10.250 CET"."""
    first, last = begin.astimezone(), end.astimezone()
    digits = "milliseconds" if last - first < timedelta(minutes=1) else "seconds"
    one, other = (moment.replace(tzinfo=None).isoformat(" ", digits) for moment in (first, last))
    zone, before = last.tzname(), first.tzname()
    if first.date() == last.date():
        other = other.partition(" ")[2]
    return f"{one} – {other} {zone}" if zone == before else f"{one} {before} – {other} {zone}"


def names(channels: Sequence[Channel]) -> list[tuple[Channel, str]]:
    """Each channel with its label."""
    return list(zip(channels, labels(channels), strict=True))
