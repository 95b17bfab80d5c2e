"""Limits of rates: attempts to log in, by address and by name; sessions that nobody knows, by address; requests for
data, by session.

Counted in memory, by fixed windows; restarted, a service counts anew. What is counted is bounded: where somebody comes
from more addresses, or under more names, than there is room for, the oldest counts are forgotten.
"""

import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from web import metrics
from web.config import WebSettings

_MOST_KEYS: Final = 50_000
_NAME_MINUTES: Final = 5
_UNKNOWN_SESSIONS: Final = 300  # a minute: after a restart all of a company's browsers are unknown once


class BoundedStorage(Storage):
    """Counts for `limits`, without a thread: what has expired goes when its turn comes, and the oldest for room."""

    STORAGE_SCHEME = None

    def __init__(self, most: int = _MOST_KEYS, now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._most = most
        self._now = now
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()  # in the order of their first hit

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What is a failure of the storage: nothing is."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count; the new count."""
        count, until = self._found(key)
        if count == 0:
            self._counts.pop(key, None)
            self._make_room()
            until = self._now() + expiry
        self._counts[key] = (count + amount, until)
        metrics.LIMITS_KEPT.set(len(self._counts))
        return count + amount

    def get(self, key: str) -> int:
        """The count."""
        return self._found(key)[0]

    def get_expiry(self, key: str) -> float:
        """When the key's window ends, in Unix time; now, where it has none."""
        count, until = self._found(key)
        return until if count else self._now()

    def check(self) -> bool:
        """Memory is there."""
        return True

    def reset(self) -> int:
        """Forget all; how many."""
        count = len(self._counts)
        self._counts.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one."""
        self._counts.pop(key, None)

    def _found(self, key: str) -> tuple[int, float]:
        count, until = self._counts.get(key, (0, 0.0))
        return (count, until) if until > self._now() else (0, 0.0)

    def _make_room(self) -> None:
        """Two at most, so that they go faster than they come and no hit costs more than another."""
        for _ in range(2):
            if not self._counts:
                return
            _, (_, until) = next(iter(self._counts.items()))
            expired = until <= self._now()
            if not expired and len(self._counts) < self._most:
                return
            self._counts.popitem(last=False)
            if not expired:
                metrics.LIMITS_FORGOTTEN.inc()


class Limits:
    """Each question counts; its answer is None, or after how many seconds to come again."""

    def __init__(self, settings: WebSettings, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._limiter = FixedWindowRateLimiter(BoundedStorage(now=now))
        self._address = RateLimitItemPerMinute(settings.web_logins_per_minute, namespace="address")
        self._name = RateLimitItemPerMinute(settings.web_logins_per_name, _NAME_MINUTES, namespace="name")
        self._unknown = RateLimitItemPerMinute(_UNKNOWN_SESSIONS, namespace="unknown_session")
        self._session = RateLimitItemPerMinute(settings.web_requests_per_minute, namespace="session")

    def attempt(self, address: str, name: str) -> int | None:
        """An attempt to log in."""
        by_address = self._count(self._address, network(address))
        return by_address if by_address is not None else self._count(self._name, _short(name))

    def succeeded(self, name: str) -> None:
        """The attempt was a good one: under this name nothing has failed."""
        self._limiter.clear(self._name, _short(name))

    def unknown_session(self, address: str) -> int | None:
        """A token that has to be looked up first."""
        return self._count(self._unknown, network(address))

    def request(self, session: str) -> int | None:
        """A request for data."""
        return self._count(self._session, session)

    def _count(self, limit: RateLimitItem, key: str) -> int | None:
        if self._limiter.hit(limit, key):
            return None
        metrics.LIMITED.labels(limit.namespace).inc()
        return max(1, math.ceil(self._limiter.get_window_stats(limit, key).reset_time - self._now()))


def network(address: str) -> str:
    """An IPv4 address, or the network of 64 bits that an IPv6 address is in: whoever has one has all of it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return _short(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)


def _short(text: str) -> str:
    """A key of bounded length, and none of the characters that separate keys."""
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()
