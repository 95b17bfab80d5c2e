"""Options and arguments of `iotctl targets`: every field of a target is one."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ctl.select import complete_serial, complete_target
from ctl.target_fields import FIELDS, Field

F = TypeVar("F", bound=Callable[..., Any])

name_argument = click.argument("name", shell_complete=complete_target)
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
