"""What is normal for one sensor, learnt in each operating state of its machine. Pure."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final

from alarms.levels import CLOCK_STEP_NS

_RELATIVE_FLOOR: Final = 1e-9  # of the mean
_ABSOLUTE_FLOOR: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Learnt:
    """Of one operating state, after Welford (Technometrics 4, 1962): m2 is the sum of squared deviations."""

    count: int = 0
    mean: float = 0.0
    m2: float = 0.0
    measured_ns: int = 0

    def with_value(self, value: float, measured_ns: int) -> "Learnt":
        """And one more, which stands for so long a measurement."""
        count = self.count + 1
        mean = self.mean + (value - self.mean) / count
        m2 = self.m2 + (value - self.mean) * (value - mean)
        return Learnt(count, mean, m2, self.measured_ns + measured_ns)

    @property
    def standard_deviation(self) -> float:
        """Of the sample (n - 1), in the value's unit, and never 0.

        A sensor that repeats one number has none, and the least noise would be infinitely many of it. So it is at least
        1e-9 of the mean, which is about the resolution of a float32 with room to spare, and at least 1e-12, below what is
        measured in any unit, for a mean of 0.
        """
        spread = math.sqrt(self.m2 / (self.count - 1)) if self.count > 1 else 0.0
        return max(spread, _RELATIVE_FLOOR * abs(self.mean), _ABSOLUTE_FLOOR)


class Baseline:
    """Learns mean and standard deviation in each operating state, and is frozen there when it has learnt enough.

    Enough is `learn_ns` of measurements, gaps not counted, and at least `learn_values`. While it learns every value
    counts, outliers and what other rules call an alarm, too: a machine that is damaged while it is learnt is taken for
    normal, and has to be learnt again. `kept` is what kept() gave before a restart.
    """

    def __init__(self, learn_ns: int, learn_values: int, kept: Mapping[str, Any] | None = None) -> None:
        if learn_values < 2:
            raise ValueError("a standard deviation needs at least two values")
        self._learn_ns, self._learn_values = learn_ns, learn_values
        self._last_ns: int | None = None
        self._learnt: dict[int, Learnt] = {}
        self._dirty = False
        if kept is not None:
            self._last_ns = kept["last_ns"]
            self._learnt = {int(state): Learnt(*one) for state, one in kept["states"].items()}

    @property
    def dirty(self) -> bool:
        """Something was learnt since kept()."""
        return self._dirty

    def frozen(self, state: int = 0) -> bool:
        """Enough is learnt of this operating state."""
        learnt = self.learnt(state)
        return learnt.count >= self._learn_values and learnt.measured_ns >= self._learn_ns

    def learnt(self, state: int = 0) -> Learnt:
        """So far, of this operating state."""
        return self._learnt.get(state, Learnt())

    def observe(self, time_ns: int, value: float, measured_ns: int, state: int = 0) -> float | None:
        """As deviation(); while it learns, the value is learnt, and there is no deviation: None.

        `measured_ns` is how long a measurement the value stands for: its window's hop, or its batch's length. What is no
        finite number is ignored, and learnt is nothing that is not later than the last that was (repeated after a restart).
        """
        if self.frozen(state):
            return self.deviation(value, state)
        last_ns = self._last_ns
        set_back = last_ns is not None and last_ns - time_ns >= CLOCK_STEP_NS
        if math.isfinite(value) and (last_ns is None or time_ns > last_ns or set_back):
            self._last_ns = time_ns
            self._learnt[state] = self.learnt(state).with_value(value, measured_ns)
            self._dirty = True
        return None

    def deviation(self, value: float, state: int = 0) -> float | None:
        """From this operating state's mean in standard deviations, with its sign; None while it is being learnt."""
        if not self.frozen(state) or not math.isfinite(value):
            return None
        learnt = self.learnt(state)
        return (value - learnt.mean) / learnt.standard_deviation

    def kept(self) -> dict[str, Any]:
        """What to go on with after a restart, as JSON."""
        self._dirty = False
        return {
            "last_ns": self._last_ns,
            "states": {str(state): list(astuple(one)) for state, one in self._learnt.items()},
        }


def operating_state(value: float, bounds: Sequence[float]) -> int:
    """How many of the rising bounds the value has reached: 0 to len(bounds)."""
    return bisect_right(bounds, value)
