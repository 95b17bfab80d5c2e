"""Logging in and out: a form without JavaScript, a cookie.

A login that fails leads back to the login page (303), which says why by ?error= and is answered 401, 429 or 503:
credentials, limit, unavailable or origin. So nobody who reloads the page sends the password again.
"""

from typing import Final
from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web import metrics
from web.errors import AwayError
from web.guard import address_of, cookie_name, form_body, from_page, parts_of, token_of
from web.pages import page
from web.security import local_path
from web.users import authenticate

log = structlog.get_logger()

_STATUSES: Final = {"credentials": 401, "limit": 429, "unavailable": 503, "origin": 403}
_LONGEST_NAME: Final = 64


async def login_page(request: Request) -> Response:
    """The form; whoever has a session already goes on."""
    error = request.query_params.get("error")
    if error is None and await _has_session(request):
        return RedirectResponse(local_path(request.query_params.get("next")), 303)
    status = 200 if error is None else _STATUSES.get(error, 401)
    return page(request, "login.html", status)


async def log_in(request: Request) -> Response:
    """The form's fields: name, password, next."""
    form = await form_body(request)
    wanted = local_path(form.get("next"))
    if not from_page(request):
        return _failed("origin", wanted, "")
    parts = parts_of(request)
    name, password, address = (
        form.get("name", "")[:_LONGEST_NAME],
        form.get("password", ""),
        address_of(request),
    )
    wait_s = parts.limits.attempt(address, name)
    if wait_s is not None:
        return _failed("limit", wanted, name, address, wait_s)
    try:
        user = await authenticate(parts.database, parts.passwords, name, password)
        if user is None:
            return _failed("credentials", wanted, name, address)
        parts.limits.succeeded(name)
        await parts.sessions.end(token_of(request))
        token = await parts.sessions.begin(user, address)
    except AwayError:
        return _failed("unavailable", wanted, name, address)
    metrics.LOGINS.labels("success").inc()
    log.info("logged_in", user=user.name, address=address)
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
    token = token_of(request)
    session = await parts.sessions.find(token, used=False)
    await parts.sessions.end(token)
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
        return await parts_of(request).sessions.find(token_of(request)) is not None
    except AwayError:
        return False


def _failed(why: str, wanted: str, name: str, address: str = "", wait_s: int | None = None) -> Response:
    metrics.LOGINS.labels(why).inc()
    log.warning("login_failed", reason=why, user=name, address=address)
    query = {"error": why} | ({"next": wanted} if wanted != "/" else {})
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    return RedirectResponse(f"/login?{urlencode(query)}", 303, headers)
