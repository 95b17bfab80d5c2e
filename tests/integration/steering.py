"""Commands as an operator gives them, sensors as they answer, and what the database says of both."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from emulator.link import Link
from emulator.sensor import Plan, Sensor
from emulator.signals import Table
from runtime.amqp import AmqpConnection, connect
from stack.local import Stack
from tests.integration.pipeline import Database
from tests.integration.relay import rabbitmq
from wire import names
from wire.names import CommandLevel
from wire.sensor_pb2 import ChangeSampleFrequency, Command

CLIENT = "anna@laptop"
MAXIMUM_HZ = 1_000.0


class Recorded(NamedTuple):
    """A row of command_overview."""

    serial_number: str
    name: str
    parameters: dict[str, Any]
    issuer: str
    client: str
    issued_at: Any
    expires_at: Any
    queued_at: Any
    sent_at: Any
    ended_at: Any
    status: str
    reason: str | None
    state: str | None
    sample_frequency_hz: float | None


async def until(condition: Callable[[], object], what: str, timeout_s: float = 20) -> None:
    """Return as soon as the condition holds; AssertionError naming `what` after the deadline."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:g} s: {what}")
        await asyncio.sleep(0.02)


def command(expires_s: float | None = 600, **kind: Any) -> Command:
    """A new command, e.g. `command(sleep=Sleep())`; it expires in so many seconds from now."""
    now_ns = time.time_ns()
    return Command(
        id=uuid.uuid4().bytes,
        issued_time_ns=now_ns,
        expiry_time_ns=0 if expires_s is None else now_ns + round(expires_s * 1e9),
        **kind,
    )


def frequency(hz: float, expires_s: float | None = 600) -> Command:
    return command(expires_s, change_sample_frequency=ChangeSampleFrequency(sample_frequency_hz=hz))


class Operator:
    """Gives commands, and looks up what became of them."""

    def __init__(self, connection: AmqpConnection, database: Database) -> None:
        self.connection = connection
        self._database = database

    def give(self, serial: str, given: Command) -> "asyncio.Future[None]":
        """Done when RabbitMQ has it."""
        key = names.command_routing_key(serial, CommandLevel(given.WhichOneof("command")))
        return self.connection.publish(key, given.SerializeToString(), headers={names.HEADER_CLIENT: CLIENT})

    def recorded(self, given: Command) -> Recorded | None:
        row = self._database.execute(
            f"SELECT {', '.join(Recorded._fields)} FROM command_overview WHERE id = %s",
            [uuid.UUID(bytes=given.id)],
        ).fetchone()  # columns of this file
        return None if row is None else Recorded(*row)

    def statuses(self, given: list[Command]) -> list[str]:
        ids = [uuid.UUID(bytes=one.id) for one in given]
        return [
            status
            for (status,) in self._database.execute(
                "SELECT status FROM command_overview WHERE id = ANY(%s)", [ids]
            ).fetchall()
        ]

    async def becomes(self, given: Command, status: str, timeout_s: float = 20) -> Recorded:
        """Wait for this status of a command that was recorded."""
        found: list[Recorded] = []

        def reached() -> bool:
            row = self.recorded(given)
            if row is not None and row.status == status and row.name:
                found.append(row)
            return bool(found)

        try:
            await until(reached, f"{status}", timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.recorded(given)}") from error
        return found[0]


@asynccontextmanager
async def operating(stack: Stack, database: Database, role: str = "operator") -> AsyncIterator[Operator]:
    connection = await connect(rabbitmq(stack, role), "test-operator")
    try:
        yield Operator(connection, database)
    finally:
        await connection.close()


class NotedSensor(Sensor):
    """An emulated sensor that remembers which frequencies it was really set to, in order."""

    def __init__(self, serial: str) -> None:
        super().__init__(Plan(serial, "vibration", Table(0), 100.0, MAXIMUM_HZ), time.time_ns())
        self.applied: list[float] = []

    def _change_sample_frequency(self, command: object, now_ns: int) -> str:
        reason = super()._change_sample_frequency(command, now_ns)
        if not reason:
            self.applied.append(self.sample_frequency_hz)
        return reason


class Emulated:
    """One sensor in this process. It connects and disconnects when the test says so, and keeps what it knows."""

    def __init__(self, stack: Stack, serial: str, password: str) -> None:
        assert stack.ports is not None
        self.serial = serial
        self.sensor = NotedSensor(serial)
        self.link = Link(self.sensor, "127.0.0.1", stack.ports.mqtt, password)
        self._ended = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def come(self) -> None:
        self._ended.clear()
        self._running = asyncio.create_task(self.link.client.run(self._ended))
        await until(lambda: self.link.client.connection is not None, f"{self.serial} is connected")

    async def go(self) -> None:
        """Disconnect; the broker keeps the session."""
        if self._running is not None:
            self._ended.set()
            await self._running
            await self.link.client.stop()
            self._running = None


@asynccontextmanager
async def emulated(stack: Stack, *serials: str) -> AsyncIterator[list[Emulated]]:
    """Connected sensors."""
    passwords = await asyncio.to_thread(stack.credentials, serials)
    sensors = [Emulated(stack, serial, passwords[serial]) for serial in serials]
    try:
        for sensor in sensors:
            await sensor.come()
        yield sensors
    finally:
        for sensor in sensors:
            await sensor.go()
