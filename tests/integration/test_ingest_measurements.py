"""Envelopes in RabbitMQ become rows in TimescaleDB: exactly, once, and past whatever is in the way."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg
import pytest

from stack.local import Stack
from tests.integration.pipeline import Pipeline, Service, running, wait_for
from tests.integration.relay import SESSION, START_NS, Relay, batch, dead_letters_of
from wire.codec import Batch, ChannelBatch, Position, encode_measurements
from wire.relay_pb2 import Kind

Database = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(scope="module")
def pipeline(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with running(stack, tmp_path_factory.mktemp("measurements")) as one:
        yield one


@pytest.fixture(scope="module")
def ingester(pipeline: Pipeline) -> Service:
    return pipeline.ingest().wait_ready()


@pytest.fixture
def database(pipeline: Pipeline, ingester: Service) -> Iterator[Database]:
    with pipeline.connect() as connection:
        yield connection


def overview(database: Database, serial: str) -> tuple[Any, ...]:
    """(sessions, batches, missing) of a sensor."""
    row = database.execute(
        "SELECT sessions, batch_count, missing FROM sensor_overview WHERE serial_number = %s", [serial]
    ).fetchone()
    return row or (0, 0, 0)


def rows(database: Database, serial: str) -> int:
    row = database.execute(
        "SELECT count(*) FROM measurement_batch b JOIN sensor s ON s.id = b.sensor_id WHERE serial_number = %s",
        [serial],
    ).fetchone()
    assert row is not None
    return int(row[0])


def wait_rows(database: Database, serial: str, count: int, timeout_s: float = 10) -> None:
    wait_for(lambda: rows(database, serial) >= count, timeout_s, f"{count} rows of {serial}")
    assert rows(database, serial) == count


async def test_measurements_published_are_read_back_exactly(stack: Stack, database: Database) -> None:
    """Values are bit-identical float32, times the codec's formula to the nanosecond, also with an awkward frequency."""
    random = np.random.default_rng(1)
    values = random.normal(size=997).astype(np.float32)
    counts = random.integers(-32768, 32767, 997).astype("<i2")
    frequency = 12_345.678
    sent = Batch(
        SESSION,
        0,
        START_NS + 123_456_789,
        frequency,
        997,
        (
            ChannelBatch(0, values.tobytes()),
            ChannelBatch(7, counts.tobytes(), counts=True, scale=0.0123, offset=-4.5),
        ),
        Position(52.1, 7.2, 61.5, 2.0),
    )
    async with Relay(stack) as relay:
        await relay.batches("exact-1", [sent])
    wait_rows(database, "exact-1", 2)
    for channel in sent.channels:
        found = database.execute(
            "SELECT time_ns, value, time FROM samples('exact-1', '-infinity', 'infinity', %s)",
            [channel.channel],
        ).fetchall()
        got = np.array([value for _, value, _ in found], dtype=np.float32)
        assert got.tobytes() == channel.samples().tobytes()
        assert [ns for ns, _, _ in found] == [
            sent.start_time_ns + round(i * 1e9 / frequency) for i in range(997)
        ]
        assert all(round(when.timestamp() * 1e6) == ns // 1000 for ns, _, when in found)
    features = database.execute(
        "SELECT mean, rms, minimum, maximum FROM measurement_batch b JOIN sensor s ON s.id = sensor_id"
        " WHERE serial_number = 'exact-1' AND channel = 0"
    ).fetchone()
    wide = values.astype(np.float64)
    assert features == pytest.approx(
        (wide.mean(), np.sqrt((wide**2).mean()), values.min(), values.max()), rel=1e-6
    )


async def test_sensor_unknown_is_registered_provisionally(stack: Stack, database: Database) -> None:
    """Its measurements are kept, and its position, and the overview shows it."""
    async with Relay(stack) as relay:
        await relay.batches("stranger-1", [batch(0, position=Position(52.5, 7.25, 60.0, 1.5))])
    wait_rows(database, "stranger-1", 1)
    assert database.execute(
        "SELECT provisional, sensor_type, latitude, longitude FROM sensor_overview WHERE serial_number = 'stranger-1'"
    ).fetchone() == (True, None, 52.5, 7.25)


async def test_batch_that_comes_again_is_written_once(
    stack: Stack, database: Database, ingester: Service
) -> None:
    """In one envelope, in a later one, and together with batches that are new; sessions count what was new."""
    async with Relay(stack) as relay:
        first, second, third = (batch(i, channels=3) for i in range(3))
        await relay.batches("again-1", [first, first])
        await relay.batches("again-1", [second])
        wait_rows(database, "again-1", 6)
        duplicates = ingester.metric("ingest_duplicates_total")
        await relay.batches("again-1", [second, third, first])
        wait_rows(database, "again-1", 9)
    assert overview(database, "again-1") == (1, 3, 0)
    wait_for(lambda: ingester.metric("ingest_duplicates_total") == duplicates + 6, 5, "six rows were known")


async def test_batches_lost_are_counted_as_missing(stack: Stack, database: Database) -> None:
    """A gap is a number, in each session by itself; what comes late fills it."""
    async with Relay(stack) as relay:
        await relay.batches("gap-1", [batch(i) for i in (0, 1, 5)])
        await relay.batches("gap-1", [batch(i, session=9) for i in (1,)])
        wait_rows(database, "gap-1", 4)
        assert overview(database, "gap-1") == (2, 4, 4)
        await relay.batches("gap-1", [batch(i) for i in (2, 3, 4)])
        wait_rows(database, "gap-1", 7)
    assert overview(database, "gap-1") == (2, 7, 1)


async def test_message_that_is_bad_is_a_dead_letter_and_blocks_nothing(
    stack: Stack, database: Database
) -> None:
    """Each with its reason and its bytes; the next good message is in the database within a second or so."""
    good = encode_measurements(batch(0))
    nan = batch(1, np.array([1.0, np.nan], dtype=np.float32))
    bad = {
        "malformed": b"\xff\xff garbage",
        "bad_channels": encode_measurements(batch(5)._replace(channels=())),
        "not_finite": encode_measurements(nan),
        "bad_time": encode_measurements(batch(2, start_ns=4_102_444_800 * 10**9)),
        "bad_sample_frequency": encode_measurements(batch(3)._replace(sample_frequency_hz=float("nan"))),
        "bad_sequence": encode_measurements(batch(2**63, start_ns=START_NS)),
    }
    async with Relay(stack) as relay:
        await relay.payloads("poison-1", [*bad.values(), good])
        began = time.monotonic()
        await relay.raw(relay.partition("poison-1"), b"this is no AMQP message")
        await relay.payloads("poison-1", [encode_measurements(batch(1))], Kind.KIND_STATUS)
        await relay.batches("poison-1", [batch(4)])
        wait_rows(database, "poison-1", 2)
        assert time.monotonic() - began < 3
    letters = await dead_letters_of(stack, "poison-1", len(bad) + 1)
    assert sorted(letter.reason for letter in letters) == sorted([*bad, "malformed"])
    kept = {letter.reason: letter.payload for letter in letters if letter.kind == Kind.KIND_MEASUREMENTS}
    assert {reason: kept[reason] for reason in bad} == bad
    assert all(letter.origin.startswith("sensor_streaming.data-") for letter in letters)


async def test_row_that_the_database_refuses_is_found_and_buried(stack: Stack, pipeline: Pipeline) -> None:
    """One culprit among many, by bisection; the others are written."""
    with pipeline.connect("owner") as owner, pipeline.connect() as database:
        owner.execute(
            "ALTER TABLE measurement_batch ADD CONSTRAINT unlucky CHECK (NOT (session = 13 AND sequence = 37))"
        )
        try:
            async with Relay(stack) as relay:
                await relay.batches("refused-1", [batch(i, session=13) for i in range(100)])
            wait_rows(database, "refused-1", 99, 20)
        finally:
            owner.execute("ALTER TABLE measurement_batch DROP CONSTRAINT unlucky")
        assert overview(database, "refused-1") == (1, 99, 1)
    [letter] = await dead_letters_of(stack, "refused-1", 1)
    assert letter.payload == encode_measurements(batch(37, session=13))
    assert letter.reason == "refused_by_database"
    assert "unlucky" in letter.detail


async def test_sensor_that_was_removed_is_registered_anew(stack: Stack, pipeline: Pipeline) -> None:
    """Ids that a running ingester remembers may be gone; nothing is dropped for that."""
    with pipeline.connect("owner") as owner, pipeline.connect() as database:
        async with Relay(stack) as relay:
            await relay.batches("removed-1", [batch(0)])
            wait_rows(database, "removed-1", 1)
            owner.execute(
                "DELETE FROM sensor_session USING sensor s WHERE sensor_id = s.id AND serial_number = 'removed-1'"
            )
            owner.execute("DELETE FROM sensor WHERE serial_number = 'removed-1'")
            await relay.batches("removed-1", [batch(1)])
        wait_rows(database, "removed-1", 1)


async def test_stream_deleted_and_made_again_is_read_from_its_beginning(
    stack: Stack, pipeline: Pipeline
) -> None:
    """The offset in the database is of a stream that is no more: the new one is not skipped up to there."""
    with pipeline.connect("ingest") as ingest, pipeline.connect() as database:
        async with Relay(stack) as relay:
            stream = relay.partition("reborn-1")
            pipeline.services[0].stop()
            ingest.execute(
                "UPDATE stream_offset SET next_offset = next_offset + 1000000 WHERE stream = %s", [stream]
            )
            await relay.batches("reborn-1", [batch(0)])
            pipeline.ingest().wait_ready()
            publishing = asyncio.create_task(_publish(relay, "reborn-1"))
            try:
                await asyncio.to_thread(
                    wait_for, lambda: overview(database, "reborn-1")[1] > 3, 30, "the new stream is read"
                )
            finally:
                publishing.cancel()
            assert overview(database, "reborn-1")[2] == 0


async def _publish(relay: Relay, serial: str) -> None:
    for sequence in range(1, 1000):
        await relay.batches(serial, [batch(sequence)])
        await asyncio.sleep(0.1)
