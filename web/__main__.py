"""`python -m web`: the live page until SIGTERM."""

import asyncio
import sys

import click

from runtime import config
from runtime.health import Health
from runtime.service import run_service
from web.config import WebSettings
from web.service import Web


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Serve the live page: fleet, waveforms as they are measured, alarms and commands in a browser.

    Users are added by `iotctl users add`. Settings come from STREAMING_* variables: see .env.example.

    \b
    eval "$(python -m stack env web)"; python -m web
    """
    settings = config.load(WebSettings)

    async def run(health: Health, stop: asyncio.Event) -> None:
        await Web(settings, health).run(stop)

    sys.exit(run_service("web", settings, run))


def main() -> None:
    """Entry point."""
    cli()


if __name__ == "__main__":
    main()
