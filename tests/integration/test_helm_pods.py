"""The chart's containers, with their rendered variables, arguments, passwords and files, against real servers.

No cluster: what a kubelet would do (volumes, names, networks) is done by hand; the rest is as the chart says.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from stack.local import Stack
from stack.ports import Ports
from stack.servers import REPOSITORY
from stack.services import Service
from tests.integration.helm_pods import Cluster
from tests.unit.helm_chart import NAME, rendered

PREFIX = "plant-"
SENSORS = (f"{PREFIX}vehicle-0001", f"{PREFIX}pump-0002")  # as the emulator calls its first two
SUPERUSER = f"{NAME}-database-superuser"
SERVICES = ("bridge", "ingest-measurements", "ingest-logs", "ingest-registry", "alarms", "web", "maintenance")


class Machine(NamedTuple):
    """The pods, the servers, and how pods find them."""

    cluster: Cluster
    stack: Stack
    ports: Ports

    @property
    def local(self) -> dict[str, Mapping[str, str]]:
        """Names of the chart's Services → this machine's addresses."""
        host, ports = "127.0.0.1", self.ports
        return {
            f"STREAMING_MQTT_HOST={NAME}-mosquitto": {
                "STREAMING_MQTT_HOST": host,
                "STREAMING_MQTT_PORT": str(ports.mqtt),
            },
            f"STREAMING_RABBITMQ_HOST={NAME}-rabbitmq": {
                "STREAMING_RABBITMQ_HOST": host,
                "STREAMING_RABBITMQ_AMQP_PORT": str(ports.amqp),
                "STREAMING_RABBITMQ_STREAM_PORT": str(ports.stream),
            },
            f"STREAMING_DATABASE_HOST={NAME}-database-rw": {
                "STREAMING_DATABASE_HOST": host,
                "STREAMING_DATABASE_PORT": str(ports.postgres),
            },
            f"STREAMING_RABBITMQ_METRICS_URL=http://{NAME}-rabbitmq:15692/metrics": {
                "STREAMING_RABBITMQ_METRICS_URL": f"http://{host}:{ports.rabbitmq_metrics}/metrics"
            },
            "PGSSLMODE=require": {"PGSSLMODE": "disable"},  # this server has no certificate
            "STREAMING_WEB_PORT=8080": {"STREAMING_WEB_PORT": str(ports.web)},
            "STREAMING_HEALTH_HOST=0.0.0.0": {"STREAMING_HEALTH_HOST": host},
        }

    def run(self, component: str, container: str, *further: str) -> "subprocess.CompletedProcess[str]":
        """A program that ends, within bounded time."""
        pod = self.cluster.pod(component)
        one = self.cluster.container(pod, container)
        arguments = self.cluster.arguments(pod, one)
        if further:
            arguments = [*arguments[:2], *further]
        return subprocess.run(
            [sys.executable, *arguments],
            env=self.cluster.environment(pod, one, self.local),
            cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def service(self, component: str, number: int) -> Service:
        """A service's container, as a process."""
        pod = self.cluster.pod(component)
        one = self.cluster.container(pod, component)
        return Service(
            component,
            self.cluster.arguments(pod, one),
            self.cluster.environment(pod, one, self.local),
            self.ports.services + number,
            self.cluster.folder / f"{component}.log",
            (sys.executable,),
        )


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Servers that begin with the chart's passwords, and with what Mosquitto's init container has made."""
    folder = tmp_path_factory.mktemp("helm")
    cluster = Cluster(rendered("defaults"), folder)
    stack = Stack(folder / "stack")
    first = Machine(cluster, stack, Ports.block(0)).run("mosquitto", "accounts")
    assert first.returncode == 0, first.stderr
    (folder / "stack/mosquitto").mkdir(parents=True)
    users = folder / "mosquitto/data/dynamic-security.json"
    users.rename(folder / "stack/mosquitto/dynamic-security.json")
    passwords = {}
    for account, password in cluster.secrets[f"{NAME}-accounts"].items():
        server, _, user = account.partition("-")
        passwords[f"{server}/{'streaming_' if server == 'database' else ''}{user}"] = password
    (folder / "stack/secrets.json").write_text(json.dumps(passwords))
    stack.start(print)
    assert stack.ports is not None
    known = json.loads((folder / "stack/secrets.json").read_text())
    cluster.secrets[SUPERUSER] = {"username": "postgres", "password": known["database/postgres"]}
    yield Machine(cluster, stack, stack.ports)
    stack.stop()


def eventually(condition: Callable[[], object], what: str, timeout_s: float = 60.0) -> None:
    """Wait for it."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def test_pods_of_the_chart_bring_measurements_into_the_database(machine: Machine, tmp_path: Path) -> None:
    """Jobs end well, twice; services become ready and stop in time; the test's pod provisions, and finds nothing wrong."""
    for _ in range(2):
        for component, container in (
            ("migrate", "bootstrap"),
            ("migrate", "migrate"),
            ("topology", "topology"),
        ):
            done = machine.run(component, container)
            assert done.returncode == 0, f"{container}: {done.stderr}"
    with ExitStack() as cleanup:
        services = [machine.service(name, number) for number, name in enumerate(SERVICES)]
        for service in services:
            cleanup.callback(service.stop)
        for service in services:
            service.wait_ready()
        sensors = _sensors(machine, tmp_path, len(services))
        cleanup.callback(sensors.stop)
        with psycopg.connect(**machine.stack.conninfo("readonly")) as database:  # type: ignore[arg-type]
            database.autocommit = True
            query = "SELECT count(DISTINCT sensor_id) FROM measurement_batch"
            eventually(
                lambda: database.execute(query).fetchone() == (len(SENSORS),), "measurements of each sensor"
            )
        checked = machine.run("doctor", "doctor")
        assert checked.returncode == 0, checked.stdout + checked.stderr
        sensors.ask_to_stop()
        for service in reversed(services):
            service.ask_to_stop()
        for service in services:
            grace = machine.cluster.pod(service.name).spec["terminationGracePeriodSeconds"]
            assert service.process.wait(grace) == 0, service.last_words()


