"""The reference controller of machines: connects out to the alarms service, does what it is told once, and answers."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import grpc
import grpc.aio
import structlog

from emulator.machine_states import Answer
from runtime.backoff import Backoff
from wire.alarm_pb2 import (
    Acknowledgement,
    Hello,
    MachineMessage,
    Outcome,
    Resolved,
    ServiceMessage,
    Trigger,
)
from wire.alarm_pb2_grpc import MachinesStub

log = structlog.get_logger()

_REMEMBERED: Final = 10_000  # answers, for triggers that come again
_GOODBYE_S: Final = 2.0
_OPTIONS: Final = (
    ("grpc.use_local_subchannel_pool", 1),  # each attempt is a new one, and waits as said here
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)
_DENIED: Final = (
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.UNIMPLEMENTED,
)
_Call = grpc.aio.StreamStreamCall[MachineMessage, ServiceMessage]


class ControllerDenied(Exception):  # noqa: N818  # it is what the controller is
    """The service does not let it in, and would not the next time."""


class ClientTls(NamedTuple):
    """PEM files: the authority of the service's certificate, and the controller's own."""

    ca: Path
    certificate: Path
    key: Path


class Receipt(NamedTuple):
    """One trigger as it came; `answer` is None where it is somebody else's."""

    trigger: Trigger
    received_ns: int
    answer: Answer | None
    repeated: bool


class MachineController:
    """`act` does what a trigger asks, without waiting; None where it is not to be answered.

    `on_receipt` hears of each trigger after its answer was sent, `on_resolved` of alarms that are over, `on_change`
    of the connection in a line for people.
    """

    def __init__(
        self,
        address: str,
        machine: str,
        targets: Sequence[str],
        act: Callable[[Trigger], Answer | None],
        *,
        tls: ClientTls | None = None,
        token: str | None = None,
        on_receipt: Callable[[Receipt], None] = lambda _: None,
        on_resolved: Callable[[Resolved], None] = lambda _: None,
        on_change: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._address = address
        self._hello = Hello(machine=machine, targets=targets)
        self._act = act
        self._tls = tls
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._on_receipt = on_receipt
        self._on_resolved = on_resolved
        self._on_change = on_change
        self._answers: OrderedDict[bytes, Acknowledgement] = OrderedDict()
        self._backoff = Backoff(maximum_s=5.0)
        self.connected = asyncio.Event()  # the service has said Welcome

    async def run(self, stop: asyncio.Event) -> None:
        """Be connected until `stop`. ControllerDenied where that is not to be; OSError where a PEM file is none."""
        credentials = _credentials(self._tls) if self._tls else None
        while not stop.is_set():
            try:
                await self._connect(credentials, stop)
                reason = "the service has ended the stream"
            except grpc.aio.AioRpcError as error:
                reason = error.details() or error.code().name
                if error.code() in _DENIED:
                    raise ControllerDenied(f"{self._address}: {reason}") from None
            finally:
                self.connected.clear()
            if not stop.is_set():
                wait_s = self._backoff.next()
                self._on_change(f"{self._address}: {reason}; again in {wait_s:.1f} s")
                try:
                    async with asyncio.timeout(wait_s):
                        await stop.wait()
                except TimeoutError:
                    pass

    async def _connect(self, credentials: grpc.ChannelCredentials | None, stop: asyncio.Event) -> None:
        channel = (
            grpc.aio.insecure_channel(self._address, _OPTIONS)
            if credentials is None
            else grpc.aio.secure_channel(self._address, credentials, _OPTIONS)
        )
        async with channel:
            call = MachinesStub(channel).Connect(metadata=self._metadata)
            reading = asyncio.create_task(self._read(call), name="machine triggers")
            stopping = asyncio.create_task(stop.wait(), name="machine stop")
            try:
                await asyncio.wait([reading, stopping], return_when=asyncio.FIRST_COMPLETED)
                if not reading.done():
                    await call.done_writing()  # the service reads what was answered, and ends the stream
                    await asyncio.wait([reading], timeout=_GOODBYE_S)
                if reading.done():
                    reading.result()
            finally:
                reading.cancel()
                stopping.cancel()
                await asyncio.gather(reading, stopping, return_exceptions=True)
                call.cancel()

    async def _read(self, call: _Call) -> None:
        await call.write(MachineMessage(hello=self._hello))
        while isinstance(message := await call.read(), ServiceMessage):
            received_ns = time.time_ns()
            match message.WhichOneof("message"):
                case "welcome":
                    self._backoff.reset()
                    self.connected.set()
                    self._on_change(f"connected to {message.welcome.instance} at {self._address}")
                case "trigger":
                    await self._trigger(call, message.trigger, received_ns)
                case "resolved":
                    self._on_resolved(message.resolved)

    async def _trigger(self, call: _Call, trigger: Trigger, received_ns: int) -> None:
        said = self._answers.get(trigger.id)
        repeated = said is not None
        if said is None:
            answer = self._first(trigger, received_ns)
            if answer is None:
                self._on_receipt(Receipt(trigger, received_ns, None, repeated=False))
                return
            said = Acknowledgement(
                trigger_id=trigger.id,
                outcome=answer.outcome,
                action_taken=answer.action_taken,
                time_ns=time.time_ns(),
            )
            self._answers[trigger.id] = said  # before it is sent: what is not sent is asked for again
            if len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)
        try:
            await call.write(MachineMessage(acknowledgement=said))
        finally:  # done it is in any case
            self._on_receipt(Receipt(trigger, received_ns, Answer(said.outcome, said.action_taken), repeated))

    def _first(self, trigger: Trigger, now_ns: int) -> Answer | None:
        if trigger.expiry_time_ns and now_ns > trigger.expiry_time_ns:
            return Answer(Outcome.OUTCOME_REFUSED, "it came after its expiry")
        return self._act(trigger)


def _credentials(tls: ClientTls) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        tls.ca.read_bytes(), tls.key.read_bytes(), tls.certificate.read_bytes()
    )
