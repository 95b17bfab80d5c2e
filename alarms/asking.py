"""A connection to the database that comes back: what is asked is asked until it is answered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg
import structlog

from alarms import metrics
from alarms.database import Connection, connect
from runtime.backoff import Backoff
from runtime.config import DatabaseSettings
from runtime.health import Health

log = structlog.get_logger()
T = TypeVar("T")


class Asking:
    """One question at a time. What the database refuses for the question's sake is raised; nothing else is."""

    def __init__(self, settings: DatabaseSettings, health: Health) -> None:
        self._settings = settings
        self._health = health
        self._one = asyncio.Lock()
        self._connection: Connection | None = None

    async def ask(self, question: Callable[[Connection], Awaitable[T]]) -> T:
        """However long that takes. psycopg's DataError, IntegrityError and ProgrammingError, and the question's own."""
        backoff = Backoff(maximum_s=5.0)
        while True:
            try:
                async with self._one:
                    if self._connection is None or self._connection.closed:
                        self._connection = await connect(self._settings)
                    answer = await question(self._connection)
            except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError):
                raise
            except (psycopg.Error, OSError) as error:
                await self.close()
                self._health.set("database", False)
                metrics.FAILURES.labels("database").inc()
                wait = backoff.next()
                log.warning("database_failed", error=str(error).strip(), retry_in_s=round(wait, 2))
                await asyncio.sleep(wait)
            else:
                self._health.set("database", True)
                return answer

    async def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._connection is not None:
            await self._connection.close()
