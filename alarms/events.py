"""What comes out of judging: an alarm's transition with everything that whoever acts on it needs. Pure."""

import uuid
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from alarms.life import Status, Transition
from alarms.rules import StoredRule

WHOLE_SENSOR: Final = -1  # the channel of what is about no single channel
_NAMESPACE: Final = uuid.UUID("6f1d7b1a-51a4-4a8e-9d0e-2f0d3c0a9e55")


class Source(NamedTuple):
    """What an alarm is about."""

    sensor_id: int
    serial_number: str
    channel: int = WHOLE_SENSOR
    channel_name: str = ""
    target: str | None = None  # the machine that the sensor sits on

    @property
    def label(self) -> str:
        """For people: pump-1/x, or pump-1."""
        return (
            f"{self.serial_number}/{self.channel_name or self.channel}"
            if self.channel >= 0
            else self.serial_number
        )


class Event(NamedTuple):
    """One transition of one alarm. `value` is in `unit`; None where nothing was measured."""

    alarm_id: uuid.UUID
    rule: StoredRule
    source: Source
    transition: Transition
    status: Status  # after it
    message: str
    value: float | None
    unit: str
    occurrences: int
    evidence: Mapping[str, Any]


def alarm_id(rule_id: int, sensor_id: int, channel: int, time_ns: int) -> uuid.UUID:
    """The same for the same occurrence, so that what is judged again after a crash is no second alarm."""
    return uuid.uuid5(_NAMESPACE, f"{rule_id}/{sensor_id}/{channel}/{time_ns}")
