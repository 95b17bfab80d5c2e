"""`iotctl doctor` of what keeps the database well: its schema's version, extensions, maintenance, jobs, log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.local import Stack
from tests.integration.doctors import told
from tests.integration.iotctl import Iotctl
from tests.integration.own_database import OwnDatabase, own_database
from tests.integration.pipeline import Database, wait_for
from timescale import migrate


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[OwnDatabase]:
    with own_database(stack, "doctor_database") as one:
        yield one


@pytest.fixture
def iotctl(stack: Stack, database: OwnDatabase, tmp_path: Path) -> Iotctl:
    one = Iotctl(stack, tmp_path)
    one.environment["STREAMING_DATABASE_NAME"] = database.name
    return one


@pytest.fixture
def superuser(database: OwnDatabase) -> Iterator[Database]:
    with database.connect("superuser") as one:
        yield one


def test_doctor_compares_the_schema_with_what_this_program_brings(
    iotctl: Iotctl, database: OwnDatabase
) -> None:
    """One migration is missing, is another one, or is newer than this program."""
    last = migrate.available()[-1]
    with database.connect() as owner:
        assert told(iotctl, "database", "schema") == [("ok", f"all {last.number} migrations are applied")]
        try:
            owner.execute("UPDATE schema_migration SET checksum = 'another' WHERE number = %s", [last.number])
            [(state, said)] = told(iotctl, "database", "schema")
            assert (state, said) == (
                "problem",
                f"migration {last.number:04} is not the one that was applied",
            )
            owner.execute("DELETE FROM schema_migration WHERE number = %s", [last.number])
            assert told(iotctl, "database", "schema") == [
                ("problem", f"migrations are missing: {last.number:04} {last.name}")
            ]
        finally:
            owner.execute("DELETE FROM schema_migration WHERE number = %s", [last.number])
            owner.execute(
                "INSERT INTO schema_migration (number, name, checksum) VALUES (%s, %s, %s)",
                [last.number, last.name, last.checksum],
            )
        owner.execute("INSERT INTO schema_migration (number, name, checksum) VALUES (999, 'later', '')")
        try:
            assert told(iotctl, "database", "schema") == [
                ("warning", "the schema is newer (0999) than this iotctl")
            ]
        finally:
            owner.execute("DELETE FROM schema_migration WHERE number = 999")


def test_doctor_compares_extensions_with_what_the_server_brings(iotctl: Iotctl, superuser: Database) -> None:
    """One that is older than its library, or is missing though it is there; well again after an update."""
    try:
        superuser.execute("DROP EXTENSION pg_stat_kcache")
        (_, missing), (_, others) = told(iotctl, "database", "extensions")
        assert missing.startswith("pg_stat_kcache: it is not installed")
        assert others.startswith("timescaledb 2.")
        superuser.execute("CREATE EXTENSION pg_stat_kcache VERSION '2.2.3'")
        (state, old), _ = told(iotctl, "database", "extensions")
        assert state == "warning"
        assert old.startswith("pg_stat_kcache is 2.2.3 in this database, and the server has")
        superuser.execute("DROP EXTENSION pg_stat_kcache; CREATE EXTENSION pg_stat_kcache")  # as is advised
        [(state, said)] = told(iotctl, "database", "extensions")
        assert (state, "pg_stat_kcache 2." in said) == ("ok", True)
    finally:
        superuser.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_kcache")


def test_doctor_tells_when_nothing_can_be_written(
    iotctl: Iotctl, database: OwnDatabase, superuser: Database
) -> None:
    """As providers do it where the disk is full."""
    superuser.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    try:
        assert told(iotctl, "database", "writing") == [
            ("problem", "it is set to read only: nothing can be written")
        ]
    finally:
        superuser.execute(f"ALTER DATABASE {database.name} RESET default_transaction_read_only")
    assert told(iotctl, "database", "writing") == []


def test_doctor_tells_when_nobody_maintains(iotctl: Iotctl, database: OwnDatabase) -> None:
    """Never yet; well after a round; too long ago, but not for who does it once a day; and how much it grows."""
    with database.connect() as owner:
        owner.execute(
            "TRUNCATE statement, statement_snapshot, database_snapshot, connection_snapshot, table_snapshot"
        )
        assert told(iotctl, "database", "maintenance") == [
            ("warning", "nobody has looked after the database yet")
        ]
        iotctl("db", "maintain")
        [(state, said)] = told(iotctl, "database", "maintenance")
        assert (state, "the last snapshot is" in said) == ("ok", True)
        owner.execute("UPDATE database_snapshot SET time = time - INTERVAL '3 h'")
        [(state, said)] = told(iotctl, "database", "maintenance")
        assert (state, "nobody has looked after the database for 3 h" in said) == ("warning", True)
        owner.execute(
            "INSERT INTO database_snapshot SELECT (jsonb_populate_record(d, jsonb_build_object("
            "'time', d.time - INTERVAL '1 day', 'database_bytes', d.database_bytes - 3000000000))).* FROM database_snapshot d"
        )
        assert [state for state, _ in told(iotctl, "database", "maintenance")] == ["ok"]
        [(state, said)] = told(iotctl, "database", "disk")
        assert (state, said.startswith("it grows by 3.00 GB a day")) == ("ok", True)


def test_doctor_names_jobs_of_the_scheduler_that_fail(iotctl: Iotctl, superuser: Database) -> None:
    """As the community edition's scheduler notes it; one that is paused, too."""
    superuser.execute(
        "INSERT INTO _timescaledb_config.bgw_job (id, application_name, schedule_interval, max_runtime, max_retries,"
        " retry_period, proc_schema, proc_name, owner, scheduled, fixed_schedule)"
        " VALUES (1999, 'doctor [1999]', '1 h', '0', 1, '1 min', 'public', 'database_snapshot_job', 'streaming_owner',"
        " true, false)"
    )
    try:
        assert [state for state, _ in told(iotctl, "database", "jobs")] == ["ok"]
        superuser.execute(
            "INSERT INTO _timescaledb_internal.bgw_job_stat VALUES (1999, now(), now(), now(), '-infinity', false, 1,"
            " '0', '0', 0, 1, 0, 1, 0, 0)"
        )
        [(state, said)] = told(iotctl, "database", "jobs")
        assert (state, "database_snapshot_job has failed the last time" in said) == ("problem", True)
        superuser.execute("UPDATE _timescaledb_internal.bgw_job_stat SET last_run_success = true")
        superuser.execute("UPDATE _timescaledb_config.bgw_job SET scheduled = false WHERE id = 1999")
        assert told(iotctl, "database", "jobs") == [("warning", "database_snapshot_job is paused")]
    finally:
        superuser.execute("DELETE FROM _timescaledb_internal.bgw_job_stat WHERE job_id = 1999")
        superuser.execute("DELETE FROM _timescaledb_config.bgw_job WHERE id = 1999")


