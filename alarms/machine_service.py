"""The service Machines of proto/alarm.proto: connected controllers, and what each of them is to be told."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from importlib import metadata
from typing import Final, Protocol

import grpc
import grpc.aio
import structlog

from alarms import machine_metrics as metrics
from alarms.machine_access import Access, Denied
from alarms.machine_answers import Acknowledgement, Answers, BadMessage, Keeper
from alarms.machine_book import Book
from alarms.machine_connection import Connection
from wire import alarm_pb2_grpc
from wire.alarm_pb2 import MachineMessage, Resolved, ServiceMessage, Trigger, Welcome

log = structlog.get_logger()

_HELLO_TIMEOUT_S: Final = 10.0
_STORE_TIMEOUT_S: Final = 10.0
_ASKING_AT_ONCE: Final = 4  # of the store, when everybody connects again
_VERSION: Final = metadata.version("sensor-streaming")
_Context = grpc.aio.ServicerContext[MachineMessage, ServiceMessage]


class Store(Keeper, Protocol):
    """What the database keeps of triggers. Any exception means: not now, it is tried again later."""

    async def unacknowledged(self, targets: Collection[str]) -> Sequence[Trigger]:
        """Triggers of these machines ({"*"}: of all) that are neither acknowledged nor expired, oldest first.

        At most machine_book.MAXIMUM_UNACKNOWLEDGED, the newest ones of them.
        """


class Machines(alarm_pb2_grpc.MachinesServicer):
    """`run` beside it: it keeps answers, and tells again what nobody has answered."""

    def __init__(
        self,
        access: Access,
        store: Store,
        on_acknowledged: Callable[[Acknowledgement], None],
        *,
        instance: str,
        maximum_connections: int,
        maximum_queued: int,
        redeliver_s: float,
    ) -> None:
        self._access = access
        self._store = store
        self._instance = instance
        self._maximum_connections = maximum_connections
        self._maximum_queued = maximum_queued
        self._redeliver_s = redeliver_s
        self._book = Book()
        self._answers = Answers(self._book, store, on_acknowledged, self.finish)
        self._asking = asyncio.Semaphore(_ASKING_AT_ONCE)
        self._calls = 0  # with those that have not said Hello
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False
        self.connections: set[Connection] = set()

    def deliver(self, trigger: Trigger) -> int:
        """To how many controllers it was told now."""
        if not trigger.sent_time_ns:
            trigger.sent_time_ns = time.time_ns()
        if not self._book.add(trigger):
            return 0
        return sum(one.tell(trigger) for one in self.connections if one.controls(trigger.target))

    def resolved(self, target: str, alarm_id: uuid.UUID, time_ns: int) -> int:
        """To how many controllers that was told."""
        told = [one for one in self.connections if one.controls(target)]
        for connection in told:
            connection.resolve(Resolved(alarm_id=alarm_id.bytes, target=target, time_ns=time_ns))
        return len(told)

    def finish(self, trigger_id: bytes) -> None:
        """It is over: nobody is told any more."""
        self._book.finish(trigger_id)
        for connection in self.connections:
            connection.forget(trigger_id)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._answers.run(), name="machine answers")
            tasks.create_task(self._redeliver(), name="machine redelivery")

    async def drain(self) -> None:
        """Let nobody in, tell what is queued, end the streams, and wait until answers are kept."""
        self._stopping = True
        for connection in self.connections:
            connection.close()
        await self._idle.wait()
        await self._answers.drained()

    async def Connect(  # noqa: N802  # as protoc has it
        self,
        request_iterator: AsyncIterator[MachineMessage],  # noqa: ARG002  # the context's `read` leaves nothing open
        context: _Context,
    ) -> None:
        """One controller, until it goes or this stops."""
        self._calls += 1
        self._idle.clear()
        try:
            await self._serve(await self._admit(context), context)
        except Denied as denied:
            metrics.REFUSED.labels(denied.code.name).inc()
            log.warning("machine_refused", peer=context.peer(), reason=str(denied))
            await context.abort(denied.code, str(denied))
        except BadMessage as error:
            metrics.BAD_MESSAGES.inc()
            log.warning("machine_bad_message", peer=context.peer(), error=str(error))
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        finally:
            self._calls -= 1
            if not self._calls:
                self._idle.set()

    async def _admit(self, context: _Context) -> Connection:
        """Denied, or one that is welcome."""
        if self._stopping:
            raise Denied(grpc.StatusCode.UNAVAILABLE, "the service is stopping")
        if self._calls > self._maximum_connections:
            raise Denied(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"{self._maximum_connections} controllers are connected, and no more are let in",
            )
        self._access.check_call(context.invocation_metadata() or ())
        try:
            async with asyncio.timeout(_HELLO_TIMEOUT_S):
                first = await context.read()
        except TimeoutError:
            raise Denied(
                grpc.StatusCode.DEADLINE_EXCEEDED, f"no Hello within {_HELLO_TIMEOUT_S:g} s"
            ) from None
        if not isinstance(first, MachineMessage) or first.WhichOneof("message") != "hello":
            raise Denied(grpc.StatusCode.INVALID_ARGUMENT, "the first message is Hello")
        hello = first.hello
        self._access.check_hello(hello, context.auth_context())
        return Connection(hello.machine, hello.targets, self._maximum_queued, time.monotonic, self._book.of)

    async def _serve(self, connection: Connection, context: _Context) -> None:
        self.connections.add(connection)
        if self._stopping:
            connection.close()
        metrics.CONNECTED.set(len(self.connections))
        log.info("machine_connected", machine=connection.machine, targets=sorted(connection.targets))
        welcome = Welcome(
            instance=self._instance,
            version=_VERSION,
            time_ns=time.time_ns(),
            redelivery_ms=round(self._redeliver_s * 1e3),
        )
        reading = asyncio.create_task(self._read(connection, context), name="machine reader")
        resuming = asyncio.create_task(self._resume(connection), name="machine resume")
        try:
            await context.write(ServiceMessage(welcome=welcome))
            while (message := await connection.next(time.time_ns)) is not None:
                await context.write(message)
            if reading.done():
                reading.result()
        finally:
            self.connections.discard(connection)
            metrics.CONNECTED.set(len(self.connections))
            reading.cancel()
            resuming.cancel()
            await asyncio.gather(reading, resuming, return_exceptions=True)
            log.info("machine_disconnected", machine=connection.machine)

    async def _read(self, connection: Connection, context: _Context) -> None:
        try:
            while isinstance(message := await context.read(), MachineMessage):
                kind = message.WhichOneof("message")
                if kind == "hello":
                    raise BadMessage("Hello is said once")
                if kind == "acknowledgement":  # else it is of a later version
                    await self._answers.take(connection, message.acknowledgement)
        finally:
            connection.close()

    async def _resume(self, connection: Connection) -> None:
        """What is unanswered: at once what is in memory, then what only the store has."""
        connection.catch_up(self._book.of(connection.targets))
        await self._agree(connection.targets)
        connection.catch_up(self._book.of(connection.targets))

    async def _redeliver(self) -> None:
        while True:
            await asyncio.sleep(self._redeliver_s / 2)
            for trigger_id in self._book.expire(time.time_ns()):
                self.finish(trigger_id)
            if self.connections:
                await self._agree({target for one in self.connections for target in one.targets})
            for connection in tuple(self.connections):
                connection.retain(self._book.has)
                connection.catch_up(self._book.of(connection.targets), self._redeliver_s)

    async def _agree(self, targets: Collection[str]) -> None:
        """Learn from the store what is unanswered, and what was answered elsewhere."""
        try:
            async with self._asking, asyncio.timeout(_STORE_TIMEOUT_S):
                stored = await self._store.unacknowledged(targets)
        except Exception as error:  # whatever the store's library raises
            metrics.STORE_FAILURES.labels("unacknowledged").inc()
            log.warning("triggers_not_read", error=repr(error))
            return
        for trigger_id in self._book.agree(stored, targets):
            self.finish(trigger_id)
