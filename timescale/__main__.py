"""`python -m timescale`: prepares, migrates and maintains the database."""

import sys

import click
import psycopg

from runtime import config
from timescale import bootstrap as bootstrapping
from timescale import maintenance, migrate
from timescale.config import BootstrapSettings, OwnerSettings


@click.group()
def cli() -> None:
    """Prepare, migrate and maintain the database that STREAMING_DATABASE_* names.

    \b
    python -m timescale bootstrap            once, as a superuser: roles, database, extensions
    python -m timescale migrate              at every upgrade, as streaming_owner
    python -m timescale maintain --keep 30   regularly, e.g. from cron
    """


@cli.command()
def bootstrap() -> None:
    """Make roles, the database and its extensions; set the roles' passwords."""
    settings = config.load(BootstrapSettings)
    bootstrapping.apply(
        {**settings.conninfo(), "dbname": "postgres"}, settings.database_name, settings.passwords()
    )


@cli.command(name="migrate")
def migrate_command() -> None:
    """Apply the migrations that are missing."""
    for migration in migrate.apply(config.load(OwnerSettings).conninfo()):
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
@click.option("--keep", type=click.FloatRange(min=0.01), metavar="DAYS", help="Drop chunks older than this.")
def maintain(keep: float | None) -> None:
    """Drop old chunks; on the community edition make sure that compression is on."""
    report = maintenance.maintain(config.load(OwnerSettings).conninfo(), keep)
    click.echo(f"{report.edition} edition, {len(report.dropped_chunks)} chunks dropped")


def main() -> None:
    """Entry point; a failure is one sentence and exit code 1."""
    try:
        cli()
    except (psycopg.Error, migrate.MigrationError) as error:
        click.echo(f"timescale: {str(error).strip()}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
