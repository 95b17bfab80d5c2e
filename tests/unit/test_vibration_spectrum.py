"""Spectra with a unit, a chosen resolution and a chosen window; their amplitudes are tested in test_ctl_spectrum."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibration.signal import SignalError, TooFewError, Waveform
from vibration.spectrum import amplitude_spectrum, peaks, spectrum
from vibration.units import UnitError


def sine(
    amplitude: float, frequency_hz: float, count: int, sample_frequency_hz: float
) -> npt.NDArray[np.float64]:
    time = np.arange(count) / sample_frequency_hz
    samples: npt.NDArray[np.float64] = amplitude * np.sin(2 * np.pi * frequency_hz * time + 0.3)
    return samples


@pytest.mark.parametrize(
    ("resolution_hz", "overlap", "segments"),
    [(1.0, 0.5, 19), (1.0, 0.0, 10), (0.5, 0.5, 9), (0.1, 0.5, 1), (1.0, 0.75, 37)],
)
def test_wanted_resolution_decides_on_the_averages(
    resolution_hz: float, overlap: float, segments: int
) -> None:
    """Of ten seconds; the amplitude is the same with all of them."""
    waveform = Waveform(sine(2.0, 123.4, 10_000, 1000.0), 1000.0, "g")
    found = spectrum(waveform, resolution_hz=resolution_hz, overlap=overlap)
    assert (found.segments, found.unit) == (segments, "g")
    assert found.resolution_hz == pytest.approx(resolution_hz)
    [peak] = peaks(found)
    assert peak.frequency_hz == pytest.approx(123.4, abs=0.2 * resolution_hz)
    assert peak.amplitude == pytest.approx(2.0, rel=0.01)


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0.02, 0.45), amplitude=st.floats(1e-3, 1e3))
def test_flat_top_reads_amplitudes_to_a_thousandth(share: float, amplitude: float) -> None:
    """Between any two lines, without a curve through them."""
    samples = sine(amplitude, share * 1000, 8000, 1000.0)
    found = amplitude_spectrum(samples, 1000.0, window="flattop")
    assert found.amplitudes.max() == pytest.approx(amplitude, rel=1.5e-3)
    [peak, *_] = peaks(found)
    assert peak.frequency_hz == pytest.approx(share * 1000, abs=found.resolution_hz)


def test_amplitudes_are_peak_and_rms_is_a_root_two_less() -> None:
    """A sine of 4.5 mm/s RMS."""
    found = spectrum(Waveform(sine(4.5 * math.sqrt(2), 160.0, 10_000, 4000.0), 4000.0, "mm/s"))
    assert found.amplitudes.max() == pytest.approx(6.364, rel=0.011)
    assert found.rms.max() == pytest.approx(4.5, rel=0.011)


def test_spectrum_of_acceleration_in_velocity_and_displacement() -> None:
    """1 g at 50 Hz is a line of 31.2 mm/s, or 99.4 µm; and back."""
    found = spectrum(Waveform(sine(1.0, 50.0, 10_000, 1000.0), 1000.0, "g"), resolution_hz=1.0)
    line = int(found.amplitudes.argmax())
    assert found.to("mm/s").amplitudes[line] == pytest.approx(31.2155, rel=1e-3)
    assert found.to("um").amplitudes[line] == pytest.approx(99.36, rel=1e-3)
    assert found.to("um").unit == "µm"
    assert found.to("m/s2").amplitudes[line] == pytest.approx(9.80665, rel=1e-3)
    assert found.to("mm/s").to("g").amplitudes[1:] == pytest.approx(found.amplitudes[1:])
    assert found.to("µm").amplitudes[0] == 0.0


def test_spectrum_without_a_unit_is_not_converted() -> None:
    """Samples without one have a spectrum, as a plot needs it, and no velocity."""
    with pytest.raises(UnitError, match="not declared"):
        amplitude_spectrum(np.ones(100), 10.0).to("mm/s")


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"resolution_hz": 0.5}, TooFewError, "1000 samples: a resolution of 0.5 Hz at 1000 Hz needs 2000"),
        ({"resolution_hz": 0.0}, SignalError, "above 0"),
        ({"resolution_hz": math.nan}, SignalError, "above 0"),
        ({"overlap": 1.0}, SignalError, "from 0 to below 1"),
        ({"window": "boxcar"}, SignalError, "hann, flattop"),
    ],
)  # fmt: skip
def test_spectrum_that_cannot_be_is_refused(
    options: dict[str, float], error: type[Exception], says: str
) -> None:
    """With what would be needed."""
    with pytest.raises(error, match=says):
        amplitude_spectrum(np.ones(1000), 1000.0, **options)  # type: ignore[arg-type]  # wrong on purpose
