"""The life of the page's service: connections, uvicorn, and the end of both."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator

import structlog
import uvicorn

from runtime.amqp import AmqpConnection
from runtime.amqp_session import AmqpSession
from runtime.config import PREFIX
from runtime.health import Health
from runtime.passwords import Passwords
from web.app import build
from web.config import WebSettings, as_seen, proxies
from web.database import Database
from web.limits import Limits
from web.listening import WEBSOCKETS, listen
from web.live_hub import LiveHub
from web.parts import Parts
from web.patience import PatientProtocol
from web.sessions import Sessions

log = structlog.get_logger()

_HEADER_BYTES = 16_384


class Web:
    """Serves the page until it is stopped; what was being answered then is finished."""

    def __init__(self, settings: WebSettings, health: Health) -> None:
        self._settings = settings
        self._health = health
        self._database = Database(settings, health, settings.web_database_connections)
        self._passwords = Passwords()
        self._parts = Parts(
            settings=settings,
            database=self._database,
            sessions=Sessions(settings, self._database),
            limits=Limits(settings),
            passwords=self._passwords,
            hub=LiveHub(settings),
        )
        self._rabbitmq = AmqpSession(
            settings,
            "web",
            on_connected=self._connected,
            on_disconnected=lambda _reason: health.set("rabbitmq", False),
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. OSError where it cannot listen."""
        self._health.require("database")
        self._health.require("rabbitmq")
        listening = self._listen()
        server = _Server(self._uvicorn())
        try:
            async with asyncio.TaskGroup() as tasks:
                side = [
                    tasks.create_task(self._database.watch(), name="database"),
                    tasks.create_task(self._rabbitmq.run(), name="rabbitmq"),
                    tasks.create_task(self._parts.hub.run(), name="live"),
                ]
                serving = tasks.create_task(server.serve([listening]), name="serve")
                self._say_where(listening.getsockname()[1])
                await stop.wait()
                server.should_exit = True
                self._parts.stopping.set()
                for giving in list(self._parts.giving):
                    giving.stop()
                await serving
                await self._parts.answers.close()
                for task in side:
                    task.cancel()
        finally:
            listening.close()
            self._passwords.close()
            await self._database.close()

    def _listen(self) -> socket.socket:
        host, port = self._settings.web_host, self._settings.web_port
        try:
            return listen(host, port)
        except OSError as error:
            raise OSError(
                f"cannot serve the page on {host}:{port} ({PREFIX}WEB_HOST, {PREFIX}WEB_PORT): {error.strerror}"
            ) from error

    def _uvicorn(self) -> uvicorn.Config:
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        trusted = as_seen(proxies(self._settings.web_trusted_proxies))
        return uvicorn.Config(
            build(self._parts),
            http=PatientProtocol,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(trusted),
            forwarded_allow_ips=trusted,
            limit_concurrency=self._settings.web_connections,
            timeout_graceful_shutdown=max(1, int(self._settings.drain_timeout_s) - 1),
            h11_max_incomplete_event_size=_HEADER_BYTES,
            **WEBSOCKETS,
        )

    async def _connected(self, connection: AmqpConnection) -> None:
        del connection  # commands have one of their own; this one says whether there is RabbitMQ
        self._health.set("rabbitmq", True)

    def _say_where(self, port: int) -> None:
        host = self._settings.web_host
        url = self._settings.web_public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"
        log.info("serving", url=url, host=host, port=port)
        if not self._settings.web_secure and not _loopback(host):
            log.warning(
                "not_encrypted",
                advice="passwords and sessions can be read on the way: put a proxy with https in front, and say its "
                "address in STREAMING_WEB_PUBLIC_URL",
            )


class _Server(uvicorn.Server):
    """Signals are the service's, not uvicorn's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _loopback(host: str) -> bool:
    return host == "localhost" or host == "::1" or host.startswith("127.")
