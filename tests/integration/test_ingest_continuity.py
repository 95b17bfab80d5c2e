"""Ingesters die, hand over, and wait for their servers; every batch is in the database exactly once.

Servers are stopped and started in the test's own thread: they end with the thread that started them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from bench.processes import usage
from stack.local import Stack
from tests.integration.pipeline import Pipeline, Service, running, wait_for
from tests.integration.relay import Relay, batch

SENSORS = 40


@pytest.fixture
def pipeline(stack: Stack, tmp_path: Path) -> Iterator[Pipeline]:
    with running(stack, tmp_path) as one:
        yield one


class Load:
    """Batches of many sensors, published until it is told to stop."""

    def __init__(self, pipeline: Pipeline, prefix: str) -> None:
        self._pipeline = pipeline
        self.serials = [f"{prefix}-{number}" for number in range(SENSORS)]
        self.published = dict.fromkeys(self.serials, 0)
        self._ended = False

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Publish while the body runs."""
        self._ended = False
        async with Relay(self._pipeline.stack) as relay, asyncio.TaskGroup() as tasks:
            for serial in self.serials:
                tasks.create_task(self._publish(relay, serial))
            try:
                yield
            finally:
                self._ended = True

    async def _publish(self, relay: Relay, serial: str) -> None:
        while not self._ended:
            first = self.published[serial]
            await relay.batches(serial, [batch(sequence, channels=2) for sequence in range(first, first + 5)])
            self.published[serial] += 5
            await asyncio.sleep(0.02)

    async def grow(self, batches: int = 400) -> None:
        """Until so many more are in the database."""
        begun = self.stored()
        await asyncio.to_thread(
            wait_for, lambda: self.stored() >= begun + batches, 30, f"{batches} more rows"
        )

    def stored(self) -> int:
        """Rows of these sensors."""
        with self._pipeline.connect() as database:
            row = database.execute(
                "SELECT count(*) FROM measurement_batch b JOIN sensor s ON s.id = b.sensor_id"
                " WHERE serial_number = ANY(%s)",
                [self.serials],
            ).fetchone()
        assert row is not None
        return int(row[0])

    def compare(self, timeout_s: float = 60) -> None:
        """Every batch once, and sessions that know it."""
        total = sum(self.published.values())
        wait_for(lambda: self.stored() == 2 * total, timeout_s, f"{2 * total} rows, not {self.stored()}", 0.2)
        with self._pipeline.connect() as database:
            found = database.execute(
                "SELECT serial_number, batch_count, missing FROM sensor_overview WHERE serial_number = ANY(%s)",
                [self.serials],
            ).fetchall()
        assert {serial: (count, missing) for serial, count, missing in found} == {
            serial: (count, 0) for serial, count in self.published.items()
        }


async def test_ingester_killed_goes_on_where_it_was(pipeline: Pipeline) -> None:
    """kill -9 in the middle of a load, twice."""
    load = Load(pipeline, "ingester-killed")
    async with load.flowing():
        for _ in range(2):
            ingester = pipeline.ingest()
            await load.grow()
            ingester.kill()
        pipeline.ingest()
        await load.grow()
    await asyncio.to_thread(load.compare)


async def test_ingester_stopped_hands_over_at_once_and_nothing_is_read_twice(pipeline: Pipeline) -> None:
    """Two share the partitions; the one that stays has all of them soon after the other was told to stop."""
    load = Load(pipeline, "handed")
    first = pipeline.ingest().wait_ready()
    async with load.flowing():
        await load.grow()
        second = pipeline.ingest().wait_ready()

        def active(service: Service) -> float:
            return service.metric("ingest_active")

        await asyncio.to_thread(
            wait_for, lambda: active(first) == active(second) == 2, 20, "two partitions each"
        )
        await load.grow()
        assert await asyncio.to_thread(first.stop, 10) == 0
        await asyncio.to_thread(wait_for, lambda: active(second) == 4, 10, "the other has all partitions")
        await load.grow()
    await asyncio.to_thread(load.compare)
    assert second.metric("ingest_duplicates_total") == 0
    assert second.metric("ingest_skipped_offsets_total") == 0


