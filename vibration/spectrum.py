"""Averaged amplitude spectra, and their peaks. Pure."""

import math
from typing import Final, NamedTuple

import numpy as np
from scipy import fft, signal

from vibration.signal import Samples, SignalError, TooFewError, Waveform, as_double
from vibration.units import Values, motion_factor, unit

LEAST_SAMPLES: Final = 32
_MOST_SEGMENT: Final = 262_144  # samples of one transform
_SEGMENTS: Final = 8  # averaged, where no resolution is asked for
_OVERLAP: Final = 0.5
_PADDING: Final = 4  # times a segment's length, for a line at every frequency
_PEAKS: Final = 12
_ABOVE_FLOOR: Final = 4.0  # times the median: below that it may be noise


class _Shape(NamedTuple):
    lobe: int  # half the main lobe's width, in lines
    side_lobes: float  # the highest, of the main lobe's height, with a margin


# G. Heinzel, A. Rüdiger, R. Schilling (see amplitude_spectrum), table of windows: -31 dB and -93 dB
_SHAPES: Final = {"hann": _Shape(2, 0.03), "flattop": _Shape(5, 1e-4)}


class Peak(NamedTuple):
    """One component: Hz, and amplitude in the spectrum's unit."""

    frequency_hz: float
    amplitude: float


class Spectrum(NamedTuple):
    """Peak amplitudes over frequencies: two arrays of shape (n,), from 0 Hz to half the sample frequency."""

    frequencies_hz: Values
    amplitudes: Values
    resolution_hz: float  # sample frequency / samples of a segment
    segments: int  # averaged
    unit: str = ""  # empty where the samples came without one
    window: str = "hann"

    @property
    def rms(self) -> Values:
        """The root mean square of a sine at each frequency: its amplitude / √2; shape (n,)."""
        return self.amplitudes / math.sqrt(2.0)

    def to(self, want: str) -> "Spectrum":
        """In another unit, also from acceleration to velocity or displacement and back: line by line, by 2πf.

        UnitError where it has no unit, or for one that is unknown.
        """
        factors = motion_factor(self.unit, want, self.frequencies_hz)
        return self._replace(amplitudes=self.amplitudes * factors, unit=unit(want).name)


def spectrum(
    waveform: Waveform,
    *,
    resolution_hz: float | None = None,
    overlap: float = _OVERLAP,
    window: str = "hann",
) -> Spectrum:
    """`amplitude_spectrum` of a waveform, with its unit."""
    found = amplitude_spectrum(
        waveform.samples,
        waveform.sample_frequency_hz,
        resolution_hz=resolution_hz,
        overlap=overlap,
        window=window,
    )
    return found._replace(unit=waveform.unit)


def amplitude_spectrum(
    values: Samples,
    sample_frequency_hz: float,
    *,
    resolution_hz: float | None = None,
    overlap: float = _OVERLAP,
    window: str = "hann",
) -> Spectrum:
    """The amplitude spectrum by Welch's method: a sine of amplitude A reads A. TooFewError below 32 samples.

    Segments of n samples overlap; each has its mean removed, is weighted by a window w and transformed:

        A(f) = √( mean over segments of 2 · 2 |Σ x_i w_i e^(-2πi f i / fs)|² / (Σ w_i)² )

    (a sine's power is A² / 2, half of it at -f: hence twice two; at 0 and fs / 2 there is no other half). Segments are
    padded with zeros to four times their length: without that, a sine between two lines would read up to 15 % low
    (scalloping), with it 1.1 %. Source: P. Welch, IEEE Trans. Audio Electroacoust. 15 (1967); scaling: G. Heinzel,
    A. Rüdiger, R. Schilling, Spectrum and spectral density estimation by the discrete Fourier transform (2002), and
    scaling="spectrum" of scipy.signal.

    values: shape (n,). resolution_hz: sample frequency / samples of a segment; without it, as many as eight
    averages leave. TooFewError where it needs more samples than there are. overlap: of two segments, from 0 to below 1.
    window: "hann", which tells two sines apart that are 2 · resolution_hz or more from each other, or "flattop",
    which needs 5 · resolution_hz and reads amplitudes to 0.1 %. SignalError for other values.
    """
    if window not in _SHAPES:
        raise SignalError(f"the window {window!r} is none of {', '.join(_SHAPES)}")
    if not 0 <= overlap < 1:
        raise SignalError(f"an overlap of {overlap}: from 0 to below 1")
    if len(values) < LEAST_SAMPLES:
        raise TooFewError(f"{len(values)} samples: a spectrum needs {LEAST_SAMPLES}")
    length = _segment_length(len(values), sample_frequency_hz, resolution_hz)
    padded = fft.next_fast_len(_PADDING * length, real=True)
    hop = max(1, round(length * (1 - overlap)))
    frequencies, power, segments = averaged_power(
        values, sample_frequency_hz, length, hop, padded, window=window, scaling="spectrum"
    )
    factor = np.full(len(power), 2.0)
    factor[0] = 1.0
    if padded % 2 == 0:
        factor[-1] = 1.0
    amplitudes = np.sqrt(factor * power)
    return Spectrum(frequencies, amplitudes, sample_frequency_hz / length, segments, window=window)


