"""Statistics and velocity RMS of signals of known truth, and of real recordings."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.integration.recordings import SAMPLE_FREQUENCY_HZ, inner_race
from vibration.features import statistics
from vibration.signal import SignalError, TooFewError
from vibration.units import UnitError
from vibration.velocity import velocity_rms

Floats = npt.NDArray[np.float64]
PHASES = st.floats(0, 2 * math.pi)


def acceleration(
    rms_mm_s: float, frequency_hz: float, sample_frequency_hz: float, count: int, phase: float = 0.0
) -> Floats:
    """A sine of this velocity RMS, as acceleration in g."""
    time = np.arange(count) / sample_frequency_hz
    amplitude = math.sqrt(2) * rms_mm_s * 2 * math.pi * frequency_hz / 9806.65
    return amplitude * np.sin(2 * math.pi * frequency_hz * time + phase)


@settings(max_examples=200, deadline=None)
@given(
    phase=PHASES,
    duration_s=st.floats(0.4, 5.0),
    sample_frequency_hz=st.sampled_from([500.0, 1000.0, 2000.0, 2560.0, 6667.0, 12_000.0, 25_600.0]),
    offset=st.floats(-2, 2),
    drift=st.floats(-0.2, 0.2),
)
def test_sine_of_160_hz_and_4_5_mm_s_reads_4_5(
    phase: float, duration_s: float, sample_frequency_hz: float, offset: float, drift: float
) -> None:
    """Within 1 %, whatever the phase and the window's length; gravity on the axis and a slow drift do not count."""
    count = math.ceil(duration_s * sample_frequency_hz)
    samples = acceleration(4.5, 160.0, sample_frequency_hz, count, phase)
    samples += offset + drift * np.arange(count) / count
    found = velocity_rms(samples.astype(np.float32), sample_frequency_hz, "g")
    assert float(found.rms) == pytest.approx(4.5, rel=0.01)
    assert found.rms.unit == "mm/s"


@settings(max_examples=100, deadline=None)
@given(
    frequency_hz=st.floats(14, 980), phase=PHASES, rms=st.floats(0.01, 100), duration_s=st.floats(1.0, 3.0)
)
def test_any_sine_in_the_band_reads_its_velocity(
    frequency_hz: float, phase: float, rms: float, duration_s: float
) -> None:
    """Within 2 %, in windows of a second and more, from four lines above the band's edge."""
    count = math.ceil(duration_s * 4000)
    found = velocity_rms(acceleration(rms, frequency_hz, 4000.0, count, phase), 4000.0, "g")
    assert float(found.rms) == pytest.approx(rms, rel=0.02)


@settings(max_examples=50, deadline=None)
@given(frequency_hz=st.one_of(st.floats(0.5, 6), st.floats(1010, 5000)), phase=PHASES)
def test_what_is_outside_of_the_band_does_not_count(frequency_hz: float, phase: float) -> None:
    """A sway of the building and a gear's whine read less than 2 % of their velocity."""
    samples = acceleration(10.0, frequency_hz, 12_000.0, 12_000, phase)
    assert float(velocity_rms(samples, 12_000.0, "g").rms) < 0.2


def test_slow_machine_is_measured_from_2_hz() -> None:
    """At 300 rpm the 1× is 5 Hz: below 600 rpm it counts, and needs a longer window."""
    samples = acceleration(3.0, 5.0, 1000.0, 5000)
    slow, fast = velocity_rms(samples, 1000.0, "g", 300.0), velocity_rms(samples, 1000.0, "g", 600.0)
    assert (slow.lower_hz, fast.lower_hz) == (2.0, 10.0)
    assert float(slow.rms) == pytest.approx(3.0, rel=0.01)
    assert float(fast.rms) < 0.03
    with pytest.raises(TooFewError, match=r"1 s: velocity RMS from 2 Hz needs 2 s"):
        velocity_rms(samples[:1000], 1000.0, "g", 300.0)


def test_velocities_of_sines_add_as_squares() -> None:
    """√(3² + 4²) = 5, beside noise above the band that is stronger than both in acceleration."""
    count = 24_000
    samples = acceleration(3.0, 25.0, 12_000.0, count) + acceleration(4.0, 300.0, 12_000.0, count, 1.0)
    samples += acceleration(1.0, 4000.0, 12_000.0, count)
    assert float(velocity_rms(samples, 12_000.0, "g").rms) == pytest.approx(5.0, rel=0.005)


def test_white_noise_reads_its_density_over_the_band() -> None:
    """σ² · 2/fs of (m/s²)²/Hz, integrated over 1/(2πf)² from 10 to 1000 Hz."""
    noise = np.random.default_rng(1).standard_normal((200, 4000))
    expected = 1000 * math.sqrt(2 / 4000 / (4 * math.pi**2) * (1 / 10 - 1 / 1000))
    squares = velocity_rms(noise, 4000.0, "m/s²").rms.value ** 2
    assert math.sqrt(squares.mean()) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("duration_s", [1.2, 1.6, 2.3, 2.9])
