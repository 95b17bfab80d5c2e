"""The zones A to D of ISO 20816: a verdict, or the reason why there is none. Pure; the table is iso10816_3.toml."""

import math
import tomllib
from bisect import bisect_left
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from vibration.signal import Samples, SignalError
from vibration.units import Quantity, UnitError, unit
from vibration.velocity import Velocity, lower_edge_hz, velocity_rms

_SCOPE = ("minimum_power_kw", "maximum_power_kw", "minimum_speed_rpm", "maximum_speed_rpm")
_GROUPS = ("group_1_above_power_kw", "group_1_from_shaft_height_mm", "group_2_from_shaft_height_mm")


class TableError(ValueError):
    """A table of zones that cannot be used."""


class Zone(StrEnum):
    """Of vibration severity, from a new machine's to one that is being damaged."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Machine(NamedTuple):
    """What the verdict depends on, named as a target's columns; None where it is not known."""

    machine_group: int | None = None
    support: str | None = None  # rigid or flexible
    rated_power_kw: float | None = None
    speed_rpm: float | None = None
    shaft_height_mm: float | None = None

    @classmethod
    def of(cls, target: Mapping[str, Any]) -> "Machine":
        """Of a target's row."""
        return cls(**{name: target.get(name) for name in cls._fields})


class Limits(NamedTuple):
    """Velocity RMS in mm/s up to which a machine is in zone A, B and C."""

    a_b: float
    b_c: float
    c_d: float

    def zone(self, rms_mm_s: float) -> Zone:
        """Its zone; a value on a boundary is in the better one."""
        return tuple(Zone)[bisect_left(self, rms_mm_s)]


class Verdict(NamedTuple):
    """A zone with what it was judged by, or None; the reason says in a sentence why."""

    zone: Zone | None
    reason: str
    velocity_rms: Quantity | None = None
    limits: Limits | None = None
    source: str = ""


class Table(NamedTuple):
    """What iso10816_3.toml holds."""

    source: str
    scope: Mapping[str, float]
    groups: Mapping[str, float]
    minimum_sample_frequency_hz: float
    limits: Mapping[tuple[int, str], Limits]


def read_table(text: str) -> Table:
    """From TOML as iso10816_3.toml has it. TableError says what is wrong with it."""
    try:
        kept = tomllib.loads(text)
        name = unit(kept["unit"]).name
        table = Table(
            str(kept["source"]),
            {name: float(kept["scope"][name]) for name in _SCOPE},
            {name: float(kept["groups"][name]) for name in _GROUPS},
            float(kept["measurement"]["minimum_sample_frequency_hz"]),
            {
                (row["group"], row["support"]): Limits(*map(float, row["boundaries"]))
                for row in kept["limits"]
            },
        )
    except KeyError as error:
        raise TableError(f"the table of zones has no {error.args[0]}") from error
    except (TypeError, ValueError) as error:
        raise TableError(f"the table of zones cannot be read: {error}") from error
    if name != "mm/s":
        raise TableError(f"the table of zones is in {name}: mm/s is known")
    for place, row in table.limits.items():
        if not 0 < row.a_b < row.b_c < row.c_d:
            raise TableError(f"the boundaries of group {place[0]}, {place[1]}, do not rise: {list(row)}")
    return table


@cache
def default_table() -> Table:
    """The one of ISO 10816-3:2009."""
    return read_table(files("vibration").joinpath("iso10816_3.toml").read_text("utf-8"))


def assess(velocity: Velocity, machine: Machine, table: Table | None = None) -> Verdict:
    """The zone of one window's velocity RMS (shape ()), by ISO 10816-3:2009.

    No verdict where the machine is outside of the standard's scope or not known well enough (group or power or shaft
    height, support, speed), or where the velocity was measured from less than 2 kHz, or from another lower edge than
    the machine's speed asks for. A group that the target declares is taken as it is; without one it follows from power
    and shaft height.
    """
    table = table or default_table()
    group = _group(machine, table)
    if isinstance(group, str):
        return Verdict(None, group)
    problem = _measured_otherwise(velocity, machine, table)
    if problem is not None:
        return Verdict(None, problem)
    assert machine.support is not None, "a machine without is refused above"
    limits = table.limits[group, machine.support]
    rms = velocity.rms.to("mm/s")
    zone = limits.zone(float(rms))
    bounds = f"{limits.a_b:g}/{limits.b_c:g}/{limits.c_d:g} mm/s"
    reason = f"velocity RMS {rms} in zone {zone} of {bounds} (group {group}, {machine.support})"
    return Verdict(zone, reason, rms, limits, table.source)


def assess_samples(
    samples: Samples, sample_frequency_hz: float, unit_name: str, machine: Machine, table: Table | None = None
) -> Verdict:
    """The zone of a window's samples, shape (n,). What cannot be measured, or has no unit, has no verdict either."""
    try:
        velocity = velocity_rms(samples, sample_frequency_hz, unit_name, machine.speed_rpm)
    except (UnitError, SignalError) as error:
        return Verdict(None, str(error))
    return assess(velocity, machine, table)


def _group(machine: Machine, table: Table) -> int | str:
    """The machine's group, or why the table does not apply to it."""
    scope, power, speed = table.scope, machine.rated_power_kw, machine.speed_rpm
    if power is not None and not scope["minimum_power_kw"] <= power <= scope["maximum_power_kw"]:
        return f"rated power {power:g} kW: zones are for {_range(scope, 'power_kw')} kW"
    if speed is None:
        return "the speed is not known: it decides on the band of frequencies"
    if not scope["minimum_speed_rpm"] <= speed <= scope["maximum_speed_rpm"]:
        return f"speed {speed:g} rpm: zones are for {_range(scope, 'speed_rpm')} rpm"
    if machine.support is None:
        return "the support is not known: rigid or flexible"
    group = machine.machine_group
    if group is None:
        group = _group_by_size(machine, table.groups)
    if group is None:
        return "neither the group nor the power nor a shaft height is known that tells it"
    if (group, machine.support) not in table.limits:
        return f"group {group}, {machine.support}, is not in the table of {table.source}"
    return group


def _group_by_size(machine: Machine, groups: Mapping[str, float]) -> int | None:
    power, height = machine.rated_power_kw, machine.shaft_height_mm
    if height is not None and height >= groups["group_1_from_shaft_height_mm"]:
        return 1
    if power is not None:
        return 1 if power > groups["group_1_above_power_kw"] else 2
    return 2 if height is not None and height >= groups["group_2_from_shaft_height_mm"] else None


def _measured_otherwise(velocity: Velocity, machine: Machine, table: Table) -> str | None:
    frequency, least = velocity.sample_frequency_hz, table.minimum_sample_frequency_hz
    if frequency < least:
        return f"sample frequency {frequency:g} Hz: a zone needs {least:g} Hz or more"
    lower = lower_edge_hz(machine.speed_rpm)
    if velocity.lower_hz != lower:
        return (
            f"measured from {velocity.lower_hz:g} Hz: at {machine.speed_rpm:g} rpm a zone needs {lower:g} Hz"
        )
    if not math.isfinite(float(velocity.rms)):
        return "the velocity RMS is not a number"
    return None


def _range(scope: Mapping[str, float], name: str) -> str:
    return f"{scope[f'minimum_{name}']:g} to {scope[f'maximum_{name}']:g}"
