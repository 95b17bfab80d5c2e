"""One channel's newest past at one bin width: what is new of it, and all of it for who joins. Pure.

Batches that follow each other are appended. What comes late, or once more, is merged into its place. A sensor's clock
that is set back makes what was measured by the old time give way.
"""

from typing import Final

import numpy as np

from web.decimation import NOTHING, Bins, Grid, Values, merged, widened

_FIRST_ROOM: Final = 512
_OVERLAP_NS: Final = (
    20_000_000  # batches that overlap by less are no clock set back: clocks are corrected a little
)
_PER_BIN: Final = (
    3  # entries in a bin's time: two samples at most, and a bin where the sample frequency has changed
)


class Level:
    """Bins of `step_ns`; those older than `reach_ns` before the newest are forgotten.

    A bin is finished when a sample after its end is due: until then it is not given to anybody.
    """

    def __init__(self, step_ns: int, reach_ns: int) -> None:
        self.step_ns = step_ns
        self.reach_ns = reach_ns
        self._bins = Bins(*(np.empty(_FIRST_ROOM, column.dtype) for column in NOTHING.columns()))
        self._first = self._end = 0  # what is held is between them
        self._due_ns = 0  # when the next sample is
        self._given_ns = 0  # what is of this time or before has been given
        self._changed: tuple[int, int] | None = None  # times between which it has changed since
        self._replaced = False

    def __len__(self) -> int:
        """Bins and samples that are held."""
        return self._end - self._first

    @property
    def held(self) -> Bins:
        """All that is held; it shares the memory."""
        return self._bins.part(self._first, self._end)

    @property
    def length_ns(self) -> int:
        """From the first to the last that is held."""
        times = self.held.times_ns
        return int(times[-1] - times[0]) if len(times) else 0

    def seed(self, other: "Level") -> None:
        """Begin with what a finer level knows; for one that is new."""
        if len(other):
            self._put(widened(other.held, self.step_ns))
            self._due_ns = other._due_ns

    def add(self, grid: Grid, samples: Values, *, live: bool) -> None:
        """A batch's samples; grid: of this step. live: it follows what was measured before, else it is late."""
        bins = grid.bins(samples)
        if not len(self):
            if live:
                self._put(bins)
                self._due_ns = grid.end_ns
            return
        newest_ns = int(self._bins.times_ns[self._end - 1])
        if not live:
            self._merge(_between(bins, newest_ns - self.reach_ns, newest_ns))
            return
        self._due_ns = grid.end_ns
        tolerance_ns = max(self.step_ns, 2 * grid.period_ns, _OVERLAP_NS)
        if grid.start_ns < newest_ns - tolerance_ns:
            self._forget_from(grid.start_ns)
            newest_ns = int(self._bins.times_ns[self._end - 1]) if len(self) else 0
        first_ns = int(bins.times_ns[0])
        if first_ns == newest_ns and not grid.points and not self._bins.periods_ns[self._end - 1]:
            self._go_on(bins)
        elif first_ns <= newest_ns:
            self._merge(bins)
        else:
            self._put(bins)

    def fresh(self, *, all_finished: bool = False) -> tuple[list[Bins], bool]:
        """What has changed and what has been finished since the last call, and whether nothing else holds any longer.

        Of each part, what lies between its bins is known to be empty. all_finished: nothing more is expected, so that
        the last bin counts, too.
        """
        held = self.held
        end = len(held) if all_finished else self._finished()
        first = 0 if self._replaced else int(np.searchsorted(held.times_ns, self._given_ns, side="right"))
        parts = [held.part(min(first, end), end)]
        if self._changed is not None:
            parts.insert(
                0, _between(held.part(0, first), *self._changed)
            )  # also a last bin that was given early
        if end:
            self._given_ns = max(self._given_ns, int(held.times_ns[end - 1]))
        replaced = self._replaced
        self._changed, self._replaced = None, False
        return [part for part in parts if len(part)], replaced

    def since(self, time_ns: int) -> Bins:
        """What has been given and is not before this time: `fresh` goes on from there."""
        held = self.held
        first, end = np.searchsorted(held.times_ns, [time_ns, self._given_ns + 1])
        return held.part(int(first), int(end))

    def before(self, time_ns: int) -> Bins:
        """The last one before this time, or nothing."""
        held = self.held
        end = int(np.searchsorted(held.times_ns, time_ns))
        return held.part(max(end - 1, 0), end)

    def _finished(self) -> int:
        """How many of those that are held are."""
        count = len(self)
        if count:
            last = self._end - 1
            if self._bins.periods_ns[last] == 0 and self._bins.times_ns[last] + self.step_ns > self._due_ns:
                return count - 1
        return count

    def _put(self, bins: Bins) -> None:
        """Append these, which are later than all."""
        oldest_ns = int(bins.times_ns[-1]) - self.reach_ns
        bins = bins.part(int(np.searchsorted(bins.times_ns, oldest_ns)))
        held = self.held.times_ns
        self._first += int(np.searchsorted(held, oldest_ns))
        count = len(bins)
        if self._end + count > len(self._bins):
            self._make_room(count)
        for column, added in zip(self._bins.columns(), bins.columns(), strict=True):
            column[self._end : self._end + count] = added
        self._end += count
        most = _PER_BIN * (self.reach_ns // self.step_ns + 2)
        self._first = max(self._first, self._end - most)

    def _go_on(self, bins: Bins) -> None:
        """Append these, whose first is the last that is held: most batches begin within a bin."""
        last = self._end - 1
        self._bins.minimum[last] = min(self._bins.minimum[last], bins.minimum[0])
        self._bins.maximum[last] = max(self._bins.maximum[last], bins.maximum[0])
        self._note_change(int(bins.times_ns[0]), int(bins.times_ns[0]))
        if len(bins) > 1:
            self._put(bins.part(1))

    def _merge(self, bins: Bins) -> None:
        """These into their places."""
        if not len(bins):
            return
        first_ns, last_ns = int(bins.times_ns[0]), int(bins.times_ns[-1])
        held = self.held
        at = int(np.searchsorted(held.times_ns, first_ns))
        changed = merged(held.part(at), bins)
        self._end = self._first + at
        self._put(changed)
        self._note_change(first_ns, last_ns)

    def _note_change(self, first_ns: int, last_ns: int) -> None:
        """These are another; of what has not been given, nobody needs to know."""
        if first_ns <= self._given_ns:
            before = self._changed or (first_ns, last_ns)
            self._changed = min(before[0], first_ns), max(before[1], last_ns)

    def _forget_from(self, time_ns: int) -> None:
        """The clock was set back to there: what was to come by the old one is no longer."""
        kept = int(np.searchsorted(self.held.times_ns, time_ns))
        self._end = self._first + kept
        self._given_ns = min(self._given_ns, time_ns - 1)
        self._changed, self._replaced = None, True

    def _make_room(self, count: int) -> None:
        held = self.held
        room = len(self._bins)
        while room < 2 * (len(held) + count):
            room *= 2
        # a copy: what was given shares the memory of what was held
        self._bins = Bins(*(np.empty(room, column.dtype) for column in held.columns()))
        for column, kept in zip(self._bins.columns(), held.columns(), strict=True):
            column[: len(kept)] = kept
        self._first, self._end = 0, len(held)


def _between(bins: Bins, first_ns: int, last_ns: int) -> Bins:
    """Those from one time to the other, both inclusive."""
    first, end = np.searchsorted(bins.times_ns, first_ns), np.searchsorted(bins.times_ns, last_ns, "right")
    return bins.part(int(first), int(end))
