"""`iotctl db`: the database's schema and what is done to it regularly."""

import click

from ctl.context import Operator, output_option, pass_operator, query
from ctl.errors import FAILED, FORBIDDEN, CtlError
from ctl.output import Column, Form, print_rows, when
from runtime.numbers import Finite
from timescale import maintenance, migrate
from timescale.bootstrap import Conninfo

COLUMNS = (
    Column("number", "NUMBER", lambda value: f"{value:04}"),
    Column("name", "MIGRATION"),
    Column("state", "STATE"),
    Column("applied_at", "APPLIED", when),
)


@click.group()
def db() -> None:
    """Migrate and maintain the database.

    migrate and maintain act as the owner of the schema, whose password is STREAMING_OWNER_PASSWORD or the profile's.

    \b
    iotctl db status
    iotctl db migrate
    iotctl db maintain --keep 30
    """


@db.command()
@output_option
@pass_operator
def status(operator: Operator, form: Form) -> None:
    """List the schema's migrations; exit code 1 where some are missing.

    \b
    iotctl db status
    iotctl db status --output json | jq -r '.[] | select(.state == "missing") | .name'
    """
    with operator.database() as database:
        exists = database.execute("SELECT to_regclass('schema_migration') IS NOT NULL AS exists").fetchone()
        assert exists is not None
        rows = database.execute(query("db_migrations")).fetchall() if exists["exists"] else []
    applied = {row["number"]: row for row in rows}
    known = {migration.number: migration for migration in migrate.available()}
    table = []
    for number in sorted(known | applied):
        row, migration = applied.get(number), known.get(number)
        if row is None:
            state = "missing"
        elif migration is None:
            state = "newer than this iotctl"
        else:
            state = "ok" if row["checksum"] == migration.checksum else "changed since"
        name = migration.name if migration is not None else applied[number]["name"]
        table.append(
            {"number": number, "name": name, "state": state, "applied_at": row and row["applied_at"]}
        )
    print_rows(table, COLUMNS, form, console=operator.out)
    missing = sum(row["state"] == "missing" for row in table)
    if missing:
        raise CtlError(f"{missing} migrations are missing: iotctl db migrate", FAILED)


@db.command(name="migrate")
@pass_operator
def migrate_command(operator: Operator) -> None:
    """Apply the migrations that are missing, each in a transaction of its own.

    Nothing is done where none is missing. Several may be started at once: one works, the others wait for it.

    \b
    iotctl db migrate
    """
    owner = _owner(operator)
    missing = migrate.pending(owner)
    if not missing:
        click.echo("the schema is up to date")
        return
    click.echo(
        f"applying {len(missing)}: {', '.join(f'{one.number:04} {one.name}' for one in missing)}", err=True
    )
    for one in migrate.apply(owner):
        click.echo(f"applied {one.number:04} {one.name}")


@db.command()
@click.option(
    "--keep",
    type=Finite(min=0.01, max=36_500),
    metavar="DAYS",
    help="Drop chunks that are wholly older than this.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask before data is dropped.")
@pass_operator
def maintain(operator: Operator, keep: float | None, yes: bool) -> None:
    """Drop old measurements, log lines and positions; snapshot what statements cost; end sessions that are over.

    Without --keep nothing is dropped. On TimescaleDB's community edition it makes sure that compression is on, and that
    snapshots are taken by the database's own scheduler. Meant to be called regularly, e.g. from cron, where no
    python -m timescale maintain --every runs.

    \b
    iotctl db maintain
    iotctl db maintain --keep 30 --yes
    """
    owner = _owner(operator)
    if keep is not None:
        operator.confirm(f"drop all data older than {keep:g} days?", yes=yes)
    with operator.err.status("maintaining"):
        report = maintenance.maintain(owner, keep)
    click.echo(f"{report.edition} edition: {len(report.dropped_chunks)} chunks dropped")


def _owner(operator: Operator) -> Conninfo:
    if not operator.settings.owner_password.get_secret_value():
        raise CtlError(
            "this needs the password of streaming_owner: set STREAMING_OWNER_PASSWORD, or give it to iotctl login",
            FORBIDDEN,
        )
    return {**operator.settings.owner_conninfo(), "connect_timeout": 5, "application_name": "iotctl db"}
