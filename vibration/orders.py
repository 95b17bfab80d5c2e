"""Amplitude and phase at multiples of the shaft's speed, which is known only about. Pure."""

import cmath
import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft, signal

from vibration.signal import SignalError, TooFewError, Waveform, as_double
from vibration.units import Quantity, Values

MULTIPLES: Final = (1.0, 2.0, 3.0)
TOLERANCE: Final = 0.02  # an induction motor's slip, from no load to full load
LEAST_REVOLUTIONS: Final = (
    8  # Hann's main lobe is four lines wide: half of the lines between two orders are floor
)
_PADDING: Final = 4  # times the length: an order between two lines is found at its height
_NEAR_LINES: Final = 1  # from the speed's multiple
_SMALLEST: Final = 1e-300
# Times the floor, as for a spectrum's peaks. An amplitude of noise is above that in 1.5 of 100,000 lines.
_ABOVE_FLOOR: Final = 4.0
# Of amplitudes of Gaussian noise (Rayleigh's distribution): the median over the lower quartile.
_MEDIAN_OF_QUARTILE: Final = math.sqrt(math.log(2) / math.log(4 / 3))


class Order(NamedTuple):
    """One multiple of the shaft's speed. Without an amplitude, the reason says why."""

    multiple: float
    frequency_hz: float  # where it was found; else where it was looked for
    amplitude: Quantity | None  # peak, of a sine
    phase_rad: float | None  # φ of A · cos(2πft + φ), t from the waveform's first sample; from -π to π
    floor: Quantity | None  # the noise's median amplitude around it
    reason: str = ""


class Orders(NamedTuple):
    """The orders, and the speed at which they are; None where no order stands out of the noise."""

    speed_rpm: float | None
    orders: tuple[Order, ...]


def orders(
    waveform: Waveform,
    speed_rpm: float,
    multiples: Sequence[float] = MULTIPLES,
    tolerance: float = TOLERANCE,
) -> Orders:
    """Amplitude and phase at these multiples of a speed that is `speed_rpm` to a share of `tolerance`.

    One speed is looked for that explains all orders: the one at which the product of their amplitudes, in multiples of
    the noise's, is largest (the harmonic product spectrum of A. M. Noll, Proc. Symp. Computer Processing in
    Communications, 1969), in the transform of the whole waveform, less its mean and under a Hann window. Then each
    order is its largest summit within a line of that speed's multiple; where none stands out of the noise it has no
    amplitude, but a reason (of windows of noise alone, about one in 200 has an order). Noise is estimated around each
    order, by the quartile of the lines a half order to each side, so that it is low where harmonics stand close.

    The waveform should be so short that the speed does not change in it by more than 1 / its duration.

    TooFewError below eight revolutions; SignalError where the speed is not above 0, or the tolerance so wide
    that an order is looked for where the next one is.
    """
    if not (math.isfinite(speed_rpm) and speed_rpm > 0):
        raise SignalError(f"a speed of {speed_rpm} rpm: a finite number above 0")
    if not multiples or min(multiples) <= 0:
        raise SignalError("orders are multiples above 0 of the speed")
    if not 0 <= tolerance * max(multiples) < 0.5:
        raise SignalError(f"a tolerance of {tolerance:g} reaches from order {max(multiples):g} to the next")
    shaft_hz = speed_rpm / 60
    revolutions = waveform.duration_s * shaft_hz
    if revolutions < LEAST_REVOLUTIONS:
        raise TooFewError(
            f"{waveform.duration_s:.3g} s are {revolutions:.3g} revolutions at {speed_rpm:g} rpm: "
            f"orders need {LEAST_REVOLUTIONS}, or {LEAST_REVOLUTIONS / shaft_hz:.3g} s"
        )
    lines = _Lines(waveform)
    usable = [m for m in multiples if m * (1 + tolerance) * shaft_hz <= waveform.usable_hz]
    floors = {m: lines.floor(m * shaft_hz, shaft_hz / 2) for m in usable}
    found_hz = _shaft(lines, shaft_hz, floors, tolerance)
    made = []
    for multiple in multiples:
        if multiple not in floors:
            reason = f"above {waveform.usable_hz:.4g} Hz, up to where {waveform.sample_frequency_hz:g} Hz can be used"
            made.append(Order(multiple, multiple * shaft_hz, None, None, None, reason))
        else:
            made.append(_order(lines, multiple, found_hz or shaft_hz, floors[multiple], waveform.unit))
    return Orders(None if found_hz is None else 60 * _refined(found_hz, made), tuple(made))


