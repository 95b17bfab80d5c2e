"""The life of one alarm after ISA-18.2 and OPC UA Part 9: active or cleared, acknowledged or not. Pure.

                activate                    acknowledge
    (none) ───────────────► active,  ───────────────────► active,
                            unacknowledged ◄───────────── acknowledged
                             │      ▲   realarm, worse level  │      ▲ activate
                       clear │      │ activate                │ clear │ (a new occurrence)
                             ▼      │                         ▼
                            cleared, ───────────────────► closed
                            unacknowledged   acknowledge

Beside that an alarm may be shelved by an operator (for a time, or until it clears) or suppressed by its sensor's or rule's
being out of service: it lives on and is recorded, and nobody is told.

Each function takes a status and gives the next one with the one transition that led there. LifeError says in a
sentence why something cannot be. Times are in Unix ns; they need not rise, as an operator's clock is not a sensor's.
"""

from enum import StrEnum
from typing import Final, NamedTuple

UNTIL_CLEARED: Final = 2**63 - 1  # shelved_until_ns of a one-shot shelf


class LifeError(ValueError):
    """What cannot happen to an alarm that is as it is."""


class Kind(StrEnum):
    """Of a transition."""

    ACTIVATED = "ACTIVATED"
    CLEARED = "CLEARED"
    LEVEL_CHANGED = "LEVEL_CHANGED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    REALARMED = "REALARMED"
    SHELVED = "SHELVED"
    UNSHELVED = "UNSHELVED"
    SUPPRESSED = "SUPPRESSED"
    UNSUPPRESSED = "UNSUPPRESSED"
    TRIGGER_ACKNOWLEDGED = "TRIGGER_ACKNOWLEDGED"
    ESCALATED = "ESCALATED"


class Transition(NamedTuple):
    """What happened. `annunciate`: people and machines are to be told."""

    kind: Kind
    at_ns: int
    level: str
    severity: int
    annunciate: bool
    by: str = ""
    comment: str = ""


class Status(NamedTuple):
    """How an alarm is."""

    active: bool
    acknowledged: bool
    level: str
    severity: int
    activated_ns: int  # the last time
    changed_ns: int  # of the last ACTIVATED, CLEARED, LEVEL_CHANGED, ACKNOWLEDGED or REALARMED
    shelved_until_ns: int = 0  # 0: not shelved
    suppressed: bool = False
    cleared_ns: int = 0
    acknowledged_ns: int = 0
    acknowledged_by: str = ""

    @property
    def closed(self) -> bool:
        """Over, and somebody knows."""
        return not self.active and self.acknowledged

    @property
    def shelved(self) -> bool:
        """By an operator."""
        return self.shelved_until_ns != 0

    @property
    def silent(self) -> bool:
        """Nobody is told."""
        return self.shelved or self.suppressed


def activate(
    status: Status | None,
    level: str,
    severity: int,
    at_ns: int,
    *,
    shelved_until_ns: int = 0,
    suppressed: bool = False,
) -> tuple[Status, Transition]:
    """Something was found.

    None or closed: a new occurrence, for which the caller makes an id. It is shelved and suppressed as the caller says, as
    a shelf for a time outlives an occurrence. Cleared and unacknowledged: active again, shelved and suppressed as it was.
    LifeError where it is active.
    """
    if status is None or status.closed:
        new = Status(True, False, level, severity, at_ns, at_ns, shelved_until_ns, suppressed)
        return new, _transition(new, Kind.ACTIVATED, at_ns, annunciate=True)
    if status.active:
        raise LifeError("the alarm is active already")
    again = status._replace(
        active=True, level=level, severity=severity, activated_ns=at_ns, changed_ns=at_ns, cleared_ns=0
    )
    return again, _transition(again, Kind.ACTIVATED, at_ns, annunciate=True)


def clear(status: Status, at_ns: int) -> tuple[Status, Transition]:
    """It is over; closed where it was acknowledged. A one-shot shelf ends with it, silently."""
    _must_be_active(status)
    until_ns = 0 if status.shelved_until_ns == UNTIL_CLEARED else status.shelved_until_ns
    cleared = status._replace(active=False, cleared_ns=at_ns, changed_ns=at_ns, shelved_until_ns=until_ns)
    # whoever was told of it should hear that it is over; under its shelf nobody was
    return cleared, _transition(status, Kind.CLEARED, at_ns, annunciate=True)


def change_level(status: Status, level: str, severity: int, at_ns: int) -> tuple[Status, Transition]:
    """Worse or better. A higher severity is to be acknowledged again, and people are told; of a lower one they are not."""
    _must_be_active(status)
    if (level, severity) == (status.level, status.severity):
        raise LifeError(f"the alarm is at {level} with severity {severity} already")
    worse = severity > status.severity
    changed = status._replace(level=level, severity=severity, changed_ns=at_ns)
    if worse:
        changed = _unacknowledged(changed)
    return changed, _transition(changed, Kind.LEVEL_CHANGED, at_ns, annunciate=worse)


