"""Types of alarm_pb2_grpc.py, which protoc makes without any; by hand."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import grpc.aio

from wire.alarm_pb2 import MachineMessage, ServiceMessage

class _Connect(Protocol):
    def __call__(
        self,
        *,
        timeout: float | None = None,
        metadata: Sequence[tuple[str, str]] | None = None,
        wait_for_ready: bool | None = None,
    ) -> grpc.aio.StreamStreamCall[MachineMessage, ServiceMessage]: ...

class MachinesStub:
    Connect: _Connect
    def __init__(self, channel: grpc.aio.Channel) -> None: ...

class MachinesServicer:
    async def Connect(  # noqa: N802  # as protoc makes it
        self,
        request_iterator: AsyncIterator[MachineMessage],
        context: grpc.aio.ServicerContext[MachineMessage, ServiceMessage],
    ) -> None: ...

def add_MachinesServicer_to_server(servicer: MachinesServicer, server: grpc.aio.Server) -> None: ...  # noqa: N802  # as protoc makes it
