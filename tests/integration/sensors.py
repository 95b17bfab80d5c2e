"""Both implementations of a sensor, started with the same meaning: what docs/sensor.md says is tested of each."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from emulator.fleet_plan import Fleet, serial_numbers
from stack.firmware import host_program
from stack.local import Stack
from tests.integration.pipeline import Pipeline, Service, running

BATCH_S = 0.2
FREQUENCY_HZ = 100.0


class Setup(NamedTuple):
    """How a sensor is and what befalls it."""

    frequency_hz: float = FREQUENCY_HZ
    batch_s: float = BATCH_S
    buffer_bytes: int = 500_000
    speed: float = 1.0
    start_ns: int | None = None
    clock_steps: tuple[tuple[float, float], ...] = ()
    extra: tuple[str, ...] = ()  # options that only one implementation has

    def arguments(self) -> list[str]:
        """Those options that both have."""
        given = [
            "--vibration-frequency", f"{self.frequency_hz:g}", "--batch-duration", f"{self.batch_s:g}",
            "--buffer", str(self.buffer_bytes), "--speed", f"{self.speed:g}", *self.extra,
        ]  # fmt: skip
        for at_s, by_s in self.clock_steps:
            given += ["--clock-step", f"{at_s:g}:{by_s:g}"]
        if self.start_ns is not None:
            given += ["--start-time", str(self.start_ns)]
        return given


class Running:
    """A process of sensors."""

    def __init__(self, service: Service, report: Path, prefix: str) -> None:
        self.service = service
        self._report = report
        self._prefix = prefix

    def metric(self, name: str) -> float:
        """Of its whole fleet, without the implementation's prefix: batches_acknowledged_total."""
        return self.service.metric(f"{self._prefix}_{name}")

    def report(self) -> list[dict[str, Any]]:
        """What each sensor made, as of about now; for certain after a stop."""
        sensors: list[dict[str, Any]] = json.loads(self._report.read_text())["sensors"]
        return sensors


class Implementation(Protocol):
    """One of both."""

    name: str

    def serial_numbers(self, prefix: str, sensors: int = 1) -> list[str]:
        """Of a fleet that is started with this prefix."""

    def start(self, pipeline: Pipeline, prefix: str, setup: Setup, sensors: int = 1) -> Running:
        """A fleet, and credentials for it."""


class Emulator:
    """python -m emulator. Its first sensor is a vehicle."""

    name = "emulator"

    def serial_numbers(self, prefix: str, sensors: int = 1) -> list[str]:
        return serial_numbers(Fleet(sensors, prefix))

    def start(self, pipeline: Pipeline, prefix: str, setup: Setup, sensors: int = 1) -> Running:
        report = pipeline.folder / f"{prefix}report.json"
        service = pipeline.emulator(
            "--sensors", str(sensors), "--prefix", prefix, *setup.arguments(),
            report=report, serials=self.serial_numbers(prefix, sensors),
        )  # fmt: skip
        return Running(service, report, "emulator")


class Firmware:
    """The firmware's core on this machine: firmware/host."""

    name = "firmware"

    def serial_numbers(self, prefix: str, sensors: int = 1) -> list[str]:
        return [f"{prefix}firmware-{i:04}" for i in range(1, sensors + 1)]

    def start(self, pipeline: Pipeline, prefix: str, setup: Setup, sensors: int = 1) -> Running:
        report = pipeline.folder / f"{prefix}report.json"
        service = pipeline.firmware(
            firmware_program(), "--sensors", str(sensors), "--prefix", prefix, *setup.arguments(),
            report=report, serials=self.serial_numbers(prefix, sensors),
        )  # fmt: skip
        return Running(service, report, "firmware")


_COPIES = tempfile.TemporaryDirectory(prefix="sensor-host-")


@cache
def firmware_program() -> Path:
    """sensor-host of this checkout: a copy, as another session may build anew."""
    return Path(shutil.copy(host_program(print), _COPIES.name))


EMULATOR = Emulator()
FIRMWARE = Firmware()
BOTH: list[Implementation] = [EMULATOR, FIRMWARE]


@asynccontextmanager
async def started(
    stack: Stack, folder: Path, implementation: Implementation, prefix: str, setup: Setup | None = None
) -> AsyncIterator[Running]:
    """One sensor of a fleet of one, connected."""
    with running(stack, folder) as pipeline:
        sensor = await asyncio.to_thread(implementation.start, pipeline, prefix, setup or Setup())
        await asyncio.to_thread(sensor.service.wait_ready)
        yield sensor
