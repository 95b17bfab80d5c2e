"""Durations and moments, as people type them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctl.durations import parse_duration, parse_moment, show_duration

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("10m", 600), ("1h30m", 5400), ("500ms", 0.5), ("2d", 172_800), ("90", 90), (" 1 h ", 3600), ("1.5s", 1.5)],
)  # fmt: skip
def test_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    """Units may be combined; a bare number is seconds."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "soon", "10x", "-5s", "1h now", "m", "nan", "inf", "200000d", "9" * 400]
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    """Nothing is guessed, and nothing is longer than a hundred years."""
    with pytest.raises(ValueError, match=r"write 30s, 10m|a hundred years"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", NOW),
        ("10m", NOW - timedelta(minutes=10)),
        ("-10m", NOW - timedelta(minutes=10)),
        ("2026-02-28T13:00:00+01:00", datetime(2026, 2, 28, 12, tzinfo=UTC)),
        ("2026-02-28T12:00:00Z", datetime(2026, 2, 28, 12, tzinfo=UTC)),
    ],
)
def test_moment_is_a_duration_ago_or_iso_8601(text: str, moment: datetime) -> None:
    """In UTC, whatever zone it was said in."""
    assert parse_moment(text, NOW) == moment


def test_moment_without_a_zone_is_local_time() -> None:
    """As people write what their watch shows."""
    assert parse_moment("2026-02-28 12:00", NOW) == datetime(2026, 2, 28, 12).astimezone()


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-13-01", "9999999999d", "", "1600-01-01", "9999-12-31T23:59:59-14:00", "90y"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    """With what may be written instead, also where it lies before all time."""
    with pytest.raises(ValueError, match=r"no time|before 1970"):
        parse_moment(text, NOW)


@given(st.floats(min_value=0, max_value=1e9))
def test_shown_duration_is_short_and_has_a_unit(seconds: float) -> None:
    """Whatever its size."""
    shown = show_duration(seconds)
    assert len(shown) <= 9
    assert shown.split()[1] in ("ms", "s", "min", "h", "d")
