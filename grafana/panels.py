"""Panels with what all of them have: a title, what they say, a text where there is nothing, one data source."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol, Self, TypeAlias, TypeVar

from grafana_foundation_sdk.builders import common, logs, timeseries
from grafana_foundation_sdk.builders import stat as stat_panels
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    DataSourceRef,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    LineInterpolation,
    LogsSortOrder,
    SortOrder,
    StackingMode,
    TableAutoCellOptions,
    TableCellHeight,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    MatcherConfig,
    Panel,
    ValueMapping,
)

from grafana import thresholds as limits
from grafana.columns import Column
from grafana.queries import Query

PanelBuilder: TypeAlias = Builder[Panel]


class AnyPanel(Protocol):
    """What the SDK's builders of panels have in common."""

    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: DataSourceRef) -> Self: ...
    def targets(self, targets: list[Builder[Dataquery]]) -> Self: ...
    def span(self, w: int) -> Self: ...
    def height(self, h: int) -> Self: ...
    def no_value(self, no_value: str) -> Self: ...
    def unit(self, unit: str) -> Self: ...
    def decimals(self, decimals: float) -> Self: ...
    def thresholds(self, thresholds: Builder[Any]) -> Self: ...
    def mappings(self, mappings: list[ValueMapping]) -> Self: ...
    def color_scheme(self, color: Builder[Any]) -> Self: ...
    def with_override(self, matcher: MatcherConfig, properties: list[DynamicConfigValue]) -> Self: ...


P = TypeVar("P", bound=AnyPanel)


def framed(
    panel: P,
    title: str,
    says: str,
    queries: Sequence[Query],
    *,
    empty: str,
    width: int,
    height: int,
    unit: str | None = None,
    decimals: int | None = None,
    thresholds: ThresholdsConfig | None = None,
    mappings: Sequence[ValueMapping] = (),
    columns: Sequence[Column] = (),
) -> P:
    """The panel with all of that; thresholds without a colour where there are none."""
    panel.title(title).description(says).span(width).height(height).no_value(empty)
    panel.datasource(queries[0].datasource).targets([*queries])
    panel.thresholds(thresholds or limits.none())
    if unit is not None:
        panel.unit(unit)
    if decimals is not None:
        panel.decimals(decimals)
    if mappings:
        panel.mappings([*mappings])
    for column in columns:
        panel.with_override(MatcherConfig("byName", column.name), column.properties())
    return panel


def stat(
    title: str,
    says: str,
    *queries: Query,
    unit: str,
    empty: str = "–",
    thresholds: ThresholdsConfig | None = None,
    columns: Sequence[Column] = (),
    mappings: Sequence[ValueMapping] = (),
    decimals: int | None = None,
    width: int = 4,
    height: int = 4,
    graph: bool = False,
    fields: str = "",
) -> stat_panels.Panel:
    """The last number of each series or column; `graph`: its course behind it; `fields`: a regular expression of what
    is shown, "" for all numbers.
    """
    panel = framed(
        stat_panels.Panel(),
        title,
        says,
        queries,
        empty=empty,
        width=width,
        height=height,
        unit=unit,
        decimals=decimals,
        thresholds=thresholds,
        mappings=mappings,
        columns=columns,
    )
    panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    panel.graph_mode(BigValueGraphMode.AREA if graph else BigValueGraphMode.NONE)
    panel.color_mode(BigValueColorMode.VALUE)
    return panel.reduce_options(
        common.ReduceDataOptions().values(False).calcs(["lastNotNull"]).fields(fields)
    )


def time_series(
    title: str,
    says: str,
    *queries: Query,
    unit: str,
    empty: str,
    thresholds: ThresholdsConfig | None = None,
    columns: Sequence[Column] = (),
    decimals: int | None = None,
    width: int = 12,
    height: int = 8,
    draw: Literal["line", "bars", "points"] = "line",
    stacked: bool = False,
    label: str = "",
    legend: Sequence[str] = (),
    soft_min: float | None = 0,
    gap_ms: float | None = None,
) -> timeseries.Panel:
    """Over time. `thresholds` are drawn as dashed lines; `legend`: what it says of each series ("lastNotNull", "max");
    `soft_min`: the axis begins here unless a value is lower, None: at the lowest; `gap_ms`: a longer one is not bridged.
    """
    panel = framed(
        timeseries.Panel(),
        title,
        says,
        queries,
        empty=empty,
        width=width,
        height=height,
        unit=unit,
        decimals=decimals,
        thresholds=thresholds,
        columns=columns,
    )
    panel.tooltip(tooltip()).legend(legend_of(legend)).axis_label(label)
    panel.color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
    panel.draw_style(GraphDrawStyle(draw)).line_interpolation(LineInterpolation.LINEAR).line_width(1)
    panel.show_points(VisibilityMode.ALWAYS if draw == "points" else VisibilityMode.NEVER)
    panel.fill_opacity(60 if draw == "bars" else 20 if stacked else 0)
    if stacked:
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    if soft_min is not None:
        panel.axis_soft_min(soft_min)
    if gap_ms is not None:
        panel.insert_nulls(gap_ms)
    if thresholds is not None:
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    return panel


def table(
    title: str,
    says: str,
    *queries: Query,
    empty: str,
    columns: Sequence[Column] = (),
    unit: str = "none",
    width: int = 24,
    height: int = 9,
    sort: str | None = None,
    descending: bool = True,
) -> tables.Panel:
    """Rows; columns by their names in the query. `sort`: by the title of a column, else as the query has them."""
    panel = framed(
        tables.Panel(),
        title,
        says,
        queries,
        empty=empty,
        width=width,
        height=height,
        unit=unit,
        columns=columns,
    )
    panel.show_header(True).cell_height(TableCellHeight.SM).filterable(True)
    panel.cell_options(TableAutoCellOptions())
    if sort is not None:
        panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(descending)])
    return panel


def log_lines(
    title: str, says: str, *queries: Query, empty: str, width: int = 24, height: int = 9
) -> logs.Panel:
    """Lines, the newest first: columns time, message (the first that is text), level, and more to be unfolded."""
    panel = framed(logs.Panel(), title, says, queries, empty=empty, width=width, height=height, unit="none")
    panel.show_time(True).wrap_log_message(True).enable_log_details(True)
    return panel.sort_order(LogsSortOrder.DESCENDING)


def tooltip() -> common.VizTooltipOptions:
    """Of every series at that place, the highest first."""
    return common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)


def legend_of(calculations: Sequence[str]) -> common.VizLegendOptions:
    """Below: names in a line, or a table with these figures of each."""
    legend = common.VizLegendOptions().placement(LegendPlacement.BOTTOM).show_legend(True)
    shape = LegendDisplayMode.TABLE if calculations else LegendDisplayMode.LIST
    return legend.display_mode(shape).calcs([*calculations])
