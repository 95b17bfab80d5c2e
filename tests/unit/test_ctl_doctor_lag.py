"""How the doctor tells a reader that lags from one that does not move."""

import pytest

from ctl.checks import lag
from ctl.checks.lag import Lag
from ctl.stream_reader import End

ENDS = {"a": End(9, 0), "b": End(4, 0), "empty": None}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag, "PATIENCE_S", 0.05)
    monkeypatch.setattr(lag, "_LOOK_S", 0.005)


def test_reader_at_the_end_is_asked_once() -> None:
    """Also where it is beyond what the end was then."""
    asked = []
    assert lag.watch(ENDS, lambda: asked.append(1) or {"a": 12, "b": 5}) == {}  # type: ignore[func-returns-value]  # append's None
    assert len(asked) == 1


def test_reader_that_arrives_meanwhile_does_not_lag() -> None:
    """It is looked at again and again."""
    looks = iter([{"a": 8, "b": 5}, {"a": 9, "b": 5}, {"a": 10, "b": 5}])
    assert lag.watch(ENDS, lambda: next(looks)) == {}


def test_reader_that_does_not_move_is_told_from_one_that_does() -> None:
    """A stream that it has not begun counts from its first message."""
    offset = 0

    def next_offsets() -> dict[str, int]:
        nonlocal offset
        offset = min(offset + 1, 7)
        return {"a": offset}

    found = lag.watch(ENDS, next_offsets)
    assert found["b"] == Lag(5, 0)
    assert found["a"].behind == 3
    assert found["a"].per_s > 0
