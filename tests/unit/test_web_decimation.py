"""Samples become bins on one grid, whatever batches they come in."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.live_frames import Picture, decode
from web import frames, ladder
from web.decimation import Bins, Grid, Values, merged, widened
from web.level import Level

START_NS = 1_700_000_000 * 10**9
MS = 10**6


class Batch(NamedTuple):
    start_ns: int
    frequency_hz: float
    samples: Values

    @property
    def times_ns(self) -> list[int]:
        return [self.start_ns + round(i * 1e9 / self.frequency_hz) for i in range(len(self.samples))]


def batch(start_ms: float, frequency_hz: float, count: int, seed: int = 1) -> Batch:
    samples = np.random.default_rng(seed).normal(size=count).astype(np.float32)
    return Batch(START_NS + round(start_ms * MS), frequency_hz, samples)


def following(frequency_hz: float, *counts: int, start_ms: float = 0.0) -> list[Batch]:
    """Batches without a gap."""
    made, at = [], 0
    for count in counts:
        made.append(batch(start_ms + at * 1e3 / frequency_hz, frequency_hz, count, seed=at))
        at += count
    return made


def add(level: Level, one: Batch, *, live: bool = True) -> None:
    grid = Grid(one.start_ns, one.frequency_hz, len(one.samples), level.step_ns)
    level.add(grid, one.samples, live=live)


def naive(batches: Sequence[Batch], step_ns: int) -> dict[int, tuple[float, float]]:
    """Sample by sample."""
    found: dict[int, tuple[float, float]] = {}
    for one in batches:
        for time_ns, value in zip(one.times_ns, one.samples.tolist(), strict=True):
            low, high = found.get(time_ns // step_ns, (value, value))
            found[time_ns // step_ns] = (min(low, value), max(high, value))
    return found


def as_dict(bins: Bins, step_ns: int) -> dict[int, tuple[float, float]]:
    assert (np.diff(bins.times_ns) > 0).all()
    return {
        int(time_ns) // step_ns: (low, high)
        for time_ns, low, high in zip(
            bins.times_ns, bins.minimum.tolist(), bins.maximum.tolist(), strict=True
        )
    }


class Looking:
    """Who looks at a level and applies what is fresh."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.picture = Picture()
        self.fresh = 0

    def look(self, *, all_finished: bool = False) -> None:
        parts, replaced = self.level.fresh(all_finished=all_finished)
        for bins in parts:
            self.fresh += len(bins)
            before = self.level.before(int(bins.times_ns[0]))
            everything = replaced and bins is parts[0]
            for frame in frames.waveform(0, bins, self.level.step_ns, before, everything=everything):
                self.picture.apply(decode(frame.numbered(1)))


@given(
    start=st.integers(0, 10**10),
    frequency=st.sampled_from([400.0, 1000.0, 3333.3, 25_600.0, 44_100.0]),
    counts=st.lists(st.integers(1, 700), min_size=1, max_size=6),
    step_ms=st.sampled_from([5, 10, 20, 50, 1000]),
)
def test_level_however_samples_are_cut_into_batches_has_the_bins_of_all_samples(
    start: int, frequency: float, counts: list[int], step_ms: int
) -> None:
    """Bins lie on an absolute grid, so what a batch's borders are does not show."""
    batches = [one._replace(start_ns=one.start_ns + start) for one in following(frequency, *counts)]
    step_ns = step_ms * MS
    level = Level(step_ns, 10**15)
    for one in batches:
        add(level, one)
    assert as_dict(level.held, step_ns) == naive(batches, step_ns)


@given(
    order=st.permutations(range(6)),
    looks=st.lists(st.booleans(), min_size=6, max_size=6),
    frequency=st.sampled_from([100.0, 1000.0]),
)
def test_fresh_while_batches_come_late_and_twice_adds_up_to_all_that_is_held(
    order: list[int], looks: list[bool], frequency: float
) -> None:
    """Whoever applies what is fresh, each time or now and then, knows what the level knows."""
    batches = following(frequency, *[37] * 6)
    looking = Looking(Level(10 * MS, 10**12))
    newest = -1
    for at, look in zip([*order, *order[:2]], [*looks, True, True], strict=True):
        add(looking.level, batches[at], live=at > newest)
        newest = max(newest, at)
        if look:
            looking.look(all_finished=at % 2 == 0)
    looking.look(all_finished=True)
    seen = batches[order[0] :] if order[0] else batches
    first_ns = batches[order[0]].start_ns
    held = looking.level.held
    if frequency == 100.0:  # a sample each 10 ms: they stay what they are
        assert looking.picture.points == {
            int(time_ns) // 1000: value
            for time_ns, value in zip(held.times_ns, held.minimum.tolist(), strict=True)
        }
    else:
        assert looking.picture.bins == as_dict(held, 10 * MS)
        after = {k: v for k, v in naive(seen, 10 * MS).items() if k * 10 * MS > first_ns}
        assert {k: looking.picture.bins[k] for k in after} == after


