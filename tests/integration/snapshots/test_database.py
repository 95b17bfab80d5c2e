"""Snapshots of the database as a whole: tables, connections, activity; who sees them."""

import psycopg
import pytest

from tests.integration.own_database import OwnDatabase
from tests.integration.pipeline import Database, wait_for
from tests.integration.snapshots.made import (
    activity,
    snapshots,
    take,
)


def rows_written(owner: Database) -> tuple[int, int]:
    """Inserted and deleted, by whomever."""
    row = owner.execute(
        "SELECT coalesce(sum(rows_inserted), 0)::int, coalesce(sum(rows_deleted), 0)::int"
        " FROM database_activity('-infinity', 'infinity')"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_tables_are_measured_with_their_chunks(owner: Database) -> None:
    """A hypertable is one row; so is an ordinary table; every five minutes."""
    owner.execute(
        "INSERT INTO measurement_batch SELECT now() - i * INTERVAL '3 hours', 0, 1, 0, 1, i, 1, 1, 0, 0, 0, 0, '{0}'"
        " FROM generate_series(1, 3) i"
    )
    try:
        take(owner)
        take(owner)
        rows = owner.execute(
            "SELECT table_name, chunks, compressed_chunks, total_bytes > 0, bytes_before FROM table_snapshot"
            " WHERE table_name IN ('measurement_batch', 'sensor') ORDER BY 1"
        ).fetchall()
        assert rows == [("measurement_batch", 3, 0, True, None), ("sensor", None, None, True, None)]
        sizes = owner.execute("SELECT database_bytes > 1000000 FROM database_snapshot ORDER BY time")
        assert sizes.fetchall() == [(True,), (None,)]
    finally:
        owner.execute("TRUNCATE measurement_batch")


def test_connections_and_transactions_are_counted(owner: Database, database: OwnDatabase) -> None:
    """By role and state; a transaction that stays open is seen, and so is who waits for its lock."""
    with database.connect("control") as idle, idle.transaction():
        idle.execute("SELECT 1")
        take(owner)
    states = owner.execute(
        "SELECT role_name, state FROM connection_snapshot WHERE connections >= 1"
    ).fetchall()
    assert ("streaming_control", "idle in transaction") in states
    assert ("streaming_owner", "active") in states
    [(longest_s, waiting)] = owner.execute(
        "SELECT longest_transaction_s, waiting_for_locks FROM database_snapshot"
    ).fetchall()
    assert longest_s > 0
    assert waiting == 0


def test_database_activity_is_what_it_did_in_each_interval(owner: Database) -> None:
    """Its counters begin anew after a crash: then they count whole."""
    snapshots(owner, 0, 1, 2)
    owner.execute("UPDATE database_snapshot SET commits = 3 WHERE commits = 2")
    snapshots(owner, 3)
    owner.execute("UPDATE database_snapshot SET commits = 1 WHERE time = '2024-03-01 12:03Z'")
    assert owner.execute(
        "SELECT seconds, commits FROM database_activity('2024-03-01 12:00Z', '2024-03-01 13:00Z') ORDER BY time"
    ).fetchall() == [(60, 1), (60, 2), (60, 1)]


def test_rows_that_a_copy_writes_are_counted(owner: Database, database: OwnDatabase) -> None:
    """Into a hypertable: pg_stat_statements knows nothing of it, which is what the ingester does all day."""
    take(owner)
    with database.connect() as writer:
        with writer.cursor() as cursor, cursor.copy("COPY position FROM STDIN") as copy:
            for second in range(50):
                copy.write_row([f"2024-03-01 12:00:{second:02}Z", 1, 50.0, 8.0, 0.0, 0.0])
        writer.execute("DELETE FROM position")
    # what a connection counted is there soon after it has ended
    wait_for(lambda: take(owner) and min(rows_written(owner)) >= 50, 20, "the rows that were written", 0.2)
    assert activity(owner, "COPY position") == []


def test_readers_see_snapshots_and_take_none(owner: Database, database: OwnDatabase) -> None:
    """Whoever may look may look at all of it."""
    take(owner)
    take(owner)
    for role in ("readonly", "control", "web"):
        with database.connect(role) as reader:
            for table in ("statement_overview", "database_snapshot", "connection_snapshot", "table_snapshot"):
                assert reader.execute(f"SELECT count(*) FROM {table}").fetchone() != (0,), table
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                take(reader)


def test_job_takes_a_snapshot(owner: Database) -> None:
    """As the scheduler of TimescaleDB's community edition calls it."""
    owner.execute('CALL database_snapshot_job(1, \'{"keep": "7 days"}\')')
    assert owner.execute("SELECT has_counters FROM database_snapshot").fetchall() == [(True,)]
