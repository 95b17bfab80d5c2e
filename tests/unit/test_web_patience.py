"""Connections that bring nothing are closed; those that are used are not."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from web.patience import PatientProtocol

HEAD_S = 0.3
WHOLE = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class Impatient(PatientProtocol):
    head_s = HEAD_S


class Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _slow(request: Request) -> Response:
    await asyncio.sleep(2 * HEAD_S)
    return PlainTextResponse("slow")


async def _echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    app = Starlette(routes=[Route("/", _slow), WebSocketRoute("/echo", _echo)])
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(
        uvicorn.Config(
            app, http=Impatient, ws="websockets-sansio", lifespan="off", log_config=None, access_log=False
        )
    )
    running = asyncio.create_task(server.serve([listening]))
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def test_connection_that_says_nothing_is_closed() -> None:
    """In time."""
    async with serving() as port, asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""
        writer.close()


async def test_connection_that_says_its_head_too_slowly_is_closed() -> None:
    """However it keeps on saying something: the first head, and one after an answer."""
    async with serving() as port, asyncio.timeout(10):
        for before in (b"", WHOLE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            if before:
                writer.write(before)
                await reader.readuntil(b"slow")
            writer.write(b"GET / HTTP/1.1\r\n")
            said = asyncio.create_task(_dripping(writer))
            assert await reader.read() == b""
            said.cancel()
            writer.close()


async def _dripping(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"X: y\r\n")
        await asyncio.sleep(HEAD_S / 5)


async def test_answer_that_takes_long_is_waited_for() -> None:
    """The head was there in time; the next request is on the same connection."""
    async with serving() as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(WHOLE[:10])
            await asyncio.sleep(HEAD_S / 5)
            writer.write(WHOLE[10:])
            assert (await reader.readuntil(b"slow")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(2 * HEAD_S)
        writer.close()


async def test_websocket_stays() -> None:
    """It has been handed over."""
    async with (
        asyncio.timeout(10),
        serving() as port,
        connect(f"ws://127.0.0.1:{port}/echo", proxy=None) as websocket,
    ):
        await asyncio.sleep(2 * HEAD_S)
        await websocket.send("still here")
        assert await websocket.recv() == "still here"
