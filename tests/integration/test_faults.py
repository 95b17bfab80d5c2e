"""Processes and servers die in the middle of 200 publishing sensors; nothing is lost, nothing is twice."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator.fleet_plan import Fleet, serial_numbers
from stack.local import Stack
from tests.integration.pipeline import Pipeline, Service, running, wait_for
from tests.integration.relay import restart_partition
from wire import names

SENSORS = 200


class Publishing:
    """200 sensors that publish through the chain, and the count of what they published."""

    def __init__(self, pipeline: Pipeline, prefix: str) -> None:
        self._pipeline = pipeline
        self._report = pipeline.folder / f"{prefix}-report.json"
        self._serials = serial_numbers(Fleet(SENSORS, prefix))
        self.emulator = pipeline.emulator(
            "--sensors", str(SENSORS), "--prefix", prefix, "--vibration-frequency", "100",
            "--temperature-frequency", "4", "--batch-duration", "0.25",
            report=self._report, serials=self._serials,
        )  # fmt: skip

    def wait_flowing(self, batches: int = 400) -> None:
        """Until so many batches are acknowledged to the sensors."""
        name = "emulator_batches_acknowledged_total"
        begun = self.emulator.metric(name)
        wait_for(lambda: self.emulator.metric(name) >= begun + batches, 30, f"{batches} batches flow")

    def stop_and_compare(self) -> None:
        """Every batch that a sensor published is in the database once, with all its channels, and no other."""
        assert self.emulator.stop(60) == 0, self.emulator.log.read_text()[-2000:]
        sensors = json.loads(self._report.read_text())["sensors"]
        assert sum(one["dropped"] for one in sensors) == 0
        published = {
            (one["serial_number"], one["session"]): (
                one["batches_made"],
                one["batches_made"] * one["channels"],
            )
            for one in sensors
        }
        assert all(one["batches_acknowledged"] == one["batches_made"] > 0 for one in sensors)
        with self._pipeline.connect() as database:

            def stored() -> dict[tuple[str, int], tuple[int, int]]:
                rows = database.execute(
                    "SELECT s.serial_number, b.session, count(DISTINCT b.sequence), count(*)"
                    " FROM measurement_batch b JOIN sensor s ON s.id = b.sensor_id"
                    " WHERE s.serial_number = ANY(%s) GROUP BY 1, 2",
                    [[serial for serial, _ in published]],
                ).fetchall()
                return {(serial, session): (batches, count) for serial, session, batches, count in rows}

            wait_for(lambda: stored() == published, 30, "what is stored equals what was published", 0.5)
        assert self.missing() == 0

    def held_back(self) -> float:
        """Batches that the broker holds and the database has not."""
        acknowledged = self.emulator.metric("emulator_batches_acknowledged_total")
        with self._pipeline.connect() as database:
            [(stored,)] = database.execute(
                "SELECT coalesce(sum(batch_count), 0)::bigint FROM sensor_overview WHERE serial_number = ANY(%s)",
                [self._serials],
            ).fetchall()
        return acknowledged - float(stored)

    def missing(self) -> int:
        """Batches that the database knows of and does not have."""
        with self._pipeline.connect() as database:
            [(count,)] = database.execute(
                "SELECT sum(missing)::bigint FROM sensor_overview WHERE serial_number = ANY(%s)",
                [self._serials],
            ).fetchall()
        return int(count)


@pytest.fixture
def pipeline(stack: Stack, tmp_path: Path) -> Iterator[Pipeline]:
    with running(stack, tmp_path) as one:
        yield one


def kill_bridge(pipeline: Pipeline, bridge: Service, _ingest: Service) -> None:
    bridge.kill()
    time.sleep(0.5)  # what arrives meanwhile waits in the bridge's session
    pipeline.bridge().wait_ready()


def kill_ingester(pipeline: Pipeline, _bridge: Service, ingest: Service) -> None:
    ingest.kill()
    pipeline.ingest().wait_ready()


def restart_server(name: str) -> Callable[[Pipeline, Service, Service], None]:
    def restart(pipeline: Pipeline, _bridge: Service, _ingest: Service) -> None:
        pipeline.stack.restart(name)

    return restart


def restart_partitions(pipeline: Pipeline, _bridge: Service, _ingest: Service) -> None:
    for number in range(4):
        restart_partition(pipeline.stack, f"{names.DATA_SUPER_STREAM}-{number}")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(kill_bridge, id="bridge-killed"),
        pytest.param(kill_ingester, id="ingester-killed"),
        pytest.param(restart_server("rabbitmq"), id="rabbitmq-restarted"),
        pytest.param(restart_partitions, id="partitions-restarted"),
        pytest.param(restart_server("mosquitto"), id="mosquitto-restarted"),
        pytest.param(restart_server("postgres"), id="postgres-restarted"),
    ],
)
def test_fault_while_200_sensors_publish_every_batch_is_stored_once(
    pipeline: Pipeline, fault: Callable[[Pipeline, Service, Service], None], request: pytest.FixtureRequest
) -> None:
    """Whatever dies in the middle, afterwards the database equals the sensors' own count."""
    bridge, ingest = pipeline.spine()
    publishing = Publishing(pipeline, f"on-{request.node.callspec.id.split('-')[0]}-")
    publishing.emulator.wait_ready()
    publishing.wait_flowing()
    fault(pipeline, bridge, ingest)
    publishing.wait_flowing()
    publishing.stop_and_compare()


def test_two_of_each_one_stops_the_other_takes_over_within_ten_seconds(pipeline: Pipeline) -> None:
    """Two bridges and two ingesters share the work; ten seconds after one of each was told to stop, both are gone
    and the others have all of it, and nothing is lost.
    """
    bridges = [pipeline.bridge(0), pipeline.bridge(1)]
    ingesters = [pipeline.ingest(), pipeline.ingest()]
    for service in (*bridges, *ingesters):
        service.wait_ready()
    publishing = Publishing(pipeline, "two-")
    publishing.emulator.wait_ready()
    publishing.wait_flowing()
    assert all(bridge.metric("bridge_messages_total", kind="measurements") > 0 for bridge in bridges)
    wait_for(
        lambda: all(ingest.metric("ingest_messages_total", kind="measurements") > 0 for ingest in ingesters),
        10,
        "both ingesters write",
    )
    told = time.monotonic()
    assert bridges[0].stop(10) == 0
    assert ingesters[0].stop(10) == 0
    written = ingesters[1].metric("ingest_messages_total", kind="measurements")
    wait_for(
        lambda: (
            ingesters[1].metric("ingest_active") == 4
            and ingesters[1].metric("ingest_messages_total", kind="measurements") > written
        ),
        max(0.0, told + 10 - time.monotonic()),
        "the second ingester has all partitions, ten seconds after the first of them was told to stop",
    )
    publishing.wait_flowing()
    publishing.stop_and_compare()


def test_bridge_that_died_hands_over_when_it_is_started_once_more_and_stopped(pipeline: Pipeline) -> None:
    """Until then the broker keeps a share of all messages for it, which nobody else is given."""
    bridges = [pipeline.bridge(0), pipeline.bridge(1)]
    ingest = pipeline.ingest()
    for service in (*bridges, ingest):
        service.wait_ready()
    publishing = Publishing(pipeline, "died-")
    publishing.emulator.wait_ready()
    publishing.wait_flowing()
    bridges[1].kill()
    wait_for(lambda: publishing.held_back() > 1000, 30, "batches wait for the bridge that died")
    returned = pipeline.bridge(1).wait_ready()
    assert returned.stop(15) == 0
    publishing.wait_flowing()
    publishing.stop_and_compare()
