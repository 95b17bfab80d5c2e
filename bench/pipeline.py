"""The whole chain for a benchmark: a stack of its own, the services, a fleet that makes load."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.processes import Usage, usage
from emulator.fleet_plan import load_serial_numbers
from stack.local import Say, Stack
from stack.observe import Metrics
from stack.services import Service

SENSORS = 200
PROCESSES = ("emulator", "mosquitto", "bridge", "rabbitmq", "ingest", "postgres")


class Reading(NamedTuple):
    """Everything at one moment."""

    at_s: float
    usage: dict[str, Usage]
    emulator: Metrics
    bridge: Metrics
    ingest: Metrics

    @property
    def made(self) -> float:
        """Messages made by the fleet."""
        return self.emulator.total("emulator_batches_made_total")

    @property
    def written(self) -> float:
        """Messages in the database."""
        return self.ingest.total("ingest_messages_total", kind="measurements")


class Chain:
    """Bridge and ingester stay; each step has a fleet of its own."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        assert stack.ports is not None
        self.stack = stack
        self.folder = folder
        self._port = stack.ports.services
        stack.credentials(load_serial_numbers(SENSORS))
        self.bridge = self.service("bridge", ["bridge"], "bridge-0")
        self.ingest = self.service("ingest", ["ingest", "measurements"], "ingest")
        self.bridge.wait_ready()
        self.ingest.wait_ready()

    @contextmanager
    def load(self, rate: float, samples_per_message: int, sensors: int = SENSORS) -> Iterator[Service]:
        """A fleet that publishes at this rate while the block runs."""
        arguments = ["emulator", "--credentials", str(self.stack.credentials_file)]
        arguments += ["--sensors", str(sensors)]
        arguments += ["--load", str(rate), "--samples-per-batch", str(samples_per_message)]
        fleet = self.service("emulator", arguments, "emulator")
        try:
            fleet.wait_ready(120)
            yield fleet
        finally:
            fleet.stop()

    def read(self, fleet: Service) -> Reading:
        """A reading now."""
        pids = {
            "emulator": fleet.process.pid,
            "bridge": self.bridge.process.pid,
            "ingest": self.ingest.process.pid,
        }
        for name, server in self.stack.servers.items():
            assert server.process is not None
            pids[name] = server.process.outer.pid
        return Reading(
            time.monotonic(),
            {name: usage(pids[name]) for name in PROCESSES},
            fleet.metrics(),
            self.bridge.metrics(),
            self.ingest.metrics(),
        )

    def settle(self, before: Reading, fleet_made: float, timeout_s: float = 120.0) -> float:
        """Wait until everything made is written; how many are missing when it stops to come."""
        wanted = before.written + fleet_made
        deadline = time.monotonic() + timeout_s
        missing = wanted - self._written()
        while missing > 0 and time.monotonic() < deadline:
            time.sleep(0.2)
            missing = wanted - self._written()
        return max(0.0, missing)

    def close(self) -> None:
        """Stop the services."""
        self.bridge.stop()
        self.ingest.stop()

    def _written(self) -> float:
        return self.ingest.metrics().total("ingest_messages_total", kind="measurements")

    def service(self, name: str, arguments: list[str], role: str, **more: str) -> Service:
        """A process on this stack; whoever asks for it stops it."""
        self._port += 1
        environment = {**self.stack.environment(role), **more}
        return Service(name, arguments, environment, self._port, self.folder / f"{name}.log")


@contextmanager
def chain(say: Say) -> Iterator[Chain]:
    """Everything on fresh data in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="sensor-streaming-bench-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.start(say)
        try:
            running = Chain(stack, Path(folder))
            try:
                yield running
            finally:
                running.close()
        finally:
            stack.stop()
