"""How much a value has changed within a time."""

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alarms.rate import MOST_POINTS, Change

OVER_NS = 1000


def results(change: Change, points: Sequence[tuple[int, float]]) -> list[float | None]:
    return [change.add(time_ns, value) for time_ns, value in points]


def test_add_gives_nothing_until_the_history_spans_the_time() -> None:
    """Then the difference to the value of then."""
    assert results(Change(OVER_NS), [(0, 1.0), (400, 2.0), (999, 4.0), (1000, 5.0)]) == [
        None,
        None,
        None,
        4.0,
    ]


def test_add_interpolates_between_the_points_around_then() -> None:
    """At 1200, the value of 200 is half way from 1 to 2."""
    assert results(Change(OVER_NS), [(0, 1.0), (400, 2.0), (1200, 5.0)])[-1] == 3.5


def test_add_after_a_gap_longer_than_the_time_begins_anew() -> None:
    """A gap just as long does not."""
    points = [(0, 1.0), (1000, 2.0), (2001, 9.0), (3000, 9.0), (3001, 10.0)]
    assert results(Change(OVER_NS), points) == [None, 1.0, None, None, 1.0]


def test_add_before_and_after_a_gap_within_the_time_knows_the_value_before_it() -> None:
    """Although the points before it are closer than a step."""
    change = Change(OVER_NS)
    dense = [(time_ns, float(time_ns)) for time_ns in range(1001)]
    assert results(change, [*dense, (1900, 0.0)])[-1] == pytest.approx(-900, abs=OVER_NS / 60)
    assert change.add(2000, 0.0) == pytest.approx(-1000, abs=1e-9)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_add_ignores_what_is_no_finite_number(value: float) -> None:
    """It is in no history."""
    assert results(Change(OVER_NS), [(0, 1.0), (500, value), (1000, 2.0), (1500, 3.0)]) == [
        None,
        None,
        1.0,
        1.5,
    ]


def test_add_ignores_what_is_not_later() -> None:
    """What is read again after a restart."""
    assert results(Change(OVER_NS), [(0, 1.0), (900, 2.0), (900, 7.0), (0, 7.0), (1000, 3.0)])[-1] == 2.0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([1, 3, 7, 8, 9, 15, 17, 400]), min_size=500, max_size=900))
def test_kept_is_bounded_whatever_comes(steps: list[int]) -> None:
    """However dense the values are."""
    change, time_ns = Change(OVER_NS), 0
    for step in steps:
        time_ns += step
        change.add(time_ns, float(time_ns))
        times = [point[0] for point in change.kept()["points"]]
        assert len(times) <= MOST_POINTS <= 256
        assert all(earlier < later for earlier, later in pairwise(times))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=50, max_size=300), st.floats(-10, 10))
def test_add_of_a_straight_line_is_exact_however_it_is_thinned(steps: list[int], slope: float) -> None:
    """What is interpolated linearly is linear."""
    change, time_ns, first = Change(OVER_NS), 0, steps[0]
    for step in steps:
        time_ns += step
        expected = None if time_ns - first < OVER_NS else pytest.approx(slope * OVER_NS, abs=1e-6)
        assert change.add(time_ns, slope * time_ns) == expected


def test_add_at_a_high_rate_is_off_by_no_more_than_a_step() -> None:
    """A sine with a period of over_ns, against itself shifted."""

    def value(time_ns: float) -> float:
        return math.sin(2 * math.pi * time_ns / 1_000_000)

    change = Change(250_000)
    for time_ns in range(0, 2_000_000, 100):
        found = change.add(time_ns, value(time_ns))
        if time_ns >= 250_000:
            assert found == pytest.approx(value(time_ns) - value(time_ns - 250_000), abs=1e-3)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 300), st.floats(-10, 10)), max_size=60),
    st.integers(0, 60),
    st.integers(0, 5),
)
def test_a_restart_at_any_point_gives_the_same_changes(
    series: list[tuple[int, float]], at: int, again: int
) -> None:
    """Also where some are read again, which give nothing."""
    points, time_ns = [], 0
    for step, value in series:
        time_ns += step
        points.append((time_ns, value))
    through = results(Change(OVER_NS), points)
    first = Change(OVER_NS)
    parted = results(first, points[:at])
    kept = json.loads(json.dumps(first.kept()))
    repeated = points[max(0, at - again) : at]
    after = results(Change(OVER_NS, kept), [*repeated, *points[at:]])
    assert after[: len(repeated)] == [None] * len(repeated)
    assert parted + after[len(repeated) :] == through


def test_kept_of_another_time_is_ignored() -> None:
    """Its steps are others."""
    change = Change(OVER_NS)
    results(change, [(0, 1.0), (1000, 2.0)])
    assert Change(500, change.kept()).add(1100, 3.0) is None


def test_dirty_is_a_step_and_not_each_value() -> None:
    """So the history is not written with each batch."""
    change: Any = Change(1_000_000)
    dirty = 0
    for time_ns in range(0, 1_000_000, 100):
        change.add(time_ns, 0.0)
        dirty += change.dirty
        if change.dirty:
            change.kept()
    assert 100 < dirty <= 240


def test_change_within_no_time_is_refused() -> None:
    """There is none."""
    with pytest.raises(ValueError, match="above 0"):
        Change(0)
