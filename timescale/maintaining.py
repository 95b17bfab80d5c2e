"""`python -m timescale maintain --every`: rounds of maintenance until it is stopped, whatever the database does."""

import asyncio
import time
from typing import Final

import psycopg
import structlog
from prometheus_client import Counter, Gauge

from runtime.backoff import Backoff
from runtime.health import Health
from timescale.bootstrap import Conninfo
from timescale.maintenance import Connection, Plan, Report, connect, one_round

log = structlog.get_logger()

LAST_SUCCESS = Gauge(
    "maintenance_last_success_timestamp_seconds", "When the last round ended well, as Unix time."
)
FAILURES = Counter("maintenance_failures_total", "Rounds that failed and are made again.")
SNAPSHOTS = Counter("maintenance_snapshots_total", "Snapshots that were taken here.")
STATEMENTS = Gauge("maintenance_statements", "Statements in the newest snapshot.")
LEFT_OUT = Gauge("maintenance_statements_left_out", "Statements that ran and wait for a later snapshot.")
DROPPED_CHUNKS = Counter("maintenance_dropped_chunks_total", "Chunks that were dropped.")
ENDED_SESSIONS = Counter("maintenance_ended_sessions_total", "Sessions of the page that were over.")

_ROUND_S: Final = 600.0  # then the connection is given up
_CANCEL_S: Final = 0.5


class Maintaining:
    """One round each `plan.every_s`, over one connection, which comes back."""

    def __init__(self, owner: Conninfo, plan: Plan, health: Health) -> None:
        self._owner = owner
        self._plan = plan
        self._health = health
        self._connection: Connection | None = None
        self._problem: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, which interrupts a round: the next one, anybody's, does what this one has not."""
        self._health.require("database")
        backoff = Backoff(initial_s=0.5, maximum_s=min(30.0, self._plan.every_s))
        stopping = asyncio.create_task(stop.wait(), name="stopping")
        try:
            while not stop.is_set():
                began = time.monotonic()
                error = await self._attempt(stopping)
                if stop.is_set():
                    break
                if error is None:
                    backoff.reset()
                    wait = max(0.0, self._plan.every_s - (time.monotonic() - began))
                else:
                    wait = backoff.next()
                    self._health.set("database", False)
                    FAILURES.inc()
                    log.warning("database_failed", error=error, retry_in_s=round(wait, 2))
                    await self._close()
                await asyncio.wait([stopping], timeout=wait)
        finally:
            stopping.cancel()
            await self._close()

    async def _attempt(self, stopping: asyncio.Task[bool]) -> str | None:
        """A round, unless it is stopped before; why it failed."""
        attempt = asyncio.create_task(self._round(), name="round")
        await asyncio.wait([stopping, attempt], timeout=_ROUND_S, return_when=asyncio.FIRST_COMPLETED)
        if not attempt.done():
            attempt.cancel()
            await asyncio.wait([attempt], timeout=_CANCEL_S)
            return f"no end after {_ROUND_S:.0f} s"
        try:
            attempt.result()
        except (psycopg.Error, OSError) as error:
            return str(error).strip() or repr(error)
        return None

    async def _round(self) -> None:
        began = time.monotonic()
        if self._connection is None:
            self._connection = await connect(self._owner)
        report = await one_round(self._connection, self._plan)
        self._health.set("database", True)
        self._count(report)
        log.info(
            "maintained",
            edition=report.edition,
            statements=report.snapshot and report.snapshot.statements,
            ended_sessions=report.ended_sessions,
            dropped_chunks=len(report.dropped_chunks),
            took_ms=round(1000 * (time.monotonic() - began)),
        )

    def _count(self, report: Report) -> None:
        LAST_SUCCESS.set_to_current_time()
        DROPPED_CHUNKS.inc(len(report.dropped_chunks))
        ENDED_SESSIONS.inc(report.ended_sessions)
        if report.snapshot is None or not report.snapshot.taken:
            return
        SNAPSHOTS.inc()
        STATEMENTS.set(report.snapshot.statements or 0)
        LEFT_OUT.set(report.snapshot.left_out or 0)
        if report.snapshot.problem is not None and report.snapshot.problem != self._problem:
            log.warning("no_statements", problem=report.snapshot.problem)
        self._problem = report.snapshot.problem

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
