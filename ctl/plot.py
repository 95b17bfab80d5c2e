"""`iotctl plot`: waveform and spectrum, drawn in the terminal or as a picture."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ctl.context import Operator, pass_operator
from ctl.drawing import Drawing, Panel, SpectrumPanel, names, span, subtitle, title
from ctl.durations import show_duration
from ctl.errors import USAGE, CtlError
from ctl.outfile import check, replacing
from ctl.samples import Reader, blocks, reader, to_moment
from ctl.select import serial_argument
from ctl.waveform import Waveform
from ctl.window import Chosen, Wanted, choose, window_options
from runtime.numbers import Finite

if TYPE_CHECKING:  # scipy is imported where a spectrum is wanted
    from ctl.spectrum import LongestStretch

SUFFIXES = (".png", ".svg", ".pdf")
_DEFAULT_LAST_S = 10.0
_MOST_CHANNELS = 8
_PIXELS = (1200, 700)
_BINS_PER_PIXEL = 2
_BINS_PER_COLUMN = 4
_LISTED_PEAKS = 5
_LINES = 14  # of one plot in the terminal, at least


class Options(NamedTuple):
    """How to draw."""

    spectrum: bool
    output: Path | None
    width: int | None
    height: int | None
    log: bool
    maximum_hz: float | None


@click.command()
@serial_argument
@window_options
@click.option("--spectrum", is_flag=True, help="The amplitude spectrum, too.")
@click.option("--log", is_flag=True, help="Amplitudes of the spectrum on a logarithmic axis.")
@click.option(
    "--max-frequency",
    "maximum_hz",
    type=Finite(min=0, min_open=True),
    metavar="HZ",
    help="The spectrum up to this [default: half the sample frequency].",
)
@click.option(
    "-o",
    "--output",
    "output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A picture instead of the terminal: FILE.png, FILE.svg or FILE.pdf; replaces the file.",
)
@click.option("--width", type=int, help="Pixels of the picture [default: 1200], or columns of the terminal.")
@click.option("--height", type=int, help="Pixels of the picture [default: 700], or lines of a plot.")
@pass_operator
def plot(operator: Operator, /, serial: str, **chosen: Any) -> None:
    """Draw a sensor's waveform and, with --spectrum, its amplitude spectrum.

    Without --last or --from, the last 10 s before the sensor's newest sample, so a sensor that sleeps has a plot,
    too. Of more samples than the picture has points, the least and the greatest at each point are drawn: no
    peak is lost, and any window can be plotted. Gaps are gaps.

    The spectrum is of the longest stretch without a gap and with one sample frequency (Hann window, 8 averages,
    a sine of amplitude A reads A); its strongest peaks are labelled.

    \b
    iotctl plot pump-0002
    iotctl plot pump-0002 --last 2s --spectrum --max-frequency 500
    iotctl plot pump-0002 --channel x --last 10s --spectrum -o pump.png
    iotctl plot temp-0006 --from 2026-03-01 --to 2026-03-08 -o week.svg
    """
    options = Options(**{name: chosen.pop(name) for name in Options._fields})
    suffix = None
    if options.output is not None:
        suffix = check(options.output, SUFFIXES, overwrite=True)
    width, height = _size(operator, options)
    if (options.log or options.maximum_hz is not None) and not options.spectrum:
        raise CtlError("--log and --max-frequency are about the spectrum: add --spectrum", USAGE)
    with reader(operator, serial) as source:
        found = choose(source, Wanted(**chosen), default_last_s=_DEFAULT_LAST_S)
        if len(found.channels) > _MOST_CHANNELS:
            raise CtlError(
                f"{len(found.channels)} channels are too many for one plot: choose up to {_MOST_CHANNELS} "
                "with --channel", USAGE
            )  # fmt: skip
        drawing = _gather(source, found, options, width)
    if options.output is None or suffix is None:
        _print(operator, drawing, width, height)
        return
    from ctl.pictures import least_size, save

    least = least_size(len(drawing.panels), spectrum=options.spectrum)
    if width < least[0] or height < least[1]:
        raise CtlError(
            f"{width} × {height} pixels are too few for {len(drawing.panels)} channels: "
            f"--width {least[0]} --height {least[1]}, or more", USAGE
        )  # fmt: skip
    with replacing(options.output) as file:
        save(drawing, file, suffix[1:], width, height)
    click.echo(f"{options.output}: {drawing.title}, {drawing.subtitle}", err=True)


def _size(operator: Operator, options: Options) -> tuple[int, int]:
    """Pixels, or columns and lines. CtlError where nothing can be drawn in that."""
    if options.output is not None:
        width, height = options.width or _PIXELS[0], options.height or _PIXELS[1]
        least, most = (300, 200), (10_000, 10_000)
    else:
        width, height = options.width or operator.out.width, options.height or _LINES
        least, most = (30, 6), (1_000, 500)
    for name, value, low, high in zip(("--width", "--height"), (width, height), least, most, strict=True):
        given = options.width if name == "--width" else options.height
        if given is not None and not low <= value <= high:
            raise CtlError(f"{name} {value}: between {low} and {high:,}", USAGE)
    return max(width, least[0]), height


def _gather(source: Reader, found: Chosen, options: Options, width: int) -> Drawing:
    """Read the samples, once; what is kept of them fits the picture."""
    bins = width * (_BINS_PER_COLUMN if options.output is None else _BINS_PER_PIXEL)
    panels, counts = [], []
    for channel, label in names(found.channels):
        waveform = Waveform(found.window, bins)
        longest = None
        if options.spectrum:
            from ctl.spectrum import LongestStretch

            longest = LongestStretch()
        for block in blocks(source.batches(found.window, channel.number, found.longest(channel))):
            waveform.add(block)
            if longest is not None:
                longest.add(block)
        if not waveform.count:
            raise CtlError(
                f"channel {label} has no sample in that window, though a batch reaches over it", USAGE
            )
        spectrum = None if longest is None else spectrum_panel(longest, label, options.maximum_hz)
        panels.append(Panel(label, channel.quantity, channel.unit, waveform.trace(), spectrum))
        counts.append(waveform.count)
    return Drawing(
        title(source.sensor["serial_number"], source.sensor.get("target")),
        subtitle(found, counts),
        to_moment(found.window.from_ns),
        (found.window.to_ns - found.window.from_ns) / 1e9,
        panels,
        options.log,
    )


def spectrum_panel(longest: "LongestStretch", label: str, maximum_hz: float | None) -> SpectrumPanel:
    """With what it is written beside it. CtlError where there are too few samples, or nothing is left below the maximum frequency."""
    from ctl.spectrum import TooFewError, amplitude_spectrum, peaks

    stretch = longest.result()
    try:
        spectrum = amplitude_spectrum(stretch.values, stretch.sample_frequency_hz)
    except TooFewError as error:
        raise CtlError(
            f"channel {label}: the longest stretch without a gap has {error}, for example with a longer --last",
            USAGE,
        ) from error
    found = peaks(spectrum, maximum_hz)
    if maximum_hz is not None:
        shown = spectrum.frequencies_hz <= maximum_hz
        if shown.sum() < 2:
            raise CtlError(
                f"--max-frequency {maximum_hz:g} is below the frequency resolution, {spectrum.resolution_hz:.3g} Hz",
                USAGE,
            )
        spectrum = spectrum._replace(
            frequencies_hz=spectrum.frequencies_hz[shown], amplitudes=spectrum.amplitudes[shown]
        )
    averages = f"{spectrum.segments} averages" if spectrum.segments > 1 else "1 segment"
    about = f"amplitude spectrum  ·  Hann, {averages}  ·  resolution {spectrum.resolution_hz:.3g} Hz"
    if longest.parts > 1 or stretch.truncated:
        begin = to_moment(stretch.start_ns)
        when = span(begin, begin + timedelta(seconds=stretch.duration_s)).partition(" ")[2]
        what = "first part of the longest stretch" if stretch.truncated else "longest stretch without a gap"
        about += (
            f"\n{what}: {show_duration(stretch.duration_s)} at {stretch.sample_frequency_hz:,g} Hz, {when}"
        )
    return SpectrumPanel(spectrum, found, about)


def _print(operator: Operator, drawing: Drawing, width: int, height: int) -> None:
    """In the terminal, one below the other."""
    from ctl.terminal import draw_spectrum, draw_waveform

    color = operator.out.is_terminal and not operator.out.no_color
    click.echo(f"{drawing.title}\n{drawing.subtitle}")
    for panel in drawing.panels:
        heading = f"{panel.label}: {panel.axis}" if panel.label != panel.quantity else panel.axis
        click.echo()
        click.echo(
            draw_waveform(
                panel.trace.times_s, panel.trace.values,
                width=width, height=height, title=heading, unit=panel.unit, color=color,
            )
        )  # fmt: skip
        if panel.spectrum is None:
            continue
        spectrum, found, about = panel.spectrum[:3]
        amplitudes, unit = spectrum.amplitudes, panel.unit
        if drawing.log:
            import numpy as np

            amplitudes = 20 * np.log10(np.maximum(amplitudes, amplitudes.max() * 1e-5 or 1e-12))
            unit = f"dB re 1 {panel.unit}".rstrip()
        click.echo(
            draw_spectrum(
                spectrum.frequencies_hz, amplitudes,
                width=width, height=height, title=about.partition("\n")[0], unit=unit, color=color,
            )
        )  # fmt: skip
        if "\n" in about:
            click.echo(about.partition("\n")[2])
        if found:
            listed = "   ".join(
                f"{peak.frequency_hz:.4g} Hz {peak.amplitude:.3g} {panel.unit}".rstrip()
                for peak in found[:_LISTED_PEAKS]
            )
            click.echo(f"peaks: {listed}")
