"""Snapshots of what statements cost, on the real TimescaleDB: what happened in each interval, whatever was reset."""

import pytest

from stack.local import Stack
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

SERIES = "SELECT time, calls, rows, cpu_s, disk_read_bytes FROM statement_activity('-infinity', 'infinity')"


def test_activity_is_what_ran_between_two_snapshots(owner: Database) -> None:
    """Calls and rows to the unit; where it did not run there is no row; what ran before the first counts nowhere."""
    run(owner, 5)
    take(owner)
    run(owner, 3)
    take(owner)
    take(owner)
    run(owner, 2)
    take(owner)
    assert activity(owner, "marked") == [(3, 6), (2, 4)]


def test_statement_that_is_new_counts_from_its_first_call(owner: Database) -> None:
    """Its entry began after somebody had begun to count."""
    take(owner)
    run(owner, 4)
    take(owner)
    assert activity(owner, "marked") == [(4, 8)]


def test_interval_is_as_long_as_the_time_between_its_snapshots(owner: Database) -> None:
    """A snapshot that was missed makes it longer, not denser."""
    take(owner)
    owner.execute("UPDATE database_snapshot SET time = time - INTERVAL '1 hour'")
    owner.execute("UPDATE statement_snapshot SET time = time - INTERVAL '1 hour'")
    run(owner, 36)
    take(owner)
    [(seconds, rate)] = owner.execute(
        "SELECT seconds, calls_per_s FROM statement_overview WHERE text LIKE '%marked%'"
    ).fetchall()
    assert seconds == pytest.approx(3600, abs=5)
    assert rate == pytest.approx(0.01, rel=0.01)


def test_reset_counts_only_what_ran_after_it(owner: Database, superuser: Database) -> None:
    """The counter is higher than before it, so only its beginning tells."""
    run(owner, 1)
    take(owner)
    superuser.execute("SELECT pg_stat_statements_reset()")
    run(owner, 7)
    take(owner)
    run(owner, 1)
    take(owner)
    assert activity(owner, "marked") == [(7, 14), (1, 2)]


def test_restart_keeps_what_was_counted_and_a_crash_forgets_it(stack: Stack, database: OwnDatabase) -> None:
    """pg_stat_statements saves its counters at a clean stop only: afterwards nothing is negative or counted twice."""
    for stop, found in ((stack.restart, 5), (stack.kill, 3)):
        with database.connect() as owner, database.connect("superuser") as superuser:
            superuser.execute("TRUNCATE statement, statement_snapshot, database_snapshot")
            run(owner, 2)
            take(owner)
            run(owner, 2)
        stop("postgres")
        stack.servers["postgres"].stop()
        stack.restart("postgres")
        with database.connect() as owner:
            run(owner, 3)
            take(owner)
            assert activity(owner, "marked") == [(found, 2 * found)]


def test_statement_that_rested_is_counted_from_its_last_row(owner: Database) -> None:
    """However long ago that is; and the interval is the last minute, in which it ran, not all the time it rested."""
    one = snapshots(owner, *range(100))
    counters(owner, 1, one, 10, cpu_s=1.0)
    counters(owner, 90, one, 15, cpu_s=1.5)
    assert minutes_and_calls(owner, 80, 95) == [(90, 1, 5, 0.5)]


def test_window_holds_its_end_and_not_its_beginning(owner: Database) -> None:
    """Windows side by side give every call once."""
    one = snapshots(owner, *range(6))
    for minute in range(6):
        counters(owner, minute, one, 2**minute)
    assert [calls for _, _, calls, _ in minutes_and_calls(owner)] == [1, 2, 4, 8, 16]
    pieces = [minutes_and_calls(owner, minute, minute + 1) for minute in range(-1, 6)]
    assert [calls for piece in pieces for _, _, calls, _ in piece] == [1, 2, 4, 8, 16]


def test_counters_that_began_anew_count_whole(owner: Database) -> None:
    """An entry that was evicted and came again: by its beginning, or where there is none by counting down."""
    one = snapshots(owner, 0, 1, 2, 3)
    counters(owner, 0, one, 100, cpu_s=9.0)
    counters(owner, 1, one, 300, epoch=12, cpu_s=0.25)
    counters(owner, 2, one, 7, epoch=12, cpu_s=0.125)
    counters(owner, 3, one, 8, epoch=12, cpu_s=0.5)
    assert minutes_and_calls(owner) == [(1, 1, 300, 0.25), (2, 1, 7, 0.125), (3, 1, 1, 0.375)]


