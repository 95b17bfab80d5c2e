"""What one channel measured just now: a window of its waveform that moves with time. Pure."""

import bisect
from collections import deque
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from wire.codec import Samples

Values = npt.NDArray[np.float64]

_MOST_SAMPLES: Final = 262_144
_MOST_PIECES: Final = 512
_SPECTRUM_SAMPLES: Final = 8_192
_ARRIVALS: Final = 8
WINDOWS_S: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class Piece(NamedTuple):
    """Samples of shape (n,) of one batch; sample i was taken at start_ns + i · 1e9 / sample_frequency_hz."""

    start_ns: int
    sample_frequency_hz: float
    samples: Samples

    @property
    def end_ns(self) -> int:
        """When the next sample is due."""
        return self.start_ns + round(len(self.samples) * 1e9 / self.sample_frequency_hz)


class Scope:
    """The newest samples of a channel, bounded; older ones are forgotten.

    Batches come as a whole, and yet the waveform is to move: what is shown ends as long ago as a batch may take to be
    measured and to come here, so that there is always something to move on to.
    """

    def __init__(self) -> None:
        self._pieces: list[Piece] = []  # by time
        self._samples = 0
        self._delays: deque[int] = deque(maxlen=_ARRIVALS)
        self.version = 0  # counts what was added

    @property
    def sample_frequency_hz(self) -> float | None:
        """Of the newest samples."""
        return self._pieces[-1].sample_frequency_hz if self._pieces else None

    def add(self, piece: Piece, received_ns: int | None = None) -> None:
        """More samples; those that are known are ignored. `received_ns`: when a live batch came, by the clock here."""
        at = bisect.bisect_left(self._pieces, piece.start_ns, key=lambda known: known.start_ns)
        if at < len(self._pieces) and self._pieces[at].start_ns == piece.start_ns:
            return
        self._pieces.insert(at, piece)
        self._samples += len(piece.samples)
        self.version += 1
        if received_ns is not None and at == len(self._pieces) - 1:
            self._delays.append(received_ns - piece.start_ns)
        while len(self._pieces) > 1 and (self._samples > _MOST_SAMPLES or len(self._pieces) > _MOST_PIECES):
            self._samples -= len(self._pieces.pop(0).samples)

    def window_end_ns(self, now_ns: int) -> int:
        """Where a window ends that is looked at now: it stands still where nothing more comes; 0 without samples."""
        if not self._pieces:
            return 0
        end = self._pieces[-1].end_ns
        return min(end, now_ns - max(self._delays)) if self._delays else end

    def window(self, now_ns: int, seconds: float) -> tuple[Values, Values]:
        """Times (≤ 0, in s, relative to the end of the window) and values, shape (n,); NaN where samples are missing."""
        if not self._pieces:
            return np.empty(0), np.empty(0)
        end = self.window_end_ns(now_ns)
        start = end - round(seconds * 1e9)
        times: list[Values] = []
        values: list[Values] = []
        previous_end: int | None = None
        for piece in self._pieces:
            if piece.end_ns <= start or piece.start_ns > end:
                continue
            at = (piece.start_ns - end) / 1e9 + np.arange(len(piece.samples)) / piece.sample_frequency_hz
            inside = (at >= -seconds) & (at <= 0)
            if previous_end is not None and piece.start_ns - previous_end > 0.5e9 / piece.sample_frequency_hz:
                times.append(at[:1])
                values.append(np.array([np.nan]))
            times.append(at[inside])
            values.append(piece.samples[inside].astype(np.float64))
            previous_end = piece.end_ns
        if not times:
            return np.empty(0), np.empty(0)
        return np.concatenate(times), np.concatenate(values)

    def newest_run(self) -> Samples:
        """The newest samples that follow each other without a gap, for a spectrum; shape (n,), n ≤ 8192."""
        parts: list[Samples] = []
        count, following = 0, None
        for piece in reversed(self._pieces):
            if following is not None and (
                piece.sample_frequency_hz != following.sample_frequency_hz
                or abs(following.start_ns - piece.end_ns) > 0.5e9 / piece.sample_frequency_hz
            ):
                break
            parts.append(piece.samples)
            count, following = count + len(piece.samples), piece
            if count >= _SPECTRUM_SAMPLES:
                break
        return np.concatenate(parts[::-1])[-_SPECTRUM_SAMPLES:] if parts else np.empty(0, np.float32)


def window_for(sample_frequency_hz: float | None) -> int:
    """Which of WINDOWS_S shows about 500 samples."""
    seconds = 500 / (sample_frequency_hz or 1000.0)
    return min(range(len(WINDOWS_S)), key=lambda i: abs(np.log(WINDOWS_S[i] / seconds)))
