"""What operators do to a running installation, by the commands of docs/operating.md: partitions, passwords.

On servers of its own, as these steps change what all other tests rely on.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.fleet_plan import Fleet, serial_numbers
from stack.local import Stack
from tests.integration.alarming import CALM, FAST, WILD, batch, site
from tests.integration.documented import run_beside, run_by_hand
from tests.integration.pipeline import Pipeline, connect, running, wait_for
from tests.integration.relay import Relay
from wire import names


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Servers of this file's own."""
    with tempfile.TemporaryDirectory(prefix="sensor-streaming-") as folder:
        one = Stack(Path(folder))
        one.start(print)
        yield one
        one.stop()


@pytest.fixture
def pipeline(stack: Stack, tmp_path: Path) -> Iterator[Pipeline]:
    with running(stack, tmp_path) as one:
        yield one


def stored(stack: Stack, prefix: str) -> list[tuple[str, int, int]]:
    """(serial number, batches, missing) of each sensor."""
    with connect(stack) as database:
        return database.execute(
            "SELECT serial_number, batch_count, missing FROM sensor_overview"
            " WHERE serial_number LIKE %s ORDER BY 1",
            [f"{prefix}%"],
        ).fetchall()


def batches_stored(stack: Stack, prefix: str) -> int:
    return sum(count for _, count, _ in stored(stack, prefix))


async def test_partitions_added_sensors_move_and_nothing_is_lost_out_of_order_or_told_twice(
    stack: Stack, pipeline: Pipeline
) -> None:
    """From 4 partitions to 6 while sensors publish: each batch once, and an open alarm stays the one that it is.

    With another number of partitions the hash sends most sensors elsewhere; those that move are judged on in their
    new partition, after all that they had said before.
    """
    serials = [f"grown-{number}" for number in range(24)]
    moved = [one for one in serials if names.partition_of(one, 6) >= 4]
    assert len({names.partition_of(one, 6) for one in moved}) == 2
    alarming = moved[0]
    with site(stack) as here:
        here.sensor(alarming)
        here.rule("grown", FAST, sensor=alarming)
        fleet_serials = serial_numbers(Fleet(16, "growing-"))
        bridge, ingest = pipeline.spine()
        alarms = pipeline.start("alarms", ["alarms"], "alarms").wait_ready()
        fleet = await asyncio.to_thread(
            pipeline.emulator,
            "--sensors", "16", "--prefix", "growing-", "--temperature-frequency", "10", "--batch-duration", "0.2",
            report=pipeline.folder / "report.json", serials=fleet_serials,
        )  # fmt: skip
        async with Relay(stack) as relay:
            for sequence in range(3):
                await relay.batches(alarming, [batch(sequence, WILD if sequence else CALM)])
        wait_for(lambda: here.states("grown") == ["ACTIVE_UNACKNOWLEDGED"], 20, "an alarm")
        wait_for(lambda: batches_stored(stack, "growing-") > 100, 30, "a fleet")

        # 1. nothing new comes; 2. what came is written and judged
        assert bridge.stop() == 0
        ends = end_of_partitions(stack, 4)
        wait_for(lambda: behind(stack, ends) == [], 30, "everything is written and judged")
        # 3. the partitions
        environment = stack.environment("control")
        run_by_hand("partitions", environment, pipeline.folder)
        # 4. who reads first, then who writes
        assert (alarms.stop(), ingest.stop()) == (0, 0)
        alarms = pipeline.start("alarms", ["alarms"], "alarms")
        ingest = pipeline.ingest()
        wait_for(
            lambda: (
                ingest.ready()
                and alarms.ready()
                and ingest.metric("ingest_active") == alarms.metric("alarms_active") == 6
            ),
            30,
            "both read six partitions",
        )
        pipeline.bridge().wait_ready()
        before = batches_stored(stack, "growing-")
        wait_for(lambda: batches_stored(stack, "growing-") > before + 200, 30, "the fleet goes on")

        async with Relay(stack) as relay:
            assert relay.partition(alarming) in ("sensor_streaming.data-4", "sensor_streaming.data-5")
            await relay.batches(alarming, [batch(3, WILD), batch(4, CALM)])
        wait_for(lambda: here.states("grown") == ["CLEARED_UNACKNOWLEDGED"], 20, "the same alarm ends")
        assert here.transitions("grown") == [(alarming, "ACTIVATED"), (alarming, "CLEARED")]

        assert fleet.stop() == 0
        wait_until_still(stack, "growing-")
        assert [missing for _, _, missing in stored(stack, "growing-")] == [0] * 16
        used = {names.partition_of(one, 6) for one in (alarming, *fleet_serials)}
        assert used & {4, 5}
        reached = offsets(stack, "stream_offset")
        assert {names.partition_stream(one) for one in used} <= reached.keys()


def wait_until_still(stack: Stack, prefix: str) -> None:
    """Nothing more has come for a while."""
    seen = [-1, time.monotonic()]

    def still() -> bool:
        now = batches_stored(stack, prefix)
        if now != seen[0]:
            seen[:] = [now, time.monotonic()]
        return time.monotonic() - seen[1] > 1

    wait_for(still, 30, "nothing more comes")


def end_of_partitions(stack: Stack, partitions: int) -> dict[str, int]:
    """Partition → messages that it holds, of streams that were never truncated."""
    said = run_beside(stack, "rabbitmq", "stream ends")
    ends = {
        stream: int(count)
        for stream, count in (line.split() for line in said.splitlines() if "data-" in line)
    }
    assert len(ends) == partitions
    return ends


def offsets(stack: Stack, table: str) -> dict[str, int]:
    with connect(stack, "owner") as database:
        return dict(
            database.execute(
                f"SELECT stream, next_offset FROM {table} WHERE stream LIKE '%.data-_'"
            ).fetchall()
        )


def behind(stack: Stack, ends: dict[str, int]) -> list[str]:
    """The partitions that are not written and judged to their end."""
    return [
        stream
        for stream, end in ends.items()
        for table in ("stream_offset", "alarm_partition")
        if offsets(stack, table).get(stream, 0) < end
    ]
