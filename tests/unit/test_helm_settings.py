"""What the chart's containers are told is what the programs read: variables, secrets, arguments, ports, probes."""

import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

import click
import pytest
import yaml
from pydantic_settings import BaseSettings

from alarms.config import AlarmsSettings
from bridge.config import BridgeSettings
from ctl.settings import CtlSettings
from ingest.config import IngestSettings
from runtime import accounts, mosquitto_accounts, rabbitmq_accounts
from runtime.config import PREFIX
from runtime.service import CLOSING_S
from runtime.topology import TopologySettings
from tests.unit.helm_chart import REPOSITORY, VALUES, Pod, find, pods, rendered, template, values
from timescale.config import BootstrapSettings, OwnerSettings
from web.config import WebSettings

SETTINGS: dict[str, type[BaseSettings]] = {
    "bridge": BridgeSettings,
    "ingest-measurements": IngestSettings,
    "ingest-logs": IngestSettings,
    "ingest-registry": IngestSettings,
    "alarms": AlarmsSettings,
    "web": WebSettings,
    "maintenance": OwnerSettings,
    "bootstrap": BootstrapSettings,
    "migrate": OwnerSettings,
    "topology": TopologySettings,
    "doctor": CtlSettings,
}
# container → who it is in runtime/accounts.py
HOLDERS = {
    "ingest-measurements": "ingest",
    "ingest-logs": "ingest",
    "ingest-registry": "ingest",
    "alarms": "alarms",
    "web": "web",
    "maintenance": "owner",
    "bootstrap": "bootstrap",
    "migrate": "owner",
    "topology": "topology",
    "doctor": "operator",
}
LIBPQ = {"PGSSLMODE", "PGSSLROOTCERT"}  # of PostgreSQL's client library
OTHERS = {"POD_INDEX", f"{PREFIX}SECRETS_DIR", "HOME", "COLUMNS"} | LIBPQ
SERVERS = {"mosquitto", "rabbitmq", "renewal"}  # not ours
ACCOUNTS = "accounts"


class Program(NamedTuple):
    """A container with a program of ours, and its pod."""

    pod: Pod
    container: dict[str, Any]

    @property
    def name(self) -> str:
        name: str = self.container["name"]
        return name

    @property
    def environment(self) -> dict[str, str]:
        """What is written out."""
        return {one["name"]: one["value"] for one in self.container.get("env", ()) if "value" in one}

    @property
    def settings(self) -> dict[str, str]:
        return {name: value for name, value in self.environment.items() if name not in OTHERS}

    @property
    def secrets(self) -> dict[str, str]:
        """File in the folder of secrets → key of the accounts' Secret."""
        [mount] = [one for one in self.container["volumeMounts"] if one["mountPath"] == "/run/secrets"]
        [volume] = [one for one in self.pod.spec["volumes"] if one["name"] == mount["name"]]
        sources = volume["projected"]["sources"] if "projected" in volume else [volume]
        items = [item for one in sources for item in one["secret"].get("items", ())]
        return {item["path"]: item["key"] for item in items}


def programs() -> Iterator[Program]:
    for name in VALUES:
        for pod in pods(rendered(name)):
            for container in pod.containers:
                if container["name"] not in {*SERVERS, "page", "nodes"}:
                    yield Program(pod, container)


def test_every_variable_is_a_setting_of_its_program() -> None:
    """By the settings' classes; nothing is told to a program that it does not read."""
    checked = set()
    for program in programs():
        if program.name == ACCOUNTS:
            assert program.settings == {}
            continue
        known = {f"{PREFIX}{field.upper()}" for field in SETTINGS[program.name].model_fields}
        assert program.settings.keys() <= known, program.pod.owner
        checked.add(program.name)
    assert checked == SETTINGS.keys()


def test_every_value_is_one_that_the_settings_take() -> None:
    """Each program's settings, made from what the chart tells it, with a password in each file."""
    for program in programs():
        if program.name == ACCOUNTS:
            continue
        given = {
            name.removeprefix(PREFIX).lower(): value.replace("$(POD_INDEX)", "0")
            for name, value in program.settings.items()
        }
        secrets = {path.rpartition("/")[2].removeprefix(PREFIX.lower()): "x" for path in program.secrets}
        for name in [name for name in given if given[name] == ""]:
            del given[name]  # env_ignore_empty
        settings = SETTINGS[program.name].model_validate({**given, **secrets})
        for name, value in given.items():
            assert str(getattr(settings, name)).lower() in (value.lower(), f"{value}.0"), name


