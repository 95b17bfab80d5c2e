"""Publishing to RabbitMQ streams: a call returns when RabbitMQ has confirmed what it was given.

rstream does the protocol. Its own recovery is off, because what it does with a message that was under
way when a connection broke is not ours to see: here a broken connection fails every publish that waits,
the whole producer is replaced, and the caller decides to try again.
"""

import asyncio
from collections.abc import Iterator, Sequence

import structlog
from rstream import Consumer, Producer, connection
from rstream.client import Client
from rstream.recovery import BackOffRecoveryStrategy

from runtime.cause import cause
from runtime.config import RabbitmqSettings

log = structlog.get_logger()

# rstream reads its socket in pieces of 256 bytes, which at megabytes a second costs more than all the rest.
connection.CHUNK_SIZE = 262_144
FRAME_MAX = 8_388_608  # as stream.frame_max in rabbitmq.conf
CONFIRM_TIMEOUT_S = 10
CLOSE_TIMEOUT_S = 1.5  # RabbitMQ answers within milliseconds, or not at all
_STEPS = 1_000  # more than rstream has left when it is cancelled
_FRAME_BYTES = 4_000_000
_FRAME_MESSAGES = 1_000


_close_client = Client.close


async def _close_with_socket(client: Client) -> None:
    """rstream leaves the socket of a connection that broke, or was refused, to the garbage collector."""
    broken = client._conn
    try:
        await _close_client(client)
    finally:
        if broken is not None and broken._writer is not None:
            broken._writer.transport.abort()


Client.close = _close_with_socket  # type: ignore[assignment, method-assign]  # it makes its clients itself, deep inside


class StreamError(ConnectionError):
    """RabbitMQ did not confirm: it may or may not hold the message. Trying again is safe."""


class StreamPublisher:
    """Publishes to any number of streams, many at once; reconnects at the next attempt after an error."""

    def __init__(self, settings: RabbitmqSettings, connection_name: str) -> None:
        self._settings = settings
        self._connection_name = connection_name
        self._producer: Producer | None = None
        self._connecting = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()
        self.reconnects = 0

    @property
    def connected(self) -> bool:
        """Whether the last attempt found RabbitMQ."""
        return self._producer is not None

    async def publish(self, stream: str, message: bytes) -> None:
        """Publish one message and wait for its confirm. StreamError where it does not come."""
        await self.publish_many(stream, [message])

    async def publish_many(self, stream: str, messages: Sequence[bytes]) -> None:
        """Publish these in order, as many in a frame as fit, and wait until all are confirmed.

        StreamError: RabbitMQ may hold any of them.
        """
        producer = await self._connected()
        try:
            for frame in _frames(messages):
                # what send_wait does with one; rstream has no public way to wait for several
                await producer._send_batch(stream, frame, sync=True, timeout=CONFIRM_TIMEOUT_S)
        except Exception as error:  # rstream raises its own, OSError, assertions and timeouts alike
            self._discard(producer)
            raise StreamError(f"{stream}: {error!r}") from error

    async def partitions(self, super_stream: str) -> list[str]:
        """The streams behind a super stream, in order. StreamError where RabbitMQ or the super stream is missing."""
        producer = await self._connected()
        try:
            found = await (await producer.default_client).partitions(super_stream)
        except Exception as error:
            self._discard(producer)
            raise StreamError(f"{super_stream}: {error!r}") from error
        if not found:
            raise StreamError(f"{super_stream} does not exist: run python -m runtime.topology")
        return list(found)

    async def close(self) -> None:
        """Close the connection; what was not confirmed stays unconfirmed."""
        if self._producer is not None:
            self._discard(self._producer)
        await asyncio.gather(*self._closing)

    async def _connected(self) -> Producer:
        async with self._connecting:
            if self._producer is None:
                producer = Producer(
                    self._settings.rabbitmq_host,
                    self._settings.rabbitmq_stream_port,
                    vhost=self._settings.rabbitmq_virtual_host,
                    username=self._settings.rabbitmq_username,
                    password=self._settings.rabbitmq_password.get_secret_value(),
                    frame_max=FRAME_MAX,
                    connection_name=self._connection_name,
                    on_close_handler=lambda _info: self._discard(producer),
                    recovery_strategy=BackOffRecoveryStrategy(False),
                )
                try:
                    async with asyncio.timeout(CONFIRM_TIMEOUT_S):
                        await producer.start()
                except Exception as error:
                    where = f"{self._settings.rabbitmq_host}:{self._settings.rabbitmq_stream_port}"
                    raise StreamError(
                        f"cannot reach RabbitMQ's streams at {where}: {cause(error)}"
                    ) from error
                self._producer = producer
            return self._producer

    def _discard(self, producer: Producer) -> None:
        if self._producer is producer:
            self._producer = None
            self.reconnects += 1
            # a broken producer takes its time to close; nobody waits for it
            task = asyncio.create_task(close(producer), name="closing producer")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def _frames(messages: Sequence[bytes]) -> Iterator[list[bytes]]:
    """At most so many bytes, or a single message, and so many messages each."""
    frame: list[bytes] = []
    size = 0
    for message in messages:
        if frame and (size + len(message) > _FRAME_BYTES or len(frame) == _FRAME_MESSAGES):
            yield frame
            frame, size = [], 0
        frame.append(message)
        size += len(message)
    if frame:
        yield frame


async def close(entity: Producer | Consumer, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
    """Close a producer or consumer in any state, and its sockets: rstream leaves those of broken connections open.

    It waits 5 s for each thing that RabbitMQ does not answer, and takes a cancellation for one more answer that did
    not come, so a timeout around it ends nothing: it is cancelled again at each of its steps.
    """
    clients = [client for clients in entity._pool._clients.values() for client in clients]
    writers = [client._conn._writer for client in clients if client._conn is not None]
    closing = asyncio.create_task(entity.close(), name="closing")
    try:
        await asyncio.wait([closing], timeout=timeout_s)
    finally:
        for writer in writers:
            if writer is not None:
                writer.transport.abort()
        for _ in range(_STEPS):
            if closing.done():
                break
            closing.cancel()
            await asyncio.sleep(0)
        if closing.done() and not closing.cancelled():
            closing.exception()  # whatever it is, it is closed
