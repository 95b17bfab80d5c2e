"""What a benchmark found, as a table for people and JSON for tools."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

# The products's own goals, on two cores with everything on the same machine: samples a message → messages/s.
GOALS = {10: 15_000.0, 100: 10_000.0, 1_000: 3_000.0}
GOAL_P99_S = 0.3


@dataclass(slots=True)
class Case:
    """One size of message: the highest rate that was sustained, its cost, and latency at a third of it."""

    samples_per_message: int
    messages_per_s: float = 0.0
    limited_by: str = ""
    cpu_us_per_message: dict[str, float] = field(default_factory=dict)
    resident_mb: dict[str, float] = field(default_factory=dict)
    latency_rate: float = 0.0
    latency_p50_s: float | None = None
    latency_p99_s: float | None = None
    lost: int = 0

    @property
    def samples_per_s(self) -> float:
        """Rate in single samples."""
        return self.messages_per_s * self.samples_per_message

    def as_json(self) -> dict[str, Any]:
        """With the derived figures and the goal, for the report file."""
        return {
            **asdict(self),
            "samples_per_s": self.samples_per_s,
            "goal": GOALS.get(self.samples_per_message),
        }


def rates(cases: Sequence[Case]) -> Table:
    """What was sustained, one line a case."""
    shown = Table(title="Sustained, end to end; latency at a third of the rate")
    for heading in ("samples/message", "messages/s", "goal", "samples/s", "p50", "p99", "lost"):
        shown.add_column(heading, justify="right")
    for case in cases:
        goal = GOALS.get(case.samples_per_message)
        shown.add_row(
            f"{case.samples_per_message:,}",
            f"{case.messages_per_s:,.0f}",
            "" if goal is None else f"{goal:,.0f}",
            f"{case.samples_per_s:,.0f}",
            _ms(case.latency_p50_s),
            _ms(case.latency_p99_s),
            f"{case.lost:,}",
        )
    return shown


def costs(cases: Sequence[Case], processes: Sequence[str]) -> Table:
    """CPU of each process, one line a case."""
    return _by_process(
        "CPU, µs a message",
        processes,
        [(case.samples_per_message, case.cpu_us_per_message) for case in cases],
        1,
    )


def memory(cases: Sequence[Case], processes: Sequence[str]) -> Table:
    """Resident memory of each process, one line a case."""
    return _by_process(
        "Resident memory, MB (PostgreSQL's processes share most of theirs)",
        processes,
        [(case.samples_per_message, case.resident_mb) for case in cases],
        0,
    )


def _by_process(
    title: str, processes: Sequence[str], lines: Sequence[tuple[int, dict[str, float]]], digits: int
) -> Table:
    shown = Table(title=title)
    shown.add_column("samples", justify="right")
    for name in processes:
        shown.add_column(name, justify="right")
    for size, values in lines:
        shown.add_row(f"{size:,}", *(f"{values.get(name, 0):.{digits}f}" for name in processes))
    return shown


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:.0f} ms"
