"""`iotctl doctor`: is everything as it should be, and if not, what to do."""

import logging
from collections.abc import Sequence

import click
from rich.table import Table
from rich.text import Text

from ctl.checks import alarms, database, dead_letters, mosquitto, rabbitmq, resources, sensors, streams
from ctl.checks.finding import Check, Finding, run_all
from ctl.context import Operator, output_option, pass_operator
from ctl.errors import FAILED
from ctl.output import STATE_STYLES, Column, Form, print_rows, printable
from runtime.numbers import Finite

CHECKS: dict[str, Check] = {
    "mosquitto": mosquitto.check,
    "rabbitmq": rabbitmq.check,
    "resources": resources.check,
    "streams": streams.check,
    "database": database.check,
    "sensors": sensors.check,
    "alarms": alarms.check,
    "dead letters": dead_letters.check,
}
COLUMNS = (
    Column("server", "SERVER"),
    Column("check", "CHECK"),
    Column("state", "STATE"),
    Column("finding", "FINDING", text=True),
    Column("advice", "WHAT TO DO", text=True),
)
_SYMBOLS = {"ok": "✓", "warning": "!", "problem": "✗"}


@click.command()
@click.option(
    "--timeout",
    type=Finite(min=0.1, max=600),
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each check may take.",
)
@output_option
@pass_operator
@click.pass_context
def doctor(ctx: click.Context, operator: Operator, timeout: float, form: Form) -> None:
    """Check every server, and say what to do about what is found.

    The MQTT broker and its bridges; RabbitMQ's version, exchange, queues and who reads them, streams and how far
    they are written, alarms of its own, memory, disk, clock; the database's versions, schema, extensions, size and
    growth, maintenance, jobs, log and clock; sensors that are silent, losing, behind, or wrong about the time; whether
    alarms are judged, by which rules, and whether everybody was told of them; dead letters. All are checked at once, and
    one that does not answer stops no other. Exit code 1 where there is a problem; a warning alone is none.

    \b
    iotctl doctor
    iotctl doctor --output json | jq '.[] | select(.state != "ok")'
    iotctl doctor --output csv > health.csv
    """
    settings = operator.settings
    # what a library logs of a server that is away is in the findings
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    with operator.err.status("checking") as status:
        found = list(
            run_all(CHECKS, settings, timeout, lambda left: status.update(f"checking {', '.join(left)}"))
        )
    order = {name: place for place, name in enumerate(CHECKS)}
    found.sort(
        key=lambda finding: (
            order.get("rabbitmq" if finding.server == "resources" else finding.server, 0),
            finding.check not in ("reachable", "version"),
        )
    )
    if form == "auto" and operator.out.is_terminal:
        operator.out.print(_pretty(found))
        click.echo(_summary(found), err=True)
    else:
        print_rows([finding._asdict() for finding in found], COLUMNS, form, console=operator.out)
    if any(finding.state == "problem" for finding in found):
        ctx.exit(FAILED)


def _pretty(found: Sequence[Finding]) -> Table:
    """What is well in a line each; below what is not, what to do."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for style in ("", "bold", "dim"):
        grid.add_column(style=style, no_wrap=True)
    grid.add_column(overflow="fold")
    before = ""
    for finding in found:
        style = STATE_STYLES[finding.state]
        server = finding.server if finding.server != before else ""
        before = finding.server
        text = Text(printable(finding.finding), style="" if finding.state == "ok" else style)
        grid.add_row(Text(_SYMBOLS[finding.state], style=style), server, finding.check, text)
        if finding.advice:
            grid.add_row("", "", "", Text(f"→ {printable(finding.advice)}"))
    return grid


def _summary(found: Sequence[Finding]) -> str:
    count = {state: sum(finding.state == state for finding in found) for state in _SYMBOLS}
    if not count["problem"] and not count["warning"]:
        return f"all well: {count['ok']} checks"
    said = [
        f"{number} {state}{'s' if number != 1 else ''}"
        for state, number in count.items()
        if number and state != "ok"
    ]
    return f"{', '.join(said)}; {count['ok']} checks are ok"
