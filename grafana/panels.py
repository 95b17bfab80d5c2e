"""Panels with what all of them have: a title, what they say, a text where there is nothing, one data source."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol, Self, TypeAlias, TypeVar

from grafana_foundation_sdk.builders import barchart, common, logs, statetimeline, timeseries, trend
from grafana_foundation_sdk.builders import heatmap as heatmaps
from grafana_foundation_sdk.builders import stat as stat_panels
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.builders import text as texts
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    DataSourceRef,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    HeatmapCellLayout,
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
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    MatcherConfig,
    Panel,
    ValueMapping,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.text import TextMode

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


def _common(
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
    panel = _common(
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
    panel = _common(
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
    panel.tooltip(_tooltip()).legend(_legend(legend)).axis_label(label)
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
    panel = _common(
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
    panel = _common(logs.Panel(), title, says, queries, empty=empty, width=width, height=height, unit="none")
    panel.show_time(True).wrap_log_message(True).enable_log_details(True)
    return panel.sort_order(LogsSortOrder.DESCENDING)


def states(
    title: str,
    says: str,
    *queries: Query,
    empty: str,
    mappings: Sequence[ValueMapping] = (),
    columns: Sequence[Column] = (),
    width: int = 24,
    height: int = 5,
) -> statetimeline.Panel:
    """Text over time, as coloured bars."""
    panel = _common(
        statetimeline.Panel(),
        title,
        says,
        queries,
        empty=empty,
        width=width,
        height=height,
        unit="none",
        mappings=mappings,
        columns=columns,
    )
    panel.tooltip(_tooltip()).legend(_legend(()))
    panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    return panel.merge_values(True).row_height(0.8)


def curve(
    title: str,
    says: str,
    *queries: Query,
    x: str,
    unit: str,
    empty: str,
    columns: Sequence[Column] = (),
    width: int = 12,
    height: int = 8,
    label: str = "",
) -> trend.Panel:
    """Numbers over another one, `x`, which ascends: a spectrum."""
    panel = _common(
        trend.Panel(),
        title,
        says,
        queries,
        empty=empty,
        width=width,
        height=height,
        unit=unit,
        columns=columns,
    )
    panel.x_field(x).tooltip(_tooltip()).legend(_legend(())).axis_label(label)
    panel.color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
    return panel.line_width(1).fill_opacity(10).show_points(VisibilityMode.NEVER)


def bars(
    title: str,
    says: str,
    *queries: Query,
    x: str,
    unit: str,
    empty: str,
    thresholds: ThresholdsConfig | None = None,
    columns: Sequence[Column] = (),
    width: int = 12,
    height: int = 8,
    stacked: bool = False,
) -> barchart.Panel:
    """Horizontal bars, one for each row, named by its column `x`."""
    panel = _common(
        barchart.Panel(),
        title,
        says,
        queries,
        empty=empty,
        width=width,
        height=height,
        unit=unit,
        thresholds=thresholds,
        columns=columns,
    )
    panel.x_field(x).orientation(VizOrientation.HORIZONTAL).tooltip(_tooltip()).legend(_legend(()))
    panel.stacking(StackingMode.NORMAL if stacked else StackingMode.NONE)
    return panel.show_value(VisibilityMode.AUTO).fill_opacity(80)


def heatmap(
    title: str,
    says: str,
    query: Query,
    *,
    unit: str,
    empty: str,
    width: int = 12,
    height: int = 8,
) -> heatmaps.Panel:
    """How often each span of values was counted, over time; `query`: of queries.buckets, `unit`: of its bounds."""
    panel = _common(heatmaps.Panel(), title, says, [query], empty=empty, width=width, height=height)
    panel.calculate(False).cell_gap(1).show_value(VisibilityMode.NEVER).hide_legend()
    panel.y_axis(heatmaps.YAxisConfig().unit(unit)).cell_values(heatmaps.CellValues().unit("none"))
    panel.rows_frame(heatmaps.RowsHeatmapOptions().layout(HeatmapCellLayout.AUTO))
    colours = heatmaps.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Turbo").steps(64)
    return panel.color(colours).filter_values(heatmaps.FilterValueRange().le(1e-9))


def note(content: str, *, width: int = 24, height: int = 3) -> texts.Panel:
    """Markdown, without a query."""
    return texts.Panel().mode(TextMode.MARKDOWN).content(content).span(width).height(height)


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)


def _legend(calculations: Sequence[str]) -> common.VizLegendOptions:
    legend = common.VizLegendOptions().placement(LegendPlacement.BOTTOM).show_legend(True)
    shape = LegendDisplayMode.TABLE if calculations else LegendDisplayMode.LIST
    return legend.display_mode(shape).calcs([*calculations])
