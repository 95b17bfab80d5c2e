"""The live page beside the demo: where it is, and a user who may log in to it, with a password made once."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import psycopg

from runtime.passwords import Passwords, hash_password
from stack.local import Stack

USER: Final = "operator"
_SQL: Final = Path(__file__).parent / "sql"


class Page(NamedTuple):
    """Where the page is and who may log in. `password` is None where it was changed: whoever did that knows it."""

    url: str
    password: str | None

    @property
    def hints(self) -> list[str]:
        """ "the page: http://127.0.0.1:20031", and "  user operator, password …" in a line that needs no second one."""
        how = f"password {self.password}" if self.password else "with the password that it was given"
        return [f"the page: {self.url}", f"  user {USER}, {how}"]


def prepare(stack: Stack) -> Page:
    """The page's user, made where it is missing; one that is there stays as it is. psycopg.Error."""
    assert stack.ports is not None
    password = stack.passwords[f"web/{USER}"]
    right = _ensure_user(stack.conninfo("owner"), password)
    return Page(f"http://127.0.0.1:{stack.ports.web}", password if right else None)


def environment(stack: Stack) -> dict[str, str]:
    """The settings of its service: `python -m web`."""
    assert stack.ports is not None
    return {**stack.environment("web"), "STREAMING_WEB_PORT": str(stack.ports.web)}


def _ensure_user(conninfo: Mapping[str, str | int], password: str) -> bool:
    """Whether this is the user's password."""
    parameters = {"name": USER, "password_hash": hash_password(password)}
    with psycopg.connect(**conninfo) as database:  # type: ignore[arg-type]  # keywords of one mapping
        row = database.execute((_SQL / "demo_operator.sql").read_bytes(), parameters).fetchone()
    assert row is not None
    passwords = Passwords()
    try:
        return asyncio.run(passwords.verify(row[0], password)).right
    finally:
        passwords.close()
