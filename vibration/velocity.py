"""Velocity RMS in a band of frequencies, from acceleration: what ISO 20816 judges. Many windows at once. Pure."""

import math
from typing import Final, NamedTuple

import numpy as np
from scipy import fft

from vibration.features import blocks
from vibration.signal import Samples, TooFewError, check_frequency, check_samples, usable_hz
from vibration.spectrum import averaged_power
from vibration.units import Quantity, motion_factor, unit

UNIT: Final = "mm/s"
UPPER_HZ: Final = 1000.0
LOWER_HZ: Final = 10.0
SLOW_LOWER_HZ: Final = 2.0  # of machines slower than this:
SLOW_RPM: Final = 600.0
# In periods of the band's lower edge. Hann's main lobe is four lines wide: with less, the mean's remainder is in the band.
_LEAST_PERIODS: Final = 4.0
_SEGMENT_PERIODS: Final = 10.0


class Velocity(NamedTuple):
    """Velocity RMS of each window, shape (...), with what it was measured in."""

    rms: Quantity
    lower_hz: float
    upper_hz: float
    sample_frequency_hz: float

    @property
    def whole_band(self) -> bool:
        """Whether the band reaches up to 1000 Hz; below a sample frequency of 2560 Hz it does not."""
        return self.upper_hz >= UPPER_HZ


def lower_edge_hz(speed_rpm: float | None) -> float:
    """Where the band begins: 10 Hz, or 2 Hz for machines below 600 rpm, whose 1× would be left out (ISO 20816-1)."""
    return SLOW_LOWER_HZ if speed_rpm is not None and speed_rpm < SLOW_RPM else LOWER_HZ


def velocity_rms(
    samples: Samples, sample_frequency_hz: float, unit_name: str, speed_rpm: float | None = None
) -> Velocity:
    """Velocity RMS from 10 (below 600 rpm: 2) to 1000 Hz, in mm/s, of samples of shape (..., n): shape (...).

    Segments of ten periods of the lower edge, a half apart, have their mean removed, are weighted by a Hann window
    and transformed; with P the one-sided power spectral density of n lines Δf apart

        v = √( Σ over lower ≤ f ≤ upper of mean P(f) / (2πf)² · Δf )

    (P · (2πf)² where displacement was measured, P where velocity was). The window's loss is in P; leakage from a
    line beside the band stays within two lines of 1 / segment's duration; a drift of
    1 g in a second reads 0.04 mm/s. A line on an edge reads 3 dB low, as a
    filter's edge does. Source: ISO 2954:2012 and ISO 20816-1:2016, band and quantity; integration in the frequency
    domain: A. Brandt, Noise and Vibration Analysis (2011), chapter 10; the estimate: P. Welch (1967).

    A window of up to one segment is weighted as a whole, its middle 2.7 times its average: let such windows overlap by
    half, too, where machines are not steady.

    The band ends at the sample frequency / 2.56 where that is below 1000 Hz, and says so. TooFewError, where the
    window is shorter than four periods of the lower edge or the band is empty; UnitError; SignalError.
    """
    kind = unit(unit_name)
    check_frequency(sample_frequency_hz)
    check_samples(samples)
    lower, upper = lower_edge_hz(speed_rpm), min(UPPER_HZ, usable_hz(sample_frequency_hz))
    if upper < 2 * lower:
        raise TooFewError(
            f"a sample frequency of {sample_frequency_hz:g} Hz shows nothing above {upper:.3g} Hz: "
            f"velocity RMS is measured from {lower:g} Hz"
        )
    count = samples.shape[-1]
    least = math.ceil(_LEAST_PERIODS / lower * sample_frequency_hz)
    if count < least:
        raise TooFewError(
            f"{count} samples at {sample_frequency_hz:g} Hz are {count / sample_frequency_hz:.3g} s: "
            f"velocity RMS from {lower:g} Hz needs {_LEAST_PERIODS / lower:g} s"
        )
    length, hop = _segments(count, math.ceil(_SEGMENT_PERIODS / lower * sample_frequency_hz))
    padded = fft.next_fast_len(length, real=True)
    frequencies = np.arange(padded // 2 + 1) * (sample_frequency_hz / padded)
    first, end = np.searchsorted(frequencies, (lower * (1 - 1e-9), upper * (1 + 1e-9)))
    weights = motion_factor(kind.name, UNIT, frequencies[first:end]) ** 2 * (sample_frequency_hz / padded)
    rows = samples.reshape(-1, count)
    made = np.empty(len(rows))
    for part in blocks(rows):
        _, power, _ = averaged_power(rows[part], sample_frequency_hz, length, hop, padded, scaling="density")
        made[part] = np.sqrt(power[:, first:end] @ weights)
    return Velocity(Quantity(made.reshape(samples.shape[:-1]), UNIT), lower, upper, sample_frequency_hz)


def _segments(count: int, wanted: int) -> tuple[int, int]:
    """Length and distance of segments that overlap by half, are at most about `wanted` long and leave no sample out."""
    halves = max(2, math.ceil(2 * count / wanted))
    hop = count // halves
    return count - (halves - 2) * hop, hop
