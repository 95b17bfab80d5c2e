"""`python -m ingest measurements|logs|registry`: one kind of message into the database until SIGTERM."""

import asyncio
import sys

import click

from ingest import registry, service
from ingest.config import IngestSettings
from runtime import config
from runtime.health import Health
from runtime.service import run_service

KINDS = ("measurements", "logs", "registry")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("kind", type=click.Choice(KINDS))
def cli(kind: str) -> None:
    """Write one KIND of message into the database: measurements, logs, or the registry (births, statuses, and
    commands with what became of them).

    Several of a kind share the work. Settings come from STREAMING_* variables: see .env.example.
    """
    settings = config.load(IngestSettings)

    async def run(health: Health, stop: asyncio.Event) -> None:
        if kind == "measurements":
            await service.measurements(settings, health).run(stop)
        elif kind == "logs":
            await service.logs(settings, health).run(stop)
        else:
            await registry.Registry(settings, health).run(stop)

    sys.exit(run_service(f"ingest-{kind}", settings, run))


def main() -> None:
    """Entry point."""
    cli()


if __name__ == "__main__":
    main()
