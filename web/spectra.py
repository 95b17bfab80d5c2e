"""A channel's newest samples, and their amplitude spectrum in as many lines as a page shows. Pure."""

import bisect
from typing import Final, NamedTuple

import numpy as np

from vibration.spectrum import LEAST_SAMPLES, amplitude_spectrum
from web.decimation import Values

MOST_LINES: Final = 1024
_SEGMENT: Final = (
    2048  # samples: padded to four times as many, a spectrum has four lines for each of a page's
)
MOST_SAMPLES: Final = _SEGMENT * 5 // 2  # four segments, overlapping by half
_MOST_S: Final = 8.0  # older samples are left out, so that the spectrum moves,
_FEW: Final = 2 * LEAST_SAMPLES  # unless there would be fewer than so many
_HELD: Final = 32_768  # samples, or one batch: also for waveforms that begin anew
_MOST_PIECES: Final = 512


class Piece(NamedTuple):
    """One batch of one channel: sample i was taken at start_ns + i · 1e9 / frequency_hz."""

    start_ns: int
    frequency_hz: float
    samples: Values  # shape (n,)

    @property
    def end_ns(self) -> int:
        """When the next sample is due."""
        return self.start_ns + round(len(self.samples) * 1e9 / self.frequency_hz)


class Recent:
    """The newest samples of a channel, bounded; older ones are forgotten."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []  # by time
        self._held = 0
        self._version = 0
        self._taken = 0

    @property
    def length_ns(self) -> int:
        """From the first to the last sample that is held."""
        return self._pieces[-1].end_ns - self._pieces[0].start_ns if self._pieces else 0

    def runs(self) -> list[Piece]:
        """All that are held, by time; what follows each other is one."""
        runs: list[list[Piece]] = []
        due_ns, count = 0.0, 0
        for piece in self._pieces:
            if runs and runs[-1][0].frequency_hz == piece.frequency_hz:
                # from the run's beginning: what each is off by must not add up
                due_ns = runs[-1][0].start_ns + count * 1e9 / piece.frequency_hz
            if runs and _follows(runs[-1][0].frequency_hz, due_ns, piece):
                runs[-1].append(piece)
                count += len(piece.samples)
            else:
                runs.append([piece])
                count = len(piece.samples)
        return [
            Piece(run[0].start_ns, run[0].frequency_hz, np.concatenate([one.samples for one in run]))
            for run in runs
        ]

    def add(self, piece: Piece, *, live: bool) -> None:
        """One more. live: nothing is newer; what seems to be was timed by a clock that is set back since."""
        pieces = self._pieces
        at = bisect.bisect_left(pieces, piece.start_ns, key=lambda one: one.start_ns)
        if live:
            for gone in pieces[at:]:
                self._held -= len(gone.samples)
            del pieces[at:]
        elif at == len(pieces) or pieces[at].start_ns == piece.start_ns:
            return  # after the newest, so by another clock; or known
        pieces.insert(at, piece)
        self._held += len(piece.samples)
        self._version += 1
        while len(pieces) > 1 and (self._held > _HELD or len(pieces) > _MOST_PIECES):
            self._held -= len(pieces.pop(0).samples)

    def stretch(self) -> Piece | None:
        """The newest samples without a gap, as many as a spectrum wants; None where too few, or none since the last call.

        A copy, for another thread.
        """
        if self._taken == self._version:
            return None
        self._taken = self._version
        parts: list[Piece] = []
        count, wanted = 0, 0
        for piece in reversed(self._pieces):
            if not parts:
                wanted = min(max(round(_MOST_S * piece.frequency_hz), _FEW), MOST_SAMPLES)
            elif not _follows(piece.frequency_hz, piece.end_ns, parts[-1]):
                break
            parts.append(piece)
            count += len(piece.samples)
            if count >= wanted:
                break
        if count < LEAST_SAMPLES:
            return None
        samples = np.concatenate([part.samples for part in reversed(parts)])[-wanted:]
        newest = parts[0]
        return Piece(
            newest.end_ns - round(len(samples) * 1e9 / newest.frequency_hz), newest.frequency_hz, samples
        )


class Lines(NamedTuple):
    """Amplitudes, shape (n,), n ≤ 1024, in the channel's unit; line i is at start_hz + i · step_hz."""

    start_hz: float
    step_hz: float
    amplitudes: Values


def lines(stretch: Piece) -> Lines:
    """The amplitude spectrum up to half the sample frequency; each line is the highest of those that it stands for."""
    count = len(stretch.samples)
    resolution_hz = stretch.frequency_hz / _SEGMENT if count >= 2 * _SEGMENT else None
    found = amplitude_spectrum(stretch.samples, stretch.frequency_hz, resolution_hz=resolution_hz)
    amplitudes = found.amplitudes[:-1]  # not the one at half the sample frequency, where there is no phase
    step_hz = float(found.frequencies_hz[1])
    together = -(-len(amplitudes) // MOST_LINES)
    if together > 1:
        firsts = np.arange(0, len(amplitudes), together)
        amplitudes = np.maximum.reduceat(amplitudes, firsts)
    return Lines((together - 1) / 2 * step_hz, together * step_hz, amplitudes.astype(np.float32))


def _follows(frequency_hz: float, due_ns: float, piece: Piece) -> bool:
    """Whether the first sample of this is the one that is due then."""
    return piece.frequency_hz == frequency_hz and abs(piece.start_ns - due_ns) <= 0.5e9 / frequency_hz
