"""The application: which path is answered by what, and what stands around all of them."""

import time
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from web import login, pages
from web.errors import RequestError
from web.guard import Parts, logged_in
from web.security import BodyLimit, SecurityHeaders
from web.sessions import Session

VERSION = version("sensor-streaming")


def build(parts: Parts) -> ASGIApp:
    """The ASGI application of a service made of these parts."""
    app = Starlette(
        routes=[
            Route("/", pages.shell),
            Route("/sensors/{serial}", pages.shell),
            Route("/alarms", pages.shell),
            Route("/commands", pages.shell),
            Route("/login", login.login_page, methods=["GET"]),
            Route("/login", login.log_in, methods=["POST"]),
            Route("/logout", login.log_out, methods=["POST"]),
            Route("/api/session", logged_in(session), methods=["GET"]),
            Mount("/static", pages.static_files()),
        ],
        middleware=_middleware(parts),
        exception_handlers={RequestError: _refused, HTTPException: _http, Exception: _failed},
    )
    app.state.parts = parts
    return SecurityHeaders(app, secure=parts.settings.web_secure)


async def session(request: Request, parts: Parts, session: Session) -> Response:
    """Who is logged in, and what changes have to carry."""
    del request, parts
    return JSONResponse(
        {
            "name": session.user.name,
            "role": session.user.role,
            "csrf_token": session.csrf_token,
            "version": VERSION,
            "server_time_ms": time.time_ns() // 1_000_000,
        }
    )


def _middleware(parts: Parts) -> list[Middleware]:
    host = urlsplit(parts.settings.web_public_url).hostname
    trusted = [Middleware(TrustedHostMiddleware, allowed_hosts=[host], www_redirect=False)] if host else []
    return [*trusted, Middleware(BodyLimit)]


def _refused(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, RequestError)
    return _error(error.sentence, error.status, dict(error.headers))


def _http(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, HTTPException)
    sentence = {404: "There is no such page.", 405: "This is not for this method."}
    return _error(sentence.get(error.status_code, error.detail), error.status_code, dict(error.headers or {}))


def _failed(request: Request, error: Exception) -> Response:
    del request, error  # uvicorn logs it
    return _error("The service has failed at this: its log says how.", 500, {})


def _error(sentence: str, status: int, headers: dict[str, Any]) -> Response:
    return JSONResponse({"error": sentence}, status, headers)
