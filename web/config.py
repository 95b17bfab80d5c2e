"""Settings of the live page's service."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from runtime.config import DatabaseSettings
from web.live_config import LiveSettings


class WebSettings(LiveSettings, DatabaseSettings):
    """Everything `python -m web` reads."""

    web_host: str = Field("127.0.0.1", description="Where the live page listens.")
    web_port: int = Field(
        8080, ge=0, le=65535, description="Its port; 0 takes a free one, which the log names."
    )
    web_public_url: str = Field(
        "",
        description="How browsers reach it, e.g. https://monitor.example.org, where a proxy is in front: with https "
        "cookies are for https only. Empty: as the browser says.",
    )
    web_trusted_proxies: str = Field(
        "",
        description="Addresses or networks of proxies, with commas between, whose X-Forwarded-For is believed.",
    )
    web_session_hours: float = Field(
        12.0, gt=0, le=24 * 31, description="After so long everybody logs in again, in hours."
    )
    web_session_idle_minutes: float = Field(
        60.0, gt=0, le=24 * 60, description="And who has not used the page for so long, in minutes."
    )
    web_logins_per_minute: int = Field(
        30, ge=1, le=100_000, description="Attempts to log in from one address in a minute."
    )
    web_logins_per_name: int = Field(
        10, ge=1, le=100_000, description="Attempts that fail under one name in five minutes."
    )
    web_requests_per_minute: int = Field(
        1200, ge=60, le=1_000_000, description="Requests for data of one session in a minute."
    )
    web_connections: int = Field(
        1000, ge=10, le=100_000, description="Connections of browsers at once; beyond, they are answered 503."
    )
    web_database_connections: int = Field(
        4, ge=1, le=50, description="Connections to the database for answers."
    )

    @field_validator("web_public_url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError("http:// or https://, a host, and no path")
        if parts.query or parts.fragment or parts.username:
            raise ValueError("only a scheme, a host and perhaps a port")
        port = parts.port  # ValueError where it is none
        standard = {"http": 80, "https": 443}[parts.scheme]
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return f"{parts.scheme}://{host}" + ("" if port in (None, standard) else f":{port}")

    @field_validator("web_trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for one in proxies(value):
            ipaddress.ip_network(one)  # ValueError, which names it
        return value

    @property
    def web_secure(self) -> bool:
        """Whether browsers come by https."""
        return self.web_public_url.startswith("https://")


def proxies(value: str) -> list[str]:
    """The setting `web_trusted_proxies`, split."""
    return [one.strip() for one in value.split(",") if one.strip()]


def as_seen(proxies: Iterable[str]) -> list[str]:
    """These, and IPv4's as they are seen by a socket that listens on IPv6, too (::ffff:192.0.2.1)."""
    found: list[str] = []
    for one in proxies:
        network = ipaddress.ip_network(one)
        found.append(str(network))
        if isinstance(network, ipaddress.IPv4Network):
            found.append(f"::ffff:{network.network_address}/{96 + network.prefixlen}")
    return found
