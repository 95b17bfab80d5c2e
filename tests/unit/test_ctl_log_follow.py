"""Following log lines: those that commit late or out of order are shown once."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ctl.log_follow import LOOK_BACK, Follower, Key

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def row(seconds: float, number: int = 0) -> dict[str, Any]:
    return {"written_at": NOW + timedelta(seconds=seconds), "time_ns": number, "digest": b"", "sensor_id": 1}


def page(table: list[dict[str, Any]], follower: Follower, limit: int = 1_000) -> list[dict[str, Any]]:
    """What the database would answer."""
    rows = sorted((one for one in table if Key.of(one) > follower.position), key=Key.of)
    return rows[:limit]


def test_fresh_of_a_line_that_was_shown_is_empty() -> None:
    """Each look goes back, and shows nothing again."""
    follower = Follower(NOW)
    table = [row(0.1, 1)]
    assert len(follower.fresh(page(table, follower))) == 1
    follower.caught_up(NOW + timedelta(seconds=1))
    assert follower.fresh(page(table, follower)) == []


def test_fresh_of_a_transaction_that_commits_late_shows_its_lines() -> None:
    """It began before what was shown, and became visible afterwards."""
    follower = Follower(NOW)
    table = [row(5, 1)]
    follower.fresh(page(table, follower))
    follower.caught_up(NOW + timedelta(seconds=5))
    table.append(row(1, 2))
    assert [one["time_ns"] for one in follower.fresh(page(table, follower))] == [2]


def test_caught_up_forgets_what_is_older_than_the_look_back() -> None:
    """So that memory holds the lines of ten seconds, however long one follows."""
    follower = Follower(NOW)
    for second in range(1_000):
        follower.fresh([row(second, second)])
        follower.caught_up(NOW + timedelta(seconds=second))
    assert len(follower._shown) <= LOOK_BACK.total_seconds() + 1


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9), st.integers(1, 3)), max_size=80),
    st.integers(1, 5),
)
def test_every_line_is_shown_once_whatever_the_order_of_commits(
    lines: list[tuple[int, int, int]], limit: int
) -> None:
    """Lines become visible up to 9 s after they were written; pages are small."""
    table = [
        (begin + delay, {**row(begin, number), "sensor_id": sensor})
        for number, (begin, delay, sensor) in enumerate(lines)
    ]
    follower = Follower(NOW)
    shown: list[int] = []
    for second in range(72):
        visible = [one for at, one in table if at <= second]
        while True:
            answer = page(visible, follower, limit)
            shown += [one["time_ns"] for one in follower.fresh(answer)]
            if len(answer) < limit:
                break
        follower.caught_up(NOW + timedelta(seconds=second))
    assert sorted(shown) == list(range(len(lines)))
