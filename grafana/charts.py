"""Panels whose horizontal axis is no time, or whose values are no numbers."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import barchart, statetimeline, trend
from grafana_foundation_sdk.builders import heatmap as heatmaps
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    HeatmapCellLayout,
    StackingMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import FieldColorModeId, ValueMapping
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode

from grafana.columns import Column
from grafana.panels import framed, legend_of, tooltip
from grafana.queries import Query


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
    panel = framed(
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
    panel.tooltip(tooltip()).legend(legend_of(()))
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
    panel = framed(
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
    panel.x_field(x).tooltip(tooltip()).legend(legend_of(())).axis_label(label)
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
    panel = framed(
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
    panel.x_field(x).orientation(VizOrientation.HORIZONTAL).tooltip(tooltip()).legend(legend_of(()))
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
    panel = framed(heatmaps.Panel(), title, says, [query], empty=empty, width=width, height=height)
    panel.calculate(False).cell_gap(1).show_value(VisibilityMode.NEVER).hide_legend()
    panel.y_axis(heatmaps.YAxisConfig().unit(unit)).cell_values(heatmaps.CellValues().unit("none"))
    panel.rows_frame(heatmaps.RowsHeatmapOptions().layout(HeatmapCellLayout.AUTO))
    colours = heatmaps.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Turbo").steps(64)
    return panel.color(colours).filter_values(heatmaps.FilterValueRange().le(1e-9))
