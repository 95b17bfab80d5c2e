"""Where moving sensors are: along a closed line of way points, at a steady speed. Pure."""

import math
from collections.abc import Sequence

from wire.codec import Position

_EARTH_M = 6_371_000.0

# a round through the port of Hamburg (latitude, longitude)
HAMBURG: tuple[tuple[float, float], ...] = (
    (53.5436, 9.9663),
    (53.5402, 9.9860),
    (53.5310, 9.9952),
    (53.5195, 9.9871),
    (53.5178, 9.9542),
    (53.5297, 9.9340),
    (53.5409, 9.9428),
)


class Track:
    """`at(seconds)` gives the position after that time."""

    def __init__(
        self, way_points: Sequence[tuple[float, float]], speed_m_s: float, start_m: float = 0.0
    ) -> None:
        self._legs = list(zip(way_points, [*way_points[1:], way_points[0]], strict=True))
        self._lengths = [_distance_m(a, b) for a, b in self._legs]
        self._round_m = sum(self._lengths)
        self._speed_m_s = speed_m_s
        self._start_m = start_m

    def at(self, seconds: float) -> Position:
        """Between two way points in a straight line, which is good enough over a few kilometres."""
        along = (self._start_m + seconds * self._speed_m_s) % self._round_m
        for (a, b), length in zip(self._legs, self._lengths, strict=True):
            if along <= length:
                share = along / length
                return Position(a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), 8.0, 2.5)
            along -= length
        return Position(*self._legs[0][0], 8.0, 2.5)


def _distance_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    north = math.radians(b[0] - a[0])
    east = math.radians(b[1] - a[1]) * math.cos(math.radians((a[0] + b[0]) / 2))
    return _EARTH_M * math.hypot(north, east)
