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


class Vibration:
    """Sums of sines with white noise: a healthy machine. One list of sines for each axis."""

    quantities: Sequence[Quantity] = ACCELERATION

    def __init__(self, axes: Sequence[Sequence[Sine]], noise: float, random: np.random.Generator) -> None:
        self._axes = axes
        self._noise = noise
        self._random = random

    def samples(self, time_s: float, count: int, sample_frequency_hz: float) -> Samples:
        """Sines above half the sample frequency are left out, as an anti-alias filter would."""
        time = time_s + np.arange(count) / sample_frequency_hz
        values = self._random.standard_normal((len(self._axes), count), dtype=np.float32)
        values *= self._noise
        for row, sines in zip(values, self._axes, strict=True):
            for sine in sines:
                if sine.frequency_hz < sample_frequency_hz / 2:
                    row += sine.amplitude * np.sin(2 * math.pi * sine.frequency_hz * time + sine.phase)
        return values


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

    def samples(self, time_s: float, count: int, sample_frequency_hz: float) -> Samples:
        """The resonance is kept below 0.4 times the sample frequency, where the sensor can see it."""
        values = self._healthy.samples(time_s, count, sample_frequency_hz)
        impulses = np.zeros(count)
        end_s = time_s + count / sample_frequency_hz
        if self._next_s is None or self._next_s < time_s - 1:
            self._next_s = time_s
        while self._next_s < end_s:
            at = int((self._next_s - time_s) * sample_frequency_hz)
            load = 1.0
            if self._inner:
                load = 0.5 + 0.5 * math.cos(2 * math.pi * self._shaft_hz * self._next_s)
            impulses[min(max(at, 0), count - 1)] += self._amplitude * load
            self._next_s += (1 + self._slip * self._random.standard_normal()) / self.fault_hz
        ringing = np.convolve(impulses, self._response(sample_frequency_hz))
        ringing[: len(self._tail)] += self._tail[: len(ringing)]
        self._tail = ringing[count:]
        for row, share in zip(values, (1.0, 0.6, 0.2), strict=True):
            row += share * ringing[:count]
        return values

    def _response(self, sample_frequency_hz: float) -> npt.NDArray[np.float64]:
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
    """Slices of one table of noise: for load tests, where making signals must cost nothing."""

    quantities: Sequence[Quantity] = (Quantity("x", "acceleration", "g", -16.0, 16.0),)
    _TABLE = np.random.default_rng(1).standard_normal(200_000, dtype=np.float32)

    def __init__(self, start: int) -> None:
        self._at = start % 100_000

    def samples(self, time_s: float, count: int, sample_frequency_hz: float) -> Samples:  # noqa: ARG002  # any time
        """The next slice."""
        if self._at + count > len(self._TABLE):
            self._at = 0
        values = self._TABLE[np.newaxis, self._at : self._at + count]
        self._at += count
        return values
