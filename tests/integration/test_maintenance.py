"""`python -m timescale maintain`: once, and as a service that outlives what the database does."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack.local import Stack
from tests.integration.own_database import OwnDatabase, own_database
from tests.integration.pipeline import Database, Service, wait_for
from timescale import maintenance

SCHEDULE = (
    (Path(maintenance.__file__).parent / "sql/schedule_snapshots.sql")
    .read_text()
    .replace("%(every_s)s", "60")
    .replace("%(keep_s)s", "{keep_s}")
)


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[OwnDatabase]:
    with own_database(stack, "maintenance") as one:
        yield one


@pytest.fixture
def owner(database: OwnDatabase) -> Iterator[Database]:
    with database.connect() as connection:
        connection.execute(
            "TRUNCATE statement, statement_snapshot, database_snapshot, connection_snapshot, table_snapshot"
        )
        yield connection


def count(owner: Database, table: str) -> int:
    row = owner.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])


def maintain(database: OwnDatabase, *arguments: str) -> str:
    """What one call says."""
    done = subprocess.run(
        [sys.executable, "-m", "timescale", "maintain", *arguments],
        env={**os.environ, **database.environment()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def service(database: OwnDatabase, owner: Database, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts it with these arguments; at the end it is stopped."""
    started: list[Service] = []

    def start(*arguments: str) -> Service:
        started.append(
            Service("maintenance", ["timescale", "maintain", *arguments], database.environment(), tmp_path)
        )
        return started[-1]

    yield start
    for one in started:
        one.stop()


def test_each_call_takes_a_snapshot(owner: Database, database: OwnDatabase) -> None:
    """The first has every statement that is known, the second those that ran since."""
    assert maintain(database).startswith("apache edition, 0 chunks dropped, a snapshot of ")
    maintain(database)
    assert count(owner, "database_snapshot WHERE has_counters") == 2
    assert count(owner, "snapshot_interval('-infinity', 'infinity')") == 1


def test_what_hinders_a_snapshot_is_said(owner: Database, database: OwnDatabase) -> None:
    """The rest is done, and the exit code is 0."""
    with database.connect("superuser") as superuser:
        superuser.execute("REVOKE pg_read_all_stats FROM streaming_owner")
        try:
            said = maintain(database)
        finally:
            superuser.execute("GRANT pg_read_all_stats TO streaming_owner")
    assert said.endswith("a snapshot without statements: streaming_owner is no member of pg_read_all_stats\n")
    assert count(owner, "database_snapshot") == 1


def test_kept_snapshots_and_chunks_have_bounds_of_their_own(owner: Database, database: OwnDatabase) -> None:
    """--keep and --keep-snapshots, each in days."""
    maintain(database)
    owner.execute("UPDATE database_snapshot SET time = time - INTERVAL '3 days'")
    owner.execute(
        "INSERT INTO sensor_log SELECT t, 0, 1, 1, 'x', 'x', 'x' FROM (VALUES (now()), (now() - INTERVAL '40 days')) v (t)"
    )
    assert maintain(database, "--keep", "30").startswith("apache edition, 1 chunks dropped")
    assert count(owner, "database_snapshot") == 2
    assert count(owner, "sensor_log") == 1
    assert maintain(database, "--keep-snapshots", "2").startswith("apache edition, 0 chunks dropped")
    assert count(owner, "database_snapshot") == 2  # the old one went, the new one came


def test_sessions_that_are_over_go(owner: Database, database: OwnDatabase) -> None:
    """The others stay."""
    owner.execute("INSERT INTO web_user (name, password_hash, role) VALUES ('maintained', 'x', 'viewer')")
    owner.execute(
        "INSERT INTO web_session (token_digest, user_id, expires_at) SELECT convert_to(word, 'UTF8'), id,"
        " now() + days * INTERVAL '1 day' FROM web_user, (VALUES ('over', -1), ('lives', 1)) v (word, days)"
    )
    try:
        maintain(database)
        rows = owner.execute("SELECT convert_from(token_digest, 'UTF8') FROM web_session").fetchall()
        assert rows == [("lives",)]
    finally:
        owner.execute("DELETE FROM web_user")


