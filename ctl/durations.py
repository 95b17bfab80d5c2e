"""Durations and moments as people type them. Pure: the clock is given."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
LONGEST_S = 100 * 365.25 * 86_400.0
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|min|s|m|h|d|w)")


def parse_duration(text: str) -> float:
    """Seconds in "10m", "1h30m", "500ms", "90" (seconds). ValueError for anything else."""
    compact = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", compact):
        seconds = float(compact)
    elif not compact or _PART.sub("", compact).strip():
        raise ValueError(f"{text!r} is no duration: write 30s, 10m, 1h30m, 2d …")
    else:
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(compact))
    if seconds > LONGEST_S:
        raise ValueError(f"{text[:40]!r} is longer than a hundred years")
    return seconds


def parse_moment(text: str, now: datetime) -> datetime:
    """ "now", a duration ago ("10m", "-10m"), or ISO 8601 ("2026-03-01", "2026-03-01T12:00:00+01:00"; local time
    where it names no zone). ValueError for anything else.
    """
    compact = text.strip()
    if compact.lower() == "now":
        return now
    try:
        moment = now - timedelta(seconds=parse_duration(compact.removeprefix("-")))
    except ValueError:
        moment = _iso(compact)
    if not _EARLIEST <= moment <= _LATEST:
        raise ValueError(f"{text!r} is before 1970 or after 2261")
    return moment


def _iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"{text!r} is no time: write now, 10m (ago), 2026-03-01, or 2026-03-01T12:00:00Z"
        ) from error


def show_duration(seconds: float) -> str:
    """ "84 ms", "3.2 s", "4 min", "5 h", "12 d": two digits are enough to know."""
    if seconds < 0:
        return f"-{show_duration(-seconds)}"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    for name, size in (("min", 60.0), ("h", 3600.0)):
        if seconds < size * (60 if name == "min" else 48):
            return f"{seconds / size:.0f} {name}"
    return f"{seconds / 86_400:.0f} d"


class DurationType(click.ParamType[float]):
    """A click parameter: seconds, as a float."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds; a number is taken as it is."""
        if isinstance(value, (int, float)):
            return float(value)
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class MomentType(click.ParamType[datetime]):
    """A click parameter: a moment, in UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment; durations are counted back from now."""
        if isinstance(value, datetime):
            return value
        try:
            return parse_moment(value, datetime.now(UTC))
        except ValueError as error:
            self.fail(str(error), param, ctx)


DURATION = DurationType()
MOMENT = MomentType()
