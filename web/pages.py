"""The pages' HTML, and static files: from the package, nothing from elsewhere."""

from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.guard import session_of
from web.security import local_path

_FOLDER: Final = Path(__file__).parent / "static"


def page(name: str, status: int = 200) -> Response:
    """One of the HTML files."""
    return FileResponse(_FOLDER / name, status, {"Cache-Control": "no-store"})


async def shell(request: Request) -> Response:
    """What every page is made in; without a session the login page comes first.

    A browser that follows a link from elsewhere, from a mail, sends no cookie (SameSite=Strict). The shell has nothing
    to hide: it gets it, asks for its data with the cookie, and goes to the login page where there is none.
    """
    followed = request.headers.get("sec-fetch-site") == "cross-site"
    if not followed and await session_of(request) is None:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        wanted = local_path(path)
        return RedirectResponse("/login" + (f"?{urlencode({'next': wanted})}" if wanted != "/" else ""), 303)
    return page("index.html")


def static_files() -> ASGIApp:
    """/static: kept by browsers, who ask whether it has changed (ETag)."""
    return _Revalidated(GZipMiddleware(StaticFiles(directory=_FOLDER), minimum_size=1_000))


class _Revalidated:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"cache-control", b"no-cache")]
            await send(message)

        await self._app(scope, receive, sending)
