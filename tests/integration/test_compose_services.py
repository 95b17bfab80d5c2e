"""The services of compose.yaml, with its commands, settings and passwords, against real servers.

What an engine would do (mounts, names, networks) is done by hand here; the rest is as it stands in the file.
"""

import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from stack.local import Stack
from stack.ports import Ports
from stack.servers import REPOSITORY
from stack.services import Service
from tests.unit import compose_file, compose_rules

SENSORS = 3
COMPOSE = compose_file.load(
    compose_file.FILE.read_text().replace("SENSOR_STREAMING_FLEET:-50", f"SENSOR_STREAMING_FLEET:-{SENSORS}")
)["services"]
SCRIPTS: dict[str, str] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["scripts"]
LOCAL = {"mosquitto", "rabbitmq", "timescaledb"}


class Machine(NamedTuple):
    """Folders for what compose mounts, and the servers."""

    folder: Path
    stack: Stack
    ports: Ports

    def arguments(self, name: str) -> list[str]:
        """How that service's program is started by this Python, with paths of this machine for those mounted."""
        program, *arguments = compose_file.words(COMPOSE[name])
        module, function = SCRIPTS[program].split(":")
        code = f"import sys; sys.argv[0] = {program!r}; from {module} import {function} as f; sys.exit(f())"
        return ["-c", code, *(_here(self.folder, name, argument) for argument in arguments)]

    def environment(self, name: str) -> dict[str, str]:
        """Its variables, with hosts and ports of this machine's servers."""
        given = compose_file.environment(COMPOSE[name])
        local = {
            "STREAMING_MQTT_HOST": ("STREAMING_MQTT_PORT", self.ports.mqtt),
            "STREAMING_RABBITMQ_HOST": ("STREAMING_RABBITMQ_AMQP_PORT", self.ports.amqp),
            "STREAMING_DATABASE_HOST": ("STREAMING_DATABASE_PORT", self.ports.postgres),
            "STREAMING_WEB_HOST": ("STREAMING_WEB_PORT", self.ports.web),
            "STREAMING_HEALTH_HOST": ("STREAMING_HEALTH_PORT", 0),
        }
        for host, (port, number) in local.items():
            if host in given:
                assert given[host] in LOCAL | {"0.0.0.0"}
                given |= {host: "127.0.0.1", port: str(number)}
        if "STREAMING_RABBITMQ_HOST" in given:
            given["STREAMING_RABBITMQ_STREAM_PORT"] = str(self.ports.stream)
        if "STREAMING_RABBITMQ_METRICS_URL" in given:
            metrics = f"http://127.0.0.1:{self.ports.rabbitmq_metrics}/metrics"
            given["STREAMING_RABBITMQ_METRICS_URL"] = metrics
        if "STREAMING_SECRETS_DIR" in given:
            given["STREAMING_SECRETS_DIR"] = _here(self.folder, name, given["STREAMING_SECRETS_DIR"])
        return given

    def run(self, name: str, *further: str) -> subprocess.CompletedProcess[str]:
        """A program that ends, within bounded time."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("STREAMING_")}
        return subprocess.run(
            [sys.executable, *self.arguments(name), *further],
            env={**inherited, **self.environment(name)},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def _here(folder: Path, name: str, argument: str) -> str:
    """An argument in which a path of the container is replaced by that of this machine."""
    for mount in sorted(compose_file.mounts(COMPOSE[name]), key=lambda one: -len(one.target)):
        if re.search(rf"(^|=){mount.target}(/|$)", argument):
            source = Path(mount.source)
            if mount.holder is not None:
                source = folder / "secrets" / mount.holder
            elif mount.bound:
                source = REPOSITORY / mount.source
            else:
                source = folder / mount.source
            return argument.replace(mount.target, str(source))
    return argument


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """`accounts` has run, and servers that begin with what it has made."""
    folder = tmp_path_factory.mktemp("compose")
    stack = Stack(folder / "stack")
    one = Machine(folder, stack, Ports.block(0))
    # only root may give files away, which the owners are for
    command = [word for word in one.arguments("accounts") if not word.startswith("--owner")]
    subprocess.run([sys.executable, *command], cwd=REPOSITORY, check=True, capture_output=True)
    _take_over(folder)
    stack.start(print)
    assert stack.ports is not None
    (folder / "fleet").mkdir()
    yield Machine(folder, stack, stack.ports)
    stack.stop()


def _take_over(folder: Path) -> None:
    """The passwords, as the local stack keeps them, and Mosquitto's users as `accounts` has made them."""
    (folder / "stack/mosquitto").mkdir(parents=True)
    passwords = {}
    for file in (folder / "secrets/passwords").iterdir():
        server, _, user = file.name.partition("-")
        role = server == "database" and user != "postgres"
        passwords[f"{server}/{'streaming_' if role else ''}{user}"] = file.read_text()
    (folder / "stack/secrets.json").write_text(json.dumps(passwords))
    (folder / "mosquitto/dynamic-security.json").rename(folder / "stack/mosquitto/dynamic-security.json")


