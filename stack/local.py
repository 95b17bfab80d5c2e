"""A stack: the three servers of one data folder, and how to reach them."""

import functools
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import psycopg
from pydantic import SecretStr

from emulator.credentials import Credentials
from runtime import dynsec
from stack import cache, ports, secrets
from stack.errors import StackError
from stack.owner import Ownership
from stack.servers import REPOSITORY, SERVERS, Postgres, Server, describe

Say = Callable[[str], None]
DEFAULT_DATA = REPOSITORY / ".stack"
START_TIMEOUT_S = 90.0


class _Accounts(NamedTuple):
    """As whom a role logs in to the MQTT broker, RabbitMQ and the database, where it does."""

    mqtt: str | None = None
    rabbitmq: str | None = None
    database: str | None = None


_ROLES: dict[str, _Accounts] = {
    **{user: _Accounts(user, "bridge") for user in secrets.MQTT_USERS if user.startswith("bridge-")},
    "ingest": _Accounts(None, "ingest", "ingest"),
    "alarms": _Accounts(None, "alarms", "alarms"),
    "emulator": _Accounts(),
    "operator": _Accounts("control", "operator", "control"),
    "web": _Accounts(None, "web", "web"),
    "viewer": _Accounts(None, "viewer", "readonly"),
    "control": _Accounts("control", "control", "control"),
    **{role: _Accounts(database=role) for role in ("owner", "readonly")},
}
_LEAST_FREE_BYTES = 2_000_000_000


def data_folder(given: str | None = None) -> Path:
    """The data folder: given, or $SENSOR_STREAMING_STACK, or .stack in the checkout."""
    return Path(given or os.environ.get("SENSOR_STREAMING_STACK") or DEFAULT_DATA).resolve()