def test_no_variable_is_a_password() -> None:
    """Passwords come as files, never in the environment."""
    for program in programs():
        assert not [n for n in program.environment if any(w in n for w in ("PASSWORD", "TOKEN", "_KEY_"))]
        assert not any(
            "valueFrom" in one and "secretKeyRef" in one["valueFrom"]
            for one in program.container.get("env", ())
        )


def test_every_program_gets_its_own_passwords_and_no_others() -> None:
    """As runtime/accounts.py hands them out."""
    for program in programs():
        if program.name in (ACCOUNTS, "bridge"):
            continue
        wanted = {f"streaming_{k}": v for k, v in accounts.holders()[HOLDERS[program.name]].items()}
        got = dict(program.secrets)
        if program.name == "bootstrap":  # the superuser's is in a Secret of its own
            assert got.pop("streaming_database_password") == "password"
            wanted.pop("streaming_database_password")
        assert got == wanted, program.name


@pytest.mark.parametrize("name", VALUES)
def test_bridges_have_a_name_and_a_password_each(name: str) -> None:
    """The replica's number is in its MQTT name, and picks the folder with its own password."""
    wanted = accounts.holders(256)
    replicas = find(rendered(name), "StatefulSet", "bridge")["spec"]["replicas"]
    [pod] = [pod for pod in pods(rendered(name)) if pod.component == "bridge"]
    secrets = Program(pod, pod.spec["containers"][0]).secrets
    assert secrets == {
        f"bridge-{i}/streaming_{setting}": key
        for i in range(replicas)
        for setting, key in wanted[f"bridge-{i}"].items()
    }
    [container] = pod.spec["containers"]
    index, *others = container["env"]
    assert index["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.labels['apps.kubernetes.io/pod-index']"
    assert {"name": "STREAMING_MQTT_USERNAME", "value": "bridge-$(POD_INDEX)"} in others
    [mount] = [one for one in container["volumeMounts"] if one["name"] == "secrets"]
    assert mount["subPathExpr"] == "bridge-$(POD_INDEX)"


def test_users_are_those_that_the_accounts_are_for() -> None:
    """A user name that RabbitMQ, PostgreSQL or Mosquitto does not know could not log in."""
    for program in programs():
        settings = program.settings
        if (user := settings.get("STREAMING_RABBITMQ_USERNAME")) is not None:
            assert user in rabbitmq_accounts.USERS
            assert (
                program.name == "bridge"
                or program.secrets["streaming_rabbitmq_password"] == f"rabbitmq-{user}"
            )
        if (role := settings.get("STREAMING_DATABASE_USERNAME")) is not None and program.name != "bootstrap":
            assert role.removeprefix("streaming_") in accounts.DATABASE_ROLES
            assert (
                program.secrets["streaming_database_password"]
                == f"database-{role.removeprefix('streaming_')}"
            )
        if program.name == "doctor":
            assert program.environment["STREAMING_MQTT_USERNAME"] in mosquitto_accounts.users(1)


def test_secret_and_vault_hold_every_account() -> None:
    """All of runtime/accounts.py but the superuser's, Grafana's and the nodes' cookie, which the chart has no use for."""
    unused = {"database-postgres", "grafana-admin", "rabbitmq-cookie"}
    bridges = values()["bridge"]["accounts"]
    assert bridges == accounts.BRIDGES
    wanted = set(accounts.passwords(bridges)) - unused
    secret = find(rendered("defaults"), "Secret", "accounts")
    assert secret["data"].keys() == wanted
    external = find(rendered("key-vault"), "ExternalSecret", "accounts")["spec"]["data"]
    assert {one["secretKey"] for one in external} == wanted
    # a name in Azure Key Vault has letters, digits and dashes
    assert all(one["remoteRef"]["key"] == f"sensor-streaming-{one['secretKey']}" for one in external)
    assert all(one["remoteRef"]["key"].replace("-", "").isalnum() for one in external)


def _entry(script: str) -> Any:
    scripts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, name = scripts[script].partition(":")
    return module, name


def test_commands_and_arguments_are_those_of_the_programs() -> None:
    """Each command is an entry point of the wheel, and click takes its arguments."""
    commands = {
        "sensor-streaming-ingest": ("ingest.__main__", "cli"),
        "sensor-streaming-alarms": ("alarms.__main__", "cli"),
        "sensor-streaming-web": ("web.__main__", "cli"),
        "sensor-streaming-timescale": ("timescale.__main__", "cli"),
        "sensor-streaming-accounts": ("runtime.accounts", "cli"),
        "iotctl": ("ctl.cli", "cli"),
    }
    without_arguments = {"sensor-streaming-bridge", "sensor-streaming-topology"}
    called = {(*p.container["command"], *map(str, p.container.get("args", ()))) for p in programs()}
    assert len(called) > 8
    for script, *arguments in called:
        assert _entry(script)
        if script in without_arguments:
            assert arguments == []
            continue
        module, name = commands[script]
        _taken(getattr(import_module(module), name), arguments)


def _taken(command: click.Command, arguments: list[str], **how: Any) -> None:
    """Parsed as click would, down to the last subcommand; UsageError where one is not known or missing."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        names = command.list_commands(context)
        at = next(i for i, one in enumerate(arguments) if one in names)
        _known_options(command, arguments[:at])
        inner = command.get_command(context, arguments[at])
        assert inner is not None
        # of commands that follow each other options come first
        chained = {"allow_extra_args": True, "allow_interspersed_args": False} if command.chain else {}
        _taken(inner, arguments[at + 1 :], **chained)
        return
    _known_options(command, arguments)
    here = {"/etc/streaming/acl": str(REPOSITORY / "mosquitto/acl"), "/mosquitto/data": str(REPOSITORY)}
    context = command.make_context("x", [here.get(one, one) for one in arguments], **how)
    assert context.args == []


def _known_options(command: click.Command, arguments: list[str]) -> None:
    known = {option for parameter in command.params for option in parameter.opts}
    assert {one for one in arguments if one.startswith("--")} <= known


def test_ports_and_probes_are_what_the_services_serve() -> None:
    """Health where STREAMING_HEALTH_PORT says, on all addresses; the paths are the health server's."""
    served = (REPOSITORY / "runtime/health.py").read_text()
    for program in programs():
        probes = [
            program.container[k]
            for k in ("startupProbe", "livenessProbe", "readinessProbe")
            if k in program.container
        ]
        if "STREAMING_HEALTH_PORT" not in program.settings:
            assert not probes
            continue
        assert len(probes) == 3
        ports = {one["name"]: one["containerPort"] for one in program.container["ports"]}
        assert str(ports["health"]) == program.settings["STREAMING_HEALTH_PORT"]
        assert program.settings["STREAMING_HEALTH_HOST"] == "0.0.0.0"
        for probe in probes:
            assert probe["httpGet"]["port"] == "health"
            assert f'"{probe["httpGet"]["path"]}"' in served
        assert program.container["livenessProbe"]["httpGet"]["path"] == "/healthz"
        assert program.container["readinessProbe"]["httpGet"]["path"] == "/readyz"
        other = {
            "web": ("http", "STREAMING_WEB_PORT"),
            "alarms": ("machines", "STREAMING_ALARMS_MACHINE_PORT"),
        }
        port, setting = other.get(program.name, ("", ""))
        assert program.settings.get(setting) == (str(ports[port]) if port in ports else None)


def test_pods_have_longer_to_end_than_services_take() -> None:
    """A service drains, and then has a moment to close; a kill before that would be one too many."""
    for program in programs():
        if program.name in SETTINGS:
            drain = float(program.settings.get("STREAMING_DRAIN_TIMEOUT_S", 10.0))
            assert program.pod.spec["terminationGracePeriodSeconds"] >= drain + CLOSING_S + 3


@pytest.mark.parametrize(("told", "given"), [(20, 120), (300, 300)])
def test_brokers_have_time_to_write_what_waits(told: int, given: int) -> None:
    """A gigabyte for each bridge that is away, to a volume that may be slow; a kill would lose what came in the last minute."""
    text = template((), [f"pods.terminationGracePeriodSeconds={told}"])
    made = pods([one for one in yaml.load_all(text, yaml.CSafeLoader) if one])
    grace = {pod.component: pod.spec["terminationGracePeriodSeconds"] for pod in made}
    assert (grace["mosquitto"], grace["rabbitmq"], grace["bridge"]) == (given, given, told)


def test_machines_certificate_is_read_where_it_is_mounted() -> None:
    """Certificate, key and authority, by the settings; and no token is needed then."""
    [pod] = [pod for pod in pods(rendered("most")) if pod.component == "alarms"]
    program = Program(pod, pod.spec["containers"][0])
    [mount] = [one for one in program.container["volumeMounts"] if one["name"] == "machines"]
    read = {program.settings[f"STREAMING_ALARMS_MACHINE_{one}"] for one in ("CERTIFICATE", "KEY", "CA")}
    assert read == {f"{mount['mountPath']}/{one}" for one in ("tls.crt", "tls.key", "ca.crt")}


def test_servers_are_told_what_is_mounted() -> None:
    """Every path in Mosquitto's and RabbitMQ's own files lies in a volume of their pods."""
    for name in ("defaults", "most"):
        for server in ("mosquitto", "rabbitmq"):
            configuration = find(rendered(name), "ConfigMap", server)["data"]
            own = configuration["mosquitto.conf" if server == "mosquitto" else "deployment.conf"]
            [pod] = [pod for pod in pods(rendered(name)) if pod.component == server]
            [container] = [c for c in pod.spec["containers"] if c["name"] == server]
            mounted = [one["mountPath"] for one in container["volumeMounts"]]
            paths = [word for line in own.splitlines() for word in line.split() if word.startswith("/")]
            image = {"/usr/lib/mosquitto_dynamic_security.so"}  # of the official image's Dockerfile
            for path in set(paths) - image:
                assert any(path == m or path.startswith(f"{m}/") or path.rstrip("/") == m for m in mounted), (
                    path
                )


def test_servers_listen_where_the_services_connect() -> None:
    """Mosquitto's listeners are its container's ports; the Services lead there."""
    own = find(rendered("most"), "ConfigMap", "mosquitto")["data"]["mosquitto.conf"]
    listeners = {int(line.split()[1]) for line in own.splitlines() if line.startswith("listener")}
    [pod] = [pod for pod in pods(rendered("most")) if pod.component == "mosquitto"]
    assert (
        listeners == {p["containerPort"] for c in pod.containers for p in c.get("ports", ())} == {1883, 8883}
    )
    [bridge] = [pod for pod in pods(rendered("most")) if pod.component == "bridge"]
    settings = Program(bridge, bridge.spec["containers"][0]).settings
    service = find(rendered("most"), "Service", "mosquitto")
    assert settings["STREAMING_MQTT_HOST"] == service["metadata"]["name"]
    assert settings["STREAMING_MQTT_PORT"] == str(service["spec"]["ports"][0]["port"])


def test_servers_images_are_those_of_every_deployment() -> None:
    """Tags, users, and where volumes are mounted: as tests/data/images.yaml has it of the images' own repositories."""
    documented = yaml.safe_load((REPOSITORY / "tests/data/images.yaml").read_text())
    for server, path in (("mosquitto", "eclipse-mosquitto"), ("rabbitmq", "rabbitmq")):
        told = documented[path]
        [pod] = [pod for pod in pods(rendered("most")) if pod.component == server]
        [container] = [one for one in pod.spec["containers"] if one["name"] == server]
        name, _, tag = container["image"].partition(":")
        assert name == path
        assert re.fullmatch(told["tag"], tag)
        security = pod.spec["securityContext"]
        assert f"{security['runAsUser']}:{security['runAsGroup']}" == told["user"]
        mounted = {one["mountPath"] for one in container["volumeMounts"]}
        assert set(told["data"]) <= mounted
        assert {p["containerPort"] for p in container["ports"]} - {8883} == set(told["listens"])
        for probe in ("startupProbe", "livenessProbe"):
            if "exec" in container[probe]:
                assert container[probe]["exec"]["command"][0] in told["programs"]
    told = documented["timescale/timescaledb-ha"]
    database = find(rendered("defaults"), "Cluster", "database")["spec"]
    catalogue = find(rendered("defaults"), "ImageCatalog", "database")["spec"]["images"]
    name, _, tag = catalogue[0]["image"].partition(":")
    assert documented[name] is told
    assert re.fullmatch(told["tag"], tag)
    assert f"{database['postgresUID']}:{database['postgresGID']}" == told["user"]
    assert tag.startswith(f"pg{catalogue[0]['major']}-")
