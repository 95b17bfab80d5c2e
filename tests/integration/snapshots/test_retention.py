"""How many snapshots of statements are kept, and for how long: thinned, forgotten, bounded, one at a time."""

import psycopg
import pytest

from tests.integration.own_database import OwnDatabase
from tests.integration.pipeline import Database
from tests.integration.snapshots.made import (
    activity,
    counters,
    minutes_and_calls,
    run,
    snapshots,
    take,
)


def test_an_hour_that_is_thinned_keeps_its_sums(owner: Database) -> None:
    """One snapshot of it stays, its last, also of what ran earlier in the hour; other hours are as they were."""
    one = snapshots(owner, *range(-60, 130))
    two = snapshots(owner)
    for minute in range(-60, 130):
        counters(owner, minute, one, 1_000 + minute)
        if minute in (-30, -20, 0, 37, 70):
            counters(owner, minute, two, 5_000 + minute)
    before = minutes_and_calls(owner)
    owner.execute("SELECT thin_statement_snapshots('2024-03-02 12:59Z')")  # the first hour is not
    assert minutes_and_calls(owner) == before
    for _ in range(2):  # the second time there is nothing left to do
        owner.execute("SELECT thin_statement_snapshots('2024-03-02 13:59Z')")
        after = minutes_and_calls(owner)
        assert sorted(row for row in after if row[0] == 59) == [(59, 60, 57, 0.0), (59, 60, 60, 0.0)]
        assert sorted(row for row in after if not 0 <= row[0] <= 59) == sorted(
            row for row in before if not 0 <= row[0] <= 59
        )
        assert sum(row[2] for row in after) == sum(row[2] for row in before)


def test_what_is_older_than_kept_goes(owner: Database) -> None:
    """Snapshots of every kind, and texts of statements that have not run for so long."""
    run(owner, 1)
    take(owner)
    for table in ("statement_snapshot", "database_snapshot", "connection_snapshot", "table_snapshot"):
        owner.execute(f"UPDATE {table} SET time = time - INTERVAL '15 days'")
    one = snapshots(owner)
    counters(owner, 0, one, 1)
    take(owner)
    for table in ("statement_snapshot", "database_snapshot", "connection_snapshot", "table_snapshot"):
        [(count, oldest)] = owner.execute(
            f"SELECT count(*), extract(epoch FROM now() - min(time))::float FROM {table}"
        ).fetchall()
        assert count > 0, table
        assert oldest < 60, table
    assert owner.execute("SELECT count(*) FROM statement WHERE id = %s", [one]).fetchone() == (0,)
    run(owner, 3)
    take(owner)
    assert activity(owner, "marked") == [(3, 6)]  # it was taken up again, to count from


def test_snapshots_from_the_future_go(owner: Database) -> None:
    """The server's clock was set back: no interval begins after its end."""
    take(owner)
    for table in ("statement_snapshot", "database_snapshot", "connection_snapshot", "table_snapshot"):
        owner.execute(f"UPDATE {table} SET time = time + INTERVAL '1 hour'")
    take(owner)
    assert owner.execute("SELECT count(*) FROM database_snapshot").fetchone() == (1,)


def test_beyond_the_bound_the_cheapest_wait_for_a_later_snapshot(owner: Database) -> None:
    """They are counted as left out, and lose nothing."""
    take(owner)
    run(owner, 5)
    for index in range(6):
        owner.execute(f"SELECT pg_sleep(0.01) AS dear{index * ', 1'}")  # another name alone is the same entry
    _, statements, left_out, _ = take(owner, most=6)
    assert statements == 6
    assert left_out >= 1
    assert activity(owner, "marked") == []
    assert activity(owner, "dear")[0][0] >= 5
    take(owner)
    assert activity(owner, "marked") == [(5, 10)]


def test_beyond_ten_thousand_texts_new_statements_wait(owner: Database) -> None:
    """They are counted as left out; when old ones have been forgotten they come."""
    take(owner)
    owner.execute(
        "WITH k AS (INSERT INTO statement (role_id, queryid, role_name, text) SELECT 1, i, 'nobody', 'x'"
        " FROM generate_series(1, 9990) i RETURNING id)"
        " INSERT INTO statement_snapshot SELECT now() - INTERVAL '13 days', id, now() - INTERVAL '20 days', 1, 1, 1, 0,"
        " 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL FROM k"
    )
    for index in range(20):
        owner.execute(f"SELECT 'new'{index * ', 1'}")
    _, _, left_out, _ = take(owner)
    assert left_out >= 10
    assert owner.execute("SELECT count(*) FROM statement").fetchone() == (10_000,)
    owner.execute(
        "UPDATE statement_snapshot SET time = time - INTERVAL '2 days' WHERE time < now() - INTERVAL '1 day'"
    )
    assert take(owner)[2] == 0


def test_only_one_snapshot_is_taken_at_a_time(owner: Database, database: OwnDatabase) -> None:
    """Whoever comes meanwhile takes none and does not wait."""
    with database.connect() as other, other.transaction():
        assert take(other)[0] is True
        assert take(owner)[0] is False
    assert owner.execute("SELECT count(*) FROM database_snapshot").fetchone() == (1,)


def test_bounds_that_make_no_sense_are_refused(owner: Database) -> None:
    """Nothing is taken, nothing goes."""
    for arguments in ("keep => '0'", "keep => '-1 day'", "most => 0"):
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            owner.execute(f"SELECT take_database_snapshot({arguments})")
