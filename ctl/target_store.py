"""Targets in the database: written in transactions, one writer at a time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from ctl.context import Database, query
from ctl.errors import USAGE, CtlError
from ctl.select import did_you_mean
from ctl.target_fields import COLUMNS, half_a_place
from ctl.target_import import Entry

_SHOWN = 5


class Moved(NamedTuple):
    """A sensor that sits on a target now; `before`: what it sat on, None where that was nothing."""

    serial_number: str
    before: str | None


class Change(NamedTuple):
    """What an import did with one entry."""

    name: str
    done: str  # added, changed, unchanged
    fields: tuple[str, ...]  # columns that changed
    moved: tuple[Moved, ...]


@contextmanager
def writing(database: Database, *, keep: bool = True) -> Iterator[None]:
    """A transaction in which nobody else writes targets or assignments; rolled back unless `keep`."""
    with database.transaction(force_rollback=not keep):
        database.execute("LOCK TABLE target, sensor_target IN SHARE ROW EXCLUSIVE MODE")
        yield


def find(database: Database, name: str) -> DictRow:
    """The target of that name. CtlError where there is none."""
    row = database.execute("SELECT * FROM target WHERE name = %s", [name]).fetchone()
    if row is None:
        names = [known["name"] for known in database.execute("SELECT name FROM target").fetchall()]
        hint = did_you_mean(name, names) or " (iotctl targets list shows all)"
        raise CtlError(f"there is no target {name!r}{hint}", USAGE)
    return row


def add(database: Database, name: str, values: Mapping[str, Any]) -> int:
    """A new target; its id. CtlError where the name is taken, or its place is half a one."""
    _check_place(name, values)
    try:
        with database.transaction():
            row = database.execute(query("target_insert"), _parameters({"name": name, **values})).fetchone()
    except psycopg.errors.UniqueViolation as error:
        raise CtlError(f"there is a target {name!r} already: iotctl targets set changes it", USAGE) from error
    assert row is not None
    return int(row["id"])


def change(database: Database, target: DictRow, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Set these columns; those that changed. CtlError where the new name is another's, or half a place would be left."""
    changed = tuple(column for column, value in values.items() if target[column] != value)
    if changed:
        if (
            "latitude" in changed or "longitude" in changed
        ):  # an older one may be half: the rest can be changed
            _check_place(target["name"], {**target, **values})
        try:
            with database.transaction():
                database.execute(query("target_update"), _parameters({**target, **values}))
        except psycopg.errors.UniqueViolation as error:
            raise CtlError(f"there is a target {values['name']!r} already", USAGE) from error
    return changed


def remove(database: Database, target: DictRow) -> int:
    """Delete a target and the history of its assignments; how many those were."""
    with database.transaction():
        gone = database.execute("DELETE FROM sensor_target WHERE target_id = %s", [target["id"]]).rowcount
        database.execute("DELETE FROM target WHERE id = %s", [target["id"]])
    return gone


def seats(database: Database, serial_numbers: Sequence[str]) -> list[DictRow]:
    """The sensors of these serial numbers, with what they sit on. CtlError where one is unknown."""
    rows = database.execute(query("target_seats"), {"serial_numbers": list(serial_numbers)}).fetchall()
    known = {row["serial_number"] for row in rows}
    unknown = [serial for serial in dict.fromkeys(serial_numbers) if serial not in known]
    if unknown:
        every = [
            row["serial_number"] for row in database.execute("SELECT serial_number FROM sensor").fetchall()
        ]
        named = ", ".join(f"{serial!r}{did_you_mean(serial, every)}" for serial in unknown[:_SHOWN])
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        raise CtlError(f"there is no sensor {named}{more} (a sensor is known once it has connected)", USAGE)
    return rows


def assign(database: Database, target_id: int, serial_numbers: Sequence[str]) -> tuple[Moved, ...]:
    """Put sensors on a target; those that did not sit on it before. CtlError where one is unknown."""
    moving = [row for row in seats(database, serial_numbers) if row["target_id"] != target_id]
    sensor_ids = [row["id"] for row in moving]
    database.execute(query("target_unassign"), {"sensor_ids": sensor_ids})
    database.execute(query("target_assign"), {"sensor_ids": sensor_ids, "target_id": target_id})
    return tuple(Moved(row["serial_number"], row["target"]) for row in moving)


def unassign(database: Database, serial_numbers: Sequence[str]) -> tuple[Moved, ...]:
    """Take sensors off what they sit on; those that sat on something. CtlError where one is unknown."""
    seated = [row for row in seats(database, serial_numbers) if row["target_id"] is not None]
    database.execute(query("target_unassign"), {"sensor_ids": [row["id"] for row in seated]})
    return tuple(Moved(row["serial_number"], row["target"]) for row in seated)


def apply(database: Database, entries: Sequence[Entry]) -> list[Change]:
    """An import's entries, in the transaction that the caller opened; CtlError names the one that is wrong."""
    known = {row["name"]: row for row in database.execute("SELECT * FROM target").fetchall()}
    changes = []
    for entry in entries:
        target = known.get(entry.name)
        try:
            if target is None:
                target_id, done = add(database, entry.name, entry.values), "added"
                fields = tuple(entry.values)
            else:
                target_id, fields = target["id"], change(database, target, entry.values)
                done = "changed" if fields else "unchanged"
        except CtlError as error:
            raise CtlError(f"nothing was imported: {entry.where}: {error.message}", USAGE) from error
        try:
            moved = assign(database, target_id, entry.sensors) if entry.sensors else ()
        except CtlError as error:
            raise CtlError(f"nothing was imported: {entry.where}: sensors: {error.message}", USAGE) from error
        changes.append(Change(entry.name, "changed" if moved and not fields else done, fields, moved))
    return changes


def _check_place(name: str, values: Mapping[str, Any]) -> None:
    problem = half_a_place(values)
    if problem is not None:
        raise CtlError(f"{name!r}: {problem}", USAGE)


def _parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    given = {column: values.get(column) for column in ("id", "name", *COLUMNS)}
    return {**given, "bearing": None if given["bearing"] is None else Jsonb(given["bearing"])}
