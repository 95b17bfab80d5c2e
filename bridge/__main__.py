"""`python -m bridge`: relays sensors' messages up and commands down until SIGTERM."""

import asyncio
import sys

import click

from bridge.config import BridgeSettings
from bridge.service import Bridge
from runtime import config
from runtime.health import Health
from runtime.service import run_service


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Relay what sensors publish to RabbitMQ, and commands to sensors.

    Several of these share the sensors' messages, each as an MQTT user of its own. Settings come from STREAMING_*
    variables: see .env.example.
    """
    settings = config.load(BridgeSettings)

    async def run(health: Health, stop: asyncio.Event) -> None:
        await Bridge(settings, health).run(stop)

    sys.exit(run_service("bridge", settings, run))


def main() -> None:
    """Entry point."""
    cli()


if __name__ == "__main__":
    main()
