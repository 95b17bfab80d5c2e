"""Who is logged in: a random token in the browser's cookie, its digest in the database."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from web import metrics
from web.config import WebSettings
from web.database import Database
from web.users import Shown, User

_KEEP_S: Final = 2.0  # so late a session that ended elsewhere is known to have ended
_MOST_KEPT: Final = 2_000
_MOST_OF_A_USER: Final = 20
_LONGEST_TOKEN: Final = 100


class Session(NamedTuple):
    """One login. `key` stands for it where it is counted; `csrf_token` is what changes have to carry."""

    key: str
    user: User
    csrf_token: str

    @property
    def client(self) -> str:
        """Whose hand it was, for the audit."""
        return f"{self.user.name}@web"


class Sessions:
    """Begins, finds and ends sessions. What was found is believed for _KEEP_S."""

    def __init__(
        self, settings: WebSettings, database: Database, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._length_s = settings.web_session_hours * 3600
        self._idle_s = settings.web_session_idle_minutes * 60
        self._now = now
        self._kept: dict[bytes, tuple[float, Session]] = {}
        self._ended = 0  # how many

    async def begin(self, shown: Shown, address: str) -> str | None:
        """The token of a new session; None where the user was changed or disabled meanwhile. AwayError."""
        token = secrets.token_urlsafe(32)
        parameters = {
            "digest": _digest(token),
            "user_id": shown.user.id,
            "changed_at": shown.changed_at,
            "address": address[:100],
            "length_s": self._length_s,
            "idle_s": self._idle_s,
            "most": _MOST_OF_A_USER,
        }
        return token if await self._database.write("session_begin", parameters) else None

    def knows(self, token: str) -> bool:
        """Whether it was a session's when it was last looked up, not long ago."""
        return _digest(token) in self._kept

    async def find(self, token: str | None, *, used: bool = True) -> Session | None:
        """The session, if it is not over; `used`: somebody uses it now, so that it is not idle. AwayError."""
        if not token or len(token) > _LONGEST_TOKEN:
            return None
        digest = _digest(token)
        until, kept = self._kept.get(digest, (0.0, None))
        if kept is not None and self._now() < until:
            return kept
        ended = self._ended
        rows = await self._database.rows("session_find", {"digest": digest, "idle_s": self._idle_s})
        if not rows:
            self._kept.pop(digest, None)
            return None
        [row] = rows
        if row["stale"] and used:
            await self._database.write("session_seen", {"digest": digest})
        session = Session(
            digest.hex()[:32], User(row["user_id"], row["name"], row["role"]), csrf_token(token)
        )
        if ended == self._ended:  # else this one may have, after it was found
            self._keep(digest, session)
        return session

    async def end(self, token: str | None) -> None:
        """Over, at once. AwayError."""
        if token and len(token) <= _LONGEST_TOKEN:
            digest = _digest(token)
            self._kept.pop(digest, None)
            await self._database.write("session_end", {"digest": digest})
            self._kept.pop(digest, None)  # whoever asked meanwhile
            self._ended += 1

    def _keep(self, digest: bytes, session: Session) -> None:
        if digest not in self._kept and len(self._kept) >= _MOST_KEPT:
            now = self._now()
            self._kept = {one: kept for one, kept in self._kept.items() if kept[0] > now}
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()  # they are only looked up again
        self._kept[digest] = (self._now() + _KEEP_S, session)
        metrics.SESSIONS_KEPT.set(len(self._kept))


def csrf_token(token: str) -> str:
    """What belongs to a session's token, and gives nothing of it away."""
    digest = hmac.digest(token.encode(), b"sensor-streaming csrf", "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
