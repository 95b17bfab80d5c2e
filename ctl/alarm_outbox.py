"""`iotctl alarms outbox`: what people, machines and sensors were to be told of, and were not yet."""

import json
from collections.abc import Mapping
from typing import Any

import click

from ctl.alarm_view import short
from ctl.context import Operator, output_option, pass_operator, query
from ctl.errors import USAGE, CtlError
from ctl.output import Column, Form, age, number, print_rows, when

ACTIONS = ("publish", "command", "webhook", "email")
_WORDS = 80  # of a payload of which nothing better is known

COLUMNS = (
    Column("id", "ID", right=True),
    Column("state", "STATE", priority=2),
    Column("action", "ACTION", priority=1),
    Column("to", "TO", text=True),
    Column("attempts", "ATTEMPTS", number, right=True, priority=1),
    Column("due_at", "NEXT", when),
    Column("error", "ERROR", text=True),
    Column("rule", "RULE"),
    Column("serial_number", "SENSOR"),
    Column("alarm_id", "ALARM", short),
    Column("created_at", "SINCE", age, wide=True),
    Column("given_up_at", "GIVEN UP", when, wide=True),
)


@click.command()
@click.option("--action", type=click.Choice(ACTIONS), help="Of this kind.")
@click.option("--failed", is_flag=True, help="That were tried, and failed at least once.")
@click.option("--given-up", is_flag=True, help="That are not tried any more.")
@click.option(
    "--retry",
    "retried",
    multiple=True,
    type=click.IntRange(1, 2**63 - 1),
    metavar="ID",
    help="Try this one again, at once; may be given several times.",
)
@click.option("-n", "limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="At most.")
@output_option
@pass_operator
def outbox(
    operator: Operator,
    action: str | None,
    failed: bool,
    given_up: bool,
    retried: tuple[int, ...],
    limit: int,
    form: Form,
) -> None:
    """List what could not be sent yet, or was given up: webhooks, mails, commands to sensors, and what is published.

    Each is tried again with growing pauses. FAILED is what was given up: a receiver that refused it, or was away for
    too long. Where that is mended, --retry sends it.

    \b
    iotctl alarms outbox --failed
    iotctl alarms outbox --retry 17 --retry 18
    """
    with operator.database() as database:
        if retried:
            with database.transaction():
                parameters = {"ids": list(retried)}
                again = {
                    row["id"] for row in database.execute(query("alarm_outbox_retry"), parameters).fetchall()
                }
                wrong = [one for one in dict.fromkeys(retried) if one not in again]
                if wrong:
                    raise CtlError(
                        f"{', '.join(map(str, wrong))}: not in the outbox, or sent already; nothing was done",
                        USAGE,
                    )
            for one in sorted(again):
                click.echo(f"{one}: is tried again")
            return
        chosen = {"action": action, "failed": failed, "given_up": given_up, "limit": limit}
        rows = database.execute(query("alarm_outbox"), chosen).fetchall()
    table = [{**row, "to": receiver(row["action"], row["payload"])} for row in rows]
    print_rows(table, COLUMNS, form, console=operator.out, empty="nothing waits to be sent")


def receiver(action: str, payload: Mapping[str, Any]) -> str:
    """Whom it is for: an address, a routing key or a sensor; without a webhook's query, which may hold a secret."""
    for name in ("url", "to", "routing_key", "serial_number"):
        value = payload.get(name)
        if isinstance(value, list):
            value = ", ".join(map(str, value))
        if isinstance(value, str) and value:
            return value.partition("?")[0] if name == "url" else value
    text = json.dumps(payload)
    return f"{action} {text[:_WORDS]}{'…' if len(text) > _WORDS else ''}"
