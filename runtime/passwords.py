"""Passwords as the database keeps them: argon2id, computed in threads, two at once.

A hash takes 64 MiB and a tenth of a second (RFC 9106's second recommendation), so what waits is bounded, too.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

MINIMUM_LENGTH: Final = 8
MAXIMUM_LENGTH: Final = 1024
_AT_ONCE: Final = 2
_MOST_WAITING: Final = 30
T = TypeVar("T")


class PasswordsBusyError(Exception):
    """So many passwords wait to be checked that another one would wait for seconds."""


class Verdict(NamedTuple):
    """Whether the password is right, and its hash by today's parameters where the kept one has others."""

    right: bool
    rehashed: str | None = None


def hash_password(password: str, hasher: argon2.PasswordHasher | None = None) -> str:
    """The hash, with its parameters and salt. ValueError where the password is too short or too long."""
    if not MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH:
        raise ValueError(f"a password has {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters")
    return (hasher or _hasher()).hash(_bytes(password))


class Passwords:
    """Checks passwords for a service. `close` when it ends."""

    def __init__(
        self, hasher: argon2.PasswordHasher | None = None, most_waiting: int = _MOST_WAITING
    ) -> None:
        self._hasher = hasher or _hasher()
        self._most = _AT_ONCE + most_waiting
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="passwords")
        self._nobodys = self._hasher.hash(secrets.token_bytes(16))
        self.under_way = 0

    async def verify(self, kept: str | None, password: str) -> Verdict:
        """Compare with a kept hash; None, of a user that there is not, takes as long. PasswordsBusyError."""
        return await self._in_thread(lambda: self._verify(kept, password))

    def close(self) -> None:
        """What waits is given up."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, kept: str | None, password: str) -> Verdict:
        entered = _bytes(password[:MAXIMUM_LENGTH])
        try:
            self._hasher.verify(kept or self._nobodys, entered)
        except (VerificationError, InvalidHashError):  # another one; or a hash that nobody has made
            return Verdict(False)
        if kept is None or len(password) > MAXIMUM_LENGTH:
            return Verdict(False)
        return Verdict(True, self._hasher.hash(entered) if self._hasher.check_needs_rehash(kept) else None)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self.under_way >= self._most:
            raise PasswordsBusyError
        self.under_way += 1
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        future.add_done_callback(lambda _future: self._done())
        return await future

    def _done(self) -> None:
        self.under_way -= 1


def _hasher() -> argon2.PasswordHasher:
    return argon2.PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


def _bytes(password: str) -> bytes:
    """One sequence of bytes for what keyboards of different systems compose differently."""
    return unicodedata.normalize("NFKC", password).encode()
