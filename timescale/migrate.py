"""Numbered migrations, each applied once, in order, in a transaction of its own.

Several may try at once (replicas starting): an advisory lock lets one work while the others wait.
A file that has landed is never changed: its checksum is kept and compared.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import NamedTuple

import psycopg

from timescale.bootstrap import Conninfo, connect

_LOCK = 0x5E_50_12  # any number that nobody else in this database uses


class MigrationError(Exception):
    """The files and the database disagree; a person has to look."""


class NewerDatabaseError(MigrationError):
    """A newer version has migrated it. Migrations add, so this version's services run on it: docs/operating.md, "Upgrade"."""


class Migration(NamedTuple):
    """One file: 0001_schema.sql is number 1, named "schema"."""

    number: int
    name: str
    statements: bytes

    @property
    def checksum(self) -> str:
        """Of the file's content."""
        return hashlib.sha256(self.statements).hexdigest()


def available() -> list[Migration]:
    """The migrations that this version brings, in order. MigrationError where numbers have gaps."""
    found = []
    for file in resources.files("timescale").joinpath("migrations").iterdir():
        match = re.fullmatch(r"(\d{4})_([a-z0-9_]+)\.sql", file.name)
        if match:
            found.append(Migration(int(match[1]), match[2], file.read_bytes()))
    found.sort()
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationError("the migrations' numbers have gaps or come twice")
    return found


def apply(owner: Conninfo) -> list[Migration]:
    """Apply what is missing, as the owner; returns what was applied. MigrationError, psycopg's errors."""
    with _locked(owner) as connection:
        done = _applied(connection)
        todo = _pending(done)
        for migration in todo:
            with connection.transaction():
                connection.execute("SET LOCAL client_min_messages = warning")
                connection.execute(migration.statements)
                connection.execute(
                    "INSERT INTO schema_migration (number, name, checksum) VALUES (%s, %s, %s)",
                    [migration.number, migration.name, migration.checksum],
                )
        return todo


def pending(owner: Conninfo) -> list[Migration]:
    """What `apply` would apply."""
    with _locked(owner) as connection:
        return _pending(_applied(connection))


def _pending(done: dict[int, str]) -> list[Migration]:
    files = available()
    for migration in files:
        if done.get(migration.number, migration.checksum) != migration.checksum:
            raise MigrationError(
                f"migration {migration.number} ({migration.name}) was changed after it had been applied; "
                "put it back, and make a new one"
            )
    if len(done) > len(files):
        raise NewerDatabaseError(
            f"the database is newer (migration {max(done)}) than this version knows ({len(files)}): upgrade"
        )
    return [migration for migration in files if migration.number not in done]


def _applied(connection: psycopg.Connection[tuple[object, ...]]) -> dict[int, str]:
    connection.execute("SET client_min_messages = warning")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migration ("
        " number int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now())"
    )
    rows = connection.execute("SELECT number, checksum FROM schema_migration").fetchall()
    return {int(str(number)): str(checksum) for number, checksum in rows}


@contextmanager
def _locked(owner: Conninfo) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with connect(owner) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        yield connection  # closing the connection gives the lock back
