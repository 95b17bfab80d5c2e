"""/api/live: who may open a live connection, and when it ends."""

import asyncio
import contextlib
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from web.errors import AwayError, TooManyError
from web.guard import from_page, parts_of, session_of, token_of
from web.live_socket import live
from web.sessions import Sessions

_NO_SESSION: Final = 4401
_OTHER_SITE: Final = 4403
_GOING_AWAY: Final = 1001
_TRY_AGAIN: Final = 1013
_ASK_S: Final = 5.0
_CLOSE_S: Final = 1.0  # for one whose line takes nothing


async def watch(websocket: WebSocket) -> None:
    """Serve one page until it goes, its session ends, or the service stops."""
    parts = parts_of(websocket)
    if not from_page(websocket):
        await _refuse(websocket, _OTHER_SITE)
        return
    token = token_of(websocket)
    try:
        session = await session_of(websocket)
    except (AwayError, TooManyError):
        await _refuse(websocket, _TRY_AGAIN)
        return
    if session is None:
        await _refuse(websocket, _NO_SESSION)
        return

    ends = {
        asyncio.create_task(live(websocket, parts.hub, session.user.name), name="live"): None,
        asyncio.create_task(_while_logged_in(parts.sessions, token), name="live session"): _NO_SESSION,
        asyncio.create_task(parts.stopping.wait(), name="live stopping"): _GOING_AWAY,
    }
    try:
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in ends:
            task.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
    for task in done:
        task.result()
    codes = [code for task, code in ends.items() if task in done and code is not None]
    if codes and websocket.application_state is WebSocketState.CONNECTED:
        await _close(websocket, codes[0])


async def _while_logged_in(sessions: Sessions, token: str | None) -> None:
    """Return when the session is over; that the database is away ends none."""
    over = False
    while not over:
        await asyncio.sleep(_ASK_S)
        with contextlib.suppress(AwayError):
            over = await sessions.find(token, used=False) is None


async def _refuse(websocket: WebSocket, code: int) -> None:
    """Accepted first: of a handshake that fails a page is told no code."""
    with contextlib.suppress(WebSocketDisconnect):
        await websocket.accept()
        await _close(websocket, code)


async def _close(websocket: WebSocket, code: int) -> None:
    with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(_CLOSE_S):
            await websocket.close(code)
