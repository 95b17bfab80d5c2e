"""What only a superuser can do: roles with their passwords, the database, extensions. Idempotent.

The server is told no password, only what it checks one by (a SCRAM verifier): statements end up in logs and statistics.
"""

from collections.abc import Mapping
from importlib import resources

import psycopg
from psycopg import sql

Conninfo = Mapping[str, str | int]
ROLES = (
    "streaming_owner",
    "streaming_ingest",
    "streaming_alarms",
    "streaming_control",
    "streaming_web",
    "streaming_readonly",
)


def apply(superuser: Conninfo, database: str, passwords: Mapping[str, str]) -> None:
    """Make what is missing and set the roles' passwords (role → password). psycopg's errors where that fails."""
    with connect(superuser) as connection:
        connection.execute("SET client_min_messages = warning; SET pg_stat_statements.track_utility = off")
        known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
        for role in ROLES:
            verb = sql.SQL("ALTER" if role in known else "CREATE")
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                    verb, sql.Identifier(role), sql.Literal(_verifier(connection, role, passwords[role]))
                )
            )
        exists = connection.execute("SELECT FROM pg_database WHERE datname = %s", [database]).fetchone()
        if exists is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER streaming_owner").format(sql.Identifier(database))
            )
    with connect({**superuser, "dbname": database}) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute(resources.files("timescale").joinpath("bootstrap.sql").read_bytes())


def _verifier(connection: psycopg.Connection[tuple[object, ...]], role: str, password: str) -> str:
    return connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()


def connect(conninfo: Conninfo) -> psycopg.Connection[tuple[object, ...]]:
    """A connection in autocommit mode."""
    return psycopg.connect(**conninfo, autocommit=True)  # type: ignore[arg-type]  # keywords of one mapping
