"""What emulated sensors measure. Pure; every source gives float32 of shape (channels, count)."""

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]


class Quantity(NamedTuple):
    """What one channel measures, for the birth."""

    name: str
    quantity: str
    unit: str
    minimum: float
    maximum: float


class Source(Protocol):
    """A signal; time goes on from one call to the next."""

    quantities: Sequence[Quantity]

    def samples(self, time_s: float, count: int, sample_frequency_hz: float) -> Samples:
        """The values at time_s + i / sample_frequency_hz, shape (channels, count); fewer where it has ended."""


ACCELERATION = tuple(Quantity(axis, "acceleration", "g", -16.0, 16.0) for axis in "xyz")


class Sine(NamedTuple):
    """Amplitude in the channel's unit, frequency in Hz, phase in radians."""

    amplitude: float
    frequency_hz: float
    phase: float = 0.0


# White noise of variance 1, made once: making it anew costs as much as all the rest of a signal.
_NOISE: Samples = np.random.default_rng(1).standard_normal(1 << 18, dtype=np.float32)


class Vibration:
    """Sums of sines with white noise: a healthy machine. One list of sines for each axis.

    Sample B·m + b of an axis is Im Σ (A · exp(iω(t + B·m·T))) · exp(iω·b·T), over the frequencies: a product of two
    small matrices, so that of 1,000 samples of 3 axes only some hundred sines are computed, and those exactly.
    """

    quantities: Sequence[Quantity] = ACCELERATION

    def __init__(self, axes: Sequence[Sequence[Sine]], noise: float, random: np.random.Generator) -> None:
        self._frequencies_hz = sorted({sine.frequency_hz for axis in axes for sine in axis})
        self._amplitudes = np.zeros((len(axes), len(self._frequencies_hz)), dtype=np.complex128)
        for row, sines in zip(self._amplitudes, axes, strict=True):
            for sine in sines:
                at = self._frequencies_hz.index(sine.frequency_hz)
                row[at] += sine.amplitude * complex(math.cos(sine.phase), math.sin(sine.phase))
        self._noise = noise
        self._random = random
        self._basis: _Basis | None = None

    def samples(self, time_s: float, count: int, sample_frequency_hz: float) -> Samples:
        """Sines above half the sample frequency are left out, as an anti-alias filter would."""
        basis = self._basis
        if basis is None or (basis.length, basis.sample_frequency_hz) != (count, sample_frequency_hz):
            basis = self._basis = _basis(self._frequencies_hz, count, sample_frequency_hz)
        kept = len(basis.omega)
        start = self._amplitudes[:, :kept] * np.exp(1j * time_s * basis.omega)
        blocks = start[:, np.newaxis, :] * basis.blocks
        left = np.concatenate([blocks.imag, blocks.real], axis=2, dtype=np.float32, casting="same_kind")
        values: Samples = (left @ basis.within).reshape(len(start), -1)[:, :count]
        if self._noise:
            for row, share in zip(values, self._random.random(len(values)).tolist(), strict=True):
                at = int(share * (len(_NOISE) - count))
                row += self._noise * _NOISE[at : at + count]
        return values


class _Basis(NamedTuple):
    """What does not change from batch to batch: a few kilobytes."""

    length: int
    sample_frequency_hz: float
    omega: npt.NDArray[np.float64]  # rad/s; rising, and below half the sample frequency
    blocks: npt.NDArray[np.complex128]  # exp(iω · B·m·T), shape (blocks, frequencies)
    within: Samples  # cosines, then sines, of ω·b·T: shape (2 · frequencies, B)


