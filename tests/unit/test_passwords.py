"""Passwords: hashed as they are kept, compared in bounded time and memory."""

import asyncio
import threading
from collections.abc import Iterator

import argon2
import pytest

from runtime.passwords import Passwords, PasswordsBusyError, hash_password

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    one = Passwords(CHEAP)
    yield one
    one.close()


class Slow(argon2.PasswordHasher):
    """Verifies when it is let, and knows how many did at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.go = threading.Event()
        self.at_once = self.most = 0
        self._lock = threading.Lock()

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002  # its names
        with self._lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        assert self.go.wait(10)
        with self._lock:
            self.at_once -= 1
        return super().verify(hash, password)


def test_hash_has_todays_parameters_and_is_another_each_time() -> None:
    """argon2id with 64 MiB, as RFC 9106 recommends where memory is short; salted."""
    kept = hash_password("correct horse")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert kept != hash_password("correct horse")


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_hash_of_a_password_that_is_too_short_or_long_is_refused(password: str) -> None:
    """ValueError that says how long it is to be."""
    with pytest.raises(ValueError, match="8 to 1024"):
        hash_password(password, CHEAP)


async def test_verify_tells_the_right_password_from_others(passwords: Passwords) -> None:
    """However the keyboard has composed its letters, and never by its beginning."""
    kept = hash_password("Ångström-1", CHEAP)
    assert (await passwords.verify(kept, "Ångström-1")).right
    assert (await passwords.verify(kept, "A\u030angstro\u0308m-1")).right
    for wrong in ("", "Ångström-2", "Ångström-", "Ångström-1" + "x" * 2000):
        assert not (await passwords.verify(kept, wrong)).right
    longest = hash_password("x" * 1024, CHEAP)
    assert not (await passwords.verify(longest, "x" * 1025)).right


async def test_verify_of_nobody_computes_a_hash_and_is_wrong() -> None:
    """Whoever measures time learns nothing: there is one verification, with today's parameters."""
    hasher = Slow()
    hasher.go.set()
    passwords = Passwords(hasher)
    assert not (await passwords.verify(None, "anything")).right
    assert hasher.most == 1
    passwords.close()


async def test_verify_of_a_hash_that_is_none_is_wrong(passwords: Passwords) -> None:
    """No error: somebody has edited the table."""
    assert not (await passwords.verify("!", "anything")).right


async def test_verify_gives_a_new_hash_where_parameters_have_changed(passwords: Passwords) -> None:
    """Once: the new one needs no other."""
    old = hash_password("correct horse", argon2.PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    verdict = await passwords.verify(old, "correct horse")
    assert verdict.right
    assert verdict.rehashed is not None
    again = await passwords.verify(verdict.rehashed, "correct horse")
    assert again.right
    assert again.rehashed is None
    assert (await passwords.verify(old, "wrong horse")).rehashed is None


async def test_verify_runs_two_at_once_and_refuses_beyond_what_may_wait() -> None:
    """The event loop turns meanwhile; those that waited are answered."""
    hasher = Slow()
    passwords = Passwords(hasher, most_waiting=2)
    kept = CHEAP.hash("correct horse")
    waiting = [asyncio.create_task(passwords.verify(kept, "correct horse")) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(PasswordsBusyError):
        await passwords.verify(kept, "correct horse")
    hasher.go.set()
    assert all(verdict.right for verdict in await asyncio.gather(*waiting))
    assert hasher.most == 2
    assert passwords.under_way == 0
    assert (await passwords.verify(kept, "correct horse")).right
    passwords.close()
