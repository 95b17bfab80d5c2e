"""The live view of `make demo`: what arrives, drawn from a snapshot. Pure: no sockets, no clock."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text


class SensorLine(NamedTuple):
    """One sensor as the database knows it."""

    serial_number: str
    sensor_type: str
    state: str
    sample_frequency_hz: float
    batches: int
    missing: int
    last_batch_age_s: float | None
    rms: float | None
    unit: str


class AlarmLine(NamedTuple):
    """One alarm that is not closed."""

    severity: int
    state: str
    source: str
    message: str


class Snapshot(NamedTuple):
    """Everything the view shows, at one moment."""

    running_s: float
    sensors: int
    sensors_connected: int
    batches_per_s: float
    samples_per_s: float
    latency_p50_s: float | None
    latency_p99_s: float | None
    rows: int
    missing: int
    dead_letters: int
    in_flight: int
    services: Sequence[tuple[str, str]]  # name, "ready" or what it waits for
    lines: Sequence[SensorLine]
    hints: Sequence[str] = ()
    alarms: int = 0  # that are not closed
    newest_alarms: Sequence[AlarmLine] = ()


def duration(seconds: float) -> str:
    """12 s, 3 min 05 s, 1 h 02 min."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole // 60 % 60:02} min"


def milliseconds(seconds: float | None) -> str:
    """17 ms; a dash where nothing was measured yet."""
    return "–" if seconds is None else f"{seconds * 1000:.0f} ms"


def render(snapshot: Snapshot) -> RenderableType:
    """The whole screen."""
    return Group(
        Panel(
            _totals(snapshot), title="sensor-streaming", subtitle="Ctrl-C stops everything and keeps the data"
        ),
        _alarms(snapshot),
        _fleet(snapshot),
        *(Text(hint, style="dim") for hint in snapshot.hints),
    )


def _totals(snapshot: Snapshot) -> RenderableType:
    lost = snapshot.missing
    figures = Table.grid(padding=(0, 2))
    for _ in range(4):
        figures.add_column(justify="right", style="bold")
        figures.add_column(style="dim")
    figures.add_row(
        f"{snapshot.sensors_connected}/{snapshot.sensors}",
        "sensors",
        f"{snapshot.batches_per_s:,.0f}",
        "batches/s",
        f"{snapshot.samples_per_s:,.0f}",
        "samples/s",
        duration(snapshot.running_s),
        "running",
    )
    figures.add_row(
        Text(f"{lost:,}", style="bold green" if lost == 0 else "bold red"),
        "lost",
        milliseconds(snapshot.latency_p50_s),
        "p50",
        milliseconds(snapshot.latency_p99_s),
        "p99",
        f"{snapshot.rows:,}",
        "rows",
    )
    services = Text("  ").join(
        Text.assemble((f"{name} ", ""), (state, "green" if state == "ready" else "yellow"))
        for name, state in snapshot.services
    )
    queues = Text(f"in flight {snapshot.in_flight:,}   dead letters {snapshot.dead_letters:,}", style="dim")
    return Group(figures, services, queues)


def _alarms(snapshot: Snapshot) -> RenderableType:
    lines = Text(
        f"{snapshot.alarms:,} alarm{'' if snapshot.alarms == 1 else 's'}",
        style="bold red" if snapshot.alarms else "dim",
    )
    for alarm in snapshot.newest_alarms:
        style = "red" if alarm.state.startswith("ACTIVE") else "yellow"
        lines.append(f"\n{alarm.severity:>4}  {alarm.source}  {alarm.message}", style=style)
    lines.no_wrap, lines.overflow = True, "ellipsis"
    return lines


def _fleet(snapshot: Snapshot) -> RenderableType:
    table = Table(expand=True, box=None, header_style="dim", pad_edge=False)
    table.add_column("sensor")
    table.add_column("type")
    table.add_column("state")
    for heading in ("frequency", "batches", "lost", "last batch", "RMS"):
        table.add_column(heading, justify="right")
    for line in snapshot.lines:
        age = line.last_batch_age_s
        table.add_row(
            line.serial_number,
            line.sensor_type,
            Text(line.state, style={"AWAKE": "green", "OFFLINE": "red"}.get(line.state, "yellow")),
            f"{line.sample_frequency_hz:g} Hz",
            f"{line.batches:,}",
            Text(f"{line.missing:,}", style="" if line.missing == 0 else "red"),
            "–" if age is None else f"{age:.1f} s ago",
            "–" if line.rms is None else f"{line.rms:.3f} {line.unit}",
        )
    more = snapshot.sensors - len(snapshot.lines)
    if more > 0:
        table.add_row(Text(f"and {more:,} more", style="dim"))
    return table
