"""Windows over batches of any size: each is what one long recording would give."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibration.signal import SignalError
from vibration.windows import Accumulator, Counts, Windows

SECOND = 10**9
START = 1_750_000_000 * SECOND


def ramp(first: int, count: int) -> npt.NDArray[np.float32]:
    return np.arange(first, first + count, dtype=np.float32)


def fed(accumulator: Accumulator, sizes: list[int], sample_frequency_hz: float) -> list[Windows]:
    """A ramp, cut into batches of these sizes."""
    made, at = [], 0
    for size in sizes:
        start = START + round(at * 1e9 / sample_frequency_hz)
        windows = accumulator.add(start, sample_frequency_hz, ramp(at, size))
        made += [] if windows is None else [windows]
        at += size
    return made


@settings(max_examples=200, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=60),
    length=st.integers(1, 150),
    hop=st.integers(1, 200),
    sample_frequency_hz=st.sampled_from([1.0, 44.1, 1000.0, 25_600.0]),
)
def test_windows_do_not_depend_on_the_batches(
    sizes: list[int], length: int, hop: int, sample_frequency_hz: float
) -> None:
    """Every hop one, of consecutive samples, with the time of its first sample to 2 ns; never more held than one needs."""
    accumulator = Accumulator(length / sample_frequency_hz, hop / sample_frequency_hz)
    made = fed(accumulator, sizes, sample_frequency_hz)
    firsts = range(0, sum(sizes) - length + 1, hop)
    rows = [row for windows in made for row in windows.samples]
    times = [int(time) for windows in made for time in windows.start_times_ns]
    assert [row.tolist() for row in rows] == [ramp(first, length).tolist() for first in firsts]
    for time, first in zip(times, firsts, strict=True):
        assert abs(time - START - first * 1e9 / sample_frequency_hz) <= 2
    assert accumulator.counts == Counts()
    assert accumulator.dropped == 0
    assert accumulator.held < length


def test_gap_begins_anew_and_is_counted() -> None:
    """No window has a hole; what was gathered before it is counted as dropped."""
    accumulator = Accumulator(0.1, 0.1)
    assert accumulator.add(START, 1000.0, ramp(0, 60)) is None
    assert accumulator.add(START + SECOND, 1000.0, ramp(500, 60)) is None
    windows = accumulator.add(START + SECOND + 60_000_000, 1000.0, ramp(560, 60))
    assert windows is not None
    assert windows.samples.tolist() == [ramp(500, 100).tolist()]
    assert windows.start_times_ns.tolist() == [START + SECOND]
    assert (accumulator.counts, accumulator.dropped) == (Counts(gaps=1), 60)


def test_change_of_frequency_in_mid_window_begins_anew() -> None:
    """The window's length stays the same in seconds; its samples become more."""
    accumulator = Accumulator(0.1, 0.1)
    accumulator.add(START, 1000.0, ramp(0, 60))
    windows = accumulator.add(START + 60_000_000, 4000.0, ramp(0, 450))
    assert windows is not None
    assert (windows.samples.shape, windows.sample_frequency_hz) == ((1, 400), 4000.0)
    assert (accumulator.counts, accumulator.dropped) == (Counts(frequency_changes=1), 60)


@pytest.mark.parametrize("step_ns", [-SECOND, -600_000])
def test_clock_set_back_begins_anew(step_ns: int) -> None:
    """By more than half a sample's period; so does a batch that comes again."""
    accumulator = Accumulator(0.1, 0.1)
    accumulator.add(START, 1000.0, ramp(0, 60))
    assert accumulator.add(START + 60_000_000 + step_ns, 1000.0, ramp(60, 60)) is None
    assert (accumulator.counts, accumulator.dropped) == (Counts(steps_back=1), 60)


@pytest.mark.parametrize("step_ns", [-490_000, 490_000])
def test_clock_that_is_corrected_a_little_makes_no_gap(step_ns: int) -> None:
    """Each batch by up to half of a sample's period against the one before; a window has its own batch's time."""
    accumulator = Accumulator(0.1, 0.05)
    starts = [START + number * (50_000_000 + step_ns) for number in range(10)]
    made = [accumulator.add(start, 1000.0, ramp(0, 50)) for start in starts]
    assert accumulator.counts == Counts()
    assert [int(w.start_times_ns[0]) for w in made if w is not None] == starts[:-1]


def test_gap_while_samples_are_left_out_begins_anew() -> None:
    """A hop longer than the window: after a gap a window begins at once."""
    accumulator = Accumulator(0.01, 1.0)
    assert accumulator.add(START, 1000.0, ramp(0, 10)) is not None
    assert accumulator.add(START + 10_000_000, 1000.0, ramp(10, 10)) is None
    assert accumulator.add(START + 5 * SECOND, 1000.0, ramp(7, 10)) is not None
    assert accumulator.counts == Counts(gaps=1)


def test_batch_of_the_caller_may_be_overwritten() -> None:
    """What is held is a copy."""
    accumulator = Accumulator(0.02, 0.02)
    batch = ramp(0, 10)
    accumulator.add(START, 1000.0, batch)
    batch[:] = -1
    windows = accumulator.add(START + 10_000_000, 1000.0, ramp(10, 10))
    assert windows is not None
    assert windows.samples.tolist() == [ramp(0, 20).tolist()]


@pytest.mark.parametrize(
    ("sample_frequency_hz", "samples", "says"),
    [(0.0, ramp(0, 5), "sample frequency"), (float("nan"), ramp(0, 5), "sample frequency"),
     (1000.0, ramp(0, 0), "batch of shape"), (1000.0, ramp(0, 4).reshape(2, 2), "batch of shape"),
     (1e12, ramp(0, 5), "at most 16000000")],
)  # fmt: skip
def test_batch_that_cannot_be_changes_nothing(
    sample_frequency_hz: float, samples: npt.NDArray[np.float32], says: str
) -> None:
    """It is refused, and the window goes on after it; none grows beyond what memory should hold."""
    accumulator = Accumulator(0.1, 0.1)
    accumulator.add(START, 1000.0, ramp(0, 60))
    with pytest.raises(SignalError, match=says):
        accumulator.add(START + 60_000_000, sample_frequency_hz, samples)
    windows = accumulator.add(START + 60_000_000, 1000.0, ramp(60, 60))
    assert windows is not None
    assert windows.samples.tolist() == [ramp(0, 100).tolist()]
    assert accumulator.counts == Counts()


@pytest.mark.parametrize(
    ("length_s", "hop_s"), [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (float("inf"), 1.0), (1.0, float("nan"))]
)
def test_window_without_length_is_refused(length_s: float, hop_s: float) -> None:
    """Neither has the hop none."""
    with pytest.raises(SignalError, match="a finite number above 0"):
        Accumulator(length_s, hop_s)
