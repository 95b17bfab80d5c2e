"""A dashboard with what all of them have, and its text."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    Row,
    TimePicker,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

from grafana.links import TAG, dropdown
from grafana.panels import PanelBuilder

_REFRESH: Final = ["5s", "10s", "30s", "1m", "5m", "15m", "1h"]


@dataclass(frozen=True)
class Section:
    """Panels under one heading; they fill lines of 24 columns in their order."""

    title: str
    panels: Sequence[PanelBuilder]


def dashboard(
    title: str,
    uid: str,
    says: str,
    sections: Sequence[Section],
    *,
    span: str = "now-1h",
    refresh: str = "30s",
    variables: Sequence[Builder[models.VariableModel]] = (),
    annotations: Sequence[AnnotationQuery] = (),
) -> models.Dashboard:
    """Panels are numbered in their order, from 1. `span`: what is shown to begin with, until now."""
    builder = Dashboard(title).uid(uid).description(says).tags([TAG]).timezone("browser").editable()
    builder.time(span, "now").refresh(refresh).timepicker(TimePicker().refresh_intervals(_REFRESH))
    builder.tooltip(DashboardCursorSync.TOOLTIP).link(dropdown())
    builder.variables([*variables]).annotations([*annotations])
    for section in sections:
        builder.with_row(Row(section.title))
        for panel in section.panels:
            builder.with_panel(panel)
    built = builder.build()
    for number, panel_or_row in enumerate(built.panels or [], 1):
        panel_or_row.id_val = number
    return built


def text(one: models.Dashboard) -> str:
    """As it is committed: JSON with a line for each value."""
    plain: dict[str, Any] = json.loads(json.dumps(one, cls=JSONEncoder))
    for variable in plain["templating"]["list"]:
        variable.pop("definition", None)  # the query once more, for the list of variables
        if variable["type"] != "interval":
            for name in ("auto", "auto_min", "auto_count"):
                variable.pop(name, None)
    for panel in plain["panels"]:
        if panel["type"] == "table":
            panel["options"].pop("footer", None)  # a column's, since Grafana 12.2
    return json.dumps(_without_placement(plain), indent=2, ensure_ascii=False) + "\n"


def _without_placement(value: Any) -> Any:
    """The SDK would hide every link and annotation in a menu."""
    if isinstance(value, dict):
        return {
            key: _without_placement(one)
            for key, one in value.items()
            if (key, one) != ("placement", "inControlsMenu")
        }
    if isinstance(value, list):
        return [_without_placement(one) for one in value]
    return value
