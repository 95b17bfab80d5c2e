"""Windows that span batches: from one channel's batches to rows of equal length, without a gap inside. Pure."""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from vibration.signal import Samples, SignalError, check_frequency

# Of a sample's period, and a nanosecond for rounding: a clock that is corrected a little makes no gap.
_TOLERANCE: Final = 0.5
MOST_SAMPLES: Final = 16_000_000  # of one window; 64 MB of float32


class Windows(NamedTuple):
    """Windows in order of time, all at one sample frequency."""

    start_times_ns: npt.NDArray[np.int64]  # of each one's first sample; shape (k,)
    sample_frequency_hz: float
    samples: Samples  # shape (k, n), read only: rows may share memory


class Counts(NamedTuple):
    """What has made windows begin anew."""

    gaps: int = 0  # samples are missing
    steps_back: int = 0  # a batch begins before the one before it ends: a clock set back, or a repeated batch
    frequency_changes: int = 0


class Accumulator:
    """Takes the batches of one channel in their order, gives windows of `length_s`, one every `hop_s`.

    Batches are read as the wire has them: sample i of a batch was taken at start_time_ns + i / sample_frequency_hz. A
    batch follows the one before it where it begins at the end of that one's last period, to half a period; else what
    there was of an unfinished window is dropped, counted in `counts`, and a window begins at the new batch. Who
    may get a batch twice sorts that out before, by its sequence.

    Holds less than one window and one batch; a window of more than 16 million samples is refused. A hop longer than
    the window leaves samples out. SignalError for a length or hop that is not above 0.
    """

    def __init__(self, length_s: float, hop_s: float) -> None:
        for name, value in (("length", length_s), ("hop", hop_s)):
            if not 0 < value < float("inf"):
                raise SignalError(f"a {name} of {value} s: a finite number above 0")
        self.counts = Counts()
        self.dropped = 0  # samples of windows that were never finished
        self._length_s = length_s
        self._hop_s = hop_s
        self._frequency_hz = 0.0
        self._length = self._hop = 0  # samples, at that frequency
        self._end_ns: int | None = None  # when the next sample is due
        self._pieces: list[tuple[int, Samples]] = []
        self._held = 0
        self._skip = 0  # samples to leave out before the next window

    @property
    def held(self) -> int:
        """Samples of an unfinished window."""
        return self._held

    def add(self, start_time_ns: int, sample_frequency_hz: float, samples: Samples) -> Windows | None:
        """The windows that this batch finishes, None where there are none. samples: shape (n,), n ≥ 1.

        SignalError for a batch that cannot be: nothing is changed then.
        """
        check_frequency(sample_frequency_hz)
        if samples.ndim != 1 or not len(samples):
            raise SignalError(f"a batch of shape {samples.shape}: one row of samples")
        self._begin(start_time_ns, sample_frequency_hz)
        self._end_ns = start_time_ns + round(len(samples) * 1e9 / sample_frequency_hz)
        if self._skip:
            left_out = min(self._skip, len(samples))
            self._skip -= left_out
            start_time_ns += round(left_out * 1e9 / sample_frequency_hz)
            samples = samples[left_out:]
        if len(samples):
            # a copy: a view would keep the batch's whole message in memory
            self._pieces.append((start_time_ns, samples.copy()))
            self._held += len(samples)
        return self._take() if self._held >= self._length else None

    def _begin(self, start_time_ns: int, sample_frequency_hz: float) -> None:
        """Drops what the batch does not follow."""
        length = max(1, round(self._length_s * sample_frequency_hz))
        if length > MOST_SAMPLES:
            raise SignalError(f"a window of {length} samples: at most {MOST_SAMPLES}")
        if self._end_ns is not None:
            counts, late_ns = self.counts, start_time_ns - self._end_ns
            if sample_frequency_hz != self._frequency_hz:
                self.counts = counts._replace(frequency_changes=counts.frequency_changes + 1)
            elif abs(late_ns) <= _TOLERANCE * 1e9 / sample_frequency_hz + 1:
                return
            elif late_ns > 0:
                self.counts = counts._replace(gaps=counts.gaps + 1)
            else:
                self.counts = counts._replace(steps_back=counts.steps_back + 1)
        self._frequency_hz = sample_frequency_hz
        self._length, self._hop = length, max(1, round(self._hop_s * sample_frequency_hz))
        self.dropped += self._held
        self._pieces, self._held, self._skip = [], 0, 0

    def _take(self) -> Windows:
        """All windows that are whole; what the next one needs is kept."""
        values: npt.NDArray[Any] = np.concatenate([piece for _, piece in self._pieces])
        count = 1 + (self._held - self._length) // self._hop
        rows = sliding_window_view(values, self._length)[:: self._hop]
        at = np.arange(count, dtype=np.int64) * self._hop
        windows = Windows(self._times(at), self._frequency_hz, rows)
        used = count * self._hop
        self._skip = max(0, used - self._held)
        self._keep_from(used)
        return windows

    def _times(self, at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """When these of the held samples were taken, each by its own batch's time."""
        ends = np.cumsum([len(piece) for _, piece in self._pieces])
        piece = np.searchsorted(ends, at, side="right")
        begins = np.concatenate([[0], ends[:-1]])
        starts = np.array([start for start, _ in self._pieces], np.int64)
        within_ns = np.rint((at - begins[piece]) * (1e9 / self._frequency_hz)).astype(np.int64)
        times: npt.NDArray[np.int64] = starts[piece] + within_ns
        return times

    def _keep_from(self, used: int) -> None:
        kept: list[tuple[int, Samples]] = []
        for start_ns, piece in self._pieces:
            if used < len(piece):
                kept.append((start_ns + round(used * 1e9 / self._frequency_hz), piece[used:]))
            used = max(0, used - len(piece))
        self._pieces = kept
        self._held = sum(len(piece) for _, piece in kept)
