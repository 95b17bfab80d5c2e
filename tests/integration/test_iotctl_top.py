"""`iotctl top` on the real servers with emulated sensors, driven by textual's pilot."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from rich.console import Console
from textual.pilot import Pilot
from textual.widgets import Static

from ctl.select import Selection
from ctl.settings import CtlSettings
from ctl.top.app import TopApp
from ctl.top.source import Servers
from emulator.fleet_plan import Fleet, serial_numbers
from stack.local import Stack
from tests.integration.pipeline import connect, running

SENSORS = 12
PREFIX = "top-"


@pytest.fixture(scope="module")
def fleet(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Services and twelve sensors; their serial numbers."""
    folder = tmp_path_factory.mktemp("top")
    serials = sorted(serial_numbers(Fleet(SENSORS, PREFIX)))
    with running(stack, folder) as pipeline:
        pipeline.bridge().wait_ready()
        for kind in ("measurements", "registry", "logs"):
            pipeline.ingest(kind).wait_ready()
        arguments = ["--sensors", str(SENSORS), "--prefix", PREFIX]
        pipeline.emulator(*arguments, report=folder / "report.json", serials=serials).wait_ready()
        yield serials


class Screen:
    """What stands on it."""

    def __init__(self, app: TopApp, pilot: "Pilot[None]") -> None:
        self.app = app
        self.pilot = pilot

    async def until(self, condition: Callable[[], object], what: str, timeout_s: float = 20) -> None:
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, f"not within {timeout_s:g} s: {what}; notes: {self.notes}"
            await self.pilot.pause(0.05)

    def text(self, name: str) -> str:
        widget = self.app.query_one(name, Static)
        console = Console(width=max(widget.size.width, 40), color_system=None)
        with console.capture() as capture:
            console.print(widget.content)
        return capture.get()

    @property
    def notes(self) -> list[str]:
        return [note.message for note in self.app._notifications]

    def line(self, serial: str) -> str:
        """A sensor's line in the table."""
        table = self.app.table
        lines = (table.render_line(y).text for y in range(table.size.height))
        return next((line for line in lines if line.startswith(serial)), "")

    async def moving(self) -> None:
        """The waveform is another within some seconds."""
        first = self.text("#waveform")
        await self.until(
            lambda: self.text("#waveform") != first and max(self.text("#waveform")) >= "⠁", "it moves"
        )


@asynccontextmanager
async def top(stack: Stack) -> AsyncIterator[Screen]:
    given = {
        name.removeprefix("STREAMING_").lower(): value
        for name, value in stack.environment("operator").items()
    }
    source = Servers(CtlSettings.model_validate(given))
    app = TopApp(source, Selection(match=f"{PREFIX}*"))
    try:
        async with app.run_test(size=(140, 45), notifications=True) as pilot:
            yield Screen(app, pilot)
    finally:
        source.close()


def known(stack: Stack, serial: str) -> dict[str, Any]:
    with connect(stack) as database:
        [row] = database.execute(
            "SELECT state, sample_frequency_hz FROM sensor WHERE serial_number = %s", [serial]
        ).fetchall()
    return {"state": row[0], "sample_frequency_hz": row[1]}


async def test_top_shows_the_fleet_and_steers_the_selected_sensor(stack: Stack, fleet: list[str]) -> None:
    """All are there with their rates; the selected one's waveform moves until `s` makes it sleep, and again after `w`."""
    async with top(stack) as screen:
        await screen.until(lambda: screen.app.table.position[1] == SENSORS, "the fleet")
        await screen.pilot.press("down")
        serial = fleet[1]
        await screen.until(lambda: screen.app.view.sensor and screen.app.view.border_title, "it is selected")
        assert screen.app.view.sensor is not None
        assert screen.app.view.sensor["serial_number"] == serial
        await screen.until(
            lambda: "AWAKE" in screen.line(serial) and " 1." in screen.line(serial), "its rate"
        )
        await screen.moving()
        await screen.until(lambda: " Hz" in screen.text("#spectrum").splitlines()[0], "its spectrum", 60)
        assert "session" in screen.text("#logs")

        await screen.pilot.press("s")
        await screen.until(lambda: any("sleep APPLIED" in note for note in screen.notes), "an answer")
        await screen.until(lambda: known(stack, serial)["state"] == "ASLEEP", "the database knows")
        await screen.until(lambda: "ASLEEP" in screen.line(serial), "the table shows it")
        await screen.until(lambda: "APPLIED sleep" in screen.text("#commands"), "the list of commands")

        await screen.pilot.press("w")
        await screen.until(lambda: any("awake APPLIED" in note for note in screen.notes), "an answer")
        await screen.until(lambda: known(stack, serial)["state"] == "AWAKE", "the database knows")
        await screen.moving()

        await screen.pilot.press("f", *"2000", "enter")
        await screen.until(lambda: known(stack, serial)["sample_frequency_hz"] == 2000, "the new frequency")
        await screen.until(lambda: "2000 Hz" in screen.text("#waveform"), "the waveform is at it")


async def test_top_survives_the_restart_of_its_servers(stack: Stack, fleet: list[str]) -> None:
    """A banner while one is away, none afterwards, and everything moves again."""
    async with top(stack) as screen:
        await screen.until(lambda: screen.app.table.position[1] == SENSORS, "the fleet")
        await screen.moving()
        banner = screen.app.query_one("#banner", Static)
        for server in ("postgres", "rabbitmq"):
            # stopped until it is missed: a quick restart may fall between two looks
            await asyncio.to_thread(stack.servers[server].stop)
            try:
                await screen.until(lambda: banner.has_class("shown"), f"{server} is missed", 60)
            finally:
                stack.servers[server].start()
            await asyncio.to_thread(stack.wait_ready, server)
            await screen.until(lambda: not banner.has_class("shown"), f"{server} is back", 60)
            await screen.moving()
        assert screen.app.return_code is None
