"""Limits of rates: each reached, and bounded memory."""

from typing import Any

import pytest
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from web.config import WebSettings
from web.limits import BoundedStorage, Limits, network


class Clock:
    """Time as the test has it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def made(clock: Clock, **settings: Any) -> Limits:
    return Limits(WebSettings(**settings), clock)


def test_attempts_from_one_address_are_limited_whatever_the_name(clock: Clock) -> None:
    """The answer is in how many seconds to come again; then it may."""
    one = made(clock, web_logins_per_minute=3)
    assert [one.attempt("192.0.2.1", f"name-{i}") for i in range(3)] == [None] * 3
    clock.now += 20
    assert one.attempt("192.0.2.1", "name-9") == 40
    assert one.attempt("192.0.2.2", "name-9") is None
    clock.now += 40.5
    assert one.attempt("192.0.2.1", "name-9") is None


def test_attempts_under_one_name_are_limited_whatever_the_address(clock: Clock) -> None:
    """For five minutes; other names are free."""
    one = made(clock, web_logins_per_name=3)
    assert [one.attempt(f"192.0.2.{i}", "anna") for i in range(3)] == [None] * 3
    assert one.attempt("198.51.100.1", "anna") == 300
    assert one.attempt("198.51.100.2", "bert") is None


def test_attempts_under_a_name_count_anew_after_a_good_one(clock: Clock) -> None:
    """Who types it wrong now and then is not shut out."""
    one = made(clock, web_logins_per_name=3)
    for _ in range(5):
        assert one.attempt("192.0.2.1", "anna") is None
        assert one.attempt("192.0.2.1", "anna") is None
        one.succeeded("anna")


def test_requests_of_one_session_are_limited(clock: Clock) -> None:
    """Another session's are not."""
    one = made(clock, web_requests_per_minute=60)
    assert [one.request("a") for _ in range(60)] == [None] * 60
    assert one.request("a") == 60
    assert one.request("b") is None


def test_counts_stay_within_their_bound_and_the_oldest_go(clock: Clock) -> None:
    """Names and addresses are whatever somebody sends: a million of them take no more memory than the bound."""
    storage = BoundedStorage(most=100, now=clock)
    limiter = FixedWindowRateLimiter(storage)
    limit = RateLimitItemPerMinute(2)
    for number in range(1000):
        assert limiter.hit(limit, f"key-{number}")
        assert len(storage) <= 100
    assert limiter.hit(limit, "key-999")
    assert not limiter.hit(limit, "key-999")
    assert limiter.hit(limit, "key-0")


def test_counts_that_have_expired_make_room_first(clock: Clock) -> None:
    """Without a thread or a timer: as others come."""
    storage = BoundedStorage(most=100, now=clock)
    limiter = FixedWindowRateLimiter(storage)
    limit = RateLimitItemPerMinute(2)
    for number in range(100):
        limiter.hit(limit, f"key-{number}")
    clock.now += 61
    for number in range(60):
        limiter.hit(limit, f"new-{number}")
    assert len(storage) == 60
    limiter.hit(limit, "key-0")
    assert limiter.get_window_stats(limit, "key-0").remaining == 1


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ],
)
def test_address_is_counted_as_what_one_customer_has(address: str, counted: str) -> None:
    """With IPv6 that is 64 bits of addresses."""
    assert network(address) == counted


def test_address_that_is_none_is_a_short_key() -> None:
    """Whatever a proxy says."""
    assert len(network("x" * 10_000)) == 32
