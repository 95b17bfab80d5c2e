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
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp

from web import alarms, commands, fleet, history, login, pages, sensor, watching
from web.counting import Counted
from web.errors import RequestError
from web.guard import Handler, logged_in, operator
from web.parts import Parts
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
            Mount("/api", routes=_api()),
            Mount("/static", pages.static_files()),
        ],
        middleware=_middleware(parts),
        exception_handlers={RequestError: _refused, HTTPException: _http, Exception: _failed},
    )
    app.router.redirect_slashes = False
    app.state.parts = parts
    return SecurityHeaders(Counted(app), secure=parts.settings.web_secure)


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


def _api() -> list[BaseRoute]:
    def get(path: str, handler: Handler) -> Route:
        return Route(path, logged_in(handler), methods=["GET"])

    def post(path: str, handler: Handler) -> Route:
        return Route(path, operator(handler), methods=["POST"])

    return [
        get("/session", session),
        get("/fleet", fleet.fleet),
        get("/positions", fleet.positions),
        get("/sensors/{serial}", sensor.sensor),
        get("/sensors/{serial}/history", history.history),
        get("/alarms", alarms.alarms),
        get("/alarms/{id}", alarms.alarm),
        post("/alarms/{id}/acknowledge", alarms.acknowledge),
        post("/alarms/{id}/shelve", alarms.shelve),
        post("/alarms/{id}/unshelve", alarms.unshelve),
        get("/commands", commands.commands),
        get("/commands/available", commands.available_commands),
        post("/commands", commands.command),
        WebSocketRoute("/live", watching.watch),
    ]


def _middleware(parts: Parts) -> list[Middleware]:
    host = urlsplit(parts.settings.web_public_url).hostname or ""
    if not host or ":" in host:  # Starlette does not know how IPv6 is written
        return [Middleware(BodyLimit)]
    trusted = Middleware(TrustedHostMiddleware, allowed_hosts=[host], www_redirect=False)
    return [trusted, Middleware(BodyLimit)]


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
