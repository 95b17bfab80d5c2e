"""One rule for one source: where its levels are, and the alarm that is open. Pure; time is given.

A value becomes a level (alarms.levels), a change of level a transition of the alarm (alarms.life), and that an Event.
"""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from alarms import life
from alarms.events import Event, alarm_id
from alarms.fleet import Suppression, Task
from alarms.levels import Change, LevelEvaluation
from alarms.life import LifeError, Status, Transition
from alarms.measures import DeviationMeasure, Measure, RateMeasure, Value, VerdictMeasure
from alarms.rules import Bearing, Deadman, Deviation, Geofence, Level, Levels, RateOfChange, Threshold, Zone
from alarms.wording import message, shown_unit

Key = tuple[int, int, int]  # rule, sensor, channel
Evidence = Callable[[], Mapping[str, Any]]  # made only where it is wanted
T = TypeVar("T")


class Open(NamedTuple):
    """The occurrence that is not closed yet."""

    id: UUID
    status: Status
    occurrences: int
    message: str
    value: float | None


class Kept(NamedTuple):
    """What the database has of an evaluation."""

    version: int
    state: Mapping[str, Any]


def _nothing() -> Mapping[str, Any]:
    return {}


class Evaluation:
    """Call `observe` for each value, `tick` as time goes; what it gives is to be written with `kept`, in order."""

    def __init__(self, task: Task, kept: Kept | None = None, opened: Open | None = None) -> None:
        self.task = task
        self.key: Key = (task.rule.id, task.source.sensor_id, task.source.channel)
        self.opened = opened
        self.suppression: Suppression | None = None
        self._unit = shown_unit(task)
        rule = task.rule.rule
        same = kept is not None and kept.version == task.rule.version
        state: Mapping[str, Any] = kept.state if kept is not None and same else {}
        self._measure = _measure(rule, state if same or kept is None else self._confirmed(kept))
        self._limits = _levels(rule)
        self._delays_ns = round(rule.on_delay_s * 1e9), round(rule.off_delay_s * 1e9)
        self._begun = state.get("levels") or self._seed()  # a zone's levels come with its first verdict
        self._levels = LevelEvaluation(self._limits, *self._delays_ns, self._begun)
        # a timed shelf outlives the occurrence that it was put on
        self._shelved_until_ns = int(kept.state.get("shelved_until_ns", 0)) if kept is not None else 0
        self._realarm_ns = round(rule.realarm_s * 1e9)
        self.reason = task.reason
        self._dirty = kept is None or not same

    # What is kept.
    @property
    def dirty(self) -> bool:
        """To be written, soon."""
        return self._dirty or self._levels.dirty

    @property
    def learnt(self) -> bool:
        """To be written, when there is time."""
        return self._measure.dirty

    @property
    def active(self) -> bool:
        """Whether its alarm is."""
        return self.opened is not None and self.opened.status.active

    def kept(self) -> dict[str, Any]:
        """As JSON; `dirty` and `learnt` are over."""
        self._dirty = False
        return {
            **self._measure.kept(),
            "levels": self._levels.kept() if self._limits else self._begun,
            "shelved_until_ns": self._shelved_until_ns,
        }

    def say(self, reason: str) -> None:
        """Why there is no verdict; empty: there is one."""
        if reason != self.reason:
            self.reason = reason
            self._dirty = True

    # What is judged.
    def limits(self, limits: Mapping[str, Level]) -> None:
        """A zone's, which are the machine's."""
        if limits != self._limits:
            begun = self._levels.kept() if self._limits else self._begun
            self._limits = limits
            self._levels = LevelEvaluation(limits, *self._delays_ns, begun)
            self._dirty = True

    def observe(
        self,
        time_ns: int,
        value: float,
        *,
        duration_ns: int = 0,
        operating_state: int = 0,
        shown: tuple[float, float] | None = None,
        detail: str = "",
        evidence: Evidence = _nothing,
    ) -> list[Event]:
        """A value, in the unit of the limits. shown: value and limit for people, where others are compared."""
        compared = self._measure.of(time_ns, value, duration_ns, operating_state)
        self.say(self._measure.reason)
        if compared is None:
            return []
        change = self._levels.observe(time_ns, compared) or self._at_odds(time_ns)
        if change is None:
            return []
        return self._changed(change, compared, shown, detail, evidence)

    def tick(self, now_ns: int) -> list[Event]:
        """Shelves whose time is over, and acknowledged alarms that last."""
        events: list[Event] = []
        if 0 < self._shelved_until_ns <= now_ns:
            self._shelved_until_ns, self._dirty = 0, True
        if self.opened is None:
            return events
        status = self.opened.status
        if 0 < status.shelved_until_ns <= now_ns:
            events.append(self._move(*life.unshelve(status, now_ns, comment="its time is over")))
            status = self.opened.status
        if (
            self._realarm_ns
            and status.active
            and status.acknowledged
            and now_ns - status.acknowledged_ns >= self._realarm_ns
        ):
            events.append(self._move(*life.realarm(status, now_ns)))
        return events

    def retire(self, now_ns: int, why: str) -> list[Event]:
        """The rule is no longer for this source: an active alarm is over, and should it be again, it begins anew."""
        self._levels = LevelEvaluation(self._limits, *self._delays_ns)
        self._begun = None
        if self.opened is None or not self.opened.status.active:
            return []
        status, transition = life.clear(self.opened.status, now_ns)
        return [self._move(status, transition._replace(comment=why))]

    # What people and machines do. LifeError where that cannot be.
    def acknowledge(self, now_ns: int, by: str, comment: str) -> Event:
        """An operator knows."""
        return self._move(*life.acknowledge(self._status(), now_ns, by, comment))

    def shelve(self, now_ns: int, until_ns: int, by: str, comment: str) -> Event:
        """An operator does not want to hear of it."""
        event = self._move(*life.shelve(self._status(), now_ns, until_ns, by, comment))
        self._shelved_until_ns, self._dirty = 0 if until_ns == life.UNTIL_CLEARED else until_ns, True
        return event

    def unshelve(self, now_ns: int, by: str, comment: str) -> Event:
        """An operator wants to."""
        event = self._move(*life.unshelve(self._status(), now_ns, by, comment))
        self._shelved_until_ns, self._dirty = 0, True
        return event

    def suppress(self, suppression: Suppression | None, now_ns: int) -> list[Event]:
        """Out of service, or in service again."""
        self.suppression = suppression
        if self.opened is None or self.opened.status.suppressed == (suppression is not None):
            return []
        status = self.opened.status
        if suppression is None:
            return [self._move(*life.unsuppress(status, now_ns))]
        return [self._move(*life.suppress(status, now_ns, suppression.by, suppression.reason))]

    def note(self, kind: life.Kind, now_ns: int, by: str, comment: str) -> Event:
        """A machine has acknowledged, or none has."""
        return self._move(*life.note(self._status(), kind, now_ns, by, comment))

    def _status(self) -> Status:
        if self.opened is None:
            raise LifeError("the alarm is closed")
        return self.opened.status

    def _changed(
        self,
        change: Change,
        value: float,
        shown: tuple[float, float] | None,
        detail: str,
        evidence: Evidence,
    ) -> list[Event]:
        self._dirty = True
        status = self.opened.status if self.opened is not None else None
        if change.level is None:
            if status is None or not status.active:
                return []
            limit = self._limits[status.level].limit if status.level in self._limits else 0.0
            return [self._told(*life.clear(status, change.time_ns), value, limit, shown, detail, evidence)]
        level = self._limits[change.level]
        if status is not None and status.active:
            with contextlib.suppress(LifeError):  # it was at this level when the rule was changed
                moved = life.change_level(status, change.level, level.severity, change.time_ns)
                return [self._told(*moved, value, level.limit, shown, detail, evidence)]
            return []
        if status is None or status.closed:
            self.opened = None
        moved = life.activate(
            status,
            change.level,
            level.severity,
            change.time_ns,
            shelved_until_ns=self._shelved_until_ns,
            suppressed=self.suppression is not None,
        )
        return [self._told(*moved, value, level.limit, shown, detail, evidence)]

    def _told(
        self,
        status: Status,
        transition: Transition,
        value: float,
        limit: float,
        shown: tuple[float, float] | None,
        detail: str,
        evidence: Evidence,
    ) -> Event:
        """With what was measured: a new occurrence begins, or this one goes on."""
        said_value, said_limit = shown or (value, limit)
        opened = self.opened
        if opened is None:
            opened = Open(alarm_id(*self.key, transition.at_ns), status, 0, "", None)
        if transition.kind is life.Kind.ACTIVATED:
            opened = opened._replace(occurrences=opened.occurrences + 1)
        if transition.kind is not life.Kind.CLEARED:
            text = message(self.task, status.level, said_value, said_limit, detail)
            opened = opened._replace(message=text, value=said_value)
        self.opened = opened
        found = {"value": said_value, "limit": said_limit, "unit": self._unit, **evidence()}
        return self._move(status, transition, found)

    def _move(
        self, status: Status, transition: Transition, evidence: Mapping[str, Any] | None = None
    ) -> Event:
        assert self.opened is not None
        opened = self.opened._replace(status=status)
        self.opened = None if status.closed else opened
        self._dirty = True
        return Event(
            opened.id,
            self.task.rule,
            self.task.source,
            transition,
            status,
            opened.message,
            opened.value,
            self._unit,
            opened.occurrences,
            evidence or {},
        )

    def _at_odds(self, time_ns: int) -> Change | None:
        """The alarm is at a level that the rule has no longer."""
        return Change(None, None, time_ns) if self.active and self._levels.active is None else None

    def _confirmed(self, kept: Kept) -> Mapping[str, Any]:
        """For a rule that was changed: a verdict that an alarm is active for has not to be confirmed anew."""
        rule, verdict = self.task.rule.rule, kept.state.get("verdict")
        if not isinstance(rule, Bearing) or verdict is None or not self.active:
            return {}
        return {"verdict": [verdict[0], rule.confirmations]}

    def _seed(self) -> Mapping[str, Any] | None:
        """For a rule that was changed: an alarm that is active stays so until a value says otherwise."""
        if self.opened is None or not self.opened.status.active:
            return None
        level = {"beyond": True, "active": True, "since_ns": 0}
        return {"last_ns": None, "levels": {self.opened.status.level: level}}


def _measure(rule: object, state: Mapping[str, Any]) -> Measure:
    if isinstance(rule, RateOfChange):
        return RateMeasure(rule, state)
    if isinstance(rule, Deviation):
        return DeviationMeasure(rule, state)
    if isinstance(rule, Bearing):
        return VerdictMeasure(rule, state)
    return Value()


def _levels(rule: object) -> Mapping[str, Level]:
    """What is compared with a rule's levels: for kinds that know only yes and no, whether it is reached."""
    levels = getattr(rule, "levels", None)
    if isinstance(levels, Levels):
        return levels.given()
    if isinstance(rule, Deadman):
        return {"high": Level(limit=1.0, severity=rule.severity)}
    if isinstance(rule, Geofence):
        return {"high": Level(limit=0.0, deadband=rule.deadband_m, severity=rule.severity)}
    if isinstance(rule, Bearing):
        return {"high": Level(limit=float(rule.confirmations), severity=rule.severity)}
    assert isinstance(rule, Zone | Threshold), "every kind is above"
    return {}  # a zone's come with the machine
