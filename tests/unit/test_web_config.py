"""Settings of the page's service: a wrong one is refused before a socket opens."""

import pytest
from pydantic import ValidationError
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from web.config import WebSettings, as_seen, proxies


@pytest.mark.parametrize(
    ("given", "origin", "secure"),
    [
        ("", "", False),
        ("https://monitor.example.org", "https://monitor.example.org", True),
        ("https://Monitor.example.org/", "https://monitor.example.org", True),
        ("https://monitor.example.org:443", "https://monitor.example.org", True),
        ("http://monitor.example.org:8080", "http://monitor.example.org:8080", False),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443", True),
    ],
)
def test_public_url_is_kept_as_browsers_say_it_in_origin(given: str, origin: str, secure: bool) -> None:
    """Without the standard port, in small letters."""
    settings = WebSettings(web_public_url=given)
    assert (settings.web_public_url, settings.web_secure) == (origin, secure)


@pytest.mark.parametrize(
    "given",
    [
        "monitor.example.org",
        "ftp://x",
        "https://",
        "https://x/page",
        "https://x?y",
        "https://x:port",
        "https://a@b",
    ],
)
def test_public_url_that_is_no_origin_is_refused(given: str) -> None:
    """A page below a path would not find its files."""
    with pytest.raises(ValidationError):
        WebSettings(web_public_url=given)


def test_trusted_proxies_are_addresses_and_networks() -> None:
    """With commas between; names would have to be looked up."""
    settings = WebSettings(web_trusted_proxies="10.0.0.0/8, 192.0.2.1,::1")
    assert proxies(settings.web_trusted_proxies) == ["10.0.0.0/8", "192.0.2.1", "::1"]
    assert proxies("") == []
    with pytest.raises(ValidationError):
        WebSettings(web_trusted_proxies="proxy.example")


def test_page_listens_on_loopback_unless_told_otherwise() -> None:
    """Nobody on the network finds it by accident."""
    assert WebSettings().web_host == "127.0.0.1"


def test_network_with_bits_of_a_host_is_refused() -> None:
    """It would be no proxy's, and nobody would be told."""
    with pytest.raises(ValidationError, match="host bits"):
        WebSettings(web_trusted_proxies="10.0.0.1/8")


@pytest.mark.parametrize("seen", ["192.0.2.1", "::ffff:192.0.2.1", "10.1.2.3", "::ffff:10.1.2.3", "::1"])
def test_proxy_is_trusted_as_either_kind_of_socket_sees_it(seen: str) -> None:
    """A page that listens on `::` sees IPv4 addresses within IPv6 ones. uvicorn compares."""
    trusted = as_seen(proxies("10.0.0.0/8, 192.0.2.1,::1"))
    middleware = ProxyHeadersMiddleware(None, trusted)  # type: ignore[arg-type]
    assert seen in middleware.trusted_hosts
    assert "192.0.2.2" not in middleware.trusted_hosts
    assert "::ffff:192.0.2.2" not in middleware.trusted_hosts