def test_fresh_gives_a_bin_only_when_a_sample_after_it_is_due() -> None:
    """Else a page would draw a bin's first half, and soon again."""
    looking = Looking(Level(10 * MS, 10**12))
    first, second = following(1000.0, 15, 15)
    add(looking.level, first)
    looking.look()
    assert list(looking.picture.bins) == [START_NS // (10 * MS)]
    add(looking.level, second)
    looking.look()
    assert looking.picture.bins == naive([first, second], 10 * MS)
    assert looking.fresh == 3


def test_fresh_of_a_sensor_that_is_silent_gives_the_last_bin_and_gives_it_again() -> None:
    """What was measured before it fell asleep is seen; a bin that goes on after all is corrected, twice if need be."""
    looking = Looking(Level(100 * MS, 10**12))
    batches = following(1000.0, 130, 20, 20, 100)
    for one in batches:
        add(looking.level, one)
        looking.look(all_finished=one is batches[0])
    looking.look(all_finished=True)
    assert looking.picture.bins == naive(batches, 100 * MS)


def test_level_whose_sensor_pauses_has_no_bins_there_and_a_page_sees_the_gap() -> None:
    """Neither invented values nor a frame full of nothing."""
    looking = Looking(Level(10 * MS, 10**12))
    batches = [batch(0, 1000.0, 100), batch(300, 1000.0, 100), batch(9000, 1000.0, 100)]
    for one in batches:
        add(looking.level, one)
    looking.look(all_finished=True)
    assert looking.picture.bins == naive(batches, 10 * MS)
    assert looking.picture.messages == 2


def test_level_of_few_samples_keeps_them_as_they_are_and_says_where_some_are_missing() -> None:
    """A bin for each sample would gain nothing, and be empty where the clock jitters."""
    looking = Looking(Level(10 * MS, 10**12))
    first, missing, third = following(100.0, 5, 5, 5)
    jittered = third._replace(start_ns=third.start_ns + 3 * MS)
    add(looking.level, first)
    looking.look()
    add(looking.level, jittered)
    looking.look()
    assert looking.picture.gaps == 1
    assert sorted(looking.picture.points) == [
        time_ns // 1000 for time_ns in first.times_ns + jittered.times_ns
    ]
    add(looking.level, missing, live=False)
    looking.look()
    assert len(looking.picture.points) == 15
    assert looking.picture.gaps == 1


def test_level_whose_sample_frequency_changes_holds_both_kinds() -> None:
    """From bins to single samples and back, each by its time."""
    looking = Looking(Level(10 * MS, 10**12))
    batches = [batch(0, 1000.0, 100), batch(100, 50.0, 10), batch(300, 2000.0, 100)]
    for one in batches:
        add(looking.level, one)
        looking.look()
    looking.look(all_finished=True)
    assert looking.picture.bins == naive([batches[0], batches[2]], 10 * MS)
    assert sorted(looking.picture.points) == [time_ns // 1000 for time_ns in batches[1].times_ns]
    assert looking.picture.gaps == 0


def test_level_whose_sensor_clock_is_set_back_replaces_what_was_to_come() -> None:
    """Samples of the time that was left do not stay in the picture's future."""
    looking = Looking(Level(10 * MS, 10**12))
    before, after = batch(0, 1000.0, 5000), batch(2000, 1000.0, 100)
    add(looking.level, before)
    looking.look()
    add(looking.level, after)
    looking.look(all_finished=True)
    assert looking.picture.replaced == 1
    kept = before._replace(samples=before.samples[:2000])
    assert looking.picture.bins == naive([kept, after], 10 * MS)


def test_level_whose_sensor_clock_is_corrected_a_little_replaces_nothing() -> None:
    """Clocks are: batches that overlap by a few milliseconds are no clock that was set."""
    looking = Looking(Level(10 * MS, 10**12))
    batches = [batch(0, 1000.0, 100), batch(95, 1000.0, 100)]
    for one in batches:
        add(looking.level, one)
        looking.look()
    looking.look(all_finished=True)
    assert looking.picture.replaced == 0
    assert looking.picture.bins == naive(batches, 10 * MS)


def test_level_whose_clock_goes_back_before_everything_goes_on_from_there() -> None:
    """Also by hours, and forwards again."""
    looking = Looking(Level(10 * MS, 10**12))
    batches = [batch(0, 1000.0, 100), batch(-7_200_000, 1000.0, 100)]
    for one in batches:
        add(looking.level, one)
        looking.look(all_finished=True)
    assert looking.picture.bins == naive(batches[1:], 10 * MS)
    later = batch(3_600_000, 1000.0, 100)
    add(looking.level, later)
    looking.look(all_finished=True)
    assert looking.picture.bins.items() >= naive([later], 10 * MS).items()
    assert as_dict(looking.level.held, 10 * MS) == naive([later], 10 * MS)


@pytest.mark.parametrize("frequency_hz", [25_600.0, 150.0])
def test_level_holds_no_more_than_its_reach(frequency_hz: float) -> None:
    """However much comes; a late batch that is older than that is not taken."""
    level = Level(10 * MS, 2_000 * MS)
    batches = following(frequency_hz, *[round(frequency_hz / 2)] * 20)
    for one in batches:
        add(level, one)
        assert len(level) <= 2 * 201
    assert level.length_ns <= 2_000 * MS
    held = len(level)
    add(level, batches[3], live=False)
    assert len(level) == held
    add(level, batch(99_000, frequency_hz, 10), live=False)  # resent, of a clock that was ahead
    assert len(level) == held


def test_level_of_batches_with_gaps_everywhere_is_bounded_by_their_number() -> None:
    """A sensor that measures in bursts of one sample fills no memory either."""
    level = Level(10 * MS, 1_000 * MS)
    for i in range(3000):
        add(level, Batch(START_NS + i * 100_000, 3.0, np.ones(1, np.float32)))
    assert len(level) <= 3 * 102


def test_since_gives_what_was_given_and_before_the_one_before() -> None:
    """For who has missed something, or joins: what is fresh later goes on from there."""
    looking = Looking(Level(10 * MS, 10**12))
    first, second = following(1000.0, 95, 100)
    add(looking.level, first)
    looking.look()
    add(looking.level, second)
    since = looking.level.since(START_NS + 50 * MS)
    assert since.times_ns.tolist() == [START_NS + at * MS for at in (50, 60, 70, 80)]
    assert looking.level.before(START_NS + 50 * MS).times_ns.tolist() == [START_NS + 40 * MS]
    assert not len(looking.level.before(START_NS))


def test_widened_bins_are_those_of_the_samples() -> None:
    """Where the wider bins are whole numbers of the others, exactly."""
    batches = following(10_000.0, 3000, 500)
    fine = Level(10 * MS, 10**12)
    for one in batches:
        add(fine, one)
    assert as_dict(widened(fine.held, 50 * MS), 50 * MS) == naive(batches, 50 * MS)
    points = Grid(START_NS, 30.0, 90, 10 * MS).bins(np.arange(90, dtype=np.float32))
    assert widened(points, 20 * MS).times_ns.tolist() == points.times_ns.tolist()
    assert len(widened(points, 100 * MS)) == 30


def test_merged_of_nothing_is_nothing() -> None:
    """No bins, no error."""
    empty = Grid(START_NS, 1000.0, 10, 10 * MS).bins(np.zeros(10, np.float32)).part(0, 0)
    assert len(merged(empty, empty)) == 0


def test_seed_begins_with_what_a_finer_level_knows() -> None:
    """Who chooses a longer span sees at once what there is of it."""
    batches = following(1000.0, 1000, 995)
    fine, coarse = Level(10 * MS, 10**12), Level(50 * MS, 10**12)
    for one in batches:
        add(fine, one)
    coarse.seed(Level(10 * MS, 10**12))
    assert len(coarse) == 0
    coarse.seed(fine)
    add(coarse, (more := following(1000.0, 1995, 100)[1]))
    assert as_dict(coarse.held, 50 * MS) == naive([*batches, more], 50 * MS)


@pytest.mark.parametrize("span_s", [0.1, 0.7, 1.0, 10.0, 60.0, 3600.0])
@pytest.mark.parametrize("columns", [20, 800, 1920, 4000])
def test_rung_gives_as_many_bins_as_columns_and_a_bounded_number(span_s: float, columns: int) -> None:
    """Of each span of a page of any width; coarser ones leave something to see."""
    bins = span_s * 1e9 / ladder.STEPS_NS[ladder.rung(span_s, columns)]
    assert columns <= bins * 1.000001
    assert bins <= min(2.5 * columns, ladder.MOST_BINS) * 1.000001
    coarsest = ladder.rung(span_s, columns) + ladder.coarsest(span_s, columns)
    assert span_s * 1e9 / ladder.STEPS_NS[coarsest] >= 20 * 0.999999
