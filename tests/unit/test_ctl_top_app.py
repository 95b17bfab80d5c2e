"""The screen of `iotctl top`: keys, filter, order, banner. The source is a fake; the real one has tests of its own."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import numpy as np
import psycopg
import pytest
from click.testing import CliRunner
from psycopg.rows import DictRow
from rich.console import Console
from textual.geometry import Size
from textual.pilot import Pilot
from textual.widgets import Input, Static

from ctl.cli import cli
from ctl.top import outcome
from ctl.top.app import TopApp
from ctl.top.dialogs import AskFrequency, Help
from ctl.top.fleet import Alarm, Reading
from ctl.top.scope import Piece
from ctl.top.source import About, Channel
from runtime.amqp_errors import AmqpError
from runtime.commanding import Fate, Order
from runtime.live import Received
from tests.unit.test_ctl_top import sensor
from wire.codec import Batch, ChannelBatch
from wire.names import CommandLevel


class FakeFeed:
    """Batches that a test puts there."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self.followed: list[str | None] = []
        self.waiting: list[Received] = []
        self.began_ns = time.time_ns() - 20 * 10**9

    def follow(self, serial_number: str | None) -> None:
        self.followed.append(serial_number)
        self.waiting.clear()

    def take(self) -> list[Received]:
        taken, self.waiting = self.waiting, []
        return taken

    async def run(self) -> None:
        await asyncio.Event().wait()

    def measured(self, start_s: int, amplitude: float = 1.0) -> None:
        """A second of a sine of 50 Hz on two channels, just come."""
        values = (amplitude * np.sin(2 * np.pi * 50 * np.arange(1000) / 1000)).astype(np.float32)
        start_ns = self.began_ns + start_s * 10**9
        parts = (ChannelBatch(0, values.tobytes()), ChannelBatch(1, (values * 3).tobytes()))
        self.waiting.append(Received(Batch(1, start_s, start_ns, 1000.0, 1000, parts), start_ns + 10**9))


class FakeSource:
    """Three sensors, a database that may be away, and a note of each order."""

    def __init__(self, *sensors: DictRow) -> None:
        self.sensors = list(sensors)
        self.feed: Any = FakeFeed()
        self.orders: list[Order] = []
        self.problem: Exception | None = None
        self.status = "APPLIED"
        self.hangs: threading.Event | None = None

    def fleet(self) -> Reading:
        if self.hangs is not None:
            self.hangs.wait(60)
        if self.problem is not None:
            raise self.problem
        return Reading(datetime.now(UTC), [dict(row) for row in self.sensors])

    def alarms(self) -> dict[int, Alarm]:
        return {}

    def about(self, serial_number: str) -> About | None:
        row = next((row for row in self.sensors if row["serial_number"] == serial_number), None)
        if row is None:
            return None
        more = "hardware firmware_version session uptime_ms latency status_at buffered_batches battery_percent rssi_dbm"
        facts = {
            **dict.fromkeys([*more.split(), "free_memory_bytes", "latitude", "longitude"]),
            **row,
            "samples_per_s": 3000,
        }
        told = {
            "issued_at": datetime.now(UTC), "status": "APPLIED", "name": "sleep", "parameters": {"duration_s": 60},
            "reason": "[b]because[/b]", "client": "anna@laptop", "issuer": "operator",
        }  # fmt: skip
        line = {"time": datetime.now(UTC), "level": 3, "logger": "adc", "message": "[red]too hot\x1b[2J"}
        channels = [Channel(0, "x", "g"), Channel(1, "y", "g")]
        return About(serial_number, facts, channels, [line], [told])

    def recent(self, sensor_id: int, channel: int) -> list[Piece]:
        return []

    async def send(self, order: Order) -> Fate:
        self.orders.append(order)
        if self.problem is not None:
            raise AmqpError("RabbitMQ at here:1 does not answer")
        return Fate(order, self.status, "", 0.084, "ASLEEP", 1000.0)

    def close(self) -> None:
        pass


@pytest.fixture
def source() -> FakeSource:
    return FakeSource(
        sensor(1, latency_s=0.1),
        sensor(2, state="ASLEEP", latency_s=0.3),
        sensor(
            3,
            sensor_type="temperature",
            latency_s=0.2,
            sample_frequency_hz=1.0,
            maximum_sample_frequency_hz=10.0,
        ),
    )


