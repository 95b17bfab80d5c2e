"""One value against the limits of up to four levels, with deadbands and delays, going on after a restart. Pure.

Each level is a Schmitt trigger and a delay behind it:

- The trigger. A high level is beyond its limit from value >= limit on, until value < limit - deadband; a low one from
  value <= limit on, until value > limit + deadband. In between it stays as it is.
- The delay. The level becomes active when it has been beyond for the on-delay, and inactive when it has been back for the
  off-delay. So a delay that runs is broken off by the value's crossing the other edge of the deadband, not within it.

Both become so at an observation, with its time: a value that was beyond and is back at the next observation was never
active, however long the gap. Apart from that a gap resets no delay: the last known value holds.

What is not later than the last observation is ignored, as it comes again after a restart; what is a minute and more before
it is not: the sensor's clock was set back, and a clock that was ahead must not make a rule deaf.
"""

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from alarms.rules import LOW_LEVELS, Level

CLOCK_STEP_NS: Final = 60 * 10**9  # further back than what comes again after a restart
_TIES: Final = ("high_high", "low_low", "high", "low")  # which of two of the same severity is shown


class Change(NamedTuple):
    """Another level is the most severe active one now; None: no level is, or was, active."""

    level: str | None
    before: str | None
    time_ns: int


class _State:
    """Of one level."""

    __slots__ = ("active", "back", "beyond", "limit", "low", "since_ns")

    def __init__(self, level: Level, low: bool) -> None:
        self.low = low
        self.limit = level.limit
        self.back = level.limit + level.deadband if low else level.limit - level.deadband
        self.beyond = False
        self.active = False
        self.since_ns = 0  # when `beyond` became what it is

    def is_beyond(self, value: float) -> bool:
        if self.low:
            return value <= (self.back if self.beyond else self.limit)
        return value >= (self.back if self.beyond else self.limit)


class LevelEvaluation:
    """Which level one value is at.

    A level is low where its name is low or low_low, and high under any other name. `kept` is what kept() gave before a
    restart; what it has of levels that there are no more is ignored.
    """

    def __init__(
        self,
        levels: Mapping[str, Level],
        on_delay_ns: int,
        off_delay_ns: int,
        kept: Mapping[str, Any] | None = None,
    ) -> None:
        # the first active one is the most severe
        names = sorted(levels, key=lambda name: (-levels[name].severity, _rank(name)))
        self._states = {name: _State(levels[name], name in LOW_LEVELS) for name in names}
        self._on_delay_ns, self._off_delay_ns = on_delay_ns, off_delay_ns
        self._last_ns: int | None = None
        self._dirty = False
        if kept is not None:
            self._restore(kept)
        self._active = self._most_severe()

    @property
    def active(self) -> str | None:
        """The most severe active level."""
        return self._active

    @property
    def dirty(self) -> bool:
        """What must be kept has changed since kept(): a delay began or was broken off, a level changed."""
        return self._dirty

    @property
    def pending(self) -> bool:
        """A delay runs."""
        return any(state.beyond != state.active for state in self._states.values())

    def observe(self, time_ns: int, value: float) -> Change | None:
        """A measured value; None where the most severe active level is as before.

        NaN, and what is not later than the last observation (repeated after a restart), is ignored.
        """
        if math.isnan(value):
            return None
        if self._last_ns is not None and time_ns <= self._last_ns:
            if self._last_ns - time_ns < CLOCK_STEP_NS:
                return None
            self._set_back(time_ns)
        self._last_ns = time_ns
        for state in self._states.values():
            beyond = state.is_beyond(value)
            if beyond != state.beyond:
                state.beyond, state.since_ns = beyond, time_ns
                self._dirty = True
        return self._advance(time_ns)

    def tick(self, now_ns: int) -> Change | None:
        """No new value: the last one still holds, and a delay may be over. Counts as an observation at `now_ns`."""
        if self._last_ns is None or now_ns <= self._last_ns:
            return None
        self._last_ns = now_ns
        return self._advance(now_ns)

    def kept(self) -> dict[str, Any]:
        """What to go on with after a restart, as JSON."""
        self._dirty = False
        return {
            "last_ns": self._last_ns,
            "levels": {
                name: {"beyond": state.beyond, "active": state.active, "since_ns": state.since_ns}
                for name, state in self._states.items()
            },
        }

    def _set_back(self, time_ns: int) -> None:
        """The clock: delays that run began now at the latest."""
        for state in self._states.values():
            state.since_ns = min(state.since_ns, time_ns)
        self._dirty = True

    def _advance(self, time_ns: int) -> Change | None:
        changed = False
        for state in self._states.values():
            if state.beyond != state.active:
                delay_ns = self._on_delay_ns if state.beyond else self._off_delay_ns
                if time_ns - state.since_ns >= delay_ns:
                    state.active = state.beyond
                    changed = self._dirty = True
        if not changed:
            return None
        before, self._active = self._active, self._most_severe()
        return None if before == self._active else Change(self._active, before, time_ns)

    def _most_severe(self) -> str | None:
        return next((name for name, state in self._states.items() if state.active), None)

    def _restore(self, kept: Mapping[str, Any]) -> None:
        self._last_ns = kept["last_ns"]
        for name, one in kept["levels"].items():
            if (state := self._states.get(name)) is not None:
                state.beyond, state.active, state.since_ns = one["beyond"], one["active"], one["since_ns"]


def _rank(name: str) -> int:
    return _TIES.index(name) if name in _TIES else len(_TIES)
