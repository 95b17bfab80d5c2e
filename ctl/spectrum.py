"""Amplitude spectra of what a sensor measured without interruption, and their peaks. Pure."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft, signal

from ctl.samples import Block, Values
from ctl.waveform import breaks

Curve = npt.NDArray[np.float64]
LEAST_SAMPLES = 32
MOST_SAMPLES = 16_000_000  # of a stretch; 64 MB
_MOST_SEGMENT = 262_144  # samples of one transform
_SEGMENTS = 8  # averaged, overlapping by half
_PADDING = 4  # times a segment's length, for a line at every frequency
_PEAKS = 12
_ABOVE_FLOOR = 4.0  # times the median: below that it may be noise
_SIDE_LOBES = 0.03  # of the greatest: below that it may be a side lobe of the Hann window (-31 dB)


class TooFewError(ValueError):
    """Too few samples for a spectrum."""


class Peak(NamedTuple):
    """One component: Hz, and amplitude in the signal's unit."""

    frequency_hz: float
    amplitude: float


class Spectrum(NamedTuple):
    """Amplitudes over frequencies: two arrays of shape (n,), from 0 Hz to half the sample frequency."""

    frequencies_hz: Curve
    amplitudes: Curve
    resolution_hz: float  # sample frequency / samples of a segment
    segments: int  # averaged


class Stretch(NamedTuple):
    """Samples without a gap, at one frequency."""

    start_ns: int
    sample_frequency_hz: float
    values: Values
    truncated: bool = False  # the beginning of a longer one

    @property
    def duration_s(self) -> float:
        """From the first sample to the end of the last one's period."""
        return len(self.values) / self.sample_frequency_hz


class LongestStretch:
    """Finds the longest stretch without a gap and with one sample frequency; keeps two stretches at most."""

    def __init__(self, most: int = MOST_SAMPLES) -> None:
        self.parts = 0  # stretches that there were
        self._most = most
        self._best: tuple[float, Stretch] | None = None
        self._pieces: list[Values] = []
        self._kept = self._count = 0
        self._begin: tuple[int, float] = (0, 0.0)
        self._last: tuple[int, float] | None = None

    def add(self, block: Block) -> None:
        """The next samples, in order of time."""
        cuts = np.union1d(
            breaks(block.times_ns, block.frequencies_hz), np.flatnonzero(np.diff(block.frequencies_hz)) + 1
        )
        edges = [0, *cuts.tolist(), len(block.values)]
        for begin, end in pairwise(edges):
            time, frequency = int(block.times_ns[begin]), float(block.frequencies_hz[begin])
            if begin > 0 or not self._follows(time, frequency):
                self._finish()
                self._begin = time, frequency
            self._count += end - begin
            wanted = min(end, begin + self._most - self._kept)
            if wanted > begin:
                self._pieces.append(block.values[begin:wanted])
                self._kept += wanted - begin
        self._last = int(block.times_ns[-1]), float(block.frequencies_hz[-1])

    def result(self) -> Stretch:
        """The longest in time. TooFewError where there were no samples."""
        self._finish()
        if self._best is None:
            raise TooFewError("no samples")
        return self._best[1]

    def _follows(self, time_ns: int, frequency_hz: float) -> bool:
        if self._last is None or self._last[1] != frequency_hz:
            return False
        pair = np.array([self._last[0], time_ns]), np.array([frequency_hz, frequency_hz])
        return not len(breaks(*pair))

    def _finish(self) -> None:
        if self._count:
            self.parts += 1
            start_ns, frequency = self._begin
            duration = self._count / frequency
            if self._best is None or duration > self._best[0]:
                values = np.concatenate(self._pieces)
                self._best = duration, Stretch(start_ns, frequency, values, self._count > self._kept)
        self._pieces, self._kept, self._count = [], 0, 0


def amplitude_spectrum(values: Values, sample_frequency_hz: float) -> Spectrum:
    """The amplitude spectrum by Welch's method: a sine of amplitude A reads A. TooFewError below 32 samples.

    Segments of n samples overlap by half; each has its mean removed, is weighted by a Hann window w and transformed:

        A(f) = √( mean over segments of 2 · 2 |Σ x_i w_i e^(-2πi f i / fs)|² / (Σ w_i)² )

    (a sine's power is A² / 2, half of it at -f: hence twice two; at 0 and fs / 2 there is no other half). Segments are
    padded with zeros to four times their length: without that, a sine between two lines would read up to 15 % low.
    Source: P. Welch, IEEE Trans. Audio Electroacoust. 15 (1967); scaling: G. Heinzel, A. Rüdiger, R. Schilling,
    Spectrum and spectral density estimation by the discrete Fourier transform (2002), and scaling="spectrum" of
    scipy.signal.

    values: shape (n,). Two sines are told apart when they are 2 · resolution_hz or more from each other.
    """
    if len(values) < LEAST_SAMPLES:
        raise TooFewError(f"{len(values)} samples: a spectrum needs {LEAST_SAMPLES}")
    length = _segment_length(len(values))
    padded = fft.next_fast_len(_PADDING * length, real=True)
    starts = range(0, len(values) - length + 1, length // 2)
    power = np.zeros(padded // 2 + 1)
    for start in starts:  # one by one, where scipy.signal.welch would hold all transforms at once
        frequencies, one = signal.periodogram(
            values[start : start + length].astype(np.float64),
            sample_frequency_hz, window="hann", nfft=padded, detrend="constant", scaling="spectrum",
        )  # fmt: skip
        power += one
    factor = np.full(len(power), 2.0)
    factor[0] = 1.0
    if padded % 2 == 0:
        factor[-1] = 1.0
    amplitudes = np.sqrt(factor * power / len(starts))
    return Spectrum(frequencies, amplitudes, sample_frequency_hz / length, len(starts))


def peaks(spectrum: Spectrum, maximum_hz: float | None = None, most: int = _PEAKS) -> list[Peak]:
    """The strongest components, strongest first: peaks well above the spectrum's median, two lines apart or more.

    Between the lines by a parabola through the logarithms of the three around the peak (J. Smith, X. Serra, PARSHL,
    Proc. ICMC 1987).
    """
    amplitudes = spectrum.amplitudes
    step = spectrum.frequencies_hz[1]
    distance = max(1, round(2 * spectrum.resolution_hz / step))
    end = len(amplitudes) if maximum_hz is None else int(np.searchsorted(spectrum.frequencies_hz, maximum_hz))
    floor = _ABOVE_FLOOR * float(np.median(amplitudes))
    least = max(floor, _SIDE_LOBES * float(amplitudes[: end + 1].max()))
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


def _segment_length(count: int) -> int:
    if count < 2 * LEAST_SAMPLES:
        return count
    return min(max(2 * count // (_SEGMENTS + 1), LEAST_SAMPLES), _MOST_SEGMENT)
