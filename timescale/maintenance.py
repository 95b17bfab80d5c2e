"""What is done to the database regularly, one round of it.

A snapshot of what it does is taken, sessions of the page that are over are ended, old chunks are dropped. On the
community edition snapshots are a job of TimescaleDB's scheduler, and chunks are compressed.
"""

import asyncio
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, Final, NamedTuple

import psycopg

from timescale.bootstrap import Conninfo

Connection = psycopg.AsyncConnection[tuple[Any, ...]]

HYPERTABLES: Final = ("measurement_batch", "position", "sensor_log")
KEEP_SNAPSHOTS_DAYS: Final = 14.0
SNAPSHOT_S: Final = 60.0  # of the scheduler's job, where no round says otherwise
_DAY_S: Final = 86_400.0
_LOCK_MS: Final = 30_000  # dropping a chunk waits for its readers, and others wait behind it


class Plan(NamedTuple):
    """What to do: how long measurements (None: for ever) and snapshots are kept, how often snapshots are taken."""

    keep_days: float | None = None
    keep_snapshots_days: float = KEEP_SNAPSHOTS_DAYS
    every_s: float = SNAPSHOT_S


class Snapshot(NamedTuple):
    """What was taken: statements that ran, how many of them wait for a later one, why there are none."""

    taken: bool
    statements: int | None
    left_out: int | None
    problem: str | None


class Report(NamedTuple):
    """What one round did; `snapshot` is None where the scheduler takes them."""

    edition: str
    snapshot: Snapshot | None
    ended_sessions: int
    dropped_chunks: Sequence[str]


def maintain(
    owner: Conninfo, keep_days: float | None, keep_snapshots_days: float = KEEP_SNAPSHOTS_DAYS
) -> Report:
    """One round. psycopg's errors where that fails; what was done before stays done."""

    async def once() -> Report:
        async with await connect(owner) as connection:
            return await one_round(connection, Plan(keep_days, keep_snapshots_days))

    return asyncio.run(once())


async def connect(owner: Conninfo) -> Connection:
    """A connection in autocommit mode. psycopg.OperationalError."""
    return await psycopg.AsyncConnection.connect(
        **{"connect_timeout": 5, "application_name": "maintenance", **owner},  # type: ignore[arg-type]  # keywords of one dict
        autocommit=True,
        options=f"-c lock_timeout={_LOCK_MS} -c client_min_messages=warning",
    )


async def one_round(connection: Connection, plan: Plan) -> Report:
    """Everything that is due. psycopg's errors; each step is committed by itself."""
    edition = str((await _rows(connection, "edition"))[0][0])
    keep_s = plan.keep_snapshots_days * _DAY_S
    snapshot = None
    if edition == "community":
        await connection.execute(resources.files("timescale").joinpath("community.sql").read_bytes())
        await _rows(connection, "schedule_snapshots", keep_s=keep_s, every_s=plan.every_s)
    else:
        snapshot = Snapshot(*(await _rows(connection, "take_snapshot", keep_s=keep_s))[0])
    ended = await connection.execute(_query("end_sessions"))
    dropped: list[str] = []
    if plan.keep_days is not None:
        for table in HYPERTABLES:
            chunks = await _rows(connection, "drop_chunks", table=table, keep_s=plan.keep_days * _DAY_S)
            dropped += [str(name) for (name,) in chunks]
    return Report(edition, snapshot, ended.rowcount, dropped)


@cache
def _query(name: str) -> bytes:
    return resources.files("timescale").joinpath("sql", f"{name}.sql").read_bytes()


async def _rows(connection: Connection, name: str, **parameters: object) -> list[tuple[Any, ...]]:
    return await (await connection.execute(_query(name), parameters)).fetchall()
