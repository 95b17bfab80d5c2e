"""What Grafana makes of a query's text before PostgreSQL sees it: variables in the browser, macros in the data source.

After pkg/tsdb/grafana-postgresql-datasource/macros.go, packages/grafana-data/src/datetime/rangeutil.ts and the formats of
packages/grafana-data/src/utils of Grafana 11 and 12, with the data source's setting timescaledb on.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

_VARIABLE: Final = re.compile(r"\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}")
_MACRO: Final = re.compile(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)")
_INTERVAL: Final = re.compile(r"(\d+)(ms|s|m|h|d|w|M|y)")
_SECONDS: Final = {
    "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000,
}  # fmt: skip
# below the first the second is taken, in ms
_ROUNDED: Final = (
    (10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500), (1500, 1000), (3500, 2000),
    (7500, 5000), (12500, 10000), (17500, 15000), (25000, 20000), (45000, 30000), (90000, 60000), (210000, 120000),
    (450000, 300000), (750000, 600000), (1050000, 900000), (1500000, 1200000), (2700000, 1800000),
    (5400000, 3600000), (9000000, 7200000), (16200000, 10800000), (32400000, 21600000), (86400000, 43200000),
    (604800000, 86400000), (1814400000, 604800000), (3628800000, 2592000000),
)  # fmt: skip


class MacroError(Exception):
    """Grafana would refuse the query, or send something that was not meant."""


@dataclass(frozen=True)
class All:
    """A variable of which everything is chosen: its custom value stands in the query as it is."""

    raw: str


Value = str | Sequence[str] | All


@dataclass(frozen=True)
class Shown:
    """What a dashboard shows: the span, the variables' values, and how many points a panel has room for."""

    begin: datetime
    end: datetime
    variables: Mapping[str, Value] = field(default_factory=dict)
    points: int = 1000
    least_interval_ms: int = 1

    @property
    def interval_ms(self) -> int:
        """As Grafana computes `$__interval`."""
        wanted = max(
            (self.end - self.begin) / timedelta(milliseconds=1) / self.points, self.least_interval_ms
        )
        return max(
            self.least_interval_ms, next((to for below, to in _ROUNDED if wanted < below), 31_536_000_000)
        )

    def query(self, text: str) -> str:
        """What PostgreSQL gets. MacroError."""
        return self._macros(self.interpolated(text))

    def interpolated(self, text: str) -> str:
        """With values in place of variables: the browser's part. What is no variable stays. MacroError."""

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2] or match[4]
            how = match[3] or match[6]
            built_in = {
                "__interval": _hms(self.interval_ms),
                "__interval_ms": str(self.interval_ms),
                "__from": str(round(self.begin.timestamp() * 1000)),
                "__to": str(round(self.end.timestamp() * 1000)),
            }
            if name in built_in:
                return built_in[name]
            if name in self.variables:
                return _formatted(name, self.variables[name], how)
            if match[0].startswith(("${", "[[")):
                raise MacroError(f"no variable {name}")
            return match[0]

        return _VARIABLE.sub(value, text)

    def _macros(self, text: str) -> str:
        def expanded(match: re.Match[str]) -> str:
            name, arguments = match[1], [one.strip(" ") for one in match[2].split(",")]
            if name == "__timeGroup" and text[match.end() : match.end() + 1] == ",":
                name = "__timeGroupAlias"  # as before Grafana 5.3
            if name not in _MACROS:
                raise MacroError(f"unknown macro {name!r}")
            return _MACROS[name](self, arguments)

        found = _MACRO.sub(expanded, text)
        if left := re.search(r"\$__\w+|\$\{", found):
            raise MacroError(f"{left[0]} is left as it is")
        return found


def _formatted(name: str, value: Value, how: str | None) -> str:
    if isinstance(value, All):
        return value.raw
    several = [value] if isinstance(value, str) else [*value]
    if how == "sqlstring":
        return ",".join(f"'{one.replace(chr(39), chr(39) * 2)}'" for one in several)
    # without a format a single value stands there unquoted, and anybody's link could be SQL
    raise MacroError(f"variable {name} as {how or 'it is'}: write ${{{name}:sqlstring}}")


def _hms(milliseconds: int) -> str:
    """The largest unit of which there is at least one."""
    seconds = milliseconds / 1000
    for unit in ("y", "d", "h", "m", "s"):
        if seconds >= _SECONDS[unit]:
            return f"{int(seconds // _SECONDS[unit])}{unit}"
    return f"{milliseconds}ms"


def _rfc3339(time: datetime) -> str:
    text = time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
    return f"{text}Z"


def _group(_: Shown, arguments: Sequence[str]) -> str:
    if len(arguments) < 2:
        raise MacroError("__timeGroup needs time column and interval")
    match = _INTERVAL.fullmatch(arguments[1].strip("'"))
    if match is None:
        raise MacroError(f"error parsing interval {arguments[1]}")
    return f"time_bucket('{int(match[1]) * _SECONDS[match[2]]:.3f}s',{arguments[0]})"


_MACROS: Final[Mapping[str, Callable[[Shown, Sequence[str]], str]]] = {
    "__time": lambda _, a: f'{a[0]} AS "time"',
    "__timeEpoch": lambda _, a: f'extract(epoch from {a[0]}) as "time"',
    "__timeFilter": lambda s, a: f"{a[0]} BETWEEN '{_rfc3339(s.begin)}' AND '{_rfc3339(s.end)}'",
    "__timeFrom": lambda s, _: f"'{_rfc3339(s.begin)}'",
    "__timeTo": lambda s, _: f"'{_rfc3339(s.end)}'",
    "__timeGroup": _group,
    "__timeGroupAlias": lambda s, a: f'{_group(s, a)} AS "time"',
    "__unixEpochFilter": lambda s, a: (
        f"{a[0]} >= {int(s.begin.timestamp())} AND {a[0]} <= {int(s.end.timestamp())}"
    ),
    "__unixEpochFrom": lambda s, _: str(int(s.begin.timestamp())),
    "__unixEpochTo": lambda s, _: str(int(s.end.timestamp())),
}
