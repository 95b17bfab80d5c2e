"""The commands that the page offers, with what each asks for; and a command made of what was entered. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from web.asked import number
from web.errors import RequestError
from wire.commands import MAXIMUM_SEVERITY, MAXIMUM_SLEEP_S, MINIMUM_COMMANDED_FREQUENCY_HZ
from wire.limits import MAXIMUM_ALARM_TEXT_BYTES, MAXIMUM_SEQUENCE
from wire.names import CommandLevel

_MAXIMUM_FREQUENCY_HZ: Final = 1_000_000.0
_MAXIMUM_SESSION: Final = 2**32 - 1


class Field(NamedTuple):
    """One thing to enter. `maximum` of a text: its bytes."""

    name: str
    label: str
    type: Literal["number", "integer", "text"]
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    default: float | str | None = None


class Kind(NamedTuple):
    """One command. `confirm`: it is asked whether that is really meant."""

    level: CommandLevel
    label: str
    description: str
    confirm: bool = False
    fields: Sequence[Field] = ()


KINDS: Final = (
    Kind(
        CommandLevel.SLEEP,
        "Sleep",
        "Stop measuring. The sensor stays connected, and hears when it is to measure again.",
        confirm=True,
        fields=(Field("duration_s", "Wake by itself after", "integer", "s", 0, MAXIMUM_SLEEP_S, default=0),),
    ),
    Kind(CommandLevel.AWAKE, "Awake", "Measure again."),
    Kind(
        CommandLevel.CHANGE_SAMPLE_FREQUENCY,
        "Change sample frequency",
        "Measure at another sample frequency, up to what the sensor can.",
        fields=(
            Field(
                "sample_frequency_hz",
                "Sample frequency",
                "number",
                "Hz",
                MINIMUM_COMMANDED_FREQUENCY_HZ,
                _MAXIMUM_FREQUENCY_HZ,
                required=True,
            ),
        ),
    ),
    Kind(
        CommandLevel.IDENTIFY,
        "Identify",
        "Blink, where the sensor has a lamp, and log a line: to find it on site.",
    ),
    Kind(
        CommandLevel.REBOOT,
        "Reboot",
        "Start anew, in a new session. State, sample frequency and batches that nobody holds yet survive.",
        confirm=True,
    ),
    Kind(
        CommandLevel.TRIGGER_ALARM,
        "Trigger alarm",
        "Tell the sensor of an alarm, so that it acts where the machine is.",
        confirm=True,
        fields=(
            Field("alarm_id", "Alarm", "text", maximum=MAXIMUM_ALARM_TEXT_BYTES, required=True),
            Field("severity", "Severity", "integer", "", 1, MAXIMUM_SEVERITY, default=500),
            Field("action", "Action, in the sensor's own words", "text", maximum=MAXIMUM_ALARM_TEXT_BYTES),
        ),
    ),
    Kind(
        CommandLevel.RESEND,
        "Resend",
        "Publish batches again. Without a sequence: whatever is missing here and the sensor still holds.",
        fields=(
            Field("session", "Session", "integer", "", 0, _MAXIMUM_SESSION),
            Field("first_sequence", "First sequence", "integer", "", 0, MAXIMUM_SEQUENCE),
            Field("last_sequence", "Last sequence", "integer", "", 0, MAXIMUM_SEQUENCE),
        ),
    ),
)
_BY_NAME: Final = {kind.level.value: kind for kind in KINDS}


def available() -> list[dict[str, Any]]:
    """As the page reads them."""
    return [
        {
            "name": kind.level.value,
            "label": kind.label,
            "description": kind.description,
            "confirm": kind.confirm,
            "fields": [field._asdict() for field in kind.fields],
        }
        for kind in KINDS
    ]


def kind_of(name: object) -> Kind:
    """RequestError where there is none of this name."""
    if not isinstance(name, str) or name not in _BY_NAME:
        raise RequestError(f"There is no such command: {', '.join(_BY_NAME)}.")
    return _BY_NAME[name]


def entered(kind: Kind, given: object) -> dict[str, float | str]:
    """The values of a command's fields; those that were left empty have their default, or are left out. RequestError."""
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise RequestError("fields is to be an object.")
    unknown = set(given) - {field.name for field in kind.fields}
    if unknown:
        raise RequestError(f"{kind.label} has no field {min(map(str, unknown))!r}.")
    values: dict[str, float | str] = {}
    for field in kind.fields:
        value = given.get(field.name)
        if value is None or value == "":
            if field.required:
                raise RequestError(f"{field.label} is missing.")
            value = field.default
        if value is not None:
            values[field.name] = _checked(field, value)
    return values


def _checked(field: Field, value: object) -> float | str:
    if field.type == "text":
        most = int(field.maximum or 0)
        if not isinstance(value, str) or len(value.encode(errors="replace")) > most:
            raise RequestError(f"{field.label} is a text of at most {most} bytes.")
        return value
    figure = number(value, field.label)
    if field.type == "integer":
        if figure != int(figure):
            raise RequestError(f"{field.label} is to be a whole number.")
        figure = int(figure)
    if (field.minimum is not None and figure < field.minimum) or (
        field.maximum is not None and figure > field.maximum
    ):
        raise RequestError(f"{field.label} is to be between {field.minimum:g} and {field.maximum:g}.")
    return figure
