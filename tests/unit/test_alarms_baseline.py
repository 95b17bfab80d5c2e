"""What is learnt as normal, and how far a value is from it."""

import json
import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alarms.baseline import Baseline, Learnt, operating_state

SECOND = 1_000_000_000


def test_observe_learns_until_both_time_and_values_are_enough() -> None:
    """Then it is frozen, and gives deviations."""
    baseline = Baseline(3 * SECOND, 4)
    found = [
        baseline.observe(time * SECOND, value, SECOND) for time, value in enumerate([1.0, 3, 1, 3, 2, 9])
    ]
    assert found[:4] == [None] * 4
    spread = statistics.stdev([1, 3, 1, 3])
    assert found[4:] == pytest.approx([0.0, 7 / spread])
    assert baseline.frozen()
    long = Baseline(10 * SECOND, 4)
    for time in range(9):
        long.observe(time * SECOND, float(time), SECOND)
    assert not long.frozen()
    assert long.deviation(5.0) is None
    long.observe(9 * SECOND, 9.0, SECOND)
    assert long.frozen()


def test_observe_learns_each_operating_state_by_itself() -> None:
    """One that is new is learnt while another is judged."""
    baseline = Baseline(0, 2)
    baseline.observe(1, 1.0, 1, state=0)
    baseline.observe(2, 3.0, 1, state=0)
    assert baseline.observe(3, 100.0, 1, state=1) is None
    assert baseline.observe(4, 102.0, 1, state=1) is None
    assert baseline.observe(5, 101.0, 1, state=1) == pytest.approx(0)
    assert baseline.observe(6, 2.0, 1, state=0) == pytest.approx(0)
    assert baseline.deviation(2.0, state=1) == pytest.approx(-99 / math.sqrt(2))
    assert baseline.deviation(2.0, state=2) is None


def test_observe_after_it_is_frozen_learns_no_more() -> None:
    """A slow change must not become normal."""
    baseline = Baseline(0, 2)
    baseline.observe(1, 1.0, 1)
    baseline.observe(2, 3.0, 1)
    before = baseline.learnt()
    baseline.kept()
    for time in range(3, 50):
        baseline.observe(time, float(time), 1)
    assert baseline.learnt() == before
    assert not baseline.dirty


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=100))
def test_learnt_is_the_mean_and_standard_deviation_of_the_sample(values: list[float]) -> None:
    """As the statistics module gives them, exactly computed."""
    learnt = Learnt()
    for value in values:
        learnt = learnt.with_value(value, SECOND)
    assert (learnt.count, learnt.measured_ns) == (len(values), len(values) * SECOND)
    assert learnt.mean == pytest.approx(statistics.mean(values), rel=1e-9, abs=1e-6)
    floor = max(1e-9 * abs(learnt.mean), 1e-12)
    assert learnt.standard_deviation == pytest.approx(
        max(statistics.stdev(values), floor), rel=1e-6, abs=1e-6
    )


@pytest.mark.parametrize("mean", [0.0, 5.0, -2e9])
def test_deviation_from_a_value_that_never_changed_is_finite(mean: float) -> None:
    """The standard deviation has a floor: the same value is no deviation, another is a large one."""
    baseline = Baseline(0, 3)
    for time in range(3):
        baseline.observe(time, mean, 1)
    assert baseline.deviation(mean) == 0
    away = baseline.deviation(mean + 10.0)
    assert away is not None
    assert 4 < away < math.inf


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_observe_neither_learns_nor_judges_what_is_no_finite_number(value: float) -> None:
    """One of them would spoil the mean for good."""
    baseline = Baseline(0, 2)
    baseline.observe(1, 1.0, 1)
    baseline.observe(2, value, 1)
    assert baseline.learnt().count == 1
    baseline.observe(3, 3.0, 1)
    assert baseline.observe(4, value, 1) is None


def test_observe_learns_nothing_twice() -> None:
    """What is read again after a restart is not later than what was learnt."""
    baseline = Baseline(0, 10)
    baseline.observe(1, 1.0, 1)
    baseline.observe(2, 2.0, 1)
    after = Baseline(0, 10, json.loads(json.dumps(baseline.kept())))
    after.observe(1, 1.0, 1)
    after.observe(2, 2.0, 1)
    assert not after.dirty
    after.observe(3, 3.0, 1)
    assert (after.learnt().count, after.dirty) == (3, True)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(-100, 100), st.integers(0, 2)), max_size=60), st.integers(0, 60))
def test_a_restart_at_any_point_gives_the_same_deviations(series: list[tuple[float, int]], at: int) -> None:
    """To the last bit, as JSON keeps it."""
    through, first = Baseline(5, 8), Baseline(5, 8)
    expected = [through.observe(time, value, 1, state) for time, (value, state) in enumerate(series)]
    found = [first.observe(time, value, 1, state) for time, (value, state) in enumerate(series[:at])]
    after = Baseline(5, 8, json.loads(json.dumps(first.kept())))
    found += [after.observe(at + time, value, 1, state) for time, (value, state) in enumerate(series[at:])]
    assert found == expected


def test_baseline_of_a_single_value_is_refused() -> None:
    """It has no standard deviation."""
    with pytest.raises(ValueError, match="at least two"):
        Baseline(0, 1)


@pytest.mark.parametrize(("value", "state"), [(-1.0, 0), (0.99, 0), (1.0, 1), (4.0, 1), (5.0, 2), (99.0, 2)])
def test_operating_state_is_how_many_bounds_are_reached(value: float, state: int) -> None:
    """A bound itself is."""
    assert operating_state(value, [1.0, 5.0]) == state
