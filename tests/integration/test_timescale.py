"""The schema on the real TimescaleDB: exact times, cheap queries, least privilege, migrations."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from ingest.database import query
from stack.local import Stack
from stack.servers import Postgres
from tests.integration.pipeline import Database, connect
from timescale import migrate

DAY = datetime(2024, 2, 29, tzinfo=UTC)
HOURS = 24


@pytest.fixture(scope="module")
def owner(stack: Stack) -> Iterator[Database]:
    with connect(stack, "owner") as connection:
        yield connection


@pytest.fixture
def superuser(stack: Stack) -> Iterator[Database]:
    postgres = stack.servers["postgres"]
    assert isinstance(postgres, Postgres)
    with psycopg.connect(**postgres.conninfo("sensor_streaming"), autocommit=True) as connection:  # type: ignore[arg-type]  # keywords of one dict
        yield connection


def insert(
    owner: Database, serial: str, start_ns: int, samples: list[float], frequency_hz: float, sequence: int = 0
) -> None:
    """One batch, and what the ingester notes with it."""
    length = timedelta(seconds=len(samples) / frequency_hz)
    owner.execute(
        "INSERT INTO sensor (serial_number, longest_batch) VALUES (%s, %s) ON CONFLICT (serial_number)"
        " DO UPDATE SET longest_batch = greatest(sensor.longest_batch, excluded.longest_batch)",
        [serial, length],
    )
    owner.execute(
        "INSERT INTO measurement_batch SELECT nanoseconds_to_time(%s), %s, id, 0, 1, %s, %s, %s, 0, 0, 0, 0, %s"
        " FROM sensor WHERE serial_number = %s",
        [start_ns, start_ns, sequence, frequency_hz, len(samples), samples, serial],
    )


def samples(database: Database, serial: str, begin: datetime, end: datetime) -> list[tuple[int, float]]:
    return database.execute("SELECT time_ns, value FROM samples(%s, %s, %s)", [serial, begin, end]).fetchall()


def to_ns(when: datetime) -> int:
    return int((when - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) * 1000


@pytest.mark.parametrize("frequency_hz", [3.0, 44_100.0, 12_345.678, 1e6, 2e8 / 3, 4e8])
def test_times_of_samples_are_those_of_the_formula(owner: Database, frequency_hz: float) -> None:
    """Python's round and PostgreSQL's agree, also where a time falls between two nanoseconds (4e8 Hz: 2.5 ns)."""
    serial = f"formula-{frequency_hz:.0f}"
    start = to_ns(DAY) + 987_654_321
    insert(owner, serial, start, [float(i) for i in range(1_000)], frequency_hz)
    found = samples(owner, serial, DAY, DAY + timedelta(hours=1))
    assert found == [(start + round(i * 1e9 / frequency_hz), float(i)) for i in range(1_000)]


def test_time_is_the_nanoseconds_floored_to_a_microsecond(owner: Database) -> None:
    """Over centuries: no digit is lost in a double."""
    for ns in (
        0,
        999,
        1_000,
        1_577_836_800_123_456_789,
        4_102_444_799_999_999_999,
        9_223_372_036_854_775_807,
    ):
        row = owner.execute("SELECT extract(epoch FROM nanoseconds_to_time(%s)) * 1000000", [ns]).fetchone()
        assert row is not None
        assert int(row[0]) == ns // 1000
    row = owner.execute("SELECT time_to_nanoseconds('2031-05-06 07:08:09.123457Z')").fetchone()
    assert row == (to_ns(datetime(2031, 5, 6, 7, 8, 9, 123_457, UTC)),)


def test_window_holds_its_beginning_and_not_its_end(owner: Database) -> None:
    """In the middle of batches; windows side by side give every sample once."""
    for sequence in range(3):
        insert(
            owner,
            "window-1",
            to_ns(DAY) + sequence * 10**9,
            [float(sequence * 10 + i) for i in range(10)],
            10.0,
            sequence,
        )
    begin, end = DAY + timedelta(seconds=0.5), DAY + timedelta(seconds=2.3)
    assert [value for _, value in samples(owner, "window-1", begin, end)] == [float(i) for i in range(5, 23)]
    pieces = [
        value
        for piece in range(30)
        for _, value in samples(
            owner, "window-1", DAY + timedelta(seconds=piece / 10), DAY + timedelta(seconds=(piece + 1) / 10)
        )
    ]
    assert pieces == [float(i) for i in range(30)]


def test_samples_of_a_sensor_that_is_none_are_none(owner: Database) -> None:
    """No error: it may measure later."""
    assert samples(owner, "nobody-1", DAY, DAY + timedelta(days=1)) == []


def test_samples_read_only_the_chunks_of_their_window(owner: Database, superuser: Database) -> None:
    """An hour out of a day: at most two of the twelve chunks of two hours."""
    for hour in range(HOURS):
        insert(owner, "pruned-1", to_ns(DAY + timedelta(days=9, hours=hour)), [1.0] * 100, 1.0, hour)
    owner.execute("ANALYZE measurement_batch")
    plans: list[str] = []
    superuser.add_notice_handler(lambda notice: plans.append(notice.message_primary or ""))
    superuser.execute("LOAD 'auto_explain'")
    superuser.execute(
        "SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on;"
        " SET auto_explain.log_level = 'NOTICE'"
    )
    begin = DAY + timedelta(days=9, hours=5)
    assert len(samples(superuser, "pruned-1", begin, begin + timedelta(hours=1))) == 100
    [plan] = [plan for plan in plans if "unnest" in plan and "_chunk" in plan]
    chunks = {
        word
        for word in plan.replace('"', " ").split()
        if word.startswith("_hyper_") and word.endswith("_chunk")
    }
    assert 1 <= len(chunks) <= 2


ALLOWED: dict[str, list[str]] = {
    "ingest": [
        "INSERT INTO sensor (serial_number) VALUES ('role-1')",
        "UPDATE sensor SET hardware = 'x' WHERE serial_number = 'role-1'",
        "INSERT INTO stream_offset (stream, next_offset) VALUES ('role', 1)",
        "CREATE TEMP TABLE staging (a int)",
    ],
    "control": [
        "SELECT count(*) FROM measurement_batch",
        "SELECT * FROM command_overview",
        "INSERT INTO target (name, description, shaft_height_mm) VALUES ('role-target', 'pump', 160)",
        "DELETE FROM target WHERE name = 'role-target'",
    ],
    "alarms": ["SELECT * FROM sensor_overview", "SELECT * FROM samples('role-1', now(), now())"],
    "readonly": [
        "SELECT * FROM measurement LIMIT 1",
        "SELECT * FROM samples('role-1', now(), now())",
        "SELECT * FROM command_overview",
        "SELECT maximum_sample_frequency_hz, session, born_at, latency, target FROM sensor_overview",
    ],
}
FORBIDDEN: dict[str, list[str]] = {
    "ingest": [
        "DELETE FROM measurement_batch",
        "UPDATE measurement_batch SET rms = 0",
        "TRUNCATE sensor CASCADE",
        "DROP TABLE sensor_log",
        "CREATE TABLE mine (a int)",
        "INSERT INTO target (name) VALUES ('x')",
    ],
    "control": [
        "INSERT INTO sensor (serial_number) VALUES ('x')",
        "DELETE FROM command",
        "INSERT INTO command (id, sensor_id) VALUES (gen_random_uuid(), 1)",  # it gives them; ingest records them
        "CREATE TABLE mine (a int)",
    ],
    "alarms": ["INSERT INTO sensor (serial_number) VALUES ('x')", "UPDATE stream_offset SET next_offset = 0"],
    "readonly": [
        "INSERT INTO sensor (serial_number) VALUES ('x')",
        "DELETE FROM sensor",
        "CREATE TABLE mine (a int)",
        "CREATE TEMP TABLE mine (a int)",
    ],
}


@pytest.mark.parametrize("role", ALLOWED)
def test_role_may_do_its_work_and_nothing_else(stack: Stack, role: str) -> None:
    """Statement by statement, rolled back."""
    with connect(stack, role) as connection:
        with connection.transaction(force_rollback=True):
            for statement in ALLOWED[role]:
                connection.execute(statement)
        for statement in FORBIDDEN[role]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_sensor_sits_on_one_target_at_a_time(owner: Database) -> None:
    """The overview names it; where it sat before stays known."""
    with owner.transaction(force_rollback=True):
        owner.execute("INSERT INTO sensor (serial_number) VALUES ('sitting-1')")
        owner.execute("INSERT INTO target (name) VALUES ('press 1'), ('press 2')")
        assign = (
            "INSERT INTO sensor_target (sensor_id, target_id, assigned_at) SELECT s.id, t.id, clock_timestamp()"
            " FROM sensor s, target t WHERE s.serial_number = 'sitting-1' AND t.name = %s"
        )

        def current() -> object:
            return owner.execute(
                "SELECT target FROM sensor_overview WHERE serial_number = 'sitting-1'"
            ).fetchall()

        assert current() == [(None,)]
        owner.execute(assign, ["press 1"])
        assert current() == [("press 1",)]
        with pytest.raises(psycopg.errors.UniqueViolation), owner.transaction():
            owner.execute(assign, ["press 2"])
        owner.execute("UPDATE sensor_target SET removed_at = now() WHERE removed_at IS NULL")
        owner.execute(assign, ["press 2"])
        assert current() == [("press 2",)]


def test_latency_is_from_the_newest_sample_to_when_it_was_written(owner: Database) -> None:
    """A batch that is resent, and older, says nothing of it."""
    with owner.transaction(force_rollback=True):
        owner.execute("INSERT INTO sensor (serial_number) VALUES ('latent-1')")
        row = owner.execute("SELECT id FROM sensor WHERE serial_number = 'latent-1'").fetchone()
        assert row is not None

        def latency_s(sequence: int, age_s: float) -> float:
            moment = "time_to_nanoseconds(clock_timestamp() - make_interval(secs => %s))"
            row_ns = owner.execute(f"SELECT {moment}", [age_s]).fetchone()
            assert row_ns is not None
            columns = [[row[0]], [1], [sequence], [1], [10], [row_ns[0]], [row_ns[0]]]
            owner.execute(query("upsert_sessions"), columns)
            found = owner.execute(
                "SELECT extract(epoch FROM latency) FROM sensor_overview WHERE serial_number = 'latent-1'"
            ).fetchone()
            assert found is not None
            return float(found[0])

        assert latency_s(0, 5.0) == pytest.approx(5.0, abs=1)
        fresh = latency_s(2, 0.5)
        assert fresh == pytest.approx(0.5, abs=0.4)
        assert latency_s(1, 30.0) == fresh


def test_migrations_applied_again_do_nothing(stack: Stack) -> None:
    """Every start tries."""
    assert migrate.apply(stack.conninfo("owner")) == []
    assert migrate.pending(stack.conninfo("owner")) == []


def changed(monkeypatch: pytest.MonkeyPatch, migrations: list[migrate.Migration]) -> None:
    monkeypatch.setattr(migrate, "available", lambda: migrations)


def test_migration_changed_after_it_was_applied_is_refused(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be in one database and not in another."""
    first, *rest = migrate.available()
    changed(monkeypatch, [first._replace(statements=b"SELECT 1"), *rest])
    with pytest.raises(migrate.MigrationError, match=r"migration 1 \(schema\) was changed"):
        migrate.apply(stack.conninfo("owner"))


def test_database_newer_than_this_version_is_refused(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a downgrade."""
    changed(monkeypatch, migrate.available()[:-1])
    with pytest.raises(migrate.MigrationError, match="the database is newer"):
        migrate.apply(stack.conninfo("owner"))


def test_migration_that_fails_leaves_nothing(
    stack: Stack, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had done before the mistake is undone; what came before it stays."""
    known = migrate.available()
    number = len(known) + 1
    bad = migrate.Migration(number, "bad", b"CREATE TABLE half_done (a int); SELECT no_such_function();")
    changed(monkeypatch, [*known, bad])
    with pytest.raises(psycopg.errors.UndefinedFunction):
        migrate.apply(stack.conninfo("owner"))
    assert owner.execute("SELECT to_regclass('half_done')").fetchone() == (None,)
    assert [migration.name for migration in migrate.pending(stack.conninfo("owner"))] == ["bad"]