def _sensors(machine: Machine, folder: Path, number: int) -> Service:
    """Emulated ones, with credentials by `iotctl provision` of the test's pod."""
    made = machine.run("doctor", "doctor", "provision", *SENSORS, "--format", "json")
    assert made.returncode == 0, made.stderr
    told = [json.loads(line) for line in made.stdout.splitlines() if line.startswith("{")]
    credentials = folder / "credentials.json"
    credentials.write_text(json.dumps({one["username"]: one["password"] for one in told}))
    return Service(
        "emulator",
        ["emulator", "--credentials", str(credentials), "--sensors", str(len(SENSORS)), "--prefix", PREFIX],
        {"STREAMING_MQTT_HOST": "127.0.0.1", "STREAMING_MQTT_PORT": str(machine.ports.mqtt)},
        machine.ports.services + number,
        folder / "emulator.log",
    )


def test_a_bridge_with_anothers_password_is_refused(machine: Machine) -> None:
    """Each sees its own only, and a wrong one is of no use: the test above can fail."""
    pod = machine.cluster.pod("bridge")
    one = machine.cluster.container(pod, "bridge")
    environment = machine.cluster.environment(pod, one, machine.local) | {
        "STREAMING_MQTT_USERNAME": "bridge-1"
    }
    service = Service(
        "bridge-1", machine.cluster.arguments(pod, one), environment,
        machine.ports.services + 20, machine.cluster.folder / "wrong.log", (sys.executable,),
    )  # fmt: skip
    try:
        eventually(lambda: "refuse" in service.log.read_text() or not service.running, "refused")
        assert service.state() != "ready"
    finally:
        service.stop()