def averaged_power(
    values: Samples,
    sample_frequency_hz: float,
    length: int,
    hop: int,
    padded: int,
    *,
    window: str = "hann",
    scaling: str,
) -> tuple[Values, Values, int]:
    """Periodograms of segments of `length` samples, `hop` apart, each less its mean, averaged: Welch's method.

    values: shape (..., n). Frequencies, shape (m,); power, shape (..., m), scaled as scipy.signal.periodogram says;
    the number of segments. One segment of all rows at a time, where scipy.signal.welch would hold all transforms.
    """
    starts = range(0, values.shape[-1] - length + 1, hop)
    power: Values | None = None
    for start in starts:
        frequencies, one = signal.periodogram(
            as_double(values[..., start : start + length]),
            sample_frequency_hz, window=window, nfft=padded, detrend="constant", scaling=scaling,
        )  # fmt: skip
        power = one if power is None else np.add(power, one, out=power)
    assert power is not None, "a segment is no longer than the samples"
    return frequencies, power / len(starts), len(starts)


def peaks(spectrum: Spectrum, maximum_hz: float | None = None, most: int = _PEAKS) -> list[Peak]:
    """The strongest components, strongest first: peaks well above the spectrum's median, a main lobe apart or more.

    Between the lines by a parabola through the logarithms of the three around the peak (J. Smith, X. Serra, PARSHL,
    Proc. ICMC 1987).
    """
    amplitudes, shape = spectrum.amplitudes, _SHAPES[spectrum.window]
    step = spectrum.frequencies_hz[1]
    distance = max(1, round(shape.lobe * spectrum.resolution_hz / step))
    end = len(amplitudes) if maximum_hz is None else int(np.searchsorted(spectrum.frequencies_hz, maximum_hz))
    floor = _ABOVE_FLOOR * float(np.median(amplitudes))
    least = max(floor, shape.side_lobes * float(amplitudes[: end + 1].max()))
    found, _ = signal.find_peaks(amplitudes[: end + 1], height=least, distance=distance, prominence=least / 2)
    # next to 0 Hz there is what the mean's removal has left
    found = found[found >= distance // 2]
    strongest = found[np.argsort(amplitudes[found])[::-1][:most]]
    return [_between_lines(spectrum, int(line), step) for line in strongest if line < end]


def _between_lines(spectrum: Spectrum, line: int, step: float) -> Peak:
    left, middle, right = np.log(np.maximum(spectrum.amplitudes[line - 1 : line + 2], 1e-300))
    curvature = left - 2 * middle + right
    offset = 0.0 if curvature == 0 else 0.5 * (left - right) / curvature
    amplitude = float(np.exp(middle - 0.25 * (left - right) * offset))
    return Peak(float(spectrum.frequencies_hz[line] + offset * step), amplitude)


def _segment_length(count: int, sample_frequency_hz: float, resolution_hz: float | None) -> int:
    if resolution_hz is None:
        if count < 2 * LEAST_SAMPLES:
            return count
        return min(max(2 * count // (_SEGMENTS + 1), LEAST_SAMPLES), _MOST_SEGMENT)
    if not resolution_hz > 0:
        raise SignalError(f"a resolution of {resolution_hz} Hz: above 0")
    length = max(round(sample_frequency_hz / resolution_hz), LEAST_SAMPLES)
    if length > count:
        raise TooFewError(
            f"{count} samples: a resolution of {resolution_hz:g} Hz at {sample_frequency_hz:g} Hz needs {length}"
        )
    return length
