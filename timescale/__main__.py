"""`python -m timescale`: prepares, migrates and maintains the database."""

import asyncio
import sys

import click
import psycopg

from runtime import config
from runtime.health import Health
from runtime.numbers import Finite
from runtime.service import run_service
from timescale import bootstrap as bootstrapping
from timescale import maintenance, migrate
from timescale.config import BootstrapSettings, OwnerSettings
from timescale.maintaining import Maintaining


@click.group()
def cli() -> None:
    """Prepare, migrate and maintain the database that STREAMING_DATABASE_* names.

    \b
    python -m timescale bootstrap             at every upgrade, as a superuser: roles, database, extensions
    python -m timescale migrate               at every upgrade, as streaming_owner
    python -m timescale maintain --every 60   always, as a service, or without --every e.g. from cron
    """


@cli.command()
def bootstrap() -> None:
    """Make roles, the database and its extensions; set the roles' passwords."""
    settings = config.load(BootstrapSettings)
    bootstrapping.apply(
        {**settings.conninfo(), "dbname": "postgres"}, settings.database_name, settings.passwords()
    )


@cli.command(name="migrate")
@click.option(
    "--allow-newer",
    is_flag=True,
    help="A database that a newer version has migrated is no failure: for going back to the version before.",
)
def migrate_command(allow_newer: bool) -> None:
    """Apply the migrations that are missing."""
    try:
        applied = migrate.apply(config.load(OwnerSettings).conninfo())
    except migrate.NewerDatabaseError as error:
        if not allow_newer:
            raise
        click.echo(f"{error}; it is left as it is", err=True)
        return
    for migration in applied:
        click.echo(f"applied {migration.number:04} {migration.name}")


@cli.command()
def status() -> None:
    """Say which migrations are missing; exit code 1 where some are."""
    missing = migrate.pending(config.load(OwnerSettings).conninfo())
    for migration in missing:
        click.echo(f"missing {migration.number:04} {migration.name}")
    if missing:
        sys.exit(1)
    click.echo("the schema is up to date")


@cli.command()
@click.option(
    "--keep",
    type=Finite(min=0.01, max=36_500),
    metavar="DAYS",
    help="Drop chunks of measurements, positions and log lines that are wholly older than this.",
)
@click.option(
    "--keep-snapshots",
    type=Finite(min=0.01, max=3_650),
    metavar="DAYS",
    default=maintenance.KEEP_SNAPSHOTS_DAYS,
    show_default=True,
    help="Forget snapshots of the database's statements and sizes that are older than this.",
)
@click.option(
    "--every",
    type=Finite(min=1, max=86_400),
    metavar="SECONDS",
    help="Do so again and again until SIGTERM, as a service with health and metrics.",
)
def maintain(keep: float | None, keep_snapshots: float, every: float | None) -> None:
    """Take a snapshot of what the database does, drop old chunks, end sessions of the page that are over.

    On TimescaleDB's community edition its scheduler takes the snapshots, and compresses: this makes sure that it does.
    docs/database.md says what the snapshots are for.
    """
    settings = config.load(OwnerSettings)
    if every is None:
        report = maintenance.maintain(settings.conninfo(), keep, keep_snapshots)
        click.echo(
            f"{report.edition} edition, {len(report.dropped_chunks)} chunks dropped{_told(report.snapshot)}"
        )
        return
    plan = maintenance.Plan(keep, keep_snapshots, every)

    async def run(health: Health, stop: asyncio.Event) -> None:
        await Maintaining(settings.conninfo(), plan, health).run(stop)

    sys.exit(run_service("maintenance", settings, run))


def _told(snapshot: maintenance.Snapshot | None) -> str:
    if snapshot is None:
        return ", the scheduler takes snapshots"
    if not snapshot.taken:
        return ", somebody else takes a snapshot"
    if snapshot.problem is not None:
        return f", a snapshot without statements: {snapshot.problem}"
    return f", a snapshot of {snapshot.statements} statements"


def main() -> None:
    """Entry point; a failure is one sentence and exit code 1."""
    try:
        cli()
    except (psycopg.Error, migrate.MigrationError) as error:
        click.echo(f"timescale: {str(error).strip()}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
