"""What protects the page in a browser: headers, where a request comes from, how much it may carry."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.errors import RequestError

MAXIMUM_BODY_BYTES: Final = 65_536
_CSP: Final = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HSTS: Final = "max-age=31536000"
_OWN: Final = ("same-origin", "none")  # none: by the user's own hand
_LONGEST_NEXT: Final = 1_000


class SecurityHeaders:
    """ASGI: on every answer, errors included. What does not say how long it may be kept is not kept."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = {**_HEADERS, "Strict-Transport-Security": _HSTS} if secure else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)


class BodyTooLargeError(RequestError):
    """More than any request to the page needs."""

    status = 413

    def __init__(self) -> None:
        super().__init__(f"A request has at most {MAXIMUM_BODY_BYTES} bytes.")


class BodyLimit:
    """ASGI: whoever reads a request's body gets BodyTooLargeError beyond the limit, whatever Content-Length says."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0

        async def receiving() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAXIMUM_BODY_BYTES:
                raise BodyTooLargeError
            return message

        await self._app(scope, receiving, send)


def same_origin(headers: Mapping[str, str], scheme: str, public_url: str) -> bool:
    """Whether a request comes from the page itself, as browsers say by Origin or, without one, by Sec-Fetch-Site.

    scheme: the request's (http, https, ws or wss). public_url: the page's, where it is set; else its Host counts.
    What says neither comes from no browser, so from nobody whose session another site could use.
    """
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in _OWN
    if public_url:
        return origin.lower() == public_url
    secure = scheme in ("https", "wss")
    return origin.lower() == f"{'https' if secure else 'http'}://{headers.get('host', '').lower()}"


def local_path(wanted: str | None) -> str:
    """Where to go after a login: a page of ours, whatever is asked for."""
    if not wanted or len(wanted) > _LONGEST_NEXT or not wanted.isascii() or not wanted.isprintable():
        return "/"
    if not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted:
        return "/"
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path in ("/login", "/logout"):
        return "/"
    return wanted
