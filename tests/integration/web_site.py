"""The live page with all that is behind it, and a real browser before it: once for all tests of the page."""

import json
import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from emulator.fleet_plan import Fleet, serial_numbers
from runtime.passwords import hash_password
from stack import browser
from stack.errors import StackError
from stack.local import Stack
from tests.integration.alarming import FAST as MAXIMUM
from tests.integration.alarming import Site, site
from tests.integration.pipeline import Pipeline, Service, connect, free_port, running, wait_for

PREFIX: Final = "page-"
FLEET: Final = Fleet(6, PREFIX, batch_duration_s=0.2)
VEHICLE, PUMP, _, _, FAULTY, TEMPERATURE = serial_numbers(FLEET)
FAST: Final = "page-fast-vehicle-0001"  # 25.6 kHz, three axes
FAST_HZ: Final = 25_600.0
OPERATOR, VIEWER = "page-anna", "page-victor"
PASSWORDS: Final = {OPERATOR: "correct horse", VIEWER: "battery staple"}
TARGET: Final = "Page pump house"
TREMBLES: Final = {**MAXIMUM, "channel": "x", "levels": {"high": {"limit": 0.01, "severity": 500}}}


class WebSite:
    """The page's service, the services behind it, a fleet, two users."""

    def __init__(self, stack: Stack, pipeline: Pipeline, alarming: Site) -> None:
        self.stack = stack
        self.pipeline = pipeline
        self.alarming = alarming
        self.port = free_port()
        self.web = self._start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def restart(self) -> None:
        """On the same port, as a service manager would."""
        self.web = self._start()
        self.web.wait_ready()

    def _start(self) -> Service:
        return self.pipeline.start(
            "web", ["web"], "web", STREAMING_WEB_PORT=str(self.port), STREAMING_WEB_LOGINS_PER_MINUTE="1000"
        )


@contextmanager
def web_site(stack: Stack, folder: Path) -> Iterator[WebSite]:
    """Everything runs and measures; afterwards what was put into the database is gone or judges nobody."""
    with site(stack) as alarming, running(stack, folder) as pipeline:
        _make_users(stack)
        for service in (
            pipeline.bridge(),
            pipeline.ingest("measurements"),
            pipeline.ingest("registry"),
            pipeline.start("alarms", ["alarms"], "alarms"),
        ):
            service.wait_ready()
        pipeline.emulator(
            "--sensors", str(FLEET.sensors), "--prefix", PREFIX,
            "--batch-duration", f"{FLEET.batch_duration_s:g}",
            report=folder / "report.json", serials=serial_numbers(FLEET),
        ).wait_ready()  # fmt: skip
        here = WebSite(stack, pipeline, alarming)
        here.web.wait_ready()
        wait_for(lambda: _measuring(stack) == FLEET.sensors, 30, "the whole fleet in the database")
        alarming.target(TARGET)
        alarming.owner.execute(
            "UPDATE target SET latitude = 53.55, longitude = 9.99 WHERE name = %s", [TARGET]
        )
        alarming.owner.execute(
            "INSERT INTO sensor_target (sensor_id, target_id) SELECT s.id, t.id FROM sensor s, target t "
            "WHERE s.serial_number = %s AND t.name = %s",
            [PUMP, TARGET],
        )
        alarming.rule("page: vibrates", TREMBLES, sensor=VEHICLE)
        try:
            yield here
        finally:
            with connect(stack, "owner") as owner:
                owner.execute("DELETE FROM web_user WHERE name = ANY (%s)", [list(PASSWORDS)])


@contextmanager
def fast_sensor(here: WebSite) -> Iterator[None]:
    """One more sensor, at 25.6 kHz on three axes."""

    def start() -> Service:
        return here.pipeline.emulator(
            "--sensors", "1", "--prefix", FAST.removesuffix("vehicle-0001"), "--vibration-frequency", f"{FAST_HZ:g}",
            "--batch-duration", "0.1",
            report=here.pipeline.folder / "fast.json", serials=[FAST],
        )  # fmt: skip

    with ThreadPoolExecutor(1) as thread:  # the browser's event loop runs in this one
        service = thread.submit(start).result()
    service.wait_ready()
    try:
        yield
    finally:
        service.stop()


