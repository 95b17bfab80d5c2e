"""`make demo`: everything on this machine, with a live view of what arrives.

Starts the servers, bridge, ingesters, alarms service, live page and a fleet; Ctrl-C stops all of it cleanly, the fleet first, so that
everything published is in the database; the data stays for the next start.
"""

import contextlib
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import psycopg
from rich.console import Console
from rich.live import Live

from emulator.fleet_plan import Fleet, ring_bytes, serial_numbers
from stack import demo_page, demo_site
from stack.errors import StackError
from stack.firmware import host_program
from stack.fleet_status import FleetStatus
from stack.local import Say, Stack
from stack.observe import Metrics, quantile
from stack.services import Service
from stack.view import Snapshot, render

_REFRESH_S = 1.0
_WINDOW = 5  # rates and latencies are over so many refreshes
_INGESTERS = ("measurements", "logs", "registry")


class StopRequestedError(Exception):
    """Ctrl-C or SIGTERM."""


class Demo:
    """The running services, and what they did since the view last looked."""

    def __init__(self, stack: Stack, sensors: int, firmware: int = 0, program: Path | None = None) -> None:
        self._stack = stack
        self._emulated = sensors
        self._firmware = firmware
        self._program = program
        self._serials = serial_numbers(Fleet(sensors)) + [f"firmware-{i:04}" for i in range(1, firmware + 1)]
        self._began = time.monotonic()
        self._scrapes: deque[tuple[float, Metrics]] = deque(maxlen=_WINDOW)
        self.services: list[Service] = []
        self.fleets: list[Service] = []
        self.page: demo_page.Page | None = None
        self.fleet_status = FleetStatus(stack.conninfo("readonly"), self._serials)

    def start(self, say: Say) -> None:
        """Services first, then the fleets. StackError where one does not come up."""
        demo_site.prepare(self._stack.conninfo("owner"), Fleet(self._emulated), self._serials)
        self.page = demo_page.prepare(self._stack)
        say("starting the bridge, the ingesters, the alarms service and the page")
        self.services.append(self._service("bridge", ["bridge"], "bridge-0"))
        for kind in _INGESTERS:
            self.services.append(self._service(f"ingest-{kind}", ["ingest", kind], "ingest"))
        self.services.append(self._service("alarms", ["alarms"], "alarms"))
        self.services.append(self._service("web", ["web"], demo_page.environment(self._stack)))
        self.services.append(
            self._service("maintenance", ["timescale", "maintain", "--every", "60"], "owner")
        )
        for service in self.services:
            service.wait_ready()
        say(f"making credentials for {len(self._serials)} sensors")
        self._stack.credentials(self._serials)
        say(f"connecting {len(self._serials)} sensors")
        credentials = ["--credentials", str(self._stack.credentials_file)]
        arguments = ["--sensors", str(self._emulated), "--buffer", str(ring_bytes(self._emulated))]
        self.fleets.append(self._service("emulator", ["emulator", *credentials, *arguments], "emulator"))
        if self._program is not None:
            arguments = [*credentials, "--sensors", str(self._firmware)]
            self.fleets.append(self._service("firmware", arguments, "emulator", [str(self._program)]))
        for fleet in self.fleets:
            fleet.wait_ready(120)
        self._began = time.monotonic()
        self._scrapes.append((self._began, self.services[1].metrics()))

    def stop(self, say: Say) -> None:
        """The fleets say goodbye, then the services drain."""
        if self.fleets:
            say("stopping the fleet")
        for fleet in self.fleets:
            fleet.ask_to_stop()
        for fleet in self.fleets:
            fleet.stop(30)
        say("draining the services")
        bridge, *ingesters = self.services
        bridge.stop()  # first: what it confirms is still written
        for service in ingesters:
            service.ask_to_stop()
        for service in ingesters:
            service.stop()

    def dead(self) -> Service | None:
        """A service that ended by itself."""
        return next((service for service in [*self.services, *self.fleets] if not service.running), None)

    def snapshot(self) -> Snapshot:
        """What the view shows now."""
        assert self._stack.ports is not None
        now = time.monotonic()
        fleets = [(fleet.name, fleet.metrics()) for fleet in self.fleets]
        bridge, ingest = self.services[0].metrics(), self.services[1].metrics()
        then, before = self._scrapes[0]
        self._scrapes.append((now, ingest))
        seconds = max(now - then, 1e-3)

        def rate(name: str, **labels: str) -> float:
            return max(0.0, ingest.total(name, **labels) - before.total(name, **labels)) / seconds

        def of_fleets(name: str) -> int:
            return int(sum(metrics.total(f"{fleet}_{name}") for fleet, metrics in fleets))

        latency, latency_before = (
            ingest.buckets("ingest_latency_seconds"),
            before.buckets("ingest_latency_seconds"),
        )
        return Snapshot(
            running_s=now - self._began,
            sensors=len(self._serials),
            sensors_connected=of_fleets("connected_sensors"),
            batches_per_s=rate("ingest_messages_total", kind="measurements"),
            samples_per_s=rate("ingest_samples_total"),
            latency_p50_s=quantile(0.5, latency, latency_before),
            latency_p99_s=quantile(0.99, latency, latency_before),
            rows=self.fleet_status.rows_at_start
            + int(ingest.total("ingest_rows_total", table="measurement_batch")),
            missing=self.fleet_status.missing + of_fleets("batches_dropped"),
            dead_letters=int(
                bridge.total("bridge_dead_letters_total")
                + sum(service.metrics().total("ingest_dead_letters_total") for service in self.services[1:])
            ),
            in_flight=int(bridge.total("bridge_in_flight_messages")),
            services=[(service.name, service.state()) for service in [*self.services, *self.fleets]],
            lines=self.fleet_status.lines,
            alarms=self.fleet_status.alarms,
            newest_alarms=self.fleet_status.newest_alarms,
            hints=[
                *(self.page.hints if self.page else []),
                "in another terminal, steer the sensors and look inside:",
                '  eval "$(.venv/bin/python -m stack env operator)"; .venv/bin/iotctl top',
                "  .venv/bin/iotctl alarms list",
                '  .venv/bin/python -m stack exec postgres psql -c "SELECT * FROM sensor_overview"',
            ],
        )

    def _service(
        self,
        name: str,
        arguments: list[str],
        role: str | Mapping[str, str],
        program: Sequence[str] = (sys.executable, "-m"),
    ) -> Service:
        """`role`: of the stack, or the whole environment."""
        assert self._stack.ports is not None
        port = self._stack.ports.services + len(self.services) + len(self.fleets)
        log = self._stack.data / "log" / f"{name}.log"
        environment = self._stack.environment(role) if isinstance(role, str) else role
        return Service(name, arguments, environment, port, log, program)


