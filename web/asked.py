"""What a request asks for, read from its query or its body, or refused with the name of what is wrong."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from web.errors import RequestError, UnknownError
from wire.names import SERIAL_NUMBER

LONGEST_COMMENT: Final = 1_000
_GREATEST: Final = 2.0**63  # NaN is not within it, either
_LATEST_MS: Final = 4_102_444_800_000  # 2100


def integer(given: Mapping[str, str], name: str, default: int | None, least: int, most: int) -> int:
    """A whole number of the query; without a default it has to be there."""
    text = given.get(name, "")
    if not text and default is not None:
        return default
    try:
        value = int(text)
    except ValueError:
        raise RequestError(f"{name} is to be a whole number.") from None
    if not least <= value <= most:
        raise RequestError(f"{name} is to be between {least} and {most}.")
    return value


def moment_ms(given: Mapping[str, str], name: str) -> int:
    """Unix time in ms, of the query; a fraction is left out."""
    try:
        value = float(given.get(name, ""))
    except ValueError:
        raise RequestError(f"{name} is to be a time in Unix milliseconds.") from None
    if not 0 <= value <= _LATEST_MS:  # NaN fails, too
        raise RequestError(f"{name} is to be between 1970 and 2100.")
    return int(value)


def one_of(given: Mapping[str, str], name: str, allowed: Collection[str], default: str) -> str:
    """A word of the query."""
    value = given.get(name) or default
    if value not in allowed:
        raise RequestError(f"{name} is to be one of {', '.join(allowed)}.")
    return value


def text(given: Mapping[str, str], name: str, longest: int) -> str | None:
    """A text of the query; None where there is none."""
    value = given.get(name, "").strip()
    if len(value) > longest or not _storable(value):
        raise RequestError(f"{name} has at most {longest} characters.")
    return value or None


def serial_number(value: str) -> str:
    """UnknownError for what can be no sensor's."""
    if not SERIAL_NUMBER.fullmatch(value):
        raise UnknownError("There is no such sensor.")
    return value


def some_serial_number(given: Mapping[str, str], name: str) -> str | None:
    """A sensor of the query, where one is asked for."""
    value = text(given, name, 100)
    return None if value is None else serial_number(value)


def comment(body: Mapping[str, Any], *, required: bool) -> str:
    """The comment of a body."""
    value = body.get("comment", "")
    if not isinstance(value, str) or len(value) > LONGEST_COMMENT or not _storable(value):
        raise RequestError(f"The comment is a text of at most {LONGEST_COMMENT} characters.")
    if required and not value.strip():
        raise RequestError("Say why, in the comment.")
    return value.strip()


def _storable(value: str) -> bool:
    """Whether the database can have it: JSON may hold halves of characters (\\ud800), and zeros."""
    return "\0" not in value and not any("\ud800" <= one <= "\udfff" for one in value)


def number(value: Any, what: str) -> float:
    """A number of a body."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _GREATEST:
        raise RequestError(f"{what} is to be a number.")
    return value
