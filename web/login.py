"""Logging in and out: a form and a cookie. A login that fails is answered with the form, and a status that says why."""

from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web import metrics
from web.errors import AwayError, TooManyError
from web.guard import address_of, cookie_name, form_body, from_page, parts_of, session_of, token_of
from web.pages import page
from web.security import local_path
from web.users import authenticate

log = structlog.get_logger()

_STATUSES: Final = {"credentials": 401, "limit": 429, "unavailable": 503, "origin": 403}
_LONGEST_NAME: Final = 64


async def login_page(request: Request) -> Response:
    """The form; whoever has a session already goes on."""
    if "error" not in request.query_params and await _has_session(request):
        return RedirectResponse(local_path(request.query_params.get("next")), 303)
    return page("login.html")


async def log_in(request: Request) -> Response:
    """The form's fields: name, password, next."""
    form = await form_body(request)
    wanted = local_path(form.get("next"))
    parts, address = parts_of(request), address_of(request)
    if not from_page(request):
        return _failed("origin", address)
    name = form.get("name", "")[:_LONGEST_NAME]
    wait_s = parts.limits.attempt(address, name)
    if wait_s is not None:
        return _failed("limit", address, wait_s=wait_s)
    try:
        shown, known = await authenticate(parts.database, parts.passwords, name, form.get("password", ""))
        token = None if shown is None else await parts.sessions.begin(shown, address)
        if (
            shown is None or token is None
        ):  # in place of a name that is none somebody may have typed a password
            return _failed("credentials", address, user=name if known else None)
        parts.limits.succeeded(name)
        await parts.sessions.end(token_of(request))
    except AwayError:
        return _failed("unavailable", address)
    metrics.LOGINS.labels("success").inc()
    log.info("logged_in", user=shown.user.name, address=address)
    response = RedirectResponse(wanted, 303)
    secure = parts.settings.web_secure
    response.set_cookie(
        cookie_name(parts.settings),
        token,
        max_age=round(parts.settings.web_session_hours * 3600),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )
    return response


async def log_out(request: Request) -> Response:
    """The session is over, in the browser and in the database."""
    response = RedirectResponse("/login", 303)
    if not from_page(request):
        return response
    parts = parts_of(request)
    session = await session_of(request, used=False)
    await parts.sessions.end(token_of(request))
    if session is not None:
        log.info("logged_out", user=session.user.name, address=address_of(request))
    response.delete_cookie(
        cookie_name(parts.settings),
        path="/",
        secure=parts.settings.web_secure,
        httponly=True,
        samesite="strict",
    )
    return response


async def _has_session(request: Request) -> bool:
    try:
        return await session_of(request) is not None
    except (AwayError, TooManyError):
        return False


def _failed(why: str, address: str, *, user: str | None = None, wait_s: int | None = None) -> Response:
    metrics.LOGINS.labels(why).inc()
    log.warning("login_failed", reason=why, user=user, address=address)
    response = page("login.html", _STATUSES[why])
    if wait_s is not None:
        response.headers["Retry-After"] = str(wait_s)
    return response
