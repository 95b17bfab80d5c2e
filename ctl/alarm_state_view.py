"""Where the evaluation of a rule for one source is, in words: delays that run, what was learnt, what was counted. Pure.

Reads what alarms.evaluation keeps of itself; what it does not know of it, as of a newer service, it shows as it is.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from alarms.baseline import Learnt
from ctl.alarm_evidence import show
from ctl.durations import show_duration

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def words(state: Mapping[str, Any], unit: str = "") -> str:
    """A line; empty where there is nothing to say. `unit` is that of what is learnt."""
    said = []
    for key, value in state.items():
        try:
            said += _KNOWN[key](value, unit) if key in _KNOWN else [f"{key} {show(value)}"]
        except (TypeError, ValueError, KeyError, AttributeError):
            said.append(f"{key} {show(value)}")
    return ", ".join(said)


def _levels(given: Any, _unit: str) -> list[str]:
    """Which are active, and which are about to be or not to be: their delay runs."""
    said = []
    for name, level in (given or {}).get("levels", {}).items():
        if level["active"]:
            said.append(f"{name} active")
        if level["beyond"] != level["active"]:
            to = "beyond" if level["beyond"] else "back"
            said.append(f"{name} {to} since {_time(level['since_ns'])}, its delay runs")
    return said


def _baseline(given: Any, unit: str) -> list[str]:
    said = []
    for number, one in sorted(given["states"].items()):
        learnt = Learnt(*one)
        where = f" in operating state {number}" if len(given["states"]) > 1 or number != "0" else ""
        said.append(
            f"learnt{where}: {learnt.mean:.4g} ± {learnt.standard_deviation:.2g} {unit}".rstrip()
            + f" of {learnt.count:,} values in {show_duration(learnt.measured_ns / 1e9)}"
        )
    return said


def _rate(given: Any, unit: str) -> list[str]:
    points = given["points"]
    if not points:
        return []
    covered_s = (points[-1][0] - points[0][0]) / 1e9
    return [f"last value {points[-1][1]:.4g} {unit}".rstrip() + f", history of {show_duration(covered_s)}"]


def _verdict(given: Any, _unit: str) -> list[str]:
    verdict, count = given
    return [f"the same finding {count} times in a row"] if verdict else []


def _shelved(given: Any, _unit: str) -> list[str]:
    return [f"shelved until {_time(given)}"] if given else []


_KNOWN = {
    "levels": _levels, "baseline": _baseline, "rate": _rate, "verdict": _verdict, "shelved_until_ns": _shelved,
}  # fmt: skip


def _time(time_ns: int) -> str:
    """Local time; to the second is enough for a delay."""
    moment = _EPOCH + timedelta(microseconds=time_ns // 1000)
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
