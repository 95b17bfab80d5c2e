"""A few connections to the database for all requests, which come back after it was away.

A request never waits long: where the database does not answer it fails with a sentence, and the browser asks again.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import psycopg
import structlog
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row

from runtime.config import DatabaseSettings
from runtime.health import Health
from web import metrics
from web.errors import AwayError

log = structlog.get_logger()

Connection = psycopg.AsyncConnection[DictRow]
_WAIT_S: Final = 3.0  # for a connection that is free
_STATEMENT_MS: Final = 8_000
_CONNECT_S: Final = 3
# a server that vanishes without a word is noticed in some seconds
_VANISHED: Final[dict[str, Any]] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_REFUSE_S: Final = 1.0  # after a failure to connect nobody else tries for so long
_CHECK_S: Final = 1.0
_AWAY: Final = "The database cannot be reached: the page goes on when it is back."


@cache
def query(name: str) -> bytes:
    """The statement in sql/{name}.sql."""
    return resources.files("web").joinpath("sql", f"{name}.sql").read_bytes()


class _LostError(AwayError):
    """A connection that has ended since it was last used: perhaps another one lives."""


class Database:
    """At most `connections` at once; who comes then waits for one, for a while."""

    def __init__(self, settings: DatabaseSettings, health: Health, connections: int) -> None:
        self._settings = settings
        self._health = health
        self._free = asyncio.Semaphore(connections)
        self._idle: list[Connection] = []
        self._refuse_until = 0.0

    async def rows(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[DictRow]:
        """All rows of the query sql/{name}.sql, which only reads. AwayError."""
        try:
            return await self.write(name, parameters)
        except _LostError:
            return await self.write(name, parameters)

    async def write(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[DictRow]:
        """The same of a statement that is not to be done twice: where it fails, it may have been done. AwayError."""
        async with self.connection() as connection:
            cursor = await connection.execute(query(name), parameters or {})
            return await cursor.fetchall() if cursor.description is not None else []

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One connection, in autocommit mode, for a while. AwayError."""
        await self._wait()
        connection: Connection | None = None
        reused = bool(self._idle)
        try:
            connection = self._idle.pop() if reused else await self._connect()
            yield connection
        except psycopg.errors.QueryCanceled as error:
            metrics.FAILURES.labels("database").inc()
            raise AwayError("The database has not answered in time: ask for less, or later.") from error
        except psycopg.OperationalError as error:
            metrics.FAILURES.labels("database").inc()
            idle, self._idle = self._idle, []  # these have ended, too, as a rule
            for one in idle:
                await one.close()
            raise (_LostError if reused else AwayError)(
                "The connection to the database was lost: the page goes on when it is back."
            ) from error
        finally:
            if connection is not None:
                if connection.info.transaction_status == TransactionStatus.IDLE and not connection.closed:
                    self._idle.append(connection)
                else:  # ended, or left in the middle of a statement
                    await connection.close()
            self._free.release()

    async def watch(self) -> None:
        """Say whether the database answers, by a connection of its own; for ever."""
        connection: Connection | None = None
        answers = True
        while True:
            try:
                if connection is None:
                    connection = await self._open()
                await connection.execute("SELECT")
            except (psycopg.Error, OSError) as error:
                if connection is not None:
                    await connection.close()
                    connection = None
                if answers:
                    log.warning("database_failed", error=str(error).strip())
                answers = False
            else:
                if not answers:
                    log.info("database_answers")
                answers = True
            self._health.set("database", answers)
            await asyncio.sleep(_CHECK_S)

    async def close(self) -> None:
        """Close what is idle; what is in use closes with its request."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close()

    async def _wait(self) -> None:
        if time.monotonic() < self._refuse_until:
            raise AwayError(_AWAY)
        metrics.DATABASE_WAITING.inc()
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._free.acquire()
        except TimeoutError:
            metrics.FAILURES.labels("database_busy").inc()
            raise AwayError("The database is busy: try again in a moment.") from None
        finally:
            metrics.DATABASE_WAITING.dec()

    async def _connect(self) -> Connection:
        try:
            return await self._open()
        except (psycopg.Error, OSError) as error:
            metrics.FAILURES.labels("database").inc()
            self._refuse_until = time.monotonic() + _REFUSE_S
            raise AwayError(_AWAY) from error

    async def _open(self) -> Connection:
        return await psycopg.AsyncConnection.connect(
            **self._settings.conninfo(),  # type: ignore[arg-type]  # keywords of one dict
            autocommit=True,
            connect_timeout=_CONNECT_S,
            **_VANISHED,
            application_name="web",
            options=f"-c statement_timeout={_STATEMENT_MS} -c client_min_messages=warning",
            row_factory=dict_row,
            prepare_threshold=None,  # plans are for the values that are asked for
        )
