"""Who may log in."""

from datetime import datetime
from typing import NamedTuple

from runtime.passwords import Passwords, PasswordsBusyError
from web import metrics
from web.database import Database
from web.errors import AwayError


class User(NamedTuple):
    """One of the table web_user. `role`: viewer or operator."""

    id: int
    name: str
    role: str


class Shown(NamedTuple):
    """Somebody has shown a user's password, as it has been since `changed_at`."""

    user: User
    changed_at: datetime


async def authenticate(
    database: Database, passwords: Passwords, name: str, password: str
) -> tuple[Shown | None, bool]:
    """The user with this name and password, None for any other after as long a time; and whether the name is a user's.

    AwayError where the database is away, or too many passwords wait to be checked.
    """
    # a name with a zero is nobody's, and no text that PostgreSQL takes; it must not stand for the name without,
    # whose attempts are counted
    rows = [] if "\0" in name else await database.rows("user_find", {"name": name})
    found = rows[0] if rows else None
    kept = found["password_hash"] if found else None
    try:
        verdict = await passwords.verify(kept, password)
    except PasswordsBusyError:
        metrics.FAILURES.labels("passwords").inc()
        raise AwayError("Too many log in at this moment: try again in a few seconds.") from None
    finally:
        metrics.PASSWORDS.set(passwords.under_way)
    if found is None or found["disabled"] or not verdict.right:
        return None, found is not None
    if verdict.rehashed is not None:
        parameters = {"id": found["id"], "kept": kept, "rehashed": verdict.rehashed}
        await database.write("user_rehashed", parameters)
    return Shown(User(found["id"], found["name"], found["role"]), found["changed_at"]), True