def run(
    data: Path,
    sensors: int,
    base_port: int | None,
    duration_s: float | None,
    console: Console,
    firmware: int = 0,
) -> None:
    """Until Ctrl-C (or `duration_s`): emulated sensors, and so many of the firmware's core. StackError where something
    does not start, or dies.
    """
    with _signals(), ExitStack() as cleanup:
        status = console.status("starting")
        began = time.monotonic()

        def say(line: str) -> None:
            status.update(line)
            if console.is_terminal:
                console.print(f"[dim]{time.monotonic() - began:5.1f} s[/]  {line}")
            else:
                console.print(f"{time.monotonic() - began:5.1f} s  {line}", highlight=False, soft_wrap=True)

        try:
            with status:
                program = host_program(say) if firmware else None
                stack = Stack(data)
                stack.start(say, base_port)
                cleanup.callback(_announced, say, "stopping the servers", stack.stop)
                demo = Demo(stack, sensors, firmware, program)
                cleanup.callback(demo.stop, say)
                demo.start(say)
            say(f"everything runs after {time.monotonic() - began:.1f} s")
            if demo.page is not None:
                say("".join(demo.page.hints))
            _watch(demo, duration_s, console)
        except StopRequestedError:
            pass
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # stopping takes seconds, and is bounded
    console.print(f"stopped; the data is kept in {data}")


def _watch(demo: Demo, duration_s: float | None, console: Console) -> None:
    end = None if duration_s is None else time.monotonic() + duration_s
    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
        while end is None or time.monotonic() < end:
            dead = demo.dead()
            if dead is not None:
                raise StackError(f"{dead.name} has ended: {dead.last_words()} (whole log: {dead.log})")
            with contextlib.suppress(psycopg.OperationalError):  # PostgreSQL restarts: the old figures stay
                demo.fleet_status.refresh(limit=max(5, console.height - 21))
            snapshot = demo.snapshot()
            if console.is_terminal:
                live.update(render(snapshot), refresh=True)
            time.sleep(_REFRESH_S)
    if not console.is_terminal or duration_s is not None:
        console.print(render(demo.snapshot()))


def _announced(say: Say, line: str, stop: Callable[[], None]) -> None:
    say(line)
    stop()


@contextmanager
def _signals() -> Iterator[None]:
    def stopped(_number: int, _frame: FrameType | None) -> None:
        raise StopRequestedError

    before = {number: signal.signal(number, stopped) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
