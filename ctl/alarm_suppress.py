"""`iotctl alarms suppress`: rules and sensors out of service, for whoever mends the machine."""

from typing import Any

import click

from ctl.alarm_select import check_known, sensor_ids
from ctl.context import Operator, output_option, pass_operator, query
from ctl.durations import DURATION, show_duration
from ctl.errors import USAGE, CtlError
from ctl.output import Column, Form, number, print_rows, when
from ctl.select import complete_rule, complete_serial, complete_target
from ctl.whoami import whoami

COLUMNS = (
    Column("id", "ID", right=True),
    Column("rule", "RULE", lambda value: value or "every rule", priority=1),
    Column("serial_number", "SENSOR", lambda value: value or "every sensor", priority=1),
    Column("until", "UNTIL", lambda value: when(value) if value else "taken back"),
    Column("alarms", "ALARMS", number, right=True),
    Column("by", "BY"),
    Column("reason", "REASON", text=True),
    Column("at", "SINCE", when, wide=True),
    Column("removed_at", "TAKEN BACK", when, wide=True),
    Column("removed_by", "BY WHOM", wide=True),
)


@click.command()
@click.option("--rule", metavar="NAME", shell_complete=complete_rule, help="This rule [default: every rule].")
@click.option(
    "--serial",
    "serial_numbers",
    multiple=True,
    metavar="SERIAL",
    shell_complete=complete_serial,
    help="This sensor; may be given several times [default: every sensor].",
)
@click.option(
    "--target",
    metavar="NAME",
    shell_complete=complete_target,
    help="The sensors that sit on this machine or structure now.",
)
@click.option("--reason", metavar="WHY", required=True, help="Why, for whoever wonders.")
@click.option(
    "--for", "for_s", type=DURATION, metavar="DURATION", help="For so long [default: until unsuppress]."
)
@pass_operator
def suppress(
    operator: Operator,
    rule: str | None,
    serial_numbers: tuple[str, ...],
    target: str | None,
    reason: str,
    for_s: float | None,
) -> None:
    """Put rules or sensors out of service: their alarms are recorded, and nobody is told.

    For maintenance, or a sensor that is broken. At least one of --rule, --serial and --target; a rule and sensors
    together are that rule for these sensors. Alarms that are still active afterwards are told of again.

    \b
    iotctl alarms suppress --target "Pump 1" --for 4h --reason "bearing change"
    iotctl alarms suppress --rule "Vibration zone" --serial pump-0002 --reason "sensor is loose"
    """
    if rule is None and not serial_numbers and target is None:
        raise CtlError("what? --rule, --serial or --target", USAGE)
    if not reason.strip():
        raise CtlError("--reason: say why", USAGE)
    if for_s is not None and not for_s > 0:
        raise CtlError("--for has to be longer than nothing, as in --for 4h", USAGE)
    with operator.database() as database:
        check_known(database, "rule", rule, "SELECT name FROM alarm_rule WHERE removed_at IS NULL")
        sensors: list[int | None] = [None]
        if serial_numbers or target is not None:
            sensors = [*sensor_ids(database, serial_numbers, target)]
        found = database.execute(
            "SELECT id FROM alarm_rule WHERE name = %s AND removed_at IS NULL", [rule]
        ).fetchone()
        parameters: dict[str, Any] = {
            "rule_id": found and found["id"], "sensor_ids": sensors, "reason": reason.strip(), "by": whoami(),
            "for_s": for_s,
        }  # fmt: skip
        made = {row["id"] for row in database.execute(query("alarm_suppress"), parameters).fetchall()}
        rows = database.execute(query("alarm_suppressions"), {"every": False}).fetchall()
    how_long = f"for {show_duration(for_s)}" if for_s is not None else "until it is taken back"
    for row in rows:
        if row["id"] in made:
            of = f" of {row['serial_number']}" if row["serial_number"] else ""
            click.echo(f"{row['id']}: {row['rule'] or 'every rule'}{of} suppressed {how_long}")


@click.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True, type=click.IntRange(1, 2**31 - 1))
@pass_operator
def unsuppress(operator: Operator, ids: tuple[int, ...]) -> None:
    """Put back into service what was suppressed; ID is that of `iotctl alarms suppressions`.

    \b
    iotctl alarms unsuppress 3
    """
    with operator.database() as database, database.transaction():
        parameters = {"ids": list(ids), "by": whoami()}
        ended = {row["id"] for row in database.execute(query("alarm_unsuppress"), parameters).fetchall()}
        wrong = [one for one in ids if one not in ended]
        if wrong:
            named = ", ".join(map(str, wrong))
            raise CtlError(
                f"no suppression {named} is in force: iotctl alarms suppressions lists them; nothing was done",
                USAGE,
            )
    for one in dict.fromkeys(ids):
        click.echo(f"{one}: back in service")


@click.command()
@click.option("--all", "every", is_flag=True, help="Also those that are over.")
@output_option
@pass_operator
def suppressions(operator: Operator, every: bool, form: Form) -> None:
    """List what is suppressed: by whom, why, until when, and how many open alarms are silent for it.

    \b
    iotctl alarms suppressions
    iotctl alarms suppressions --all --output csv
    """
    with operator.database() as database:
        rows = database.execute(query("alarm_suppressions"), {"every": every}).fetchall()
    print_rows(rows, COLUMNS, form, console=operator.out, empty="nothing is suppressed")
