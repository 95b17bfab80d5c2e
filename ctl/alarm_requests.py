"""`iotctl alarms ack`, `shelve` and `unshelve`: asks the service that judges, and waits for what it says.

A request is a row that the service does and marks. So nothing is lost where it is away: it is done when it is back.
"""

import time
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

import click
from psycopg.rows import DictRow

from ctl.alarm_select import found, ids_argument, listed, selected, selector_options
from ctl.alarm_view import short, source
from ctl.context import Database, Operator, output_option, pass_operator, query
from ctl.durations import DURATION, show_duration
from ctl.errors import FAILED, NO_ANSWER, USAGE, CtlError
from ctl.output import Column, Form, print_rows, when
from ctl.select import complete_alarm
from ctl.whoami import whoami

_POLL_S = 0.1
_MOST = 10_000  # alarms at once
_LONGEST_SHELF_S = 31 * 86_400.0  # what is out of service for longer is suppressed

COLUMNS = (
    Column("id", "ALARM", short),
    Column("source", "SOURCE", priority=1),
    Column("rule", "RULE"),
    Column("status", "OUTCOME", priority=1),
    Column("reason", "REASON", text=True),
)
_wait_option = click.option(
    "--wait",
    "wait_s",
    type=DURATION,
    default="5s",
    show_default=True,
    help="How long to wait for the service.",
)
_comment_option = click.option("--comment", metavar="TEXT", default="", help="Why, for the alarm's history.")
_why_option = click.option("--comment", metavar="WHY", required=True, help="Why, for the alarm's history.")


class Request(NamedTuple):
    """What is asked of alarms. `for_s` None: no end; `until_cleared`: until each clears."""

    action: str  # acknowledge, shelve, unshelve
    comment: str = ""
    for_s: float | None = None
    until_cleared: bool = False


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1, shell_complete=complete_alarm)
@click.option(
    "--all", "every", is_flag=True, help="All that are unacknowledged, and neither shelved nor suppressed."
)
@selector_options
@_comment_option
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@_wait_option
@output_option
@pass_operator
def ack(
    operator: Operator,
    /,
    ids: tuple[str, ...],
    every: bool,
    comment: str,
    yes: bool,
    wait_s: float,
    form: Form,
    **given: Any,
) -> None:
    """Acknowledge alarms: somebody has seen them. With a comment, what is done about it.

    By their ids, or all of a sensor, target, rule or severity; then it asks before. What is active stays active, and
    is closed when it clears; what has cleared is closed. Where the alarms service does not answer, the request is kept.

    \b
    iotctl alarms ack 3f2b9c1e 77a0c2d4
    iotctl alarms ack 3f2b9c1e --comment "bearing ordered"
    iotctl alarms ack --all --target "Pump 1" --yes
    """
    with operator.database() as database:
        chosen = selected(database, given)
        filtered = every or any(value not in (None, 1) for value in chosen.values())
        if bool(ids) == filtered:
            raise CtlError(
                "name alarms, or choose by --all, --serial, --target, --rule or --min-severity"
                + (": not both" if ids else ""), USAGE,
            )  # fmt: skip
        rows = found(database, ids) if ids else listed(database, "unacknowledged", chosen, _MOST)
        if filtered:
            if not rows:
                click.echo("no alarm is unacknowledged", err=True)
                return
            if len(rows) == _MOST:
                click.echo(f"the {_MOST:,} most severe ones; there may be more: say it again", err=True)
            operator.confirm(f"acknowledge {_alarms(len(rows))}?", yes=yes)
        known = {row["id"]: _acknowledged(row) for row in rows if row["acknowledged"]}
        _carry_out(operator, database, rows, known, Request("acknowledge", comment), wait_s, form)


@click.command()
@ids_argument
@click.option(
    "--for", "for_s", type=DURATION, metavar="DURATION", help="For so long: 30m, 2h, 1d; at most 31d."
)
@click.option("--until-cleared", is_flag=True, help="Until it clears, once (one-shot).")
@_why_option
@_wait_option
@output_option
@pass_operator
def shelve(
    operator: Operator,
    ids: tuple[str, ...],
    for_s: float | None,
    until_cleared: bool,
    comment: str,
    wait_s: float,
    form: Form,
) -> None:
    """Shelve alarms: for a time, or until they clear, nobody is told of them; what happens is recorded.

    The reason is kept with who gave it. Afterwards an alarm that is still active is told of again.

    \b
    iotctl alarms shelve 3f2b9c1e --for 2h --comment "cleaning the fan"
    iotctl alarms shelve 3f2b9c1e --until-cleared --comment "known, part is ordered"
    """
    if (for_s is None) != until_cleared:
        raise CtlError("how long? --for 2h, or --until-cleared", USAGE)
    if for_s is not None and not 0 < for_s <= _LONGEST_SHELF_S:
        raise CtlError(
            "--for is longer than nothing, and at most 31d: iotctl alarms suppress is for more", USAGE
        )
    _checked(comment)
    with operator.database() as database:
        rows = found(database, ids)
        request = Request("shelve", comment, for_s, until_cleared)
        _carry_out(operator, database, rows, _over(rows), request, wait_s, form)


