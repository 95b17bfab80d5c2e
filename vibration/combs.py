"""Combs of lines in a spectrum, against its noise: where a family of harmonics lies, and how likely chance has made it.

Averaged powers of noise have a gamma distribution; a line's false-alarm probability follows from how far it is above
the floor, which is the local median. Pure.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal, special

from vibration.units import Values

Mask = npt.NDArray[np.bool_]
_NEIGHBOURS: Final = (
    1  # lines to each side, in which a harmonic's line may lie: half a Hann window's main lobe
)
_APART: Final = 4  # lines: the main lobe of a Hann window
_CAP: Final = 9.0  # -ln p that one line contributes at most, about 1e-4: one line alone makes no family
# Half-overlapping Hann segments have a correlation of 1/6 with each neighbour. The largest eigenvalue of that, 1 + 2/6,
# is what the far tail of their average's distribution follows, and that tail is what is asked for here.
_OVERLAP_LOSS: Final = 4 / 3
LINE_CHANCE: Final = 1e-3  # a line is a line below this false-alarm probability


class Lines(NamedTuple):
    """A spectrum as evidence: arrays of shape (n,) over frequency."""

    step_hz: float
    height: Values  # power of each line
    power: Values  # the largest of it and its neighbours
    floor: Values  # mean of the noise there
    surprise: Values  # -ln of the probability that noise alone is as high; 0 where lines are not to be used


class Line(NamedTuple):
    """One line that was looked for."""

    frequency_hz: float
    depth: float  # amplitude, what noise has added taken off
    snr_db: float  # power over the local floor
    chance: float  # that noise alone is as high
    used: bool  # not where another family has its line

    @property
    def found(self) -> bool:
        """Noise alone is hardly as high, and nothing else explains it."""
        return self.used and self.chance <= LINE_CHANCE


class Comb(NamedTuple):
    """A family of lines at its most likely place within the tolerance."""

    fundamental_hz: float
    chance: float  # that noise alone makes such a family anywhere within the tolerance
    lines: tuple[Line, ...]  # at the multiples that were asked for, in that order

    @property
    def depth(self) -> float:
        """Root of the sum of the found lines' squared amplitudes."""
        return float(np.sqrt(sum(line.depth**2 for line in self.lines if line.found)))

    @property
    def found(self) -> int:
        """How many of the lines are there."""
        return sum(line.found for line in self.lines)


def lines(frequencies_hz: Values, amplitudes: Values, segments: int, *, around_hz: float) -> Lines:
    """A spectrum that averages `segments` half-overlapping Hann segments; shapes (n,). around_hz: the width of the
    median, which has to be wide against families of lines and narrow against the floor's changes.
    """
    step = float(frequencies_hz[1])
    power = np.square(amplitudes)
    shape = max(1.0, segments / _OVERLAP_LOSS)
    size = max(5, 2 * round(around_hz / step / 2) + 1)
    # the median of a gamma distribution, over its mean
    ratio = float(special.gammaincinv(shape, 0.5)) / shape
    # mirrored about 0 Hz, whose own line the mean's removal has emptied
    floor = np.maximum(ndimage.median_filter(power, size, mode="mirror") / ratio, 1e-300)
    highest = ndimage.maximum_filter1d(power, 2 * _NEIGHBOURS + 1, mode="nearest")
    chance = special.gammaincc(shape, shape * highest / floor)
    surprise = -np.log(np.clip((2 * _NEIGHBOURS + 1) * chance, 1e-300, 1.0))
    surprise[0] = 0.0
    return Lines(step, power, highest, floor, np.minimum(surprise, 600.0))


def around(evidence: Lines, frequencies_hz: Values, reach_lines: float = 2.0) -> Mask:
    """Which lines lie at these frequencies: their whole main lobe; shape (n,) of the spectrum."""
    mask = np.zeros(len(evidence.power), dtype=np.bool_)
    reach = int(np.ceil(reach_lines))
    for at in frequencies_hz / evidence.step_hz:
        middle = round(float(at))
        if 0 <= middle < len(mask) + reach:
            mask[max(0, middle - reach) : middle + reach + 1] = True
    return mask


def search(
    evidence: Lines,
    nominal_hz: float,
    tolerance: float,
    multiples: Sequence[float],
    taken: Mask | None = None,
) -> Comb:
    """The likeliest family of lines at `multiples` of a fundamental within nominal_hz · (1 ± tolerance).

    For each candidate the sum of -ln p of its lines, each capped: under noise alone it has a gamma distribution of as
    many degrees as there are lines (R. A. Fisher, Statistical Methods for Research Workers, 1932); that probability
    times the number of independent candidates is the family's. Lines that are `taken`, shape (n,), count neither way.
    """
    order = np.asarray(multiples, dtype=np.float64)
    top, width_hz = float(order.max()), 2 * tolerance * nominal_hz
    fine_hz = evidence.step_hz / (2 * top)
    candidates = nominal_hz + np.linspace(-width_hz / 2, width_hz / 2, max(3, int(width_hz / fine_hz) + 1))
    places = np.rint(np.outer(candidates, order) / evidence.step_hz).astype(np.intp)
    there = places < len(evidence.power)
    places = np.minimum(places, len(evidence.power) - 1)
    free = there if taken is None else there & ~taken[places]
    surprise = np.where(free, np.minimum(evidence.surprise[places], _CAP), 0.0).sum(axis=1)
    degrees = free.sum(axis=1)
    chance = np.where(degrees > 0, special.gammaincc(np.maximum(degrees, 1), surprise), 1.0)
    # of equal chances the strongest, so that a family is centred on its lines
    high = np.log(np.maximum(evidence.height[places] / evidence.floor[places], 1e-3))
    strength = np.where(free, high, 0.0).sum(axis=1)
    best = int(np.lexsort((-strength, np.round(np.log(np.maximum(chance, 1e-300)), 3)))[0])
    independent = max(1.0, width_hz * top / evidence.step_hz)
    fundamental = float(candidates[best])
    found = tuple(
        line_at(evidence, fundamental * multiple, used=bool(use))
        for multiple, use in zip(multiples, free[best], strict=True)
    )
    return Comb(fundamental, float(min(1.0, chance[best] * independent)), found)


def strongest(evidence: Lines, taken: Mask, most: int) -> float:
    """How deeply the strongest lines modulate that are not `taken`, `most` of them together: a root of summed squares."""
    power = np.where(
        taken | (evidence.surprise < -np.log(LINE_CHANCE)), 0.0, evidence.height - evidence.floor
    )
    peaks, _ = signal.find_peaks(power, distance=_APART)
    return float(np.sqrt(np.maximum(np.sort(power[peaks])[-most:], 0.0).sum()))


def line_at(evidence: Lines, frequency_hz: float, *, used: bool = True) -> Line:
    """What is at a frequency."""
    at = min(max(round(frequency_hz / evidence.step_hz), 0), len(evidence.power) - 1)
    power, floor = float(evidence.power[at]), float(evidence.floor[at])
    return Line(
        frequency_hz,
        float(np.sqrt(max(power - floor, 0.0))),
        float(10 * np.log10(max(power, 1e-300) / floor)),
        float(np.exp(-evidence.surprise[at])),
        used,
    )
