"""What sensors measure as it passes through RabbitMQ: for looking on, so nothing is kept and nobody waits.

A partition carries many sensors; only the partitions of those that are followed are read, and a stream message that
holds none of their serial numbers is not unpacked.
"""

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from rstream import Consumer, ConsumerOffsetSpecification, MessageContext, OffsetType
from rstream.exceptions import (
    AccessRefused,
    AuthenticationFailure,
    SASLAuthenticationFailureLoopback,
    VirtualHostAccessFailure,
)
from rstream.recovery import BackOffRecoveryStrategy

from runtime.backoff import Backoff
from runtime.cause import cause
from runtime.config import RabbitmqSettings
from runtime.streams import FRAME_MAX, StreamError, close
from wire import names
from wire.codec import Batch, decode_measurements
from wire.envelope import from_amqp, unpack
from wire.errors import WireError
from wire.relay_pb2 import Kind

logging.getLogger("rstream").setLevel(logging.CRITICAL)  # whatever it has to say is in `problem`

_CREDIT: Final = 4  # chunks that RabbitMQ sends ahead
_HEARTBEAT_S: Final = 20
_ANSWER_TIMEOUT_S: Final = 10
_LINGER_S: Final = 10.0  # a partition is read on for so long: who looks around comes back to it
_SOUGHT: Final = 32  # serial numbers that are looked for in a message before it is unpacked
_REFUSED = (
    AccessRefused,
    AuthenticationFailure,
    SASLAuthenticationFailureLoopback,
    VirtualHostAccessFailure,
)


class StreamRefusedError(StreamError):
    """This user may not read the stream: trying again does not help."""


class Received(NamedTuple):
    """A batch, and when it came here (Unix time, by this machine's clock)."""

    batch: Batch
    received_ns: int

    @property
    def latency_s(self) -> float:
        """From the batch's last sample, by the sensor's clock, to here."""
        return (self.received_ns - self.batch.end_time_ns) / 1e9


