"""`iotctl doctor` on the real servers, well and ill: what is wrong is named, and hides nothing else."""

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest

from runtime import topology
from runtime.amqp import parameters
from stack.local import Stack
from tests.integration.doctors import doctor, problems, told
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import Pipeline, connect, running, wait_for
from tests.integration.relay import Relay, batch, rabbitmq
from wire import names

SERVERS = {"mosquitto", "rabbitmq", "streams", "database", "sensors", "alarms", "dead letters"}


@pytest.fixture
def well(stack: Stack, tmp_path: Path) -> Iterator[Pipeline]:
    """Everything that is needed runs, and nothing is left of other tests that a doctor would find."""
    with connect(stack, "owner") as database:
        database.execute("UPDATE sensor SET state = 'OFFLINE' WHERE state IS NOT NULL")
        database.execute("UPDATE alarm_rule SET enabled = false")
        for table in ("alarm_outbox", "alarm_trigger"):
            database.execute(f"DELETE FROM {table}")
    with running(stack, tmp_path) as pipeline:
        services = [
            pipeline.bridge(),
            *(pipeline.ingest(kind) for kind in ("measurements", "logs", "registry")),
            pipeline.start("alarms", ["alarms"], "alarms"),
        ]
        for service in services:
            service.wait_ready()
        yield pipeline


def test_doctor_of_a_system_that_is_well_finds_no_problem(well: Pipeline, iotctl: Iotctl) -> None:
    """Exit code 0; every server is looked at, with its version."""
    wait_for(lambda: iotctl.run("doctor").exit_code == 0, 120, "a system that is well")
    found = doctor(iotctl)
    assert problems(found) == {}
    assert {finding["server"] for finding in found} == SERVERS
    said = "\n".join(finding["finding"] for finding in found)
    for part in (
        "Mosquitto 2.", "bridge-0", "RabbitMQ 4.", f"all {len(names.QUEUES)} queues", "4 partitions", "PostgreSQL 17",
        "Apache edition", "migrations are applied", "of memory", "of disk are free", "clock agrees", "at the end of all 5",
        "none of its own is raised", "pg_stat_statements 1.", "nothing keeps it for long", "4 partitions, each judged",
        "everything that was measured is judged", "nothing was given up",
    ):  # fmt: skip
        assert part in said


def test_doctor_names_each_server_that_is_down_and_goes_on(iotctl: Iotctl) -> None:
    """One after the other away; of the others it still tells."""
    for variable, server in (
        ("STREAMING_MQTT_PORT", "mosquitto"),
        ("STREAMING_RABBITMQ_AMQP_PORT", "rabbitmq"),
        ("STREAMING_RABBITMQ_STREAM_PORT", "streams"),
        ("STREAMING_DATABASE_PORT", "database"),
    ):
        before = iotctl.environment[variable]
        iotctl.environment[variable] = "1"
        found = doctor(iotctl)
        iotctl.environment[variable] = before
        assert "cannot reach" in problems(found)[server]
        others = {finding["server"] for finding in found if finding["state"] == "ok"} - {server}
        assert {"rabbitmq", "database", "streams", "mosquitto"} - {server} <= others


