"""What stands before a handler: a session, limits, and for changes the role and where from."""

import asyncio
import hmac
import json
import urllib.parse
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response

from web.config import WebSettings
from web.errors import ForbiddenError, NotLoggedInError, RequestError, TooManyError
from web.parts import Parts
from web.security import same_origin
from web.sessions import Session

_BODY_S: Final = 10.0
Handler = Callable[[Request, Parts, Session], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def parts_of(connection: HTTPConnection) -> Parts:
    """What the service is made of."""
    parts: Parts = connection.app.state.parts
    return parts


def cookie_name(settings: WebSettings) -> str:
    """The session cookie's; with __Host- browsers make sure that nobody but this host has set it."""
    return "__Host-session" if settings.web_secure else "session"


def token_of(connection: HTTPConnection) -> str | None:
    """What the browser has in its session cookie."""
    return connection.cookies.get(cookie_name(parts_of(connection).settings))


def address_of(connection: HTTPConnection) -> str:
    """The browser's, as proxies say where they are trusted (uvicorn does that)."""
    return connection.client.host if connection.client else "unknown"


async def session_of(connection: HTTPConnection, *, used: bool = True) -> Session | None:
    """The session of whoever asks, if it is not over; `used` as in Sessions.find. AwayError.

    TooManyError where too many tokens come from one address that nobody here knows, as each costs the database a
    question; those that are known are looked up on.
    """
    parts, token = parts_of(connection), token_of(connection)
    if token and not parts.sessions.knows(token):
        wait_s = parts.limits.unknown_session(address_of(connection))
        if wait_s is not None:
            raise TooManyError("Too many sessions that nobody knows came from this address.", wait_s)
    return await parts.sessions.find(token, used=used)


def from_page(connection: HTTPConnection) -> bool:
    """Whether the page itself asks, and no other site in the user's browser."""
    public_url = parts_of(connection).settings.web_public_url
    return same_origin(connection.headers, connection.url.scheme, public_url)


def logged_in(handler: Handler) -> Endpoint:
    """For whoever has a session. NotLoggedInError, TooManyError, AwayError."""

    async def endpoint(request: Request) -> Response:
        parts = parts_of(request)
        return await handler(request, parts, await _session(request, parts))

    endpoint.__name__ = handler.__name__
    return endpoint


def operator(handler: Handler) -> Endpoint:
    """For operators, and only from the page: what changes something. Besides the others' errors ForbiddenError."""

    async def endpoint(request: Request) -> Response:
        parts = parts_of(request)
        session = await _session(request, parts)
        if not from_page(request):
            raise ForbiddenError(
                "This comes from another site. Where a proxy is in front, STREAMING_WEB_PUBLIC_URL says its address."
            )
        if not hmac.compare_digest(
            request.headers.get("x-csrf-token", "").encode(), session.csrf_token.encode()
        ):
            raise ForbiddenError("This page is of an earlier login: load it anew.")
        if session.user.role != "operator":
            raise ForbiddenError("You may look, and not change anything: that is for operators.")
        return await handler(request, parts, session)

    endpoint.__name__ = handler.__name__
    return endpoint


async def json_body(request: Request) -> dict[str, Any]:
    """The request's body, an object. RequestError."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RequestError("The body is to be application/json.", status=415)
    try:
        body = json.loads(await _body(request))
    except (ValueError, RecursionError) as error:
        raise RequestError("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise RequestError("The body is to be a JSON object.")
    return body


async def form_body(request: Request) -> dict[str, str]:
    """The fields of a form, the last of each name. RequestError."""
    try:
        text = (await _body(request)).decode()
        return dict(urllib.parse.parse_qsl(text, keep_blank_values=True, max_num_fields=20))
    except ValueError as error:
        raise RequestError("The form cannot be read.") from error


async def _body(request: Request) -> bytes:
    try:
        async with asyncio.timeout(_BODY_S):
            return await request.body()
    except TimeoutError:
        raise RequestError("The request did not come in time.", status=408) from None
    except ClientDisconnect:
        raise RequestError("The request was given up before it was whole.") from None


async def _session(request: Request, parts: Parts) -> Session:
    session = await session_of(request)
    if session is None:
        raise NotLoggedInError
    wait_s = parts.limits.request(session.key)
    if wait_s is not None:
        raise TooManyError("Too many requests.", wait_s)
    return session