class _Lines:
    """The waveform's amplitudes on a grid four times as fine as its resolution, and exactly at any one frequency."""

    def __init__(self, waveform: Waveform) -> None:
        values = as_double(waveform.samples)
        taper = signal.get_window("hann", len(values))
        self._weighted = (values - values.mean()) * taper * (2 / taper.sum())
        self._period_s = 1 / waveform.sample_frequency_hz
        padded = fft.next_fast_len(_PADDING * len(values), real=True)
        self.amplitudes: Values = np.abs(fft.rfft(self._weighted, padded))
        self.step_hz = waveform.sample_frequency_hz / padded
        self.resolution_hz = 1 / waveform.duration_s

    def index(self, frequencies_hz: Values) -> npt.NDArray[np.intp]:
        """The nearest on the grid."""
        nearest: npt.NDArray[np.intp] = np.rint(frequencies_hz / self.step_hz).astype(np.intp)
        return nearest.clip(0, len(self.amplitudes) - 1)

    def value(self, frequency_hz: float) -> complex:
        """A sine's amplitude and phase at this frequency, between the lines, too."""
        turns = np.arange(len(self._weighted)) * (frequency_hz * self._period_s)
        return complex(np.vdot(np.exp(2j * math.pi * turns), self._weighted))

    def floor(self, frequency_hz: float, reach_hz: float) -> float:
        """The median amplitude of the noise around a frequency."""
        edges = np.array([max(2 * self.resolution_hz, frequency_hz - reach_hz), frequency_hz + reach_hz])
        begin, end = self.index(edges)
        return float(np.quantile(self.amplitudes[begin : end + 1], 0.25)) * _MEDIAN_OF_QUARTILE


def _shaft(lines: _Lines, shaft_hz: float, floors: dict[float, float], tolerance: float) -> float | None:
    """The shaft's frequency that explains the orders best; None where none of them stands out."""
    if not floors:
        return None
    width = 2 * tolerance * max(floors) * shaft_hz
    count = max(3, math.ceil(width / lines.step_hz) | 1)
    shares = np.linspace(1 - tolerance, 1 + tolerance, count)
    score: Values = np.zeros(count)
    for multiple, floor in floors.items():
        amplitudes = lines.amplitudes[lines.index(multiple * shaft_hz * shares)]
        if floor > 0:
            # what does not stand out is the same as nothing
            score += np.log(np.maximum(amplitudes / (_ABOVE_FLOOR * floor), 1.0))
    best = int(score.argmax())
    return float(shaft_hz * shares[best]) if score[best] > 0 else None


def _refined(shaft_hz: float, found: Sequence[Order]) -> float:
    """The shaft's frequency by the lines that were found, high and clear ones first.

    A line's frequency is known the better the more it stands out, and the shaft's a multiple better than that.
    """
    frequencies, weights = [shaft_hz], [1e-9]
    for order in found:
        if order.amplitude is not None and order.floor is not None:
            amplitude = float(order.amplitude)
            clarity = amplitude / max(float(order.floor), 1e-6 * amplitude)
            frequencies.append(order.frequency_hz / order.multiple)
            weights.append((order.multiple * clarity) ** 2)
    return float(np.average(frequencies, weights=weights))


def _order(lines: _Lines, multiple: float, shaft_hz: float, floor: float, unit: str) -> Order:
    """The largest line near the multiple of a shaft's frequency that is known."""
    centre, reach = multiple * shaft_hz, _NEAR_LINES * lines.resolution_hz
    begin, end = lines.index(np.array([centre - reach, centre + reach]))
    amplitudes = lines.amplitudes[begin : end + 1]
    noise = Quantity(np.asarray(floor), unit)
    # a summit: what only rises to one side is another line's
    summits, _ = signal.find_peaks(amplitudes, height=max(_ABOVE_FLOOR * floor, _SMALLEST))
    if not len(summits):
        reason = f"no line of its own stands out of the noise of {noise}"
        return Order(multiple, centre, None, None, noise, reason)
    best = int(summits[amplitudes[summits].argmax()])
    left, middle, right = np.log(np.maximum(amplitudes[best - 1 : best + 2], _SMALLEST))
    offset = float(0.5 * (left - right) / (left - 2 * middle + right))
    frequency = (int(begin) + best + offset) * lines.step_hz
    value = lines.value(frequency)
    return Order(multiple, frequency, Quantity(np.asarray(abs(value)), unit), cmath.phase(value), noise)
