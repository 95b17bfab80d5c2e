"""`python -m bridge`: relays sensors' messages up and commands down until SIGTERM."""

import asyncio
import sys

from bridge.config import BridgeSettings
from bridge.service import Bridge
from runtime import config
from runtime.health import Health
from runtime.service import run_service


def main() -> int:
    """Entry point; the exit code."""
    settings = config.load(BridgeSettings)

    async def run(health: Health, stop: asyncio.Event) -> None:
        await Bridge(settings, health).run(stop)

    return run_service("bridge", settings, run)


if __name__ == "__main__":
    sys.exit(main())
