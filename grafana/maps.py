"""A map of where things are."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.builders import common, geomap
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.models.common import FrameGeometrySourceMode
from grafana_foundation_sdk.models.dashboard import FieldColorModeId, MatcherConfig
from grafana_foundation_sdk.models.geomap import MapCenterID, TooltipMode

from grafana.columns import Column
from grafana.queries import Query

# The base layer is the server's to choose. Grafana's own default asks a tile server on the internet, which is then told
# where the machines are; grafana/grafana.ini has the coastlines that every Grafana brings along instead, and works without
# a network.
_BASE: Final = common.MapLayerOptions().type("default").name("Base layer")
_SIZE: Final = {"fixed": 7, "min": 2, "max": 15}


def markers(
    title: str,
    says: str,
    query: Query,
    *,
    colour: str,
    empty: str,
    columns: Sequence[Column] = (),
    width: int = 12,
    height: int = 14,
) -> geomap.Panel:
    """A marker for each row, at its columns latitude and longitude (degrees), in the colour of its column `colour`; later
    rows lie on top. Its other columns are shown where one points at it.
    """
    layer = (
        common.MapLayerOptions()
        .type("markers")
        .name("Sensors")
        .tooltip(True)
        .location(
            common.FrameGeometrySource()
            .mode(FrameGeometrySourceMode.COORDS)
            .latitude("latitude")
            .longitude("longitude")
        )
        .config(
            {
                "showLegend": True,
                "style": {
                    "color": {"field": colour, "fixed": "gray"},
                    "opacity": 0.8,
                    "size": _SIZE,
                    "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
                },
            }
        )
    )
    panel = geomap.Panel().title(title).description(says).span(width).height(height).no_value(empty)
    panel.datasource(query.datasource).targets([query]).unit("none")
    panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))  # by value: mappings have colours
    panel.view(geomap.MapViewConfig().id(MapCenterID.FIT).all_layers(True).padding(10).zoom(15))
    panel.basemap(_BASE).layers([layer])
    panel.controls(
        geomap.ControlsOptions()
        .show_zoom(True)
        .mouse_wheel_zoom(True)
        .show_attribution(True)
        .show_scale(True)
    )
    panel.tooltip(geomap.TooltipOptions().mode(TooltipMode.DETAILS))
    for column in columns:
        panel.with_override(MatcherConfig("byName", column.name), column.properties())
    return panel