@click.command()
@ids_argument
@_comment_option
@_wait_option
@output_option
@pass_operator
def unshelve(operator: Operator, ids: tuple[str, ...], comment: str, wait_s: float, form: Form) -> None:
    """Take alarms back from the shelf before their time.

    \b
    iotctl alarms unshelve 3f2b9c1e
    """
    with operator.database() as database:
        rows = found(database, ids)
        known = _over(rows) | {row["id"]: "it is not shelved" for row in rows if not row["shelved"]}
        _carry_out(operator, database, rows, known, Request("unshelve", comment), wait_s, form)


def _carry_out(
    operator: Operator,
    database: Database,
    rows: Sequence[DictRow],
    known: dict[uuid.UUID, str],
    request: Request,
    wait_s: float,
    form: Form,
) -> None:
    """Ask, wait, print; `known`: what there is nothing to ask about, and why. Ends with the exit code of the outcome."""
    asked = [row["id"] for row in rows if row["id"] not in known]
    numbers = _ask(database, asked, request) if asked else []
    try:
        answers = _answers(database, numbers, wait_s) if numbers else {}
    except KeyboardInterrupt:
        click.echo("interrupted; the request is kept, and will be done", err=True)
        raise
    table = []
    for row in rows:
        status, reason = "UNCHANGED", known.get(row["id"], "")
        if row["id"] in answers:
            answer = answers[row["id"]]
            status = (
                "QUEUED" if answer["applied_at"] is None else "REJECTED" if answer["refusal"] else "APPLIED"
            )
            reason = answer["refusal"] or ""
        table.append({**_plain(row), "status": status, "reason": reason})
    print_rows(table, COLUMNS, form, console=operator.out)
    counts = [row["status"] for row in table]
    if "REJECTED" in counts:
        raise click.exceptions.Exit(FAILED)
    waiting = counts.count("QUEUED")
    if waiting and wait_s:
        raise CtlError(
            f"the alarms service has not answered within {show_duration(wait_s)}, for {_alarms(waiting)}: the request "
            "is kept, and will be done when it is back (iotctl alarms show tells)", NO_ANSWER,
        )  # fmt: skip


def _ask(database: Database, alarm_ids: Sequence[uuid.UUID], request: Request) -> list[int]:
    """Write the requests, all or none; their numbers."""
    parameters = {**request._asdict(), "alarm_ids": list(alarm_ids), "by": whoami()}
    return [row["id"] for row in database.execute(query("alarm_request_insert"), parameters).fetchall()]


def _answers(database: Database, numbers: Sequence[int], wait_s: float) -> dict[uuid.UUID, DictRow]:
    """What came of each, by alarm: as soon as all are answered, or after so many seconds."""
    deadline = time.monotonic() + wait_s
    while True:
        rows = database.execute(query("alarm_request_state"), {"ids": list(numbers)}).fetchall()
        if all(row["applied_at"] is not None for row in rows) or time.monotonic() >= deadline:
            return {row["alarm_id"]: row for row in rows}
        time.sleep(_POLL_S)


def _over(rows: Sequence[DictRow]) -> dict[uuid.UUID, str]:
    return {row["id"]: f"it is over, since {when(row['closed_at'])}" for row in rows if row["closed_at"]}


def _acknowledged(row: DictRow) -> str:
    by = f" by {row['acknowledged_by']}" if row["acknowledged_by"] else ""
    return f"acknowledged {when(row['acknowledged_at'])}{by} already"


def _plain(row: DictRow) -> dict[str, Any]:
    return {"id": row["id"], "source": source(row), "rule": row["rule"]}


def _alarms(count: int) -> str:
    return f"{count:,} alarm{'' if count == 1 else 's'}"


def _checked(comment: str) -> None:
    if not comment.strip():
        raise CtlError("--comment: say why", USAGE)
