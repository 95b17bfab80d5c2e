"""One page's live connection: what it asks for, and the end of it."""

import asyncio
import contextlib
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from web.live_hub import LiveHub, TooManyError
from web.viewer import Viewer
from web.watch import WatchError, parse

TRY_AGAIN: Final = 1013
_MESSAGE_S: Final = 0.05  # at least from one message of a page to the next that is looked at


async def live(websocket: WebSocket, hub: LiveHub, user: str) -> None:
    """Accept the connection, whose session and Origin have been checked, and serve it until the page has ended it.

    user: whose it is, for the number of connections each may have; beyond, it is told so and closed (code 1013).
    """
    try:
        await websocket.accept()
    except WebSocketDisconnect:  # it has not waited
        return
    try:
        viewer = hub.join(user)
    except TooManyError as error:
        with contextlib.suppress(WebSocketDisconnect):
            await websocket.send_json({"error": str(error)})
            await websocket.close(TRY_AGAIN)
        return
    tasks = [
        asyncio.create_task(_write(websocket, viewer), name="live writing"),
        asyncio.create_task(_read(websocket, hub, viewer), name="live reading"),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hub.leave(viewer)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        with contextlib.suppress(WebSocketDisconnect):
            task.result()


async def _write(websocket: WebSocket, viewer: Viewer) -> None:
    """Send what there is, until the page is gone."""
    try:
        await viewer.write(websocket.send)
    except RuntimeError as error:  # uvicorn's, that has closed the connection itself: a message was too long
        if "websocket.close" not in str(error):
            raise


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