@pytest.mark.parametrize("at", [0.2, 0.5, 0.8])
def test_no_part_of_a_window_is_left_out(duration_s: float, at: float) -> None:
    """A burst of 0.1 s counts wherever it is, whatever the number of segments, from two, that the window is divided into."""
    count = round(duration_s * 4000)
    samples = acceleration(10.0, 160.0, 4000.0, count)
    begin = round(at * count)
    samples[:begin] = samples[begin + 400 :] = 0.0
    expected = 10.0 * math.sqrt(0.1 / duration_s)
    assert 0.5 * expected < float(velocity_rms(samples, 4000.0, "g").rms) < 1.7 * expected


@pytest.mark.parametrize(("unit_name", "scale"), [("m/s2", 9.80665), ("mm/s²", 9806.65), ("mg", 1000.0)])
def test_unit_does_not_change_the_velocity(unit_name: str, scale: float) -> None:
    """The same motion, declared in another unit."""
    samples = acceleration(4.5, 160.0, 4000.0, 4000) * scale
    assert float(velocity_rms(samples, 4000.0, unit_name).rms) == pytest.approx(4.5, rel=1e-3)


def test_velocity_sensor_is_not_integrated_and_displacement_is_differentiated() -> None:
    """A geophone in mm/s reads its own RMS in the band, a proximity probe's µm are 2πf of that."""
    time = np.arange(8000) / 4000
    sine = math.sqrt(2) * 4.5 * np.sin(2 * np.pi * 160 * time)
    assert float(velocity_rms(sine, 4000.0, "mm/s").rms) == pytest.approx(4.5, rel=1e-3)
    micrometres = sine * 1000 / (2 * np.pi * 160)
    assert float(velocity_rms(micrometres, 4000.0, "µm").rms) == pytest.approx(4.5, rel=1e-3)


@pytest.mark.parametrize(
    ("sample_frequency_hz", "upper_hz", "whole"),
    [(1000.0, 390.625, False), (2000.0, 781.25, False), (2560.0, 1000.0, True), (48_000.0, 1000.0, True)],
)
def test_band_says_where_it_ends(sample_frequency_hz: float, upper_hz: float, whole: bool) -> None:
    """At 1/2.56 of the sample frequency, where the anti-alias filter begins, or at 1000 Hz."""
    found = velocity_rms(np.zeros(int(sample_frequency_hz)), sample_frequency_hz, "g")
    assert (found.upper_hz, found.whole_band) == (upper_hz, whole)


@pytest.mark.parametrize(
    ("count", "sample_frequency_hz", "says"),
    [
        (399, 1000.0, r"0\.399 s: velocity RMS from 10 Hz needs 0\.4 s"),
        (4000, 40.0, r"nothing above 15\.6 Hz"),
    ],
)
def test_velocity_that_cannot_be_measured_is_refused(
    count: int, sample_frequency_hz: float, says: str
) -> None:
    """A window of less than four periods, a sample frequency that leaves no band: with what is needed."""
    with pytest.raises(TooFewError, match=says):
        velocity_rms(np.zeros(count), sample_frequency_hz, "g")


@pytest.mark.parametrize("name", ["", "°C"])
def test_features_without_a_unit_are_refused(name: str) -> None:
    """A number of what?"""
    with pytest.raises(UnitError):
        statistics(np.ones(100), name)
    with pytest.raises(UnitError):
        velocity_rms(np.ones(1000), 1000.0, name)


def test_many_windows_at_once_are_each_as_alone() -> None:
    """For any shape before the samples, and more rows than one block holds."""
    samples = np.random.default_rng(2).standard_normal((60, 3, 1000)).astype(np.float32)
    many, velocities = statistics(samples, "g"), velocity_rms(samples, 1000.0, "g")
    assert velocities.rms.value.shape == many.kurtosis.value.shape == (60, 3)
    for row in ((0, 0), (31, 2), (59, 1)):
        alone = statistics(samples[row], "g")
        for together, single in zip(many, alone, strict=True):
            assert together.value[row] == pytest.approx(float(single), rel=1e-9)
        assert velocities.rms.value[row] == pytest.approx(float(velocity_rms(samples[row], 1000.0, "g").rms))


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0.02, 0.39), amplitude=st.floats(1e-3, 1e3), phase=PHASES, offset=st.floats(-10, 10))
def test_sine_has_the_statistics_of_a_sine(
    share: float, amplitude: float, phase: float, offset: float
) -> None:
    """RMS A/√2, true peak A, peak to peak 2A, crest factor √2, kurtosis 1.5: whatever its samples happen to hit."""
    samples = offset * amplitude + amplitude * np.sin(2 * np.pi * share * np.arange(4000) + phase)
    # a rational share repeats its few samples: their moments are the samples', not the sine's
    assume(all(abs(share * n - round(share * n)) > 1e-3 for n in (3, 4, 6, 8)))
    found = statistics(samples, "m/s2")
    assert float(found.mean) == pytest.approx(offset * amplitude, abs=0.01 * amplitude)
    assert float(found.rms) == pytest.approx(amplitude / math.sqrt(2), rel=0.01)
    assert float(found.peak) == pytest.approx(amplitude, rel=0.015)
    assert float(found.peak_to_peak) == pytest.approx(2 * amplitude, rel=0.01)
    assert float(found.crest_factor) == pytest.approx(math.sqrt(2), rel=0.02)
    assert float(found.kurtosis) == pytest.approx(1.5, rel=0.02)
    assert [value.unit for value in found] == ["m/s²"] * 4 + ["1"] * 3


