"""`iotctl logs`: what sensors log, once or for as long as one looks."""

import csv
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import click
import psycopg
from psycopg.rows import DictRow
from rich.text import Text

from ctl.context import Database, Operator, output_option, pass_operator, query
from ctl.durations import MOMENT
from ctl.errors import USAGE, CtlError
from ctl.log_follow import Follower
from ctl.output import STATE_STYLES, Column, Form, plain, print_rows, printable
from ctl.select import Selection, check_filters, complete_serial, filter_options, filtered, select
from runtime.backoff import Backoff
from wire.sensor_pb2 import LogLevel

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_POLL_S = 0.5
_PAGE = 1_000  # lines that one look brings; a full page is followed by the next at once

COLUMNS = (
    Column("time", "TIME", lambda value: clock(value)),
    Column("serial_number", "SENSOR"),
    Column("level", "LEVEL"),
    Column("logger", "LOGGER"),
    Column("message", "MESSAGE", text=True),
)


@click.command()
@click.argument("serial", required=False, shell_complete=complete_serial)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option(
    "--level", type=click.Choice(LEVELS, case_sensitive=False), default="DEBUG", help="This level and above."
)
@click.option(
    "--since", type=MOMENT, metavar="TIME", help="Since then, by the sensors' clocks: 1h (ago), 2026-03-01 …"
)
@click.option(
    "-n", "limit", type=click.IntRange(0, 100_000), default=100, show_default=True, help="The newest so many."
)
@click.option("--contains", metavar="TEXT", help="Lines whose message has this in it, in capitals or not.")
@filter_options
@output_option
@pass_operator
def logs(
    operator: Operator,
    /,
    serial: str | None,
    follow: bool,
    level: str,
    since: datetime | None,
    limit: int,
    contains: str | None,
    form: Form,
    **filters: Any,
) -> None:
    """Show what sensors log, the oldest line first.

    With -f it goes on with the lines that come, in the order in which they arrive: a sensor that was away sends its
    lines late, with the times at which they were logged. The database is asked twice a second. With --output json
    each line is an object of its own then.

    \b
    iotctl logs pump-0002
    iotctl logs -f --level warning
    iotctl logs --target "Pump house" --since 2h --contains overflow
    iotctl logs -f --output json | jq -r .message
    """
    selection = Selection(() if serial is None else (serial,), **filters)
    with operator.database() as database:
        parameters = {
            "sensor_ids": _sensor_ids(database, selection),
            "since": since,
            "level": 0
            if level == "DEBUG"
            else LogLevel.Value(f"LOG_LEVEL_{level}"),  # 0: a level was not said
            "contains": contains,
            "limit": limit,
        }
        rows = [] if follow else database.execute(query("logs"), parameters).fetchall()
    if follow:
        _follow(operator, parameters, form)
    elif form == "auto" and operator.out.is_terminal and rows:
        _Printer(operator, form)(rows)
    else:
        print_rows(map(_named, rows), COLUMNS, form, console=operator.out, empty="no log lines")


def _sensor_ids(database: Database, selection: Selection) -> list[int] | None:
    """Of the sensors that are meant; None: all, those to come included."""
    if not selection.serial_numbers and not selection.filters:
        return None
    sensors = database.execute(query("sensors")).fetchall()
    if selection.serial_numbers:
        return [row["id"] for row in select(sensors, selection)]
    check_filters(database, sensors, selection)
    found = [row["id"] for row in filtered(sensors, selection)]
    if not found:
        raise CtlError("no sensor is chosen by that: iotctl sensors lists them", USAGE)
    return found


def _follow(operator: Operator, parameters: Mapping[str, Any], form: Form) -> None:
    """Until Ctrl-C; a database that goes away in between is waited for."""
    printer = _Printer(operator, form)
    follower: Follower | None = None
    backoff = Backoff(maximum_s=5.0)
    while True:
        try:
            with operator.database() as database:
                if follower is None:
                    follower = _begin(database, parameters, printer)
                elif backoff.attempts:
                    click.echo("the database is back", err=True)
                backoff.reset()
                while True:
                    _look(database, follower, parameters, printer)
                    time.sleep(_POLL_S)
        except psycopg.OperationalError as error:
            if follower is None:
                raise
            if not backoff.attempts:
                click.echo(
                    f"the database is away, waiting for it: {str(error).strip().splitlines()[0]}", err=True
                )
            time.sleep(backoff.next())


def _begin(database: Database, parameters: Mapping[str, Any], printer: "_Printer") -> Follower:
    """Print what is there already, as far as -n says; all of it counts as shown. In one snapshot, so that no line is
    in neither or in both.
    """
    with database.transaction():
        database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        follower = Follower(_now(database))
        for _ in _pages(database, follower, parameters):
            pass
        printer(database.execute(query("logs"), parameters).fetchall())
    return follower


def _look(database: Database, follower: Follower, parameters: Mapping[str, Any], printer: "_Printer") -> None:
    now = _now(database)
    for fresh in _pages(database, follower, parameters):
        printer(fresh)
    follower.caught_up(now)


def _pages(database: Database, follower: Follower, parameters: Mapping[str, Any]) -> Iterator[list[DictRow]]:
    """What was not shown yet, a page at a time."""
    while True:
        position = follower.position._asdict()
        page = database.execute(query("logs_since"), {**parameters, **position, "limit": _PAGE}).fetchall()
        yield follower.fresh(page)
        if len(page) < _PAGE:
            return


def _now(database: Database) -> datetime:
    """The database's clock, which is that of written_at."""
    row = database.execute("SELECT now() AS now").fetchone()
    assert row is not None
    now: datetime = row["now"]
    return now


class _Printer:
    """Prints lines as they come, each at once."""

    def __init__(self, operator: Operator, form: Form) -> None:
        self._console = operator.out
        self._form = form
        self._heading = form == "csv"

    def __call__(self, rows: Iterable[DictRow]) -> None:
        """Print these."""
        for row in map(_named, rows):
            if self._form == "json":
                click.echo(json.dumps(plain(row)))
            elif self._form == "csv":
                writer = csv.writer(sys.stdout, lineterminator="\n")
                if self._heading:
                    writer.writerow([column.key for column in COLUMNS])
                    self._heading = False
                writer.writerow([plain(row[column.key]) for column in COLUMNS])
            else:
                self._console.print(_line(row), soft_wrap=True)
        sys.stdout.flush()


def _line(row: Mapping[str, Any]) -> Text:
    level = row["level"]
    style = STATE_STYLES.get(level, "")
    return Text.assemble(
        (clock(row["time"]), "dim"),
        "  ",
        f"{row['serial_number']:<12}",
        "  ",
        (f"{level:<8}", style),
        "  ",
        (f"{printable(row['logger'])}: ", "dim"),
        (printable(row["message"]), style),
    )


def _named(row: DictRow) -> dict[str, Any]:
    """A line as it is shown, with its level's name."""
    named = {key: row[key] for key in ("time", "time_ns", "serial_number", "level", "logger", "message")}
    return {**named, "level": LogLevel.Name(row["level"]).removeprefix("LOG_LEVEL_")}


def clock(value: datetime) -> str:
    """Local time to the millisecond."""
    return value.astimezone().isoformat(sep=" ", timespec="milliseconds")[:23]
