"""Units of vibration, as a channel's description spells them. Nothing is guessed: what is unknown is an error. Pure."""

import math
import re
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

STANDARD_GRAVITY: Final = 9.80665  # m/s², exactly: 3rd CGPM (1901)
INCH: Final = 0.0254  # m, exactly


class UnitError(ValueError):
    """A unit that is missing, unknown, or of another kind than what is asked."""


class Unit(NamedTuple):
    """One unit of motion.

    `order` is the number of derivatives by time from displacement: 0 displacement, 1 velocity, 2 acceleration.
    """

    name: str
    order: int
    factor: float  # how many of m, m/s or m/s² it is

    @property
    def kind(self) -> str:
        """displacement, velocity or acceleration."""
        return KINDS[self.order]


KINDS: Final = ("displacement", "velocity", "acceleration")
_UNITS: Final = (
    Unit("m", 0, 1.0),
    Unit("mm", 0, 1e-3),
    Unit("µm", 0, 1e-6),
    Unit("m/s", 1, 1.0),
    Unit("mm/s", 1, 1e-3),
    Unit("µm/s", 1, 1e-6),
    Unit("in/s", 1, INCH),
    Unit("m/s²", 2, 1.0),
    Unit("mm/s²", 2, 1e-3),
    Unit("g", 2, STANDARD_GRAVITY),
    Unit("mg", 2, STANDARD_GRAVITY / 1000),
)
_KNOWN: Final = {unit.name: unit for unit in _UNITS}
_PER_SECOND_SQUARED: Final = re.compile(r"/s(\^|\*\*)?2$")
_MICROMETRE: Final = re.compile("^[u\N{GREEK SMALL LETTER MU}]m")


def unit(name: str) -> Unit:
    """The unit of this name, or of another obvious spelling of it: "m/s2", "m/s^2", "um", and µ in both its characters.

    Capitals count, as they do in the SI: "G" and "MM/S" are unknown. UnitError where the name is empty or unknown.
    """
    spelled = name.strip()
    if not spelled:
        raise UnitError(f"the unit is not declared: one of {', '.join(_KNOWN)}")
    spelled = _MICROMETRE.sub("µm", _PER_SECOND_SQUARED.sub("/s²", spelled))
    found = _KNOWN.get(spelled)
    if found is None:
        raise UnitError(f"the unit {name!r} is unknown: one of {', '.join(_KNOWN)}")
    return found


def factor(have: str, want: str) -> float:
    """What values in the one unit are multiplied with to be in the other. UnitError where no number does that."""
    one, other = unit(have), unit(want)
    if one.order != other.order:
        raise UnitError(f"{one.name} is a unit of {one.kind}, {other.name} of {other.kind}")
    return one.factor / other.factor


def motion_factor(have: str, want: str, frequencies_hz: Values) -> Values:
    """What amplitudes at these frequencies (shape (n,)) are multiplied with: also from acceleration to velocity.

    A sine's derivative has 2πf times its amplitude, its integral 1/2πf. At 0 Hz an integral has no amplitude: 0.
    UnitError for an unknown unit.
    """
    one, other = unit(have), unit(want)
    omega = 2 * math.pi * frequencies_hz
    made = np.zeros_like(omega)
    np.power(omega, float(other.order - one.order), out=made, where=omega > 0)
    if other.order == one.order:
        made[omega == 0] = 1.0
    return made * (one.factor / other.factor)


class Quantity(NamedTuple):
    """A value or an array of values, with the unit; "1" is the unit of ratios."""

    value: Values  # shape (...): () is one number
    unit: str

    def to(self, want: str) -> "Quantity":
        """The same in another unit of its kind. UnitError where there is none such."""
        return Quantity(np.asarray(self.value * factor(self.unit, want)), unit(want).name)

    def __float__(self) -> float:
        """The number of a single value. TypeError for an array of many."""
        return float(self.value)

    def __str__(self) -> str:
        """As people write it: "4.5 mm/s"."""
        number = f"{float(self):.4g}" if np.ndim(self.value) == 0 else str(self.value)
        return number if self.unit == "1" else f"{number} {self.unit}"