def test_scheduler_has_one_job_as_asked_for(owner: Database, database: OwnDatabase) -> None:
    """Of the community edition, whose two functions are stood in for here: they keep what they are told."""
    with database.connect("superuser") as superuser, superuser.transaction(force_rollback=True):
        superuser.execute(
            "CREATE SCHEMA scheduler;"
            " CREATE FUNCTION scheduler.add_job(proc regproc, schedule_interval interval, config jsonb DEFAULT NULL)"
            " RETURNS int LANGUAGE sql AS $$"
            "   INSERT INTO _timescaledb_config.bgw_job (application_name, schedule_interval, max_runtime, max_retries,"
            "     retry_period, proc_schema, proc_name, owner, scheduled, fixed_schedule, config)"
            "   VALUES ('x', schedule_interval, '0', 1, '1 min', 'public', proc::text, 'streaming_owner', true, true,"
            "     config) RETURNING id $$;"
            " CREATE FUNCTION scheduler.alter_job(job_id int, schedule_interval interval DEFAULT NULL,"
            "   config jsonb DEFAULT NULL) RETURNS TABLE (job_id int) LANGUAGE sql AS $$"
            "   UPDATE _timescaledb_config.bgw_job SET config = $3, schedule_interval = $2, max_retries = 99"
            "   WHERE id = $1 RETURNING id $$;"
            " SET LOCAL search_path = scheduler, public"
        )
        found = []
        for keep_s in (86_400, 86_400, 43_200):
            superuser.execute(SCHEDULE.format(keep_s=keep_s))
            found.append(
                superuser.execute(
                    "SELECT schedule_interval::text, config ->> 'keep', max_retries FROM timescaledb_information.jobs"
                    " WHERE proc_name = 'database_snapshot_job'"
                ).fetchall()
            )
        assert found == [
            [("00:01:00", "24:00:00", 1)],
            [("00:01:00", "24:00:00", 1)],  # nothing to alter
            [("00:01:00", "12:00:00", 99)],
        ]
        config = superuser.execute(
            "SELECT config::text FROM timescaledb_information.jobs WHERE proc_name = 'database_snapshot_job'"
        ).fetchone()
        superuser.execute("CALL database_snapshot_job(1, %s)", config)
        assert count(superuser, "database_snapshot") == 1


def test_as_a_service_it_takes_one_each_interval(service: Callable[..., Service], owner: Database) -> None:
    """Its metrics say when the last round ended well; SIGTERM ends it at once."""
    running = service("--every", "1").wait_ready()
    wait_for(lambda: count(owner, "database_snapshot") >= 3, 20, "three snapshots")
    assert running.metric("maintenance_snapshots_total") >= 2
    assert running.metric("maintenance_last_success_timestamp_seconds") == pytest.approx(time.time(), abs=10)
    assert running.metric("maintenance_failures_total") == 0
    assert running.metric("maintenance_statements") > 0
    began = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - began < 2  # half of that ends the interpreter
    assert running.log.read_text().count('"maintained"') >= 3


def test_service_that_waits_for_a_lock_stops_at_once(
    service: Callable[..., Service], owner: Database, database: OwnDatabase
) -> None:
    """What it had begun is rolled back; the database is rid of its connection."""
    backends = "pg_stat_activity WHERE application_name = 'maintenance' AND wait_event_type = 'Lock'"
    with database.connect() as locking, locking.transaction():
        locking.execute("LOCK TABLE database_snapshot IN ACCESS EXCLUSIVE MODE")
        running = service("--every", "1")
        wait_for(lambda: count(owner, backends) == 1, 20, "a round that waits")
        began = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - began < 2
        wait_for(lambda: count(owner, backends) == 0, 5, "its connection ends")
    assert count(owner, "database_snapshot") == 0


def test_service_outlives_a_database_that_is_away(
    stack: Stack, service: Callable[..., Service], database: OwnDatabase
) -> None:
    """It is not ready meanwhile, counts its attempts, and goes on by itself."""
    running = service("--every", "1").wait_ready()
    stack.kill("postgres")
    try:
        wait_for(lambda: not running.ready(), 20, "not ready")
        wait_for(lambda: running.metric("maintenance_failures_total") >= 2, 20, "two attempts")
    finally:
        stack.servers["postgres"].stop()
        stack.restart("postgres")
    running.wait_ready()
    taken = running.metric("maintenance_snapshots_total")
    wait_for(lambda: running.metric("maintenance_snapshots_total") > taken, 20, "another snapshot")
    with database.connect() as owner:
        assert (
            count(owner, "statement_activity('-infinity', 'infinity') WHERE calls < 0 OR elapsed_ms < 0") == 0
        )


def test_round_that_the_database_refuses_is_made_again(
    service: Callable[..., Service], owner: Database
) -> None:
    """A table that is missing for a while: counted, said, and not the end."""
    owner.execute("ALTER TABLE web_session RENAME TO away")
    running = service("--every", "1")
    try:
        wait_for(lambda: 'web_session\\" does not exist' in running.log.read_text(), 20, "the refusal")
        assert not running.ready()
    finally:
        owner.execute("ALTER TABLE away RENAME TO web_session")
    running.wait_ready()
    assert running.metric("maintenance_failures_total") >= 1