@asynccontextmanager
async def opened(
    source: FakeSource, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[TopApp, "Pilot[None]"]]:
    app = TopApp(source)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.table.position[1] == len(source.sensors) or not source.sensors)
        yield app, pilot


async def until(pilot: "Pilot[None]", condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await pilot.pause(0.02)


def serials(app: TopApp) -> list[str]:
    return [row["serial_number"] for row in app.table._rows]


def text(widget: Static) -> str:
    console = Console(width=max(widget.size.width, 40), color_system=None)
    with console.capture() as capture:
        console.print(widget.visual if isinstance(widget.visual, str) else widget.content)
    return capture.get()


def lines(app: TopApp) -> list[str]:
    """The table as it stands on the screen."""
    return [app.table.render_line(y).text for y in range(app.table.size.height)]


def notes(app: TopApp) -> list[str]:
    return [note.message for note in app._notifications]


async def test_top_shows_the_fleet_aligned_under_its_headings(source: FakeSource) -> None:
    """Numbers end where their heading ends; the first sensor is selected and followed."""
    async with opened(source) as (app, pilot):
        await until(pilot, lambda: source.feed.followed == ["pump-0001"])
        heading, first, *_ = lines(app)
        assert first.startswith("pump-0001")
        assert heading.index("FREQUENCY") + len("FREQUENCY") == first.index("1000 Hz") + len("1000 Hz")
        assert "3 sensors" in text(app.query_one("#head", Static))


async def test_slash_filters_while_typing_enter_keeps_and_escape_shows_all(source: FakeSource) -> None:
    """Letters go to the filter and not to the sensors."""
    async with opened(source) as (app, pilot):
        await pilot.press("/", *"asleep")
        assert serials(app) == ["pump-0002"]
        assert source.orders == []
        await pilot.press("enter")
        assert app.table.has_focus
        assert serials(app) == ["pump-0002"]
        await pilot.press("escape")
        assert len(serials(app)) == 3
        await pilot.press("/", "t", "e", "escape")
        assert len(serials(app)) == 3
        assert not app.query_one("#words", Input).has_class("shown")


async def test_filter_that_nothing_passes_says_so(source: FakeSource) -> None:
    """And a key for a sensor is answered by a note."""
    async with opened(source) as (app, pilot):
        await pilot.press("/", "z", "enter")
        assert "nothing holds 'z'" in lines(app)[2]
        await pilot.press("s")
        assert notes(app) == ["no sensor is selected"]


async def test_sort_by_latency_both_ways_keeps_the_cursor_on_its_sensor(source: FakeSource) -> None:
    """The largest first, then the smallest; the sensor that one looks at stays the one."""
    async with opened(source) as (app, pilot):
        await pilot.press("down")
        assert app.table.selected is not None
        assert app.table.selected["serial_number"] == "pump-0002"
        await pilot.press(*"ooooo")
        assert serials(app) == ["pump-0002", "pump-0003", "pump-0001"]
        await pilot.press("O")
        assert serials(app) == ["pump-0001", "pump-0003", "pump-0002"]
        assert app.table.selected["serial_number"] == "pump-0002"
        assert app.table.position == (3, 3)


async def test_click_on_a_heading_sorts_by_it_and_on_a_line_selects_it(source: FakeSource) -> None:
    """The mouse does what the keys do."""
    async with opened(source) as (app, pilot):
        await pilot.click("#fleet", offset=(lines(app)[0].index("LATENCY") + 2, 0))
        assert serials(app)[0] == "pump-0002"
        await pilot.click("#fleet", offset=(3, 3))
        assert app.table.position == (3, 3)


async def test_selected_sensor_has_its_waveform_spectrum_log_and_commands(source: FakeSource) -> None:
    """What it measures is drawn as it comes, and what it says is shown as text: no brackets, no escapes act."""
    async with opened(source) as (app, pilot):
        await until(pilot, lambda: source.feed.followed)
        for second in range(3):
            source.feed.measured(second)
        await until(pilot, lambda: "50 Hz" in text(app.query_one("#spectrum", Static)), 30)
        assert "x [g]  waveform  1000 Hz" in text(app.query_one("#waveform", Static))
        assert "1 g at 50 Hz" in text(app.query_one("#spectrum", Static))
        assert "WARNING [red]too hot\\x1b[2J" in text(app.query_one("#logs", Static))
        assert "sleep 60 – [b]because[/b] (anna@laptop)" in text(app.query_one("#commands", Static))


async def test_waveform_moves_until_held(source: FakeSource) -> None:
    """Space holds the picture still while samples go on coming; space again shows them."""
    async with opened(source) as (app, pilot):
        await until(pilot, lambda: app.view.filled)
        waveform = app.query_one("#waveform", Static)
        source.feed.measured(0)
        await until(pilot, lambda: max(text(waveform)) >= "⠁")
        first = text(waveform)
        await pilot.press("minus")  # a longer window
        await until(pilot, lambda: text(waveform) != first)
        await pilot.press("space")
        await pilot.pause(0.3)
        held = text(waveform)
        assert "HELD" in text(app.query_one("#head", Static))
        source.feed.measured(1, amplitude=5.0)
        source.sensors[0]["batch_count"] += 1
        await pilot.pause(0.5)
        assert text(waveform) == held
        await pilot.press("space")
        await until(pilot, lambda: text(waveform) != held)


async def test_c_shows_the_next_channel(source: FakeSource) -> None:
    """Its samples, and its name."""
    async with opened(source) as (app, pilot):
        await until(pilot, lambda: app.view.filled)
        await pilot.press("c")
        await until(pilot, lambda: app.view.filled)
        source.feed.measured(0)
        await until(pilot, lambda: "y [g]" in text(app.query_one("#waveform", Static)))
        await until(pilot, lambda: "│ 2" in text(app.query_one("#waveform", Static)))  # three times as large


@pytest.mark.parametrize(
    ("key", "level"),
    [("s", CommandLevel.SLEEP), ("w", CommandLevel.AWAKE), ("i", CommandLevel.IDENTIFY)],
)
async def test_key_tells_the_selected_sensor_and_its_answer_is_a_note(
    source: FakeSource, key: str, level: CommandLevel
) -> None:
    """One command, to the one under the cursor."""
    async with opened(source) as (app, pilot):
        await pilot.press("down", key)
        await until(pilot, lambda: any("APPLIED after 84 ms; now ASLEEP" in note for note in notes(app)))
        assert [(order.serial_number, order.level) for order in source.orders] == [("pump-0002", level)]


async def test_f_asks_until_the_frequency_is_one_that_the_sensor_can_have(source: FakeSource) -> None:
    """Nothing is sent for words, for more than its maximum, or after Escape."""
    async with opened(source) as (app, pilot):
        await pilot.press("f", *"fast", "enter")
        assert isinstance(app.screen, AskFrequency)
        assert "'fast' is no number" in str(app.screen.query_one("#wrong", Static).content)
        app.screen.query_one("#frequency", Input).value = ""
        await pilot.press(*"99999", "enter")
        assert "26667 Hz, its maximum" in str(app.screen.query_one("#wrong", Static).content)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, AskFrequency))
        assert source.orders == []
        await pilot.press("f", *"4000", "enter")
        await until(pilot, lambda: source.orders)
        [order] = source.orders
        assert order.command.change_sample_frequency.sample_frequency_hz == 4000.0


