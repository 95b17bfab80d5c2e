"""The live part of the page in this process, on a socket of its own, and pages that look at it."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from stack.local import Stack
from tests.unit.live_frames import Picture, decode
from web.listening import WEBSOCKETS, listen
from web.live_config import LiveSettings
from web.live_hub import LiveHub
from web.live_socket import live


class Site:
    """A hub that is served; everybody may look on as the user that the query names."""

    def __init__(self, hub: LiveHub, port: int) -> None:
        self.hub = hub
        self.port = port

    def url(self, user: str) -> str:
        return f"ws://127.0.0.1:{self.port}/api/live?{user}"


@asynccontextmanager
async def site(stack: Stack, **settings: int) -> AsyncIterator[Site]:
    """Connected to RabbitMQ."""
    given: dict[str, Any] = {
        name.removeprefix("STREAMING_").lower(): value for name, value in stack.environment("web").items()
    }
    hub = LiveHub(LiveSettings.model_validate({**given, **settings}))

    async def endpoint(websocket: WebSocket) -> None:
        await live(websocket, hub, websocket.url.query)

    application = Starlette(routes=[WebSocketRoute("/api/live", endpoint)])
    server = uvicorn.Server(
        uvicorn.Config(
            application, lifespan="off", log_config=None, timeout_graceful_shutdown=1, **WEBSOCKETS
        )
    )
    listening = listen("127.0.0.1", 0)
    running = asyncio.create_task(hub.run())
    serving = asyncio.create_task(server._serve([listening]))  # without signals, which are pytest's
    try:
        await until(lambda: server.started and hub.problem is None)
        yield Site(hub, listening.getsockname()[1])
    finally:
        server.should_exit = True
        await serving
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        listening.close()


class Page:
    """A page that reads all the time. Use as an asynchronous context manager."""

    def __init__(self, site: Site, user: str = "anna") -> None:
        self._url = site.url(user)
        self.waves: dict[int, Picture] = {}
        self.spectra: dict[int, int] = {}
        self.lines: dict[int, Any] = {}
        self.said: list[dict[str, Any]] = []
        self.watch_number = 0
        self.closed: int | None = None

    async def __aenter__(self) -> Self:
        self.connection: ClientConnection = await connect(self._url, compression=None, max_size=None)
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()
        await self._reading

    async def watch(
        self,
        serial: str,
        channels: int = 1,
        span_s: float = 10.0,
        columns: int = 800,
        *,
        spectrum: bool = False,
    ) -> None:
        self.waves = {}
        await self.send(watch_of(serial, channels, span_s, columns, spectrum=spectrum))

    async def send(self, message: object) -> None:
        await self.connection.send(json.dumps(message))

    def last(self, name: str) -> Any:
        """What was said last of this; None where nothing was."""
        return next((one[name] for one in reversed(self.said) if name in one), None)

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in self.connection:
                self._take(message)
        self.closed = self.connection.close_code

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self.said.append(json.loads(message))
            return
        found = decode(message)
        self.watch_number = found.watch
        if found.kind == 1:
            self.waves.setdefault(found.channel, Picture()).apply(found)
        else:
            self.spectra[found.channel] = self.spectra.get(found.channel, 0) + 1
            self.lines[found.channel] = found


def watch_of(
    serial: str, channels: int, span_s: float, columns: int, *, spectrum: bool = False
) -> dict[str, Any]:
    return {
        "watch": {
            "serial_number": serial, "channels": list(range(channels)), "span_s": span_s, "columns": columns,
            "spectrum": spectrum,
        }
    }  # fmt: skip


async def deaf(site: Site, user: str = "deaf") -> ClientConnection:
    """A page that reads nothing of what it is not asked to, with a small buffer in its kernel."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    line.setblocking(False)
    await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", site.port))
    return await connect(
        site.url(user), sock=line, compression=None, max_size=None, max_queue=1, ping_interval=None
    )


async def until(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)
