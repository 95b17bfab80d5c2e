"""Metres beyond the border of a geofence."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alarms.geofence import EARTH_RADIUS_M, distance_outside_m, haversine_m
from alarms.rules import Geofence

DEGREE_M = EARTH_RADIUS_M * math.pi / 180  # of latitude
PLACES = st.tuples(st.floats(-60, 60), st.floats(-180, 180))


def circle(latitude: float, longitude: float, radius_m: float, **other: Any) -> Geofence:
    return Geofence.model_validate(
        {
            "kind": "geofence", "for": {"all": True},
            "latitude": latitude, "longitude": longitude, "radius_m": radius_m, **other,
        }
    )  # fmt: skip


def polygon(*corners: tuple[float, float], **other: Any) -> Geofence:
    return Geofence.model_validate(
        {"kind": "geofence", "for": {"all": True}, "polygon": list(corners), **other}
    )


def square(latitude: float, longitude: float, half: float = 0.1, **other: Any) -> Geofence:
    """Around a place; longitudes are written within ±180°."""
    west, east = (math.remainder(longitude + side, 360) for side in (-half, half))
    south, north = latitude - half, latitude + half
    return polygon((south, west), (south, east), (north, east), (north, west), **other)


def test_distance_of_a_known_pair_of_places() -> None:
    """Munich's and Berlin's town halls are 504 km apart."""
    assert haversine_m((48.1374, 11.5755), (52.5186, 13.4083)) == pytest.approx(504_000, rel=0.005)


def test_distance_of_a_circle_is_from_its_border() -> None:
    """A degree of latitude is 111.2 km; negative inside."""
    fence = circle(48, 11, 1000)
    assert distance_outside_m(49, 11, fence) == pytest.approx(DEGREE_M - 1000)
    assert distance_outside_m(48, 11, fence) == pytest.approx(-1000)
    assert distance_outside_m(0, -179.999, circle(0, 179.999, 1000)) == pytest.approx(0.002 * DEGREE_M - 1000)


def test_distance_of_a_polygon_is_from_its_nearest_edge_or_corner() -> None:
    """North of an edge, beside a corner, and in the middle."""
    fence = square(0, 11)
    assert distance_outside_m(0.3, 11, fence) == pytest.approx(0.2 * DEGREE_M)
    assert distance_outside_m(0.4, 11.5, fence) == pytest.approx(0.5 * DEGREE_M, rel=1e-4)
    assert distance_outside_m(0.0, 11.02, fence) == pytest.approx(-0.08 * DEGREE_M, rel=1e-4)


def test_distance_east_of_a_polygon_shrinks_with_the_latitude() -> None:
    """At 60° a degree of longitude is half of one of latitude."""
    assert distance_outside_m(60, 11.3, square(60, 11)) == pytest.approx(0.1 * DEGREE_M, rel=1e-3)


def test_distance_of_a_polygon_with_a_bay_is_outside_in_the_bay() -> None:
    """Ray casting, not the hull."""
    fence = polygon((0, 0), (0, 3), (3, 3), (3, 2), (1, 2), (1, 1), (3, 1), (3, 0))
    assert distance_outside_m(2, 1.5, fence) == pytest.approx(0.5 * DEGREE_M, rel=1e-2)
    assert distance_outside_m(0.5, 1.5, fence) == pytest.approx(-0.5 * DEGREE_M, rel=1e-2)
    assert distance_outside_m(2, 0.5, fence) < 0


@pytest.mark.parametrize("longitude", [180.0, -180.0, 179.95, -179.95])
def test_distance_of_a_polygon_across_the_antimeridian_is_as_elsewhere(longitude: float) -> None:
    """The shorter way round, on both sides of it."""
    fence, elsewhere = square(10, longitude), square(10, 20)
    for north, east in [(0.0, 0.0), (0.05, 0.06), (0.0, 0.3), (0.0, -0.3), (0.2, 0.01), (-0.3, -0.4)]:
        place = math.remainder(longitude + east, 360)
        expected = distance_outside_m(10 + north, 20 + east, elsewhere)
        assert distance_outside_m(10 + north, place, fence) == pytest.approx(expected, abs=0.01)


def test_distance_with_when_inside_has_the_other_sign() -> None:
    """A place that is not to be entered."""
    for outside, inside in [
        (circle(48, 11, 1000), circle(48, 11, 1000, when="inside")),
        (square(48, 11), square(48, 11, when="inside")),
    ]:
        for place in [(48.0, 11.0), (48.5, 11.0)]:
            assert distance_outside_m(*place, inside) == -distance_outside_m(*place, outside)


@settings(max_examples=200, deadline=None)
@given(PLACES, st.integers(3, 12), st.floats(0, 3), st.floats(0, 360))
def test_distance_of_a_round_polygon_is_between_that_of_the_circles_around_and_in_it(
    centre: tuple[float, float], corners: int, away: float, direction: float
) -> None:
    """Anywhere but near the poles, corners due north and south included."""
    shrink = math.cos(math.radians(centre[0]))

    def at(angle: float, radius: float) -> tuple[float, float]:
        east = centre[1] + radius * math.sin(math.radians(angle)) / shrink
        return centre[0] + radius * math.cos(math.radians(angle)), math.remainder(east, 360)

    radius = 0.1  # degrees: 11 km
    fence = polygon(*(at(360 * corner / corners, radius) for corner in range(corners)))
    place = at(direction, away * radius)
    from_centre = haversine_m(place, centre)
    inner = math.cos(math.pi / corners) * radius * DEGREE_M
    slack = 0.01 * radius * DEGREE_M * (1 + away)
    found = distance_outside_m(*place, fence)
    assert from_centre - radius * DEGREE_M - slack <= found <= from_centre - inner + slack


@pytest.mark.parametrize("turn", range(4))
def test_distance_due_south_of_a_corner_counts_the_corner_once(turn: int) -> None:
    """A ray through a corner: whichever corner the polygon begins with."""
    corners = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)]
    diamond = polygon(*corners[turn:], *corners[:turn])
    assert distance_outside_m(0, 0, diamond) < 0
    assert distance_outside_m(-1.5, 0, diamond) == pytest.approx(0.5 * DEGREE_M)
    assert distance_outside_m(1.5, 0, diamond) == pytest.approx(0.5 * DEGREE_M)
    assert distance_outside_m(-1.5, 1.0, diamond) > 0


def test_distance_of_a_polygon_with_a_corner_twice_is_the_same() -> None:
    """An edge without a length."""
    closed = polygon((0, 0), (0, 1), (1, 1), (1, 0), (0, 0))
    assert distance_outside_m(0.5, 0.5, closed) == distance_outside_m(
        0.5, 0.5, polygon((0, 0), (0, 1), (1, 1), (1, 0))
    )


def test_distance_from_the_other_side_of_the_earth_is_outside() -> None:
    """The polygon lies where longitudes around the place wrap."""
    assert distance_outside_m(0, 180, square(0, 0)) == pytest.approx(179.9 * DEGREE_M, rel=1e-3)
    assert distance_outside_m(0.05, -160, square(0, 20)) == pytest.approx(179.9 * DEGREE_M, rel=1e-3)


@settings(max_examples=50, deadline=None)
@given(
    st.tuples(st.floats(-60, 60), st.floats(-180, 180)),
    st.lists(st.floats(-0.5, 0.5), min_size=6, max_size=6),
)
def test_distance_of_slanted_edges_is_that_of_their_nearest_place(
    place: tuple[float, float], offsets: list[float]
) -> None:
    """By trying a thousand places on each edge: within 0.1 %."""
    corners = [
        (place[0] + north, place[1] + east) for north, east in zip(offsets[::2], offsets[1::2], strict=True)
    ]
    fence = polygon(*((latitude, math.remainder(longitude, 360)) for latitude, longitude in corners))
    nearest = min(
        haversine_m(
            place, (one[0] + step / 1000 * (other[0] - one[0]), one[1] + step / 1000 * (other[1] - one[1]))
        )
        for one, other in zip(corners, [*corners[1:], corners[0]], strict=True)
        for step in range(1001)
    )
    # a step of the search is up to 160 m, its middle up to 80 m beside the nearest place
    assert nearest - 80 <= abs(distance_outside_m(*place, fence)) <= nearest * 1.001