@pytest.mark.parametrize("phase", [0.0, math.pi / 4])
def test_true_peak_is_between_the_samples(phase: float) -> None:
    """At a quarter of the sample frequency, all samples may be at 71 % of the amplitude: the peak is found."""
    samples = np.sin(np.pi / 2 * np.arange(400) + phase)
    found = statistics(samples, "g")
    assert float(found.peak) == pytest.approx(1.0, rel=0.005)
    assert float(found.peak_to_peak) == pytest.approx(2.0, rel=0.005)


@given(
    st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=200).filter(
        lambda x: max(x) - min(x) > 1e-3
    )
)
def test_moments_are_scipys(values: list[float]) -> None:
    """Kurtosis is Pearson's, skewness without correction; the true peak is at least the largest sample."""
    samples = np.array(values)
    found = statistics(samples, "g")
    assert float(found.rms) == pytest.approx(samples.std(), rel=1e-9)
    assert float(found.kurtosis) == pytest.approx(stats.kurtosis(samples, fisher=False), rel=1e-5)
    assert float(found.skewness) == pytest.approx(stats.skew(samples), rel=1e-5, abs=1e-5)
    assert float(found.peak) >= np.abs(samples - samples.mean()).max() - 1e-9
    assert float(found.peak_to_peak) >= np.ptp(samples) - 1e-9


def test_gaussian_noise_has_kurtosis_3_and_impulses_more() -> None:
    """What makes kurtosis and crest factor a bearing's first signs."""
    noise = np.random.default_rng(3).standard_normal(100_000)
    assert float(statistics(noise, "g").kurtosis) == pytest.approx(3.0, abs=0.1)
    struck = noise.copy()
    struck[::1000] += 15
    assert float(statistics(struck, "g").kurtosis) > 10
    assert float(statistics(struck, "g").crest_factor) > 2 * float(statistics(noise, "g").crest_factor)


@pytest.mark.parametrize("value", [0.0, 0.1, 9.81, -1e-3])
def test_constant_samples_have_no_shape(value: float) -> None:
    """RMS and peaks are exactly 0; ratios of nothing are not a number, without a warning."""
    # the mean of equal doubles may differ from them by a rounding
    found = statistics(np.full((2, 300), value), "g")
    assert not found.rms.value.any()
    assert not found.peak.value.any()
    assert not found.peak_to_peak.value.any()
    assert np.isnan([found.crest_factor.value, found.kurtosis.value, found.skewness.value]).all()


def test_large_offset_does_not_hide_the_vibration() -> None:
    """Moments are made in doubles, about the mean: 1 mm/s² on 10 m/s² of float32."""
    samples = (10 + 1e-3 * np.sin(0.3 * np.arange(10_000))).astype(np.float32)
    assert float(statistics(samples, "m/s²").rms) == pytest.approx(1e-3 / math.sqrt(2), rel=0.01)


def test_samples_that_are_not_finite_are_refused() -> None:
    """One in many."""
    samples = np.zeros((10, 1000), np.float32)
    samples[7, 77] = np.nan
    with pytest.raises(SignalError, match="not finite"):
        statistics(samples, "g")
    with pytest.raises(SignalError, match="not finite"):
        velocity_rms(samples, 1000.0, "g")


def test_recording_of_a_faulty_bearing_is_impulsive_and_hardly_moves(tmp_path: Path) -> None:
    """A race's fault shows in crest factor and kurtosis while velocity RMS, which ISO 20816 judges, is that of zone A."""
    recording = inner_race(tmp_path)
    found = statistics(recording.samples, "g")
    assert float(found.kurtosis) > 4
    assert float(found.crest_factor) > 4.5
    # the generated one has a 1x of 3.7 mm/s
    most = 4.0 if recording.generated else 1.4
    assert float(velocity_rms(recording.samples, SAMPLE_FREQUENCY_HZ, "g", 1797).rms) < most
