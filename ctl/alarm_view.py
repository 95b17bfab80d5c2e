"""How alarms look: as a list, as lines that follow each other, as one with all that happened to it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ctl import alarm_evidence
from ctl.logs import clock
from ctl.output import Column, age, print_rows, printable, when
from ctl.terminal import draw_spectrum

_DIGITS = 8  # of an id: enough to tell apart what is listed
_HEIGHT = 14  # lines of a spectrum
# OPC UA Part 9: low to 333, medium to 666, high above
_HIGH, _MEDIUM = 667, 334
KIND_STYLES = {
    "ACTIVATED": "red", "REALARMED": "red", "ESCALATED": "bold red", "LEVEL_CHANGED": "yellow", "CLEARED": "green",
    "ACKNOWLEDGED": "cyan", "TRIGGER_ACKNOWLEDGED": "cyan",
}  # fmt: skip


def short(value: Any) -> str:
    """The beginning of an id, which every command takes for the whole."""
    return "–" if value is None else str(value)[:_DIGITS]


def source(row: Mapping[str, Any]) -> str:
    """pump-1/x, or pump-1 for what is about no single channel."""
    channel = row["channel"]
    if channel is None or channel < 0:
        return str(row["serial_number"])
    return f"{row['serial_number']}/{row['channel_name'] or channel}"


def quantity(value: float | None, unit: str) -> str:
    """A value with its unit."""
    return "–" if value is None else f"{value:.4g} {unit}".rstrip()


def state(row: Mapping[str, Any]) -> str:
    """What is to be done about it, for people: with shelved and suppressed, which no state of an alarm says."""
    name = str(row["state"]).replace("_", " ").lower()
    notes = [note for note in ("shelved", "suppressed") if row[note]]
    return f"{name} ({', '.join(notes)})" if notes else name


def severity_style(severity: int) -> str:
    """A colour for it."""
    return "bold red" if severity >= _HIGH else "yellow" if severity >= _MEDIUM else ""


COLUMNS = (
    Column("id", "ID", short),
    Column("severity", "SEVERITY", right=True, priority=2),
    Column("level", "LEVEL", priority=1),
    Column("shown_state", "STATE", priority=1),
    Column("source", "SOURCE", priority=2),
    Column("target", "TARGET"),
    Column("rule", "RULE"),
    Column("activated_at", "SINCE", age, priority=1),
    Column("message", "MESSAGE", text=True),
    Column("kind", "KIND", wide=True),
    Column("occurrences", "TIMES", right=True, wide=True),
    Column("acknowledged_by", "ACKNOWLEDGED BY", wide=True),
    Column("cleared_at", "CLEARED", when, wide=True),
    Column("closed_at", "CLOSED", when, wide=True),
    Column("shelved_until", "SHELVED UNTIL", when, wide=True),
)
HISTORY = (
    Column("at", "TIME", clock),
    Column("kind", "WHAT", priority=2),
    Column("severity", "SEVERITY", right=True),
    Column("level", "LEVEL"),
    Column("source", "SOURCE", priority=2),
    Column("rule", "RULE", priority=1),
    Column("alarm_id", "ALARM", short, priority=1),
    Column("by", "BY", priority=1),
    Column("comment", "COMMENT", text=True),
    Column("target", "TARGET", wide=True),
    Column("message", "MESSAGE", wide=True),
    Column("written_at", "WRITTEN", when, wide=True),
)
TRANSITIONS = (
    Column("at", "TIME", clock),
    Column("kind", "WHAT"),
    Column("level", "LEVEL"),
    Column("severity", "SEVERITY", right=True),
    Column("value", "VALUE", right=True),
    Column("by", "BY"),
    Column("comment", "COMMENT", text=True),
)
REQUESTS = (
    Column("requested_at", "TIME", when),
    Column("action", "ASKED FOR"),
    Column("by", "BY"),
    Column("comment", "COMMENT", text=True),
    Column(
        "refusal",
        "",
        lambda value: f"refused: {value}" if value else "waits for the alarms service",
        text=True,
    ),
)


def line(row: Mapping[str, Any]) -> Text:
    """A transition as `-f` prints it."""
    kind = str(row["kind"])
    style = KIND_STYLES.get(kind, "")
    text = Text.assemble(
        (clock(row["at"]), "dim"),
        "  ",
        (f"{kind.replace('_', ' ').lower():<13}", style),
        "  ",
        (f"{row['severity']:>4}", severity_style(row["severity"])),
        f"  {short(row['alarm_id'])}  ",
        f"{printable(source(row)):<14}",
        "  ",
        (f"{printable(row['rule'])}: ", "dim"),
        (printable(row["message"]), style),
    )
    if row["by"]:
        text.append(f"  by {printable(row['by'])}", "cyan")
    if row["comment"]:
        text.append(f"  “{printable(row['comment'])}”", "dim")
    return text


def facts(alarm: Mapping[str, Any]) -> Table:
    """What and how it is."""
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("alarm", Text(str(alarm["id"]), style="bold"))
    grid.add_row("message", Text(printable(alarm["message"])))
    severity = f"{alarm['severity']}, level {alarm['level']}"
    grid.add_row("severity", Text(severity, style=severity_style(alarm["severity"])))
    grid.add_row("state", state(alarm))
    grid.add_row("source", Text(printable(source(alarm))))
    if alarm["target"]:
        grid.add_row("target", Text(printable(alarm["target"])))
    grid.add_row("rule", Text(f"{printable(alarm['rule'])} ({alarm['kind']})"))
    if alarm["value"] is not None:
        grid.add_row("value", quantity(alarm["value"], alarm["unit"]))
    times = f", {alarm['occurrences']} times before it was closed" if alarm["occurrences"] > 1 else ""
    grid.add_row("active", f"{when(alarm['activated_at'])}, {age(alarm['activated_at'])}{times}")
    if alarm["cleared_at"] is not None:
        grid.add_row("cleared", when(alarm["cleared_at"]))
    if alarm["acknowledged_at"] is not None:
        by = f" by {alarm['acknowledged_by']}" if alarm["acknowledged_by"] else ""
        grid.add_row("acknowledged", Text(printable(f"{when(alarm['acknowledged_at'])}{by}")))
    if alarm["shelved"]:
        until = (
            "until it clears" if alarm["shelved_until_cleared"] else f"until {when(alarm['shelved_until'])}"
        )
        grid.add_row("shelved", until)
    if alarm["closed_at"] is not None:
        grid.add_row("closed", when(alarm["closed_at"]))
    return grid


def evidence(of: Mapping[str, Any], console: Console) -> None:
    """Print what the newest judged transition was judged by."""
    given = of["evidence"]
    title = f"Evidence of {str(of['kind']).replace('_', ' ').lower()}, {clock(of['at'])}"
    console.print(Padding(Text(title, style="bold"), (1, 0, 0, 0)))
    drawn = alarm_evidence.spectrum(given)
    first = [key for key in ("value", "limit", "unit") if key in given]  # JSON in the database keeps no order
    rest = {key: given[key] for key in (*first, *given) if key != "spectrum" or drawn is None}
    if drawn is not None:
        rest |= {f"spectrum.{key}": value for key, value in _beside(given["spectrum"]).items()}
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in alarm_evidence.lines(rest):
        grid.add_row(Text(printable(name)), Text(printable(value)))
    if grid.row_count:
        console.print(grid)
    if drawn is not None:
        text = draw_spectrum(
            drawn.frequencies_hz, drawn.amplitudes,  # type: ignore[arg-type]  # made arrays there
            width=max(console.width, 40), height=_HEIGHT, title="spectrum", unit=drawn.unit,
            color=console.is_terminal and not console.no_color,
        )  # fmt: skip
        console.print(Text.from_ansi(text, no_wrap=True))
    for command in alarm_evidence.commands(given):
        console.print(Text(printable(command), style="cyan"), soft_wrap=True)


def sections(
    transitions: Sequence[Mapping[str, Any]], requests: Sequence[Mapping[str, Any]], console: Console
) -> None:
    """Print what happened, and what was asked for."""
    rows = [{**row, "value": _value(row["evidence"])} for row in transitions]
    for title, given, columns in (("What happened", rows, TRANSITIONS), ("Asked for", requests, REQUESTS)):
        if given:
            console.print(Padding(Text(title, style="bold"), (1, 0, 0, 0)))
            print_rows(given, columns, "auto", console=console, remedy="a wider terminal")


def _value(given: Mapping[str, Any]) -> str | None:
    value = given.get("value")
    return quantity(float(value), str(given.get("unit") or "")) if isinstance(value, (int, float)) else None


def _beside(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in given.items()
        if key not in ("amplitudes", "frequencies_hz", "resolution_hz", "unit")
    }
