"""From any number of samples to a curve of a few thousand points, block by block. Pure."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ctl.samples import Block, Frequencies, Times, Window

Curve = npt.NDArray[np.float64]
_TOLERANCE = 0.5  # of a sample's period: a clock that is corrected a little makes no gap


class Trace(NamedTuple):
    """A curve: two arrays of shape (n,). A value that is NaN is a gap."""

    times_s: Curve  # since the window's beginning
    values: Curve
    reduced: bool = False  # each bin's least and greatest value instead of all samples


def breaks(times_ns: Times, frequencies_hz: Frequencies) -> npt.NDArray[np.intp]:
    """Where a sample does not follow the one before it by that one's period: indices into times_ns, from 1."""
    period_ns = 1e9 / frequencies_hz[:-1]
    return np.flatnonzero(np.abs(np.diff(times_ns) - period_ns) > _TOLERANCE * period_ns + 1) + 1


class Waveform:
    """Gathers the samples of a window in order of time.

    While there are at most 2 · `bins`, all are kept; more are reduced to the least and the greatest of each of `bins`
    equal spans of time, so that no peak is lost and memory stays the same.
    """

    def __init__(self, window: Window, bins: int) -> None:
        self.count = 0
        self._window = window
        self._bins = bins
        self._kept: list[Block] | None = []
        self._low = np.full(bins, np.nan, np.float32)
        self._high = np.full(bins, np.nan, np.float32)
        self._broken = np.zeros(bins, np.bool_)  # a gap begins in this bin and ends in a later one
        self._last: tuple[int, float] | None = None  # time and frequency of the last sample

    def add(self, block: Block) -> None:
        """The next samples."""
        self.count += len(block.values)
        if self._kept is not None:
            self._kept.append(block)
            if self.count <= 2 * self._bins:
                return
            for kept in self._kept:
                self._reduce(kept)
            self._kept = None
        else:
            self._reduce(block)

    def trace(self) -> Trace:
        """The curve."""
        return self._exact() if self._kept is not None else self._envelope()

    def _reduce(self, block: Block) -> None:
        span = self._window.to_ns - self._window.from_ns
        # in doubles: the product of nanoseconds and bins is more than 64 bits hold
        bins = ((block.times_ns - self._window.from_ns) / span * self._bins).astype(np.intp)
        np.clip(bins, 0, self._bins - 1, out=bins)
        starts = np.concatenate([[0], np.flatnonzero(np.diff(bins)) + 1])
        # a bin comes again where batches overlap
        np.fmin.at(self._low, bins[starts], np.fmin.reduceat(block.values, starts))
        np.fmax.at(self._high, bins[starts], np.fmax.reduceat(block.values, starts))
        times, frequencies = block.times_ns, block.frequencies_hz
        if self._last is not None:
            times = np.concatenate([[self._last[0]], times])
            frequencies = np.concatenate([[self._last[1]], frequencies])
            bins = np.concatenate([[self._bin(self._last[0])], bins])
        gaps = breaks(times, frequencies)
        self._broken[bins[gaps - 1]] |= bins[gaps] > bins[gaps - 1]
        self._last = int(times[-1]), float(frequencies[-1])

    def _bin(self, time_ns: int) -> int:
        span = self._window.to_ns - self._window.from_ns
        return min(max(int((time_ns - self._window.from_ns) / span * self._bins), 0), self._bins - 1)

    def _exact(self) -> Trace:
        assert self._kept
        times = np.concatenate([block.times_ns for block in self._kept])
        frequencies = np.concatenate([block.frequencies_hz for block in self._kept])
        values = np.concatenate([block.values for block in self._kept]).astype(np.float64)
        times_s = (times - self._window.from_ns) / 1e9
        gaps = breaks(times, frequencies)
        return Trace(np.insert(times_s, gaps, times_s[gaps]), np.insert(values, gaps, np.nan))

    def _envelope(self) -> Trace:
        width_s = (self._window.to_ns - self._window.from_ns) / 1e9 / self._bins
        used = np.flatnonzero(~np.isnan(self._low))
        times_s = (used[:, None] + [0.25, 0.75]) * width_s
        values = np.stack([self._low[used], self._high[used]], axis=1).astype(np.float64)
        gaps = 2 * (np.flatnonzero(self._broken[used][:-1]) + 1)
        times_s, flat = times_s.ravel(), values.ravel()
        return Trace(np.insert(times_s, gaps, times_s[gaps]), np.insert(flat, gaps, np.nan), reduced=True)
