"""The service's connection to the database, and the named queries of sql/."""

from functools import cache
from importlib import resources
from typing import Any

import psycopg

from runtime.config import DatabaseSettings

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


@cache
def query(name: str) -> bytes:
    """The statement in sql/{name}.sql."""
    return resources.files("alarms").joinpath("sql", f"{name}.sql").read_bytes()


async def connect(settings: DatabaseSettings) -> Connection:
    """A connection in autocommit mode. psycopg.OperationalError."""
    return await psycopg.AsyncConnection.connect(
        **settings.conninfo(),  # type: ignore[arg-type]  # keywords of one dict
        autocommit=True,
        connect_timeout=5,
        application_name="alarms",
        options="-c statement_timeout=60000 -c client_min_messages=warning",
    )
