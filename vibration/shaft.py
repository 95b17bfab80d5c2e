"""The shaft's speed for what needs it exactly: by its orders where they are clear, else as the name plate says. Pure."""

from typing import Final, NamedTuple

from vibration.orders import orders
from vibration.signal import SignalError, Waveform

TOLERANCE: Final = 0.015  # of the nominal speed: an induction motor's slip, from no load to full load
_MULTIPLES: Final = tuple(float(n) for n in range(1, 9))
_CLEAR: Final = 3  # orders; one or two may be something else's


class Speed(NamedTuple):
    """The shaft's frequency, and whether the spectrum says so or only the name plate."""

    frequency_hz: float
    measured: bool

    @property
    def rpm(self) -> float:
        """Revolutions a minute."""
        return self.frequency_hz * 60


def shaft_speed(waveform: Waveform, nominal_rpm: float) -> Speed:
    """The speed within 1.5 % of nominal_rpm of the orders 1 to 8, where three of them stand out of the noise."""
    try:
        found = orders(waveform, nominal_rpm, _MULTIPLES, TOLERANCE)
    except SignalError:
        return Speed(nominal_rpm / 60, measured=False)
    clear = sum(order.amplitude is not None for order in found.orders) >= _CLEAR
    if found.speed_rpm is None or not clear:
        return Speed(nominal_rpm / 60, measured=False)
    return Speed(found.speed_rpm / 60, measured=True)
