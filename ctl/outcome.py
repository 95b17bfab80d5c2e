"""What came of commands, as a table: each where they are few, a summary and what failed where they are many."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from ctl.output import Column, Form, frequency, print_rows, seconds
from runtime.commanding import FAILED, Fate

_LISTED = 20  # more outcomes than that are summed up on a terminal

COLUMNS = (
    Column("serial_number", "SENSOR"),
    Column("status", "OUTCOME", priority=1),
    Column("after_s", "AFTER", seconds, right=True),
    Column("state", "STATE"),
    Column("sample_frequency_hz", "FREQUENCY", frequency, right=True),
    Column("reason", "REASON", text=True),
    Column("id", "ID", wide=True),
)


def print_outcome(fates: Sequence[Fate], form: Form, *, console: Console) -> None:
    """Print it; CSV and JSON have all of them."""
    rows = [
        {
            "serial_number": fate.order.serial_number,
            "status": fate.status,
            "after_s": fate.after_s,
            "state": fate.state,
            "sample_frequency_hz": fate.sample_frequency_hz,
            "reason": fate.reason,
            "id": fate.id,
        }
        for fate in fates
    ]
    if form == "auto" and console.is_terminal and len(rows) > _LISTED:
        _sum_up(fates, console)
        rows = [row for row in rows if row["status"] in FAILED][:_LISTED]
    print_rows(rows, COLUMNS, form, console=console)


def _sum_up(fates: Sequence[Fate], console: Console) -> None:
    columns = (
        Column("status", "OUTCOME"),
        Column("count", "SENSORS", right=True),
        Column("median", "MEDIAN", seconds, right=True),
        Column("slowest", "SLOWEST", seconds, right=True),
    )
    rows = []
    for status, count in Counter(fate.status for fate in fates).most_common():
        after = sorted(fate.after_s for fate in fates if fate.status == status and fate.after_s is not None)
        rows.append(
            {
                "status": status,
                "count": count,
                "median": after[len(after) // 2] if after else None,
                "slowest": after[-1] if after else None,
            }
        )
    print_rows(rows, columns, "auto", console=console)
