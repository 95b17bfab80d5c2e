"""What operators do to a running installation, by the commands of docs/operating.md: partitions, passwords.

On servers of its own, as these steps change what all other tests rely on.
"""

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pika
import pika.exceptions
import psycopg
import pytest

from emulator.fleet_plan import Fleet, serial_numbers
from runtime import accounts
from runtime.amqp import parameters
from stack.local import Stack
from stack.servers import REPOSITORY
from tests.integration.alarming import CALM, FAST, WILD, batch, site
from tests.integration.documented import run_beside, run_by_hand
from tests.integration.pipeline import Pipeline, Service, connect, running, wait_for
from tests.integration.relay import Relay
from tests.integration.relay import rabbitmq as relay_settings
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


class Passwords:
    """A deployment's folder, as sensor-streaming-accounts knows it, of this stack's passwords."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self._stack = stack
        self.folder = folder
        self._files = folder / "secrets/passwords"
        self._files.mkdir(parents=True)
        for name in accounts.passwords():
            (self._files / name).write_text(stack.passwords.get(self._key(name), "of no use here"))
        (folder / "mosquitto").symlink_to(REPOSITORY / "mosquitto")
        (folder / "data").mkdir()

    @staticmethod
    def _key(name: str) -> str:
        server, _, user = name.partition("-")
        role = server == "database" and user != "postgres"
        return f"{server}/streaming_{user}" if role else f"{server}/{user}"

    def of(self, name: str) -> str:
        return (self._files / name).read_text()

    def take_over(self, *names: str) -> None:
        """For what the stack starts from now on."""
        for one in names:
            self._stack.passwords[self._key(one)] = self.of(one)


async def test_passwords_of_database_and_rabbitmq_changed_while_everything_runs(
    stack: Stack, pipeline: Pipeline
) -> None:
    """The ingester that runs goes on; the old passwords open nothing any more; with the new ones it begins again."""
    passwords = Passwords(stack, pipeline.folder / "deployment-1")
    rabbitmq = stack.servers["rabbitmq"]
    old = stack.environment("ingest")
    ingest = pipeline.ingest().wait_ready()
    async with Relay(stack) as relay:
        await relay.batches("rotated", [batch(0, CALM)])
        wait_for(lambda: stored(stack, "rotated") == [("rotated", 1, 0)], 20, "the first batch")

        where = {
            key: old[key]
            for key in ("STREAMING_DATABASE_HOST", "STREAMING_DATABASE_PORT", "STREAMING_DATABASE_NAME")
        }
        run_by_hand("new passwords", where, passwords.folder)
        definitions = (passwords.folder / "data/rabbitmq/definitions.json").read_text()
        (rabbitmq.data / "definitions.json").write_text(definitions)
        run_beside(stack, "rabbitmq", "new definitions", DEFINITIONS="/data/definitions.json")

        await relay.batches("rotated", [batch(1, CALM)])
        wait_for(lambda: stored(stack, "rotated") == [("rotated", 2, 0)], 20, "the one that runs goes on")
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(**stack.conninfo("ingest"))  # type: ignore[arg-type]  # keywords of one dict
        with pytest.raises(pika.exceptions.ProbableAuthenticationError):
            pika.BlockingConnection(parameters(relay_settings(stack, "ingest"), "test"))

        assert ingest.stop() == 0
        await relay.batches("rotated", [batch(2, CALM)])
        renewed = {key: value for key, value in old.items() if not key.endswith("_PASSWORD")}
        secrets = str(passwords.folder / "secrets/ingest")
        pipeline.services.append(
            Service(
                "ingest",
                ["ingest", "measurements"],
                {**renewed, "STREAMING_SECRETS_DIR": secrets},
                pipeline.folder,
            )
        )
        wait_for(
            lambda: stored(stack, "rotated") == [("rotated", 3, 0)],
            30,
            "the next one begins with the new ones",
        )
    passwords.take_over("database-ingest", "rabbitmq-ingest")


async def test_password_of_a_bridge_changed_nothing_is_lost(stack: Stack, pipeline: Pipeline) -> None:
    """Mosquitto is stopped for a moment; the fleet is back by itself, and the bridge's session is still its own."""
    passwords = Passwords(stack, pipeline.folder / "deployment-2")
    mosquitto = stack.servers["mosquitto"]
    (passwords.folder / "data/mosquitto").symlink_to(mosquitto.data)
    bridge, _ = pipeline.spine()
    fleet = await asyncio.to_thread(
        pipeline.emulator, "--sensors", "8", "--prefix", "rebridged-", "--temperature-frequency", "10",
        "--batch-duration", "0.2",
        report=pipeline.folder / "report.json", serials=serial_numbers(Fleet(8, "rebridged-")),
    )  # fmt: skip
    wait_for(lambda: batches_stored(stack, "rebridged-") > 80, 30, "a fleet")
    old = stack.passwords["mqtt/bridge-0"]

    assert bridge.stop() == 0
    mosquitto.stop()
    run_by_hand("new bridge", {}, passwords.folder)
    assert passwords.of("mqtt-bridge-0") != old
    passwords.take_over("mqtt-bridge-0")
    as_made = (mosquitto.data / "dynamic-security.json").read_bytes()
    mosquitto.start()
    stack.wait_ready("mosquitto")
    assert json.loads((mosquitto.data / "dynamic-security.json").read_bytes()) == json.loads(as_made)

    refused = pipeline.start("refused", ["bridge"], "bridge-0", STREAMING_MQTT_PASSWORD=old)
    assert refused.process.wait(30) == 1
    assert "the broker refuses bridge-0" in refused.log.read_text()
    before = batches_stored(stack, "rebridged-")
    pipeline.bridge().wait_ready()
    wait_for(lambda: batches_stored(stack, "rebridged-") > before + 80, 30, "the fleet goes on")
    assert fleet.stop() == 0
    wait_until_still(stack, "rebridged-")
    assert [missing for _, _, missing in stored(stack, "rebridged-")] == [0] * 8