def test_doctor_of_a_server_that_does_not_answer_ends_at_the_deadline(iotctl: Iotctl) -> None:
    """It accepts connections and is silent: the hardest kind to see."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        iotctl.environment["STREAMING_DATABASE_PORT"] = str(silent.getsockname()[1])
        iotctl.environment["STREAMING_RABBITMQ_METRICS_URL"] = (
            f"http://127.0.0.1:{silent.getsockname()[1]}/metrics"
        )
        began = time.monotonic()
        found = doctor(iotctl, "--timeout", "3")
        assert time.monotonic() - began < 10
        assert "no answer within 3 s" in problems(found)["database"]
        assert any(finding["check"] == "exchange" and finding["state"] == "ok" for finding in found)
        time.sleep(
            3
        )  # the checks that were given up end by their own timeouts while the silent server is there


def test_doctor_names_a_queue_that_is_missing(stack: Stack, iotctl: Iotctl) -> None:
    """And that the topology brings it back."""
    control = rabbitmq(stack, "control")
    with pika.BlockingConnection(parameters(control, "test")) as connection:
        connection.channel().queue_delete(names.ALARM_QUEUE)
    try:
        assert f"there is no queue {names.ALARM_QUEUE}" in problems(doctor(iotctl))["rabbitmq"]
    finally:
        topology.declare_queues(topology.TopologySettings.model_validate(control.model_dump()))
    assert names.ALARM_QUEUE not in problems(doctor(iotctl)).get("rabbitmq", "")


def test_doctor_names_who_is_away_bridge_and_ingesters(stack: Stack, iotctl: Iotctl, tmp_path: Path) -> None:
    """Queues that nobody reads, a stream that does not move, a bridge that is not connected; well again, none of it."""

    async def publish() -> None:
        async with Relay(stack) as relay:
            await relay.batches("doctor-1", [batch(sequence) for sequence in range(3)])

    asyncio.run(publish())
    said = problems(doctor(iotctl))
    assert "no bridge is connected" in said["mosquitto"]
    assert f"nobody reads {names.COMMAND_QUEUE}" in said["rabbitmq"]
    assert "is bridge running" in said["rabbitmq"]
    assert f"nobody reads {names.STATUS_QUEUE}" in said["rabbitmq"]
    assert "python -m ingest registry" in said["rabbitmq"]
    assert "does not move" in said["streams"]
    assert "python -m ingest measurements" in said["streams"]
    with running(stack, tmp_path) as pipeline:
        pipeline.ingest().wait_ready()
        wait_for(
            lambda: "measurements" not in problems(doctor(iotctl)).get("streams", ""),
            30,
            "the stream is written",
        )


def test_doctor_names_sensors_that_are_silent_losing_or_wrong_about_the_time(
    stack: Stack, iotctl: Iotctl
) -> None:
    """From what the database knows of them."""
    with connect(stack, "owner") as database:
        database.execute(
            "INSERT INTO sensor (serial_number, state, status_at, status_time_ns) VALUES ('doctor-2', 'AWAKE',"
            " now() - INTERVAL '10 min', time_to_nanoseconds(now() - INTERVAL '40 min'))"
        )
        database.execute(
            "INSERT INTO sensor_session SELECT id, 1, 9, 8, 8, now(), now() - INTERVAL '10 min' FROM sensor"
            " WHERE serial_number = 'doctor-2'"
        )
    try:
        found = {f["check"]: f for f in doctor(iotctl) if f["server"] == "sensors"}
    finally:
        with connect(stack, "owner") as database:
            of_sensor = "(SELECT id FROM sensor WHERE serial_number = 'doctor-2')"
            database.execute(f"DELETE FROM sensor_session WHERE sensor_id = {of_sensor}")
            database.execute("DELETE FROM sensor WHERE serial_number = 'doctor-2'")
    assert found["silent"]["state"] == "problem"
    assert "doctor-2" in found["silent"]["finding"]
    assert "missing" in found["missing"]["finding"]
    assert found["clocks"]["state"] == "warning"
    assert "30 min behind" in found["clocks"]["finding"]


def test_doctor_does_not_call_a_slow_sensor_silent(stack: Stack, iotctl: Iotctl) -> None:
    """One sample in five minutes: after four without one nothing is wrong."""
    with connect(stack, "owner") as database:
        database.execute(
            "INSERT INTO sensor (serial_number, state, sample_frequency_hz, status_at)"
            " VALUES ('doctor-3', 'AWAKE', 1.0 / 300, now() - INTERVAL '4 min')"
        )
    try:
        found = [finding["finding"] for finding in doctor(iotctl) if finding["check"] == "silent"]
    finally:
        with connect(stack, "owner") as database:
            database.execute("DELETE FROM sensor WHERE serial_number = 'doctor-3'")
    assert not any("doctor-3" in finding for finding in found)


def test_doctor_of_a_viewer_says_what_it_may_not_see(stack: Stack, tmp_path: Path) -> None:
    """Without an account at the MQTT broker it is a warning, not a problem; all else is looked at."""
    found = doctor(Iotctl(stack, tmp_path, "viewer"))
    [mqtt] = [finding for finding in found if finding["server"] == "mosquitto"]
    assert (mqtt["state"], mqtt["check"]) == ("warning", "credentials")
    assert not [finding for finding in found if "does not allow" in finding["finding"]]
    assert {finding["server"] for finding in found} == SERVERS


def test_doctor_with_wrong_passwords_says_which(iotctl: Iotctl) -> None:
    """Each account by its server."""
    for variable in ("MQTT", "RABBITMQ", "DATABASE"):
        iotctl.environment[f"STREAMING_{variable}_PASSWORD"] = "wrong"
    said = problems(doctor(iotctl))
    assert "refuses the user name 'control'" in said["mosquitto"]
    assert "refuses the user name 'operator'" in said["rabbitmq"]
    assert "refuses" in said["streams"]
    assert "does not let you in" in said["database"]


def test_doctor_names_an_alarm_of_rabbitmqs_own(stack: Stack, iotctl: Iotctl) -> None:
    """It wants more free disk than there is, and takes nothing from anybody; well again, none of it."""
    server = stack.servers["rabbitmq"]

    def want_free(bytes_free: int) -> None:
        server.sandbox.run(["rabbitmqctl", "set_disk_free_limit", str(bytes_free)], server.environment())

    assert told(iotctl, "rabbitmq", "alarms") == [("ok", "none of its own is raised")]
    want_free(10**16)
    try:
        wait_for(lambda: told(iotctl, "rabbitmq", "alarms")[0][0] == "problem", 30, "the alarm")
        [(_, said)] = told(iotctl, "rabbitmq", "alarms")
        assert said == "it has raised an alarm of its own, of disk: it takes nothing from anybody"
    finally:
        want_free(10**9)  # as rabbitmq/rabbitmq.conf has it
        wait_for(lambda: told(iotctl, "rabbitmq", "alarms")[0][0] == "ok", 30, "the end of the alarm")
