"""The shaft's speed, from the spectrum, near what the name plate says. Pure."""

from typing import Final, NamedTuple

import numpy as np

from vibration import combs
from vibration.signal import Waveform
from vibration.spectrum import averaged_power

TOLERANCE: Final = 0.015  # of the nominal speed: an induction motor's slip from no load to full load
_ORDERS: Final = tuple(range(1, 9))
_LEAST_ORDERS: Final = 3
_CHANCE: Final = 1e-6  # that noise alone makes such a family of orders
_REVOLUTIONS: Final = 150.0  # of one transform, so that lines are 0.7 % of the shaft's frequency apart
_SEGMENTS: Final = 3  # at least


class Speed(NamedTuple):
    """The shaft's frequency, and whether the spectrum says so or only the name plate."""

    frequency_hz: float
    measured: bool

    @property
    def rpm(self) -> float:
        """Revolutions a minute."""
        return self.frequency_hz * 60


def shaft_speed(waveform: Waveform, nominal_rpm: float, tolerance: float = TOLERANCE) -> Speed:
    """The frequency within nominal_rpm · (1 ± tolerance) / 60 that has the clearest orders 1 to 8 in the spectrum.

    It counts as measured where at least three orders, one of them the first or second, stand above the noise such
    that chance makes it once in a million; the nominal speed is returned otherwise.
    """
    nominal_hz = nominal_rpm / 60
    rate = waveform.sample_frequency_hz
    length = min(round(_REVOLUTIONS / nominal_hz * rate), 2 * len(waveform) // (_SEGMENTS + 1))
    if length < 20 / nominal_hz * rate:
        return Speed(nominal_hz, measured=False)
    frequencies, power, segments = averaged_power(
        waveform.samples, rate, length, length // 2, length, scaling="spectrum"
    )
    kept = frequencies <= (_ORDERS[-1] + 4) * nominal_hz
    evidence = combs.lines(frequencies[kept], np.sqrt(2 * power[kept]), segments, around_hz=nominal_hz)
    orders = [order for order in _ORDERS if order * nominal_hz < waveform.usable_hz]
    found = combs.search(evidence, nominal_hz, tolerance, orders)
    clear = (
        found.chance <= _CHANCE and found.found >= _LEAST_ORDERS and any(one.found for one in found.lines[:2])
    )
    if not clear:
        return Speed(nominal_hz, measured=False)
    return Speed(found.fundamental_hz, measured=True)
