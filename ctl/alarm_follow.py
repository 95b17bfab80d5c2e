"""Following the transitions of alarms: nothing twice, nothing missed.

A transition has its number before its transaction commits, so one with a smaller number may become visible later. Hence
each look begins behind the last number that is older than `LOOK_BACK`, longer than a transaction of the alarms service
takes, and what was shown since then is remembered.
"""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import click
import psycopg
from psycopg.rows import DictRow

from ctl.alarm_view import line, source
from ctl.context import Database, Operator, query
from ctl.output import Form, plain
from runtime.backoff import Backoff

LOOK_BACK = timedelta(seconds=10)
_POLL_S = 0.5
_PAGE = 1_000


class Seen:
    """Which transitions were shown; `after` is where the next look begins. Pure."""

    def __init__(self, after: int = 0) -> None:
        self.after = after
        self._shown: dict[int, datetime] = {}

    def fresh(self, rows: Iterable[DictRow]) -> list[DictRow]:
        """Those that were not shown; they are, now."""
        new = [row for row in rows if row["id"] not in self._shown]
        self._shown.update({row["id"]: row["written_at"] for row in new})
        return new

    def caught_up(self, now: datetime) -> None:
        """Forget what is older than LOOK_BACK by the database's clock: nothing comes before it any more."""
        old = [number for number, written_at in self._shown.items() if written_at < now - LOOK_BACK]
        self.after = max(self.after, max(old, default=0))
        self._shown = {number: at for number, at in self._shown.items() if number > self.after}


def follow(operator: Operator, parameters: Mapping[str, Any], form: Form) -> None:
    """Print the newest transitions, then those that come, until Ctrl-C; a database that goes away is waited for."""
    seen: Seen | None = None
    backoff = Backoff(maximum_s=5.0)
    while True:
        try:
            with operator.database() as database:
                if seen is None:
                    seen = _begin(operator, database, parameters, form)
                elif backoff.attempts:
                    click.echo("the database is back", err=True)
                backoff.reset()
                while True:
                    _look(operator, database, seen, parameters, form)
                    time.sleep(_POLL_S)
        except psycopg.OperationalError as error:
            if seen is None:
                raise
            if not backoff.attempts:
                said = str(error).strip().splitlines()[0]
                click.echo(f"the database is away, waiting for it: {said}", err=True)
            time.sleep(backoff.next())


def _begin(operator: Operator, database: Database, parameters: Mapping[str, Any], form: Form) -> Seen:
    """What is there already, as far as the limit says; in one snapshot, so that nothing is in neither or in both."""
    with database.transaction():
        database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        first = database.execute(
            "SELECT coalesce(max(id), 0) AS after FROM alarm_transition WHERE written_at < now() - %s",
            [LOOK_BACK],
        ).fetchone()
        assert first is not None
        seen = Seen(first["after"])
        for page in _pages(database, seen.after, parameters):
            seen.fresh(page)
        show(operator, database.execute(query("alarm_history"), parameters).fetchall(), form)
    return seen


def _look(
    operator: Operator, database: Database, seen: Seen, parameters: Mapping[str, Any], form: Form
) -> None:
    clock = database.execute("SELECT now() AS now").fetchone()
    assert clock is not None
    for page in _pages(database, seen.after, parameters):
        show(operator, seen.fresh(page), form)
    seen.caught_up(clock["now"])


def _pages(database: Database, after: int, parameters: Mapping[str, Any]) -> Iterator[list[DictRow]]:
    while True:
        given = {**parameters, "after": after, "limit": _PAGE}
        page = database.execute(query("alarm_since"), given).fetchall()
        yield page
        if len(page) < _PAGE:
            return
        after = page[-1]["id"]


def show(operator: Operator, rows: Iterable[DictRow], form: Form) -> None:
    """Print these, each at once: a line, or an object of its own."""
    for row in rows:
        if form == "json":
            click.echo(json.dumps(plain({**row, "source": source(row)})))
        else:
            operator.out.print(line(row), soft_wrap=True)
    sys.stdout.flush()