def test_cpu_is_unknown_where_nobody_measured_it(owner: Database) -> None:
    """pg_stat_kcache that comes later: not before its own first interval."""
    one = snapshots(owner, 0, 1, 2, 3)
    counters(owner, 0, one, 1, cpu_s=None)
    counters(owner, 1, one, 2, cpu_s=None)
    counters(owner, 2, one, 3, cpu_s=5.0)  # since before the snapshot before
    counters(owner, 3, one, 4, cpu_s=6.0)
    assert minutes_and_calls(owner) == [(1, 1, 1, None), (2, 1, 1, None), (3, 1, 1, 1.0)]


def test_without_pg_stat_kcache_everything_else_is_there(owner: Database, superuser: Database) -> None:
    """CPU and device are unknown, not nought."""
    with superuser.transaction(force_rollback=True):
        superuser.execute("DROP EXTENSION pg_stat_kcache")
        take(superuser)
        run(superuser, 2)
        take(superuser)
        assert superuser.execute(
            f"SELECT calls, cpu_s, disk_read_bytes FROM ({SERIES}) a WHERE calls = 2"
        ).fetchall() == [(2, None, None)]


def test_with_pg_stat_kcache_cpu_is_measured(owner: Database) -> None:
    """A statement that computes: about as long as it took."""
    take(owner)
    owner.execute("SELECT count(*) AS computed FROM generate_series(1, 2000000)")
    take(owner)
    [(elapsed_ms, cpu_s)] = owner.execute(
        "SELECT elapsed_ms, cpu_s FROM statement_overview WHERE text LIKE '%computed%'"
    ).fetchall()
    assert elapsed_ms > 50
    assert 0.2 * elapsed_ms < 1000 * cpu_s < 1.5 * elapsed_ms


def test_what_hinders_statements_is_said_and_the_rest_is_there(owner: Database, superuser: Database) -> None:
    """The extension, or the right to see other roles' statements."""
    with superuser.transaction(force_rollback=True):
        superuser.execute("DROP EXTENSION pg_stat_kcache; DROP EXTENSION pg_stat_statements")
        assert take(superuser) == (True, None, None, "the extension pg_stat_statements is missing")
    superuser.execute("REVOKE pg_read_all_stats FROM streaming_owner")
    try:
        assert take(owner) == (True, None, None, "streaming_owner is no member of pg_read_all_stats")
    finally:
        superuser.execute("GRANT pg_read_all_stats TO streaming_owner")
    assert owner.execute("SELECT has_counters, transaction_age > 0 FROM database_snapshot").fetchall() == [
        (False, True)
    ]
    assert owner.execute("SELECT count(*) FROM table_snapshot").fetchone() != (0,)


def test_older_pg_stat_statements_is_understood(owner: Database, superuser: Database) -> None:
    """Of PostgreSQL 15: no stats_since, other names for the time of reads and writes."""
    with superuser.transaction(force_rollback=True):
        superuser.execute(
            "CREATE SCHEMA older;"
            " CREATE TABLE older.entry AS SELECT userid, dbid, toplevel, queryid, query, calls, total_exec_time, rows,"
            " shared_blks_hit, shared_blks_read, shared_blks_dirtied, shared_blks_written, temp_blks_read,"
            " temp_blks_written, shared_blk_read_time AS blk_read_time, shared_blk_write_time AS blk_write_time,"
            " wal_records, wal_bytes FROM public.pg_stat_statements LIMIT 0;"
            " CREATE VIEW older.pg_stat_statements AS TABLE older.entry;"
            " CREATE FUNCTION older.pg_stat_statements(boolean) RETURNS SETOF older.entry LANGUAGE sql AS"
            " 'TABLE older.entry';"
            " INSERT INTO older.entry SELECT 10, oid, true, 1, 'SELECT old', 5, 50, 5, 0,0,0,0,0,0, 2, 1, 0, 0"
            " FROM pg_database WHERE datname = current_database();"
            " SET LOCAL search_path = older, public"
        )
        take(superuser)
        superuser.execute("UPDATE older.entry SET calls = 9, total_exec_time = 90, blk_read_time = 4")
        take(superuser)
        superuser.execute("UPDATE older.entry SET calls = 2, total_exec_time = 20, blk_read_time = 1")
        take(superuser)
        assert superuser.execute(
            "SELECT calls, elapsed_ms, io_ms FROM statement_activity('-infinity', 'infinity') ORDER BY time"
        ).fetchall() == [(4, 40, 2), (2, 20, 2)]
