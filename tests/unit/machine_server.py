"""A server for machine controllers on a loopback port, whose database is a fake; for tests of both its sides."""

import asyncio
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
import trustme

from alarms.machines import Acknowledgement, MachineServer, Tls
from wire.alarm_pb2 import Acknowledgement as Answer
from wire.alarm_pb2 import Hello, MachineMessage, Outcome, ServiceMessage, Trigger
from wire.alarm_pb2_grpc import MachinesStub

PUMP = "Pump 1"
# tells again so soon that a test can wait for it; the others hear nothing twice, however slow they are
impatient = pytest.mark.parametrize("served", [{"redeliver_s": 0.1}], indirect=True)


class Database:
    """What a store keeps, in memory."""

    def __init__(self) -> None:
        self.open: dict[bytes, Trigger] = {}
        self.answers: list[tuple[uuid.UUID, str, str, str, int]] = []
        self.asked: list[set[str]] = []
        self.away = False
        self.quick = asyncio.Event()  # cleared: answers are kept when it is set
        self.quick.set()

    async def unacknowledged(self, targets: Collection[str]) -> Sequence[Trigger]:
        self.asked.append(set(targets))
        if self.away:
            raise ConnectionError("the database is away")
        return [one for one in self.open.values() if "*" in targets or one.target in targets]

    async def acknowledged(
        self, trigger_id: uuid.UUID, machine: str, outcome: str, action_taken: str, time_ns: int
    ) -> None:
        if self.away:
            raise ConnectionError("the database is away")
        await self.quick.wait()
        self.answers.append((trigger_id, machine, outcome, action_taken, time_ns))
        self.open.pop(trigger_id.bytes, None)


class Served:
    """A server, its database, and whom it told of answers."""

    def __init__(self, **options: Any) -> None:
        self.database = Database()
        self.heard: list[Acknowledgement] = []
        given = {"host": "127.0.0.1", "port": 0, "instance": "alarms-0", **options}
        self.server = MachineServer(self.database, self.heard.append, **given)
        self.port = 0

    async def __aenter__(self) -> "Served":
        self.port = await self.server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop(5)


def trigger(target: str = PUMP, **fields: Any) -> Trigger:
    now_ns = time.time_ns()
    return Trigger(
        **{
            "id": uuid.uuid4().bytes,
            "alarm_id": uuid.uuid4().bytes,
            "target": target,
            "action": "stop",
            "event_time_ns": now_ns,
            "expiry_time_ns": now_ns + 3600 * 10**9,
            **fields,
        }
    )


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def certificates(folder: Path, authority: trustme.CA) -> Tls:
    server = authority.issue_cert("127.0.0.1", "localhost")
    server.private_key_pem.write_to_path(folder / "server.key")
    server.cert_chain_pems[0].write_to_path(folder / "server.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return Tls(folder / "server.pem", folder / "server.key", folder / "ca.pem")


class Controller:
    """One stream, spoken by hand."""

    def __init__(self, channel: grpc.aio.Channel, token: str | None = None) -> None:
        metadata = [("authorization", f"Bearer {token}")] if token is not None else []
        self.call = MachinesStub(channel).Connect(metadata=metadata)

    async def hello(self, machine: str = "plc", targets: Sequence[str] = (PUMP,)) -> "Controller":
        await self.call.write(MachineMessage(hello=Hello(machine=machine, targets=targets)))
        assert (await self.read()).welcome.instance == "alarms-0"
        return self

    async def read(self) -> ServiceMessage:
        async with asyncio.timeout(10):
            message = await self.call.read()
        assert isinstance(message, ServiceMessage), "the stream has ended"
        return message

    async def trigger(self) -> Trigger:
        message = await self.read()
        assert message.WhichOneof("message") == "trigger"
        return message.trigger

    async def answer(self, trigger: Trigger, outcome: Outcome = Outcome.OUTCOME_DONE) -> None:
        answer = Answer(trigger_id=trigger.id, outcome=outcome, action_taken="stopped", time_ns=5)
        await self.call.write(MachineMessage(acknowledgement=answer))

    async def refusal(self) -> tuple[grpc.StatusCode, str]:
        """With what the stream ends."""
        async with asyncio.timeout(10):
            return await self.call.code(), await self.call.details()
