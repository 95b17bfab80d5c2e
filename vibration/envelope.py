"""Squared envelope spectra: how often, and how deeply, a band of a vibration swells and fades. Pure.

A rolling element that strikes a fault rings a resonance of some kHz; the fault's frequency is not in the spectrum, but
in that of the envelope (R. B. Randall, J. Antoni: Rolling element bearing diagnostics - A tutorial, Mechanical Systems
and Signal Processing 25, 2011).
"""

import math
from typing import Final, NamedTuple

import numpy as np
from scipy import fft, ndimage, signal

from vibration.signal import Samples, SignalError, TooFewError, Waveform, as_double
from vibration.units import Values

LEAST_SAMPLES: Final = 64
_SEGMENTS: Final = 8  # whose kurtosis is judged by the median, so that one knock chooses no band
_WHITENED_HZ: Final = 20.0
_MEAN_OVER_MEDIAN: Final = math.sqrt(
    math.pi / 4 / math.log(2)
)  # of a Rayleigh distribution, as noise's magnitudes have
_NOISE_LIMIT: Final = math.sqrt(4 / math.pi * math.log(1000))
_FINER: Final = 4  # times as many lines as a window has, so that a band may lie anywhere
_LEAST_FRAMES: Final = 32  # of a transform, in a segment: of fewer, a kurtosis says nothing


class Band(NamedTuple):
    """From and to, in Hz."""

    low_hz: float
    high_hz: float

    @property
    def width_hz(self) -> float:
        """The highest frequency at which the envelope can change."""
        return self.high_hz - self.low_hz


class KurtosisBand(NamedTuple):
    """The band of one width whose envelope is the most impulsive, and its spectral kurtosis: 0 for Gaussian noise."""

    band: Band
    kurtosis: float


class EnvelopeSpectrum(NamedTuple):
    """Modulation depth over frequency: two arrays of shape (n,), from 0 Hz to half the sample frequency.

    Depth is the amplitude of the squared envelope's line, over the squared envelope's mean: unit "1". A tone that is
    modulated as 1 + d · cos has a line of nearly 2d for small d, an endless row of short impulses has 2 at each of its
    harmonics, white Gaussian noise of bandwidth B averaged over segments of T seconds has a floor of √(2/(B·T)) and less
    towards B.
    """

    frequencies_hz: Values
    depths: Values
    resolution_hz: float  # sample frequency / samples of a segment
    segments: int  # averaged, overlapping by half
    band: Band


def prewhitened(samples: Samples, sample_frequency_hz: float) -> Values:
    """The same with all frequencies equally strong, and without the strength of what is periodic.

    The Fourier transform over all samples is divided by its magnitude's local mean (over 20 Hz, as a median, which lines
    do not move), so that no resonance outweighs another; what is then above the magnitude that noise exceeds once in a
    thousand, √(4/π · ln 1000) = 3.0 times its mean, is set to that. Orders of the shaft, gears and electrical lines
    become one weak line each, but phases, in which impulses lie, stay. It is cepstrum prewhitening, which sets every
    magnitude to 1 (P. Borghesani et al., Application of cepstrum pre-whitening for the diagnosis of bearing faults under
    variable speed conditions, Mechanical Systems and Signal Processing 36, 2013; found the best of three methods by
    W. A. Smith, R. B. Randall, Rolling element bearing diagnostics using the Case Western Reserve University data: A
    benchmark study, same journal 64-65, 2015), but for the magnitudes of noise, which it would level, too.

    samples: shape (n,); the result has zero mean and variance 1, or is 0 where the samples are constant.
    """
    if np.ptp(samples) == 0:
        return np.zeros(len(samples))
    x = as_double(samples)
    spectrum = fft.rfft(x - x.mean())
    magnitude = np.abs(spectrum)
    size = max(5, 2 * round(_WHITENED_HZ * len(x) / sample_frequency_hz / 2) + 1)
    mean = ndimage.median_filter(magnitude, size, mode="mirror") * _MEAN_OVER_MEDIAN
    mean = np.maximum(
        mean, magnitude.max() * np.finfo(np.float32).eps
    )  # above what an anti-alias filter has left
    white: Values = fft.irfft(spectrum / np.maximum(mean, magnitude / _NOISE_LIMIT), len(x))
    white -= white.mean()
    return np.asarray(white / white.std())


def kurtogram(
    samples: Samples, sample_frequency_hz: float, least_width_hz: float, limits: Band | None = None
) -> list[KurtosisBand]:
    """For each width, from all of `limits` (without: up to half the sample frequency), halved down to
    `least_width_hz`: the band of the highest spectral kurtosis, widest first. Shape (n,) in.

    Spectral kurtosis of a short-time Fourier transform X: <|X|⁴> / <|X|²>² - 2, which is 0 for stationary Gaussian noise
    and grows with impulses (J. Antoni, The spectral kurtosis, and J. Antoni, R. B. Randall, The spectral kurtosis:
    application to the vibratory surveillance and diagnostics of rotating machines, both Mechanical Systems and Signal
    Processing 20, 2006). Here the median of up to eight segments of the recording counts. TooFewError, SignalError.
    """
    whole = check_band(limits, sample_frequency_hz)
    if len(samples) < LEAST_SAMPLES:
        raise TooFewError(f"{len(samples)} samples: an envelope needs {LEAST_SAMPLES}")
    found = [KurtosisBand(whole, _kurtosis(envelope(samples, sample_frequency_hz, whole)))]
    width = whole.width_hz / 2
    while width >= least_width_hz:
        one = _most_impulsive(samples, sample_frequency_hz, width, whole)
        if one is None:
            break
        found.append(one)
        width /= 2
    return found


