"""RabbitMQ for the alarms service: events and commands of the outbox, and triggers at once, between replicas."""

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from alarms import outbox_metrics as metrics
from alarms.sending import Item, RefusedError, UnsentError
from runtime.amqp import AmqpConnection, Delivery
from runtime.amqp_errors import AmqpError
from runtime.amqp_session import AmqpSession
from runtime.config import RabbitmqSettings
from wire import names
from wire.commands import new_command
from wire.errors import WireError
from wire.names import CommandLevel

log = structlog.get_logger()

OnTrigger = Callable[[str, bytes], None]  # serial number, the message
_UNCONFIRMED: Final = 1_000  # triggers; more are not told to other replicas, which have the database
_CONFIRM_S: Final = 20.0
_INSTANCE: Final = "x-instance"


class Exchange:
    """The connection, which comes back by itself.

    on_trigger: for each trigger that another replica has judged, on the event loop.
    on_change: with whether it is connected.
    """

    def __init__(
        self,
        settings: RabbitmqSettings,
        *,
        on_trigger: OnTrigger = lambda _serial_number, _body: None,
        on_change: Callable[[bool], None] = lambda _connected: None,
    ) -> None:
        self._instance = uuid.uuid4().hex
        self._on_trigger = on_trigger
        self._on_change = on_change
        self._untold: set[asyncio.Future[None]] = set()
        self._session = AmqpSession(
            settings,
            "alarms",
            on_connected=self._connected,
            on_disconnected=lambda _reason: on_change(False),
        )

    @property
    def connected(self) -> bool:
        """Whether RabbitMQ is there."""
        return self._session.connected

    async def run(self) -> None:
        """Until it is cancelled."""
        await self._session.run()

    async def publish(self, routing_key: str, body: bytes, headers: Mapping[str, object]) -> None:
        """Return when every queue concerned has it. AmqpError."""
        connection = self._session.connection
        if connection is None:
            raise AmqpError("RabbitMQ is not connected")
        await connection.publish(routing_key, body, headers=headers)

    def publish_trigger(self, serial_number: str, body: bytes) -> None:
        """Tell all replicas, without waiting: what RabbitMQ does not take they find in the database."""
        connection = self._session.connection
        if connection is None or len(self._untold) >= _UNCONFIRMED:
            metrics.TRIGGERS_UNTOLD.inc()
            return
        key = names.machine_trigger_routing_key(serial_number)
        future = connection.publish(key, body, headers={_INSTANCE: self._instance})
        self._untold.add(future)
        future.add_done_callback(self._told)

    def _told(self, future: "asyncio.Future[None]") -> None:
        self._untold.discard(future)
        if future.cancelled() or future.exception() is not None:
            metrics.TRIGGERS_UNTOLD.inc()

    async def _connected(self, connection: AmqpConnection) -> None:
        await connection.listen([names.MACHINE_TRIGGER_PATTERN], self._heard)
        # the session knows the connection when this has returned
        asyncio.get_running_loop().call_soon(self._say_connected)

    def _say_connected(self) -> None:
        if self.connected:
            self._on_change(True)

    def _heard(self, delivery: Delivery) -> None:
        if delivery.headers.get(_INSTANCE) == self._instance:
            return
        serial_number = names.alarm_serial_number(delivery.routing_key)
        if serial_number:
            metrics.TRIGGERS_HEARD.inc()
            self._on_trigger(serial_number, delivery.body)


class PublishSender:
    """Rows `publish`: the event as JSON, to sensor_{serial number}.alarms.trigger."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @property
    def ready(self) -> bool:
        """While RabbitMQ is away nothing is tried, so that everything goes out as soon as it is back."""
        return self._exchange.connected

    async def send(self, item: Item) -> None:
        """UnsentError."""
        serial_number = str(item.payload["serial_number"])
        body = json.dumps(item.payload["event"], ensure_ascii=False, allow_nan=False).encode()
        await _publish(
            self._exchange,
            names.alarm_event_routing_key(serial_number),
            body,
            {names.HEADER_SERIAL_NUMBER: serial_number, names.HEADER_EVENT: item.key},
        )


class CommandSender:
    """Rows `command`, to the sensor by way of the bridges, as iotctl's."""

    def __init__(self, exchange: Exchange, now_ns: Callable[[], int]) -> None:
        self._exchange = exchange
        self._now_ns = now_ns

    @property
    def ready(self) -> bool:
        """As PublishSender's."""
        return self._exchange.connected

    async def send(self, item: Item) -> None:
        """UnsentError. RefusedError: no sensor could apply it, or it is too late for it."""
        payload = item.payload
        issued_ns, expires_s = int(payload["issued_ns"]), float(payload["expires_s"])
        if self._now_ns() > issued_ns + round(expires_s * 1e9):
            raise RefusedError(f"it was not sent within {expires_s:g} s, and has expired")
        try:
            level = CommandLevel(payload["level"])
            command = new_command(
                level,
                dict(payload["fields"]),
                issued_ns,
                expires_s,
                identity=bytes.fromhex(payload["command_id"]),
            )
            key = names.command_routing_key(names.check_serial_number(str(payload["serial_number"])), level)
        except (WireError, ValueError) as error:
            raise RefusedError(str(error)) from error
        await _publish(
            self._exchange,
            key,
            command.SerializeToString(),
            {
                names.HEADER_SERIAL_NUMBER: str(payload["serial_number"]),
                names.HEADER_CLIENT: str(payload["client"]),
            },
        )


async def _publish(exchange: Exchange, routing_key: str, body: bytes, headers: Mapping[str, object]) -> None:
    try:
        async with asyncio.timeout(_CONFIRM_S):
            await exchange.publish(routing_key, body, headers)
    except AmqpError as error:
        raise UnsentError(str(error)) from error
    except TimeoutError as error:
        raise UnsentError(f"RabbitMQ does not confirm within {_CONFIRM_S:g} s") from error