@pytest.mark.parametrize("server", ["postgres", "rabbitmq"])
async def test_server_restarted_under_load_loses_nothing(
    stack: Stack, pipeline: Pipeline, server: str
) -> None:
    """The ingester waits for it, is not ready meanwhile, and does not end."""
    load = Load(pipeline, f"restart-{server}")
    ingester = pipeline.ingest().wait_ready()
    async with load.flowing():
        await load.grow()
        stack.servers[server].stop()
        await asyncio.to_thread(wait_for, lambda: not ingester.ready(), 10, "it says that it is not ready")
        stack.servers[server].start()
        stack.wait_ready(server)
        await asyncio.to_thread(ingester.wait_ready)
        await load.grow()
    await asyncio.to_thread(load.compare)


async def test_database_crashed_what_it_had_confirmed_is_written_again(
    stack: Stack, pipeline: Pipeline
) -> None:
    """Commits are asynchronous, so that a crash loses the last of them; their offsets show it."""
    load = Load(pipeline, "crashed")
    ingester = pipeline.ingest().wait_ready()
    async with load.flowing():
        for _ in range(3):
            await load.grow()
            stack.kill("postgres")
            stack.servers["postgres"].start()
            stack.wait_ready("postgres")
            await load.grow()
    await asyncio.to_thread(load.compare)
    assert "transactions_lost" in ingester.log.read_text()


async def test_database_away_memory_stays_bounded(stack: Stack, pipeline: Pipeline) -> None:
    """Far more is published than an ingester may hold; it takes what it has room for, and the rest afterwards."""
    samples = np.arange(5_000, dtype=np.float32)
    ingester = pipeline.ingest().wait_ready()
    batches = 10_000  # 200 MB
    stack.servers["postgres"].stop()
    try:
        async with Relay(stack) as relay:
            for first in range(0, batches, 40):
                serials = [f"bounded-{number}" for number in range(4)]
                await asyncio.gather(
                    *(
                        relay.batches(
                            serial, [batch(first // 4 + i, samples, frequency_hz=50_000.0) for i in range(10)]
                        )
                        for serial in serials
                    )
                )
        assert not ingester.ready()
        assert usage(ingester.process.pid).resident_bytes < 150e6
    finally:
        stack.servers["postgres"].start()
        stack.wait_ready("postgres")

    def stored() -> int:
        with pipeline.connect() as database:
            row = database.execute(
                "SELECT sum(batch_count) FROM sensor_overview WHERE serial_number LIKE 'bounded-_'"
            ).fetchone()
        return int(row[0] or 0) if row else 0

    await asyncio.to_thread(wait_for, lambda: stored() == batches, 60, "all is written afterwards", 0.2)
    assert usage(ingester.process.pid).resident_bytes < 150e6


async def test_ingester_stopped_while_the_database_is_away_loses_nothing(
    stack: Stack, pipeline: Pipeline
) -> None:
    """It gives up after its time to drain, with an error; the offset has not moved."""
    ingester = pipeline.start("ingest", ["ingest", "measurements"], "ingest", STREAMING_DRAIN_TIMEOUT_S="2")
    ingester.wait_ready()
    stack.servers["postgres"].stop()
    try:
        async with Relay(stack) as relay:
            await relay.batches("undrained-0", [batch(0), batch(1)])
        await asyncio.to_thread(wait_for, lambda: not ingester.ready(), 10, "it noticed")
        assert await asyncio.to_thread(ingester.stop) == 1
    finally:
        stack.servers["postgres"].start()
        stack.wait_ready("postgres")
    pipeline.ingest()

    def stored() -> bool:
        with pipeline.connect() as database:
            return database.execute(
                "SELECT batch_count FROM sensor_overview WHERE serial_number = 'undrained-0'"
            ).fetchone() == (2,)

    await asyncio.to_thread(wait_for, stored, 15, "both are read again")
