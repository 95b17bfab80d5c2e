"""What a picture of an analysis shows: the waveform, its spectrum with orders, the envelope's with the bearing's lines."""

from itertools import pairwise

import numpy as np

from ctl.analysis import Analysis
from ctl.drawing import Drawing, Mark, Panel, SpectrumPanel, span
from ctl.samples import to_moment
from ctl.waveform import Trace
from vibration.diagnosis import Diagnosis
from vibration.signal import Waveform
from vibration.spectrum import Spectrum, peaks, spectrum
from vibration.units import unit

_POINTS = 4_800  # of the waveform, for each of which the least and the greatest sample is drawn
_SHOWN_PEAKS = 6
_SHARE = 4.5  # of the highest fault frequency: as far as harmonics are looked for, and some room


def drawing(title: str, waveform: Waveform, found: Analysis) -> Drawing:
    """For ctl.pictures.save."""
    shown = spectrum(waveform)
    marks = []
    if not isinstance(found.orders, str):
        marks = [Mark(one.frequency_hz, f"{one.multiple:g}×") for one in found.orders.orders if one.amplitude]
    about = (
        f"amplitude spectrum  ·  Hann, {shown.segments} averages  ·  resolution {shown.resolution_hz:.3g} Hz"
    )
    panel = Panel(
        title,
        unit(waveform.unit).kind,
        waveform.unit,
        _trace(waveform),
        SpectrumPanel(shown, peaks(shown, most=_SHOWN_PEAKS), about, marks),
        None if isinstance(found.diagnosis, str) else _envelope(found.diagnosis),
    )
    begin = to_moment(waveform.start_time_ns)
    end = to_moment(waveform.start_time_ns + round(waveform.duration_s * 1e9))
    when = f"{span(begin, end)}  ·  " if waveform.start_time_ns else ""
    said = f"{when}{waveform.sample_frequency_hz:,g} Hz  ·  {len(waveform):,} samples"
    if not isinstance(found.diagnosis, str):
        said += f"  ·  bearing: {found.diagnosis.verdict.value}, score {found.diagnosis.score:.2f}"
    return Drawing(title, said, begin, waveform.duration_s, [panel], dated=waveform.start_time_ns != 0)


def _trace(waveform: Waveform) -> Trace:
    """Least and greatest of equal spans, so that no peak is lost."""
    samples = waveform.samples.astype(np.float64)
    if len(samples) <= 2 * _POINTS:
        return Trace(np.arange(len(samples)) / waveform.sample_frequency_hz, samples)
    edges = np.linspace(0, len(samples), _POINTS + 1).astype(np.intp)
    values = np.array([(samples[a:b].min(), samples[a:b].max()) for a, b in pairwise(edges)])
    times = (
        edges[:-1, np.newaxis] + np.diff(edges)[:, np.newaxis] * [0.25, 0.75]
    ) / waveform.sample_frequency_hz
    return Trace(times.ravel(), values.ravel(), reduced=True)


def _envelope(found: Diagnosis) -> SpectrumPanel:
    """Of the band in which the likeliest element shows, with that one's harmonics."""
    best, full = found.evidence[0], found.spectrum
    top = _SHARE * max(one.searched_hz[1] for one in found.evidence)
    kept = full.frequencies_hz <= min(top, full.band.width_hz)
    depths = full.depths[kept].copy()
    depths[:2] = 0.0  # what the mean's removal has left
    shown = Spectrum(full.frequencies_hz[kept], depths, full.resolution_hz, full.segments)
    marks = [
        Mark(line.frequency_hz, f"{n}× {best.element.value}") for n, line in enumerate(best.harmonics, 1)
    ]
    low, high = full.band
    about = f"squared envelope spectrum of {low:,.0f} to {high:,.0f} Hz, prewhitened  ·  resolution {full.resolution_hz:.3g} Hz"
    return SpectrumPanel(shown, [], about, marks, "modulation depth")