def acknowledge(status: Status, at_ns: int, by: str, comment: str = "") -> tuple[Status, Transition]:
    """Somebody knows. A cleared alarm is closed by it."""
    if status.acknowledged:
        raise LifeError(f"the alarm was acknowledged by {status.acknowledged_by} already")
    _must_be_somebody(by, "acknowledges")
    known = status._replace(acknowledged=True, acknowledged_ns=at_ns, acknowledged_by=by, changed_ns=at_ns)
    return known, _transition(known, Kind.ACKNOWLEDGED, at_ns, by=by, comment=comment)


def realarm(status: Status, at_ns: int) -> tuple[Status, Transition]:
    """Acknowledged and still active after a while: to be acknowledged again, and people are told again."""
    _must_be_active(status)
    if not status.acknowledged:
        raise LifeError("the alarm is not acknowledged: people are told of it already")
    again = _unacknowledged(status)._replace(changed_ns=at_ns)
    return again, _transition(again, Kind.REALARMED, at_ns, annunciate=True)


def shelve(
    status: Status, at_ns: int, until_ns: int, by: str, comment: str = ""
) -> tuple[Status, Transition]:
    """Nobody is told until `until_ns`, or with UNTIL_CLEARED until it clears. A shelf that there is, is replaced."""
    if status.closed:
        raise LifeError("the alarm is closed: there is nothing to shelve")
    if until_ns <= at_ns:
        raise LifeError("the time until which the alarm is to be shelved is over")
    if until_ns == UNTIL_CLEARED and not status.active:
        raise LifeError("the alarm has cleared: it can be shelved for a time, or acknowledged")
    _must_be_somebody(by, "shelves")
    shelved = status._replace(shelved_until_ns=until_ns)
    return shelved, _transition(shelved, Kind.SHELVED, at_ns, by=by, comment=comment)


def unshelve(status: Status, at_ns: int, by: str = "", comment: str = "") -> tuple[Status, Transition]:
    """By somebody, or because its time is over; people are told where it is active and unacknowledged."""
    if not status.shelved:
        raise LifeError("the alarm is not shelved")
    back = status._replace(shelved_until_ns=0)
    return back, _transition(back, Kind.UNSHELVED, at_ns, annunciate=_waits(back), by=by, comment=comment)


def suppress(status: Status, at_ns: int, by: str = "", comment: str = "") -> tuple[Status, Transition]:
    """Its rule or its sensor is out of service."""
    if status.closed:
        raise LifeError("the alarm is closed: there is nothing to suppress")
    if status.suppressed:
        raise LifeError("the alarm is suppressed already")
    suppressed = status._replace(suppressed=True)
    return suppressed, _transition(suppressed, Kind.SUPPRESSED, at_ns, by=by, comment=comment)


def unsuppress(status: Status, at_ns: int, by: str = "", comment: str = "") -> tuple[Status, Transition]:
    """Its rule or its sensor is in service again; people are told where it is active and unacknowledged."""
    if not status.suppressed:
        raise LifeError("the alarm is not suppressed")
    back = status._replace(suppressed=False)
    return back, _transition(back, Kind.UNSUPPRESSED, at_ns, annunciate=_waits(back), by=by, comment=comment)


def note(
    status: Status, kind: Kind, at_ns: int, by: str = "", comment: str = ""
) -> tuple[Status, Transition]:
    """TRIGGER_ACKNOWLEDGED by a machine, or ESCALATED as none did: recorded, and the status is as it was.

    Neither is refused for a closed alarm, as a machine may answer late.
    """
    if kind not in (Kind.TRIGGER_ACKNOWLEDGED, Kind.ESCALATED):
        raise LifeError(f"{kind} is more than a note")
    told = kind is Kind.ESCALATED
    return status, _transition(status, kind, at_ns, annunciate=told, by=by, comment=comment)


def _transition(
    status: Status, kind: Kind, at_ns: int, *, annunciate: bool = False, by: str = "", comment: str = ""
) -> Transition:
    told = annunciate and not status.silent
    return Transition(kind, at_ns, status.level, status.severity, told, by, comment)


def _unacknowledged(status: Status) -> Status:
    return status._replace(acknowledged=False, acknowledged_ns=0, acknowledged_by="")


def _waits(status: Status) -> bool:
    return status.active and not status.acknowledged


def _must_be_active(status: Status) -> None:
    if not status.active:
        raise LifeError("the alarm is not active")


def _must_be_somebody(by: str, does: str) -> None:
    if not by.strip():
        raise LifeError(f"it is not said who {does} the alarm")
