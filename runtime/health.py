"""/metrics, /healthz and /readyz of a service, served from a thread of its own.

A thread, so that a blocked event loop is seen (healthz fails) instead of only not answering.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import REGISTRY, Gauge, make_wsgi_app

from runtime.config import PREFIX

CONDITION = Gauge(
    "service_condition", "Whether what a service needs to be ready is there: 1, or 0.", ["condition"]
)


class Health:
    """What a service says of itself: alive while `beat()` is called, ready while no condition is missing.

    Before the first `require` it is starting: /readyz is served before a service knows what it needs.
    """

    def __init__(self, stale_after_s: float = 15.0) -> None:
        self._stale_after_s = stale_after_s
        self._beat = time.monotonic()
        self._missing: dict[str, bool] = {}

    def beat(self) -> None:
        """The event loop turns."""
        self._beat = time.monotonic()

    def require(self, condition: str) -> None:
        """Not ready until `set(condition, True)`."""
        self.set(condition, False)

    def set(self, condition: str, met: bool) -> None:
        """Say whether a condition (e.g. "mqtt", "rabbitmq", "database") holds."""
        self._missing[condition] = not met
        CONDITION.labels(condition).set(met)

    def alive(self) -> bool:
        """Whether the event loop turned lately."""
        return time.monotonic() - self._beat < self._stale_after_s

    def missing(self) -> list[str]:
        """The conditions that keep the service from being ready."""
        if not self._missing:
            return ["start"]
        return sorted(name for name, missing in self._missing.items() if missing)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    address_family = socket.AF_INET


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Probes every few seconds are not news."""


def serve(health: Health, host: str, port: int) -> tuple[int, Callable[[], None]]:
    """Serve until the returned function is called; gives the port, too. OSError, naming the settings, where it is taken."""
    metrics = make_wsgi_app(REGISTRY)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            answer: Iterable[bytes] = metrics(environ, start_response)
            return answer
        if path == "/healthz":
            ok, text = health.alive(), "ok" if health.alive() else "the event loop is blocked"
        elif path == "/readyz":
            missing = health.missing()
            ok, text = not missing, "ready" if not missing else "waiting for: " + ", ".join(missing)
        else:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"/metrics /healthz /readyz\n"]
        start_response("200 OK" if ok else "503 Service Unavailable", [("Content-Type", "text/plain")])
        return [text.encode() + b"\n"]

    try:
        server = make_server(host, port, app, server_class=_Server, handler_class=_Quiet)
    except OSError as error:
        raise OSError(
            f"cannot serve health on {host}:{port} ({PREFIX}HEALTH_HOST, {PREFIX}HEALTH_PORT): {error.strerror}"
        ) from error
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()

    def close() -> None:
        server.shutdown()
        server.server_close()

    return server.server_port, close
