"""PostgreSQL with TimescaleDB: versions, schema, size, age, and whether its clock is this machine's; and its upkeep."""

import time
from datetime import UTC, datetime

import psycopg
from psycopg.rows import DictRow, dict_row

from ctl.checks import upkeep
from ctl.checks.finding import Say, Teller, counted
from ctl.context import Database, query
from ctl.durations import show_duration
from ctl.settings import CtlSettings
from timescale import migrate

_LEAST_VERSION = 150_000
_CLOCK_S = 1.0


def connected(settings: CtlSettings) -> Database:
    """A connection for a check; use it as a context manager. psycopg's errors."""
    return psycopg.connect(
        **settings.conninfo(),  # type: ignore[arg-type]  # keywords of one dict
        autocommit=True,
        connect_timeout=5,
        application_name="iotctl doctor",
        options="-c statement_timeout=10000",
        row_factory=dict_row,
    )


def check(settings: CtlSettings, say: Say) -> None:
    """See above. psycopg's errors where the database is away or refuses the account."""
    tell = Teller("database", say)
    with connected(settings) as database:
        facts = _one(database, "doctor_database")
        _judge_versions(tell, facts, f"{settings.database_host}:{settings.database_port}")
        if facts["read_only"]:
            which = "it is a standby" if facts["standby"] else "it is set to read only"
            tell.problem(
                "writing",
                f"{which}: nothing can be written",
                "ask its primary; a provider may have stopped writes because the disk is full",
            )
        if not facts["has_schema"]:
            tell.problem("schema", "it holds no schema", "iotctl db migrate")
            return
        _judge_schema(tell, database)
        _judge_data(tell, facts, _one(database, "doctor_data"))
        _judge_clock(tell, _clock_ahead_s(database))
        upkeep.judge(tell, database, facts)


def _one(database: Database, name: str) -> DictRow:
    row = database.execute(query(name)).fetchone()
    assert row is not None
    return row


def _judge_versions(tell: Teller, facts: DictRow, where: str) -> None:
    version = str(facts["version"]).partition(" ")[0]
    if facts["timescale"] is None:
        tell.problem(
            "version", f"PostgreSQL {version} at {where} has no TimescaleDB", "python -m timescale bootstrap"
        )
    elif facts["version_number"] < _LEAST_VERSION:
        tell.problem("version", f"PostgreSQL {version} at {where} is too old", "use PostgreSQL 15 or later")
    else:
        edition = "community" if facts["license"] == "timescale" else "Apache"
        tell.ok(
            "reachable",
            f"PostgreSQL {version} with TimescaleDB {facts['timescale']}, {edition} edition, at {where}",
        )


def _judge_schema(tell: Teller, database: Database) -> None:
    applied = {row["number"]: row["checksum"] for row in database.execute(query("db_migrations")).fetchall()}
    known = {migration.number: migration for migration in migrate.available()}
    missing = sorted(known.keys() - applied.keys())
    changed = [
        number
        for number, migration in known.items()
        if applied.get(number, migration.checksum) != migration.checksum
    ]
    if missing:
        named = ", ".join(f"{number:04} {known[number].name}" for number in missing)
        tell.problem("schema", f"migrations are missing: {named}", "iotctl db migrate")
    elif changed:
        tell.problem(
            "schema",
            f"migration {changed[0]:04} is not the one that was applied",
            "use the version that fits",
        )
    elif applied.keys() - known.keys():
        tell.warning("schema", f"the schema is newer ({max(applied):04}) than this iotctl", "upgrade iotctl")
    else:
        tell.ok("schema", f"all {len(known)} migrations are applied")


def _judge_data(tell: Teller, facts: DictRow, data: DictRow) -> None:
    size = f"{facts['bytes'] / 1e9:,.2f} GB"
    if not data["batches"]:
        tell.ok("data", f"{size}, no measurements yet")
        return
    now = datetime.now(UTC)
    newest = show_duration(max(0.0, (now - data["newest"]).total_seconds()))
    oldest = (
        ""
        if data["oldest"] is None
        else f", the oldest chunk begins {show_duration((now - data['oldest']).total_seconds())} ago"
    )
    tell.ok(
        "data",
        f"{size}, {data['batches']:,} batches in {counted(data['chunks'], 'chunk')}; the newest sample is {newest} old{oldest}",
    )


def _judge_clock(tell: Teller, ahead_s: float) -> None:
    apart = show_duration(abs(ahead_s))
    if abs(ahead_s) > _CLOCK_S:
        which = "ahead of" if ahead_s > 0 else "behind"
        tell.problem(
            "clock",
            f"its clock is {apart} {which} this machine's",
            "let NTP set both: latencies and ages are wrong",
        )
    else:
        tell.ok("clock", f"its clock agrees with this machine's, to {apart}")


def _clock_ahead_s(database: Database) -> float:
    """The database's clock less this machine's in the middle of the question: the quickest of three counts."""
    best, ahead = float("inf"), 0.0
    for _ in range(3):
        before = time.time()
        row = database.execute(
            "SELECT extract(epoch FROM clock_timestamp())::double precision AS now"
        ).fetchone()
        after = time.time()
        assert row is not None
        if after - before < best:
            best, ahead = after - before, row["now"] - (before + after) / 2
    return ahead
