"""Bad input, on the real servers: counted, dead-lettered with a reason, acknowledged, and never in the way."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import mqtt5
import numpy as np
import pytest

from stack.local import Stack
from tests.integration.clients import dead_letters, publisher
from tests.integration.pipeline import Database, connect, running, wait_for
from wire import limits, names
from wire.codec import Batch, ChannelBatch, encode_measurements
from wire.relay_pb2 import DeadLetter, Kind

SERIAL = "bad-input-1"
TOPIC = names.topic(SERIAL, Kind.KIND_MEASUREMENTS)


def measurements(sequence: int, *, start_ns: int | None = None, value: float = 1.0, count: int = 10) -> bytes:
    start = time.time_ns() - 10**9 if start_ns is None else start_ns
    data = np.full(count, value, dtype="<f4").tobytes()
    return encode_measurements(Batch(77, sequence, start, 100.0, count, (ChannelBatch(0, data),)))


# what is published (topic, payload) and the reason it is given up for
BAD = {
    "truncated": (TOPIC, measurements(0)[:-3], "malformed"),
    "not protobuf": (TOPIC, b"\xff\xff\xff not protobuf", "malformed"),
    "empty": (TOPIC, b"", "bad_sample_frequency"),
    "oversized": (TOPIC, b"\x00" * (limits.MAXIMUM_MESSAGE_BYTES + 1), "too_large"),
    "too many samples": (TOPIC, measurements(0, count=limits.MAXIMUM_SAMPLES + 1), "bad_sample_count"),
    "NaN": (TOPIC, measurements(0, value=float("nan")), "not_finite"),
    "infinity": (TOPIC, measurements(0, value=float("inf")), "not_finite"),
    "1970": (TOPIC, measurements(0, start_ns=1_000), "bad_time"),
    "2100": (TOPIC, measurements(0, start_ns=4_102_444_800 * 10**9), "bad_time"),
    "unknown topic": (f"sensors/{SERIAL}/gossip", b"hello", "unknown_topic"),
    "bad serial number": ("sensors/-not a serial-/measurements", measurements(0), "bad_serial_number"),
    "bad log": (names.topic(SERIAL, Kind.KIND_LOG), b"\x0a", "malformed"),
    "bad birth": (names.topic(SERIAL, Kind.KIND_BIRTH), b"\x0a\x03abc", "bad_serial_number"),
    "bad status": (names.topic(SERIAL, Kind.KIND_STATUS), b"\x08\x09", "bad_state"),
}


@pytest.fixture
def database(stack: Stack) -> Iterator[Database]:
    with connect(stack) as connection:
        yield connection


async def test_bad_input_becomes_dead_letters_and_good_input_passes_within_a_second(
    stack: Stack, tmp_path: Path, database: Database
) -> None:
    """Each bad message is PUBACKed, kept with its reason and original bytes; the good one behind it is stored."""
    with running(stack, tmp_path) as pipeline:
        services = [
            pipeline.bridge(),
            pipeline.ingest(),
            pipeline.ingest("logs"),
            pipeline.ingest("registry"),
        ]
        for service in services:
            await asyncio.to_thread(service.wait_ready)
        async with publisher(stack, "control") as control:
            for sequence, (name, (topic, payload, _)) in enumerate(BAD.items()):
                assert await control.publish(topic, payload) is mqtt5.PubAckReasonCode.SUCCESS, name
                assert await control.publish(TOPIC, measurements(sequence)) is mqtt5.PubAckReasonCode.SUCCESS
                published = time.monotonic()

                def stored(count: int = sequence + 1) -> bool:
                    row = database.execute(
                        "SELECT batch_count FROM sensor_overview WHERE serial_number = %s", [SERIAL]
                    ).fetchone()
                    return row == (count,)

                await asyncio.to_thread(wait_for, stored, 5, f"the good message behind {name!r} is stored")
                assert time.monotonic() - published < 1.0, name

        def all_there(letters: list[DeadLetter]) -> bool:
            kept = {(letter.reason, letter.payload) for letter in letters}
            return all((reason, payload) in kept for _, payload, reason in BAD.values())

        letters = await dead_letters(stack, all_there)
        counted = sum(
            service.metric("bridge_dead_letters_total") + service.metric("ingest_dead_letters_total")
            for service in services
        )
        assert counted == len(BAD)
    by_payload = {(letter.reason, letter.payload): letter for letter in letters}
    nan = by_payload["not_finite", BAD["NaN"][1]]
    assert (nan.serial_number, nan.kind) == (SERIAL, Kind.KIND_MEASUREMENTS)
    assert nan.origin.startswith(f"{names.DATA_SUPER_STREAM}-")
    assert by_payload["unknown_topic", b"hello"].origin == f"sensors/{SERIAL}/gossip"


async def test_unknown_sensor_measures_is_registered_provisionally(
    stack: Stack, tmp_path: Path, database: Database
) -> None:
    """Measurements of a sensor without a birth are kept."""
    serial = "never-born-1"
    with running(stack, tmp_path) as pipeline:
        await asyncio.to_thread(pipeline.spine)
        async with publisher(stack, serial) as sensor:
            await sensor.publish(names.topic(serial, Kind.KIND_MEASUREMENTS), measurements(0))

            def stored() -> bool:
                return database.execute(
                    "SELECT provisional, batch_count FROM sensor_overview WHERE serial_number = %s", [serial]
                ).fetchone() == (True, 1)

            await asyncio.to_thread(wait_for, stored, 5, "the batch of a sensor that nobody knows")
