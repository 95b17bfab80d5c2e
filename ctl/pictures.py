"""A drawing as a PNG, SVG or PDF, by matplotlib without a display."""

from datetime import timedelta
from typing import IO, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ctl.drawing import Drawing, Panel, SpectrumPanel
from ctl.spectrum import Spectrum

_DPI = 100
_CURVE, _SPECTRUM, _PEAK = "#1f5f8b", "#8b3a1f", "#404040"
_MARK = "#2e7d4f"
_MARK_ROOM = 0.012  # of the axis: a label's height, as it stands upright
_MUTED = "#5f6368"
_FEW = 200  # points: each is marked
_MANY = 2_000  # points: drawn finer
_RELATIVE_S = 120.0  # up to that, seconds since the beginning; beyond, the time of day
_STEPS = [1, 2, 2.5, 5, 10]  # of ticks
_MOST_LABELS = 6  # of peaks
_LABEL_PIXELS = 34  # a peak's label, with the room around it
_DECADES = 5  # of a logarithmic axis
STYLE: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9aa0a6",
    "axes.labelcolor": "#202124",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.xmargin": 0,
    "grid.color": "#e6e8eb",
    "grid.linewidth": 0.8,
    "xtick.color": "#3c4043",
    "ytick.color": "#3c4043",
    "lines.linewidth": 0.9,
    "text.parse_math": False,  # a $ is a $
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "iotctl",  # the same drawing gives the same file
}


def least_size(channels: int, *, spectrum: bool) -> tuple[int, int]:
    """The least width and height in which axes and what is written beside them have room."""
    rows = 2 if spectrum and channels == 1 else channels
    return (700 if spectrum and channels > 1 else 400), 120 + 100 * rows


def save(drawing: Drawing, file: IO[bytes], form: str, width: int, height: int) -> None:
    """Write the picture in the form png, svg or pdf, of this many pixels (a hundredth of an inch each)."""
    with rc_context(STYLE):
        figure = _figure(drawing, width, height)
        metadata = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[form]
        figure.savefig(file, format=form, metadata=metadata)


def _figure(drawing: Drawing, width: int, height: int) -> Figure:
    head = 46 / height  # of the figure, for title and subtitle
    layout = ConstrainedLayoutEngine(rect=(0.005, 0.005, 0.985, 0.99 - head))
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white", layout=layout)
    canvas = FigureCanvasAgg(figure)
    dark, left = "#202124", 12 / width
    figure.text(left, 1 - 10 / height, drawing.title, fontsize=13, weight="bold", va="top", color=dark)
    figure.text(left, 1 - 33 / height, drawing.subtitle, fontsize=9.5, va="top", color=_MUTED)
    panels = drawing.panels
    below = [shown for shown in (panels[0].spectrum, panels[0].envelope) if shown is not None]
    waveforms, spectra = _axes(figure, len(panels), len(below))
    for number, (panel, axes) in enumerate(zip(panels, waveforms, strict=True)):
        _draw_waveform(axes, panel, drawing, last=number == len(panels) - 1, several=len(panels) > 1)
    drawn = [
        (axes, panel.spectrum, panel.unit)
        for axes, panel in zip(spectra, panels, strict=False)
        if panel.spectrum is not None
    ]
    if len(panels) == 1 and panels[0].envelope is not None:
        drawn.append((spectra[-1], panels[0].envelope, ""))
    for number, (axes, spectrum, unit) in enumerate(drawn):
        below_other = number < len(drawn) - 1 and panels[0].envelope is None  # of the same frequencies
        _draw_spectrum(axes, spectrum, unit, log=drawing.log, last=not below_other)
        if number == 0 or spectrum.title != drawn[0][1].title:
            axes.set_title(spectrum.title, loc="left", fontsize=9, color=_MUTED, pad=5)
    figure.draw_without_rendering()  # places the axes, so that labels can be measured
    renderer: RendererBase = canvas.get_renderer()  # type: ignore[no-untyped-call]  # matplotlib's
    for axes, spectrum, unit in drawn:
        if not drawing.log:
            _make_room(axes, spectrum)
        _label_peaks(axes, spectrum, unit, renderer)
    return figure


def _axes(figure: Figure, channels: int, spectra: int) -> tuple[list[Axes], list[Axes]]:
    """Those of the waveforms and of the spectra: one channel's below each other, those of several side by side."""
    if not spectra:
        return list(figure.subplots(channels, 1, squeeze=False)[:, 0]), []
    if channels == 1:
        above, *below = figure.subplots(1 + spectra, 1)
        figure.align_ylabels([above, *below])
        return [above], below
    grid = figure.subplots(channels, 2, squeeze=False)
    return list(grid[:, 0]), list(grid[:, 1])


