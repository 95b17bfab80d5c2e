"""Rolling bearings: from geometry to the four frequencies at which their faults show. Pure.

A target's bearing is kept as JSON: {"geometry": {…}}, or {"frequencies": {…}} as catalogues print them, in multiples
of the shaft's frequency.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple


class Frequencies(NamedTuple):
    """The four, in multiples of the shaft's frequency, or in Hz."""

    bpfi: float  # ball pass frequency, inner race
    bpfo: float  # ball pass frequency, outer race
    bsf: float  # ball spin frequency; a fault of a rolling element strikes at twice this
    ftf: float  # fundamental train frequency: the cage

    def at(self, speed_rpm: float) -> "Frequencies":
        """In Hz, at this speed of the shaft."""
        return Frequencies(*(multiple * speed_rpm / 60 for multiple in self))


class Geometry(NamedTuple):
    """A bearing with a fixed outer race; both diameters in one unit, the contact angle in degrees."""

    rolling_elements: int
    element_diameter: float
    pitch_diameter: float
    contact_angle: float = 0.0

    def frequencies(self) -> Frequencies:
        """In multiples of the shaft's frequency. With n rolling elements of diameter d, pitch diameter D, contact
        angle φ and r = d/D · cos φ: BPFO = n/2 · (1 - r), BPFI = n/2 · (1 + r), FTF = 1/2 · (1 - r),
        BSF = D/2d · (1 - r²) (R. B. Randall, J. Antoni: Rolling element bearing diagnostics - A tutorial,
        Mechanical Systems and Signal Processing 25, 2011, equations 1 to 4).
        """
        n, d, pitch = self.rolling_elements, self.element_diameter, self.pitch_diameter
        r = d / pitch * math.cos(math.radians(self.contact_angle))
        return Frequencies(
            bpfi=n / 2 * (1 + r), bpfo=n / 2 * (1 - r), bsf=pitch / (2 * d) * (1 - r * r), ftf=(1 - r) / 2
        )


def parse_frequencies(text: str) -> Frequencies:
    """The frequencies in "bpfi=5.4152,bpfo=3.5848,bsf=2.3567,ftf=0.39828". ValueError says what is wrong."""
    return check_frequencies(_pairs(text, Frequencies))


def parse_geometry(text: str) -> Geometry:
    """The geometry in "rolling_elements=9,element_diameter=7.94,pitch_diameter=39.04,contact_angle=0"."""
    return check_geometry(_pairs(text, Geometry))


def check_frequencies(values: Mapping[str, object]) -> Frequencies:
    """All four, and such as a bearing can have. ValueError says what is wrong."""
    frequencies = Frequencies(**_numbers(values, Frequencies))
    for name, value in frequencies._asdict().items():
        if value <= 0:
            raise ValueError(f"{name} is {value:g}: it is above 0, in multiples of the shaft's frequency")
    if frequencies.bpfi <= frequencies.bpfo:
        raise ValueError("bpfi is larger than bpfo: the two seem to be swapped")
    if frequencies.ftf >= 1:
        raise ValueError(f"ftf is {frequencies.ftf:g}: a cage turns slower than the shaft, so it is below 1")
    return frequencies


def check_geometry(values: Mapping[str, object]) -> Geometry:
    """A geometry that a bearing can have. ValueError says what is wrong."""
    numbers = _numbers(values, Geometry)
    count = numbers["rolling_elements"]
    if count != round(count) or not 3 <= count <= 1_000:
        raise ValueError(f"rolling_elements is {count:g}: a whole number from 3 to 1000")
    geometry = Geometry(**{**numbers, "rolling_elements": round(count)})  # type: ignore[arg-type]  # the names are its fields'
    if not 0 < geometry.element_diameter < geometry.pitch_diameter:
        raise ValueError("element_diameter is above 0 and below pitch_diameter")
    if not 0 <= geometry.contact_angle < 90:
        raise ValueError(f"contact_angle is {geometry.contact_angle:g}: from 0 to below 90 degrees")
    return geometry


def to_json(bearing: Frequencies | Geometry) -> dict[str, Any]:
    """As the database keeps it."""
    kind = "geometry" if isinstance(bearing, Geometry) else "frequencies"
    return {kind: bearing._asdict()}


def frequencies_of(kept: Mapping[str, Any] | None) -> Frequencies | None:
    """The four in multiples of the shaft's frequency; None where nothing is kept, or nothing that can be read."""
    try:
        if kept and "geometry" in kept:
            return check_geometry(kept["geometry"]).frequencies()
        if kept and "frequencies" in kept:
            return check_frequencies(kept["frequencies"])
    except (ValueError, TypeError, AttributeError):
        return None  # another program wrote it
    return None


def describe(kept: Mapping[str, Any] | None) -> str:
    """In a few words, as a list shows it."""
    frequencies = frequencies_of(kept)
    if frequencies is None:
        return "–" if not kept else "unreadable"
    return f"BPFO {frequencies.bpfo:.3f}  BPFI {frequencies.bpfi:.3f}"


def _pairs(text: str, kind: type[NamedTuple]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or name not in kind._fields:
            raise ValueError(
                f"{part.strip()!r} is none of {', '.join(f'{field}=…' for field in kind._fields)}"
            )
        if name in pairs:
            raise ValueError(f"{name} comes twice")
        pairs[name] = value
    return pairs


def _numbers(values: Mapping[str, object], kind: type[NamedTuple]) -> dict[str, float]:
    unknown = sorted(set(values) - set(kind._fields))
    if unknown:
        raise ValueError(f"{unknown[0]} is unknown: {', '.join(kind._fields)} are known")
    missing = [name for name in kind._fields if name not in values and name not in kind._field_defaults]
    if missing:
        raise ValueError(f"{', '.join(missing)} is missing")
    numbers = {}
    for name, value in values.items():
        try:
            number = float(value)  # type: ignore[arg-type]  # anything else is the error
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} is {value!r}, which is no number") from error
        if not math.isfinite(number) or isinstance(value, bool):
            raise ValueError(f"{name} is {value!r}, which is no number")
        numbers[name] = number
    return numbers
