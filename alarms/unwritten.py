"""What has happened and is not in the database yet, in order; and telling machines of it at once. Bounded by who fills it."""

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from alarms import metrics
from alarms.actions import OutboxRow, rows
from alarms.events import Event
from alarms.flooding import Flooding
from alarms.judge import Judge
from alarms.life import Kind
from alarms.store import Writing, evaluation_row
from alarms.triggers import TriggerRow, trigger

MOST: Final = 20_000  # events; beyond, nothing is read until the database takes some
_LEARNT_S: Final = 30.0  # what was learnt is written at least this often


class Outgoing(NamedTuple):
    """Who is told at once; neither may wait."""

    trigger: Callable[[TriggerRow], None]
    resolved: Callable[[Event], None]


class Unwritten:
    """Takes events; gives what the next transaction writes."""

    def __init__(self, judge: Judge, flooding: Flooding, outgoing: Outgoing) -> None:
        self._judge = judge
        self._flooding = flooding
        self._outgoing = outgoing
        self._events: list[Event] = []
        self._triggers: list[TriggerRow] = []
        self._outbox: list[OutboxRow] = []
        self._applied: list[tuple[str, int, str]] = []
        self._noted: list[tuple[str, uuid.UUID, bool]] = []
        self._learnt_at = time.monotonic()

    @property
    def full(self) -> bool:
        """The database is too far behind."""
        return len(self._events) >= MOST

    @property
    def urgent(self) -> bool:
        """There is something that people wait for."""
        return bool(self._events or self._applied or self._noted or self._outbox)

    def add(self, events: Iterable[Event], now_ns: int) -> None:
        """Machines are told at once, the others when it is written."""
        for event in events:
            metrics.TRANSITIONS.labels(event.transition.kind.value).inc()
            row = trigger(event, now_ns)
            if row is not None:
                self._outgoing.trigger(row)
                self._triggers.append(row)
            if event.transition.kind is Kind.CLEARED:
                self._outgoing.resolved(event)
            condition = self._judge.fleet.conditions.get(event.source.serial_number)
            made = rows(event, now_ns, condition.sample_frequency_hz if condition is not None else None)
            passed = self._flooding.passed(made, now_ns)
            metrics.HELD_BACK.inc(len(made) - len(passed))
            self._outbox += passed
            self._events.append(event)
        metrics.UNWRITTEN.set(len(self._events))

    def answer(self, serial_number: str, request: int, refusal: str) -> None:
        """An operator's request was done, or why not."""
        self._applied.append((serial_number, request, refusal))

    def noted(self, serial_number: str, trigger_id: uuid.UUID, acknowledged: bool) -> None:
        """A trigger's acknowledgement, or that there is none, is in the alarm's history."""
        self._noted.append((serial_number, trigger_id, acknowledged))

    def tick(self, now_ns: int) -> None:
        """A flood may be over."""
        self._outbox += self._flooding.ended(now_ns)

    def forget(self, serial_numbers: set[str]) -> None:
        """Another process judges these sensors, from the last that was written."""
        theirs = {one.alarm_id for one in self._events if one.source.serial_number in serial_numbers}
        self._events = [one for one in self._events if one.source.serial_number not in serial_numbers]
        self._applied = [one for one in self._applied if one[0] not in serial_numbers]
        self._noted = [one for one in self._noted if one[0] not in serial_numbers]
        self._triggers = [one for one in self._triggers if one.message.serial_number not in serial_numbers]
        # a row must not come before its alarm
        self._outbox = [one for one in self._outbox if one.alarm_id not in theirs]

    def take(self, offsets: Mapping[str, tuple[int, int]]) -> Writing:
        """Everything there is, with the offsets that it belongs to. It is to be written, whatever it takes."""
        slow = time.monotonic() - self._learnt_at > _LEARNT_S
        if slow:
            self._learnt_at = time.monotonic()
        evaluations = [
            evaluation_row(one)
            for one in self._judge.evaluations.values()
            if one.dirty or (slow and one.learnt)
        ]
        writing = Writing(
            offsets,
            self._events,
            evaluations,
            frozenset(self._judge.gone),
            self._outbox,
            self._triggers,
            self._applied,
            self._noted,
        )
        self._judge.gone.clear()
        self._events, self._triggers, self._outbox, self._applied, self._noted = [], [], [], [], []
        metrics.UNWRITTEN.set(0)
        return writing
