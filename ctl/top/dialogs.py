"""What opens over the fleet: a question for a sample frequency, and help."""

from collections.abc import Callable
from typing import ClassVar

from psycopg.rows import DictRow
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from ctl.errors import CtlError
from runtime.commanding import Order

HELP = """\
[b]Sensors[/b]
  ↑ ↓ PgUp PgDn Home End   another sensor; k j g G as well
  /                        only what holds these words; Esc: all
  o  O                     sort by the next column, turn the order round
  Enter                    all that is known of it; Esc: back
[b]Its curves[/b]
  c                        the next channel
  +  -                     a shorter, a longer window
  space                    hold everything still, to look at it
[b]Commands to it[/b]
  s  w                     sleep, wake
  f                        change its sample frequency
  i                        blink (identify), to be found on site
[b]Columns[/b]
  BATCHES                  batches a second, over the last five seconds
  LATENCY                  from a batch's last sample to the database
  MISSING                  batches that were measured and never came
  LAST ALARM               its open alarm, or the last warning of a day
[b]q[/b]                          quit"""


class Help(ModalScreen[None]):
    """The keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter,space", "dismiss", "close")
    ]

    def compose(self) -> ComposeResult:
        """One box."""
        with VerticalScroll(id="help") as box:
            box.border_title = "iotctl top"
            box.border_subtitle = "Esc closes"
            yield Static(HELP)


class AskFrequency(ModalScreen[Order]):
    """Asks for a sample frequency until it is one that the sensor can have, or Escape; gives the order."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "cancel")]

    def __init__(self, sensor: DictRow, make: Callable[[float], Order]) -> None:
        super().__init__()
        self._sensor = sensor
        self._make = make

    def compose(self) -> ComposeResult:
        """A line to type in, and one that says what is wrong."""
        now, most = self._sensor["sample_frequency_hz"], self._sensor["maximum_sample_frequency_hz"]
        with Vertical(id="ask") as box:
            box.border_title = f"{self._sensor['serial_number']}: sample frequency in Hz"
            box.border_subtitle = "Enter sends, Esc does not"
            yield Input(placeholder="" if now is None else f"{now:g}", id="frequency")
            yield Label("" if most is None else f"at most {most:g} Hz", id="wrong", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Send, or say what is wrong."""
        try:
            frequency_hz = float(event.value.strip().replace(",", "."))
        except ValueError:
            self._say(f"{event.value!r} is no number" if event.value.strip() else "a number, in Hz")
            return
        try:
            self.dismiss(self._make(frequency_hz))
        except CtlError as error:
            self._say(
                error.message.removeprefix(f"{self._sensor['serial_number']}: ").removesuffix(
                    "; nothing was sent"
                )
            )

    def _say(self, problem: str) -> None:
        label = self.query_one("#wrong", Label)
        label.update(problem)
        label.add_class("problem")
