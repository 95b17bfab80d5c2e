"""Connections that bring nothing are closed; those that are used are not."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
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
    write_s = HEAD_S


class Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _slow(request: Request) -> Response:
    await asyncio.sleep(2 * HEAD_S)
    return PlainTextResponse("slow")


async def _large(request: Request) -> Response:
    return PlainTextResponse(bytes(50_000_000))


async def _unread(request: Request) -> Response:
    return PlainTextResponse("answered")


async def _read(request: Request) -> Response:
    await request.body()
    return PlainTextResponse("read")


async def _echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[int]:
    app = Starlette(
        routes=[
            Route("/", _slow),
            Route("/large", _large),
            Route("/unread", _unread, methods=["POST"]),
            Route("/read", _read, methods=["POST"]),
            WebSocketRoute("/echo", _echo),
        ]
    )
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(
        uvicorn.Config(
            app,
            http=Impatient,
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            access_log=False,
            **settings,
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


@pytest.mark.parametrize("body", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
async def test_body_that_nobody_waits_for_any_longer_holds_no_connection(body: bytes) -> None:
    """However little of it keeps coming after the answer."""
    async with serving() as port, asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /unread HTTP/1.1\r\nHost: here\r\n" + body + b"\r\n\r\n")
        await reader.readuntil(b"answered")
        writer.write(b"1")
        assert await reader.read() == b""
        writer.close()


async def test_websocket_whose_handshake_has_a_body_is_closed() -> None:
    """Nothing would ever come of it."""
    async with serving() as port, asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET /echo HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Content-Length: 5\r\n\r\nhello"
        )
        await reader.read()
        writer.close()


async def test_answer_that_nobody_takes_is_given_up() -> None:
    """Whoever asks for much, and reads nothing of it."""
    async with serving() as port, asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_000)
        writer.write(b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n")
        await asyncio.sleep(3 * HEAD_S)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(50_000_000)
        writer.close()


@pytest.mark.parametrize("path", ["read", "unread"])
async def test_body_that_is_no_http_ends_the_connection_and_is_no_failure(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether the request was answered before or is being read: nothing that looks like a bug is logged."""
    async with serving() as port, asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"POST /{path} HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        if path == "unread":
            await reader.readuntil(b"answered")
        writer.write(b"no chunk\r\n")
        said = await reader.read()
        assert said.startswith(b"HTTP/1.1 400") if path == "read" else b"HTTP/1.1 400" not in said
        writer.close()
    faults = [
        one.getMessage()
        for one in caplog.records
        if one.exc_info and "ClientDisconnect" not in str(one.exc_info)
    ]
    assert not faults


async def test_connections_far_beyond_the_bound_are_closed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those a little beyond it are told so."""
    monkeypatch.setattr(Impatient, "head_s", 8.0)  # so that nobody's patience ends while they come
    async with serving(limit_concurrency=1) as port, asyncio.timeout(10):
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(110)]
        reader, writer = opened[0]
        writer.write(WHOLE)
        assert (await reader.readline()).startswith(b"HTTP/1.1 503")
        reader, _ = opened[-1]
        began = asyncio.get_running_loop().time()
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        assert asyncio.get_running_loop().time() - began < Impatient.head_s / 2
        for _, writer in opened:
            writer.close()
