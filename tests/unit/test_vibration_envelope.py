"""Squared envelope spectra of signals whose modulation is known."""

import numpy as np
import pytest

from vibration.envelope import Band, envelope, kurtogram, prewhitened, squared_envelope_spectrum
from vibration.signal import SignalError, TooFewError, Waveform

RATE_HZ = 10_000.0
TIME = np.arange(40_000) / RATE_HZ


def test_modulated_tone_reads_its_depth_at_the_modulating_frequency() -> None:
    """(1 + d cos)² has lines of 2d and d²/2 over a mean of 1 + d²/2, whatever the tone's amplitude."""
    depth = 0.3
    samples = 5.0 * (1 + depth * np.cos(2 * np.pi * 40 * TIME)) * np.sin(2 * np.pi * 3_000 * TIME)
    found = squared_envelope_spectrum(Waveform(samples, RATE_HZ, "g"), 1.0)
    mean = 1 + depth**2 / 2
    assert found.resolution_hz == 1.0
    assert found.depths[40] == pytest.approx(2 * depth / mean, rel=1e-3)
    assert found.depths[80] == pytest.approx(depth**2 / 2 / mean, rel=1e-3)
    assert found.depths[50:78].max() < 1e-3


def test_offset_and_drift_outside_the_band_do_not_matter() -> None:
    """Nor does a tone that is beside it."""
    samples = (1 + 0.5 * np.cos(2 * np.pi * 40 * TIME)) * np.sin(2 * np.pi * 3_000 * TIME)
    clean = squared_envelope_spectrum(Waveform(samples, RATE_HZ, "g"), 1.0, Band(2_500, 3_500))
    samples = samples + 100.0 + 20 * np.sin(2 * np.pi * 50 * TIME)
    dirty = squared_envelope_spectrum(Waveform(samples, RATE_HZ, "g"), 1.0, Band(2_500, 3_500))
    assert dirty.depths == pytest.approx(clean.depths, abs=1e-6)


def test_envelope_of_a_sine_is_its_squared_amplitude() -> None:
    """At every sample where it has whole periods."""
    assert envelope(3.0 * np.sin(2 * np.pi * 500 * TIME), RATE_HZ) == pytest.approx(np.full(len(TIME), 9.0))


def test_noise_has_the_floor_that_the_docstring_says() -> None:
    """√(2/(B·T)) where frequencies are low against the bandwidth."""
    noise = np.random.default_rng(1).standard_normal(400_000)
    found = squared_envelope_spectrum(Waveform(noise, RATE_HZ, "g"), 1.0)
    power = np.mean(found.depths[5:100] ** 2)
    # a Hann window's noise bandwidth is 1.5 lines; a spectrum has twice the power of one side
    assert power == pytest.approx(1.5 * 2 * 2 / RATE_HZ * 2, rel=0.1)


@pytest.mark.parametrize("resonance_hz", [1_200.0, 2_600.0, 4_300.0])
def test_kurtogram_finds_where_impulses_ring(resonance_hz: float) -> None:
    """Of every width, a band at the resonance; and the kurtosis there is far above noise's."""
    random = np.random.default_rng(2)
    samples = random.standard_normal(len(TIME))
    for first in random.integers(0, len(TIME) - 100, 120):
        since = np.arange(100) / RATE_HZ
        samples[first : first + 100] += 12 * np.exp(-since / 0.002) * np.sin(2 * np.pi * resonance_hz * since)
    found = kurtogram(samples, RATE_HZ, 600.0)
    assert [round(one.band.width_hz) for one in found] == [5_000, 2_500, 1_250, 625]
    for one in found:
        # beside the resonance's middle the beginnings of impulses may be sharper
        reach_hz = one.band.width_hz / 2
        assert one.band.low_hz - reach_hz <= resonance_hz <= one.band.high_hz + reach_hz
    assert found[-1].kurtosis > 1


def test_one_knock_chooses_no_band() -> None:
    """The median of segments counts: the repeated, weaker impulses win."""
    random = np.random.default_rng(3)
    samples = random.standard_normal(len(TIME))
    since = np.arange(100) / RATE_HZ
    for first in range(50, len(TIME) - 100, 250):
        samples[first : first + 100] += 10 * np.exp(-since / 0.002) * np.sin(2 * np.pi * 3_500 * since)
    samples[20_000:20_100] += 1_000 * np.exp(-since / 0.002) * np.sin(2 * np.pi * 1_000 * since)
    narrow = kurtogram(samples, RATE_HZ, 600.0)[-1]
    assert narrow.band.low_hz <= 3_500 <= narrow.band.high_hz


def test_prewhitening_takes_tones_and_keeps_impulses() -> None:
    """A tone a hundred times as strong as the noise is below it; a periodic envelope stays."""
    random = np.random.default_rng(4)
    burst = np.zeros(len(TIME))
    for at in np.cumsum(0.01 * (1 + 0.02 * random.standard_normal(390))):
        first = round(at * RATE_HZ)
        burst[first : first + 60] += (
            3 * np.sin(2 * np.pi * 3_000 * np.arange(60) / RATE_HZ)[: len(TIME) - first]
        )
    samples = random.standard_normal(len(TIME)) + burst + 100 * np.sin(2 * np.pi * 777 * TIME)
    white = prewhitened(samples, RATE_HZ)
    assert white.std() == pytest.approx(1.0)
    assert white.mean() == pytest.approx(0.0, abs=1e-12)
    magnitudes = np.abs(np.fft.rfft(white))
    assert magnitudes.max() < 4 * np.sqrt(np.mean(magnitudes**2))
    found = squared_envelope_spectrum(Waveform(white, RATE_HZ, "g"), 1.0, Band(2_500, 3_500))
    assert 99 <= int(np.argmax(found.depths[20:150])) + 20 <= 101


@pytest.mark.parametrize("samples", [np.zeros(1_000), np.full(1_000, 3.3)])
def test_constant_samples_have_an_empty_spectrum(
    samples: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    """And no division by zero."""
    assert not prewhitened(samples, RATE_HZ).any()
    found = squared_envelope_spectrum(Waveform(samples, RATE_HZ, "g"), 20.0, whiten=True)
    assert not found.depths.any()


@pytest.mark.parametrize("band", [Band(100, 100), Band(-1, 100), Band(4_000, 5_001), Band(3_000, 2_000)])
def test_band_that_is_none_is_refused(band: Band) -> None:
    """With what it has to be."""
    with pytest.raises(SignalError, match="half the sample frequency"):
        envelope(np.ones(100), RATE_HZ, band)


def test_recording_shorter_than_its_resolution_is_refused() -> None:
    """It says how many samples it takes."""
    with pytest.raises(TooFewError, match="100000"):
        squared_envelope_spectrum(Waveform(TIME, RATE_HZ, "g"), 0.1)
