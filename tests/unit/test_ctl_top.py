"""What `iotctl top` shows of a fleet, and of one channel's samples."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from ctl.select import Selection
from ctl.top.fleet import COLUMNS, Alarm, Fleet, Reading, fitting, rates
from ctl.top.scope import WINDOWS_S, Piece, Scope, window_for

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = 1_000_000_000
BEGIN = 1_800_000_000 * SECOND


def sensor(number: int, **known: Any) -> dict[str, Any]:
    row = {
        "id": number,
        "serial_number": f"pump-{number:04}",
        "sensor_type": "vibration",
        "state": "AWAKE",
        "sample_frequency_hz": 1000.0,
        "maximum_sample_frequency_hz": 26667.0,
        "batch_count": 100,
        "missing": 0,
        "last_measured_at": NOW,
        "latency_s": 0.05,
        "target": None,
    }
    return {**row, **known}


def fleet(*sensors: dict[str, Any], selection: Selection | None = None) -> Fleet:
    made = Fleet(selection or Selection())
    made.update(Reading(NOW, sensors))
    return made


def order(made: Fleet, heading: str, *, words: str = "", reverse: bool = False) -> list[int]:
    number = [column.heading for column in COLUMNS].index(heading)
    return [row["id"] for row in made.arranged(words, number, reverse)]


def shown(made: Fleet, row: dict[str, Any], heading: str) -> tuple[str, str]:
    [column] = [column for column in COLUMNS if column.heading == heading]
    return tuple(column.show(made.line(row)))  # type: ignore[return-value]  # a Cell is two strings


def test_rates_are_differences_of_counts_over_time() -> None:
    """A sensor that is new, or counts anew, has none."""
    assert rates({1: 100, 2: 50, 3: 7}, {1: 104, 2: 50, 3: 2, 4: 9}, 2.0) == {1: 2.0, 2: 0.0}
    assert rates({1: 100}, {1: 104}, 0.0) == {}


def test_fleet_read_each_second_gives_rates_over_five_seconds() -> None:
    """One batch each two seconds is 0.5 /s, and not 0 and 1 in turn."""
    made = Fleet(Selection())
    seen = []
    for second in range(20):
        row = sensor(1, batch_count=100 + second // 2)
        made.update(Reading(NOW + timedelta(seconds=second), [row]))
        seen.append(made.line(row).rate)
    assert seen[0] is None
    assert all(0.3 < rate < 0.7 for rate in seen[6:] if rate is not None)


def test_fleet_of_a_database_that_was_set_back_counts_anew() -> None:
    """No negative rates."""
    made = fleet(sensor(1, batch_count=100))
    row = sensor(1, batch_count=3)
    made.update(Reading(NOW - timedelta(hours=1), [row]))
    assert made.line(row).rate is None


def test_fleet_is_restricted_by_the_options_of_the_command_line() -> None:
    """Sensors that are not chosen are not counted either."""
    made = fleet(
        sensor(1), sensor(2, sensor_type="temperature"), selection=Selection(sensor_type="temperature")
    )
    assert order(made, "SENSOR") == [2]
    assert made.summary()[0].text == "1 sensor"


def test_arranged_by_words_finds_them_in_any_order_and_case() -> None:
    """In serial number, type, state or target; all of them."""
    made = fleet(
        sensor(1, target="Pump house"),
        sensor(2, state="ASLEEP"),
        sensor(3, state="ASLEEP", target="Pump House"),
    )
    assert order(made, "SENSOR", words="house asleep") == [3]
    assert order(made, "SENSOR", words="PUMP-0002") == [2]
    assert order(made, "SENSOR", words="nothing") == []


def test_arranged_by_a_number_has_the_largest_first_and_the_unknown_last() -> None:
    """What is worth a look stands above; the other way round the unknown stays below."""
    made = fleet(sensor(1, latency_s=0.1), sensor(2, latency_s=None), sensor(3, latency_s=9.0))
    assert order(made, "LATENCY") == [3, 1, 2]
    assert order(made, "LATENCY", reverse=True) == [1, 3, 2]


@pytest.mark.parametrize("column", COLUMNS, ids=[column.heading for column in COLUMNS])
def test_arranged_by_any_column_of_sensors_that_are_hardly_known_fails_never(column: Any) -> None:
    """A sensor that measured before its birth was known has almost nothing."""
    unknown = sensor(2, **dict.fromkeys(("sensor_type", "state", "sample_frequency_hz", "latency_s")))
    unknown |= dict.fromkeys(("last_measured_at", "maximum_sample_frequency_hz"))
    made = fleet(sensor(1), unknown)
    assert sorted(order(made, column.heading)) == [1, 2]
    assert all(column.show(made.line(row)).text is not None for row in (sensor(1), unknown))


def test_cells_are_coloured_by_what_is_wrong() -> None:
    """Losses red; an old batch yellow where one is expected, and not of a sensor that sleeps."""
    old = {"last_measured_at": NOW - timedelta(minutes=2)}
    lossy, silent, asleep = sensor(1, missing=1234), sensor(2, **old), sensor(3, state="ASLEEP", **old)
    made = fleet(lossy, silent, asleep)
    assert shown(made, lossy, "MISSING") == ("1,234", "bold red")
    assert shown(made, silent, "LAST BATCH") == ("2 min ago", "yellow")
    assert shown(made, asleep, "LAST BATCH") == ("2 min ago", "")
    assert shown(made, asleep, "STATE") == ("ASLEEP", "yellow")


def test_last_alarm_is_what_the_source_says_of_the_sensor() -> None:
    """Its age, its message in the colour of its level; what could move the cursor is written out."""
    row = sensor(1)
    made = fleet(row, sensor(2))
    made.alarms = {1: Alarm(NOW - timedelta(minutes=3), 3, "hot\x1b[2J")}
    assert shown(made, row, "LAST ALARM") == ("3 min ago: hot\\x1b[2J", "yellow")
    assert order(made, "LAST ALARM") == [1, 2]


def test_summary_counts_states_losses_and_rates() -> None:
    """The fleet in one line."""
    made = fleet(sensor(1), sensor(2, state="OFFLINE", missing=5), sensor(3, state=None))
    said = [cell.text for cell in made.summary()]
    assert said[:5] == ["3 sensors", "1 AWAKE", "1 OFFLINE", "1 UNKNOWN", "5 missing"]


@pytest.mark.parametrize("width", [60, 78, 100, 138, 198])
def test_fitting_on_any_screen_keeps_within_it(width: int) -> None:
    """The least needed columns go first; serial number, state and losses stay."""
    columns = fitting(width, 12)
    assert sum(column.width for _, column in columns) + 2 * (len(columns) - 1) <= width
    assert {"SENSOR", "STATE", "MISSING"} <= {column.heading for _, column in columns}


def test_fitting_of_long_serial_numbers_shows_them_whole() -> None:
    """They are what one types."""
    assert fitting(138, 32)[0][1].width == 32


# One channel's samples.
def piece(start_s: float, seconds: float = 1.0, frequency_hz: float = 1000.0, value: float = 1.0) -> Piece:
    count = round(seconds * frequency_hz)
    return Piece(BEGIN + round(start_s * SECOND), frequency_hz, np.full(count, value, np.float32))


def test_window_moves_with_time_and_always_has_something_to_move_on_to() -> None:
    """Batches of one second that come 0.1 s after their end: a window that ends 1.1 s ago never waits for one."""
    scope = Scope()
    for second in range(4):
        scope.add(piece(second), BEGIN + round((second + 1.1) * SECOND))
    first = scope.window_end_ns(BEGIN + round(4.1 * SECOND))
    later = scope.window_end_ns(BEGIN + round(5.0 * SECOND))
    assert first == BEGIN + 3 * SECOND
    assert later - first == round(0.9 * SECOND)


def test_window_of_a_sensor_that_sleeps_stands_still() -> None:
    """At its last sample, however late it is."""
    scope = Scope()
    scope.add(piece(0), BEGIN + round(1.1 * SECOND))
    assert scope.window_end_ns(BEGIN + 3600 * SECOND) == BEGIN + SECOND
    times, values = scope.window(BEGIN + 3600 * SECOND, 0.5)
    assert times[0] == pytest.approx(-0.5)
    assert times[-1] == pytest.approx(-0.001)
    assert len(values) == 500


def test_window_with_a_missing_batch_has_a_gap() -> None:
    """A NaN between the two, so that no line is drawn across."""
    scope = Scope()
    for second in (2, 0):  # in whatever order they come
        scope.add(piece(second))
    times, values = scope.window(0, 3.0)
    assert np.isnan(values).sum() == 1
    assert int(np.flatnonzero(np.isnan(values))[0]) == 1000
    assert (np.diff(times) >= 0).all()


def test_add_of_a_batch_that_is_known_changes_nothing() -> None:
    """The database's and the stream's overlap."""
    scope = Scope()
    scope.add(piece(0))
    scope.add(piece(0, value=2.0), BEGIN)
    assert scope.version == 1


def test_scope_is_bounded_and_forgets_the_oldest() -> None:
    """However much comes."""
    scope = Scope()
    for second in range(100):
        scope.add(piece(second, frequency_hz=10_000.0, value=second))
    _, values = scope.window(0, 1e6)
    assert len(values) <= 262_144
    assert values.min() > 70
    assert values.max() == 99


def test_newest_run_ends_at_a_gap_and_at_another_frequency() -> None:
    """A spectrum of what does not follow each other would be wrong."""
    scope = Scope()
    for second in (0, 2, 3):
        scope.add(piece(second, value=second))
    assert len(scope.newest_run()) == 2000
    scope.add(piece(4, frequency_hz=500.0))
    assert len(scope.newest_run()) == 500
    assert len(Scope().newest_run()) == 0


@pytest.mark.parametrize(
    ("frequency_hz", "seconds"), [(1000.0, 0.5), (25_600.0, 0.02), (1.0, 60.0), (None, 0.5)]
)
def test_window_for_a_frequency_shows_some_hundred_samples(
    frequency_hz: float | None, seconds: float
) -> None:
    """From a slow temperature to a fast vibration."""
    assert WINDOWS_S[window_for(frequency_hz)] == seconds
