"""Following a table into which several write: nothing twice, nothing missed. Pure.

A line's own time is the sensor's, and a sensor that was away sends its lines late; so what is followed is when a line
was written. That is when its transaction began, and a transaction that began earlier may commit later. Hence each look
goes back by `LOOK_BACK`, longer than an ingester's transaction takes, and what was shown in that span is remembered.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

LOOK_BACK = timedelta(seconds=10)

R = TypeVar("R", bound=Mapping[str, Any])


class Key(NamedTuple):
    """What tells lines apart, in the order in which they are read."""

    written_at: datetime
    time_ns: int
    digest: bytes
    sensor_id: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Key":
        """Of a row of logs_since.sql."""
        return cls(row["written_at"], row["time_ns"], row["digest"], row["sensor_id"])

    @classmethod
    def at(cls, moment: datetime) -> "Key":
        """Before every line that was written at that moment or later."""
        return cls(moment, -(2**63), b"", 0)


class Follower:
    """`position` is where the next page begins; `fresh` tells what of a page has not been shown."""

    def __init__(self, now: datetime) -> None:
        """`now`: the database's clock."""
        self._shown: set[Key] = set()
        self.position = Key.at(now - LOOK_BACK)

    def fresh(self, page: Iterable[R]) -> list[R]:
        """What of the page has not been shown; it is, now."""
        new = []
        for row in page:
            key = Key.of(row)
            self.position = key
            if key not in self._shown:
                self._shown.add(key)
                new.append(row)
        return new

    def caught_up(self, now: datetime) -> None:
        """A page was not full: the next look goes back, and what is older than that is forgotten."""
        self.position = Key.at(now - LOOK_BACK)
        self._shown = {key for key in self._shown if key.written_at >= self.position.written_at}
