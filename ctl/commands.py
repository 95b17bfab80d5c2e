"""`iotctl commands`: the audit of who told which sensor what, when, and what came of it."""

import json
import uuid
from datetime import datetime
from typing import Any

import click

from ctl.context import Operator, output_option, pass_operator, query
from ctl.durations import MOMENT, show_duration
from ctl.errors import USAGE, CtlError
from ctl.output import Column, Form, print_rows, when
from ctl.select import check_serial, complete_serial, did_you_mean
from wire.names import CommandLevel

STATUSES = ("QUEUED", "SENT", "APPLIED", "REJECTED", "EXPIRED", "UNREACHABLE", "DUPLICATE")


def _parameters(value: dict[str, Any] | None) -> str:
    if not value:
        return "–"
    return " ".join(
        "until awake"
        if (key, item) == ("duration_s", 0)  # as proto/sensor.proto has it
        else f"{key}={item if isinstance(item, str) else json.dumps(item)}"
        for key, item in value.items()
    )


COLUMNS = (
    Column("issued_at", "ISSUED", when),
    Column("serial_number", "SENSOR", priority=2),
    Column("name", "COMMAND", priority=1),
    Column("parameters", "PARAMETERS", _parameters),
    Column("issuer", "ISSUER"),
    Column("client", "FROM", priority=-1),
    Column("status", "STATUS", priority=2),
    Column("took", "AFTER"),
    Column("reason", "REASON", text=True),
    Column("id", "ID", wide=True),
    Column("expires_at", "EXPIRES", when, wide=True),
    Column("queued_at", "QUEUED", when, wide=True),
    Column("sent_at", "SENT", when, wide=True),
    Column("ended_at", "ENDED", when, wide=True),
    Column("state", "STATE AFTER", wide=True),
)


@click.command()
@click.argument("command_id", metavar="[ID]", required=False)
@click.option("--sensor", metavar="SERIAL", shell_complete=complete_serial, help="To this sensor.")
@click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), help="That got so far.")
@click.option("--name", metavar="COMMAND", help="Of this kind, e.g. sleep or change-sample-frequency.")
@click.option("--issuer", metavar="USER", help="From this account.")
@click.option("--since", type=MOMENT, metavar="TIME", help="Issued since then: 1h (ago), 2026-03-01 …")
@click.option("-n", "limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="At most.")
@output_option
@pass_operator
def commands(
    operator: Operator,
    command_id: str | None,
    sensor: str | None,
    status: str | None,
    name: str | None,
    issuer: str | None,
    since: datetime | None,
    limit: int,
    form: Form,
) -> None:
    """List commands, the newest first: who told which sensor what, when, and what came of it.

    QUEUED: RabbitMQ holds it. SENT: the MQTT broker holds it, for a sensor that may be offline. Then the sensor's
    answer, APPLIED or REJECTED (with its reason), or EXPIRED, or UNREACHABLE: the broker knows no such sensor.
    ISSUER is the account that RabbitMQ has verified; FROM is what the issuing program says of itself.

    \b
    iotctl commands --since 1h
    iotctl commands --sensor pump-0002 --status REJECTED
    iotctl commands 019eb2b4-7f3c-7d21-a3a4-0d9f4f3f6c55 --output json
    """
    wanted = None
    if command_id is not None:
        try:
            wanted = uuid.UUID(command_id)
        except ValueError as error:
            raise CtlError(
                f"{command_id!r} is no command's id: iotctl commands --output wide shows them", USAGE
            ) from error
    parameters = {
        "id": wanted,
        "serial_number": sensor,
        "status": status.upper() if status else None,
        "name": None if name is None else _known(name),
        "issuer": issuer,
        "since": since,
        "limit": limit,
    }
    with operator.database() as database:
        rows = database.execute(query("commands"), parameters).fetchall()
        if sensor is not None and not rows:
            check_serial(database, sensor)
    if wanted is not None and not rows:
        raise CtlError(f"there is no command {wanted}", USAGE)
    print_rows(
        [{**row, "took": took(row)} for row in rows], COLUMNS, form, console=operator.out, empty="no commands"
    )


def _known(name: str) -> str:
    """A command's name as the database has it."""
    names = [level.value for level in CommandLevel]
    if name.replace("-", "_") not in names:
        spelt = [one.replace("_", "-") for one in names]
        raise CtlError(f"there is no command {name!r}{did_you_mean(name.replace('_', '-'), spelt)}", USAGE)
    return name.replace("-", "_")


def took(row: dict[str, Any]) -> str | None:
    """From issued to ended, for people."""
    if row["ended_at"] is None or row["issued_at"] is None:
        return None
    return show_duration(max(0.0, (row["ended_at"] - row["issued_at"]).total_seconds()))
