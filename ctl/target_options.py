"""Options and arguments of `iotctl targets`: every field of a target is one."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ctl.context import Operator
from ctl.profiles import default_path
from ctl.select import complete_serial
from ctl.target_fields import FIELDS, Field

F = TypeVar("F", bound=Callable[..., Any])


def _complete_name(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    try:
        root = ctx.find_root().params  # a shell that completes has called no command
        operator = ctx.find_object(Operator) or Operator(
            root.get("config") or default_path(), root.get("profile")
        )
        with operator.database(statement_timeout_s=2) as database:
            rows = database.execute(
                "SELECT name FROM target WHERE starts_with(name, %s) ORDER BY 1 LIMIT 100", [incomplete]
            ).fetchall()
    except Exception:  # whatever it is, a prompt is no place to say it
        return []
    return [row["name"] for row in rows]


name_argument = click.argument("name", shell_complete=_complete_name)
serials_argument = click.argument(
    "serial_numbers", metavar="SERIAL...", nargs=-1, required=True, shell_complete=complete_serial
)


def field_options(command: F) -> F:
    """An option for each field; the command gets `fields`, column → value, of those that were given."""

    def option(field: Field) -> Callable[[F], F]:
        def read(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
            if value is None:
                return
            fields = ctx.params.setdefault("fields", {})
            if field.column in fields:
                raise click.BadParameter("give --bearing or --bearing-geometry, not both", ctx, parameter)
            try:
                fields[field.column] = field.read(value)
            except ValueError as error:
                raise click.BadParameter(str(error), ctx, parameter) from error

        return click.option(
            f"--{field.name.replace('_', '-')}",
            metavar=_METAVARS.get(field.name, field.name.upper()),
            callback=read,
            expose_value=False,
            help=field.help,
        )

    for field in reversed(FIELDS):
        command = option(field)(command)
    return command


_METAVARS = {
    "group": "1..4",
    "support": "rigid|flexible",
    "power": "KW",
    "speed": "RPM",
    "shaft_height": "MM",
    "bearing": "bpfi=,bpfo=,bsf=,ftf=",
    "bearing_geometry": "rolling_elements=,element_diameter=,pitch_diameter=[,contact_angle=]",
    "latitude": "DEGREES",
    "longitude": "DEGREES",
    "description": "TEXT",
}