def envelope(samples: Samples, sample_frequency_hz: float, band: Band | None = None) -> Values:
    """The squared envelope of a band, shape (n,), in the unit's square: |analytic signal|² (D. Gabor, 1946).

    The band is cut out of the Fourier transform of all samples, the mean and negative frequencies left out: the
    Hilbert transform of scipy.signal.hilbert with a rectangular filter.
    """
    low, high = check_band(band, sample_frequency_hz)
    count = len(samples)
    spectrum = fft.fft(as_double(samples))
    frequencies = fft.fftfreq(count, 1 / sample_frequency_hz)
    spectrum[(frequencies <= 0) | (frequencies < low) | (frequencies > high)] = 0.0
    analytic = fft.ifft(2 * spectrum)
    squared: Values = np.square(analytic.real) + np.square(analytic.imag)
    return squared


def squared_envelope_spectrum(
    waveform: Waveform, resolution_hz: float, band: Band | None = None, *, whiten: bool = False
) -> EnvelopeSpectrum:
    """The squared envelope spectrum of a waveform's band, averaged by Welch's method (Hann, half overlapping).

    band: in which the machine rings, as `kurtogram` finds it; without it, all. whiten: `prewhitened` before.
    TooFewError where the recording is shorter than 1 / resolution_hz; SignalError.
    """
    samples = prewhitened(waveform.samples, waveform.sample_frequency_hz) if whiten else waveform.samples
    squared = envelope(samples, waveform.sample_frequency_hz, band)
    return of_envelope(
        squared, waveform.sample_frequency_hz, resolution_hz, check_band(band, waveform.sample_frequency_hz)
    )


def of_envelope(
    squared: Values, sample_frequency_hz: float, resolution_hz: float, band: Band
) -> EnvelopeSpectrum:
    """The spectrum of a squared envelope, shape (n,)."""
    length = round(sample_frequency_hz / resolution_hz)
    if not LEAST_SAMPLES <= length <= len(squared):
        raise TooFewError(
            f"{len(squared)} samples: an envelope spectrum of {resolution_hz:.3g} Hz needs {max(length, LEAST_SAMPLES)}"
        )
    mean = float(squared.mean())
    relative = squared / mean if mean > 0 else squared
    frequencies, power = signal.welch(
        relative, sample_frequency_hz, "hann", length, length // 2, detrend="constant", scaling="spectrum"
    )
    segments = (len(squared) - length) // (length - length // 2) + 1
    return EnvelopeSpectrum(frequencies, np.sqrt(2 * power), sample_frequency_hz / length, segments, band)


def check_band(band: Band | None, sample_frequency_hz: float) -> Band:
    """The band, or all there is. SignalError where it is empty, or not below half the sample frequency."""
    top = sample_frequency_hz / 2
    if band is None:
        return Band(0.0, top)
    if not 0 <= band.low_hz < band.high_hz <= top:
        raise SignalError(
            f"a band from {band.low_hz:g} to {band.high_hz:g} Hz: "
            f"within 0 and half the sample frequency, {top:g} Hz"
        )
    return band


def _kurtosis(squared: Values) -> float:
    parts = np.array_split(squared, _SEGMENTS)
    return float(np.median([np.mean(p * p) / max(float(np.mean(p)) ** 2, 1e-300) - 2 for p in parts]))


def _most_impulsive(
    samples: Samples, sample_frequency_hz: float, width_hz: float, whole: Band
) -> KurtosisBand | None:
    # a Hann window's noise bandwidth is 1.5 lines
    length = max(4, round(1.5 * sample_frequency_hz / width_hz))
    hop = max(1, length // 2)
    segments = min(_SEGMENTS, len(samples) // (_LEAST_FRAMES * hop))
    if segments < 1:
        return None
    parts = as_double(samples[: len(samples) // segments * segments]).reshape(segments, -1)
    frequencies, _, power = signal.spectrogram(
        parts, sample_frequency_hz, "hann", length, length - hop, _FINER * length, detrend=False
    )
    mean = np.maximum(np.mean(power, axis=-1), np.finfo(np.float64).tiny ** 0.5)
    middle = np.median(np.mean(power * power, axis=-1) / mean**2 - 2, axis=0)
    half = width_hz / 2
    inside = (frequencies >= whole.low_hz + half) & (frequencies <= whole.high_hz - half)
    if not inside.any():
        return None
    best = int(np.argmax(np.where(inside, middle, -np.inf)))
    centre = float(frequencies[best])
    return KurtosisBand(Band(centre - half, centre + half), float(middle[best]))
