"""Reading a stream from anywhere up to where it ended when reading began, and knowing where that is.

At most `_CREDIT` chunks are in memory. rstream's Consumer hands over single messages and does not say which is the
last that is there now; its Client hands over chunks, whose number of messages is known.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from rstream import OffsetType, exceptions, schema
from rstream.client import Addr, Client

from ctl.errors import FORBIDDEN, CtlError
from runtime.cause import cause
from runtime.config import RabbitmqSettings
from runtime.streams import FRAME_MAX, StreamError

logging.getLogger("rstream").setLevel(logging.CRITICAL)  # whatever it has to say is in a StreamError

_CREDIT = 10  # chunks that RabbitMQ sends ahead …
_CREDIT_AGAIN = 5  # … and how many were taken when it may send so many more
_TIMEOUT_S = 10.0
_CLOSE_S = 5.0
_EMPTY_S = 1.0  # a stream whose last chunk does not come within this has none
_REFUSED = (
    exceptions.AccessRefused,
    exceptions.AuthenticationFailure,
    exceptions.SASLAuthenticationFailureLoopback,
    exceptions.VirtualHostAccessFailure,
)
Frames = asyncio.Queue[schema.Deliver]


class Chunk(NamedTuple):
    """Messages that follow each other; `first` is the offset of the first, `time_ms` when RabbitMQ took them."""

    first: int
    time_ms: int
    messages: list[bytes]


class End(NamedTuple):
    """The newest message: its offset, and when RabbitMQ took it (Unix time in ms)."""

    offset: int
    time_ms: int


class Start(NamedTuple):
    """Where reading begins: an offset, a Unix time in ms (to the chunk), or the first message there is."""

    offset: int | None = None
    time_ms: int | None = None

    def specification(self) -> schema.OffsetSpec:
        """As the protocol says it."""
        if self.offset is not None:
            return schema.OffsetSpec.from_params(OffsetType.OFFSET, self.offset)
        if self.time_ms is not None:
            return schema.OffsetSpec.from_params(OffsetType.TIMESTAMP, self.time_ms)
        return schema.OffsetSpec.from_params(OffsetType.FIRST, None)

    def after(self, end: End) -> bool:
        """Whether nothing is left to read."""
        return (self.offset is not None and self.offset > end.offset) or (
            self.time_ms is not None and self.time_ms > end.time_ms
        )


class StreamReader:
    """A connection to RabbitMQ's streams; made by `reader`. All raise StreamError, and CtlError without the right."""

    def __init__(self, settings: RabbitmqSettings) -> None:
        self._settings = settings
        self._where = f"{settings.rabbitmq_host}:{settings.rabbitmq_stream_port}"
        self._subscriptions = 0
        self._broken = asyncio.Event()
        self._connecting = asyncio.Lock()
        self._clients: dict[Addr, Client] = {}  # to each node that a stream was read from

    async def connect(self) -> dict[str, str]:
        """Connect; what RabbitMQ says of itself."""
        async with self._said("streams"):
            return dict((await self._locator()).server_properties or {})

    async def exists(self, stream: str) -> bool:
        """Whether there is such a stream."""
        async with self._said(stream):
            return await (await self._locator()).stream_exists(stream)

    async def partitions(self, super_stream: str) -> list[str]:
        """The streams behind a super stream, in order; [] where it does not exist."""
        async with self._said(super_stream):
            return list(await (await self._locator()).partitions(super_stream))

    async def end(self, stream: str) -> End | None:
        """The newest message; None where the stream is empty."""
        spec = schema.OffsetSpec.from_params(OffsetType.LAST, None)
        async with self._subscribed(stream, spec, credit=1) as (_, _, frames):
            try:
                async with asyncio.timeout(_EMPTY_S):
                    frame = await frames.get()
            except TimeoutError:
                return None
        return End(frame.chunk_first_offset + len(frame.get_messages()) - 1, frame.timestamp)

    async def chunks(self, stream: str, start: Start, end: End) -> AsyncGenerator[Chunk, None]:
        """What a stream holds from `start` to `end`, inclusive. Close it (contextlib.aclosing) to stop earlier."""
        if start.after(end):
            return
        async with self._subscribed(stream, start.specification(), credit=_CREDIT) as (
            client,
            number,
            frames,
        ):
            following = taken = 0
            while following <= end.offset:
                frame = await self._next(frames, stream)
                first, messages = frame.chunk_first_offset, frame.get_messages()
                following = first + len(messages)
                skipped = max(
                    0, (start.offset or 0) - first
                )  # RabbitMQ sends the whole chunk that holds an offset
                wanted = messages[skipped : end.offset + 1 - first]
                if wanted:
                    yield Chunk(first + skipped, frame.timestamp, wanted)
                taken += 1
                if taken % _CREDIT_AGAIN == 0:
                    await client.credit(number, _CREDIT_AGAIN)

    async def close(self) -> None:
        """End all connections, in any state, and their sockets: rstream leaves those of broken ones open."""
        for client in self._clients.values():
            writer = client._conn._writer if client._conn is not None else None
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_CLOSE_S):
                    await client.close()
            if writer is not None:
                writer.close()

    async def _locator(self) -> Client:
        """A connection to the node that the settings name, which knows where streams are."""
        return await self._client(Addr(self._settings.rabbitmq_host, self._settings.rabbitmq_stream_port))

    async def _client(self, address: Addr) -> Client:
        async with self._connecting:
            if address not in self._clients:
                client = Client(
                    address.host,
                    address.port,
                    frame_max=FRAME_MAX,
                    heartbeat=60,
                    connection_name="iotctl",
                    connection_closed_handler=self._closed,
                )
                self._clients[address] = client
                await client.start()
                await client.authenticate(
                    self._settings.rabbitmq_virtual_host,
                    self._settings.rabbitmq_username,
                    self._settings.rabbitmq_password.get_secret_value(),
                )
            return self._clients[address]

    def _closed(self, _info: object) -> None:
        self._broken.set()

    async def _next(self, frames: Frames, stream: str) -> schema.Deliver:
        if not frames.empty():
            return frames.get_nowait()
        getting = asyncio.ensure_future(frames.get())
        broken = asyncio.ensure_future(self._broken.wait())
        try:
            await asyncio.wait([getting, broken], timeout=_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
            if not getting.done():
                what = "the connection is lost" if broken.done() else f"nothing comes for {_TIMEOUT_S:g} s"
                raise StreamError(f"{stream} of RabbitMQ at {self._where}: {what}")
            return getting.result()
        finally:
            getting.cancel()
            broken.cancel()

    @asynccontextmanager
    async def _subscribed(
        self, stream: str, spec: schema.OffsetSpec, *, credit: int
    ) -> AsyncIterator[tuple[Client, int, Frames]]:
        frames: Frames = asyncio.Queue()  # bounded by the credit
        self._subscriptions += 1
        number = self._subscriptions % 200

        async def take(frame: schema.Deliver) -> None:
            if frame.subscription_id == number:  # rstream hands every frame to every handler of a connection
                frames.put_nowait(frame)

        async with self._said(stream):
            leader, replicas = await (await self._locator()).query_leader_and_replicas(stream)
            broker = (replicas or [leader])[0]
            client = await self._client(Addr(broker.host, broker.port))
            client.add_stream(stream)  # or nobody is told of a broken connection
            client.add_handler(schema.Deliver, take, name=str(number))
            await client.run_queue_listener_task(number, take)
            await client.subscribe(stream, number, spec, initial_credit=credit)
        try:
            yield client, number, frames
        finally:
            if client.is_connection_alive():
                async with self._said(stream):
                    await client.unsubscribe(number)
                    client.remove_handler(schema.Deliver, name=str(number))
                    await client.stop_queue_listener_task(number)

    @asynccontextmanager
    async def _said(self, what: str) -> AsyncIterator[None]:
        """What rstream raises, of whatever type, as StreamError or CtlError."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                yield
        except _REFUSED as error:
            raise CtlError(
                f"RabbitMQ at {self._where} refuses {what} to {self._settings.rabbitmq_username!r}: "
                "wrong password, or no right to do this",
                FORBIDDEN,
            ) from error
        except exceptions.StreamDoesNotExist as error:
            raise StreamError(
                f"RabbitMQ at {self._where} has no stream {what}: run python -m runtime.topology"
            ) from error
        except StreamError:
            raise
        except Exception as error:  # rstream raises its own, OSError, assertions and timeouts alike
            raise StreamError(f"cannot reach RabbitMQ's streams at {self._where}: {cause(error)}") from error


@asynccontextmanager
async def reader(settings: RabbitmqSettings) -> AsyncIterator[StreamReader]:
    """A reader; it connects when it is first asked."""
    streams = StreamReader(settings)
    try:
        yield streams
    finally:
        await streams.close()
