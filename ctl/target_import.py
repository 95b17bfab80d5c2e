"""Targets from a file: TOML or CSV become entries, or a sentence for everything that is wrong. Pure but for reading it."""

import csv
import io
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ctl.errors import USAGE, CtlError
from ctl.target_fields import FIELDS, read_fields, read_name
from wire.errors import WireError
from wire.names import check_serial_number

_MAXIMUM_BYTES = 5_000_000
_MAXIMUM_ENTRIES = 10_000
_SHOWN = 20  # problems; the others are counted
_KNOWN = ("name", *(field.name for field in FIELDS), "sensors")


class Entry(NamedTuple):
    """One target: `values` by column; `sensors` are to sit on it."""

    where: str
    name: str
    values: dict[str, Any]
    sensors: tuple[str, ...]


def read_file(path: Path) -> list[Entry]:
    """The file's targets. CtlError, which names line or entry and field, where anything is wrong with it."""
    try:
        raw = path.read_bytes()[: _MAXIMUM_BYTES + 1]
        text = raw.decode("utf-8-sig")  # spreadsheets write a mark in front
    except OSError as error:
        raise CtlError(f"cannot read {path}: {error.strerror}", USAGE) from error
    except UnicodeDecodeError as error:
        raise CtlError(f"{path} is no text in UTF-8: {error}", USAGE) from error
    if len(raw) > _MAXIMUM_BYTES:
        raise CtlError(f"{path} is larger than {_MAXIMUM_BYTES:,} bytes: split it", USAGE)
    kind = path.suffix.lower()
    if kind == ".toml":
        return parse_toml(text, str(path))
    if kind == ".csv":
        return parse_csv(text, str(path))
    raise CtlError(f"{path}: a file of targets ends in .toml or .csv", USAGE)


def parse_toml(text: str, file: str) -> list[Entry]:
    """Tables [[target]]."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CtlError(f"{file} is no TOML: {error}", USAGE) from error
    tables = document.pop("target", [])
    if document:
        raise CtlError(f"{file}: {next(iter(document))!r} is unknown; targets are tables [[target]]", USAGE)
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise CtlError(f"{file}: write each target as a table [[target]], with two brackets", USAGE)
    return _entries(file, [(f"target {i}", table) for i, table in enumerate(tables, 1)])


def parse_csv(text: str, file: str) -> list[Entry]:
    """A heading with the fields' names, then a line a target; an empty cell is a field that is not given."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[tuple[str, Mapping[str, Any]]] = []
    try:
        heading = [cell.strip() for cell in next(reader, [])]
        if len(set(heading)) != len(heading):
            raise CtlError(f"{file} line 1: a column comes twice", USAGE)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            where = f"line {reader.line_num}"
            if len(cells) != len(heading):
                raise CtlError(
                    f"{file} {where}: {len(cells)} cells, and the heading has {len(heading)}", USAGE
                )
            row: dict[str, Any] = {
                name: cell.strip() for name, cell in zip(heading, cells, strict=True) if cell.strip()
            }
            if "sensors" in row:
                row["sensors"] = row["sensors"].replace(";", " ").split()
            found.append((where, row))
    except csv.Error as error:
        raise CtlError(f"{file} line {reader.line_num}: {error}", USAGE) from error
    return _entries(file, found)


def _entries(file: str, found: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Entry]:
    entries: list[Entry] = []
    problems: list[str] = []
    names: dict[str, str] = {}
    placed: dict[str, str] = {}
    for where, given in found:
        entry, wrong = _entry(where, given)
        if entry is not None:
            if entry.name in names:
                wrong.append(f"name: {entry.name!r} is also that of {names[entry.name]}")
            names.setdefault(entry.name, where)
            for serial in entry.sensors:
                if serial in placed:
                    wrong.append(f"sensors: {serial} sits on {placed[serial]} already")
                placed.setdefault(serial, where)
            entries.append(entry)
        problems += [f"{file} {where}: {problem}" for problem in wrong]
    if not entries and not problems:
        raise CtlError(f"{file} names no targets", USAGE)
    if len(entries) > _MAXIMUM_ENTRIES:
        problems.append(f"{file}: {len(entries)} targets; at most {_MAXIMUM_ENTRIES} at once")
    if problems:
        more = f"\n… and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise CtlError("nothing was imported:\n" + "\n".join(problems[:_SHOWN]) + more, USAGE)
    return entries


def _entry(where: str, given: Mapping[str, Any]) -> tuple[Entry | None, list[str]]:
    wrong = [f"{key}: unknown; known are {', '.join(_KNOWN)}" for key in given if key not in _KNOWN]
    values, problems = read_fields(given)
    wrong += [f"{field}: {problem}" for field, problem in problems.items()]
    sensors = given.get("sensors", [])
    if not isinstance(sensors, list):
        wrong.append("sensors: a list of serial numbers")
        sensors = []
    serials: list[str] = []
    for serial in sensors:
        try:
            serials.append(check_serial_number(str(serial)))
        except WireError as error:
            wrong.append(f"sensors: {error.detail}")
    if "name" not in given:
        return None, [*wrong, "name: missing"]
    try:
        name = read_name(given["name"])
    except ValueError as error:
        return None, [*wrong, f"name: {error}"]
    return Entry(where, name, values, tuple(dict.fromkeys(serials))), wrong
