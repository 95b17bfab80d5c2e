"""What it costs that many people look at sensors live."""

import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

import httpx
import psycopg
from rich.table import Table

from bench.pipeline import Chain
from bench.processes import usage
from emulator.fleet_plan import Fleet, serial_numbers
from runtime.passwords import hash_password
from stack.errors import StackError
from stack.local import Say
from stack.servers import REPOSITORY
from stack.services import Service

GOAL_CORES: Final = 0.5
SENSORS: Final = 10
AXES: Final = 3
FREQUENCIES_HZ: Final = (1_000.0, 25_600.0)
_FLEET: Final = 12  # of which two measure temperature
_BATCH_S: Final = 0.1
_SPAN_S: Final = 10.0
_COLUMNS: Final = 1000
_WARM_UP_S: Final = 15.0  # until all pages have their picture, and the sensors' delays are known
_USER: Final = "bench"


@dataclass(slots=True)
class WebCase:
    """`cores`: CPU seconds of the page's service a second. Latency: from the end of a bin to a page, in ms."""

    viewers: int
    sensors: int
    axes: int
    sample_frequency_hz: float
    cores: float
    messages_per_s: float
    kb_per_s: float
    p50_ms: float
    p99_ms: float
    skipped: int  # sets of frames that viewers did not get in time
    coarsest_s: float  # bin width
    resident_mb: float

    def as_json(self) -> dict[str, Any]:
        """With the goal, for the report file."""
        return {**asdict(self), "goal": GOAL_CORES}


def web(running: Chain, viewers: int, seconds: float, say: Say) -> list[WebCase]:
    """At each sample frequency. StackError where something does not start, or too little comes."""
    with _page(running, viewers) as (service, url, cookie):
        return [
            _case(running, service, url, cookie, viewers, frequency, seconds, say)
            for frequency in FREQUENCIES_HZ
        ]


def _case(
    running: Chain,
    service: Service,
    url: str,
    cookie: str,
    viewers: int,
    frequency_hz: float,
    seconds: float,
    say: Say,
) -> WebCase:
    plan = Fleet(_FLEET, f"web{frequency_hz:.0f}-", frequency_hz, batch_duration_s=_BATCH_S)
    running.stack.credentials(serial_numbers(plan))
    watched = [serial for serial in serial_numbers(plan) if "temp" not in serial]
    assert len(watched) == SENSORS
    arguments = ["emulator", "--credentials", str(running.stack.credentials_file)]
    arguments += ["--sensors", str(_FLEET), "--prefix", plan.prefix, "--buffer", "2000000"]
    arguments += ["--vibration-frequency", str(frequency_hz), "--batch-duration", str(_BATCH_S)]
    fleet = running.service("emulator", arguments, "emulator")
    try:
        fleet.wait_ready()
        say(f"{viewers} pages look at {SENSORS} sensors of {AXES} axes at {frequency_hz:,.0f} Hz")
        watches = [_watch(watched[i % SENSORS]) for i in range(viewers)]
        with _viewers(url, cookie, watches, seconds) as pages:
            time.sleep(_WARM_UP_S)
            before, cpu, began = service.metrics(), usage(service.process.pid), time.monotonic()
            pages.begin()
            found = pages.found()
            after, later, took = service.metrics(), usage(service.process.pid), time.monotonic() - began
        if found["ended"]:
            raise StackError(
                f"{found['ended']} of {viewers} pages lost their connection: {service.last_words()}"
            )
        batches = after.total("web_live_batches_total") - before.total("web_live_batches_total")
        if batches < 0.95 * SENSORS * took / _BATCH_S:
            raise StackError(f"only {batches / took:.0f} batches/s reached the page's service")
        return WebCase(
            viewers,
            SENSORS,
            AXES,
            frequency_hz,
            (later.cpu_s - cpu.cpu_s) / took,
            found["messages_per_s"],
            found["kb_per_s"],
            found["p50_ms"],
            found["p99_ms"],
            round(after.total("web_live_skipped_total") - before.total("web_live_skipped_total")),
            found["coarsest_s"],
            later.resident_bytes / 1e6,
        )
    finally:
        fleet.stop()


def _watch(serial_number: str) -> dict[str, Any]:
    return {
        "serial_number": serial_number,
        "channels": list(range(AXES)),
        "span_s": _SPAN_S,
        "columns": _COLUMNS,
        "spectrum": True,
    }


class _Viewers:
    """The process of bench.web_viewers."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def begin(self) -> None:
        """From now on it is counted."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def found(self) -> dict[str, Any]:
        """The next line that it says. StackError where it has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise StackError(f"the viewers ended with {self._process.wait(10)}")
        said: dict[str, Any] = json.loads(line)
        return said


@contextmanager
def _viewers(url: str, cookie: str, watches: Sequence[dict[str, Any]], seconds: float) -> Iterator[_Viewers]:
    given = {
        "url": url.replace("http", "ws", 1) + "/api/live",
        "cookie": cookie,
        "watches": watches,
        "seconds": max(seconds, 15.0),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "bench.web_viewers"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(given) + "\n")
            process.stdin.flush()
            pages = _Viewers(process)
            pages.found()
            yield pages
        finally:
            process.kill()


@contextmanager
def _page(running: Chain, viewers: int) -> Iterator[tuple[Service, str, str]]:
    """The page's service, its URL, and the cookie of a user who has logged in."""
    password, port = secrets.token_urlsafe(12), _free_port()
    with psycopg.connect(**running.stack.conninfo("owner"), autocommit=True) as database:  # type: ignore[arg-type]  # keywords of one dict
        database.execute(
            "INSERT INTO web_user (name, password_hash, role) VALUES (%s, %s, 'viewer')",
            [_USER, hash_password(password)],
        )
    bounds = {
        "STREAMING_WEB_PORT": str(port),
        "STREAMING_WEB_VIEWERS": str(viewers),
        "STREAMING_WEB_VIEWERS_PER_USER": str(viewers),
        "STREAMING_WEB_CONNECTIONS": str(viewers + 100),
    }
    service = running.service("web", ["web"], "web", **bounds)
    try:
        service.wait_ready()
        url = f"http://127.0.0.1:{port}"
        answer = httpx.post(
            f"{url}/login", data={"name": _USER, "password": password}, headers={"Origin": url}, timeout=30
        )
        if answer.status_code != 303:
            raise StackError(f"logging in to the page: {answer.status_code}")
        yield service, url, f"session={answer.cookies['session']}"
    finally:
        service.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def table(cases: Sequence[WebCase]) -> Table:
    """For people."""
    shown = Table(title=f"The live page: {SENSORS} sensors of {AXES} axes, batches of {_BATCH_S} s")
    for heading in (
        "viewers", "Hz", "cores", "goal", "messages/s", "kB/s", "p50", "p99", "skipped", "bins", "MB",
    ):  # fmt: skip
        shown.add_column(heading, justify="right")
    for case in cases:
        shown.add_row(
            f"{case.viewers:,}",
            f"{case.sample_frequency_hz:,.0f}",
            f"{case.cores:.2f}",
            f"{GOAL_CORES:g}",
            f"{case.messages_per_s:,.0f}",
            f"{case.kb_per_s:,.0f}",
            f"{case.p50_ms:.0f} ms",
            f"{case.p99_ms:.0f} ms",
            str(case.skipped),
            f"{case.coarsest_s * 1e3:g} ms",
            f"{case.resident_mb:.0f}",
        )
    return shown
