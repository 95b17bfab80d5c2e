"""One MQTT session for what comes up, with a receive maximum and a flight of its own.

A bridge has one for the streams and one for the exchange, so that neither can fill what the other needs.
"""

import asyncio
from collections.abc import Callable

import mqtt5
import structlog

from bridge import metrics
from bridge.flight import Flight
from runtime.mqtt import Connection, MqttError, Options
from runtime.mqtt_client import Client

log = structlog.get_logger()

_QUIET_S = 0.25  # nothing came for so long: the broker has nothing queued for us

Take = Callable[[Connection, list[mqtt5.PublishPacket]], None]


class Session:
    """`run` keeps it connected until it is drained. `name` is a label of metrics and log lines."""

    def __init__(
        self,
        name: str,
        options: Options,
        filters: tuple[str, ...],
        maximum_bytes: int,
        *,
        subscription_id: int | None = None,
        after: asyncio.Event | None = None,
        on_connected: Callable[[], None],
    ) -> None:
        self.flight = Flight(maximum_bytes, name)
        self.subscribed = asyncio.Event()
        self._name = name
        self._filters = filters
        self._take: Take | None = None
        self._last_message = 0.0
        self._ended = asyncio.Event()
        self._tell_connected = on_connected
        self._reconnects = metrics.MQTT_RECONNECTS.labels(name)
        self._client = Client(
            options,
            filters=filters,
            subscription_id=subscription_id,
            after=after,
            on_messages=self._on_messages,
            on_connected=self._on_connected,
            on_disconnected=self._on_disconnected,
        )

    async def run(self, take: Take) -> None:
        """Give what comes to `take`. MqttError where the broker refuses this client for good."""
        self._take = take
        await self._client.run(self._ended)

    async def unsubscribe(self) -> None:
        """Take nothing new; what the broker has queued for this session still comes. MqttError."""
        for pattern in self._filters:
            await self._client.unsubscribe(pattern)

    async def drain(self, *, hand_over: bool, deadline: float) -> None:
        """Let what came land until `deadline` (of the loop's clock), and disconnect.

        `hand_over`: what the broker has queued comes, too, and the session ends. Otherwise, and where the time
        did not suffice, it stays at the broker with what it holds.
        """
        if not hand_over and self._client.connection is not None:
            self._client.connection.pause_reading()  # what comes now waits in the session
        landed = True
        try:
            async with asyncio.timeout_at(deadline):
                if hand_over:
                    await self._until_quiet()
                await self.flight.empty.wait()
        except TimeoutError:
            landed = False
            log.warning("left_in_session", session=self._name, messages=self.flight.messages)
        self._ended.set()
        await self._client.stop(session_expiry_s=0 if hand_over and landed else None)

    async def _until_quiet(self) -> None:
        loop = asyncio.get_running_loop()
        self._last_message = loop.time()
        while self.flight.messages or loop.time() - self._last_message < _QUIET_S:  # noqa: ASYNC110  # silence is no event
            await asyncio.sleep(0.02)

    def _on_messages(self, connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        self._last_message = asyncio.get_running_loop().time()
        assert self._take is not None
        self._take(connection, packets)

    def _on_connected(self, connection: Connection) -> None:
        log.info("mqtt_connected", session=self._name, session_present=connection.session_present)
        self.subscribed.set()
        self._tell_connected()

    def _on_disconnected(self, reason: MqttError) -> None:
        log.warning("mqtt_disconnected", session=self._name, reason=str(reason))
        self._reconnects.inc()
        self.subscribed.clear()
