"""The longest uninterrupted part of what a sensor measured, for a spectrum of it. Pure."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ctl.samples import Block, Values
from ctl.waveform import breaks
from vibration.signal import TooFewError
from vibration.spectrum import LEAST_SAMPLES, Peak, Spectrum, amplitude_spectrum, peaks

__all__ = [
    "LEAST_SAMPLES",
    "LongestStretch",
    "Peak",
    "Spectrum",
    "Stretch",
    "TooFewError",
    "amplitude_spectrum",
    "peaks",
]

MOST_SAMPLES = 16_000_000  # of a stretch; 64 MB


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
