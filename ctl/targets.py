"""`iotctl targets`: the machines and structures that sensors sit on, with what their analysis needs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import click
from psycopg.rows import DictRow
from rich.padding import Padding
from rich.text import Text

from ctl import target_store
from ctl.context import Operator, object_option, output_option, pass_operator, query
from ctl.errors import USAGE, CtlError
from ctl.output import Form, print_object, print_rows
from ctl.target_fields import FIELDS, read_name
from ctl.target_import import read_file
from ctl.target_options import field_options, name_argument, serials_argument
from ctl.target_view import ASSIGNMENTS, CHANGES, COLUMNS, HISTORY, facts
from vibration import bearing

_HISTORY = 1_000  # assignments that `show` lists


@click.group()
def targets() -> None:
    """The machines and structures that sensors sit on.

    A target has what ISO 20816 judges by (group, support, power, speed), the bearing whose fault frequencies a
    spectrum shows, and a place. Sensors are assigned to it; when one moves, the history is kept.

    \b
    iotctl targets add "Pump 1" --group 2 --support rigid --power 15 --speed 1480 \\
        --bearing bpfi=5.4152,bpfo=3.5848,bsf=2.3567,ftf=0.39828
    iotctl targets assign "Pump 1" pump-0002 pump-0003
    iotctl targets show "Pump 1"
    iotctl targets import plant.toml --dry-run
    """


@targets.command(name="list")
@output_option
@pass_operator
def list_command(operator: Operator, form: Form) -> None:
    """List targets, with how many sensors sit on each.

    BEARING shows fault frequencies in multiples of the shaft's.

    \b
    iotctl targets list
    iotctl targets list --output json | jq -r '.[] | select(.sensors == 0) | .name'
    """
    print_rows(
        operator.rows("targets"), COLUMNS, form, console=operator.out, empty="no targets: iotctl targets add"
    )


@targets.command()
@name_argument
@field_options
@pass_operator
@click.pass_context
def add(ctx: click.Context, operator: Operator, /, name: str, fields: dict[str, Any] | None = None) -> None:
    """Add a target.

    A bearing is given by its four frequencies in multiples of the shaft's, as catalogues print them, or by its
    geometry: both diameters in one unit, the contact angle in degrees (0 where it is left out).

    \b
    iotctl targets add "Bridge 7" --description "footbridge, main span" --latitude 48.137 --longitude 11.575
    iotctl targets add "Fan 3" --group 1 --support flexible --power 500 --speed 990 \\
        --bearing-geometry rolling_elements=9,element_diameter=7.94,pitch_diameter=39.04
    """
    with operator.database() as database, target_store.writing(database):
        target_store.add(database, _checked(ctx, name), fields or {})
    click.echo(f"{name}: added")


@targets.command(name="set")
@name_argument
@field_options
@click.option("--rename", metavar="NAME", help="Call it so from now on.")
@click.option(
    "--clear",
    "cleared",
    multiple=True,
    type=click.Choice([field.name.replace("_", "-") for field in FIELDS if field.name != "bearing_geometry"]),
    help="Forget this field; may be given several times.",
)
@pass_operator
@click.pass_context
def set_command(
    ctx: click.Context,
    operator: Operator,
    /,
    name: str,
    rename: str | None,
    cleared: Sequence[str],
    fields: dict[str, Any] | None = None,
) -> None:
    """Change some fields of a target; the others stay.

    \b
    iotctl targets set "Pump 1" --speed 2960
    iotctl targets set "Pump 1" --rename "Feed pump 1" --clear description
    """
    values = dict(fields or {})
    columns = {field.name.replace("_", "-"): field.column for field in FIELDS}
    for field in cleared:
        if columns[field] in values:
            raise click.UsageError(f"--{field} and --clear {field}: one or the other", ctx)
        values[columns[field]] = None
    if rename is not None:
        values["name"] = _checked(ctx, rename)
    if not values:
        raise click.UsageError("nothing to change: give a field, --rename or --clear", ctx)
    with operator.database() as database, target_store.writing(database):
        changed = target_store.change(database, target_store.find(database, name), values)
    click.echo(f"{name}: {', '.join(changed)} changed" if changed else f"{name}: it is like that already")


@targets.command()
@name_argument
@click.option("--force", is_flag=True, help="Also while sensors are assigned to it.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before a history is removed.")
@pass_operator
def remove(operator: Operator, name: str, force: bool, yes: bool) -> None:
    """Remove a target, with the history of its assignments.

    Refused while sensors are assigned to it, unless --force. Measurements are the sensors' and stay.

    \b
    iotctl targets remove "Pump 1"
    """
    with operator.database() as database:
        target = target_store.find(database, name)
        rows = _assignments(database, target)
        seated = [row["serial_number"] for row in rows if row["removed_at"] is None]
        if seated and not force:
            shown = ", ".join(seated[:5]) + (" …" if len(seated) > 5 else "")
            raise CtlError(
                f"{len(seated)} sensors sit on {name!r} ({shown}): unassign them, or use --force", USAGE
            )
        if rows:
            operator.confirm(f"remove {name!r} with the history of {len(rows)} assignments?", yes=yes)
        with target_store.writing(database):
            gone = target_store.remove(database, target)
    click.echo(f"{name}: removed" + (f", with {gone} assignments" if gone else ""))


@targets.command()
@name_argument
@object_option
@pass_operator
def show(operator: Operator, name: str, form: Literal["auto", "json"]) -> None:
    """Show one target: its fields, the fault frequencies of its bearing in Hz, its sensors now and before.

    \b
    iotctl targets show "Pump 1"
    iotctl targets show "Pump 1" --output json | jq .fault_frequencies_hz
    """
    with operator.database() as database:
        target = target_store.find(database, name)
        rows = _assignments(database, target)
    multiples = bearing.frequencies_of(target["bearing"])
    speed = target["speed_rpm"]
    hertz = multiples.at(speed) if multiples is not None and speed is not None else None
    sensors = [row for row in rows if row["removed_at"] is None]
    history = [row for row in rows if row["removed_at"] is not None]
    if form == "json":
        content = {
            **target,
            "fault_frequencies": multiples and multiples._asdict(),
            "fault_frequencies_hz": hertz and hertz._asdict(),
            "sensors": sensors,
            "history": history,
        }
        print_object(content, console=operator.out)
        return
    operator.out.print(facts(target, multiples, hertz))
    for title, section, columns in (("Sensors", sensors, ASSIGNMENTS), ("Before", history, HISTORY)):
        if section:
            operator.out.print(Padding(Text(title, style="bold"), (1, 0, 0, 0)))
            print_rows(section, columns, "auto", console=operator.out, remedy="a wider terminal")


@targets.command()
@name_argument
@serials_argument
@pass_operator
def assign(operator: Operator, name: str, serial_numbers: tuple[str, ...]) -> None:
    """Put sensors on a target. A sensor sits on one target: it leaves the one that it sat on, which is said.

    \b
    iotctl targets assign "Pump 1" pump-0002 pump-0003
    """
    with operator.database() as database, target_store.writing(database):
        target = target_store.find(database, name)
        moved = target_store.assign(database, target["id"], serial_numbers)
    for sensor in moved:
        click.echo(
            f"{sensor.serial_number}: on {name}"
            + (f", no longer on {sensor.before}" if sensor.before else "")
        )
    for serial in sorted(set(serial_numbers) - {sensor.serial_number for sensor in moved}):
        click.echo(f"{serial}: on {name} already")


@targets.command()
@serials_argument
@pass_operator
def unassign(operator: Operator, serial_numbers: tuple[str, ...]) -> None:
    """Take sensors off what they sit on; the history is kept.

    \b
    iotctl targets unassign pump-0002
    """
    with operator.database() as database, target_store.writing(database):
        moved = target_store.unassign(database, serial_numbers)
    for sensor in moved:
        click.echo(f"{sensor.serial_number}: no longer on {sensor.before}")
    for serial in sorted(set(serial_numbers) - {sensor.serial_number for sensor in moved}):
        click.echo(f"{serial}: sat on nothing")


@targets.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@output_option
@pass_operator
def import_command(operator: Operator, file: Path, dry_run: bool, form: Form) -> None:
    """Add and change targets as a file says, all of it or, where anything is wrong, nothing.

    A target that exists is changed in the fields that the file gives; its sensors are added to those that sit on it.
    The fields are called as the options of `targets add`, with _ for -. A TOML file:

    \b
        [[target]]
        name = "Pump 1"
        group = 2
        support = "rigid"
        power = 15
        speed = 1480
        shaft_height = 160
        bearing = { bpfi = 5.4152, bpfo = 3.5848, bsf = 2.3567, ftf = 0.39828 }
        sensors = ["pump-0002", "pump-0003"]

    A CSV file has the fields' names in its first line and sensors separated by spaces; an empty cell changes nothing:

    \b
        name,group,support,power,speed,bearing,sensors
        Pump 1,2,rigid,15,1480,"bpfi=5.4152,bpfo=3.5848,bsf=2.3567,ftf=0.39828",pump-0002 pump-0003

    \b
    iotctl targets import plant.toml --dry-run
    iotctl targets import plant.csv
    """
    entries = read_file(file)
    with operator.database() as database, target_store.writing(database, keep=not dry_run):
        changes = target_store.apply(database, entries)
    rows = [{**change._asdict(), "moved": [moved._asdict() for moved in change.moved]} for change in changes]
    print_rows(rows, CHANGES, form, console=operator.out)
    counts = {
        done: sum(change.done == done for change in changes) for done in ("added", "changed", "unchanged")
    }
    said = ", ".join(f"{count} {done}" for done, count in counts.items() if count)
    click.echo(f"{said}{': a dry run, nothing was written' if dry_run else ''}", err=True)


def _checked(ctx: click.Context, name: str) -> str:
    try:
        return read_name(name)
    except ValueError as error:
        raise click.UsageError(str(error), ctx) from error


def _assignments(database: Any, target: DictRow) -> list[DictRow]:
    parameters = {"target_id": target["id"], "limit": _HISTORY}
    rows: list[DictRow] = database.execute(query("target_assignments"), parameters).fetchall()
    return rows