async def test_brokers_lost_with_all_they_held_are_made_anew(stack: Stack, pipeline: Pipeline) -> None:
    """Of Mosquitto its users' file is left, of RabbitMQ nothing: sensors log in as before, and everything goes on.

    What was in the database stays; streams that begin anew are read from their beginning.
    """
    bridge, ingest = pipeline.spine()
    registry = pipeline.ingest("registry").wait_ready()
    serials = serial_numbers(Fleet(8, "anew-"))
    fleet = await asyncio.to_thread(
        pipeline.emulator, "--sensors", "8", "--prefix", "anew-", "--temperature-frequency", "10",
        "--batch-duration", "0.2", report=pipeline.folder / "report.json", serials=serials,
    )  # fmt: skip
    wait_for(lambda: batches_stored(stack, "anew-") > 80, 30, "a fleet")
    assert fleet.stop() == 0
    wait_until_still(stack, "anew-")
    before = stored(stack, "anew-")
    for service in (bridge, ingest, registry):
        assert service.stop() == 0
    mosquitto, rabbitmq = stack.servers["mosquitto"], stack.servers["rabbitmq"]
    users = (mosquitto.data / "dynamic-security.json").read_bytes()
    for server in (mosquitto, rabbitmq):
        server.stop()
        shutil.rmtree(server.data)
        server.data.mkdir()
    (mosquitto.data / "dynamic-security.json").write_bytes(users)
    (mosquitto.data / "dynamic-security.json").chmod(0o600)
    for server in (mosquitto, rabbitmq):
        server.start()
    stack.wait_ready("mosquitto", "rabbitmq")
    run_by_hand("streams and queues", stack.environment("control"), pipeline.folder)

    run_beside(stack, "postgres", "offsets")
    assert set(offsets(stack, "stream_offset").values()) == {0}

    pipeline.ingest("registry").wait_ready()
    _, ingest = pipeline.spine()
    fleet = await asyncio.to_thread(  # with the passwords that the broker's file has
        pipeline.emulator, "--sensors", "8", "--prefix", "anew-", "--temperature-frequency", "10",
        "--batch-duration", "0.2", report=pipeline.folder / "report.json", serials=serials,
    )  # fmt: skip
    wait_for(
        lambda: batches_stored(stack, "anew-") > sum(count for _, count, _ in before) + 80, 60, "it goes on"
    )
    assert fleet.stop() == 0
    wait_until_still(stack, "anew-")
    assert "stream_restarted" not in ingest.log.read_text()
    assert [(serial, missing) for serial, _, missing in stored(stack, "anew-")] == [
        (one, 0) for one in sorted(serials)
    ]
