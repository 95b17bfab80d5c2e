"""`iotctl db` on a database of its own: what is missing is named, and applied."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from stack.local import Stack
from stack.servers import Postgres
from tests.integration.iotctl import Iotctl
from timescale import bootstrap, migrate

NAME = "iotctl_db"


@pytest.fixture
def empty(stack: Stack, iotctl: Iotctl) -> Iterator[Iotctl]:
    """`iotctl` of a database that was prepared and holds nothing."""
    postgres = stack.servers["postgres"]
    assert isinstance(postgres, Postgres)
    passwords = {
        name.removeprefix("database/"): password
        for name, password in stack.passwords.items()
        if name.startswith("database/streaming_")
    }
    bootstrap.apply(postgres.conninfo(), NAME, passwords)
    iotctl.environment["STREAMING_DATABASE_NAME"] = NAME
    yield iotctl
    with psycopg.connect(**postgres.conninfo(), autocommit=True) as superuser:  # type: ignore[arg-type]  # keywords of one dict
        superuser.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def as_owner(iotctl: Iotctl) -> None:
    """Before any migration nobody else may connect."""
    iotctl.environment["STREAMING_DATABASE_USERNAME"] = "streaming_owner"
    iotctl.environment["STREAMING_DATABASE_PASSWORD"] = iotctl.environment["STREAMING_OWNER_PASSWORD"]


def test_migrate_applies_what_status_says_is_missing(empty: Iotctl) -> None:
    """Status has exit code 1 before and 0 after; a second migration does nothing."""
    as_owner(empty)
    numbers = [migration.number for migration in migrate.available()]
    assert f"{len(numbers)} migrations are missing: iotctl db migrate" in empty.refused(1, "db", "status")
    said = empty("db", "migrate")
    assert said.splitlines()[0] == "applied 0001 schema"
    assert len(said.splitlines()) == len(numbers)
    table = empty.json("db", "status")
    assert [row["number"] for row in table] == numbers
    assert {row["state"] for row in table} == {"ok"}
    assert empty("db", "migrate") == "the schema is up to date\n"


def test_maintain_drops_chunks_that_are_wholly_older(empty: Iotctl) -> None:
    """Without --keep it drops nothing."""
    as_owner(empty)
    empty("db", "migrate")
    password = empty.environment["STREAMING_OWNER_PASSWORD"]
    with psycopg.connect(
        host="127.0.0.1", port=empty.environment["STREAMING_DATABASE_PORT"], dbname=NAME, user="streaming_owner",
        password=password, autocommit=True,
    ) as owner:  # fmt: skip
        for age in ("1 hour", "40 days"):
            owner.execute(
                "INSERT INTO measurement_batch SELECT t, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, '{0}' FROM"
                f" (SELECT now() - INTERVAL '{age}' AS t) x"
            )
        assert empty("db", "maintain") == "apache edition: 0 chunks dropped\n"
        assert empty("db", "maintain", "--keep", "30", "--yes") == "apache edition: 1 chunks dropped\n"
        assert owner.execute("SELECT count(*) FROM measurement_batch").fetchone() == (1,)


def test_status_needs_no_owner(stack: Stack, tmp_path: Path) -> None:
    """Who may look may know; of the session's database all is applied."""
    viewer = Iotctl(stack, tmp_path, "viewer")
    assert {row["state"] for row in viewer.json("db", "status")} == {"ok"}


def test_without_the_owners_password_nothing_is_done(stack: Stack, tmp_path: Path) -> None:
    """Exit code 4, naming the variable; a wrong one is refused by the database."""
    viewer = Iotctl(stack, tmp_path, "viewer")
    for command in ("migrate", "maintain"):
        assert "STREAMING_OWNER_PASSWORD" in viewer.refused(4, "db", command)
    viewer.environment["STREAMING_OWNER_PASSWORD"] = "wrong"
    assert "does not let you in" in viewer.refused(4, "db", "migrate")


def test_a_database_that_is_away_is_said_with_exit_code_3(iotctl: Iotctl) -> None:
    """For each of them."""
    iotctl.environment["STREAMING_DATABASE_PORT"] = "1"
    for command in ("status", "migrate", "maintain"):
        assert "cannot reach the database" in iotctl.refused(3, "db", command)
