"""What is shown of the fleet, and in which order. Pure: rows of ctl/sql/top_fleet.sql in, lines out."""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final, NamedTuple

from psycopg.rows import DictRow

from ctl.durations import show_duration
from ctl.output import STATE_STYLES, printable
from ctl.select import Selection, filtered

_WINDOW_S: Final = 5.0  # rates are over so long, for a sensor may publish once a second only
_LATE_S: Final = 5.0  # a batch that came so late, or so long ago, is worth a colour
_LEAST_ALARM: Final = 18  # characters of the column that takes what remains
_LEVELS: Final = {3: "WARNING", 4: "ERROR", 5: "CRITICAL"}


class Reading(NamedTuple):
    """The fleet as the database knew it at one moment (by its own clock)."""

    at: datetime
    sensors: Sequence[DictRow]


class Alarm(NamedTuple):
    """The last thing that a sensor warned of."""

    at: datetime
    level: int
    message: str


class Cell(NamedTuple):
    """What stands in a column, and its colour."""

    text: str
    style: str = ""


class Line(NamedTuple):
    """One sensor, with what the row alone does not say."""

    row: DictRow
    rate: float | None  # batches/s
    alarm: Alarm | None
    now: datetime


class Column(NamedTuple):
    """`needed`: the least stay on a narrow screen. `width` 0: what remains."""

    heading: str
    width: int
    right: bool
    needed: int
    show: Callable[[Line], Cell]
    key: Callable[[Line], Any]  # to sort by; the largest key comes first where `descending`
    descending: bool = False


def rates(before: Mapping[int, int], after: Mapping[int, int], seconds: float) -> dict[int, float]:
    """Sensor → batches/s between two readings of batch counts; none for a sensor that is new or counts anew."""
    if seconds <= 0:
        return {}
    return {
        sensor: (count - before[sensor]) / seconds
        for sensor, count in after.items()
        if count >= before.get(sensor, count + 1)
    }


class Fleet:
    """The newest reading, and rates from it and the one that is five seconds older."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._counts: deque[tuple[datetime, dict[int, int]]] = deque()
        self._rows: Sequence[DictRow] = ()
        self._now = datetime.now(UTC)
        self._rates: dict[int, float] = {}
        self.alarms: Mapping[int, Alarm] = {}

    def update(self, reading: Reading) -> None:
        """A newer reading."""
        self._rows = filtered(reading.sensors, self._selection)
        self._now = reading.at
        counts = {row["id"]: row["batch_count"] for row in self._rows}
        while len(self._counts) > 1 and (reading.at - self._counts[1][0]).total_seconds() >= _WINDOW_S:
            self._counts.popleft()
        if self._counts and self._counts[-1][0] >= reading.at:
            self._counts.clear()  # another database, or its clock was set
        if self._counts:
            then, before = self._counts[0]
            self._rates = rates(before, counts, (reading.at - then).total_seconds())
        self._counts.append((reading.at, counts))

    def line(self, row: DictRow) -> Line:
        """One sensor's."""
        return Line(row, self._rates.get(row["id"]), self.alarms.get(row["id"]), self._now)

    def arranged(self, words: str, sort: int, reverse: bool) -> list[DictRow]:
        """Sensors that hold all words, in the order of a column; those of which it is unknown last."""
        rows = [row for row in self._rows if matches(row, words)]
        column = COLUMNS[sort]
        keyed = [(column.key(self.line(row)), row) for row in rows]
        known = [pair for pair in keyed if pair[0] is not None]
        known.sort(key=lambda pair: pair[0], reverse=column.descending != reverse)
        return [row for _, row in known] + [row for key, row in keyed if key is None]

    def summary(self) -> list[Cell]:
        """The fleet in one line."""
        states = Counter(row["state"] or "UNKNOWN" for row in self._rows)
        missing = sum(row["missing"] for row in self._rows)
        latencies = [
            row["latency_s"] for row in self._rows if row["latency_s"] is not None and row["state"] == "AWAKE"
        ]
        cells = [
            Cell(f"{len(self._rows):,} sensor{'' if len(self._rows) == 1 else 's'}", "bold"),
            *(
                Cell(f"{states[state]:,} {state}", STATE_STYLES.get(state, "dim"))
                for state in _ordered(states)
            ),
            Cell(f"{missing:,} missing", "bold red" if missing else "green"),
            Cell(f"{sum(self._rates.values()):,.1f} batches/s"),
        ]
        if latencies:
            cells.append(Cell(f"latency {show_duration(median(latencies))}"))
        return cells


