"""What a window's samples say by themselves: RMS, true peak, crest factor, kurtosis. Many windows at once. Pure."""

from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from scipy import signal

from vibration.signal import Samples, as_double, check_samples
from vibration.units import Quantity, Values, unit

_BLOCK_SAMPLES: Final = 32_768  # a few rows at a time, so that they stay in the processor's cache
_LEAST_ROWS: Final = 16  # a call of SciPy costs as much as some thousand samples
OVERSAMPLING: Final = 4
_REACH: Final = 10  # samples that the interpolation looks at on each side


class Statistics(NamedTuple):
    """Of each window, shape (...). RMS and peaks are about the mean; ratios have the unit "1"."""

    mean: Quantity
    rms: Quantity
    peak: Quantity
    peak_to_peak: Quantity
    crest_factor: Quantity
    kurtosis: Quantity
    skewness: Quantity


def statistics(samples: Samples, unit_name: str) -> Statistics:
    """Of samples of shape (..., n), n ≥ 2: shape (...) each. With x the samples less their mean:

    rms           √(mean x²)
    peak          true peak: max |x| between the samples, too (below)
    peak_to_peak  max x - min x, between the samples, too
    crest_factor  peak / rms; √2 for a sine. NaN where all samples are equal
    kurtosis      mean x⁴ / (mean x²)²: Pearson's, so 3 for a Gaussian signal and 1.5 for a sine. NaN likewise
    skewness      mean x³ / (mean x²)^1.5; 0 for a symmetric signal. NaN likewise

    Moments are the plain ones, without a correction for small n, as scipy.stats has them with bias=True.

    The true peak is that of the analog signal, which lies between two samples as a rule: a sine of a quarter of the
    sample frequency may have samples at 71 % of its amplitude only. As for the true peak of audio, the samples are
    interpolated to four times their frequency (ITU-R BS.1770-5, annex 2), here by the low-pass of
    scipy.signal.resample_poly and with a parabola through the largest and its neighbours; where a window's first and
    last ten samples leave nothing to interpolate from, the samples count. It is never below the largest sample.

    UnitError; SignalError, where samples are not finite.
    """
    name = unit(unit_name).name
    check_samples(samples)
    rows = samples.reshape(-1, samples.shape[-1])
    made = [np.empty(len(rows)) for _ in Statistics._fields]
    for part in blocks(rows):
        for array, values in zip(made, _of_rows(as_double(rows[part])), strict=True):
            array[part] = values
    units = (name, name, name, name, "1", "1", "1")
    return Statistics(*(Quantity(a.reshape(samples.shape[:-1]), u) for a, u in zip(made, units, strict=True)))


def blocks(rows: Samples) -> Iterator[slice]:
    """Slices of rows that are small enough for the cache; rows: shape (k, n)."""
    step = max(_LEAST_ROWS, _BLOCK_SAMPLES // rows.shape[-1])
    return (slice(first, first + step) for first in range(0, len(rows), step))


def _of_rows(rows: Values) -> tuple[Values, ...]:
    mean = rows.mean(axis=-1)
    x = rows - mean[:, np.newaxis]
    low, high = x.min(axis=-1), x.max(axis=-1)
    same = rows.min(axis=-1) == rows.max(axis=-1)  # then x is what rounding has left of the mean
    x[same] = 0.0
    square = np.square(x)
    count = rows.shape[-1]
    variance = np.einsum("ij->i", square) / count
    third = np.einsum("ij,ij->i", square, x) / count
    fourth = np.einsum("ij,ij->i", square, square) / count
    high, low = _between_samples(x, high, low)
    low[same] = high[same] = 0.0
    rms = np.sqrt(variance)
    peak = np.maximum(high, -low)
    divisor = np.where(same, np.nan, rms)
    return mean, rms, peak, high - low, peak / divisor, fourth / divisor**4, third / divisor**3


@cache
def _low_pass() -> Values:
    """The one of scipy.signal.resample_poly: a Kaiser window of β = 5, 10 samples to each side."""
    taps: Values = signal.firwin(2 * _REACH * OVERSAMPLING + 1, 1 / OVERSAMPLING, window=("kaiser", 5.0))
    return taps * OVERSAMPLING


def _between_samples(x: Values, high: Values, low: Values) -> tuple[Values, Values]:
    """The largest and the least of a band-limited signal through the samples, at least theirs; x: shape (k, n)."""
    inner = x.shape[-1] - 2 * _REACH  # samples with all neighbours that the filter wants
    if inner < 2:
        return high, low
    made = signal.upfirdn(_low_pass(), x, up=OVERSAMPLING)
    first = 2 * _REACH * OVERSAMPLING
    made = made[:, first : first + (inner - 1) * OVERSAMPLING + 1]
    return np.maximum(high, _summit(made, made.argmax(axis=-1), 1.0)), np.minimum(
        low, -_summit(made, made.argmin(axis=-1), -1.0)
    )


def _summit(curve: Values, at: np.ndarray[tuple[int, ...], np.dtype[np.intp]], sign: float) -> Values:
    """The height of a parabola through the extremes at these columns and their neighbours; shape (k,)."""
    row = np.arange(len(curve))
    middle = sign * curve[row, at]
    inside = np.clip(at, 1, curve.shape[-1] - 2)
    left, right = sign * curve[row, inside - 1], sign * curve[row, inside + 1]
    curvature = left - 2 * middle + right
    bends = (inside == at) & (curvature < 0)
    rise = np.zeros_like(middle)
    np.divide(np.square(left - right), -8 * curvature, out=rise, where=bends)
    return middle + rise
