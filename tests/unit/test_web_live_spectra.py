"""Spectra of the newest samples, in as many lines as a page shows."""

import numpy as np
import pytest

from web import spectra
from web.decimation import Values
from web.spectra import Piece, Recent, lines

START_NS = 1_700_000_000 * 10**9


def sine(frequency_hz: float, count: int, at_hz: float, amplitude: float = 2.0, first: int = 0) -> Values:
    times_s = (np.arange(count) + first) / frequency_hz
    return (amplitude * np.sin(2 * np.pi * at_hz * times_s)).astype(np.float32)


def pieces(frequency_hz: float, count: int, each: int, at_hz: float) -> list[Piece]:
    samples = sine(frequency_hz, count * each, at_hz)
    return [
        Piece(
            START_NS + round(i * each * 1e9 / frequency_hz), frequency_hz, samples[i * each : (i + 1) * each]
        )
        for i in range(count)
    ]


@pytest.mark.parametrize("frequency_hz", [25_600.0, 1_000.0, 52.0])
def test_lines_of_a_sine_have_its_amplitude_at_its_frequency(frequency_hz: float) -> None:
    """At most 1024, up to half the sample frequency, whatever that is."""
    at_hz = 0.12 * frequency_hz
    recent = Recent()
    for piece in pieces(frequency_hz, 40, round(frequency_hz / 4), at_hz):
        recent.add(piece, live=True)
    stretch = recent.stretch()
    assert stretch is not None
    start_hz, step_hz, amplitudes = lines(stretch)
    peak = int(np.argmax(amplitudes))
    assert len(amplitudes) <= spectra.MOST_LINES
    assert start_hz + peak * step_hz == pytest.approx(at_hz, abs=step_hz)
    assert amplitudes[peak] == pytest.approx(2.0, rel=0.02)
    assert start_hz + len(amplitudes) * step_hz == pytest.approx(frequency_hz / 2, rel=0.01)


def test_lines_are_the_highest_of_those_they_stand_for() -> None:
    """A narrow peak does not vanish between two of them."""
    noise = np.random.default_rng(2).normal(size=spectra.MOST_SAMPLES).astype(np.float32) * 0.01
    for at_hz in np.linspace(1000, 1025, 12):
        found = lines(Piece(START_NS, 25_600.0, noise + sine(25_600.0, len(noise), float(at_hz))))
        assert found.amplitudes.max() == pytest.approx(2.0, rel=0.03)


def test_stretch_begins_after_the_last_gap() -> None:
    """Samples on both sides of a gap are no waveform; nor are those of two frequencies."""
    recent = Recent()
    first, second, third = pieces(1000.0, 3, 100, 50.0)
    recent.add(first, live=True)
    recent.add(third, live=True)
    stretch = recent.stretch()
    assert stretch is not None
    assert (stretch.start_ns, len(stretch.samples)) == (third.start_ns, 100)
    recent.add(second, live=False)  # it was only late
    stretch = recent.stretch()
    assert stretch is not None
    assert (stretch.start_ns, len(stretch.samples)) == (first.start_ns, 300)
    assert (stretch.samples == np.concatenate([first.samples, second.samples, third.samples])).all()
    recent.add(Piece(third.end_ns, 500.0, first.samples), live=True)
    stretch = recent.stretch()
    assert stretch is not None
    assert (stretch.frequency_hz, len(stretch.samples)) == (500.0, 100)


def test_stretch_without_anything_new_or_enough_is_none() -> None:
    """A sensor that sleeps costs nothing; 31 samples are too few."""
    recent = Recent()
    assert recent.stretch() is None
    first, second = pieces(1000.0, 2, 31, 50.0)
    recent.add(first, live=True)
    assert recent.stretch() is None
    recent.add(second, live=True)
    assert recent.stretch() is not None
    assert recent.stretch() is None


def test_stretch_is_of_the_last_seconds_only() -> None:
    """So that the spectrum moves, unless hardly any samples would be left."""
    recent = Recent()
    for piece in pieces(100.0, 60, 50, 20.0):
        recent.add(piece, live=True)
    stretch = recent.stretch()
    assert stretch is not None
    assert len(stretch.samples) == 800
    seldom = Recent()
    for piece in pieces(1.0, 100, 1, 0.2):
        seldom.add(piece, live=True)
    stretch = seldom.stretch()
    assert stretch is not None
    assert len(stretch.samples) == 64


def test_add_what_a_clock_that_was_set_back_makes_future_is_forgotten() -> None:
    """And a batch that comes twice, or late after everything, is not taken."""
    recent = Recent()
    first, second, third = pieces(1000.0, 3, 100, 50.0)
    for one in (first, second, third):
        recent.add(one, live=True)
    recent.add(Piece(second.start_ns - 1000, 1000.0, third.samples), live=True)
    [run] = recent.runs()
    assert (run.start_ns, len(run.samples)) == (first.start_ns, 200)
    recent.add(first, live=False)
    recent.add(third, live=False)
    assert [len(one.samples) for one in recent.runs()] == [200]
    assert recent.length_ns == 200 * 10**6 - 1000


def test_runs_are_one_where_samples_follow_each_other_and_never_drift_from_their_times() -> None:
    """A sensor that is a little faster than it says: many small errors must not add up to a large one."""
    recent = Recent()
    for i in range(300):
        recent.add(Piece(START_NS + i * 99_900_000, 1000.0, np.full(100, i, np.float32)), live=True)
    runs = recent.runs()
    assert 1 < len(runs) <= 60
    for run in runs:
        for at in range(0, len(run.samples), 100):
            said_ns = START_NS + int(run.samples[at]) * 99_900_000
            assert abs(run.start_ns + at * 10**6 - said_ns) <= 500_001
    assert sum(len(run.samples) for run in runs) == 30_000


@pytest.mark.parametrize("each", [1, 100, 40_000])
def test_recent_holds_a_bounded_number_of_samples(each: int) -> None:
    """Or one batch, whatever its length."""
    recent = Recent()
    for i in range(700):
        recent.add(Piece(START_NS + i * each * 10**6, 1000.0, np.zeros(each, np.float32)), live=True)
    [run] = recent.runs()
    assert run.end_ns == START_NS + 700 * each * 10**6
    assert len(run.samples) == {1: 512, 100: 32_700, 40_000: 40_000}[each]
