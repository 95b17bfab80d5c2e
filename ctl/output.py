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
from rich.cells import cell_len
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
    """One column: the row's key, its heading, and how a value is shown to people.

    Where a terminal has no room for all, columns of a higher priority stay, and of equal ones the first.
    """

    key: str
    heading: str
    show: Callable[[Any], str] | None = None
    right: bool = False
    wide: bool = False  # only in the wide form
    text: bool = False  # free text: always shown, and all that may be folded
    priority: int = 0


_GAP = 2
_LEAST_TEXT = 12  # what free text is folded to so that important columns stay …
_EASY_TEXT = 20  # … and the others


def print_rows(
    rows: Iterable[Row],
    columns: Sequence[Column],
    form: Form,
    *,
    console: Console,
    empty: str = "",
    remedy: str = "--output wide or a wider terminal",
) -> None:
    """Print the rows; `empty` is said on standard error where there are none (not for CSV and JSON).

    So are the columns that a terminal has no room for, with the `remedy` that shows them.
    """
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
        left_out = _print_pretty(shown, cells, console, every=form == "wide")
        if left_out:
            click.echo(f"{remedy} shows {', '.join(left_out)}", err=True)
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


def _print_pretty(
    columns: Sequence[Column], cells: Sequence[Sequence[str]], console: Console, *, every: bool
) -> list[str]:
    """A line a row, but for free text that is folded; the headings of the columns that are left out for want of room,
    none where `every` is to be shown: then lines may be longer than the terminal.
    """
    widths = _widths(columns, cells)
    least = [
        max(cell_len(column.heading), min(width, _LEAST_TEXT)) if column.text else width
        for column, width in zip(columns, widths, strict=True)
    ]
    shown = list(range(len(columns))) if every else _fitting(columns, widths, least, console.width)
    needed = sum(least[i] for i in shown) + _GAP * (len(shown) - 1)
    whole = sum(widths[i] for i in shown) + _GAP * (len(shown) - 1)
    table = Table(
        box=None,
        pad_edge=False,
        header_style="dim",
        padding=(0, _GAP, 0, 0),
        width=whole if needed > console.width else None,
    )
    for i in shown:
        table.add_column(
            Text(columns[i].heading),
            justify="right" if columns[i].right else "left",
            overflow="fold",
            no_wrap=not columns[i].text,
            min_width=least[i],
        )
    for row in cells:
        table.add_row(*(Text(row[i], style=STATE_STYLES.get(row[i], "")) for i in shown))
    console.print(table, crop=False)
    return [column.heading for i, column in enumerate(columns) if i not in shown]


def _fitting(columns: Sequence[Column], widths: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """The columns for which there is room: the first and free text in any case, then the most important ones."""
    shown = [i for i, column in enumerate(columns) if i == 0 or column.text]
    room = width - sum(least[i] for i in shown) - _GAP * (len(shown) - 1)
    ease = sum(max(0, min(widths[i], _EASY_TEXT) - least[i]) for i in shown)
    others = [i for i in range(len(columns)) if i not in shown]
    for i in sorted(others, key=lambda i: -columns[i].priority):
        if least[i] + _GAP <= (room if columns[i].priority > 0 else room - ease):
            shown.append(i)
            room -= least[i] + _GAP
    return sorted(shown)


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> list[int]:
    """In cells of a terminal, of which some characters take two."""
    lines = [[column.heading for column in columns], *cells]
    return [max(cell_len(line[i]) for line in lines) for i in range(len(columns))]


def _print_plain(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> None:
    """Aligned, without colours, one line a row: for grep and awk (two spaces between columns)."""
    widths = _widths(columns, cells)
    for line in [[column.heading for column in columns], *cells]:
        padded = []
        for cell, width, column in zip(line, widths, columns, strict=True):
            space = " " * (width - cell_len(cell))
            padded.append(space + cell if column.right else cell + space)
        click.echo("  ".join(padded).rstrip())
