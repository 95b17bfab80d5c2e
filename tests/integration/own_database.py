"""A database of a test's own on the session's server: prepared and migrated, gone afterwards."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg

from stack.local import Stack
from stack.servers import Postgres
from tests.integration.pipeline import Database
from timescale import bootstrap, migrate


class OwnDatabase:
    """Connections to it, by role."""

    def __init__(self, stack: Stack, name: str) -> None:
        postgres = stack.servers["postgres"]
        assert isinstance(postgres, Postgres)
        self._stack = stack
        self._superuser = postgres.conninfo
        self.name = name

    def conninfo(self, role: str = "owner") -> Mapping[str, str | int]:
        """Of a streaming_* role, by its last word; or "superuser"."""
        if role == "superuser":
            return self._superuser(self.name)
        return {**self._stack.conninfo(role), "dbname": self.name}

    def environment(self) -> dict[str, str]:
        """Of a process that acts as the owner."""
        return {**self._stack.environment("owner"), "STREAMING_DATABASE_NAME": self.name}

    def connect(self, role: str = "owner") -> Database:
        """In autocommit mode; use it as a context manager."""
        return psycopg.connect(**self.conninfo(role), autocommit=True)  # type: ignore[arg-type]  # keywords of one mapping

    def make(self) -> None:
        """As a deployment makes it; idempotent."""
        passwords = {
            name.removeprefix("database/"): password
            for name, password in self._stack.passwords.items()
            if name.startswith("database/streaming_")
        }
        bootstrap.apply(self._superuser(), self.name, passwords)
        migrate.apply(self.conninfo())

    def drop(self) -> None:
        """Whoever is connected."""
        with psycopg.connect(**self._superuser(), autocommit=True) as superuser:  # type: ignore[arg-type]  # keywords of one dict
            superuser.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")


@contextmanager
def own_database(stack: Stack, name: str) -> Iterator[OwnDatabase]:
    """Made now, dropped at the end."""
    database = OwnDatabase(stack, name)
    database.make()
    try:
        yield database
    finally:
        database.drop()