def _make_users(stack: Stack) -> None:
    with connect(stack, "control") as control:
        for name, role in ((OPERATOR, "operator"), (VIEWER, "viewer")):
            control.execute(
                "INSERT INTO web_user (name, password_hash, role) VALUES (%s, %s, %s)",
                [name, hash_password(PASSWORDS[name]), role],
            )


def _measuring(stack: Stack) -> int:
    with connect(stack) as database:
        row = database.execute(
            "SELECT count(*) FROM sensor_overview WHERE serial_number = ANY (%s) AND batch_count > 0 AND state = 'AWAKE'",
            [serial_numbers(FLEET)],
        ).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; fetched where it is missing, and a sentence where it cannot be had."""
    try:
        executable = browser.ensure(print)
    except StackError as error:
        pytest.fail(f"no browser to test the page with (python -m stack browser): {error}", pytrace=False)
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        try:
            yield one
        finally:
            one.close()


class Eyes:
    """A page that is watched: what its console says, whom it asks, what its WebSockets bring."""

    def __init__(self, context: BrowserContext, here: WebSite) -> None:
        self.context = context
        self.here = here
        self.page: Page = context.new_page()
        self.said: list[str] = []
        self.elsewhere: list[str] = []
        self.frames: list[bytes | str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.said.append(f"pageerror: {error}"))
        self.page.on("request", self._request)
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._frame))

    def log_in(self, name: str = OPERATOR, path: str = "/") -> Page:
        """By the form, as anybody does; the page it leads to."""
        self.page.goto(f"{self.here.url}/login?next={path}")
        self.page.get_by_test_id("login-name").fill(name)
        self.page.get_by_test_id("login-password").fill(PASSWORDS[name])
        self.page.get_by_test_id("login-submit").click()
        self.page.wait_for_url(f"{self.here.url}{path}")
        return self.page

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.here.url}{path}")
        return self.page

    def number(self, test_id: str, attribute: str) -> float:
        """An attribute as a number; 0 where there is none yet."""
        return float(self.page.get_by_test_id(test_id).get_attribute(attribute) or 0)

    def eventually(self, condition: Any, what: str, timeout_s: float = 10) -> None:
        """Like wait_for, while the page goes on."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                self.keep()
                raise AssertionError(f"not within {timeout_s:g} s: {what}")
            self.page.wait_for_timeout(50)

    def keep(self) -> None:
        """A picture of what was seen, where somebody wants one: $SENSOR_STREAMING_PICTURES."""
        if folder := os.environ.get("SENSOR_STREAMING_PICTURES"):
            self.page.screenshot(path=Path(folder) / f"{time.time():.0f}.png", full_page=True)

    def forgive(self, pattern: str) -> None:
        """What was said so far, where it is meant to be said."""
        self.said = [line for line in self.said if not re.search(pattern, line)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.here.url}/", "data:", "blob:")):
            self.elsewhere.append(request.url)

    def _frame(self, payload: bytes | str) -> None:
        self.frames.append(payload)
        del self.frames[:-500]


@contextmanager
def eyes(browser_: Browser, here: WebSite, **options: Any) -> Iterator[Eyes]:
    """A new browser's profile. At the end nothing has been said or asked that should not have been."""
    context = browser_.new_context(**options)
    context.set_default_timeout(10_000)
    try:
        one = Eyes(context, here)
        yield one
        assert one.said == [], "the console has something to say"
        assert one.elsewhere == [], "another host was asked"
    finally:
        context.close()


def command_row(here: WebSite, serial: str, name: str) -> dict[str, Any] | None:
    """The newest command of that name."""
    with connect(here.stack) as database:
        row = database.execute(
            "SELECT to_jsonb(c) FROM command_overview c WHERE serial_number = %s AND name = %s "
            "ORDER BY issued_at DESC LIMIT 1",
            [serial, name],
        ).fetchone()
    return None if row is None else json.loads(json.dumps(row[0]))
