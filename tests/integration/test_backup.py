"""A database is lost and comes back from its backup, by the commands of docs/operating.md."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stack.local import Stack
from tests.integration.alarming import FAST, WILD, Site
from tests.integration.alarming import batch as judged
from tests.integration.documented import run_beside, run_by_hand
from tests.integration.own_database import OwnDatabase, own_database
from tests.integration.pipeline import Database, Pipeline, running, wait_for
from tests.integration.relay import Relay, batch

SENSORS = [f"backup-{number}" for number in range(12)]  # in all partitions
FREQUENCY_HZ = 1000.0


@pytest.fixture
def pipeline(stack: Stack, tmp_path: Path) -> Iterator[Pipeline]:
    with running(stack, tmp_path) as one:
        yield one


@pytest.fixture
def lost(stack: Stack) -> Iterator[OwnDatabase]:
    """The database that is backed up, and then written to no more."""
    with own_database(stack, "backup_lost") as database:
        yield database


@pytest.fixture
def restored(stack: Stack) -> Iterator[OwnDatabase]:
    """The one that the backup is restored into; the test makes it."""
    database = OwnDatabase(stack, "backup_restored")
    database.drop()
    yield database
    database.drop()


def samples(sensor: int, sequence: int) -> Any:
    """Of every bit pattern that a float may have, but those that are no number."""
    bits = np.random.default_rng([sensor, sequence]).integers(0, 2**32, 200, dtype=np.uint32)
    values = bits.view(np.float32)
    return np.where(np.isfinite(values), values, np.float32(sequence))


async def publish(relay: Relay, first: int, count: int) -> None:
    """So many batches of each sensor."""
    for number, serial in enumerate(SENSORS):
        await relay.batches(
            serial,
            [
                batch(sequence, samples(number, sequence), frequency_hz=FREQUENCY_HZ, channels=2)
                for sequence in range(first, first + count)
            ],
        )


def stored(database: Database) -> dict[tuple[str, int, int], bytes]:
    """(serial number, channel, sequence) → the bits of its samples."""
    rows = database.execute(
        "SELECT serial_number, channel, sequence, time_ns, samples FROM measurement_batch"
        " JOIN sensor ON sensor.id = sensor_id WHERE serial_number = ANY(%s)",
        [SENSORS],
        binary=True,
    ).fetchall()
    found = {
        (serial, channel, sequence): int(time_ns).to_bytes(8, "big") + np.array(values, "<f4").tobytes()
        for serial, channel, sequence, time_ns, values in rows
    }
    assert len(found) == len(rows), "a batch is there twice"
    return found


def offsets(database: Database) -> dict[str, int]:
    return dict(database.execute("SELECT stream, next_offset FROM stream_offset").fetchall())


def overview(database: Database) -> list[tuple[Any, ...]]:
    return database.execute(
        "SELECT serial_number, batch_count, missing FROM sensor_overview"
        " WHERE serial_number = ANY(%s) ORDER BY 1",
        [SENSORS],
    ).fetchall()


async def ingest_until(pipeline: Pipeline, database: OwnDatabase, batches: int) -> None:
    """Run an ingester on it until each sensor has so many; it stops cleanly."""
    ingester = pipeline.start(
        "ingest", ["ingest", "measurements"], "ingest", STREAMING_DATABASE_NAME=database.name
    )
    with database.connect() as connection:
        await asyncio.to_thread(
            wait_for,
            lambda: overview(connection) == [(serial, batches, 0) for serial in sorted(SENSORS)],
            60,
            f"{batches} batches of each",
        )
    assert ingester.metric("ingest_skipped_offsets_total") == 0
    assert await asyncio.to_thread(ingester.stop) == 0


async def test_database_lost_backup_and_streams_bring_everything_back_once(
    stack: Stack, pipeline: Pipeline, lost: OwnDatabase, restored: OwnDatabase
) -> None:
    """What was written after the backup is read again from where the backup was: all of it, and nothing twice.

    Rows, samples bit by bit, offsets, constraints, rights and the hypertables' chunks are as they were.
    """
    async with Relay(stack) as relay:
        await publish(relay, 0, 5)
        await ingest_until(pipeline, lost, 5)
        with lost.connect() as database:
            at_backup, offsets_at_backup = stored(database), offsets(database)
        await asyncio.to_thread(run_beside, stack, "postgres", "backup", PGDATABASE=lost.name)

        await publish(relay, 5, 5)  # after the backup, and into the database that is about to be lost
        await ingest_until(pipeline, lost, 10)
        with lost.connect() as database:
            at_loss, offsets_at_loss = stored(database), offsets(database)
        await publish(relay, 10, 5)  # nobody has read these yet

        await asyncio.to_thread(restore, stack, restored, pipeline.folder)
        with restored.connect() as database:
            assert stored(database) == at_backup
            assert offsets(database) == offsets_at_backup
            assert offsets_at_backup != offsets_at_loss
            assert described(database) == described_of(lost)

        await ingest_until(pipeline, restored, 15)
        with restored.connect() as database:
            now = stored(database)
            assert {key: now[key] for key in at_loss} == at_loss
            assert len(now) == 15 * 2 * len(SENSORS)
            for number, serial in enumerate(SENSORS):
                for sequence in range(15):
                    assert now[serial, 0, sequence][8:] == samples(number, sequence).tobytes()


def restore(stack: Stack, database: OwnDatabase, folder: Path) -> None:
    """As the page says."""
    postgres = stack.servers["postgres"]
    passwords = {
        f"STREAMING_{role.upper()}_PASSWORD": stack.passwords[f"database/streaming_{role}"]
        for role in ("owner", "ingest", "alarms", "control", "web", "readonly")
    }
    owner = database.environment()
    superuser = {
        **owner,
        **passwords,
        "STREAMING_DATABASE_USERNAME": "postgres",
        "STREAMING_DATABASE_PASSWORD": postgres.passwords["database/postgres"],
    }
    run_by_hand("restore roles", superuser, folder)
    run_beside(stack, "postgres", "restore", PGDATABASE=database.name)
    assert "up to date" in run_by_hand("restore schema", owner, folder)


def described_of(database: OwnDatabase) -> dict[str, list[tuple[Any, ...]]]:
    with database.connect() as connection:
        return described(connection)


def described(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """What the schema consists of, and who may do what."""
    questions = {
        "hypertables": "SELECT hypertable_name, num_chunks, owner FROM timescaledb_information.hypertables",
        "relations": "SELECT relname, relkind, relacl::text, relowner::regrole::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace",
        "functions": "SELECT proname, pg_get_function_identity_arguments(oid), proacl::text FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND proowner = 'streaming_owner'::regrole",
        "constraints": "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace",
        "schema": "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'",
        "migrations": "SELECT * FROM schema_migration",
    }
    return {
        name: sorted(database.execute(question).fetchall(), key=str) for name, question in questions.items()
    }


async def test_alarm_raised_after_the_backup_is_raised_again_as_the_same_one(
    stack: Stack, pipeline: Pipeline, lost: OwnDatabase, restored: OwnDatabase
) -> None:
    """The restored database has its rule and not the alarm; judged again, it has the id that machines know."""
    with lost.connect() as owner:
        here = Site(owner)
        here.sensor("backup-alarm")
        here.rule("backup", FAST, sensor="backup-alarm")
    await asyncio.to_thread(run_beside, stack, "postgres", "backup", PGDATABASE=lost.name)
    async with Relay(stack) as relay:
        await relay.batches("backup-alarm", [judged(0, WILD)])
    raised = await raise_alarm(pipeline, lost)
    await asyncio.to_thread(restore, stack, restored, pipeline.folder)
    with restored.connect() as owner:
        assert owner.execute("SELECT count(*) FROM alarm").fetchone() == (0,)
    assert await raise_alarm(pipeline, restored) == raised


async def raise_alarm(pipeline: Pipeline, database: OwnDatabase) -> Any:
    """The id of the alarm that a service raises in this database; it stops cleanly."""
    service = pipeline.start("alarms", ["alarms"], "alarms", STREAMING_DATABASE_NAME=database.name)
    with database.connect() as connection:
        question = "SELECT a.id FROM alarm a JOIN sensor s ON s.id = a.sensor_id WHERE serial_number = 'backup-alarm'"
        await asyncio.to_thread(wait_for, lambda: connection.execute(question).fetchall(), 30, "an alarm")
        [[alarm]] = connection.execute(question).fetchall()
    assert await asyncio.to_thread(service.stop) == 0
    return alarm
