"""How many alarms people are told of at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alarms.flood import Flood

SECOND = 1_000_000_000


def test_allow_is_up_to_the_limit_in_a_period_and_again_when_it_has_slid_on() -> None:
    """The rest is counted."""
    flood = Flood(3, 10.0)
    assert [flood.allow(time * SECOND) for time in (0, 4, 5, 6, 9, 10, 11, 14)] == [
        True, True, True, False, False, True, False, True,
    ]  # fmt: skip
    assert flood.held_back == 3


def test_ended_says_once_how_many_were_held_back_when_it_is_quiet() -> None:
    """For one summary."""
    flood = Flood(4, 10.0)
    for _ in range(9):
        flood.allow(0)
    assert flood.ended(9 * SECOND) is None
    assert flood.ended(10 * SECOND) == 5
    assert flood.ended(11 * SECOND) is None
    assert flood.held_back == 0


def test_ended_is_nothing_while_half_the_limit_and_more_still_come() -> None:
    """Those that are held back come, too, and a burst whose period is over says nothing of them."""
    flood = Flood(4, 10.0)
    for time in (0, 0, 0, 0, 5, 5):
        flood.allow(time * SECOND)
    assert flood.ended(10 * SECOND) is None
    flood.allow(12 * SECOND)
    assert flood.ended(15 * SECOND) == 2


def test_ended_without_a_flood_is_nothing() -> None:
    """There is nothing to sum up."""
    flood = Flood(4, 10.0)
    assert flood.allow(0)
    assert flood.ended(100 * SECOND) is None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=80), st.integers(1, 6))
def test_allow_never_exceeds_the_limit_in_any_period_and_counts_every_other(
    steps: list[int], limit: int
) -> None:
    """None is held back without need, and none is neither told nor counted."""
    flood, now, told, summed = Flood(limit, 10.0), 0, list[int](), 0
    for step in steps:
        now += step
        within = sum(now - at < 10 for at in told)
        allowed = flood.allow(now * SECOND)
        assert allowed == (within < limit)
        if allowed:
            told.append(now)
        summed += flood.ended(now * SECOND) or 0
    assert len(told) + flood.held_back + summed == len(steps)


@pytest.mark.parametrize(("limit", "period_s"), [(0, 10.0), (3, 0.0), (3, -1.0)])
def test_flood_without_limit_or_period_is_refused(limit: int, period_s: float) -> None:
    """It would hold back everything, or nothing."""
    with pytest.raises(ValueError, match="at least 1"):
        Flood(limit, period_s)
