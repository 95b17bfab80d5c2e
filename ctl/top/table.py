"""The fleet's table. It draws the lines in sight and no others, so that ten thousand sensors cost what twenty do."""

from collections.abc import Callable, Sequence

from psycopg.rows import DictRow
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from ctl.top.fleet import Cell, Column, Line, fitting

_GAP = 2
_HEADING = Style(bold=True, dim=True)
_SORTED = Style(bold=True)
_CURSOR = Style.parse("bold on #2b4a6f")
_CURSOR_AWAY = Style.parse("on #303030")


class FleetTable(Widget, can_focus=True):
    """Lines of sensors under a heading, one of them under the cursor; the cursor stays on its sensor when they move."""

    DEFAULT_CSS = """
    FleetTable { height: 1fr; width: 1fr; padding: 0 1; }
    """
    BINDINGS = [  # noqa: RUF012  # textual's way
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home,g", "edge(-1)", "first", show=False),
        Binding("end,G", "edge(1)", "last", show=False),
    ]
    sort: reactive[int] = reactive(0)
    reverse: reactive[bool] = reactive(False)

    class Selected(Message):
        """Another sensor is under the cursor, or none."""

        def __init__(self, sensor: DictRow | None) -> None:
            super().__init__()
            self.sensor = sensor

    class Moved(Message):
        """The cursor may be on another line."""

    class Opened(Message):
        """Double click."""

    class SortClicked(Message):
        """A heading was clicked."""

        def __init__(self, column: int) -> None:
            super().__init__()
            self.column = column

    def __init__(self, line: Callable[[DictRow], Line], *, id: str) -> None:  # noqa: A002  # textual's name
        super().__init__(id=id)
        self._line = line
        self.empty = "reading the fleet …"
        self._rows: Sequence[DictRow] = ()
        self._cursor = 0
        self._top = 0
        self._columns: list[tuple[int, Column]] = []
        self._laid_out = (0, 0)
        self._serial_width = 0

    @property
    def selected(self) -> DictRow | None:
        """The sensor under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def position(self) -> tuple[int, int]:
        """The cursor's line, from 1, and how many there are."""
        return (self._cursor + 1 if self._rows else 0), len(self._rows)

    def show(self, rows: Sequence[DictRow]) -> None:
        """Other rows, or the same in another order."""
        before = self.selected
        self._rows = rows
        if before is not None:
            serial = before["serial_number"]
            self._cursor = next(
                (i for i, row in enumerate(rows) if row["serial_number"] == serial), self._cursor
            )
        self._cursor = max(0, min(self._cursor, len(rows) - 1))
        self._serial_width = max((len(row["serial_number"]) for row in rows), default=0)
        self._moved(before)

    def action_move(self, by: int) -> None:
        """The cursor, by so many lines."""
        before = self.selected
        self._cursor = max(0, min(self._cursor + by, len(self._rows) - 1))
        self._moved(before)
        self.post_message(self.Moved())

    def action_page(self, direction: int) -> None:
        """A screenful."""
        self.action_move(direction * max(self._height() - 1, 1))

    def action_edge(self, direction: int) -> None:
        """To the first or the last."""
        self.action_move(direction * len(self._rows))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three lines a notch."""
        event.stop()
        self.action_move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three lines a notch."""
        event.stop()
        self.action_move(-3)

    def on_click(self, event: events.Click) -> None:
        """A line selects, twice opens; a heading sorts."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y == 0:
            column = self._column_at(offset.x)
            if column is not None:
                self.post_message(self.SortClicked(column))
        elif self._top + offset.y - 1 < len(self._rows):
            self.action_move(self._top + offset.y - 1 - self._cursor)
            if event.chain == 2:
                self.post_message(self.Opened())

    def on_resize(self) -> None:
        """The cursor stays in sight."""
        self._scroll()

    def on_focus(self) -> None:
        """The cursor is another colour."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor is another colour."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The heading, or the y-th line in sight."""
        width = self.content_size.width
        if self._laid_out != (width, self._serial_width):
            self._columns = fitting(width, self._serial_width)
            self._laid_out = (width, self._serial_width)
        if y == 0:
            return self._strip([self._heading(number, column) for number, column in self._columns], width)
        at = self._top + y - 1
        if not self._rows and y == 2:
            return self._strip([(self.empty, Style(dim=True))], width)
        if at >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        line = self._line(self._rows[at])
        over = Style()
        if at == self._cursor:
            over = _CURSOR if self.has_focus else _CURSOR_AWAY
        return self._strip(
            [self._cell(column, column.show(line)) for _, column in self._columns], width, over
        )

    def _strip(self, cells: Sequence[tuple[str, Style]], width: int, over: Style | None = None) -> Strip:
        base = self.rich_style + over if over else self.rich_style
        segments: list[Segment] = []
        for text, style in cells:
            if segments:
                segments.append(Segment(" " * _GAP, base))
            segments.append(
                Segment(text, self.rich_style + style + over if over else self.rich_style + style)
            )
        return Strip(segments).adjust_cell_length(width, base)

    def _cell(self, column: Column, cell: Cell) -> tuple[str, Style]:
        return _fitted(cell.text, column), Style.parse(cell.style)

    def _heading(self, number: int, column: Column) -> tuple[str, Style]:
        if number != self.sort:
            return _fitted(column.heading, column), _HEADING
        arrow = "▼" if column.descending != self.reverse else "▲"
        return _fitted(f"{column.heading}{arrow}", column), _SORTED

    def _column_at(self, x: int) -> int | None:
        for number, column in self._columns:
            if x < column.width + _GAP:
                return number
            x -= column.width + _GAP
        return None

    def _height(self) -> int:
        return max(self.content_size.height - 1, 1)

    def _scroll(self) -> None:
        height = self._height()
        self._top = max(0, min(self._top, len(self._rows) - height))
        self._top = min(max(self._top, self._cursor - height + 1), self._cursor)

    def _moved(self, before: DictRow | None) -> None:
        self._scroll()
        self.refresh()
        now = self.selected
        if (before and before["id"]) != (now and now["id"]):
            self.post_message(self.Selected(now))


def _fitted(text: str, column: Column) -> str:
    excess = cell_len(text) - column.width  # some characters are two cells wide
    if excess > 0:
        return f"{set_cell_size(text, max(column.width - 1, 0))}…"
    return f"{' ' * -excess}{text}" if column.right else f"{text}{' ' * -excess}"
