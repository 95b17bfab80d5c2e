"""Tables: what a terminal has room for, what is left out and said, aligned columns in a pipe."""

import io
import json
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from ctl import commands, sensors
from ctl.output import Column, Form, print_rows

COLUMNS = (
    Column("serial", "SERIAL NUMBER"),
    Column("state", "STATE"),
    Column("frequency", "SAMPLE FREQUENCY", right=True),
    Column("missing", "MISSING", right=True, priority=1),
    Column("reason", "REASON", text=True),
)
ROW = {"serial": "pump-0002", "state": "AWAKE", "frequency": "1000 Hz", "missing": 3, "reason": "–"}
LONG = "frequency must be above 0 and at most 26667 Hz"


def shown(
    rows: list[dict[str, Any]], columns: tuple[Column, ...], width: int, form: Form = "auto"
) -> list[str]:
    """The lines on a terminal of this width, without blanks at their ends."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system=None, width=width)
    print_rows(rows, columns, form, console=console)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_table_that_fits_shows_every_column_and_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A line a row."""
    heading, line = shown([ROW], COLUMNS, 80)
    assert heading == "SERIAL NUMBER  STATE  SAMPLE FREQUENCY  MISSING  REASON"
    assert line == "pump-0002      AWAKE           1000 Hz        3  –"
    assert capsys.readouterr().err == ""


def test_table_without_room_leaves_out_the_least_important_columns_and_says_so_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of equal ones the last; a narrower column takes the room that a wider one leaves."""
    heading, *lines = shown([ROW] * 3, COLUMNS, 45)
    assert heading == "SERIAL NUMBER  STATE  MISSING  REASON"
    assert len(lines) == 3
    assert capsys.readouterr().err == "--output wide or a wider terminal shows SAMPLE FREQUENCY\n"


@pytest.mark.parametrize("width", range(27, 100))
def test_headings_and_the_first_column_are_never_folded_and_free_text_is_always_there(width: int) -> None:
    """Whatever the terminal's width; no line is longer than it, and nothing of the text is lost."""
    heading, first, *more = shown([{**ROW, "serial": "pump-000002", "reason": LONG}], COLUMNS, width)
    assert heading.startswith("SERIAL NUMBER ")
    assert heading.endswith("REASON")
    assert first.startswith("pump-000002 ")
    place = heading.index("REASON")
    assert all(not line[:place].strip() for line in more)
    said = "".join(line[place:] for line in (first, *more))
    assert said.replace(" ", "") == LONG.replace(" ", "")
    assert max(map(len, (heading, first, *more))) <= width


def test_free_text_is_folded_to_a_narrow_column_only_for_what_is_important() -> None:
    """Else the other columns are left out first."""
    columns = (COLUMNS[0], Column("missing", "MISSING"), COLUMNS[-1])
    row = {**ROW, "reason": LONG}
    assert "MISSING" not in shown([row], columns, 43)[0]
    assert "MISSING" in shown([row], columns, 44)[0]
    assert "MISSING" in shown([row], (COLUMNS[0], COLUMNS[3], COLUMNS[-1]), 36)[0]


def test_first_column_that_is_wider_than_the_terminal_stays_whole() -> None:
    """The terminal folds the line: nothing is cut off."""
    serial = "x" * 50
    assert shown([{**ROW, "serial": serial}], COLUMNS[:2], 30)[1] == serial


def test_wide_form_shows_all_columns_on_any_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Each row is one line, which may be longer than the terminal."""
    heading, line = shown([{**ROW, "reason": LONG}], COLUMNS, 40, "wide")
    assert heading.split("  ") == [column.heading for column in COLUMNS]
    assert line.endswith(LONG)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("columns", "row", "wanted"),
    [
        (
            sensors.COLUMNS,
            {"serial_number": "pump-0002", "sensor_type": "temperature", "state": "OFFLINE", "missing": 1234},
            ["SENSOR", "TYPE", "STATE", "FREQUENCY", "MISSING", "LAST SAMPLE"],
        ),
        (
            commands.COLUMNS,
            {"serial_number": "pump-0002", "name": "change_sample_frequency", "status": "REJECTED", "reason": LONG},
            ["ISSUED", "SENSOR", "COMMAND", "STATUS", "REASON"],
        ),
    ],
)  # fmt: skip
def test_what_one_looks_for_first_is_there_at_80_columns(
    columns: tuple[Column, ...], row: dict[str, Any], wanted: list[str]
) -> None:
    """In the terminal that everybody has."""
    heading, *lines = shown([dict.fromkeys([column.key for column in columns]) | row], columns, 80)
    assert [name for name in wanted if name in heading] == wanted
    assert max(map(cell_len, lines)) <= 80


def test_plain_columns_are_aligned_also_where_characters_take_two_cells(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A pump may have a Chinese name."""
    columns = (Column("name", "TARGET"), Column("count", "SENSORS", right=True), Column("more", "MORE"))
    rows: list[dict[str, Any]] = [
        {"name": "Pump 1", "count": 1, "more": "a"},
        {"name": "泵房 1", "count": "二", "more": "b"},
    ]
    print_rows(rows, columns, "auto", console=Console(file=io.StringIO()))
    lines = capsys.readouterr().out.splitlines()
    assert [
        cell_len(line[: line.index(end)]) for line, end in zip(lines, ("MORE", "a", "b"), strict=True)
    ] == [17] * 3


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"duration_s": 0}, "until awake"),
        ({"duration_s": 3600}, "duration_s=3600"),
        ({"sample_frequency_hz": 250.0}, "sample_frequency_hz=250.0"),
        ({}, "–"),
    ],
)
def test_sleep_without_an_end_is_said_in_words_and_json_keeps_the_number(
    parameters: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 s would read as no sleep at all."""
    columns = tuple(one for one in commands.COLUMNS if one.key == "parameters")
    console = Console(file=io.StringIO())
    print_rows([{"parameters": parameters}], columns, "auto", console=console)
    assert capsys.readouterr().out.splitlines()[1] == said
    print_rows([{"parameters": parameters}], columns, "json", console=console)
    assert json.loads(capsys.readouterr().out) == [{"parameters": parameters}]


@pytest.mark.parametrize("terminal", [True, False])
def test_control_characters_are_shown_as_escapes_also_in_columns_that_format_their_value(
    terminal: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command's parameters are texts from whoever may give one."""
    row = {"name": "a\x1b[2Jb", "parameters": {"action": "c\x07\nd"}}
    columns = (
        Column("name", "COMMAND"),
        next(one for one in commands.COLUMNS if one.key == "parameters"),
    )
    file = io.StringIO()
    print_rows([row], columns, "auto", console=Console(file=file, force_terminal=terminal, color_system=None))
    said = file.getvalue() if terminal else capsys.readouterr().out
    assert "a\\x1b[2Jb" in said
    assert "action=c\\x07\\nd" in said
    assert said.count("\n") == 2
