"""What is known of a machine or structure: each field once, for options, files and the database. Pure."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from vibration import bearing

SUPPORTS = ("rigid", "flexible")
_TEXT = 200


class Field(NamedTuple):
    """`name` in options and files, `column` in the database; `read` gives the column's value or a ValueError."""

    name: str
    column: str
    read: Callable[[Any], Any]
    help: str


def read_name(value: object) -> str:
    """A target's name: one line, not empty."""
    text = _text(value).strip()
    if not text or not text.isprintable():
        raise ValueError("a name is one line of text, and not empty")
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    if len(value) > _TEXT or "\0" in value:
        raise ValueError(f"text of at most {_TEXT} characters, without NUL")
    return value


def _number(least: float, most: float, unit: str, *, above: bool = False) -> Callable[[Any], float]:
    def read(value: object) -> float:
        try:
            number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]  # anything else is the error
        except (TypeError, ValueError):
            number = math.nan
        if not least <= number <= most or (above and number == least):
            raise ValueError(
                f"{value!r} is not a number {'above' if above else 'from'} {least:g} to {most:g}{unit}"
            )
        return number

    return read


def _group(value: object) -> int:
    if isinstance(value, bool) or str(value).strip() not in ("1", "2", "3", "4"):
        raise ValueError(f"{value!r} is none of the groups 1, 2, 3, 4")
    return int(str(value))


def _support(value: object) -> str:
    if value not in SUPPORTS:
        raise ValueError(f"{value!r} is neither rigid nor flexible")
    return str(value)


def _frequencies(value: object) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return bearing.to_json(bearing.check_frequencies(value))
    return bearing.to_json(bearing.parse_frequencies(_text(value)))


def _geometry(value: object) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return bearing.to_json(bearing.check_geometry(value))
    return bearing.to_json(bearing.parse_geometry(_text(value)))


FIELDS = (
    Field("group", "machine_group", _group, "Group of ISO 20816-3, 1 to 4 (3, 4: pumps, of ISO 10816-3)."),
    Field("support", "support", _support, "Its foundation: rigid or flexible, as ISO 20816-3 has it."),
    Field("power", "rated_power_kw", _number(0, 1e7, " kW", above=True), "Rated power in kW."),
    Field("speed", "speed_rpm", _number(0, 1e6, " rpm", above=True), "Speed of the shaft in rpm."),
    Field(
        "shaft_height", "shaft_height_mm", _number(0, 1e5, " mm", above=True), "Height of the shaft in mm."
    ),
    Field("bearing", "bearing", _frequencies, "The four frequencies, in multiples of the shaft's."),
    Field("bearing_geometry", "bearing", _geometry, "Or its geometry; the contact angle in degrees."),
    Field(
        "latitude",
        "latitude",
        _number(-90, 90, " degrees"),
        "Degrees, north positive (WGS 84); with a longitude.",
    ),
    Field(
        "longitude", "longitude", _number(-180, 180, " degrees"), "Degrees, east positive; with a latitude."
    ),
    Field("description", "description", _text, "What it is, for people."),
)
_PLACE = ("latitude", "longitude")
COLUMNS = tuple(dict.fromkeys(field.column for field in FIELDS))


def half_a_place(target: Mapping[str, Any]) -> str | None:
    """What a target lacks that has one coordinate alone, in a sentence; None where it has both or neither."""
    missing = [name for name in _PLACE if target.get(name) is None]
    if len(missing) != 1:
        return None
    [given] = set(_PLACE) - set(missing)
    return f"a place is latitude and longitude: it has {given}, and no {missing[0]}"


def read_fields(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Column → value of the fields that are given, and field → what is wrong with it."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field in FIELDS:
        if field.name in given:
            try:
                values[field.column] = field.read(given[field.name])
            except ValueError as error:
                problems[field.name] = str(error)
    if "bearing" in given and "bearing_geometry" in given:
        problems["bearing"] = "give the frequencies or the geometry, not both"
    return values, problems
