"""Amplitude spectra and their peaks, without a database."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctl.samples import Batch, Values, block
from ctl.spectrum import LEAST_SAMPLES, LongestStretch, TooFewError, amplitude_spectrum, peaks


def sine(
    amplitude: float, frequency_hz: float, sample_frequency_hz: float, count: int, phase: float = 0.3
) -> Values:
    time = np.arange(count) / sample_frequency_hz
    return (amplitude * np.sin(2 * np.pi * frequency_hz * time + phase)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(
    amplitude=st.floats(1e-3, 1e3),
    share=st.floats(0.02, 0.48),
    count=st.integers(500, 20_000),
    sample_frequency_hz=st.sampled_from([1.0, 100.0, 12_000.0, 26_667.0]),
    phase=st.floats(0, 6.2),
)
def test_sine_of_any_frequency_reads_its_amplitude(
    amplitude: float, share: float, count: int, sample_frequency_hz: float, phase: float
) -> None:
    """Within 1 %, in the curve and at its labelled peak, also between two lines; its frequency to a fifth of a line."""
    frequency = share * sample_frequency_hz
    spectrum = amplitude_spectrum(
        sine(amplitude, frequency, sample_frequency_hz, count, phase), sample_frequency_hz
    )
    assert spectrum.amplitudes.max() == pytest.approx(amplitude, rel=0.011)
    [peak, *_] = peaks(spectrum)
    assert peak.amplitude == pytest.approx(amplitude, rel=0.01)
    assert peak.frequency_hz == pytest.approx(frequency, abs=0.2 * spectrum.resolution_hz)


def test_offset_does_not_show() -> None:
    """Gravity on an axis is no vibration: the mean is removed."""
    spectrum = amplitude_spectrum(sine(0.1, 50.0, 1000.0, 10_000) + np.float32(9.81), 1000.0)
    assert spectrum.amplitudes[spectrum.frequencies_hz < 10].max() < 1e-3
    [peak] = peaks(spectrum)
    assert (round(peak.frequency_hz, 2), round(peak.amplitude, 4)) == (50.0, 0.1)


def test_constant_values_have_an_empty_spectrum() -> None:
    """And no peaks."""
    spectrum = amplitude_spectrum(np.full(1000, 3.5, np.float32), 100.0)
    assert spectrum.amplitudes.max() < 1e-6
    assert peaks(spectrum) == []


def test_two_tones_three_lines_apart_are_two_peaks() -> None:
    """Each reads its own amplitude and frequency, the stronger one first."""
    count, frequency = 12_000, 1200.0
    resolution = amplitude_spectrum(np.zeros(count, np.float32), frequency).resolution_hz
    low, high = 100.0, 100.0 + 4 * resolution
    found = peaks(
        amplitude_spectrum(sine(1.0, low, frequency, count) + sine(2.0, high, frequency, count), frequency)
    )
    assert [round(peak.frequency_hz, 1) for peak in found] == [round(high, 1), round(low, 1)]
    assert [peak.amplitude for peak in found] == [pytest.approx(2.0, rel=0.02), pytest.approx(1.0, rel=0.05)]


def test_white_noise_has_hardly_a_peak() -> None:
    """What is labelled stands out of the floor."""
    noise = np.random.default_rng(7).standard_normal(100_000).astype(np.float32)
    assert peaks(amplitude_spectrum(noise, 1000.0)) == []


def test_peaks_beyond_the_maximum_frequency_are_left_out() -> None:
    """They are not in the picture."""
    both = sine(1.0, 50.0, 1000.0, 8000) + sine(3.0, 300.0, 1000.0, 8000)
    [peak] = peaks(amplitude_spectrum(both, 1000.0), maximum_hz=200.0)
    assert peak.frequency_hz == pytest.approx(50.0, abs=0.01)


@pytest.mark.parametrize("count", [0, 1, LEAST_SAMPLES - 1])
def test_too_few_samples_are_refused(count: int) -> None:
    """With the number that there are and the number needed."""
    with pytest.raises(TooFewError, match=f"{count} samples: a spectrum needs {LEAST_SAMPLES}"):
        amplitude_spectrum(np.ones(count, np.float32), 10.0)


def test_fewest_samples_give_a_spectrum() -> None:
    """One segment of all of them."""
    spectrum = amplitude_spectrum(sine(2.0, 0.25, 1.0, LEAST_SAMPLES), 1.0)
    assert spectrum.segments == 1
    assert spectrum.resolution_hz == 1.0 / LEAST_SAMPLES
    assert peaks(spectrum)[0].amplitude == pytest.approx(2.0, rel=0.01)


def batch(start_s: float, count: int, frequency_hz: float, value: float) -> Batch:
    return Batch(round(start_s * 1e9), frequency_hz, 1, 0, np.full(count, value, np.float32))


def test_longest_stretch_ends_at_gaps_and_at_other_frequencies() -> None:
    """Blocks end anywhere; a stretch goes on from one to the next."""
    longest = LongestStretch()
    longest.add(block([batch(0, 100, 10.0, 1), batch(10, 50, 10.0, 1)]))  # 15 s
    longest.add(block([batch(15, 10, 10.0, 1), batch(20, 170, 10.0, 2)]))  # 16 s, a gap, 17 s …
    longest.add(block([batch(37, 10, 10.0, 2), batch(38, 170, 100.0, 3)]))  # … 18 s, then another frequency
    longest.add(block([batch(39.7, 1600, 100.0, 3)]))  # … 17.7 s
    found = longest.result()
    assert (found.start_ns, found.sample_frequency_hz, len(found.values)) == (20 * 10**9, 10.0, 180)
    assert set(found.values.tolist()) == {2.0}
    assert longest.parts == 3


def test_longest_stretch_is_bounded() -> None:
    """The beginning of a stretch is kept, and that it was longer is known."""
    longest = LongestStretch(most=250)
    for number in range(10):
        longest.add(block([batch(number, 100, 100.0, number)]))
    found = longest.result()
    assert (len(found.values), found.truncated, found.start_ns) == (250, True, 0)


def test_longest_stretch_of_nothing_is_refused() -> None:
    """There is no spectrum of it."""
    with pytest.raises(TooFewError):
        LongestStretch().result()
