"""The screen of `iotctl top`: the fleet above, the selected sensor below."""

import asyncio
import time
from typing import ClassVar, Final

import psycopg
from psycopg.rows import DictRow
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.widgets import Footer, Input, Static

from ctl import order as orders
from ctl.errors import CtlError
from ctl.output import printable
from ctl.select import Selection
from ctl.top import outcome, panes
from ctl.top.apart import apart
from ctl.top.dialogs import AskFrequency, Help
from ctl.top.fleet import COLUMNS, Fleet
from ctl.top.sensor_view import SensorView
from ctl.top.source import Source
from ctl.top.table import FleetTable
from runtime.amqp_errors import AmqpError
from runtime.commanding import Order
from wire.names import CommandLevel

_FRAMES_PER_S: Final = 8
_REFRESH_S: Final = 1.0
_ALARMS_S: Final = 5.0
_REST: Final = (
    2.0  # a slow round of queries is followed by a rest, so that they take half of the time at most
)
_SETTLE_S: Final = 0.15  # the cursor rests so long before a sensor is looked at
_SILENT_S: Final = 5.0  # then it is said that the database does not answer
_EXPIRES_S: Final = 600.0


class TopApp(App[None]):
    """Shows what the source gives, and tells sensors what keys are pressed for."""

    CSS_PATH = "top.tcss"
    TITLE = "iotctl top"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "steer('sleep')", "Sleep"),
        Binding("w", "steer('awake')", "Wake"),
        Binding("f", "frequency", "Freq"),
        Binding("i", "steer('identify')", "Blink"),
        Binding("enter", "details", "All", key_display="⏎"),
        Binding("slash", "filter", "Find", key_display="/"),
        Binding("o", "sort", "Sort"),
        Binding("O", "reverse", show=False),
        Binding("c", "channel", "Chan"),
        Binding("plus,equals_sign", "zoom(-1)", show=False),
        Binding("minus", "zoom(1)", show=False),
        Binding("space", "hold", "Hold", key_display="␣"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "quit", "Quit"),
        Binding("escape", "leave", show=False),
    ]

    def __init__(self, source: Source, selection: Selection | None = None) -> None:
        super().__init__()
        self._source = source
        self._fleet = Fleet(selection or Selection())
        self._words = ""
        self._held = False
        self._wake = asyncio.Event()
        self._database_problem: str | None = None
        self._refused: str | None = None
        self._alarms_at = 0.0
        self._asked_at: float | None = None  # and not answered yet
        self._said = ""
        # kept, not queried: what goes on by itself may come back when the screen is gone
        self.table = FleetTable(self._fleet.line, id="fleet")
        self.view = SensorView(id="lower")
        self._head = Static(id="head")
        self._banner = Static(id="banner")
        self._facts = Static(id="facts")
        self._input = Input(placeholder="words of serial number, type, state or target", id="words")

    def compose(self) -> ComposeResult:
        """Head, fleet, sensor, keys."""
        yield self._head
        yield self._banner
        yield self.table
        yield self._facts
        yield self.view
        yield self._input
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Everything that goes on by itself."""
        self.table.focus()
        self.run_worker(self._refresh(), name="refresh")
        self.run_worker(self._feed(), name="feed")
        self.run_worker(apart(panes.prepare), name="imports")
        self.set_interval(1 / _FRAMES_PER_S, self._frame)

    # What goes on by itself.
    async def _refresh(self) -> None:
        """The database, once a second, and at once when another sensor is selected."""
        while True:
            began = time.monotonic()
            self._asked_at = began
            try:
                await self._read_fleet()
                await self._look()
                self._database_problem = None
            except psycopg.Error as error:
                said = str(error).strip().splitlines() or [type(error).__name__]
                self._database_problem = f"database: {said[0]}"
            self._asked_at = None
            end = began + max(_REFRESH_S, (time.monotonic() - began) * _REST)
            while await self._woken(end - time.monotonic()):
                try:
                    await self._look()
                except psycopg.Error:
                    break  # the next round says it

    async def _woken(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(max(timeout_s, 0)):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    async def _read_fleet(self) -> None:
        reading = await apart(self._source.fleet)
        began = time.monotonic()
        if began >= self._alarms_at:
            self._fleet.alarms = await apart(self._source.alarms)
            self._alarms_at = time.monotonic() + max(_ALARMS_S, 10 * (time.monotonic() - began))
        if not self._held:
            self._fleet.update(reading)
            self._show_fleet()

    async def _look(self) -> None:
        """At the selected sensor: what is known of it, and once what it measured just now."""
        view, sensor = self.view, self.view.sensor
        if sensor is None or (self._held and view.about is not None):
            return
        about = await apart(self._source.about, sensor["serial_number"])
        if view.sensor is not sensor or about is None:
            return
        view.show(about)
        self._facts.update(panes.facts(about, self._fleet.line(sensor).rate))
        if not view.filled:
            channel = view.channel
            pieces = await apart(self._source.recent, sensor["id"], channel.number)
            if view.sensor is sensor and channel == view.channel:
                view.fill(pieces)

    async def _feed(self) -> None:
        try:
            await self._source.feed.run()
        except CtlError as error:
            self._refused = error.message

    def _frame(self) -> None:
        """Eight times a second."""
        self.view.take(self._source.feed.take())
        self._show_banner()
        if not self._held:
            self.view.tick()

    # What is shown.
    def _show_fleet(self) -> None:
        rows = self._fleet.arranged(self._words, self.table.sort, self.table.reverse)
        if self._words:
            self.table.empty = f"nothing holds {self._words!r}: Esc shows all"
        else:
            self.table.empty = "no sensors: iotctl provision gives one its credentials"
        self.table.show(rows)
        self._show_head()

    def _show_head(self) -> None:
        head = Text(no_wrap=True, overflow="ellipsis")
        if self._held:
            head.append(" HELD ", style="black on yellow").append("  ")
        if self._words:
            head.append(f"/{self._words}  ", style="bold cyan")
        at, count = self.table.position
        head.append(f"{at}/{count:,}   ", style="dim")
        for cell in self._fleet.summary():
            head.append(cell.text, style=cell.style).append("   ")
        self._head.update(head)

    def _show_banner(self) -> None:
        database = self._database_problem
        if self._asked_at is not None and time.monotonic() - self._asked_at > _SILENT_S:
            database = "database: no answer"
        feed = self._refused or self._source.feed.problem
        problems = [problem for problem in (database, feed) if problem]
        said = "\n".join(printable(problem) for problem in problems if not problem.startswith("connecting"))
        if said != self._said:
            self._said = said
            self._banner.update(Text(said, no_wrap=True, overflow="ellipsis"))
            self._banner.set_class(bool(said), "shown")

    # What keys do.
    def on_fleet_table_selected(self, event: FleetTable.Selected) -> None:
        """Look at it, once the cursor rests."""
        self.view.follow(event.sensor)
        self._facts.update("")
        self._show_head()
        self.set_timer(_SETTLE_S, lambda: self._settled(event.sensor))

    def _settled(self, sensor: DictRow | None) -> None:
        if sensor is self.view.sensor:
            self._source.feed.follow(sensor["serial_number"] if sensor else None)
            self._wake.set()

    def on_fleet_table_moved(self) -> None:
        """Where it is."""
        self._show_head()

    def on_fleet_table_opened(self) -> None:
        """A double click."""
        self.action_details()

    def on_fleet_table_sort_clicked(self, event: FleetTable.SortClicked) -> None:
        """By that column; the other way round where it is that already."""
        self._sort(event.column, not self.table.reverse if self.table.sort == event.column else False)

    def action_sort(self) -> None:
        """By the next column."""
        self._sort((self.table.sort + 1) % len(COLUMNS), False)

    def action_reverse(self) -> None:
        """The other way round."""
        self._sort(self.table.sort, not self.table.reverse)

    def _sort(self, column: int, reverse: bool) -> None:
        self.table.sort, self.table.reverse = column, reverse
        self._show_fleet()

    def action_channel(self) -> None:
        """The next channel."""
        if self.view.next_channel():
            self._wake.set()

    def action_zoom(self, by: int) -> None:
        """A shorter or longer window."""
        self.view.zoom(by)

    def action_hold(self) -> None:
        """Hold everything still, or go on."""
        self._held = not self._held
        self._show_head()
        self._wake.set()

    def action_details(self) -> None:
        """All of one sensor, or the fleet again."""
        self.screen_stack[0].toggle_class("details")

    def action_leave(self) -> None:
        """From details to the fleet, from some sensors to all."""
        if self.screen_stack[0].has_class("details"):
            self.action_details()
        elif self._words:
            self._search("")

    def action_help(self) -> None:
        """The keys."""
        self.push_screen(Help())

    def action_filter(self) -> None:
        """Type words."""
        self._input.value = self._words
        self._input.add_class("shown")
        self._input.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """At every letter."""
        if event.input is self._input and self._input.has_class("shown"):
            self._search(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The words stay."""
        if event.input is self._input:
            self._close_input()

    def on_key(self, event: Key) -> None:
        """Escape while typing: the words go."""
        if event.key == "escape" and self._input.has_focus:
            self._close_input()
            self._search("")
            event.stop()
            event.prevent_default()

    def _close_input(self) -> None:
        self._input.remove_class("shown")
        self.table.focus()

    def _search(self, words: str) -> None:
        self._words = words.strip()
        self._show_fleet()

    def action_steer(self, level: str) -> None:
        """Tell the selected sensor."""
        sensor = self._selected()
        if sensor is not None:
            self._tell(orders.order(sensor, CommandLevel(level), {}, expires_s=_EXPIRES_S))

    def action_frequency(self) -> None:
        """Ask, then tell the selected sensor."""
        sensor = self._selected()
        if sensor is None:
            return

        def make(frequency_hz: float) -> Order:
            fields = {"sample_frequency_hz": frequency_hz}
            return orders.order(sensor, CommandLevel.CHANGE_SAMPLE_FREQUENCY, fields, expires_s=_EXPIRES_S)

        def asked(order: Order | None) -> None:
            if order is not None:
                self._tell(order)

        self.push_screen(AskFrequency(sensor, make), asked)

    def _selected(self) -> DictRow | None:
        sensor = self.table.selected
        if sensor is None:
            self.notify("no sensor is selected", severity="warning")
        return sensor

    def _tell(self, order: Order) -> None:
        self.run_worker(self._send(order), name=f"command to {order.serial_number}")

    async def _send(self, order: Order) -> None:
        serial, name = order.serial_number, order.level.value.replace("_", " ")
        self.notify(f"{name} …", title=serial, timeout=1.5, markup=False)
        try:
            fate = await self._source.send(order)
        except AmqpError as error:
            said = f"{name} was not sent: {printable(str(error))}"
            self.notify(said, title=serial, severity="error", timeout=8, markup=False)
            return
        said, severity = outcome.sentence(fate), outcome.severity(fate)
        self.notify(said, title=serial, severity=severity, timeout=6, markup=False)
        self._wake.set()
