"""Amplitude and phase at multiples of a speed that is known about."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.recordings import SAMPLE_FREQUENCY_HZ, inner_race
from vibration.orders import Orders, orders
from vibration.signal import SignalError, TooFewError, Waveform

Floats = npt.NDArray[np.float64]
LINES = {1.0: (1.0, 0.5), 2.0: (0.5, -1.0), 3.0: (0.2, 2.0)}  # amplitude, phase


def rotor(
    speed_rpm: float,
    duration_s: float,
    sample_frequency_hz: float = 2000.0,
    lines: dict[float, tuple[float, float]] = LINES,
) -> Floats:
    time = np.arange(round(duration_s * sample_frequency_hz)) / sample_frequency_hz
    turns = 2 * math.pi * speed_rpm / 60 * time
    samples = np.zeros(len(time))
    for multiple, (amplitude, phase) in lines.items():
        samples += amplitude * np.cos(multiple * turns + phase)
    return samples


def noise(seed: int, count: int) -> Floats:
    return np.random.default_rng(seed).standard_normal(count)


def found_in(samples: Floats, speed_rpm: float, **options: float) -> Orders:
    return orders(Waveform(samples, 2000.0, "g"), speed_rpm, **options)  # type: ignore[arg-type]  # by name


@settings(max_examples=100, deadline=None)
@given(
    nominal_rpm=st.floats(900, 3600),
    slip=st.floats(-0.019, 0.019),
    duration_s=st.floats(1.0, 8.0),
    offset=st.floats(-2, 2),
)
def test_orders_are_found_though_the_speed_is_known_only_about(
    nominal_rpm: float, slip: float, duration_s: float, offset: float
) -> None:
    """Within 2 % of the nominal: each one's amplitude, phase and frequency, and the true speed."""
    actual_rpm = nominal_rpm * (1 + slip)
    found = found_in(rotor(actual_rpm, duration_s) + offset, nominal_rpm)
    line_hz = 1 / duration_s
    assert found.speed_rpm == pytest.approx(actual_rpm, abs=0.03 * line_hz * 60)
    for order, (amplitude, phase) in zip(found.orders, LINES.values(), strict=True):
        assert order.amplitude is not None
        assert order.amplitude.unit == "g"
        assert order.frequency_hz == pytest.approx(order.multiple * actual_rpm / 60, abs=0.1 * line_hz)
        assert float(order.amplitude) == pytest.approx(amplitude, rel=0.02)
        assert order.phase_rad == pytest.approx(phase, abs=0.1)


def test_noise_hardly_moves_them_and_weak_orders_are_said_to_be_missing() -> None:
    """Amplitudes within 5 %; a 3× of 1 % in noise of 10 % has no amplitude, but a reason with the noise's floor."""
    lines = {1.0: (1.0, 0.5), 2.0: (0.5, -1.0), 3.0: (0.001, 0.0)}
    samples = rotor(1490, 2.0, lines=lines) + 0.1 * noise(1, 4000)
    first, second, third = found_in(samples, 1480).orders
    assert float(first.amplitude or 0) == pytest.approx(1.0, rel=0.05)
    assert float(second.amplitude or 0) == pytest.approx(0.5, rel=0.05)
    assert (third.amplitude, third.phase_rad) == (None, None)
    assert "no line of its own stands out" in third.reason
    # of lines of a Hann window: σ · √(4 · 1.5 / n) · √(ln 2)
    assert float(third.floor or 0) == pytest.approx(0.1 * math.sqrt(6 / 4000 * math.log(2)), rel=0.5)


def test_stronger_line_beside_an_order_is_not_taken_for_it() -> None:
    """Mains hum of 50 Hz, five times the 2× of 49.3 Hz: one speed explains all orders."""
    lines = {1.0: (1.0, 0.0), 2.0: (0.2, 0.0), 3.0: (0.5, 0.0), 50 / (1480 / 60): (1.0, 0.0)}
    found = found_in(rotor(1480, 10.0, lines=lines), 1480)
    assert found.speed_rpm == pytest.approx(1480, abs=1)
    assert found.orders[1].frequency_hz == pytest.approx(49.333, abs=0.02)
    assert float(found.orders[1].amplitude or 0) == pytest.approx(0.2, rel=0.05)


def test_noise_alone_has_hardly_ever_an_order() -> None:
    """In at most 2 of 100 windows; then there is no speed either."""
    found = [found_in(noise(seed, 4000), 1480) for seed in range(100)]
    assert sum(one.speed_rpm is not None for one in found) <= 2
    assert sum(order.amplitude is not None for one in found for order in one.orders) <= 4


def test_standstill_has_no_orders() -> None:
    """Constant samples: no amplitude, no speed, no warning."""
    found = found_in(np.full(4000, 3.5), 1480)
    assert found.speed_rpm is None
    assert [order.amplitude for order in found.orders] == [None] * 3


def test_order_above_the_usable_band_is_said() -> None:
    """2000 Hz show up to 781 Hz: the 3× of 18,000 rpm is not looked for, the others are."""
    found = found_in(rotor(18_000, 1.0), 18_000)
    assert [order.amplitude is None for order in found.orders] == [False, False, True]
    assert "above 781.2 Hz" in found.orders[2].reason


def test_too_few_revolutions_are_refused() -> None:
    """With the time that would do."""
    with pytest.raises(TooFewError, match=r"5 revolutions at 600 rpm: orders need 8, or 0\.8 s"):
        found_in(rotor(600, 0.5), 600)


@pytest.mark.parametrize(
    ("speed_rpm", "options", "says"),
    [
        (0.0, {}, "0.0 rpm"),
        (math.nan, {}, "nan rpm"),
        (math.inf, {}, "inf rpm"),
        (1480.0, {"tolerance": 0.2}, "reaches from order 3 to the next"),
        (1480.0, {"tolerance": -0.1}, "tolerance"),
        (1480.0, {"multiples": ()}, "multiples above 0"),
        (1480.0, {"multiples": (0.0, 1.0)}, "multiples above 0"),
    ],
)  # fmt: skip
def test_question_without_an_answer_is_refused(
    speed_rpm: float, options: dict[str, float], says: str
) -> None:
    """A speed of nothing, a tolerance that takes one order for the next."""
    with pytest.raises(SignalError, match=says):
        found_in(rotor(1480, 1.0), speed_rpm, **options)


def test_half_orders_can_be_asked_for() -> None:
    """0.5× is a sign of looseness or rub."""
    found = found_in(rotor(1500, 4.0, lines={0.5: (0.3, 0.0), 1.0: (1.0, 0.0)}), 1500, multiples=(0.5, 1.0))  # type: ignore[arg-type]  # by name
    assert [round(float(order.amplitude or 0), 2) for order in found.orders] == [0.3, 1.0]


def test_recorded_motor_turns_near_its_nominal_speed(tmp_path: Path) -> None:
    """All its orders' frequencies agree on one speed, within 0.5 % of the 1797 rpm that the recording names."""
    found = orders(Waveform(inner_race(tmp_path).samples, SAMPLE_FREQUENCY_HZ, "g"), 1797.0)
    assert found.speed_rpm is not None
    assert found.speed_rpm == pytest.approx(1797, rel=0.005)
    measured = [order for order in found.orders if order.amplitude is not None]
    assert measured
    for order in measured:
        assert order.frequency_hz * 60 == pytest.approx(order.multiple * found.speed_rpm, abs=6)
