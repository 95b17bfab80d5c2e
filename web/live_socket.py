"""One page's live connection: what it asks for, and the end of it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from web.live_hub import LiveHub, TooManyError
from web.viewer import Viewer
from web.watch import WatchError, parse

TRY_AGAIN: Final = 1013
LOGGED_OUT: Final = 4401
_SESSION: Final = "live session"
_CLOSE_S: Final = 1.0  # for who does not read
_ALLOWED_S: Final = 20.0  # from one question to the next
_MESSAGE_S: Final = 0.05  # at least from one message of a page to the next that is looked at


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
    await websocket.accept()
    try:
        viewer = hub.join(user)
    except TooManyError as error:
        await websocket.send_json({"error": str(error)})
        await websocket.close(TRY_AGAIN, "too many")
        return
    tasks = [
        asyncio.create_task(viewer.write(websocket.send), name="live writing"),
        asyncio.create_task(_read(websocket, hub, viewer), name="live reading"),
    ]
    if allowed is not None:
        tasks.append(asyncio.create_task(_while_allowed(allowed), name=_SESSION))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hub.leave(viewer)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        failure = task.exception()
        if failure is not None and not isinstance(failure, WebSocketDisconnect):
            raise failure
    if any(task.get_name() == _SESSION for task in done):
        with contextlib.suppress(TimeoutError, WebSocketDisconnect):
            async with asyncio.timeout(_CLOSE_S):
                await websocket.close(LOGGED_OUT, "the session has ended")


async def _read(websocket: WebSocket, hub: LiveHub, viewer: Viewer) -> None:
    """Do what the page asks for, until it is gone."""
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        try:
            hub.watch(viewer, parse(message.get("text") or ""))
        except WatchError as error:
            viewer.say("error", str(error))
        await asyncio.sleep(_MESSAGE_S)


async def _while_allowed(allowed: Callable[[], Awaitable[bool]]) -> None:
    while await allowed():  # noqa: ASYNC110  # a question to the database, which signals nothing
        await asyncio.sleep(_ALLOWED_S)
