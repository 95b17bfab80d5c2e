"""`iotctl alarms`: what is wrong with which machine now, what was, and what was done about it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, TypeVar

import click

from ctl import alarm_outbox, alarm_requests, alarm_rules, alarm_suppress, alarm_view
from ctl.alarm_follow import follow
from ctl.alarm_select import find, listed, selected, selector_options, silent
from ctl.alarm_view import COLUMNS, HISTORY, source, state
from ctl.context import Operator, object_option, output_option, pass_operator, query
from ctl.durations import MOMENT
from ctl.errors import USAGE, CtlError
from ctl.output import Form, print_object, print_rows
from ctl.select import complete_alarm

F = TypeVar("F", bound=Callable[..., Any])
_LIMIT = 100
_MOST = 10_000  # transitions that `show` reads
_FOLLOWED = 10  # that -f begins with


@click.group()
def alarms() -> None:
    """Alarms: what rules have found, after ISA-18.2 and OPC UA Part 9, and the rules themselves.

    An alarm is active or cleared, acknowledged or not, and closed once it is cleared and acknowledged. Shelved by an
    operator, or suppressed with its sensor or rule, it is recorded and nobody is told. An ID may be cut to where
    it is unique.

    \b
    iotctl alarms list
    iotctl alarms show 3f2b9c1e
    iotctl alarms ack 3f2b9c1e --comment "bearing ordered"
    iotctl alarms shelve 3f2b9c1e --for 2h --comment "cleaning"
    iotctl alarms list -f
    iotctl alarms rules import rules.yaml --dry-run
    """


_VIEW_HELPS = {
    "all": "Every open alarm: shelved and suppressed ones, too.",
    "active": "That are active now.",
    "unacknowledged": "That nobody has acknowledged.",
    "shelved": "Shelved ones.",
    "suppressed": "Suppressed ones.",
    "closed": "Those that are over, the last one first.",
}


def _view_options(command: F) -> F:
    """A flag for each view but the usual one; `_view` takes them."""
    for name, text in reversed(_VIEW_HELPS.items()):
        command = click.option(f"--{name}", name, is_flag=True, help=text)(command)
    return command


def _view(given: dict[str, Any]) -> str:
    """Which one was said; takes the options out of `given`. CtlError for several."""
    said = [name for name in _VIEW_HELPS if given.pop(name)]
    if len(said) > 1:
        raise CtlError(f"{' and '.join(f'--{name}' for name in said)}: one of them", USAGE)
    return said[0] if said else "open"


@alarms.command(name="list")
@_view_options
@selector_options
@click.option(
    "-f", "--follow", "following", is_flag=True, help="Print transitions as they happen, until Ctrl-C."
)
@click.option(
    "-n",
    "--limit",
    "limit",
    type=click.IntRange(1, 100_000),
    help=f"At most so many [default: {_LIMIT}; with -f the newest {_FOLLOWED} transitions first].",
)
@output_option
@pass_operator
def list_command(operator: Operator, /, following: bool, limit: int | None, form: Form, **given: Any) -> None:
    """List open alarms, the most severe first.

    Shelved and suppressed ones are left out unless they are asked for; how many is said at the end. With -f it prints
    what happens to alarms as it happens (the database is asked twice a second), with --output json an object a line.

    \b
    iotctl alarms list
    iotctl alarms list --unacknowledged --min-severity 500
    iotctl alarms list --all --target "Pump 1"
    iotctl alarms list -f --output json | jq -r 'select(.kind == "ACTIVATED") | .message'
    """
    shown = _view(given)
    if following and shown != "open":
        raise CtlError(f"-f prints what happens to every alarm: leave out --{shown}", USAGE)
    with operator.database() as database:
        chosen = selected(database, given)
        if not following:
            rows = listed(database, shown, chosen, (limit or _LIMIT) + 1)
            hidden = silent(database, shown, chosen)
    if following:
        _follow(operator, {**chosen, "since": None, "limit": limit or _FOLLOWED}, form)
        return
    more = len(rows) > (limit or _LIMIT)
    rows = rows[: limit or _LIMIT]
    print_rows(
        [{**row, "source": source(row), "shown_state": state(row)} for row in rows],
        COLUMNS, form, console=operator.out, empty="no alarms",
    )  # fmt: skip
    if more:
        click.echo(f"there are more: -n {2 * (limit or _LIMIT)}", err=True)
    if shown in ("open", "active", "unacknowledged"):
        left = [f"{hidden[key]:,} {key}" for key in ("shelved", "suppressed") if hidden[key]]
        if left:
            click.echo(f"not shown: {', '.join(left)} (--all)", err=True)


@alarms.command()
@click.argument("alarm_id", metavar="ID", shell_complete=complete_alarm)
@object_option
@pass_operator
def show(operator: Operator, alarm_id: str, form: Literal["auto", "json"]) -> None:
    """Show all of one alarm: its state, source and values, everything that happened to it, and by what it was judged.

    A spectrum is drawn, and the commands are said that show the samples that were judged. JSON has the evidence of
    every transition.

    \b
    iotctl alarms show 3f2b9c1e
    iotctl alarms show 3f2b9c1e --output json | jq '.transitions[] | {at, kind, by, comment}'
    """
    with operator.database() as database:
        alarm = find(database, alarm_id)
        parameters = {"id": alarm["id"], "limit": _MOST}
        transitions = database.execute(query("alarm_transitions"), parameters).fetchall()
        requests = database.execute(query("alarm_requests"), parameters).fetchall()
    if form == "json":
        content = {**alarm, "source": source(alarm), "transitions": transitions, "requests": requests}
        print_object(content, console=operator.out)
        return
    operator.out.print(alarm_view.facts(alarm))
    alarm_view.sections(transitions, requests, operator.out)
    judged = [row for row in transitions if row["evidence"]]
    if judged:
        alarm_view.evidence(judged[-1], operator.out)


@alarms.command()
@selector_options
@click.option("--since", type=MOMENT, metavar="TIME", help="Since then: 1h (ago), 2026-03-01 …")
@click.option(
    "-n", "--limit", "limit", type=click.IntRange(1, 100_000), default=_LIMIT, show_default=True,
    help="The newest so many.",
)  # fmt: skip
@click.option("-f", "--follow", "following", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@output_option
@pass_operator
def history(
    operator: Operator, /, since: datetime | None, limit: int, following: bool, form: Form, **given: Any
) -> None:
    """Show what happened to alarms, the newest last: who did what, when and why.

    \b
    iotctl alarms history --since 1d
    iotctl alarms history --serial pump-0002 --rule "Vibration zone"
    iotctl alarms history --since 30d --output csv > alarms.csv
    """
    with operator.database() as database:
        parameters = {**selected(database, given), "since": since, "limit": limit}
        rows = [] if following else database.execute(query("alarm_history"), parameters).fetchall()
    if following:
        _follow(operator, parameters, form)
        return
    print_rows(
        [{**row, "source": source(row)} for row in rows],
        HISTORY, form, console=operator.out, empty="nothing happened to alarms",
    )  # fmt: skip


def _follow(operator: Operator, parameters: dict[str, Any], form: Form) -> None:
    if form not in ("auto", "json"):
        raise CtlError(f"-f prints lines, or objects with --output json, and no {form}", USAGE)
    follow(operator, parameters, form)


for _command in (
    alarm_requests.ack,
    alarm_requests.shelve,
    alarm_requests.unshelve,
    alarm_suppress.suppress,
    alarm_suppress.unsuppress,
    alarm_suppress.suppressions,
    alarm_rules.rules,
    alarm_outbox.outbox,
):
    alarms.add_command(_command)
