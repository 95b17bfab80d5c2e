"""Samples become bins with a minimum and a maximum, on one grid for everybody. Pure.

Bin k of a width `step` holds the samples of [k · step, (k + 1) · step), in Unix time by the sensor's clock. Where that
would be less than two samples, nothing is gained by bins, and a jitter of the clock would empty some: there samples stay
as they are.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float32]

_HALF_NS: Final = 0.5  # samples are at whole nanoseconds, rounded


class Bins(NamedTuple):
    """Bins and samples in order of time; arrays of shape (n,)."""

    times_ns: Times  # when a bin begins, or a sample was taken
    periods_ns: Times  # 0 for a bin; of a sample: until the next one
    minimum: Values
    maximum: Values  # of a sample: the same

    def __len__(self) -> int:
        """How many there are."""
        return len(self.times_ns)

    def part(self, first: int, end: int | None = None) -> "Bins":
        """Those from one index to before another; it shares their memory."""
        return Bins(
            self.times_ns[first:end],
            self.periods_ns[first:end],
            self.minimum[first:end],
            self.maximum[first:end],
        )

    def columns(self) -> tuple[npt.NDArray[Any], ...]:
        """The arrays."""
        return self.times_ns, self.periods_ns, self.minimum, self.maximum


NOTHING: Final = Bins(
    np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32)
)


class Grid:
    """Where a batch's samples belong; the same for all of its channels.

    Sample i was taken at start_ns + i · 1e9 / frequency_hz. end_ns: when the next one is due.
    """

    def __init__(self, start_ns: int, frequency_hz: float, count: int, step_ns: int) -> None:
        self.period_ns = max(1, round(1e9 / frequency_hz))
        self.start_ns = start_ns
        self.end_ns = start_ns + round(count * 1e9 / frequency_hz)
        self.points = 2 * self.period_ns > step_ns
        if self.points:
            after_ns = np.rint(np.arange(count) * (1e9 / frequency_hz)).astype(np.int64)
            self.times_ns: Times = after_ns + start_ns
            self._periods_ns = np.full(count, self.period_ns, np.int64)
            return
        last_ns = start_ns + round((count - 1) * 1e9 / frequency_hz)
        self.times_ns = np.arange(start_ns // step_ns, last_ns // step_ns + 1, dtype=np.int64) * step_ns
        self._periods_ns = np.zeros(len(self.times_ns), np.int64)
        edges_ns = (self.times_ns - start_ns).astype(np.float64)
        firsts = np.ceil((edges_ns - _HALF_NS) * (frequency_hz / 1e9)).astype(np.intp)
        self._firsts = np.clip(firsts, 0, count - 1)

    def bins(self, samples: Values) -> Bins:
        """One channel's samples, shape (count,)."""
        if self.points:
            return Bins(self.times_ns, self._periods_ns, samples, samples)
        return Bins(
            self.times_ns,
            self._periods_ns,
            np.minimum.reduceat(samples, self._firsts),
            np.maximum.reduceat(samples, self._firsts),
        )


def merged(*several: Bins) -> Bins:
    """All of them in order of time; what is of the same time and kind becomes one."""
    times, periods, minimum, maximum = (
        np.concatenate([bins[column] for bins in several]) for column in range(4)
    )
    order = np.lexsort((periods > 0, times))
    times, periods = times[order], periods[order]
    another = np.ones(len(times), bool)
    another[1:] = (times[1:] != times[:-1]) | ((periods[1:] > 0) != (periods[:-1] > 0))
    firsts = np.flatnonzero(another)
    if not len(firsts):
        return NOTHING
    return Bins(
        times[firsts],
        periods[firsts],
        np.minimum.reduceat(minimum[order], firsts),
        np.maximum.reduceat(maximum[order], firsts),
    )


def widened(bins: Bins, step_ns: int) -> Bins:
    """The same in bins of a greater width. A bin that reaches over an edge counts where it begins."""
    into = 2 * bins.periods_ns <= step_ns
    return merged(
        Bins(
            np.where(into, bins.times_ns // step_ns * step_ns, bins.times_ns),
            np.where(into, 0, bins.periods_ns),
            bins.minimum,
            bins.maximum,
        )
    )
