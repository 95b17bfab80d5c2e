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
"""

from enum import StrEnum
from typing import Final, NamedTuple

UNTIL_CLEARED: Final = 2**63 - 1  # shelved_until_ns of a one-shot shelf


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
