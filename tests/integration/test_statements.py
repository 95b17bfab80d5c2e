"""Snapshots of what statements cost, on the real TimescaleDB: what happened in each interval, whatever was reset."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from stack.local import Stack
from tests.integration.own_database import OwnDatabase, own_database
from tests.integration.pipeline import Database, wait_for

SERIES = "SELECT time, calls, rows, cpu_s, disk_read_bytes FROM statement_activity('-infinity', 'infinity')"


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[OwnDatabase]:
    with own_database(stack, "statements") as one:
        yield one


@pytest.fixture
def owner(database: OwnDatabase) -> Iterator[Database]:
    """With no snapshots yet, and no counters."""
    with database.connect() as connection, database.connect("superuser") as superuser:
        superuser.execute(
            "TRUNCATE statement, statement_snapshot, database_snapshot, connection_snapshot, table_snapshot"
        )
        superuser.execute("SELECT pg_stat_statements_reset(), pg_stat_kcache_reset()")
        yield connection


@pytest.fixture
def superuser(database: OwnDatabase) -> Iterator[Database]:
    with database.connect("superuser") as connection:
        yield connection


def take(owner: Database, most: int = 100) -> tuple[Any, ...]:
    row = owner.execute("SELECT * FROM take_database_snapshot(most => %s)", [most]).fetchone()
    assert row is not None
    return row


def activity(owner: Database, text: str) -> list[tuple[Any, ...]]:
    """calls and rows of each interval in which statements ran that contain this."""
    return owner.execute(
        "SELECT sum(calls)::int, sum(rows)::int FROM statement_overview WHERE text LIKE %s GROUP BY time ORDER BY time",
        [f"%{text}%"],
    ).fetchall()


def run(owner: Database, times: int) -> None:
    """A statement of two rows; without a constant in the name it is one entry."""
    for _ in range(times):
        owner.execute("SELECT marked FROM generate_series(1, 2) AS marked")


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


def counters(
    owner: Database, minutes: int, statement: int, calls: int, epoch: int = 0, cpu_s: float | None = 0.0
) -> None:
    """A row as a snapshot writes it, minutes after noon; its counters began at hour `epoch` of that day."""
    owner.execute(
        "INSERT INTO statement_snapshot SELECT t, %(statement)s, e, %(calls)s, %(calls)s, %(calls)s, 0, 0, 0, 0, 0, 0,"
        " 0, 0, 0, CASE WHEN %(cpu)s::float IS NOT NULL THEN e END, %(cpu)s, CASE WHEN %(cpu)s::float IS NOT NULL"
        " THEN 0 END, %(calls)s, 0"
        " FROM (SELECT timestamptz '2024-03-01 12:00Z' + make_interval(mins => %(minutes)s) AS t,"
        " timestamptz '2024-03-01 00:00Z' + make_interval(hours => %(epoch)s) AS e) x",
        {"minutes": minutes, "statement": statement, "calls": calls, "epoch": epoch, "cpu": cpu_s},
    )


def snapshots(owner: Database, *minutes: int) -> int:
    """Intervals that end then; the id of a statement."""
    for minute in minutes:
        owner.execute(
            "INSERT INTO database_snapshot SELECT timestamptz '2024-03-01 12:00Z' + make_interval(mins => %s),"
            " true, 1, 0, NULL, 100, NULL, 0, 0, 1, %s, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0",
            [minute, minute],
        )
    row = owner.execute(
        "INSERT INTO statement (role_id, queryid, role_name, text) SELECT 1, 1 + count(*), 'nobody', 'SELECT' FROM"
        " statement RETURNING id"
    ).fetchone()
    assert row is not None
    return int(row[0])


def minutes_and_calls(owner: Database, begin: int = -10_000, end: int = 10_000) -> list[tuple[Any, ...]]:
    return owner.execute(
        "SELECT (extract(epoch FROM time - '2024-03-01 12:00Z') / 60)::int, (seconds / 60)::int, calls,"
        " round(cpu_s::numeric, 3)::float FROM statement_activity("
        " timestamptz '2024-03-01 12:00Z' + make_interval(mins => %s),"
        " timestamptz '2024-03-01 12:00Z' + make_interval(mins => %s)) ORDER BY time",
        [begin, end],
    ).fetchall()


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


SECRET = "pass" + "word-that-nobody-reads"
UTILITIES = (
    "ALTER ROLE streaming_statements PASSWORD '{0}'",
    "/* SELECT */ CREATE ROLE streaming_statements_2 PASSWORD '{0}'",
    "-- select\nALTER ROLE streaming_statements PASSWORD '{0}'",
    "SET application_name = '{0}'",
    "COPY (SELECT '{0}') TO PROGRAM 'cat > /dev/null; true {0}'",
    "COPY pg_temp.secrets FROM PROGRAM 'echo {0}'",
    "DO $$ BEGIN PERFORM '{0}'; END $$",
    "SELECT '{0}'",
    "WITH a AS (SELECT '{0}' AS x) SELECT * FROM a WHERE x = '{0}'",
    "CREATE TEMP TABLE secret_copy AS SELECT '{0}' AS x",
    "EXPLAIN SELECT '{0}'",
    "COMMENT ON ROLE streaming_statements IS '{0}'",
)


def test_no_password_is_kept(owner: Database, superuser: Database) -> None:
    """Of commands only the first words; of queries no constants. pg_stat_statements itself has them: that is the test."""
    superuser.execute("CREATE ROLE streaming_statements; CREATE TEMP TABLE secrets (line text)")
    try:
        for statement in UTILITIES:
            superuser.execute(statement.format(SECRET))
        told = superuser.execute(
            "SELECT count(*) FROM pg_stat_statements WHERE query LIKE %s", [f"%{SECRET}%"]
        )
        assert told.fetchone() != (0,)
        take(owner)
        texts = [text for (text,) in owner.execute("SELECT text FROM statement").fetchall()]
        assert not [text for text in texts if SECRET in text]
        assert {"ALTER ROLE …", "CREATE ROLE …", "SET …", "COPY …", "DO …"} <= set(texts)
    finally:
        superuser.execute("DROP ROLE IF EXISTS streaming_statements, streaming_statements_2")


def test_passwords_of_roles_are_told_to_nobody(
    stack: Stack, database: OwnDatabase, superuser: Database
) -> None:
    """Bootstrap sets them, and they work; the statistics of statements have neither them nor what they are checked by."""
    superuser.execute("SELECT pg_stat_statements_reset()")
    database.make()
    known = {password for name, password in stack.passwords.items() if name.startswith("database/")}
    texts = [text for (text,) in superuser.execute("SELECT query FROM pg_stat_statements").fetchall()]
    assert any("pg_roles" in text for text in texts)
    assert not [text for text in texts if "SCRAM-SHA-256" in text or any(word in text for word in known)]
    database.connect("readonly").close()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("SELECT 1", "SELECT 1"),
        ("  -- why\n /* because * of ** this */ ((select 1)", None),
        ("COPY measurement_batch FROM STDIN (FORMAT BINARY)", None),
        ('copy public."a b" (x, y) from stdin', "COPY public …"),
        ("COPY t FROM STDIN_secret", "COPY t …"),
        ("COPY t FROM '/etc/passwd'", "COPY t …"),
        ("MERGE INTO a USING b ON true WHEN MATCHED THEN DELETE", None),
        ("selection of 'x'", "SELECTION OF …"),
        ("CALL 'x'", "CALL …"),
        ("", " …"),
        ("NOTIFY " + "x" * 3_000, "NOTIFY " + "X" * 93 + " …"),
        ("/* open comment SELECT 'x'", " …"),
        ("SELECT " + "x" * 3_000, "SELECT " + "x" * 1_993),
    ],
)
def test_shown_statement_is_a_query_or_the_first_words(
    owner: Database, query: str, shown: str | None
) -> None:
    """None: as it is."""
    row = owner.execute("SELECT shown_statement(%s)", [query]).fetchone()
    assert row is not None
    if shown is not None and shown.startswith(("COPY", "SELECTION")):
        assert row[0].casefold() == shown.casefold()
    else:
        assert row[0] == (query if shown is None else shown)


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


def rows_written(owner: Database) -> tuple[int, int]:
    """Inserted and deleted, by whomever."""
    row = owner.execute(
        "SELECT coalesce(sum(rows_inserted), 0)::int, coalesce(sum(rows_deleted), 0)::int"
        " FROM database_activity('-infinity', 'infinity')"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


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


def test_bounds_that_make_no_sense_are_refused(owner: Database) -> None:
    """Nothing is taken, nothing goes."""
    for arguments in ("keep => '0'", "keep => '-1 day'", "most => 0"):
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            owner.execute(f"SELECT take_database_snapshot({arguments})")
