"""A waveform: samples with the sample frequency, the unit and the time that they mean nothing without. Pure."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vibration.units import Values, unit

Samples = npt.NDArray[np.floating[Any]]
LEAST_SAMPLES: Final = 2
# What an analyser may use of the band below half the sample frequency: above, an anti-alias filter has begun to
# attenuate. 2.56 · maximum frequency is the sample frequency of instruments since the first FFT analysers
# (R. B. Randall, Frequency Analysis, Brüel & Kjær 1987).
USABLE: Final = 2.56


class SignalError(ValueError):
    """Samples that cannot be analysed, or not that way; the text says why."""


class TooFewError(SignalError):
    """Too few samples for what was asked."""


@dataclass(frozen=True, eq=False)
class Waveform:
    """Uniformly sampled motion without a gap.

    samples: float32 or float64, shape (n,), finite; n ≥ 2. unit: of displacement, velocity or acceleration, as
    vibration.units knows them. start_time_ns: Unix time of the first sample; 0 where nobody knows.
    SignalError, UnitError.
    """

    samples: Samples
    sample_frequency_hz: float
    unit: str
    start_time_ns: int = 0

    def __post_init__(self) -> None:
        if self.samples.ndim != 1:
            raise SignalError(f"samples of shape {self.samples.shape}: a waveform is one row")
        check_samples(self.samples)
        check_frequency(self.sample_frequency_hz)
        object.__setattr__(self, "unit", unit(self.unit).name)

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self.samples)

    @property
    def duration_s(self) -> float:
        """From the first sample to the end of the last one's period."""
        return len(self.samples) / self.sample_frequency_hz

    @property
    def usable_hz(self) -> float:
        """Up to where a spectrum can be believed."""
        return usable_hz(self.sample_frequency_hz)


def usable_hz(sample_frequency_hz: float) -> float:
    """The highest frequency that is below the anti-alias filter's slope: sample frequency / 2.56."""
    return sample_frequency_hz / USABLE


def check_frequency(sample_frequency_hz: float) -> None:
    """SignalError unless it is a finite number above 0."""
    if not (math.isfinite(sample_frequency_hz) and sample_frequency_hz > 0):
        raise SignalError(f"a sample frequency of {sample_frequency_hz} Hz: a finite number above 0")


def check_samples(samples: Samples, least: int = LEAST_SAMPLES) -> None:
    """Of shape (..., n): SignalError unless all are finite floating point numbers; TooFewError below `least` a row."""
    if not np.issubdtype(samples.dtype, np.floating):
        raise SignalError(f"samples of type {samples.dtype}: floating point, in the channel's unit")
    count = samples.shape[-1] if samples.ndim else 0
    if count < least:
        raise TooFewError(f"{count} samples: at least {least} are needed")
    if not np.isfinite(samples).all():
        raise SignalError("samples that are not finite")


def as_double(samples: Samples) -> Values:
    """In float64, where squares of float32 neither overflow nor get lost."""
    return samples.astype(np.float64, copy=False)
