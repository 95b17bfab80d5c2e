"""Prometheus' queries of the committed dashboards, and what Grafana makes of them before Prometheus sees them.

After packages/grafana-prometheus/src/datasource.ts and pkg/promlib/models/query.go of Grafana 11 and 12.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import yaml

from stack.prometheus import CONFIGURATION
from stack.servers import REPOSITORY
from tests.integration.grafana_macros import MacroError, Shown

# What the data source is told: the scrape interval of prometheus.yml.
SCRAPE_S: Final = int(
    yaml.safe_load(CONFIGURATION.read_text())["global"]["scrape_interval"].removesuffix("s")
)
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)")
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600}
_SPECIAL: Final = re.compile(r"[\\^$.*+?()[\]{}|/]")  # in a regular expression


class Asked(NamedTuple):
    """One Prometheus query of a panel."""

    dashboard: str
    panel: str
    ref: str
    expression: str
    legend: str
    instant: bool
    interval_s: int  # the least that the panel wants

    @property
    def name(self) -> str:
        return f"{self.dashboard}: {self.panel} {self.ref}"


@dataclass(frozen=True)
class All:
    """Everything of a variable is chosen; its custom value stands in the query as it is."""

    raw: str = ".*"


def asked() -> Iterator[Asked]:
    """Every query of every dashboard, in their order."""
    for name, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            interval = re.fullmatch(r"(\d+)([smh])", panel.get("interval") or "0s")
            assert interval, f"{name}: {panel['title']} wants the interval {panel['interval']}"
            least_s = int(interval[1]) * _UNITS_S[interval[2]]
            for target in panel.get("targets") or []:
                if target["datasource"]["type"] == "prometheus":
                    instant = bool(target.get("instant"))
                    legend = target.get("legendFormat") or ""
                    yield Asked(
                        name, panel["title"], target["refId"], target["expr"], legend, instant, least_s
                    )


def variables() -> Iterator[tuple[str, str]]:
    """(dashboard and variable, query) of each variable that asks Prometheus."""
    for name, dashboard in dashboards().items():
        for variable in (dashboard.get("templating") or {}).get("list") or []:
            if variable["type"] == "query" and variable["datasource"]["type"] == "prometheus":
                yield f"{name}: {variable['name']}", variable["query"]


def dashboards() -> Mapping[str, Any]:
    """File name without .json → what is in it."""
    return {
        file.stem: json.loads(file.read_text())
        for file in sorted((REPOSITORY / "grafana/dashboards").glob("*.json"))
    }


def step_s(one: Asked, shown: Shown) -> int:
    """Between two points, which is `$__interval`, too."""
    return math.ceil(max(shown.interval_ms / 1000, one.interval_s, SCRAPE_S))


def expanded(one: Asked, shown: Shown, chosen: Mapping[str, Sequence[str] | All]) -> str:
    """What Prometheus gets. MacroError where Grafana would leave something as it is."""
    interval_s, range_s = step_s(one, shown), round((shown.end - shown.begin).total_seconds())
    built_in = {
        "__interval": f"{interval_s}s",
        "__interval_ms": str(interval_s * 1000),
        "__rate_interval": f"{max(interval_s + SCRAPE_S, 4 * SCRAPE_S)}s",
        "__range": f"{range_s}s",
        "__range_s": str(range_s),
    }

    def value(match: re.Match[str]) -> str:
        name, how = match[1] or match[3], match[2]
        if name in built_in:
            return built_in[name]
        if name not in chosen:
            raise MacroError(f"no variable {name}")
        if how != "regex":  # otherwise a dot of a value means any character, and several are {a,b}
            raise MacroError(f"variable {name} as {how or 'it is'}: write ${{{name}:regex}}")
        values = chosen[name]
        if isinstance(values, All):
            return values.raw
        escaped = [_SPECIAL.sub(r"\\\\\g<0>", one) for one in values]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"

    return _VARIABLE.sub(value, one.expression)


_NO_METRICS: Final = re.compile(
    r"""\{[^}]*\}                                                  # matchers
      | \[[^]]*\]                                                  # spans
      | \b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)
      | \b[a-zA-Z_]\w*(?=\s*\()                                   # functions
      | \b(?:sum|min|max|count|avg|topk|quantile)\b(?=\s+(?:by|without)\b)
      | \b(?:and|or|unless|bool|offset)\b
      | \b\d[\w.]*                                                  # numbers and durations
    """,
    re.VERBOSE,
)


def metrics(expression: str) -> set[str]:
    """The metrics that PromQL asks for."""
    without_text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    # aggregations before what they are by
    return set(re.findall(r"[a-zA-Z_:][\w:]*", _NO_METRICS.sub(" ", without_text)))
