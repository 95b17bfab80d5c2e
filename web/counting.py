"""ASGI: counts requests, by route and status, and how long their answers took to begin."""

import time

from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web import metrics


class Counted:
    """Around the application; live connections, which last, are not requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = _route(scope)
                metrics.REQUESTS.labels(route, message["status"]).inc()
                metrics.REQUEST_SECONDS.labels(route).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, sending)


def _route(scope: Scope) -> str:
    """The path's pattern: of bounded number, whatever is asked for."""
    route = scope.get("route")
    if route is None:
        return "none"
    root: str = scope.get("root_path", "")
    return root if isinstance(route, Mount) else f"{root}{getattr(route, 'path', '')}"
