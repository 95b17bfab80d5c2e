"""Settings of the page's service: a wrong one is refused before a socket opens."""

import pytest
from pydantic import ValidationError

from web.config import WebSettings, proxies


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
