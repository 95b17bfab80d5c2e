"""How far a sensor is beyond the border of a geofence. Pure."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from alarms.rules import Geofence

EARTH_RADIUS_M: Final = 6_371_008.8  # the mean radius R1 of IUGG (Moritz, Geodetic Reference System 1980)

_Place = tuple[float, float]  # latitude, longitude in degrees


def distance_outside_m(latitude: float, longitude: float, fence: Geofence) -> float:
    """Metres beyond the border, negative on the side where a sensor is to be; degrees of WGS 84 in.

    The Earth is a sphere here: at most 0.6 % wrong. A polygon's edges are straight lines in latitude and longitude, as
    in GeoJSON (RFC 7946, 3.1.1), the shorter way round where they cross the antimeridian; it does not hold a pole. The
    nearest place of an edge is looked for in an equirectangular projection around the sensor, and the distance to that
    place is by haversine: never too small, and too large by less than 0.1 % up to 100 km away and 60° from the equator.
    """
    place = (latitude, longitude)
    if fence.polygon is not None:
        away_m = min(haversine_m(place, nearest) for nearest in _nearest_of_edges(place, fence.polygon))
        outside_m = -away_m if _inside(place, fence.polygon) else away_m
    elif fence.latitude is not None and fence.longitude is not None and fence.radius_m is not None:
        outside_m = haversine_m(place, (fence.latitude, fence.longitude)) - fence.radius_m
    else:
        raise ValueError("a geofence is a circle or a polygon")
    return outside_m if fence.when == "outside" else -outside_m


def haversine_m(one: _Place, other: _Place) -> float:
    """The great-circle distance in metres."""
    latitude, other_latitude = math.radians(one[0]), math.radians(other[0])
    north, east = other_latitude - latitude, math.radians(other[1] - one[1])
    h = math.sin(north / 2) ** 2 + math.cos(latitude) * math.cos(other_latitude) * math.sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))


def _edges(place: _Place, polygon: Sequence[_Place]) -> Iterator[tuple[_Place, _Place]]:
    """With longitudes relative to the place's; a corner within ±180°, its edge's other end less than 180° from it."""
    corners = [(latitude, math.remainder(longitude - place[1], 360.0)) for latitude, longitude in polygon]
    for one, (latitude, longitude) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if abs(longitude - one[1]) > 180.0:
            longitude += math.copysign(360.0, one[1])
        yield one, (latitude, longitude)


def _inside(place: _Place, polygon: Sequence[_Place]) -> bool:
    """By the number of edges that lie due north (ray casting)."""
    inside = False
    for (latitude, longitude), (next_latitude, next_longitude) in _edges(place, polygon):
        if (longitude > 0) != (next_longitude > 0):
            share = longitude / (longitude - next_longitude)
            if latitude + share * (next_latitude - latitude) > place[0]:
                inside = not inside
    return inside


def _nearest_of_edges(place: _Place, polygon: Sequence[_Place]) -> Iterator[_Place]:
    """Each edge's nearest place."""
    shrink = math.cos(math.radians(place[0]))  # of a degree of longitude
    for (latitude, longitude), (next_latitude, next_longitude) in _edges(place, polygon):
        north, east = next_latitude - latitude, (next_longitude - longitude) * shrink
        length = north * north + east * east
        along = ((place[0] - latitude) * north - longitude * shrink * east) / length if length else 0.0
        along = min(1.0, max(0.0, along))
        yield (
            latitude + along * (next_latitude - latitude),
            place[1] + longitude + along * (next_longitude - longitude),
        )
