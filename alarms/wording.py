"""An alarm's message: one sentence that says what was found, in people's words. Pure."""

from alarms.fleet import Task
from alarms.rules import (
    Bearing,
    Deadman,
    Deviation,
    Geofence,
    Loss,
    LowBattery,
    RateOfChange,
    Threshold,
    Zone,
)

_NAMES = {
    "maximum": "maximum",
    "minimum": "minimum",
    "mean": "mean",
    "rms": "RMS",
    "peak": "true peak",
    "peak_to_peak": "peak-to-peak",
    "crest_factor": "crest factor",
    "kurtosis": "kurtosis",
    "velocity_rms": "velocity RMS",
}


def message(task: Task, level: str, value: float, limit: float, detail: str) -> str:
    """What is shown in lists, mails and on machines; `detail` is what the kind of rule has to add."""
    rule = task.rule.rule
    level_text = level.replace("_", "-")
    if isinstance(rule, Threshold):
        return f"{_measured(rule.feature, value, rule.unit)}, {level_text} limit {_with(limit, rule.unit)}"
    if isinstance(rule, RateOfChange):
        changed = f"{_NAMES[rule.feature]} changed by {value:+.4g}{_unit(rule.unit)} in {rule.over_s:g} s"
        return f"{changed}, {level_text} limit {limit:+.4g}{_unit(rule.unit)}"
    if isinstance(rule, Deviation):
        return f"{_NAMES[rule.feature]} is {value:+.3g} standard deviations from its baseline, {level_text} limit {limit:+g}"
    if isinstance(rule, Zone):
        return f"velocity RMS {value:.3g} mm/s: zone {level} from {limit:g} mm/s"
    if isinstance(rule, Bearing):
        return detail
    if isinstance(rule, Deadman):
        return f"no measurements for {value:.3g} s, expected within {limit:.3g} s"
    if isinstance(rule, Loss):
        return f"{value:.0f} batches are missing, {level_text} limit {limit:g}"
    if isinstance(rule, Geofence):
        return f"{value:.0f} m {'outside of' if rule.when == 'outside' else 'inside'} the fence"
    assert isinstance(rule, LowBattery)
    return f"battery at {value:.0f} %, {level_text} limit {limit:g} %"


def shown_unit(task: Task) -> str:
    """Of an alarm's value."""
    rule = task.rule.rule
    if isinstance(rule, Deviation):
        return "σ"
    if isinstance(rule, Threshold | RateOfChange):
        return rule.unit
    return {"zone": "mm/s", "deadman": "s", "geofence": "m", "low_battery": "%", "loss": "batches"}.get(
        rule.kind, ""
    )


def _measured(feature: str, value: float, unit: str) -> str:
    return f"{_NAMES[feature]} {_with(value, unit)}"


def _with(value: float, unit: str) -> str:
    return f"{value:.4g}{_unit(unit)}"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""
