"""`iotctl users` on the real database: who may log in to the live page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import argon2
import pytest

from stack.local import Stack
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import Database
from tests.integration.web_page import one, without_users

PREFIX = "ctlusers-"
ANNA = f"{PREFIX}anna"


@pytest.fixture(autouse=True)
def owner(stack: Stack) -> Iterator[Database]:
    with without_users(stack, PREFIX) as database:
        yield database


def add(iotctl: Iotctl, name: str = ANNA, role: str = "viewer", password: str = "correct horse") -> None:
    iotctl("users", "add", name, "--role", role, "--password-stdin", input=f"{password}\n")


def listed(iotctl: Iotctl) -> dict[str, Any]:
    rows = iotctl.json("users", "list")
    return {row["name"]: row for row in rows if row["name"].startswith(PREFIX)}


def right(owner: Database, password: str) -> bool:
    kept = one(owner, "SELECT password_hash FROM web_user WHERE name = %s", ANNA)
    try:
        return argon2.PasswordHasher().verify(kept, password)
    except argon2.exceptions.VerifyMismatchError:
        return False


def with_session(owner: Database) -> None:
    owner.execute(
        "INSERT INTO web_session (token_digest, user_id, expires_at)"
        " SELECT '\\x00', id, now() + INTERVAL '1 h' FROM web_user WHERE name = %s",
        [ANNA],
    )


def sessions(owner: Database) -> int:
    count: int = one(
        owner,
        "SELECT count(*) FROM web_session s JOIN web_user u ON u.id = s.user_id WHERE u.name = %s",
        ANNA,
    )
    return count


def test_user_is_added_with_a_role_and_listed(iotctl: Iotctl, owner: Database) -> None:
    """The password is kept as an argon2id hash and shown nowhere."""
    add(iotctl, role="operator")
    add(iotctl, f"{PREFIX}vera")
    rows = listed(iotctl)
    assert {name: row["role"] for name, row in rows.items()} == {ANNA: "operator", f"{PREFIX}vera": "viewer"}
    assert rows[ANNA]["last_login_at"] is None
    assert rows[ANNA]["sessions"] == 0
    assert not any("hash" in key for key in rows[ANNA])
    assert right(owner, "correct horse")
    assert one(owner, "SELECT password_hash LIKE '$argon2id$%%' FROM web_user WHERE name = %s", ANNA)


def test_password_is_made_on_demand_and_printed_once(iotctl: Iotctl, owner: Database) -> None:
    """Alone on standard output, so that a script can take it."""
    made = iotctl("users", "add", ANNA, "--generate").strip()
    assert len(made) == 20
    assert right(owner, made)
    again = iotctl("users", "password", ANNA, "--generate").strip()
    assert again != made
    assert right(owner, again)


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (("add", "a b", "--password-stdin"), "correct horse\n", "no name"),
        (("add", "-x", "--password-stdin"), "correct horse\n", "-x"),
        (("add", f"{PREFIX}{'x' * 64}", "--password-stdin"), "correct horse\n", "no name"),
        (("add", ANNA, "--password-stdin"), "short\n", "8 to 1024"),
        (("add", ANNA, "--password-stdin"), "", "8 to 1024"),
        (("add", ANNA), "correct horse\n", "nobody is here"),
        (("add", ANNA, "--generate", "--password-stdin"), "correct horse\n", "one or the other"),
        (("add", ANNA, "--role", "admin", "--generate"), "", "admin"),
    ],
)
def test_user_who_cannot_be_is_not_added(
    iotctl: Iotctl, arguments: tuple[str, ...], given: str, said: str
) -> None:
    """Exit code 2 and a sentence."""
    assert said in iotctl.refused(2, "users", *arguments, input=given)
    assert not listed(iotctl)


def test_user_who_is_there_is_not_added_again(iotctl: Iotctl, owner: Database) -> None:
    """Nor changed; before a password is asked for."""
    add(iotctl)
    assert "already" in iotctl.refused(2, "users", "add", ANNA, "--password-stdin", input="another one\n")
    assert "already" in iotctl.refused(2, "users", "add", ANNA)
    assert right(owner, "correct horse")


@pytest.mark.parametrize(
    "arguments",
    [("role", "operator"), ("password", "--generate"), ("disable",), ("enable",), ("remove", "--yes")],
    ids=lambda one: one[0],
)
def test_unknown_user_is_refused_with_who_may_be_meant(iotctl: Iotctl, arguments: tuple[str, ...]) -> None:
    """Whatever is to be done."""
    add(iotctl)
    command, *rest = arguments
    said = iotctl.refused(2, "users", command, ANNA.upper(), *rest)
    assert f"did you mean {ANNA!r}" in said
    assert "there is no user" in iotctl.refused(2, "users", command, "\udcff", *rest)  # not UTF-8


def test_role_and_password_end_sessions_and_leave_the_rest(iotctl: Iotctl, owner: Database) -> None:
    """Each changes what it says alone."""
    add(iotctl)
    with_session(owner)
    assert listed(iotctl)[ANNA]["sessions"] == 1
    iotctl("users", "role", ANNA, "operator")
    assert (listed(iotctl)[ANNA]["role"], right(owner, "correct horse"), sessions(owner)) == (
        "operator",
        True,
        0,
    )
    with_session(owner)
    iotctl("users", "password", ANNA, "--password-stdin", input="battery staple\n")
    assert (listed(iotctl)[ANNA]["role"], right(owner, "battery staple"), sessions(owner)) == (
        "operator",
        True,
        0,
    )


def test_password_that_is_too_short_changes_nothing(iotctl: Iotctl, owner: Database) -> None:
    """Sessions go on."""
    add(iotctl)
    with_session(owner)
    iotctl.refused(2, "users", "password", ANNA, "--password-stdin", input="short\n")
    assert right(owner, "correct horse")
    assert sessions(owner) == 1


def test_disabled_user_has_no_session_and_may_be_enabled(iotctl: Iotctl, owner: Database) -> None:
    """Said twice it is the same; since when is kept."""
    add(iotctl)
    with_session(owner)
    iotctl("users", "disable", ANNA)
    since = listed(iotctl)[ANNA]["disabled_at"]
    assert since is not None
    assert sessions(owner) == 0
    iotctl("users", "disable", ANNA)
    assert listed(iotctl)[ANNA]["disabled_at"] == since
    iotctl("users", "enable", ANNA)
    assert listed(iotctl)[ANNA]["disabled_at"] is None


def test_remove_asks_and_takes_the_sessions_along(iotctl: Iotctl, owner: Database) -> None:
    """Nobody is there to ask: --yes."""
    add(iotctl)
    with_session(owner)
    iotctl.refused(2, "users", "remove", ANNA)
    assert ANNA in listed(iotctl)
    iotctl("users", "remove", ANNA, "--yes")
    assert ANNA not in listed(iotctl)
    assert sessions(owner) == 0


def test_users_are_not_for_who_may_only_read(stack: Stack, tmp_path: Path) -> None:
    """Nobody but iotctl's operators and the page itself sees the hashes."""
    viewer = Iotctl(stack, tmp_path, "viewer")
    viewer.refused(4, "users", "list")
    viewer.refused(4, "users", "add", ANNA, "--generate")
