"""`python -m alarms`: judge measurements by the rules in the database until SIGTERM."""

import asyncio
import sys

import click

from alarms.config import AlarmsSettings
from alarms.service import Alarms
from runtime import config
from runtime.health import Health
from runtime.service import run_service


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Judge measurements by rules, raise alarms, tell people, sensors and machines.

    Rules are edited by `iotctl alarms rules`. Several of these share the partitions of the measurement stream. Machine
    controllers connect to STREAMING_ALARMS_MACHINE_PORT. Settings come from STREAMING_* variables: see .env.example.

    \b
    eval "$(python -m stack env alarms)"; python -m alarms
    """
    settings = config.load(AlarmsSettings)

    async def run(health: Health, stop: asyncio.Event) -> None:
        await Alarms(settings, health).run(stop)

    sys.exit(run_service("alarms", settings, run))


def main() -> None:
    """Entry point."""
    cli()


if __name__ == "__main__":
    main()