class LiveStream:
    """Follows any number of sensors by one connection. `run` connects, and connects again.

    on_batch: called with serial number and batch, in order for each sensor; it must not take long.
    on_problem: called when `problem` is another.
    """

    def __init__(
        self,
        settings: RabbitmqSettings,
        on_batch: Callable[[str, Received], None],
        on_problem: Callable[[], None] = lambda: None,
        *,
        connection_name: str,
    ) -> None:
        self._settings = settings
        self._on_batch = on_batch
        self._on_problem = on_problem
        self._connection_name = connection_name
        self._serials: frozenset[str] = frozenset()
        self._sought: tuple[bytes, ...] = ()
        self._others = asyncio.Event()
        self.problem: str | None = "connecting to RabbitMQ"  # None: connected, and what is measured comes
        self.connections = 0
        self.unreadable = 0

    def follow(self, serial_numbers: Collection[str]) -> None:
        """From now on these, and no others."""
        wanted = frozenset(serial_numbers)
        if wanted != self._serials:
            self._serials = wanted
            self._sought = tuple(serial.encode() for serial in wanted)
            self._others.set()

    async def run(self) -> None:
        """Until cancelled. StreamRefusedError where RabbitMQ does not allow this user to read."""
        backoff = Backoff(maximum_s=5.0)
        while True:
            before = self.connections
            try:
                await self._connection()
            except StreamRefusedError:
                raise
            except StreamError as error:
                self._say(str(error))
            if self.connections > before:
                backoff.reset()
            await asyncio.sleep(backoff.next())

    async def _connection(self) -> None:
        """One connection, until it is lost. StreamError then, or where there is none to be had."""
        where = f"{self._settings.rabbitmq_host}:{self._settings.rabbitmq_stream_port}"
        broken = asyncio.Event()
        consumer = Consumer(
            self._settings.rabbitmq_host,
            self._settings.rabbitmq_stream_port,
            vhost=self._settings.rabbitmq_virtual_host,
            username=self._settings.rabbitmq_username,
            password=self._settings.rabbitmq_password.get_secret_value(),
            frame_max=FRAME_MAX,
            heartbeat=_HEARTBEAT_S,
            connection_name=self._connection_name,
            on_close_handler=lambda _info: broken.set(),
            recovery_strategy=BackOffRecoveryStrategy(False),
        )
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                await consumer.start()
                partitions = await (await consumer.default_client).partitions(names.DATA_SUPER_STREAM)
            if not partitions:
                raise StreamError(f"{names.DATA_SUPER_STREAM} does not exist: run python -m runtime.topology")
            await self._read(consumer, list(partitions), broken)
            raise StreamError(f"the connection to RabbitMQ at {where} is lost")
        except _REFUSED as error:
            raise StreamRefusedError(
                f"RabbitMQ at {where} does not let {self._settings.rabbitmq_username!r} read "
                f"{names.DATA_SUPER_STREAM} ({type(error).__name__})"
            ) from error
        except StreamError:
            raise
        except Exception as error:  # rstream raises its own, OSError, assertions and timeouts alike
            raise StreamError(f"cannot read RabbitMQ's streams at {where}: {_said(error)}") from error
        finally:
            await close(consumer, 2)

    async def _read(self, consumer: Consumer, partitions: list[str], broken: asyncio.Event) -> None:
        """Read the partitions of those who are followed, until the connection breaks."""
        subscribed: dict[str, int] = {}
        wanted: set[str] = set()
        wanted_s: dict[str, float] = {}  # when a partition was last wanted
        while not broken.is_set():
            self._others.clear()
            before, wanted = (
                wanted,
                {partitions[names.partition_of(serial, len(partitions))] for serial in self._serials},
            )
            now_s = time.monotonic()
            wanted_s |= dict.fromkeys(before | wanted, now_s)
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                for stream in sorted(wanted - subscribed.keys()):
                    subscribed[stream] = await self._subscribe(consumer, stream)
            if self.problem is not None:
                self.connections += 1
                self._say(None)
            for stream in [one for one in subscribed.keys() - wanted if now_s - wanted_s[one] >= _LINGER_S]:
                await _unsubscribe(consumer, subscribed.pop(stream))
            linger_s = [wanted_s[one] + _LINGER_S - now_s for one in subscribed.keys() - wanted]
            await _first_of(broken, self._others, timeout_s=max(0.0, min(linger_s, default=_HEARTBEAT_S)))
            _check_heartbeat(consumer)

    async def _subscribe(self, consumer: Consumer, stream: str) -> int:
        """From now on; the subscription's number."""
        # rstream counts to 200 and then takes numbers that are in use
        free = next(number for number in itertools.count() if number not in consumer._subscribers)
        consumer._last_subscriber_id.swap_value(free - 1)  # type: ignore[no-untyped-call]
        return await consumer.subscribe(
            stream,
            self._on_message,
            decoder=bytes,
            initial_credit=_CREDIT,
            offset_specification=ConsumerOffsetSpecification(OffsetType.NEXT, None),
        )

    async def _on_message(self, message: bytes, _context: MessageContext) -> None:
        if len(self._sought) <= _SOUGHT and not any(serial in message for serial in self._sought):
            return
        received_ns = time.time_ns()
        try:
            relayed = unpack(from_amqp(message))
        except WireError:
            self.unreadable += 1
            return
        for one in relayed:
            if one.serial_number not in self._serials or one.kind != Kind.KIND_MEASUREMENTS:
                continue
            try:
                batch = decode_measurements(one.payload, received_ns)
            except WireError:  # a dead letter, of the ingester's making
                self.unreadable += 1
                continue
            self._on_batch(one.serial_number, Received(batch, received_ns))

    def _say(self, problem: str | None) -> None:
        self.problem = problem
        self._on_problem()


async def _unsubscribe(consumer: Consumer, number: int) -> None:
    client = consumer._subscribers[number].client
    await consumer.unsubscribe(number)
    client._frames.pop(number, None)  # what came meanwhile would be given to the next one of this number
    task = asyncio.current_task()
    if task is not None and task.cancelling():  # rstream takes a cancellation for an answer that did not come
        raise asyncio.CancelledError


async def _first_of(*events: asyncio.Event, timeout_s: float) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def _check_heartbeat(consumer: Consumer) -> None:
    """StreamError where RabbitMQ is silent. rstream only logs that heartbeats are missing."""
    heard = [client._last_heartbeat for client in consumer._clients.values()]
    if heard and time.monotonic() - min(heard) > 3 * _HEARTBEAT_S:
        raise StreamError(f"RabbitMQ is silent for {time.monotonic() - min(heard):.0f} s")


def _said(error: BaseException) -> str:
    if isinstance(error, OSError):  # a timeout is one, too
        return cause(error)
    with contextlib.suppress(IndexError):
        return f"{type(error).__name__} {error.args[0]}"
    return type(error).__name__
