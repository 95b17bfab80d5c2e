"""How rules look: in a line of a list, and as one with where its evaluation is. Pure."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from alarms.rules import (
    AnyRule,
    Bearing,
    Deadman,
    Deviation,
    Geofence,
    Level,
    Levels,
    LowBattery,
    RateOfChange,
    Scope,
    Threshold,
    Zone,
)
from ctl.alarm_state_view import words
from ctl.alarm_view import source
from ctl.durations import show_duration
from ctl.output import Column, age, number, printable, when

COLUMNS = (
    Column("name", "RULE"),
    Column("kind", "KIND", priority=1),
    Column("scope", "FOR", priority=1),
    Column("judges", "JUDGES", text=True),
    Column("enabled", "ENABLED", lambda value: "yes" if value else "no"),
    Column("alarms", "ALARMS", number, right=True),
    Column("sources", "SOURCES", number, right=True),
    Column("without_verdict", "NO VERDICT", number, right=True),
    Column("version", "VERSION", right=True, wide=True),
    Column("changed_at", "CHANGED", when, wide=True),
    Column("changed_by", "BY", wide=True),
)
CHANGES = (
    Column("name", "RULE"),
    Column("done", "DONE"),
    Column("version", "VERSION", right=True),
    Column("fields", "FIELDS", lambda value: ", ".join(value) or "–", text=True),
    Column("note", "NOTE", text=True),
)
SOURCES = (
    Column("source", "SOURCE"),
    Column("alarm", "ALARM"),
    Column("reason", "WHY NO VERDICT", text=True),
    Column("evaluation", "EVALUATION", text=True),
    Column("updated_at", "KEPT", age),
)
_SIGNS = {"high_high": "≥", "high": "≥", "low": "≤", "low_low": "≤"}


def scope(of: Scope) -> str:
    """Whom a rule is for."""
    for name in ("sensor", "target", "type"):
        value = getattr(of, name)
        if value is not None:
            return f"{name} {value}"
    return "all"


def judges(rule: AnyRule) -> str:
    """What a rule looks for, in a line."""
    said = _judges(rule)
    delay = f", for {show_duration(rule.on_delay_s)}" if rule.on_delay_s else ""
    return said + delay


def _judges(rule: AnyRule) -> str:
    if isinstance(rule, Threshold):
        return f"{_feature(rule)} {_levels(rule.levels, rule.unit)}"
    if isinstance(rule, RateOfChange):
        return (
            f"{_feature(rule)} changed within {show_duration(rule.over_s)} {_levels(rule.levels, rule.unit)}"
        )
    if isinstance(rule, Deviation):
        return f"{_feature(rule)} off what was learnt {_levels(rule.levels, 'σ')}"
    if isinstance(rule, Zone):
        zones = " and ".join(name for name, zone in (("C", rule.c), ("D", rule.d)) if zone is not None)
        return f"ISO 20816 zone {zones}"
    if isinstance(rule, Bearing):
        return f"a damaged bearing, {rule.confirmations} times in windows of {show_duration(rule.window_s)}"
    if isinstance(rule, Deadman):
        return f"no measurements for {rule.factor:g} × the interval"
    if isinstance(rule, Geofence):
        place = "a polygon" if rule.polygon is not None else f"{rule.radius_m:g} m around a place"
        return f"{rule.when} {place}"
    if isinstance(rule, LowBattery):
        return f"battery {_levels(rule.levels, '%')}"
    return f"missing batches {_levels(rule.levels, '')}"


def _feature(rule: Threshold | RateOfChange | Deviation) -> str:
    of = f" of {rule.channel}" if rule.channel is not None else ""
    window = f" over {show_duration(rule.window_s)}" if rule.window_s is not None else ""
    return f"{rule.feature}{of}{window}"


def _levels(levels: Levels, unit: str) -> str:
    return ", ".join(f"{_limit(name, level, unit)}" for name, level in levels.given().items())


def _limit(name: str, level: Level, unit: str) -> str:
    return f"{_SIGNS[name]} {level.limit:g} {unit}".rstrip() + f" ({name} {level.severity})"


def facts(row: Mapping[str, Any], rule: AnyRule) -> Table:
    """One rule, but for its definition."""
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("rule", Text(printable(row["name"]), style="bold"))
    if rule.description:
        grid.add_row("description", Text(printable(rule.description)))
    grid.add_row("judges", Text(printable(judges(rule))))
    grid.add_row("for", Text(printable(scope(rule.scope))))
    grid.add_row("enabled", "yes" if row["enabled"] else Text("no", style="yellow"))
    grid.add_row(
        "version", f"{row['version']}, changed {when(row['changed_at'])} by {printable(row['changed_by'])}"
    )
    grid.add_row("alarms", f"{row['alarms']:,} open")
    return grid


def evaluated(row: Mapping[str, Any], unit: str) -> dict[str, Any]:
    """One source of a rule, as SOURCES shows it; `unit`: the rule's."""
    alarm = row["alarm_state"]
    return {
        **row,
        "source": source(row),
        "alarm": f"{row['alarm_level']}, {alarm.replace('_', ' ').lower()}" if alarm else None,
        "evaluation": words(row["state"], unit),
    }
