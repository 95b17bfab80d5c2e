"""Snapshots of what statements cost: taking them, making some up, and what happened between them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.integration.own_database import OwnDatabase
from tests.integration.pipeline import Database


@contextmanager
def counted_anew(database: OwnDatabase) -> Iterator[Database]:
    """As the owner: with no snapshots yet, and no counters."""
    with database.connect() as connection, database.connect("superuser") as superuser:
        superuser.execute(
            "TRUNCATE statement, statement_snapshot, database_snapshot, connection_snapshot, table_snapshot"
        )
        superuser.execute("SELECT pg_stat_statements_reset(), pg_stat_kcache_reset()")
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
