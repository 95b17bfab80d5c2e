"""One table, five forms: pretty on a terminal, plain columns in a pipe, wide, CSV and JSON.

JSON and CSV carry whole values under stable keys (times in ISO 8601, durations in seconds); the other forms are
for reading.
"""

import csv
import json
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ctl.durations import show_duration

Form = Literal["auto", "wide", "csv", "json"]
FORMS: tuple[Form, ...] = ("auto", "wide", "csv", "json")
Row = Mapping[str, Any]

STATE_STYLES = {
    "AWAKE": "green", "ASLEEP": "yellow", "OFFLINE": "red",
    "APPLIED": "green", "SENT": "cyan", "QUEUED": "cyan", "DUPLICATE": "yellow",
    "REJECTED": "red", "EXPIRED": "red", "UNREACHABLE": "red", "FAILED": "red",
    "DEBUG": "dim", "INFO": "", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red",
    "ok": "green", "warning": "yellow", "problem": "bold red",
}  # fmt: skip


class Column(NamedTuple):
    """One column: the row's key, its heading, and how a value is shown to people."""

    key: str
    heading: str
    show: Callable[[Any], str] | None = None
    right: bool = False
    wide: bool = False  # only in the wide form


def print_rows(
    rows: Iterable[Row], columns: Sequence[Column], form: Form, *, console: Console, empty: str = ""
) -> None:
    """Print the rows; `empty` is said on standard error where there are none (not for CSV and JSON)."""
    rows = list(rows)
    if form == "json":
        click.echo(json.dumps([{key: plain(value) for key, value in row.items()} for row in rows], indent=2))
        return
    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([column.key for column in columns])
        writer.writerows([_csv_value(row.get(column.key)) for column in columns] for row in rows)
        return
    if not rows:
        if empty:
            click.echo(empty, err=True)
        return
    shown = [column for column in columns if form == "wide" or not column.wide]
    cells = [[_cell(column, row.get(column.key)) for column in shown] for row in rows]
    if console.is_terminal:
        _print_pretty(shown, cells, console)
    else:
        _print_plain(shown, cells)


def print_object(content: Row, *, console: Console) -> None:
    """One nested object as JSON."""
    del console  # JSON looks the same everywhere
    click.echo(json.dumps(plain(content), indent=2))


def plain(value: Any) -> Any:
    """A value as JSON has it: times in ISO 8601 (UTC), durations in seconds, ids as text, NaN as null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (uuid.UUID, bytes)):
        return value.hex() if isinstance(value, bytes) else str(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def printable(text: str) -> str:
    """With what would move the cursor, ring or hide written as an escape: texts come from sensors, whoever they are."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def state(name: str) -> Text:
    """A state or outcome in its colour."""
    return Text(name, style=STATE_STYLES.get(name, ""))


# How values are shown to people.
def when(value: datetime | None) -> str:
    """Local time to the second."""
    return "–" if value is None else value.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def age(value: datetime | None) -> str:
    """How long ago."""
    return "–" if value is None else f"{show_duration((datetime.now(UTC) - value).total_seconds())} ago"


def frequency(value: float | None) -> str:
    """In Hz."""
    return "–" if value is None else f"{value:g} Hz"


def number(value: float | None) -> str:
    """With thousands separated."""
    return "–" if value is None else f"{value:,}"


def seconds(value: timedelta | float | None) -> str:
    """A duration."""
    if value is None:
        return "–"
    return show_duration(value.total_seconds() if isinstance(value, timedelta) else value)


def _cell(column: Column, value: Any) -> str:
    if column.show is not None:
        return printable(column.show(value))
    return "–" if value is None or value == "" else printable(str(plain(value)))


def _csv_value(value: Any) -> Any:
    value = plain(value)
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def _print_pretty(columns: Sequence[Column], cells: Sequence[Sequence[str]], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column.heading, justify="right" if column.right else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell, style=STATE_STYLES.get(cell, "")) for cell in row))
    console.print(table)


def _print_plain(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> None:
    """Aligned, without colours, one line a row: for grep and awk (two spaces between columns)."""
    lines = [[column.heading for column in columns], *cells]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        padded = (
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        )
        click.echo("  ".join(padded).rstrip())
