"""How a page's live connection ends, where the server has closed it."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from starlette.websockets import WebSocket

from web.live_config import LiveSettings
from web.live_hub import LiveHub
from web.live_socket import live


def connection(failure: str) -> WebSocket:
    """A browser that connects and says nothing, by a server that takes nothing any more."""
    coming = [{"type": "websocket.connect"}]

    async def receive() -> MutableMapping[str, Any]:
        if coming:
            return coming.pop()
        return await asyncio.Future()

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] != "websocket.accept":
            raise RuntimeError(failure)

    return WebSocket({"type": "websocket", "headers": [], "path": "/api/live"}, receive, send)


async def test_connection_that_the_server_has_closed_is_over_and_no_error() -> None:
    """uvicorn closes it where a message is too long, and says so at the next that is sent."""
    hub = LiveHub(LiveSettings())
    closed = connection("Unexpected ASGI message 'websocket.send', after sending 'websocket.close'.")
    async with asyncio.timeout(5):
        await live(closed, hub, "anna")
    assert not hub._viewers


async def test_any_other_failure_of_sending_is_not_hidden() -> None:
    """The viewer is gone from the hub as well."""
    hub = LiveHub(LiveSettings())
    with pytest.raises(RuntimeError, match="of another kind"):
        async with asyncio.timeout(5):
            await live(connection("of another kind"), hub, "anna")
    assert not hub._viewers