def _basis(frequencies_hz: Sequence[float], count: int, sample_frequency_hz: float) -> _Basis:
    omega = 2 * math.pi * np.array([f for f in frequencies_hz if f < sample_frequency_hz / 2])
    block = math.isqrt(count - 1) + 1
    phases = np.outer(omega, np.arange(block) / sample_frequency_hz)
    starts = np.outer(np.arange(-(-count // block)) * block / sample_frequency_hz, omega)
    within = np.concatenate([np.cos(phases), np.sin(phases)]).astype(np.float32)
    return _Basis(count, sample_frequency_hz, omega, np.exp(1j * starts), within)


class Bearing(NamedTuple):
    """Geometry of a rolling bearing with a fixed outer race."""

    rolling_elements: int
    element_diameter: float  # same unit as the pitch diameter
    pitch_diameter: float
    contact_angle_rad: float = 0.0

    def bpfo(self) -> float:
        """Outer race's pass frequency over the shaft's: n/2 · (1 - d/D · cos φ) (Harris, Rolling Bearing Analysis)."""
        return self.rolling_elements / 2 * (1 - self._ratio())

    def bpfi(self) -> float:
        """Inner race's pass frequency over the shaft's: n/2 · (1 + d/D · cos φ)."""
        return self.rolling_elements / 2 * (1 + self._ratio())

    def _ratio(self) -> float:
        return self.element_diameter / self.pitch_diameter * math.cos(self.contact_angle_rad)


SKF_6205 = Bearing(rolling_elements=9, element_diameter=7.94, pitch_diameter=39.04)


class FaultyBearing:
    """A healthy machine plus impulses that excite a decaying resonance: a spall on a race.

    Impulses come at BPFO or BPFI with a little random slip; those of an inner race are modulated by the
    shaft, which turns the fault through the load zone.
    """

    quantities: Sequence[Quantity] = ACCELERATION

    def __init__(
        self,
        healthy: Vibration,
        *,
        shaft_hz: float,
        bearing: Bearing,
        inner: bool,
        amplitude: float,
        resonance_hz: float,
        random: np.random.Generator,
        slip: float = 0.01,
        decay_s: float = 0.004,
    ) -> None:
        self._healthy = healthy
        self._shaft_hz = shaft_hz
        self._inner = inner
        self.fault_hz = shaft_hz * (bearing.bpfi() if inner else bearing.bpfo())
        self._amplitude = amplitude
        self._resonance_hz = resonance_hz
        self._decay_s = decay_s
        self._slip = slip
        self._random = random
        self._next_s: float | None = None  # of the next impulse
        self._tail = np.zeros(0)
        self._response: tuple[float, npt.NDArray[np.float64]] = (0.0, self._tail)  # at a sample frequency

    def samples(self, time_s: float, count: int, sample_frequency_hz: float) -> Samples:
        """The resonance is kept below 0.4 times the sample frequency, where the sensor can see it."""
        values = self._healthy.samples(time_s, count, sample_frequency_hz)
        if self._response[0] != sample_frequency_hz:
            self._response = (sample_frequency_hz, self._respond(sample_frequency_hz))
        response = self._response[1]
        times = self._impulses_until(time_s, time_s + count / sample_frequency_hz)
        strengths = np.full(len(times), self._amplitude)
        if self._inner:
            strengths *= 0.5 + 0.5 * np.cos(2 * math.pi * self._shaft_hz * times)
        at = np.clip(((times - time_s) * sample_frequency_hz).astype(np.int64), 0, count - 1)
        ringing = np.zeros(max(count + len(response) - 1, len(self._tail)))
        ringing[: len(self._tail)] = self._tail
        if len(times):  # few, so that each adds its response, at less than a convolution costs
            places = (at[:, np.newaxis] + np.arange(len(response))).ravel()
            ringing += np.bincount(places, np.outer(strengths, response).ravel(), minlength=len(ringing))
        self._tail = ringing[count:].copy()
        for row, share in zip(values, (1.0, 0.6, 0.2), strict=True):
            row += share * ringing[:count]
        return values

    def _impulses_until(self, begin_s: float, end_s: float) -> npt.NDArray[np.float64]:
        """When the impulses before `end_s` come; they begin anew after a pause, and where time does."""
        if self._next_s is None or not -1 <= self._next_s - begin_s <= 2 / self.fault_hz:
            self._next_s = begin_s
        parts = []
        while self._next_s < end_s:
            wanted = int((end_s - self._next_s) * self.fault_hz) + 1
            gaps = (1 + self._slip * self._random.standard_normal(wanted)) / self.fault_hz
            times = self._next_s + np.concatenate([[0.0], np.cumsum(gaps)])
            before = int(np.searchsorted(times[:-1], end_s))
            parts.append(times[:before])
            self._next_s = float(times[before])
        return np.concatenate(parts) if parts else np.zeros(0)

    def _respond(self, sample_frequency_hz: float) -> npt.NDArray[np.float64]:
        time = np.arange(max(2, int(5 * self._decay_s * sample_frequency_hz))) / sample_frequency_hz
        resonance = min(self._resonance_hz, 0.4 * sample_frequency_hz)
        response: npt.NDArray[np.float64] = np.exp(-time / self._decay_s) * np.cos(
            2 * math.pi * resonance * time
        )
        return response


class Temperature:
    """First order toward a set point that wanders, with the sensor's noise."""

    quantities: Sequence[Quantity] = (Quantity("temperature", "temperature", "°C", -40.0, 125.0),)

    def __init__(
        self,
        set_point: float,
        random: np.random.Generator,
        time_constant_s: float = 600.0,
        ambient: float = 21.0,
    ) -> None:
        self._set_point = set_point
        self._random = random
        self._time_constant_s = time_constant_s
        self._value = ambient

    def samples(self, time_s: float, count: int, sample_frequency_hz: float) -> Samples:
        """One channel, °C."""
        share = 1 - math.exp(-1 / (self._time_constant_s * sample_frequency_hz))
        values = np.empty((1, count), dtype=np.float32)
        for i in range(count):
            load = self._set_point + 3 * math.sin((time_s + i / sample_frequency_hz) / 900)
            self._value += share * (load - self._value)
            values[0, i] = self._value + 0.05 * self._random.standard_normal()
        return values


class Table:
    """Slices of the table of noise: for load tests, where making signals must cost nothing."""

    quantities: Sequence[Quantity] = (Quantity("x", "acceleration", "g", -16.0, 16.0),)

    def __init__(self, start: int) -> None:
        self._at = start % 100_000

    def samples(self, time_s: float, count: int, sample_frequency_hz: float) -> Samples:  # noqa: ARG002  # any time
        """The next slice."""
        if self._at + count > len(_NOISE):
            self._at = 0
        values = _NOISE[np.newaxis, self._at : self._at + count]
        self._at += count
        return values
