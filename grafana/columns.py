"""How one field of a panel is shown: a column of a table, or a series of a graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    TableCellOptions,
    TableColoredBackgroundCellOptions,
    TableColorTextCellOptions,
)
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, ValueMapping

from grafana.links import DataLink


@dataclass(frozen=True)
class Column:
    """A field by the name that the query gives it; what is None stays as the panel has it."""

    name: str
    title: str | None = None
    unit: str | None = None
    decimals: int | None = None
    width: int | None = None
    colour: str | None = None  # of a series: fixed
    coloured: Literal["text", "background"] | None = None  # a cell by its thresholds or mappings
    thresholds: ThresholdsConfig | None = None
    mappings: Sequence[ValueMapping] = ()
    links: Sequence[DataLink] = ()
    hidden: bool = False
    custom: tuple[tuple[str, object], ...] = ()  # what else there is under fieldConfig.defaults.custom

    def properties(self) -> list[DynamicConfigValue]:
        """As Grafana's overrides have it."""
        found: list[tuple[str, object]] = [
            ("displayName", self.title),
            ("unit", self.unit),
            ("decimals", self.decimals),
            ("custom.width", self.width),
            ("color", None if self.colour is None else {"mode": "fixed", "fixedColor": self.colour}),
            ("custom.cellOptions", self._cell()),
            ("thresholds", None if self.thresholds is None else self.thresholds.build()),
            ("mappings", list(self.mappings) or None),
            ("links", list(self.links) or None),
            ("custom.hideFrom", {"viz": True, "legend": True, "tooltip": True} if self.hidden else None),
            ("custom.hidden", True if self.hidden else None),  # of a table, before Grafana 12.2
            *((f"custom.{key}", value) for key, value in self.custom),
        ]
        return [DynamicConfigValue(key, value) for key, value in found if value is not None]

    def _cell(self) -> TableCellOptions | None:
        if self.coloured is None:
            return None
        return TableColorTextCellOptions() if self.coloured == "text" else TableColoredBackgroundCellOptions()