def matches(row: DictRow, words: str) -> bool:
    """Whether each word is in the serial number, type, state or target, whatever its case."""
    if not words:
        return True
    text = " ".join(
        str(row[key] or "") for key in ("serial_number", "sensor_type", "state", "target")
    ).lower()
    return all(word in text for word in words.lower().split())


def _ordered(states: Mapping[str, int]) -> list[str]:
    return sorted(states, key=lambda state: ("AWAKE", "ASLEEP", "OFFLINE", "UNKNOWN").index(state))


def _state(line: Line) -> Cell:
    state = line.row["state"] or "–"
    return Cell(state, STATE_STYLES.get(state, "dim"))


def _frequency(line: Line) -> Cell:
    value = line.row["sample_frequency_hz"]
    return Cell("–" if value is None else f"{value:g} Hz")


def _rate(line: Line) -> Cell:
    if line.rate is None:
        return Cell("–", "dim")
    return Cell(
        f"{line.rate:.1f} /s" if line.rate < 1000 else f"{line.rate:.0f} /s", "" if line.rate else "dim"
    )


def _latency(line: Line) -> Cell:
    value = line.row["latency_s"]
    return (
        Cell("–", "dim") if value is None else Cell(show_duration(value), "yellow" if value > _LATE_S else "")
    )


def _missing(line: Line) -> Cell:
    missing = line.row["missing"]
    return Cell(f"{missing:,}", "bold red" if missing else "dim")


def _age_s(line: Line) -> float | None:
    last = line.row["last_measured_at"]
    return None if last is None else (line.now - last).total_seconds()


def _last(line: Line) -> Cell:
    age = _age_s(line)
    if age is None:
        return Cell("–", "dim")
    expected = line.row["state"] == "AWAKE"
    return Cell(f"{show_duration(max(age, 0))} ago", "yellow" if expected and age > _LATE_S else "")


def _alarm(line: Line) -> Cell:
    if line.alarm is None:
        return Cell("")
    age = show_duration(max((line.now - line.alarm.at).total_seconds(), 0))
    return Cell(
        f"{age} ago: {printable(line.alarm.message)}", STATE_STYLES[_LEVELS.get(line.alarm.level, "ERROR")]
    )


COLUMNS: Final = (
    Column("SENSOR", 14, False, 0, lambda line: Cell(line.row["serial_number"]), lambda line: line.row["serial_number"]),
    Column("TYPE", 11, False, 5, lambda line: Cell(printable(line.row["sensor_type"] or "–")), lambda line: line.row["sensor_type"]),
    Column("STATE", 7, False, 0, _state, lambda line: line.row["state"]),
    Column("FREQUENCY", 10, True, 1, _frequency, lambda line: line.row["sample_frequency_hz"], True),
    Column("BATCHES", 8, True, 1, _rate, lambda line: line.rate, True),
    Column("LATENCY", 8, True, 1, _latency, lambda line: line.row["latency_s"], True),
    Column("MISSING", 8, True, 0, _missing, lambda line: line.row["missing"], True),
    Column("LAST BATCH", 11, True, 2, _last, _age_s, True),
    Column("TARGET", 14, False, 7, lambda line: Cell(printable(line.row["target"] or "")), lambda line: line.row["target"]),
    Column("LAST ALARM", 0, False, 6, _alarm, lambda line: line.alarm and line.alarm.at, True),
)  # fmt: skip


def fitting(width: int, serial_width: int) -> list[tuple[int, Column]]:
    """The columns that fit (with their place in COLUMNS), each with its width; the last takes what remains."""
    kept = [
        (number, column._replace(width=max(column.width, serial_width)) if number == 0 else column)
        for number, column in enumerate(COLUMNS)
    ]

    def used() -> int:
        return sum((column.width or _LEAST_ALARM) + 2 for _, column in kept) - 2

    while len(kept) > 1 and used() > width:
        most = max(kept, key=lambda pair: pair[1].needed)
        if most[1].needed == 0:
            break
        kept.remove(most)
    return [
        (number, column if column.width else column._replace(width=width - used() + _LEAST_ALARM))
        for number, column in kept
    ]
