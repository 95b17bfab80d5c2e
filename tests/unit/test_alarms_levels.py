"""A value's levels: deadbands, delays, restarts."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from alarms.levels import Change, LevelEvaluation
from alarms.rules import Level, Levels

LEVELS: Final = Levels(
    high_high=Level(limit=10, deadband=2, severity=800),
    high=Level(limit=5, deadband=1, severity=500),
    low=Level(limit=-5, deadband=1, severity=500),
    low_low=Level(limit=-10, deadband=2, severity=800),
).given()
HIGH: Final = {"high": LEVELS["high"]}
# On quarters, so that limits and edges of deadbands are hit exactly.
VALUES: Final = st.integers(-50, 50).map(lambda quarters: quarters / 4)
SERIES: Final = st.lists(st.tuples(st.integers(1, 8), VALUES), max_size=40)
DELAYS: Final = st.sampled_from([0, 1, 3, 10])


def changes(evaluation: LevelEvaluation, observations: Iterable[tuple[int, float]]) -> list[Change]:
    found = (evaluation.observe(time_ns, value) for time_ns, value in observations)
    return [change for change in found if change is not None]


def timed(series: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Steps of time as times."""
    time_ns, made = 0, []
    for step, value in series:
        time_ns += step
        made.append((time_ns, value))
    return made


def restarted(evaluation: LevelEvaluation, levels: Mapping[str, Level], on: int, off: int) -> LevelEvaluation:
    return LevelEvaluation(levels, on, off, json.loads(json.dumps(evaluation.kept())))


def test_observe_at_the_limit_is_active_and_within_the_deadband_stays_so() -> None:
    """Over is it below the deadband."""
    evaluation = LevelEvaluation(HIGH, 0, 0)
    assert changes(evaluation, [(1, 4.99), (2, 5.0), (3, 4.0), (4, 6.0), (5, 3.99), (6, 4.5)]) == [
        Change("high", None, 2),
        Change(None, "high", 5),
    ]


def test_observe_of_a_low_level_is_the_mirror_image() -> None:
    """From the limit down."""
    evaluation = LevelEvaluation({"low": LEVELS["low"]}, 0, 0)
    assert changes(evaluation, [(1, -4.99), (2, -5.0), (3, -4.0), (4, -3.99)]) == [
        Change("low", None, 2),
        Change(None, "low", 4),
    ]


def test_observe_shows_the_most_severe_level_and_what_remains_after_it() -> None:
    """Each with its own deadband; from one side to the other in one step, too."""
    evaluation = LevelEvaluation(LEVELS, 0, 0)
    assert changes(evaluation, [(1, 5), (2, 10), (3, 8), (4, 7), (5, 10), (6, -10), (7, 0)]) == [
        Change("high", None, 1),
        Change("high_high", "high", 2),
        Change("high", "high_high", 4),
        Change("high_high", "high", 5),
        Change("low_low", "high_high", 6),
        Change(None, "low_low", 7),
    ]


def test_active_of_equal_severities_is_the_level_further_out() -> None:
    """Whatever the order in which they are given; where one ranks, severity does."""
    same = {name: level.model_copy(update={"severity": 500}) for name, level in LEVELS.items()}
    for levels in (same, dict(reversed(same.items()))):
        evaluation = LevelEvaluation(levels, 0, 0)
        evaluation.observe(1, 20)
        assert evaluation.active == "high_high"
    turned = {**HIGH, "high_high": Level(limit=10, severity=100)}
    evaluation = LevelEvaluation(turned, 0, 0)
    evaluation.observe(1, 20)
    assert evaluation.active == "high"


def test_levels_of_other_names_are_high_ones() -> None:
    """The zones of a machine."""
    zones = {"D": Level(limit=4.5, severity=800), "C": Level(limit=2.8, severity=500)}
    evaluation = LevelEvaluation(zones, 0, 0)
    assert changes(evaluation, [(1, 3.0), (2, 5.0)]) == [Change("C", None, 1), Change("D", "C", 2)]


def test_on_delay_is_over_at_the_observation_that_shows_it() -> None:
    """Counted from the first value at the limit; the gap in between resets nothing."""
    evaluation = LevelEvaluation(HIGH, 10, 0)
    assert changes(evaluation, [(100, 5), (109, 5), (150, 5)]) == [Change("high", None, 150)]
    exact = LevelEvaluation(HIGH, 10, 0)
    assert changes(exact, [(100, 5), (110, 5)]) == [Change("high", None, 110)]


def test_on_delay_goes_on_within_the_deadband_and_is_broken_off_below_it() -> None:
    """A value that was back at the next observation was never active, however long the gap."""
    evaluation = LevelEvaluation(HIGH, 10, 0)
    assert changes(evaluation, [(100, 5), (105, 4.5), (110, 4.5)]) == [Change("high", None, 110)]
    broken = LevelEvaluation(HIGH, 10, 0)
    assert changes(broken, [(100, 5), (105, 3), (106, 5), (112, 5), (500, 3)]) == []


def test_off_delay_goes_on_within_the_deadband_and_is_broken_off_at_the_limit() -> None:
    """The mirror image of the on-delay."""
    evaluation = LevelEvaluation(HIGH, 0, 10)
    assert changes(evaluation, [(1, 5), (100, 3), (105, 4.5), (110, 4.5)]) == [
        Change("high", None, 1),
        Change(None, "high", 110),
    ]
    broken = LevelEvaluation(HIGH, 0, 10)
    assert changes(broken, [(1, 5), (100, 3), (105, 5), (112, 3), (115, 3)]) == [Change("high", None, 1)]


