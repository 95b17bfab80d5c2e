"""A channel over time in bins: what falls into which, and what a bin says of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.binning import BatchFeatures, Grid, SampledBatch, of_features, of_samples

START = 1_700_000_000_000_000_000


def sampled(start_ns: int, frequency_hz: float, *values: float) -> SampledBatch:
    return SampledBatch(start_ns, frequency_hz, np.array(values, np.float32))


def test_samples_fall_into_the_bin_that_begins_at_or_before_them() -> None:
    """Least, greatest and RMS of each; nothing is NaN."""
    grid = Grid(START, 10_000_000, 4)
    made = of_samples(grid, [sampled(START, 200, 1, 3, -2, 2)])  # at 0, 5, 10, 15 ms
    np.testing.assert_array_equal(made.minimum, [1, -2, np.nan, np.nan])
    np.testing.assert_array_equal(made.maximum, [3, 2, np.nan, np.nan])
    np.testing.assert_allclose(made.rms, [np.sqrt(5), 2, np.nan, np.nan])


def test_samples_outside_of_the_window_are_left_out() -> None:
    """A batch reaches into it from before, and beyond its end."""
    grid = Grid(START, 10_000_000, 2)
    made = of_samples(grid, [sampled(START - 10_000_000, 100, 9, 1, 2, 9)])
    np.testing.assert_array_equal(made.maximum, [1, 2])


def test_samples_of_batches_that_overlap_are_taken_together() -> None:
    """A clock was set back."""
    grid = Grid(START, 10_000_000, 3)
    batches = [sampled(START, 100, 1, 2, 3), sampled(START + 10_000_000, 100, 5, -5)]
    made = of_samples(grid, batches)
    np.testing.assert_array_equal(made.minimum, [1, 2, -5])
    np.testing.assert_array_equal(made.maximum, [1, 5, 3])


@pytest.mark.parametrize("batches", [[], [sampled(START - 10**9, 100, 1.0)]])
def test_nothing_measured_is_nothing(batches: list[SampledBatch]) -> None:
    """NaN everywhere."""
    assert np.isnan(of_samples(Grid(START, 10, 3), batches)).all()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=200),
    st.integers(1, 50_000_000),
    st.integers(1, 40),
    st.floats(0.5, 5000),
)
def test_bins_are_those_of_a_loop(values: list[float], bin_ns: int, bins: int, frequency_hz: float) -> None:
    """Sample by sample."""
    grid = Grid(START, bin_ns, bins)
    expected: dict[int, list[float]] = {}
    for number, one in enumerate(np.array(values, np.float32).tolist()):
        place = (START + round(number * 1e9 / frequency_hz) - START) // bin_ns
        if place < bins:
            expected.setdefault(place, []).append(one)
    made = of_samples(grid, [sampled(START, frequency_hz, *values)])
    for place in range(bins):
        inside = expected.get(place)
        if inside is None:
            assert np.isnan(made.minimum[place])
        else:
            assert made.minimum[place] == min(inside)
            assert made.maximum[place] == max(inside)
            assert made.rms[place] == pytest.approx(np.sqrt(np.mean(np.square(inside))), rel=1e-9, abs=1e-12)


def test_features_stand_for_each_bin_that_a_batch_reaches_into() -> None:
    """One that ends where a bin begins does not reach into it; where two meet, both count."""
    grid = Grid(START, 10, 6)
    batches = [
        BatchFeatures(START - 100, START, 9, 9, 9),
        BatchFeatures(START - 5, START + 15, -1, 1, 0.5),
        BatchFeatures(START + 15, START + 30, -2, 0, 0.7),
        BatchFeatures(START + 60, START + 90, 9, 9, 9),
    ]
    made = of_features(grid, batches)
    np.testing.assert_array_equal(made.minimum, [-1, -2, -2, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(made.maximum, [1, 1, 0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(made.rms, [0.5, 0.7, 0.7, np.nan, np.nan, np.nan])