async def test_lost_database_is_a_banner_and_goes_when_it_is_back(source: FakeSource) -> None:
    """The last figures stay meanwhile."""
    async with opened(source) as (app, pilot):
        banner = app.query_one("#banner", Static)
        assert not banner.has_class("shown")
        source.problem = psycopg.OperationalError("connection refused\nIs the server running?")
        await until(pilot, lambda: banner.has_class("shown"))
        assert text(banner).strip() == "database: connection refused"
        assert len(serials(app)) == 3
        source.problem = None
        await until(pilot, lambda: not banner.has_class("shown"))


async def test_database_that_does_not_answer_is_a_banner_and_keys_still_work(
    source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query that hangs stops the figures, and nothing else: one can even quit."""
    monkeypatch.setattr("ctl.top.app._SILENT_S", 0.2)
    answer = threading.Event()
    async with opened(source) as (app, pilot):
        source.hangs = answer
        await until(pilot, lambda: "database: no answer" in text(app.query_one("#banner", Static)))
        await pilot.press("down")
        assert app.table.position == (2, 3)
        answer.set()
        await until(pilot, lambda: not app.query_one("#banner", Static).has_class("shown"))
        source.hangs = threading.Event()
        await pilot.pause(1.2)


async def test_lost_rabbitmq_is_a_banner_and_a_command_then_a_note(source: FakeSource) -> None:
    """Nothing is sent, and that is said."""
    async with opened(source) as (app, pilot):
        source.feed.problem = "the connection to RabbitMQ at here:1 is lost"
        await until(pilot, lambda: "is lost" in text(app.query_one("#banner", Static)))
        source.problem = psycopg.OperationalError("away")
        await pilot.press("s")
        await until(pilot, lambda: any("sleep was not sent: RabbitMQ" in note for note in notes(app)))


async def test_enter_shows_all_of_one_sensor_and_escape_the_fleet(source: FakeSource) -> None:
    """Brackets in what it says of itself are text."""
    async with opened(source) as (app, pilot):
        await until(pilot, lambda: app.view.about is not None)
        await pilot.press("enter")
        await pilot.pause()
        facts = app.query_one("#facts", Static)
        assert facts.display
        assert not app.table.display
        assert "0 x [g], 1 y [g]" in text(facts)
        await pilot.press("escape")
        assert app.table.display


async def test_question_mark_helps_and_escape_closes(source: FakeSource) -> None:
    """All keys are listed."""
    async with opened(source) as (app, pilot):
        await pilot.press("?")
        assert isinstance(app.screen, Help)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, Help))


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (40, 12)])
async def test_top_on_any_screen_keeps_its_lines_within_it(source: FakeSource, size: tuple[int, int]) -> None:
    """Small or large: the fleet, the curves and the keys are in sight, nothing is beyond the edge."""
    async with opened(source, size) as (app, pilot):
        await until(pilot, lambda: app.view.about is not None)
        source.feed.measured(0)
        await pilot.pause(0.5)
        for widget in ("#fleet", "#waveform", "#spectrum", "#logs"):
            region = app.query_one(widget).region
            assert region.right <= size[0]
            assert size < (80, 24) or (region.height > 0 and region.bottom < size[1])
        assert all(len(line) <= size[0] for line in lines(app))


async def test_ten_thousand_sensors_are_moved_through_at_once() -> None:
    """Only lines in sight are drawn: the last of many is a key away, and the table draws no more than its height."""
    source = FakeSource(*(sensor(number) for number in range(10_000)))
    drawn = 0
    async with opened(source, (120, 40)) as (app, pilot):
        line = app.table._line

        def counting(row: DictRow) -> Any:
            nonlocal drawn
            drawn += 1
            return line(row)

        app.table._line = counting
        await pilot.press("end")
        await pilot.pause()
        assert app.table.position == (10_000, 10_000)
        assert any("pump-9999" in line for line in lines(app))
        assert drawn < 10 * app.table.size.height
        assert app.table.size < Size(121, 41)


async def test_empty_fleet_says_how_a_sensor_comes_to_it() -> None:
    """No sensors, no crash, whatever is pressed."""
    async with opened(FakeSource()) as (app, pilot):
        await until(pilot, lambda: "iotctl provision" in lines(app)[2])
        await pilot.press("down", "end", "pagedown", "o", "f", "c", "enter", "enter", "space")
        assert app.table.position == (0, 0)


def test_outcome_of_each_kind_is_a_sentence() -> None:
    """What was said, when, and why not."""
    order = Order("pump-1", CommandLevel.CHANGE_SAMPLE_FREQUENCY, None)  # type: ignore[arg-type]  # not looked at
    assert outcome.sentence(Fate(order, "APPLIED", "", 0.05, "AWAKE", 4000.0)) == (
        "change sample frequency APPLIED after 50 ms; now AWAKE at 4000 Hz"
    )
    refused = Fate(order, "REJECTED", "too fast", 1.25, "ASLEEP", 1000.0)
    assert outcome.sentence(refused) == "change sample frequency REJECTED after 1.2 s: too fast; now ASLEEP"
    assert outcome.severity(refused) == "error"
    assert "is SENT, and not answered yet" in outcome.sentence(Fate(order, "SENT"))
    assert outcome.severity(Fate(order, "SENT")) == "warning"


def test_top_in_a_pipe_is_refused_with_what_to_do_instead() -> None:
    """Exit code 2, before any server is asked."""
    result = CliRunner().invoke(cli, ["top"])
    assert result.exit_code == 2
    assert "iotctl sensors --output csv" in result.stderr
