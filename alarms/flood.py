"""Protection of people against a flood of alarms: so many are told in a period, the rest is counted. Pure.

Held back are only notifications; alarms and their transitions are recorded all the same. EEMUA 191 and ISA-18.2 call more
than ten alarms in ten minutes a flood.
"""

from collections import deque

_NS: int = 1_000_000_000


class Flood:
    """At most `limit` in any `period_s` (sliding); memory is bounded by two times `limit`.

    Times are in Unix ns of one clock; one that steps back makes nothing expire until it has caught up.
    """

    def __init__(self, limit: int, period_s: float) -> None:
        if limit < 1 or not period_s > 0:
            raise ValueError("the limit of a flood is at least 1, its period is above 0")
        self._limit = limit
        self._period_ns = round(period_s * _NS)
        self._told: deque[int] = deque(maxlen=limit)
        self._came: deque[int] = deque(maxlen=limit)  # told or not
        self._held_back = 0

    @property
    def held_back(self) -> int:
        """How many were not told in the flood that is on; 0: there is none."""
        return self._held_back

    def allow(self, now_ns: int) -> bool:
        """One has come: whether it is to be told."""
        self._came.append(now_ns)
        if len(self._told) == self._limit and now_ns - self._told[0] < self._period_ns:
            self._held_back += 1
            return False
        self._told.append(now_ns)  # forgets the oldest where it is full
        return True

    def ended(self, now_ns: int) -> int | None:
        """How many were held back, said once, for a summary, when fewer than half the limit have come in a period."""
        if not self._held_back:
            return None
        coming = sum(now_ns - came_ns < self._period_ns for came_ns in self._came)
        if 2 * coming >= self._limit:
            return None
        held_back, self._held_back = self._held_back, 0
        return held_back
