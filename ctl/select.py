"""Which sensors a command is for. The matching is pure; `choose` asks the database once."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any, LiteralString, NamedTuple, TypeVar

import click
from psycopg.rows import DictRow

from ctl.context import Database, Operator, query
from ctl.errors import USAGE, CtlError
from ctl.profiles import default_path

F = TypeVar("F", bound=Callable[..., Any])
STATES = ("AWAKE", "ASLEEP", "OFFLINE")


class Selection(NamedTuple):
    """What was said on the command line; filters narrow each other, serial numbers are taken as they are."""

    serial_numbers: tuple[str, ...] = ()
    all: bool = False
    target: str | None = None
    sensor_type: str | None = None
    match: str | None = None
    state: str | None = None

    @property
    def filters(self) -> bool:
        """Whether anything but serial numbers and --all was said."""
        return any((self.target, self.sensor_type, self.match, self.state))


def select(sensors: Sequence[DictRow], selection: Selection) -> list[DictRow]:
    """The sensors (rows of sensor_overview) that are meant, in order. CtlError where that is nobody."""
    if selection.serial_numbers:
        if selection.all or selection.filters:
            raise CtlError("name serial numbers, or choose by --all, --target …: not both", USAGE)
        known = {row["serial_number"]: row for row in sensors}
        return [
            known.get(serial) or _unknown(serial, known) for serial in dict.fromkeys(selection.serial_numbers)
        ]
    if not (selection.all or selection.filters):
        raise CtlError("which sensors? Name serial numbers, or use --all, --target, --type or --match", USAGE)
    _check_names(sensors, selection)
    found = filtered(sensors, selection)
    if not found:
        raise CtlError("no sensor is chosen by that: iotctl sensors lists them", USAGE)
    return found


def filtered(sensors: Iterable[DictRow], selection: Selection) -> list[DictRow]:
    """Those that pass all filters."""
    return [
        row
        for row in sensors
        if (selection.target is None or row["target"] == selection.target)
        and (selection.sensor_type is None or row["sensor_type"] == selection.sensor_type)
        and (selection.state is None or row["state"] == selection.state)
        and (selection.match is None or fnmatchcase(row["serial_number"], selection.match))
    ]


def check_filters(database: Database, sensors: Sequence[DictRow], selection: Selection) -> None:
    """CtlError where no target or type has the name that was said; nobody on a target is an answer, too."""
    targets = []
    if selection.target is not None:
        targets = [row["name"] for row in database.execute("SELECT name FROM target").fetchall()]
    _check_names(sensors, selection, targets)


def check_serial(database: Database, serial: str) -> None:
    """CtlError where the sensor is unknown, with what may have been meant."""
    rows = database.execute("SELECT serial_number FROM sensor").fetchall()
    known = {row["serial_number"] for row in rows}
    if serial not in known:
        _unknown(serial, known)


def _check_names(sensors: Sequence[DictRow], selection: Selection, targets: Iterable[str] = ()) -> None:
    for what, wanted, key, also in (
        ("target", selection.target, "target", targets),
        ("type", selection.sensor_type, "sensor_type", ()),
    ):
        known = {*also, *(row[key] for row in sensors if row[key])}
        if wanted is not None and wanted not in known:
            raise CtlError(f"no sensor has the {what} {wanted!r}{did_you_mean(wanted, known)}", USAGE)


def _unknown(serial: str, known: Iterable[str]) -> DictRow:
    raise CtlError(f"there is no sensor {serial!r}{did_you_mean(serial, known)}", USAGE)


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """ ": did you mean 'pump-0002'?", or nothing where nothing is close. Capitals do not matter."""
    folded: dict[str, list[str]] = {}
    for one in known:
        folded.setdefault(one.casefold(), []).append(one)
    close = folded.get(wrong.casefold()) or [
        one for near in difflib.get_close_matches(wrong.casefold(), folded, n=3) for one in folded[near]
    ]
    return f": did you mean {' or '.join(repr(one) for one in close)}?" if close else ""


def choose(operator: Operator, selection: Selection) -> list[DictRow]:
    """The sensors that are meant, as sensor_overview knows them. CtlError where that is nobody."""
    with operator.database() as database:
        return select(database.execute(query("sensors")).fetchall(), selection)


def one_sensor(operator: Operator, serial: str) -> DictRow:
    """One sensor, as sensor_overview knows it. CtlError where it is unknown, with what may have been meant."""
    return choose(operator, Selection((serial,)))[0]


def _completing(
    statement: LiteralString,
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """What a shell completes: the first column of what the statement finds; nothing where the database is away."""

    def complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        try:
            root = ctx.find_root().params  # a shell that completes has called no command
            operator = ctx.find_object(Operator) or Operator(
                root.get("config") or default_path(), root.get("profile")
            )
            with operator.database(statement_timeout_s=2) as database:
                rows = database.execute(statement, [incomplete]).fetchall()
        except Exception:  # whatever it is, a prompt is no place to say it
            return []
        return [next(iter(row.values())) for row in rows]

    return complete


complete_serial = _completing(
    "SELECT serial_number FROM sensor WHERE starts_with(serial_number, %s) ORDER BY 1 LIMIT 100"
)
complete_target = _completing("SELECT name FROM target WHERE starts_with(name, %s) ORDER BY 1 LIMIT 100")
complete_rule = _completing(
    "SELECT name FROM alarm_rule WHERE removed_at IS NULL AND starts_with(name, %s) ORDER BY 1 LIMIT 100"
)
complete_alarm = _completing(
    "SELECT id::text FROM alarm WHERE closed_at IS NULL AND starts_with(id::text, %s) ORDER BY 1 LIMIT 100"
)


def serial_argument(command: F) -> F:
    """SERIAL, one sensor."""
    return click.argument("serial", shell_complete=complete_serial)(command)


def selection_options(command: F) -> F:
    """SERIAL…, --all, --target, --type, --match, --state; the command gets them as keywords of `Selection`."""
    for decorator in reversed(
        (
            click.argument("serial_numbers", metavar="[SERIAL]...", nargs=-1, shell_complete=complete_serial),
            click.option("--all", "all", is_flag=True, help="Every sensor."),
            *filter_decorators(),
        )
    ):
        command = decorator(command)
    return command


def filter_options(command: F) -> F:
    """--target, --type, --match, --state."""
    for decorator in reversed(filter_decorators()):
        command = decorator(command)
    return command


def filter_decorators() -> tuple[Callable[[F], F], ...]:
    """The filters that lists and commands share."""
    return (
        click.option("--target", metavar="NAME", help="Sensors on this machine or structure."),
        click.option("--type", "sensor_type", metavar="TYPE", help="Sensors of this type, e.g. vibration."),
        click.option(
            "--match", metavar="PATTERN", help="Serial numbers like this: 'pump-*', 'pump-000[1-5]'."
        ),
        click.option(
            "--state", type=click.Choice(STATES, case_sensitive=False), help="Sensors in this state."
        ),
    )
