"""Which alarms are meant: by the beginning of their ids, or by sensor, target, rule and severity."""

import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import click
from psycopg.rows import DictRow

from ctl.context import Database, query
from ctl.errors import USAGE, CtlError
from ctl.select import (
    check_serial,
    complete_alarm,
    complete_rule,
    complete_serial,
    complete_target,
    did_you_mean,
)

F = TypeVar("F", bound=Callable[..., Any])
_HEX = re.compile(r"[0-9a-f]{1,32}")
_SHOWN = 3  # alarms that are named where an id is that of several


class View(NamedTuple):
    """What a list shows of alarms; None: either."""

    over: bool = False
    active: bool | None = None
    acknowledged: bool | None = None
    shelved: bool | None = None
    suppressed: bool | None = None


VIEWS = {
    "open": View(shelved=False, suppressed=False),
    "active": View(active=True, shelved=False, suppressed=False),
    "unacknowledged": View(acknowledged=False, shelved=False, suppressed=False),
    "all": View(),
    "shelved": View(shelved=True),
    "suppressed": View(suppressed=True),
    "closed": View(over=True),
}

ids_argument = click.argument("ids", metavar="ID...", nargs=-1, required=True, shell_complete=complete_alarm)


def selector_options(command: F) -> F:
    """--serial, --target, --rule, --min-severity; `selected` takes them."""
    for decorator in reversed(
        (
            click.option(
                "--serial", "serial_numbers", multiple=True, metavar="SERIAL", shell_complete=complete_serial,
                help="Of this sensor; may be given several times.",
            ),
            click.option(
                "--target", metavar="NAME", shell_complete=complete_target, help="Of sensors on this machine or structure."
            ),
            click.option("--rule", metavar="NAME", shell_complete=complete_rule, help="Raised by this rule."),
            click.option(
                "--min-severity", type=click.IntRange(1, 1000), default=1, metavar="1..1000",
                help="At least so severe.",
            ),
        )
    ):  # fmt: skip
        command = decorator(command)
    return command


def selected(database: Database, given: dict[str, Any]) -> dict[str, Any]:
    """Parameters of the queries; takes the options out of `given`. CtlError where a name is unknown."""
    serials: tuple[str, ...] = given.pop("serial_numbers")
    target, rule = given.pop("target"), given.pop("rule")
    for serial in serials:
        check_serial(database, serial)
    check_known(database, "target", target, "SELECT name FROM target")
    check_known(database, "rule", rule, "SELECT name FROM alarm_rule")
    return {
        "serial_numbers": list(serials) or None,
        "target": target,
        "rule": rule,
        "min_severity": given.pop("min_severity"),
    }


def check_known(database: Database, what: str, name: str | None, statement: Any) -> None:
    """CtlError where no row of the statement has this name; None is no name."""
    if name is None:
        return
    known = [row["name"] for row in database.execute(statement).fetchall()]
    if name not in known:
        raise CtlError(f"there is no {what} {name!r}{did_you_mean(name, known)}", USAGE)


def listed(database: Database, view: str, chosen: dict[str, Any], limit: int) -> list[DictRow]:
    """The alarms of a view; `chosen` is of `selected`."""
    parameters = {**chosen, **VIEWS[view]._asdict(), "limit": limit}
    return database.execute(query("alarms"), parameters).fetchall()


def silent(database: Database, view: str, chosen: dict[str, Any]) -> DictRow:
    """How many alarms of that view are left out, as they are shelved or suppressed."""
    parameters = {**chosen, "active": VIEWS[view].active, "acknowledged": VIEWS[view].acknowledged}
    row = database.execute(query("alarm_silent"), parameters).fetchone()
    assert row is not None
    return row


def bounds(text: str) -> tuple[uuid.UUID, uuid.UUID]:
    """The least and the greatest uuid that begin so; with or without hyphens. ValueError for what begins none."""
    digits = text.strip().lower().replace("-", "")
    if not _HEX.fullmatch(digits):
        raise ValueError(f"{text!r} is no alarm's id")
    return uuid.UUID(digits.ljust(32, "0")), uuid.UUID(digits.ljust(32, "f"))


def find(database: Database, text: str) -> DictRow:
    """The one alarm whose id begins so. CtlError where that is none, or several."""
    try:
        least, greatest = bounds(text)
    except ValueError as error:
        raise CtlError(f"{error}: iotctl alarms list shows them", USAGE) from error
    parameters = {"least": least, "greatest": greatest, "limit": _SHOWN + 1}
    rows = database.execute(query("alarm_found"), parameters).fetchall()
    if not rows:
        raise CtlError(f"there is no alarm {text}: iotctl alarms list --all shows the open ones", USAGE)
    if len(rows) > 1:
        named = ", ".join(f"{row['id']} ({row['rule']}, {row['serial_number']})" for row in rows[:_SHOWN])
        raise CtlError(
            f"several alarms begin with {text}: {named}{' …' if len(rows) > _SHOWN else ''}", USAGE
        )
    return rows[0]


def found(database: Database, ids: Iterable[str]) -> list[DictRow]:
    """The alarms of these ids, each once, in order. CtlError where one is none, or several."""
    rows = [find(database, text) for text in ids]
    return list({row["id"]: row for row in rows}.values())


def sensor_ids(database: Database, serial_numbers: Sequence[str], target: str | None) -> list[int]:
    """Of these sensors, and of those on the target now. CtlError where one is unknown, or nobody sits on the target."""
    for serial in serial_numbers:
        check_serial(database, serial)
    check_known(database, "target", target, "SELECT name FROM target")
    rows = database.execute(
        "SELECT id, serial_number, target FROM sensor_overview WHERE serial_number = ANY (%s) OR target = %s",
        [list(serial_numbers), target],
    ).fetchall()
    if target is not None and not any(row["target"] == target for row in rows):
        raise CtlError(f"no sensor sits on {target!r}: iotctl targets assign", USAGE)
    return [row["id"] for row in rows]
