"""Units of vibration, and waveforms that carry one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.signals import ACCELERATION
from vibration.signal import SignalError, TooFewError, Waveform
from vibration.units import KINDS, Quantity, UnitError, factor, motion_factor, unit

NAMES = ("m", "mm", "µm", "m/s", "mm/s", "µm/s", "in/s", "m/s²", "mm/s²", "g", "mg")


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("m/s2", "m/s²"), ("m/s^2", "m/s²"), ("m/s**2", "m/s²"), ("mm/s2", "mm/s²"), (" g ", "g"),
        ("um", "µm"), ("\N{GREEK SMALL LETTER MU}m", "µm"), ("um/s", "µm/s"), *((name, name) for name in NAMES),
    ],
)  # fmt: skip
def test_obvious_spellings_are_one_unit(spelled: str, name: str) -> None:
    """What keyboards cannot write is written otherwise."""
    assert unit(spelled).name == name


@pytest.mark.parametrize("name", ["", "  ", "G", "MM/S", "°C", "m/s3", "g2", "V", "1", "mm/s²2", "ips"])
def test_missing_and_unknown_units_are_refused(name: str) -> None:
    """With the units that are known; none is guessed."""
    with pytest.raises(UnitError, match=r"(not declared|is unknown): one of m, mm, µm"):
        unit(name)


@pytest.mark.parametrize(
    ("value", "have", "want", "expected"),
    [(1, "g", "m/s²", 9.80665), (1, "g", "mm/s²", 9806.65), (9.80665, "m/s2", "g", 1), (1, "in/s", "mm/s", 25.4),
     (1500, "mg", "g", 1.5), (7.1, "mm/s", "m/s", 0.0071), (40, "µm", "mm", 0.04)],
)  # fmt: skip
def test_conversions_are_the_definitions(value: float, have: str, want: str, expected: float) -> None:
    """Standard gravity is 9.80665 m/s², an inch 25.4 mm, exactly."""
    assert float(Quantity(np.asarray(value), have).to(want)) == pytest.approx(expected, rel=1e-12)


@given(st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_conversion_there_and_back_changes_nothing(have: str, want: str) -> None:
    """Within a kind; from one kind to another no number converts, and the error names both."""
    if unit(have).order == unit(want).order:
        assert factor(have, want) * factor(want, have) == pytest.approx(1, rel=1e-12)
    else:
        with pytest.raises(UnitError, match=f"{have} is a unit of .*, {want} of "):
            factor(have, want)


def test_motion_factor_integrates_and_differentiates_sines() -> None:
    """1 g at 50 Hz is 31.216 mm/s and 99.36 µm; at 0 Hz an integral has no amplitude."""
    at = np.array([0.0, 50.0])
    assert motion_factor("g", "mm/s", at) == pytest.approx([0, 31.2155], rel=1e-5)
    assert motion_factor("g", "µm", at) == pytest.approx([0, 99.362], rel=1e-4)
    assert motion_factor("mm/s", "g", at) == pytest.approx([0, 1 / 31.2155], rel=1e-5)
    assert motion_factor("mm/s", "m/s", at) == pytest.approx([1e-3, 1e-3])


def test_emulated_sensors_speak_known_units() -> None:
    """What the fleet's vibration sensors declare can be analysed."""
    assert {unit(channel.unit).kind for channel in ACCELERATION} == {KINDS[2]}


def test_quantity_says_its_unit() -> None:
    """Ratios have none to say."""
    assert str(Quantity(np.asarray(4.5), "mm/s")) == "4.5 mm/s"
    assert str(Quantity(np.asarray(3.0), "1")) == "3"


def test_waveform_knows_duration_and_usable_band() -> None:
    """And its unit by one spelling."""
    waveform = Waveform(np.zeros(1000, np.float32), 2560.0, "m/s2", 5)
    assert (waveform.unit, waveform.usable_hz, len(waveform)) == ("m/s²", 1000.0, 1000)
    assert waveform.duration_s == pytest.approx(0.390625)


@pytest.mark.parametrize(
    ("samples", "sample_frequency_hz", "unit_name", "error", "says"),
    [
        (np.zeros(10), 100.0, "", UnitError, "not declared"),
        (np.zeros(10), 0.0, "g", SignalError, "0.0 Hz"),
        (np.zeros(10), float("nan"), "g", SignalError, "nan Hz"),
        (np.zeros(10), float("inf"), "g", SignalError, "inf Hz"),
        (np.array([0.0, np.nan]), 100.0, "g", SignalError, "not finite"),
        (np.array([0.0, np.inf]), 100.0, "g", SignalError, "not finite"),
        (np.zeros(1), 100.0, "g", TooFewError, "1 samples: at least 2"),
        (np.zeros(0), 100.0, "g", TooFewError, "0 samples"),
        (np.zeros((2, 10)), 100.0, "g", SignalError, "one row"),
        (np.zeros(10, np.int16), 100.0, "g", SignalError, "int16"),
    ],
)  # fmt: skip
def test_waveform_that_cannot_be_is_refused(
    samples: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    sample_frequency_hz: float,
    unit_name: str,
    error: type[Exception],
    says: str,
) -> None:
    """With the reason; nothing is repaired in silence."""
    with pytest.raises(error, match=says):
        Waveform(samples, sample_frequency_hz, unit_name)
