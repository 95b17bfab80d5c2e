"""The demo's screen, drawn from a snapshot."""

import io

from rich.console import Console

from stack.view import AlarmLine, SensorLine, Snapshot, duration, milliseconds, render

LINE = SensorLine("pump-0002", "vibration", "AWAKE", 1000.0, 41, 0, 0.5, 0.102, "g")
SNAPSHOT = Snapshot(
    running_s=3725,
    sensors=50,
    sensors_connected=49,
    batches_per_s=49.6,
    samples_per_s=126_135,
    latency_p50_s=0.084,
    latency_p99_s=None,
    rows=5235,
    missing=0,
    dead_letters=1,
    in_flight=7,
    services=[("bridge", "ready"), ("ingest-logs", "waiting for: database")],
    lines=[LINE, SensorLine("pump-0003", "–", "–", 0.0, 0, 3, None, None, "")],
)


def drawn(snapshot: Snapshot, width: int = 110) -> str:
    console = Console(width=width, height=40, force_terminal=False, record=True, file=io.StringIO())
    console.print(render(snapshot))
    return console.export_text()


def test_screen_shows_what_arrives() -> None:
    """Sensors, rates, latency, rows, losses, and what each service waits for."""
    text = drawn(SNAPSHOT)
    for shown in ("49/50", "126,135", "84 ms", "5,235", "1 h 02 min", "dead letters 1", "in flight 7"):
        assert shown in text
    assert "bridge ready" in text
    assert "ingest-logs waiting for: database" in text
    assert "0.102 g" in text
    assert "and 48 more" in text


def test_screen_fits_eighty_columns() -> None:
    """A small terminal sees every figure, too."""
    text = drawn(SNAPSHOT, width=80)
    assert max(len(line) for line in text.splitlines()) <= 80
    for shown in ("49/50", "126,135", "5,235"):
        assert shown in text


def test_duration_in_the_unit_that_fits() -> None:
    """Seconds, minutes, hours."""
    assert [duration(s) for s in (12, 185, 3725)] == ["12 s", "3 min 05 s", "1 h 02 min"]


def test_milliseconds_without_measurement_is_a_dash() -> None:
    """Nothing measured is not zero."""
    assert (milliseconds(None), milliseconds(0.0171)) == ("–", "17 ms")


def test_alarms_are_counted_and_the_newest_shown_in_one_line_each() -> None:
    """Severity, source, what was found; none is a quiet line."""
    assert "0 alarms" in drawn(SNAPSHOT)
    line = AlarmLine(
        600, "ACTIVE_UNACKNOWLEDGED", "pump-0010/x", "outer race of the bearing is damaged " + "x" * 200
    )
    shown = drawn(SNAPSHOT._replace(alarms=7, newest_alarms=[line]))
    assert "7 alarms" in shown
    [one] = [text for text in shown.splitlines() if "pump-0010/x" in text]
    assert one.strip().startswith("600")
    assert "outer race" in one
