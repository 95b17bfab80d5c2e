"""Curves of many samples: extremes and gaps stay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctl.samples import Batch, Window, block, blocks, cut
from ctl.waveform import Waveform, breaks

SECOND = 10**9


@given(
    values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=400),
    bins=st.integers(1, 60),
    size=st.integers(1, 50),
    frequency=st.sampled_from([0.5, 1.0, 44.1, 1000.0]),
)
def test_decimation_keeps_the_extremes(values: list[float], bins: int, size: int, frequency: float) -> None:
    """Of the whole and of each bin, whatever the blocks were; never more than 2 · bins points where there is no gap."""
    samples = np.array(values, np.float32)
    one = Batch(5 * SECOND, frequency, 1, 0, samples)
    times = block([one]).times_ns
    window = Window(5 * SECOND, int(times[-1]) + 1)
    waveform = Waveform(window, bins)
    for begin in range(0, len(samples), size):
        waveform.add(block([one._replace(first=begin, values=samples[begin : begin + size])]))
    trace = waveform.trace()
    assert trace.values.min() == samples.min()
    assert trace.values.max() == samples.max()
    assert trace.reduced == (len(samples) > 2 * bins)
    assert len(trace.values) <= 2 * bins
    assert np.all(np.diff(trace.times_s) > 0)
    if trace.reduced:
        span = window.to_ns - window.from_ns
        of_sample = np.minimum((times - window.from_ns) / span * bins, bins - 1).astype(int)
        of_point = (trace.times_s / (span / 1e9) * bins).astype(int)
        for number in np.unique(of_sample):
            inside = samples[of_sample == number]
            assert set(trace.values[of_point == number]) == {inside.min(), inside.max()}


@pytest.mark.parametrize("bins", [5, 1000])
def test_gap_is_a_gap_in_the_curve(bins: int) -> None:
    """Whether all samples are drawn or their extremes; across the border of two blocks, too."""
    waveform = Waveform(Window(0, 10 * SECOND), bins)
    waveform.add(block([Batch(0, 100.0, 1, 0, np.ones(300, np.float32))]))
    waveform.add(block([Batch(7 * SECOND, 100.0, 1, 1, np.ones(300, np.float32))]))
    trace = waveform.trace()
    [gap] = np.flatnonzero(np.isnan(trace.values))
    bin_s = 10 / bins
    assert trace.times_s[gap - 1] < 3 + bin_s
    assert trace.times_s[gap + 1] > 7 - bin_s
    assert trace.reduced == (bins == 5)


def test_batches_that_follow_each_other_make_no_gap() -> None:
    """At a frequency whose period is no whole number of ns, and with a clock that is corrected by less than half of it."""
    period = 1e9 / 44_100
    parts = [
        Batch(round(i * 1000 * period) + 10_000 * (i % 2), 44_100.0, 1, i, np.ones(1000, np.float32))
        for i in range(9)
    ]
    whole = block(parts)
    assert breaks(whole.times_ns, whole.frequencies_hz).tolist() == []


def test_change_of_frequency_makes_no_gap() -> None:
    """The first sample at the new one comes when the old one's period has passed."""
    whole = block(
        [Batch(0, 10.0, 1, 0, np.ones(10, np.float32)), Batch(SECOND, 1.0, 1, 1, np.ones(3, np.float32))]
    )
    assert breaks(whole.times_ns, whole.frequencies_hz).tolist() == []


def test_clock_set_back_is_a_gap() -> None:
    """The curve does not run backwards."""
    whole = block(
        [Batch(SECOND, 10.0, 1, 0, np.ones(10, np.float32)), Batch(0, 10.0, 2, 0, np.ones(10, np.float32))]
    )
    assert breaks(whole.times_ns, whole.frequencies_hz).tolist() == [10]


@given(
    start=st.integers(0, 2**62),
    frequency=st.floats(0.001, 1e6),
    count=st.integers(1, 200),
    begin=st.integers(-5, 205),
    length=st.integers(0, 205),
)
def test_cut_keeps_exactly_the_samples_in_the_window(
    start: int, frequency: float, count: int, begin: int, length: int
) -> None:
    """from ≤ t < to, in whole nanoseconds, with the times that the batch gives them."""
    one = Batch(start, frequency, 1, 0, np.arange(count, dtype=np.float32))
    times = [start + round(i * 1e9 / frequency) for i in range(count)]
    window = Window(start + round(begin * 1e9 / frequency), start + round((begin + length) * 1e9 / frequency))
    expected = [(t, float(i)) for i, t in enumerate(times) if window.from_ns <= t < window.to_ns]
    piece = cut(one, window)
    if piece is None:
        assert expected == []
    else:
        found = block([piece])
        assert list(zip(found.times_ns.tolist(), found.values.tolist(), strict=True)) == expected


def test_blocks_hold_all_samples_in_their_order() -> None:
    """Whatever the sizes of batches and blocks."""
    parts = [Batch(i * SECOND, 10.0, 1, i, np.arange(i % 7, dtype=np.float32)) for i in range(1, 50) if i % 7]
    for size in (1, 10, 10_000):
        made = list(blocks(parts, size))
        assert (
            np.concatenate([one.values for one in made]).tolist()
            == np.concatenate([p.values for p in parts]).tolist()
        )
        assert all(len(one.values) >= size for one in made[:-1])
