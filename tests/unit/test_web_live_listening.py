"""The page's socket, and how little waits in a live connection's transport."""

import asyncio
import socket

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from web.listening import WEBSOCKETS, listen


def test_listen_takes_a_free_port_and_says_where_one_is_taken() -> None:
    """OSError, which ends the service with a sentence."""
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        assert port > 0
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", port)


def test_listen_gives_up_connections_that_take_nothing() -> None:
    """What is accepted has the limit from the socket that listens."""
    with listen("localhost", 0) as listening, socket.create_connection(listening.getsockname()[:2]):
        listening.setblocking(True)
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000


async def test_live_connection_of_a_page_that_does_not_read_holds_little() -> None:
    """Sending waits after some ten kilobytes, not after megabytes; nothing is compressed."""
    sent = 0
    waits = asyncio.Event()

    async def endpoint(websocket: WebSocket) -> None:
        nonlocal sent
        await websocket.accept()
        while not waits.is_set():
            try:
                async with asyncio.timeout(0.5):
                    await websocket.send_bytes(bytes(1000))
            except TimeoutError:
                waits.set()
            else:
                sent += 1000

    application = Starlette(routes=[WebSocketRoute("/", endpoint)])
    server = uvicorn.Server(
        uvicorn.Config(
            application, lifespan="off", log_config=None, timeout_graceful_shutdown=1, **WEBSOCKETS
        )
    )
    with listen("127.0.0.1", 0) as listening, socket.socket() as line:
        serving = asyncio.create_task(server._serve([listening]))
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(line, listening.getsockname())
        page = await connect(f"ws://127.0.0.1:{listening.getsockname()[1]}/", sock=line, max_queue=1)
        assert page.protocol.extensions == []
        async with asyncio.timeout(10):
            await waits.wait()
        page.transport.abort()
        server.should_exit = True
        await serving
    assert 10_000 < sent < 200_000