class Stack:
    """Start, stop and describe the servers of one data folder.

    The process that calls `start` owns them: they die with it, however it ends.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.servers: dict[str, Server] = {}
        self.ports: ports.Ports | None = None
        self._ownership = Ownership(data)

    # Owning the servers.
    def start(self, say: Say, base_port: int | None = None) -> None:
        """Start all and wait until they take connections, their roles and schema included. StackError otherwise."""
        root = cache.ensure_root(say)
        try:
            (self.data / "log").mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.data).free
            if free < _LEAST_FREE_BYTES:
                raise StackError(
                    f"{self.data} has {free / 1e9:.1f} GB free and the servers need {_LEAST_FREE_BYTES / 1e9:.0f} GB: "
                    "make room, or choose another folder with --data"
                )
            self._ownership.take()
            remembered = self._ownership.state()
            self.ports = ports.choose(base_port, remembered and remembered.base_port)
            self._make_servers(root)
            self._ownership.record(self.ports.base, root)
            say("starting Mosquitto, RabbitMQ and TimescaleDB")
            for server in self.servers.values():
                server.start()
            self._finish_database(say)
            self.wait_ready()
            self._declare(say)
        except OSError as error:
            self.stop()
            raise StackError(f"cannot start the servers: {error}") from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all cleanly; their data stays."""
        for server in self.servers.values():
            if server.process is not None:
                server.process.send(server.stop_signal)  # all at once, then wait for each
        for server in self.servers.values():
            server.stop()
        self._ownership.release()

    def restart(self, name: str) -> None:
        """Stop one server cleanly and start it again, waiting until it is ready."""
        self.servers[name].stop()
        self.servers[name].start()
        self.wait_ready(name)

    def kill(self, name: str) -> None:
        """Kill one server as a power cut would."""
        process = self.servers[name].process
        if process is not None:
            process.kill()

    def wait_ready(self, *names: str) -> None:
        """Wait until these servers (all, where none is named) take connections. StackError with their log."""
        deadline = time.monotonic() + START_TIMEOUT_S
        for name in names or self.servers:
            server = self.servers[name]
            while not server.ready():
                if not server.running:
                    raise StackError(f"{name} has ended: {_last_line(server.log)} (whole log: {server.log})")
                if time.monotonic() > deadline:
                    raise StackError(f"{name} is not ready within {START_TIMEOUT_S:.0f} s: see {server.log}")
                time.sleep(0.05)

    # Knowing it, from any process.
    @functools.cached_property
    def passwords(self) -> dict[str, str]:
        """Of everything but sensors."""
        return secrets.load(self.data / "secrets.json")

    def attach(self) -> "Stack":
        """Know the servers that another process runs. StackError where none does."""
        state = self._ownership.state()
        if state is None or not state.alive:
            raise StackError(f"no stack runs on {self.data}: python -m stack up")
        self.ports = ports.Ports.block(state.base_port)
        self._make_servers(Path(state.root))
        return self

    def supervisor(self) -> int | None:
        """The process that owns the running servers."""
        state = self._ownership.state()
        return state.owner[0] if state is not None and state.owner is not None and state.alive else None

    def status(self) -> dict[str, object]:
        """Every server's address and health, as `status --json` prints it."""
        return {
            "data": str(self.data),
            "supervisor": self.supervisor(),
            "servers": {name: describe(server) for name, server in self.servers.items()},
            "ready": all(server.ready() for server in self.servers.values()),
        }

    def environment(self, role: str) -> dict[str, str]:
        """STREAMING_* variables: where the servers are, and the accounts of that role alone. StackError for an unknown one."""
        assert self.ports is not None
        if role not in _ROLES:
            raise StackError(f"there is no role {role!r}: choose one of {', '.join(_ROLES)}")
        accounts = _ROLES[role]
        known: dict[str, object] = {
            "MQTT_HOST": "127.0.0.1",
            "MQTT_PORT": self.ports.mqtt,
        }
        if role == "emulator":  # what it logs in as comes in a file
            return _exported(known)
        known |= {
            "RABBITMQ_HOST": "127.0.0.1",
            "RABBITMQ_AMQP_PORT": self.ports.amqp,
            "RABBITMQ_STREAM_PORT": self.ports.stream,
            "RABBITMQ_METRICS_URL": f"http://127.0.0.1:{self.ports.rabbitmq_metrics}/metrics",
            "DATABASE_HOST": "127.0.0.1",
            "DATABASE_PORT": self.ports.postgres,
            "DATABASE_NAME": "sensor_streaming",
        }
        if accounts.mqtt is not None:
            known["MQTT_USERNAME"] = accounts.mqtt
            known["MQTT_PASSWORD"] = self.passwords[f"mqtt/{accounts.mqtt}"]
        if accounts.rabbitmq is not None:
            known["RABBITMQ_USERNAME"] = accounts.rabbitmq
            known["RABBITMQ_PASSWORD"] = self.passwords[f"rabbitmq/{accounts.rabbitmq}"]
        if accounts.database is not None:
            known["DATABASE_USERNAME"] = f"streaming_{accounts.database}"
            known["DATABASE_PASSWORD"] = self.passwords[f"database/streaming_{accounts.database}"]
        if role in ("control", "operator"):  # iotctl db
            known["OWNER_PASSWORD"] = self.passwords["database/streaming_owner"]
        return _exported(known)

    def conninfo(self, role: str) -> dict[str, str | int]:
        """For psycopg.connect, as owner, ingest, alarms, control or readonly."""
        environment = self.environment(role)
        keys = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USERNAME", "password": "PASSWORD"}
        return {key: environment[f"STREAMING_DATABASE_{name}"] for key, name in keys.items()}

    # Sensors.
    @property
    def credentials_file(self) -> Path:
        """JSON, serial number → password, of every sensor that has credentials; the emulator reads it."""
        return self.data / "credentials.json"

    def credentials(self, serial_numbers: Iterable[str]) -> dict[str, str]:
        """Serial number → password; made where missing. WireError for a bad serial number, DynsecError."""
        return self._credentials().ensure(serial_numbers)

    def revoke(self, serial_numbers: Iterable[str]) -> None:
        """Take credentials back; a connected sensor is disconnected. Errors as `credentials`."""
        self._credentials().revoke(serial_numbers)

    def _credentials(self) -> Credentials:
        assert self.ports is not None
        control = dynsec.Access("127.0.0.1", self.ports.mqtt, "control", self.passwords["mqtt/control"])
        return Credentials(self.credentials_file, control)

    def _make_servers(self, root: Path) -> None:
        assert self.ports is not None
        self.servers = {
            kind.name: kind(
                root,
                self.data / kind.name,
                self.data / "log" / f"{kind.name}.log",
                self.ports,
                self.passwords,
            )
            for kind in SERVERS
        }

    def _finish_database(self, say: Say) -> None:
        """Database, extensions, roles with their passwords, and the schema: all idempotent."""
        self.wait_ready("postgres")
        postgres = self.servers["postgres"]
        assert isinstance(postgres, Postgres)
        from timescale import bootstrap, migrate

        passwords = {
            name.removeprefix("database/"): secret
            for name, secret in self.passwords.items()
            if name.startswith("database/streaming_")
        }
        try:
            bootstrap.apply(postgres.conninfo(), "sensor_streaming", passwords)
            owner = {**postgres.conninfo("sensor_streaming"), "user": "streaming_owner"}
            owner["password"] = passwords["streaming_owner"]
            applied = migrate.apply(owner)
        except psycopg.Error as error:
            raise StackError(f"cannot prepare the database: {error}") from error
        if applied:
            say(f"applied {len(applied)} migrations")

    def _declare(self, say: Say) -> None:
        from runtime import topology

        environment = self.environment("control")
        settings = topology.TopologySettings(
            rabbitmq_host="127.0.0.1",
            rabbitmq_amqp_port=int(environment["STREAMING_RABBITMQ_AMQP_PORT"]),
            rabbitmq_stream_port=int(environment["STREAMING_RABBITMQ_STREAM_PORT"]),
            rabbitmq_username="control",
            rabbitmq_password=SecretStr(environment["STREAMING_RABBITMQ_PASSWORD"]),
        )
        say("declaring streams and queues")
        try:
            topology.apply(settings)
        except topology.QueuesOccupied as occupied:
            say(str(occupied))
        except topology.TopologyError as error:
            raise StackError(str(error)) from error


def _exported(known: Mapping[str, object]) -> dict[str, str]:
    return {f"STREAMING_{name}": str(value) for name, value in known.items()}


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
