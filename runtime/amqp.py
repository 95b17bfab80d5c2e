"""One AMQP 0-9-1 connection to RabbitMQ on the running event loop: publish with confirms, consume, listen.

pika does the protocol. Many publishes may be unconfirmed at once; whoever publishes bounds them. What survives
a connection (publishing again, consuming anew, reconnecting) is runtime.amqp_session's.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import pika
from pika.adapters.asyncio_connection import AsyncioConnection

from runtime.amqp_channel import ANSWER_TIMEOUT_S, Channel, Raw
from runtime.amqp_confirms import Confirms, settle
from runtime.amqp_errors import AmqpError, explained
from runtime.config import RabbitmqSettings
from wire import names

logging.getLogger("pika").setLevel(logging.CRITICAL)  # whatever it has to say is in an AmqpError

_GRACE_S = 1.0  # for pika to say that nobody answers
_CLOSE_TIMEOUT_S = 1.0
_PUT_BACK_TIMEOUT_S = 3.0
_NOT_FOUND = 404
_LISTENED_BYTES = 50_000_000  # kept for a listener that is slow; then the oldest goes


class Delivery(NamedTuple):
    """One message. `user_id`: who published it, as RabbitMQ has verified; None where it was not said."""

    queue: str
    routing_key: str
    body: bytes
    headers: Mapping[str, Any]
    user_id: str | None
    delivery_tag: int
    redelivered: bool


OnMessage = Callable[[Delivery], None]


def parameters(settings: RabbitmqSettings, connection_name: str) -> pika.ConnectionParameters:
    """For pika's connections; `connection_name` is what RabbitMQ's tools show."""
    return pika.ConnectionParameters(
        settings.rabbitmq_host,
        settings.rabbitmq_amqp_port,
        settings.rabbitmq_virtual_host,
        pika.PlainCredentials(settings.rabbitmq_username, settings.rabbitmq_password.get_secret_value()),
        heartbeat=30,
        blocked_connection_timeout=60,
        socket_timeout=10,
        client_properties={"connection_name": connection_name},
    )


class AmqpConnection:
    """An established connection; made by `connect`.

    `closed` is done when the connection has ended, with the reason as its result; every publish that waits has
    failed by then. A mistake that makes RabbitMQ close a channel (no such queue, no permission) ends it, too.
    """

    def __init__(self, raw: AsyncioConnection, settings: RabbitmqSettings) -> None:
        self.closed: asyncio.Future[AmqpError] = asyncio.get_running_loop().create_future()
        self.server_properties: dict[str, Any] = dict(raw.server_properties or {})
        self.where = f"{settings.rabbitmq_host}:{settings.rabbitmq_amqp_port}"
        self._raw: Raw = raw
        self._user = settings.rabbitmq_username
        self._confirms = Confirms()
        self._reason: AmqpError | None = None
        self._publishing: Channel | None = None
        self._consuming: Channel | None = None
        raw.add_on_close_callback(lambda _raw, reason: self._ended(explained(reason, self.where)))

    @property
    def unconfirmed(self) -> int:
        """How many publishes RabbitMQ has not answered."""
        return len(self._confirms)

    def publish(
        self, routing_key: str, body: bytes, *, headers: Mapping[str, object] | None = None
    ) -> "asyncio.Future[None]":
        """Publish to the exchange, persistent; done when every queue concerned has it safely.

        AmqpError where a queue is full, none is bound, it is not permitted, or the connection ends first: then some
        of the queues may hold it nevertheless, and publishing it again is for whoever can tell the two apart.
        """
        tag, future = self._confirms.add()
        channel = self._publishing
        if channel is None or self._reason is not None or self.closed.done():
            self._confirms.fail(self._why)
            return future
        properties = pika.BasicProperties(
            delivery_mode=pika.DeliveryMode.Persistent,
            user_id=self._user,
            timestamp=int(time.time()),
            message_id=str(tag),  # a message that comes back carries no other number
            headers=dict(headers or {}),
        )
        try:
            channel.raw.basic_publish(names.EXCHANGE, routing_key, body, properties, mandatory=True)
        except pika.exceptions.AMQPError as error:
            self._give_up(explained(error, self.where))
        return future

    async def consume(self, queue: str, on_message: OnMessage, *, prefetch: int) -> None:
        """Hand over what comes by a queue; at most `prefetch` messages are unacknowledged. AmqpError."""
        if self._consuming is None:
            self._consuming = await self._open(essential=True)
        channel = self._consuming
        await channel.ask(channel.raw.basic_qos, prefetch_count=prefetch)
        await channel.ask(channel.raw.basic_consume, queue, _handing_over(queue, on_message))

    async def listen(self, routing_keys: Iterable[str], on_message: OnMessage) -> None:
        """Hear a copy of what is published with these keys (patterns) from now on; nothing to acknowledge. AmqpError."""
        channel = await self._open(essential=True)
        declared = await channel.ask(
            channel.raw.queue_declare,
            "",
            exclusive=True,
            auto_delete=True,
            arguments={"x-max-length-bytes": _LISTENED_BYTES},
        )
        queue: str = declared.method.queue
        for key in routing_keys:
            await channel.ask(channel.raw.queue_bind, queue, names.EXCHANGE, key)
        await channel.ask(
            channel.raw.basic_consume, queue, _handing_over(queue, on_message), auto_ack=True, exclusive=True
        )

    def acknowledge(self, delivery_tag: int, multiple: bool = False) -> None:
        """Take a message (`multiple`: all up to it) off its queue; nothing once closed, for it comes again."""
        if self._consuming is not None and self._consuming.raw.is_open:
            self._consuming.raw.basic_ack(delivery_tag, multiple)

    async def stop_consuming(self) -> None:
        """Get no more messages by `consume`; those that are not acknowledged go back to their queues, in order.

        So may some that were acknowledged a moment ago, which a quorum queue has not noted yet: they come again, marked.
        """
        channel, self._consuming = self._consuming, None
        if channel is not None and channel.raw.is_open:
            channel.close()
            await asyncio.wait([channel.closed], timeout=_PUT_BACK_TIMEOUT_S)

    async def queue_depths(self, queues: Iterable[str]) -> dict[str, tuple[int, int] | None]:
        """Messages that are ready and consumers of each queue; None where it does not exist. AmqpError."""
        depths: dict[str, tuple[int, int] | None] = {}
        channel: Channel | None = None
        for queue in queues:
            if channel is None:
                channel = await self._open(essential=False)
            try:
                declared = await channel.ask(channel.raw.queue_declare, queue, passive=True)
            except AmqpError as error:
                if error.code != _NOT_FOUND:
                    raise
                channel = None  # RabbitMQ has closed it
                depths[queue] = None
            else:
                depths[queue] = (declared.method.message_count, declared.method.consumer_count)
        if channel is not None:
            channel.close()
        return depths

    async def close(self) -> None:
        """Close in bounded time, whatever state it is in."""
        self._reason = self._reason or AmqpError("closed by this side")
        if self._consuming is not None:
            self._consuming.close()
        with contextlib.suppress(pika.exceptions.AMQPError):
            self._raw.close()
        await asyncio.wait([self.closed], timeout=_CLOSE_TIMEOUT_S)
        if not self.closed.done():
            self._raw._terminate_stream(ConnectionError("RabbitMQ does not answer"))  # pika has no public way
            await self.closed

    async def start(self) -> None:
        """Open the channel that publishes; `connect` calls it. AmqpError."""
        channel = await self._open(essential=True)
        channel.raw.add_on_return_callback(self._on_returned)
        await channel.ask(channel.raw.confirm_delivery, self._on_answered)
        self._publishing = channel

    async def _open(self, *, essential: bool) -> Channel:
        """A new channel; one that is essential takes the connection with it when RabbitMQ closes it."""
        opened: asyncio.Future[Raw] = asyncio.get_running_loop().create_future()
        if self._reason is not None or self.closed.done():
            raise self._why()
        try:
            self._raw.channel(on_open_callback=lambda raw: settle_with(opened, raw))
        except pika.exceptions.AMQPError as error:
            raise explained(error, self.where) from error
        await asyncio.wait(
            [opened, self.closed], timeout=ANSWER_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
        )
        if not opened.done():
            opened.cancel()
            raise self._why()
        channel = Channel(opened.result(), self.where)
        channel.essential = essential
        channel.closed.add_done_callback(
            lambda closed: self._give_up(closed.result()) if channel.essential else None
        )
        return channel

    def _on_answered(self, frame: Raw) -> None:
        method = frame.method
        refused = None if isinstance(method, pika.spec.Basic.Ack) else self._refused
        self._confirms.answered(method.delivery_tag, method.multiple, refused)

    def _on_returned(self, _raw: Raw, method: Raw, properties: Raw, _body: bytes) -> None:
        text = f"RabbitMQ at {self.where} has no queue for {method.routing_key}: {method.reply_text}"
        self._confirms.returned(int(properties.message_id), AmqpError(text, code=method.reply_code))

    def _refused(self) -> AmqpError:
        return AmqpError(f"RabbitMQ at {self.where} refuses the message: a queue that it is for is full")

    def _why(self) -> AmqpError:
        known = self._reason or (self.closed.result() if self.closed.done() else None)
        if known is None:
            return AmqpError(f"RabbitMQ at {self.where} does not answer")
        return AmqpError(str(known), retryable=known.retryable, code=known.code)

    def _give_up(self, reason: AmqpError) -> None:
        self._reason = self._reason or reason
        self._confirms.fail(self._why)
        with contextlib.suppress(pika.exceptions.AMQPError):
            self._raw.close()

    def _ended(self, reason: AmqpError) -> None:
        self._reason = self._reason or reason
        self._confirms.fail(self._why)
        if not self.closed.done():
            self.closed.set_result(self._reason)


def settle_with(future: "asyncio.Future[Raw]", result: Raw) -> None:
    """Unless it is done, or given up."""
    if not future.done():
        future.set_result(result)


def _handing_over(queue: str, on_message: OnMessage) -> Callable[[Raw, Raw, Raw, bytes], None]:
    def on_delivery(_raw: Raw, method: Raw, properties: Raw, body: bytes) -> None:
        on_message(
            Delivery(
                queue,
                method.routing_key,
                body,
                properties.headers or {},
                properties.user_id,
                method.delivery_tag,
                method.redelivered,
            )
        )

    return on_delivery


async def connect(
    settings: RabbitmqSettings, connection_name: str, *, timeout_s: float = 10.0
) -> AmqpConnection:
    """Connect and open the channel that publishes. AmqpError where that fails or takes over `timeout_s`."""
    where = f"{settings.rabbitmq_host}:{settings.rabbitmq_amqp_port}"
    opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    how = parameters(settings, connection_name)
    how.stack_timeout = (
        timeout_s  # pika gives up by itself: closing it meanwhile would make it raise in the loop
    )
    raw = AsyncioConnection(
        how,
        on_open_callback=lambda _raw: settle(opened, None),
        on_open_error_callback=lambda _raw, reason: settle(
            opened, explained(reason, where, settings.rabbitmq_username)
        ),
        custom_ioloop=asyncio.get_running_loop(),
    )
    connection: AmqpConnection | None = None
    try:
        async with asyncio.timeout(timeout_s + _GRACE_S):
            await opened
            connection = AmqpConnection(raw, settings)
            await connection.start()
    except BaseException as error:
        if connection is not None:
            await connection.close()
        elif not raw.is_closed:
            with contextlib.suppress(pika.exceptions.AMQPError):
                raw.close()
        if isinstance(error, TimeoutError):
            raise AmqpError(f"RabbitMQ at {where} does not answer within {timeout_s:g} s") from error
        raise
    return connection
