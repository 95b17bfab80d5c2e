"""What is judged, and by what: sensors with their machines and channels, rules, what is out of service. Pure.

`plan` says which rules apply to a sensor and to which of its channels; where one cannot apply, why.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from alarms.events import WHOLE_SENSOR, Source
from alarms.rules import RATIOS, Bearing, Deviation, RateOfChange, StoredRule, Threshold, Zone
from vibration.bearing import Frequencies, frequencies_of
from vibration.units import UnitError, factor, unit
from vibration.zones import Machine

OfFeature = Threshold | RateOfChange | Deviation


class Channel(NamedTuple):
    """What a channel measures, as the sensor's birth says."""

    channel: int
    name: str
    quantity: str
    unit: str


class Sensor(NamedTuple):
    """One sensor; None where it is not known."""

    id: int
    serial_number: str
    sensor_type: str | None
    channels: tuple[Channel, ...]
    target: str | None
    machine: Machine
    bearing: Frequencies | None


class Condition(NamedTuple):
    """How a sensor is now; times are Unix ns of the cloud's clock, 0 where it never was."""

    state: str | None
    sample_frequency_hz: float | None
    battery_percent: float | None
    longest_batch_s: float
    missing: int | None  # batches of its session
    written_ns: int  # its newest batch


COLUMNS_OF_SENSOR: Final = 11  # of fleet_sensors.sql; those of its condition follow


class Suppression(NamedTuple):
    """None: every rule, every sensor."""

    rule_id: int | None
    sensor_id: int | None
    reason: str
    by: str


class Fleet(NamedTuple):
    """One look at the database."""

    rules: tuple[StoredRule, ...]
    sensors: Mapping[str, Sensor]  # by serial number
    conditions: Mapping[str, Condition]
    suppressions: tuple[Suppression, ...]

    def suppressed(self, rule_id: int, sensor_id: int) -> Suppression | None:
        """Why this rule is out of service for this sensor."""
        for one in self.suppressions:
            if one.rule_id in (None, rule_id) and one.sensor_id in (None, sensor_id):
                return one
        return None


class Task(NamedTuple):
    """One rule for one source. `scale`: what a feature in the channel's unit is multiplied with."""

    rule: StoredRule
    source: Source
    unit: str  # the channel's
    scale: float = 1.0
    reason: str = ""  # why there is no verdict


def sensor_of(row: Sequence[Any]) -> Sensor:
    """The first columns of a row of fleet_sensors.sql."""
    sensor_id, serial, kind, channels, target, group, support, power, speed, height, bearing = row
    return Sensor(
        sensor_id,
        serial,
        kind,
        tuple(Channel(*channel) for channel in json.loads(channels)),
        target,
        Machine(group, support, power, speed, height),
        frequencies_of(json.loads(bearing) if bearing is not None else None),
    )


def plan(sensor: Sensor, rules: Sequence[StoredRule]) -> list[Task]:
    """What this sensor is judged by."""
    return [task for rule in rules if _for(sensor, rule) for task in _tasks(sensor, rule)]


def _for(sensor: Sensor, stored: StoredRule) -> bool:
    scope = stored.rule.scope
    return bool(
        scope.all
        or (scope.sensor is not None and scope.sensor == sensor.serial_number)
        or (scope.target is not None and scope.target == sensor.target)
        or (scope.type is not None and scope.type == sensor.sensor_type)
    )


def _tasks(sensor: Sensor, stored: StoredRule) -> list[Task]:
    rule = stored.rule
    whole = Source(sensor.id, sensor.serial_number, WHOLE_SENSOR, "", sensor.target)
    if not isinstance(rule, OfFeature | Zone | Bearing):
        return [Task(stored, whole, "")]
    if not sensor.channels:
        return [
            Task(stored, whole, "", reason="its channels are not known: the sensor has not said its birth")
        ]
    named = [
        channel for channel in sensor.channels if rule.channel in (None, channel.name, str(channel.channel))
    ]
    if not named:
        return [Task(stored, whole, "", reason=f"there is no channel {rule.channel!r}")]
    made = [_of_channel(sensor, stored, channel) for channel in named]
    fitting = [task for task in made if not task.reason]
    return fitting or made[:1]


def _of_channel(sensor: Sensor, stored: StoredRule, channel: Channel) -> Task:
    source = Source(sensor.id, sensor.serial_number, channel.channel, channel.name, sensor.target)
    try:
        scale, reason = _scale(stored, channel), ""
    except UnitError as error:
        scale, reason = 1.0, str(error)
    if isinstance(stored.rule, Bearing) and not reason:
        reason = _no_bearing(sensor)
    return Task(stored, source, channel.unit, scale, reason)


def _scale(stored: StoredRule, channel: Channel) -> float:
    """UnitError where the channel does not measure what the rule is about."""
    rule = stored.rule
    if isinstance(rule, OfFeature):
        if rule.feature == "velocity_rms":
            unit(channel.unit)
            return factor("mm/s", rule.unit)
        if rule.feature in RATIOS:
            unit(channel.unit)
            return 1.0
        if rule.unit == channel.unit:  # also one that vibration knows nothing of, as °C
            return 1.0
        return factor(channel.unit, rule.unit)
    if unit(channel.unit).kind != "acceleration" and isinstance(rule, Bearing):
        raise UnitError(
            f"a bearing is diagnosed from an acceleration, and {channel.name} is in {channel.unit}"
        )
    return 1.0


def _no_bearing(sensor: Sensor) -> str:
    if sensor.target is None:
        return "the sensor sits on no target, so its bearing is not known"
    if sensor.bearing is None:
        return f"the bearing of {sensor.target} is not known"
    return "" if sensor.machine.speed_rpm else f"the speed of {sensor.target} is not known"
