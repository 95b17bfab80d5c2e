"""Machine controllers by gRPC (proto/alarm.proto): tells them triggers at once, and again until they are acknowledged.

An acknowledgement counts when the store holds it; a trigger whose acknowledgement could not be kept is told again, and
the controller, which has done it already, answers again.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from typing import Final

import grpc
import grpc.aio
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from alarms.machine_access import Access, Tls
from alarms.machine_answers import Acknowledgement
from alarms.machine_book import EVERY_TARGET, MAXIMUM_UNACKNOWLEDGED
from alarms.machine_service import Machines, Store
from wire import alarm_pb2, alarm_pb2_grpc
from wire.alarm_pb2 import Trigger

__all__ = ["EVERY_TARGET", "MAXIMUM_UNACKNOWLEDGED", "Acknowledgement", "MachineServer", "Store", "Tls"]

log = structlog.get_logger()

SERVICE: Final = alarm_pb2.DESCRIPTOR.services_by_name["Machines"].full_name
_FLUSH_S: Final = 0.2  # for the last bytes, and whoever still watches health
_OPTIONS: Final = (
    ("grpc.so_reuseport", 0),  # a second server on the same port is a mistake
    ("grpc.max_receive_message_length", 65_536),
    ("grpc.max_concurrent_streams", 16),  # of one TCP connection
    ("grpc.keepalive_time_ms", 10_000),  # a dead controller is known after 15 s at most
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),  # controllers may ping as often
)


class MachineServer:
    """Runs on one event loop; all its methods are called there."""

    def __init__(
        self,
        store: Store,
        on_acknowledged: Callable[[Acknowledgement], None],
        *,
        host: str,
        port: int,
        instance: str,
        tls: Tls | None = None,
        token: str | None = None,
        maximum_connections: int = 500,
        maximum_queued: int = 1_000,
        redeliver_s: float = 5.0,
    ) -> None:
        """`on_acknowledged` is called at once, each time, before the store is; it must not wait.

        ValueError, with a sentence, where that cannot be served: TLS and token at once, or neither and not loopback.
        """
        self._access = Access(host, tls, token)
        self._host, self._port = host, port
        self._machines = Machines(
            self._access,
            store,
            on_acknowledged,
            instance=instance,
            maximum_connections=maximum_connections,
            maximum_queued=maximum_queued,
            redeliver_s=redeliver_s,
        )
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen; the port. OSError, with a sentence, where that fails (the port, a PEM file)."""
        credentials = self._access.credentials()
        server = grpc.aio.server(options=_OPTIONS)
        alarm_pb2_grpc.add_MachinesServicer_to_server(self._machines, server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection((SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        host = f"[{self._host}]" if ":" in self._host and not self._host.startswith("[") else self._host
        try:
            if credentials is None:
                port = server.add_insecure_port(f"{host}:{self._port}")
            else:
                port = server.add_secure_port(f"{host}:{self._port}", credentials)
        except RuntimeError as error:
            raise OSError(f"cannot serve machine controllers on {host}:{self._port}: {error}") from error
        await server.start()
        for service in (health.OVERALL_HEALTH, SERVICE):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        self._server = server
        self._running = asyncio.create_task(self._machines.run(), name="machines")
        log.info("machines_served", address=f"{host}:{port}", tls=credentials is not None)
        return port

    async def stop(self, grace_s: float) -> None:
        """NOT_SERVING, then tell what is queued, end the streams, and store what was acknowledged, within `grace_s`."""
        if self._server is None or self._running is None:
            return
        await self._health.enter_graceful_shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._machines.drain()
        await self._server.stop(_FLUSH_S)
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        self._server = None

    async def watch(self) -> None:
        """For the service's TaskGroup: ends with the error of a task in here that died, and by cancellation only."""
        if self._running is not None:
            await asyncio.shield(self._running)

    def deliver(self, trigger: Trigger) -> int:
        """Tell it to every connected controller of its target that was not told it yet: to how many. Never waits.

        Also for what another replica has judged. `sent_time_ns` is set where it is 0. It is kept until it is
        acknowledged or has expired.
        """
        return self._machines.deliver(trigger)

    def resolved(self, target: str, alarm_id: uuid.UUID, time_ns: int) -> int:
        """Tell the target's connected controllers that an alarm is over: to how many."""
        return self._machines.resolved(target, alarm_id, time_ns)

    def forget(self, trigger_id: uuid.UUID) -> None:
        """It was acknowledged elsewhere: no more is told. Otherwise that is seen in the store, some seconds later."""
        self._machines.finish(trigger_id.bytes)

    @property
    def connected(self) -> int:
        """Controllers that have said Hello."""
        return len(self._machines.connections)
