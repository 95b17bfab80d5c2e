"""How much a value has changed within a time, from a history that is bounded. Pure."""

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from alarms.levels import CLOCK_STEP_NS

_STEPS: Final = 120  # of the history; see Change._put
MOST_POINTS: Final = 2 * _STEPS + 8


class _Point(NamedTuple):
    time_ns: int
    value: float


class Change:
    """Of one value within `over_ns`.

    The history is thinned to steps of over_ns/120, and the value of then is interpolated linearly between the points
    around it. A gap that is longer than over_ns begins anew: nothing is known of what was within it. `kept` is what kept()
    gave before a restart; that of another over_ns is ignored.
    """

    def __init__(self, over_ns: int, kept: Mapping[str, Any] | None = None) -> None:
        if over_ns <= 0:
            raise ValueError("the time within which a value changes is above 0")
        self._over_ns = over_ns
        self._points: list[_Point] = []
        self._dirty = False
        if kept is not None and kept["over_ns"] == over_ns:
            self._points = [_Point(time_ns, value) for time_ns, value in kept["points"]]

    @property
    def dirty(self) -> bool:
        """A step has been added since kept(): at most 240 times within over_ns."""
        return self._dirty

    def add(self, time_ns: int, value: float) -> float | None:
        """`value` minus the value of over_ns before it, in its unit; None until the history spans over_ns.

        What is no finite number, or not later than the last one (repeated after a restart), is ignored: None. Where the
        clock was set back, by a minute and more, the history begins anew.
        """
        if not math.isfinite(value):
            return None
        if self._points and time_ns <= self._points[-1].time_ns:
            if self._points[-1].time_ns - time_ns < CLOCK_STEP_NS:
                return None
            self._points.clear()
        if self._points and time_ns - self._points[-1].time_ns > self._over_ns:
            self._points.clear()
        self._put(_Point(time_ns, value))
        then_ns = time_ns - self._over_ns
        outdated = 0
        while outdated + 1 < len(self._points) and self._points[outdated + 1].time_ns <= then_ns:
            outdated += 1
        del self._points[:outdated]
        if self._points[0].time_ns > then_ns:
            return None
        return value - self._at(then_ns)

    def kept(self) -> dict[str, Any]:
        """What to go on with after a restart, as JSON."""
        self._dirty = False
        return {"over_ns": self._over_ns, "points": [list(point) for point in self._points]}

    def _put(self, point: _Point) -> None:
        # the newest point is always kept, so that a gap is seen; the one before it only where the step from the one
        # before that would be too long without it. So of any three points the outer two are at least a step apart.
        if len(self._points) >= 2 and (point.time_ns - self._points[-2].time_ns) * _STEPS < self._over_ns:
            self._points[-1] = point
        else:
            self._points.append(point)
            self._dirty = True

    def _at(self, time_ns: int) -> float:
        """The value then: points[0] is not later, and points[1], where there is one, is."""
        earlier = self._points[0]
        if earlier.time_ns == time_ns:
            return earlier.value
        later = self._points[1]
        share = (time_ns - earlier.time_ns) / (later.time_ns - earlier.time_ns)
        return earlier.value * (1 - share) + later.value * share