def eventually(condition: Callable[[], object], what: str, timeout_s: float = 60.0) -> None:
    """Wait for it."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def test_compose_services_bring_the_fleets_measurements_into_the_database(machine: Machine) -> None:
    """Everything in the order of the file: what ends, ends well, twice; what runs gets ready, and stops in time."""
    for _ in range(2):
        for name in ("bootstrap", "migrate", "topology", "fleet-credentials"):
            done = machine.run(name)
            assert done.returncode == 0, f"{name}: {done.stderr}"
    running = [name for name, one in COMPOSE.items() if compose_file.ours(one) and "healthcheck" in one]
    with ExitStack() as cleanup:
        services = []
        for index, name in enumerate(running):
            service = Service(
                name,
                machine.arguments(name),
                machine.environment(name),
                machine.ports.services + index,
                machine.folder / f"{name}.log",
                (sys.executable,),
            )
            cleanup.callback(service.stop)
            services.append(service)
        for service in services:
            service.wait_ready()
        with psycopg.connect(**machine.stack.conninfo("readonly")) as database:  # type: ignore[arg-type]
            database.autocommit = True
            query = "SELECT count(DISTINCT sensor_id) FROM measurement_batch"
            eventually(
                lambda: database.execute(query).fetchone() == (SENSORS,), "measurements of each sensor"
            )
        _operate(machine)
        for service in reversed(services):
            service.ask_to_stop()
        for service in services:
            grace = compose_rules.seconds(COMPOSE[service.name]["stop_grace_period"])
            assert service.process.wait(grace) == 0, service.last_words()


def _operate(machine: Machine) -> None:
    """`docker compose run --rm iotctl …`: users of the page, sensors, and whether all is well."""
    given = machine.environment("iotctl")
    assert set(given) >= {"STREAMING_MQTT_HOST", "STREAMING_RABBITMQ_HOST", "STREAMING_DATABASE_HOST"}
    [code] = [word for word in machine.arguments("iotctl") if word.startswith("import sys")]

    def iotctl(*arguments: str) -> subprocess.CompletedProcess[str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("STREAMING_")}
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={**inherited, **given, "HOME": str(machine.folder)},
            cwd=machine.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    added = iotctl("users", "add", "anna", "--role", "operator", "--generate")
    assert added.returncode == 0, added.stderr
    sensors = iotctl("sensors", "--output", "json")
    assert len(json.loads(sensors.stdout)) == SENSORS
    provisioned = iotctl("provision", "pump-0100", "--mqtt-host", "192.168.1.20")
    assert provisioned.returncode == 0, provisioned.stderr
    assert "192.168.1.20" in provisioned.stdout
    checked = iotctl("db", "status")
    assert checked.returncode == 0, checked.stderr
