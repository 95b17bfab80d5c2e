"""A channel over time in bins of one width: least, greatest and RMS of each. Pure NumPy."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Grid(NamedTuple):
    """Bins [start_ns + k · bin_ns, start_ns + (k + 1) · bin_ns), k = 0 … bins - 1; in Unix time."""

    start_ns: int
    bin_ns: int
    bins: int

    @property
    def end_ns(self) -> int:
        """The end of the last one."""
        return self.start_ns + self.bins * self.bin_ns


class Bins(NamedTuple):
    """Arrays of shape (bins,); NaN where nothing was measured."""

    minimum: Floats
    maximum: Floats
    rms: Floats


class SampledBatch(NamedTuple):
    """Sample i was taken at time_ns + rint(i · 10⁹ / sample_frequency_hz)."""

    time_ns: int
    sample_frequency_hz: float
    samples: npt.NDArray[np.float32]


class BatchFeatures(NamedTuple):
    """A batch without its samples; `end_ns` is where the next one would begin."""

    time_ns: int
    end_ns: int
    minimum: float
    maximum: float
    rms: float


def empty(grid: Grid) -> Bins:
    """Nothing was measured."""
    return Bins(*(np.full(grid.bins, np.nan) for _ in Bins._fields))


def of_samples(grid: Grid, batches: Iterable[SampledBatch]) -> Bins:
    """From samples, those outside of the grid left out."""
    places, values = [], []
    for batch in batches:
        index = np.arange(len(batch.samples))
        times = batch.time_ns + np.rint(index * 1e9 / batch.sample_frequency_hz).astype(np.int64)
        inside = (times >= grid.start_ns) & (times < grid.end_ns)
        places.append((times[inside] - grid.start_ns) // grid.bin_ns)
        values.append(batch.samples[inside])
    made = empty(grid)
    place = np.concatenate(places) if places else np.empty(0, np.int64)
    value = np.concatenate(values).astype(np.float64) if values else np.empty(0)
    if not len(place):
        return made
    if np.any(np.diff(place) < 0):  # a clock was set back: batches overlap
        order = np.argsort(place, kind="stable")
        place, value = place[order], value[order]
    firsts = np.flatnonzero(np.diff(place, prepend=-1))
    at = place[firsts]
    made.minimum[at] = np.minimum.reduceat(value, firsts)
    made.maximum[at] = np.maximum.reduceat(value, firsts)
    counts = np.diff(firsts, append=len(value))
    made.rms[at] = np.sqrt(np.add.reduceat(value * value, firsts) / counts)
    return made


def of_features(grid: Grid, batches: Iterable[BatchFeatures]) -> Bins:
    """From batches that are longer than bins: each bin that a batch reaches into has the batch's own features."""
    made = empty(grid)
    for batch in batches:
        first = max(0, (batch.time_ns - grid.start_ns) // grid.bin_ns)
        last = min(grid.bins, -((grid.start_ns - batch.end_ns) // grid.bin_ns))
        if first < last:
            here = slice(first, last)
            made.minimum[here] = np.fmin(made.minimum[here], batch.minimum)
            made.maximum[here] = np.fmax(made.maximum[here], batch.maximum)
            made.rms[here] = np.fmax(made.rms[here], batch.rms)
    return made
