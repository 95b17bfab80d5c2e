"""What a rule compares with its limits, made from the values that are measured: the value, its change, its deviation.

Pure. Each goes on after a restart with what kept() gave.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from alarms.baseline import Baseline
from alarms.rate import Change
from alarms.rules import Bearing, Deviation, RateOfChange


class Measure(Protocol):
    """Of one rule for one source."""

    @property
    def dirty(self) -> bool:
        """Something has changed since kept()."""

    @property
    def reason(self) -> str:
        """Why there is nothing to compare; empty where there is."""

    def of(self, time_ns: int, value: float, duration_ns: int, state: int) -> float | None:
        """What is compared for this value, which stands for so long a measurement, in this operating state."""

    def kept(self) -> dict[str, Any]:
        """As JSON."""


class Value:
    """The value itself."""

    dirty = False
    reason = ""

    def of(self, time_ns: int, value: float, duration_ns: int, state: int) -> float | None:  # noqa: ARG002  # as the others
        """It."""
        return value

    def kept(self) -> dict[str, Any]:
        """Nothing."""
        return {}


class RateMeasure:
    """How much it has changed."""

    def __init__(self, rule: RateOfChange, kept: Mapping[str, Any]) -> None:
        self._over_s = rule.over_s
        self._change = Change(round(rule.over_s * 1e9), kept.get("rate"))
        self._known = False

    @property
    def dirty(self) -> bool:
        """The history has another point."""
        return self._change.dirty

    @property
    def reason(self) -> str:
        """Until there is a value of then."""
        return "" if self._known else f"measured for less than {self._over_s:g} s without a gap"

    def of(self, time_ns: int, value: float, duration_ns: int, state: int) -> float | None:  # noqa: ARG002  # as the others
        """The value less that of over_s ago."""
        change = self._change.add(time_ns, value)
        self._known = change is not None
        return change

    def kept(self) -> dict[str, Any]:
        """The history."""
        return {"rate": self._change.kept()}


class DeviationMeasure:
    """How far it is from what was learnt."""

    def __init__(self, rule: Deviation, kept: Mapping[str, Any]) -> None:
        self._rule = rule
        self._baseline = Baseline(round(rule.learn_s * 1e9), rule.learn_values, kept.get("baseline"))
        self._state = 0

    @property
    def dirty(self) -> bool:
        """Something was learnt."""
        return self._baseline.dirty

    @property
    def reason(self) -> str:
        """While the state that the machine is in is being learnt."""
        if self._baseline.frozen(self._state):
            return ""
        learnt = self._baseline.learnt(self._state)
        state = f" of operating state {self._state}" if self._rule.operating_states else ""
        return (
            f"learning{state}: {learnt.measured_ns / 1e9:.4g} of {self._rule.learn_s:g} s, "
            f"{learnt.count} of {self._rule.learn_values} values"
        )

    def of(self, time_ns: int, value: float, duration_ns: int, state: int) -> float | None:
        """In standard deviations."""
        self._state = state
        return self._baseline.observe(time_ns, value, duration_ns, state)

    def kept(self) -> dict[str, Any]:
        """The baseline."""
        return {"baseline": self._baseline.kept()}


class VerdictMeasure:
    """How often in a row the same verdict was given; 0 where none is damaged. The value is a number for the verdict."""

    reason = ""

    def __init__(self, rule: Bearing, kept: Mapping[str, Any]) -> None:
        self._most = rule.confirmations
        verdict, count = kept.get("verdict", (0.0, 0))
        self._verdict, self._count = float(verdict), int(count)
        self._dirty = False

    @property
    def dirty(self) -> bool:
        """There is another count."""
        return self._dirty

    def of(self, time_ns: int, value: float, duration_ns: int, state: int) -> float | None:  # noqa: ARG002  # as the others
        """The count, at most as many as are asked for."""
        before = self._verdict, self._count
        self._count = min(self._count + 1, self._most) if value == self._verdict else 1
        self._verdict = value
        self._dirty = self._dirty or before != (self._verdict, self._count)
        return float(self._count) if value else 0.0

    def kept(self) -> dict[str, Any]:
        """Verdict and count."""
        self._dirty = False
        return {"verdict": [self._verdict, self._count]}