def test_tick_ends_a_delay_without_a_new_value() -> None:
    """The last value still holds; before there is any, nothing does."""
    evaluation = LevelEvaluation(HIGH, 10, 10)
    assert evaluation.tick(50) is None
    evaluation.observe(100, 5)
    ticks = [(evaluation.pending, evaluation.tick(now_ns)) for now_ns in (109, 110, 105, 200)]
    assert ticks == [(True, None), (True, Change("high", None, 110)), (False, None), (False, None)]
    assert evaluation.active == "high"


def test_observe_ignores_what_is_no_number() -> None:
    """It ends no alarm and begins none; an infinite value is beyond every limit."""
    evaluation = LevelEvaluation(HIGH, 0, 0)
    assert changes(evaluation, [(1, math.nan), (2, math.inf), (3, math.nan)]) == [Change("high", None, 2)]
    assert evaluation.active == "high"


def test_observe_ignores_what_is_not_later() -> None:
    """What is read again after a restart was judged already."""
    evaluation = LevelEvaluation(HIGH, 0, 0)
    evaluation.observe(10, 5)
    assert changes(restarted(evaluation, HIGH, 0, 0), [(9, 0), (10, 0), (11, 0)]) == [
        Change(None, "high", 11)
    ]


def test_dirty_is_only_what_a_restart_must_know() -> None:
    """A delay that begins or is broken off, a level that changes; not each observation."""
    evaluation = LevelEvaluation(HIGH, 10, 0)
    seen = []
    for time_ns, value in [(1, 0), (2, 5), (3, 6), (4, 3), (5, 5), (15, 5), (16, 9), (17, 3)]:
        evaluation.observe(time_ns, value)
        seen.append(evaluation.dirty)
        if evaluation.dirty:
            evaluation.kept()
    assert seen == [False, True, False, True, True, True, False, True]


def test_kept_of_levels_that_are_gone_is_ignored_level_by_level() -> None:
    """The others go on."""
    evaluation = LevelEvaluation(LEVELS, 0, 0)
    evaluation.observe(1, 20)
    after = restarted(evaluation, {**HIGH, "low": LEVELS["low"]}, 0, 0)
    assert after.active == "high"
    assert after.observe(2, 0) == Change(None, "high", 2)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 8), st.floats(4, 5, exclude_max=True)), max_size=40), DELAYS, DELAYS)
def test_chattering_within_the_deadband_changes_nothing(
    series: list[tuple[int, float]], on: int, off: int
) -> None:
    """Neither what is active nor what is not."""
    before = LevelEvaluation(HIGH, on, off)
    before.observe(0, 0)
    assert changes(before, timed(series)) == []
    assert not before.dirty
    active = LevelEvaluation(HIGH, 0, off)
    active.observe(0, 5)
    active.kept()
    assert changes(active, timed(series)) == []
    assert not active.dirty


@settings(max_examples=200, deadline=None)
@given(SERIES, DELAYS, DELAYS, st.integers(0, 40), st.integers(0, 5))
def test_a_restart_at_any_point_gives_the_same_changes(
    series: list[tuple[int, float]], on: int, off: int, at: int, again: int
) -> None:
    """Also where some observations are read again."""
    observations = timed(series)
    through = changes(LevelEvaluation(LEVELS, on, off), observations)
    first = LevelEvaluation(LEVELS, on, off)
    parted = changes(first, observations[:at])
    parted += changes(restarted(first, LEVELS, on, off), observations[max(0, at - again) :])
    assert parted == through


@settings(max_examples=200, deadline=None)
@given(SERIES, DELAYS, DELAYS)
def test_a_crash_goes_on_from_what_was_kept_while_dirty(
    series: list[tuple[int, float]], on: int, off: int
) -> None:
    """So it is enough to write when something must be: what came since changed nothing."""
    evaluation = LevelEvaluation(LEVELS, on, off)
    state = json.dumps(evaluation.kept())
    for time_ns, value in timed(series):
        crashed = LevelEvaluation(LEVELS, on, off, json.loads(state))
        change = evaluation.observe(time_ns, value)
        assert crashed.observe(time_ns, value) == change
        if evaluation.dirty:
            state = json.dumps(evaluation.kept())


@settings(max_examples=200, deadline=None)
@given(SERIES, DELAYS, DELAYS)
def test_observe_gives_what_the_definition_gives(series: list[tuple[int, float]], on: int, off: int) -> None:
    """By an independent reference that looks back over everything each time."""
    evaluation = LevelEvaluation(LEVELS, on, off)
    observations = timed(series)
    assert [evaluation.observe(*one) for one in observations] == _reference(LEVELS, on, off, observations)


def _reference(
    levels: Mapping[str, Level], on: int, off: int, observations: Sequence[tuple[int, float]]
) -> list[Change | None]:
    found: list[Change | None] = []
    before = None
    for index, (time_ns, _) in enumerate(observations):
        active = [name for name in levels if _is_active(levels[name], "low" in name, on, off, observations[: index + 1])]  # fmt: skip
        shown = max(active, key=lambda name: levels[name].severity, default=None)
        found.append(None if shown == before else Change(shown, before, time_ns))
        before = shown
    return found


def _is_active(level: Level, low: bool, on: int, off: int, observations: Sequence[tuple[int, float]]) -> bool:
    sign = -1 if low else 1
    limit = sign * level.limit
    active = beyond = False
    history: list[tuple[int, bool]] = []
    for time_ns, value in observations:
        if sign * value >= limit:
            beyond = True
        elif sign * value < limit - level.deadband:
            beyond = False
        history.append((time_ns, beyond))
        # for how long it has been on this side: back to the first observation of the last run
        run = [at_ns for at_ns, _ in history]
        for back in range(len(history) - 1, -1, -1):
            if history[back][1] != beyond:
                run = [at_ns for at_ns, _ in history[back + 1 :]]
                break
        if time_ns - run[0] >= (on if beyond else off):
            active = beyond
    return active
