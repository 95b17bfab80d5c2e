"""One page's live connection: what it asks for, and the end of it."""

from collections.abc import Awaitable, Callable

from starlette.websockets import WebSocket

from web.live_hub import LiveHub


async def live(
    websocket: WebSocket,
    hub: LiveHub,
    user: str,
    allowed: Callable[[], Awaitable[bool]] | None = None,
) -> None:
    """Accept the connection, whose session and Origin have been checked, and serve it until it ends.

    user: whose it is, for the number of connections each may have. allowed: asked now and then whether the user's
    session still is one; where it is not the connection is closed (code 4401).
    """
