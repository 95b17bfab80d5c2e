"""Emulated sensors as others see them, on the real Mosquitto."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import mqtt5
import pytest

from runtime.mqtt import Connection, Options
from runtime.mqtt_client import Client
from stack.local import Stack
from tests.integration.clients import Publisher, publisher
from tests.integration.pipeline import Service, running
from wire import names
from wire.codec import decode_measurements
from wire.messages import decode_ack, decode_birth, decode_log, decode_status
from wire.names import CommandLevel
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import ChangeSampleFrequency, Command, Outcome, Resend, State


class Listener:
    """Everything that a sensor publishes, as it comes."""

    def __init__(self, serial: str) -> None:
        self.serial = serial
        self.messages: list[tuple[str, bytes, bool]] = []
        self._changed = asyncio.Event()

    def heard(self, connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        connection.acknowledge([p.packet_id for p in packets if p.packet_id is not None])
        self.messages += [(p.topic, p.payload, p.retain) for p in packets]
        self._changed.set()

    def of(self, kind: Kind) -> list[bytes]:
        return [payload for topic, payload, _ in self.messages if topic == names.topic(self.serial, kind)]

    async def until(self, condition: Callable[[], object], what: str, timeout_s: float = 15) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            raise AssertionError(f"not within {timeout_s} s: {what}") from error


@asynccontextmanager
async def listening(stack: Stack, serial: str) -> AsyncIterator[Listener]:
    """A subscriber whose session outlives the broker: nothing that was acknowledged passes it by."""
    assert stack.ports is not None
    listener = Listener(serial)
    secret = stack.passwords["mqtt/control"].encode()
    client = Client(
        Options(
            "127.0.0.1",
            stack.ports.mqtt,
            f"listener-{uuid.uuid4().hex[:12]}",
            "control",
            secret,
            session_expiry_s=60,
        ),
        filters=(f"sensors/{serial}/+",),
        on_messages=listener.heard,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(client.run(stop))
    async with asyncio.timeout(10):
        await client.room.wait()
    try:
        yield listener
    finally:
        stop.set()
        await task
        await client.stop(session_expiry_s=0)


@asynccontextmanager
async def emulated(stack: Stack, folder: Path, serial: str) -> AsyncIterator[Service]:
    """One sensor of a fleet of one, with batches of 0.2 s at 100 Hz."""
    await asyncio.to_thread(stack.credentials, [serial])
    with running(stack, folder) as pipeline:
        prefix = serial.removesuffix("vehicle-0001")
        service = pipeline.emulator(
            "--sensors", "1", "--prefix", prefix, "--vibration-frequency", "100", "--batch-duration", "0.2",
            report=folder / "report.json", serials=[serial],
        )  # fmt: skip
        await asyncio.to_thread(service.wait_ready)
        yield service


async def tell(control: Publisher, serial: str, level: CommandLevel, **fields: object) -> bytes:
    """Publish a command; its id."""
    command = Command(**{"id": uuid.uuid4().bytes, "issued_time_ns": time.time_ns(), **fields})  # type: ignore[arg-type]  # by name
    reason = await control.publish(names.command_topic(serial, level), command.SerializeToString())
    assert reason is mqtt5.PubAckReasonCode.SUCCESS
    return command.id


async def test_sensor_says_who_and_how_it_is_and_measures(stack: Stack, tmp_path: Path) -> None:
    """Birth and status are retained; batches are dense; a log line says that it booted; SIGTERM says goodbye."""
    serial = "who-vehicle-0001"
    async with listening(stack, serial) as live:
        async with emulated(stack, tmp_path, serial) as service:
            await live.until(lambda: len(live.of(Kind.KIND_MEASUREMENTS)) >= 5, "five batches")
            async with listening(stack, serial) as late:
                await late.until(
                    lambda: late.of(Kind.KIND_BIRTH) and late.of(Kind.KIND_STATUS), "what is retained"
                )
                assert {topic.rpartition("/")[2] for topic, _, retain in late.messages if retain} == {
                    "birth",
                    "status",
                }
            assert await asyncio.to_thread(service.stop) == 0
        await live.until(
            lambda: decode_status(live.of(Kind.KIND_STATUS)[-1]).state == State.STATE_OFFLINE,
            "it says goodbye",
        )
    birth = decode_birth(live.of(Kind.KIND_BIRTH)[0], serial)
    assert (birth.sensor_type, birth.sample_frequency_hz) == ("vibration", 100.0)
    assert [(c.name, c.quantity, c.unit) for c in birth.channels] == [(a, "acceleration", "g") for a in "xyz"]
    batches = [decode_measurements(p, time.time_ns()) for p in live.of(Kind.KIND_MEASUREMENTS)]
    assert [batch.sequence for batch in batches] == list(range(len(batches)))
    assert {batch.session for batch in batches} == {birth.session}
    assert batches[0].position is not None
    assert decode_log(live.of(Kind.KIND_LOG)[0], time.time_ns()).logger == "boot"
    [report] = json.loads((tmp_path / "report.json").read_text())["sensors"]
    assert report["batches_made"] == report["batches_acknowledged"] == len(batches)


async def test_killed_sensor_is_said_to_be_offline_by_the_broker(stack: Stack, tmp_path: Path) -> None:
    """The last will."""
    serial = "will-vehicle-0001"
    async with listening(stack, serial) as live, emulated(stack, tmp_path, serial) as service:
        await live.until(lambda: live.of(Kind.KIND_STATUS), "a status")
        service.kill()
        await live.until(
            lambda: decode_status(live.of(Kind.KIND_STATUS)[-1]).state == State.STATE_OFFLINE, "the last will"
        )
        assert decode_status(live.of(Kind.KIND_STATUS)[-1]).time_ns == 0


async def test_command_is_applied_once_and_acknowledged_each_time(stack: Stack, tmp_path: Path) -> None:
    """Applied, a duplicate when it comes again, expired when it is late, rejected when it cannot be."""
    serial = "told-vehicle-0001"
    level = CommandLevel.CHANGE_SAMPLE_FREQUENCY
    async with (
        listening(stack, serial) as live,
        publisher(stack, "control") as control,
        emulated(stack, tmp_path, serial),
    ):

        async def outcome(after: int) -> Outcome:
            await live.until(lambda: len(live.of(Kind.KIND_ACK)) > after, "an acknowledgement")
            return decode_ack(live.of(Kind.KIND_ACK)[after]).outcome

        change = ChangeSampleFrequency(sample_frequency_hz=50)
        command_id = await tell(control, serial, level, change_sample_frequency=change)
        assert await outcome(0) == Outcome.OUTCOME_APPLIED
        await tell(control, serial, level, id=command_id, change_sample_frequency=change)
        assert await outcome(1) == Outcome.OUTCOME_DUPLICATE
        await tell(control, serial, level, expiry_time_ns=time.time_ns() - 1, change_sample_frequency=change)
        assert await outcome(2) == Outcome.OUTCOME_EXPIRED
        bad = ChangeSampleFrequency(sample_frequency_hz=-1)
        await tell(control, serial, level, change_sample_frequency=bad)
        assert await outcome(3) == Outcome.OUTCOME_REJECTED
        ack = decode_ack(live.of(Kind.KIND_ACK)[3])
        assert ack.sample_frequency_hz == 50.0

        def at_new_frequency() -> bool:
            newest = decode_measurements(live.of(Kind.KIND_MEASUREMENTS)[-1], time.time_ns())
            return newest.sample_frequency_hz == 50.0 and newest.sample_count == 10

        await live.until(at_new_frequency, "batches at 50 Hz")


async def test_resend_publishes_batches_again(stack: Stack, tmp_path: Path) -> None:
    """The same bytes."""
    serial = "again-vehicle-0001"
    async with (
        listening(stack, serial) as live,
        publisher(stack, "control") as control,
        emulated(stack, tmp_path, serial),
    ):
        await live.until(lambda: len(live.of(Kind.KIND_MEASUREMENTS)) >= 4, "four batches")
        first = live.of(Kind.KIND_MEASUREMENTS)[1:3]
        session = decode_measurements(first[0], time.time_ns()).session
        resend = Resend(session=session, first_sequence=1, last_sequence=2)
        await tell(control, serial, CommandLevel.RESEND, resend=resend)
        await live.until(
            lambda: all(live.of(Kind.KIND_MEASUREMENTS).count(p) == 2 for p in first), "both again"
        )


async def test_without_subscriber_batches_wait_and_come_when_there_is_one(
    stack: Stack, tmp_path: Path
) -> None:
    """A PUBACK that says "no matching subscribers" does not end a batch: all come, from the first."""
    serial = "wait-vehicle-0001"
    async with emulated(stack, tmp_path, serial) as service:
        await asyncio.to_thread(_wait_not_held, service)
        async with listening(stack, serial) as live:

            def sequences() -> set[int]:
                return {
                    decode_measurements(p, time.time_ns()).sequence for p in live.of(Kind.KIND_MEASUREMENTS)
                }

            await live.until(lambda: sequences() >= set(range(8)), "everything from sequence 0")


def _wait_not_held(service: Service) -> None:
    deadline = time.monotonic() + 15
    while service.metric("emulator_not_held_total") < 5:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert service.metric("emulator_batches_acknowledged_total") == 0


async def test_mosquitto_restarted_nothing_of_the_sensor_is_lost(stack: Stack, tmp_path: Path) -> None:
    """Batches made meanwhile are published when the broker is back; the subscriber misses none."""
    serial = "back-vehicle-0001"
    async with listening(stack, serial) as live, emulated(stack, tmp_path, serial):
        await live.until(lambda: len(live.of(Kind.KIND_MEASUREMENTS)) >= 2, "two batches")
        stack.restart("mosquitto")  # not in a thread: servers end with the thread that started them

        def last() -> int:
            return decode_measurements(live.of(Kind.KIND_MEASUREMENTS)[-1], time.time_ns()).sequence

        before = last()
        await live.until(lambda: last() > before + 10, "it goes on", 20)
        sequences = {decode_measurements(p, time.time_ns()).sequence for p in live.of(Kind.KIND_MEASUREMENTS)}
    assert sequences >= set(range(before, before + 10))


def test_no_credentials_for_a_sensor_is_a_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It names the sensor, and who makes credentials."""
    from click.testing import CliRunner

    from emulator.__main__ import main

    (tmp_path / "none.json").write_text("{}")
    result = CliRunner().invoke(main, ["--credentials", str(tmp_path / "none.json"), "--sensors", "2"])
    assert result.exit_code == 1
    assert "no credentials for vehicle-0001 and 1 others" in result.output