def test_doctor_names_a_replication_slot_that_keeps_the_log(iotctl: Iotctl, superuser: Database) -> None:
    """More than max_wal_size of it, and nobody reads: the disk fills."""
    superuser.execute("ALTER SYSTEM SET max_wal_size = '32MB'")
    superuser.execute("SELECT pg_reload_conf()")
    superuser.execute("SELECT pg_create_physical_replication_slot('doctor', true)")
    try:
        assert [state for state, _ in told(iotctl, "database", "write-ahead log")] == ["ok"]
        for _ in range(6):
            superuser.execute("SELECT pg_logical_emit_message(false, 'doctor', '')")
            superuser.execute("SELECT pg_switch_wal()")
        [(state, said)] = told(iotctl, "database", "write-ahead log")
        assert (state, "the replication slot doctor keeps 0.1 GB of the log and nobody reads it" in said) == (
            "problem",
            True,
        )
    finally:
        superuser.execute("SELECT pg_drop_replication_slot('doctor')")
        superuser.execute("ALTER SYSTEM RESET max_wal_size")
        superuser.execute("SELECT pg_reload_conf()")


def test_doctor_tells_when_the_log_cannot_be_archived(
    stack: Stack, iotctl: Iotctl, database: OwnDatabase
) -> None:
    """The archive takes nothing: the disk fills, and backups end."""
    set_archive(
        stack, database, "ALTER SYSTEM SET archive_mode = 'on'", "ALTER SYSTEM SET archive_command = 'false'"
    )
    try:
        with database.connect("superuser") as superuser:
            superuser.execute("SELECT pg_logical_emit_message(false, 'doctor', '')")
            superuser.execute("SELECT pg_switch_wal()")
            wait_for(
                lambda: superuser.execute("SELECT 1 FROM pg_stat_archiver WHERE failed_count > 0").fetchone(),
                30,
                "an attempt that failed",
            )
        [(state, said)] = told(iotctl, "database", "write-ahead log")
        assert (state, "it could not be archived" in said) == ("problem", True)
    finally:
        set_archive(stack, database, "ALTER SYSTEM RESET archive_mode", "ALTER SYSTEM RESET archive_command")
    assert [state for state, _ in told(iotctl, "database", "write-ahead log")] == ["ok"]


def set_archive(stack: Stack, database: OwnDatabase, *statements: str) -> None:
    with database.connect("superuser") as superuser:
        for statement in statements:
            superuser.execute(statement)
    stack.restart("postgres")