def _draw_waveform(axes: Axes, panel: Panel, drawing: Drawing, *, last: bool, several: bool) -> None:
    times_s, values, _ = panel.trace
    style: dict[str, Any] = {"color": _CURVE}
    if len(values) <= _FEW:
        style |= {"marker": "o", "markersize": 3}
    elif len(values) > _MANY:
        style |= {"linewidth": 0.6}
    if drawing.duration_s <= _RELATIVE_S:
        axes.plot(times_s, values, **style)
        axes.set_xlim(0, drawing.duration_s)
        label = (
            f"time (s) since {drawing.begin.astimezone():%H:%M:%S.%f}"[:-3] if drawing.dated else "time (s)"
        )
    else:
        begin = drawing.begin.astimezone()
        start = float(date2num(begin))  # type: ignore[no-untyped-call]  # matplotlib's
        axes.plot(start + times_s / 86_400, values, **style)
        axes.set_xlim(start, start + drawing.duration_s / 86_400)
        zone = (begin + timedelta(seconds=drawing.duration_s)).astimezone().tzinfo
        locator = AutoDateLocator(tz=zone)  # type: ignore[no-untyped-call]  # matplotlib's
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))  # type: ignore[no-untyped-call]  # matplotlib's
        label = f"time ({begin.tzname()})"
    axes.set_ylabel(f"{panel.label}: {panel.axis}" if several else panel.axis)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=_STEPS))
    if last:
        axes.set_xlabel(label)
    else:
        axes.tick_params(labelbottom=False)


def _draw_spectrum(axes: Axes, shown: SpectrumPanel, unit: str, *, log: bool, last: bool) -> None:
    scale, hertz = _scale(shown.spectrum)
    frequencies, amplitudes = shown.spectrum.frequencies_hz * scale, shown.spectrum.amplitudes
    top = float(amplitudes.max()) or 1.0
    axes.set_xlim(0, float(frequencies[-1]))
    if log:
        least = max(float(np.median(amplitudes)) / 10, top / 10**_DECADES)
        axes.semilogy(frequencies, np.maximum(amplitudes, least / 10), color=_SPECTRUM)
        axes.set_ylim(least, top * 4)
        axes.yaxis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{value:g}")
        )  # powers would be a formula
    else:
        axes.plot(frequencies, amplitudes, color=_SPECTRUM)
        axes.set_ylim(0, top * 1.1)
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=_STEPS))
    labelled = -float("inf")
    for mark in sorted(shown.marks):
        axes.axvline(mark.frequency_hz * scale, color=_MARK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        if mark.frequency_hz * scale - labelled < _MARK_ROOM * float(frequencies[-1]):
            continue  # its label would cover the one before
        labelled = mark.frequency_hz * scale
        axes.annotate(
            mark.label, (mark.frequency_hz * scale, 1), xycoords=("data", "axes fraction"), xytext=(2, -2),
            textcoords="offset points", ha="left", va="top", rotation=90, fontsize=7, color=_MARK,
        )  # fmt: skip
    axes.set_ylabel(f"{shown.quantity} ({unit})" if unit else shown.quantity)
    if last:
        axes.set_xlabel(f"frequency ({hertz})")


def _make_room(axes: Axes, shown: SpectrumPanel) -> None:
    """For the highest peak's label, below the upper edge."""
    height = max(axes.get_window_extent().height, 2.0 * _LABEL_PIXELS)
    top = float(shown.spectrum.amplitudes.max()) or 1.0
    axes.set_ylim(0, top / (1 - _LABEL_PIXELS / height))


def _label_peaks(axes: Axes, shown: SpectrumPanel, unit: str, renderer: RendererBase) -> None:
    """The strongest first; one whose label would cover another's, or the curve, goes without."""
    scale = _scale(shown.spectrum)[0]
    taken: list[Any] = []
    for peak in shown.peaks:
        share = peak.frequency_hz / float(shown.spectrum.frequencies_hz[-1])
        side = "left" if share < 0.03 else "right" if share > 0.95 else "center"
        at = (peak.frequency_hz * scale, peak.amplitude)
        label = axes.annotate(
            f"{frequency_text(peak.frequency_hz)}\n{peak.amplitude:.3g} {unit}".rstrip(),
            at, xytext=(0, 4), textcoords="offset points",
            ha=side, va="bottom", fontsize=7.5, color=_PEAK, linespacing=1.1,
        )  # fmt: skip
        box = label.get_window_extent(renderer)
        left, right = (x / scale for x in axes.transData.inverted().transform(box.get_points())[:, 0])
        under = (shown.spectrum.frequencies_hz >= left) & (shown.spectrum.frequencies_hz <= right)
        hidden = shown.spectrum.amplitudes[under].max(initial=0.0) > 1.05 * peak.amplitude
        if hidden or any(box.overlaps(other) for other in taken):
            label.remove()
            continue
        axes.plot(*at, "o", markersize=3.5, color=_PEAK, zorder=3)
        taken.append(box)
        if len(taken) == _MOST_LABELS:
            return


def _scale(spectrum: Spectrum) -> tuple[float, str]:
    """What frequencies are multiplied with, and their unit then."""
    return (1e-3, "kHz") if spectrum.frequencies_hz[-1] >= 10_000 else (1.0, "Hz")


def frequency_text(frequency_hz: float) -> str:
    """With four digits that count: "162.2 Hz", "0.02512 Hz", "12.35 kHz"."""
    if frequency_hz >= 10_000:
        return f"{frequency_hz / 1000:.4g} kHz"
    return f"{frequency_hz:.4g} Hz"
