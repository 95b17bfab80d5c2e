"""Waveforms and spectra drawn as text, in braille dots. Pure: arrays in, a string out.

A terminal's column is two dots wide, so of a million samples nothing more can be seen than the least and the
greatest value in each half column: that is what is drawn, and no peak is lost.
"""

import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.floating[Any]]

CURVE = "\x1b[36m"
_RESET = "\x1b[0m"
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_NEGATIVE_ZERO = re.compile(r"(│ )-(?=0(\.0*)?( |$))")
_FRAME_COLUMNS = 2
_FRAME_LINES = 3  # above, below, and the horizontal axis' labels
_LABEL_COLUMNS = 8  # a first guess, which fits nearly always
_DOTS = 2  # a column


class Limits(NamedTuple):
    """What the vertical axis shows."""

    low: float
    high: float


def draw_waveform(
    times_s: Values,
    values: Values,
    *,
    width: int,
    height: int,
    title: str = "",
    unit: str = "",
    color: bool = True,
    limits: Limits | None = None,
) -> str:
    """Values over time, `width` characters by `height` lines (title and axes included) at most.

    times_s: shape (n,), ascending, in seconds. values: shape (n,), in `unit`; the curve has a gap where one is not
    finite. `limits` of the vertical axis; by default what the values need.
    """
    xs, ys = np.asarray(times_s, np.float64), np.asarray(values, np.float64)
    size, unit_x = _time_unit(float(np.abs(xs).max(initial=0.0)))
    xs = xs / size
    bins = _DOTS * max(width - _FRAME_COLUMNS - _LABEL_COLUMNS, 1)
    pieces = [decimate(xs[piece], ys[piece], bins) for piece in finite_runs(ys)]
    return _draw(pieces, width, height, title, unit, unit_x, color, limits)


def draw_spectrum(
    frequencies_hz: Values,
    amplitudes: Values,
    *,
    width: int,
    height: int,
    title: str = "",
    unit: str = "",
    color: bool = True,
    limits: Limits | None = None,
) -> str:
    """Amplitudes over frequency, `width` characters by `height` lines (title and axes included) at most.

    frequencies_hz: shape (n,), ascending. amplitudes: shape (n,), in `unit`. The vertical axis begins at zero
    unless `limits` or a negative amplitude (decibels) say otherwise.
    """
    xs, ys, unit_x = np.asarray(frequencies_hz, np.float64), np.asarray(amplitudes, np.float64), "Hz"
    if len(xs) and xs[-1] >= 10_000:
        xs, unit_x = xs / 1e3, "kHz"
    finite = np.isfinite(ys)
    xs, ys = xs[finite], ys[finite]
    if limits is None and len(ys) and ys.min() >= 0:
        limits = Limits(0.0, float(ys.max()) * 1.05 or 1.0)
    bins = _DOTS * max(width - _FRAME_COLUMNS - _LABEL_COLUMNS, 1)
    return _draw([decimate(xs, ys, bins)], width, height, title, unit, unit_x, color, limits)


def _time_unit(longest_s: float) -> tuple[float, str]:
    """Its length in seconds, and its name: numbers on the axis stay short."""
    for size, name in ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min")):
        if longest_s >= 3 * size:
            return size, name
    return (1.0, "s") if longest_s >= 0.9995 or longest_s == 0.0 else (1e-3, "ms")


def decimate(xs: Values, ys: Values, bins: int) -> tuple[Values, Values]:
    """The least and the greatest value of each of `bins` runs of equal length, in their order.

    xs, ys: shape (n,). Returned as they are where n ≤ 2 · bins, else of shape (2 · bins,).
    """
    if len(ys) <= 2 * bins:
        return xs, ys
    starts = np.arange(bins) * len(ys) // bins
    ends = np.append(starts[1:], len(ys))
    low = np.fromiter((a + ys[a:b].argmin() for a, b in zip(starts, ends, strict=True)), np.intp, bins)
    high = np.fromiter((a + ys[a:b].argmax() for a, b in zip(starts, ends, strict=True)), np.intp, bins)
    chosen = np.stack([np.minimum(low, high), np.maximum(low, high)], axis=1).ravel()
    return xs[chosen], ys[chosen]


def finite_runs(values: Values) -> list[slice]:
    """Where values are finite, run by run."""
    finite = np.concatenate([[False], np.isfinite(values), [False]])
    edges = np.flatnonzero(finite[1:] != finite[:-1])
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def nice_limits(low: float, high: float) -> Limits:
    """Limits around both, on round numbers: they stay while a moving curve changes a little."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return Limits(-1.0, 1.0)
    span = max(high - low, abs(high) * 1e-3) or 1.0
    step = 10.0 ** np.floor(np.log10(span))
    step *= next(factor for factor in (0.2, 0.5, 1.0) if span / (step * factor) <= 10 or factor == 1.0)
    bottom, top = float(np.floor(low / step) * step), float(np.ceil(high / step) * step)
    return Limits(bottom, top) if top > bottom else Limits(bottom - float(step), top + float(step))


def _draw(
    pieces: list[tuple[Values, Values]],
    width: int,
    height: int,
    title: str,
    unit: str,
    unit_x: str,
    color: bool,
    limits: Limits | None,
) -> str:
    lines = _render(pieces, width - _FRAME_COLUMNS - _LABEL_COLUMNS, height, title, unit, unit_x, limits)
    excess = max(map(len, lines)) - width
    if excess != 0:  # labels are wider or narrower than was guessed
        columns = width - _FRAME_COLUMNS - _LABEL_COLUMNS - excess
        lines = _render(pieces, columns, height, title, unit, unit_x, limits)
    if color:
        first = 1 if title else 0
        lines = [
            _colored(line) if first < number < len(lines) - 2 else line for number, line in enumerate(lines)
        ]
    return "\n".join(lines)


def _render(
    pieces: list[tuple[Values, Values]],
    columns: int,
    height: int,
    title: str,
    unit: str,
    unit_x: str,
    limits: Limits | None,
) -> list[str]:
    import uniplot

    drawn = [piece for piece in pieces if len(piece[0])]
    options: dict[str, Any] = {
        "width": max(columns, 1),
        "height": max(height - _FRAME_LINES - bool(title), 1),
        "character_set": "braille",
        "lines": True,
        "rounded_corners": True,
        "x_unit": f" {unit_x}",
        "y_unit": f" {unit}" if unit else "",
        "x_gridlines": [],
        "y_gridlines": [],
        "color": False,
    }
    if title:
        options["title"] = title
    if limits is not None and limits.high > limits.low:
        options |= {"y_min": limits.low, "y_max": limits.high}
    if not drawn:  # a frame without a curve
        drawn = [(np.array([0.0]), np.array([-1.0]))]
        options |= {"x_min": 0.0, "x_max": 1.0, "y_min": 0.0, "y_max": 1.0}
    text = uniplot.plot_to_string([ys for _, ys in drawn], [xs for xs, _ in drawn], **options)
    return [_NEGATIVE_ZERO.sub(r"\1", _ESCAPES.sub("", line)).rstrip() for line in text.splitlines()]


def _colored(line: str) -> str:
    """A line between the frame's two bars: the curve coloured, the frame and the label not."""
    start, end = line.find("│") + 1, line.rfind("│")
    return f"{line[:start]}{CURVE}{line[start:end]}{_RESET}{line[end:]}"
