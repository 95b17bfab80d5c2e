"""How each server is configured, started, recognised as ready, and stopped."""

import json
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import psycopg

from runtime import mosquitto_accounts, rabbitmq_accounts
from runtime.password_files import write_private
from stack import secrets
from stack.ports import Ports, listening
from stack.sandbox import Process, Sandbox

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(slots=True)
class Server(ABC):
    """One server of a stack: its sandbox, its ports, its log; `process` while it runs."""

    name: ClassVar[str]
    configuration: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    stop_timeout_s: ClassVar[float] = 20.0

    root: Path
    data: Path
    log: Path
    ports: Ports
    passwords: Mapping[str, str]
    process: Process | None = None

    @property
    def sandbox(self) -> Sandbox:
        """Where its commands run, and `stack exec`'s."""
        return Sandbox(self.root, self.data, REPOSITORY / self.configuration)

    @abstractmethod
    def prepare(self) -> None:
        """Write its configuration; idempotent."""

    @abstractmethod
    def command(self) -> list[str]:
        """What runs inside."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether it takes connections."""

    def environment(self) -> dict[str, str]:
        """Of the server and of `stack exec`."""
        return {}

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.running

    def start(self) -> None:
        """Start without waiting. StackError where it ends at once."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.prepare()
        with self.log.open("ab") as log:
            self.process = self.sandbox.start(self.command(), self.environment(), log)

    def stop(self) -> None:
        """Stop cleanly within bounded time."""
        if self.process is not None:
            self.process.stop(self.stop_signal, self.stop_timeout_s)


class Mosquitto(Server):
    """The MQTT broker."""

    name = "mosquitto"
    configuration = "mosquitto"

    def prepare(self) -> None:
        """Its own file includes the shared one; users are the broker's to keep, and what they may is this version's."""
        [plugin] = self.root.glob("usr/lib/*/mosquitto_dynamic_security.so")
        (self.data / "mosquitto.conf").write_text(
            f"listener {self.ports.mqtt} 127.0.0.1\n"
            "acl_file /data/acl\n"
            f"plugin /{plugin.relative_to(self.root)}\n"
            "plugin_opt_config_file /data/dynamic-security.json\n"
            "persistence_location /data/\n"
            "include_dir /etc/streaming\n"
        )
        # the broker wants it private, which a file in a checkout is not
        write_private(self.data / "acl", (REPOSITORY / "mosquitto/acl").read_text())
        users = self.data / "dynamic-security.json"
        passwords = secrets.of("mqtt", self.passwords)
        if users.exists():
            known = json.loads(users.read_text())
            secrets.write_json(users, mosquitto_accounts.renewed(known, passwords))
        else:
            secrets.write_json(users, mosquitto_accounts.first_state(passwords))

    def command(self) -> list[str]:
        """In the foreground."""
        return ["mosquitto", "-c", "/data/mosquitto.conf"]

    def ready(self) -> bool:
        """It listens after it has read its sessions."""
        return listening(self.ports.mqtt)


class Rabbitmq(Server):
    """RabbitMQ with streams."""

    name = "rabbitmq"
    configuration = "rabbitmq"
    stop_timeout_s = 40.0

    def prepare(self) -> None:
        """Addresses and users; the Erlang cookie."""
        local = self.data / "conf.d"
        local.mkdir(exist_ok=True)
        (local / "local.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.ports.amqp}\n"
            f"stream.listeners.tcp.1 = 127.0.0.1:{self.ports.stream}\n"
            "stream.advertised_host = 127.0.0.1\n"
            f"stream.advertised_port = {self.ports.stream}\n"
            f"prometheus.tcp.ip = 127.0.0.1\n"
            f"prometheus.tcp.port = {self.ports.rabbitmq_metrics}\n"
            "load_definitions = /data/definitions.json\n"
        )
        # each time, and loaded at each start: a newer version knows more users, and other rights
        definitions = rabbitmq_accounts.definitions(secrets.of("rabbitmq", self.passwords))
        secrets.write_json(self.data / "definitions.json", definitions)
        cookie = self.data / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text(self.passwords["rabbitmq/cookie"])
            cookie.chmod(0o400)

    def environment(self) -> dict[str, str]:
        """Everything on loopback, nothing of the host's."""
        return {
            "RABBITMQ_NODENAME": "streaming@localhost",
            "RABBITMQ_CONFIG_FILE": "/etc/streaming/rabbitmq.conf",
            "RABBITMQ_CONFIG_FILES": "/data/conf.d",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "/etc/streaming/enabled_plugins",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_MNESIA_BASE": "/data/mnesia",
            "RABBITMQ_LOG_BASE": "/data/log",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": "/data/rabbitmq.pid",
            "RABBITMQ_DIST_PORT": str(self.ports.distribution),
            "ERL_EPMD_PORT": str(self.ports.epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
            ),
        }

    def command(self) -> list[str]:
        """In the foreground."""
        return ["/usr/lib/rabbitmq/bin/rabbitmq-server"]

    def ready(self) -> bool:
        """Listeners come up last, after the definitions are loaded."""
        return listening(self.ports.amqp) and listening(self.ports.stream)


class Postgres(Server):
    """PostgreSQL with TimescaleDB."""

    name = "postgres"
    configuration = "timescale"
    stop_signal = signal.SIGINT  # "fast": clients are disconnected, everything is written

    def prepare(self) -> None:
        """initdb, once; then its own file, which includes the shared one."""
        cluster = self.data / "pg"
        if not (cluster / "PG_VERSION").exists():
            password_file = self.data / "password"
            password_file.touch(mode=0o600)
            password_file.write_text(self.passwords["database/postgres"])
            self.sandbox.run(
                [
                    *("initdb", "-D", "/data/pg", "-U", "postgres", "--pwfile=/data/password"),
                    *("-A", "scram-sha-256", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"),
                    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                ],
                {},
            )
            password_file.unlink()
        (cluster / "postgresql.conf").write_text(
            "include '/etc/streaming/postgresql.conf'\n"
            "listen_addresses = '127.0.0.1'\n"
            f"port = {self.ports.postgres}\n"
            "unix_socket_directories = '/tmp'\n"
        )
        pgpass = self.data / ".pgpass"
        pgpass.touch(mode=0o600)
        pgpass.write_text(f"*:*:*:postgres:{self.passwords['database/postgres']}\n")

    def environment(self) -> dict[str, str]:
        """psql of `stack exec` connects as the superuser."""
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.ports.postgres),
            "PGUSER": "postgres",
            "PGDATABASE": "sensor_streaming",
            "PGPASSFILE": "/data/.pgpass",
        }

    def command(self) -> list[str]:
        """In the foreground."""
        return ["postgres", "-D", "/data/pg"]

    def conninfo(self, database: str = "postgres") -> dict[str, str | int]:
        """For psycopg, as the superuser."""
        return {
            "host": "127.0.0.1",
            "port": self.ports.postgres,
            "user": "postgres",
            "password": self.passwords["database/postgres"],
            "dbname": database,
            "connect_timeout": 3,
        }

    def ready(self) -> bool:
        """It answers a connection (it listens already while it recovers)."""
        try:
            psycopg.connect(**self.conninfo()).close()  # type: ignore[arg-type]  # keywords of one dict
        except psycopg.OperationalError:
            return False
        return True


SERVERS: tuple[type[Server], ...] = (Mosquitto, Rabbitmq, Postgres)


def describe(server: Server) -> dict[str, object]:
    """For `status --json`."""
    addresses: dict[str, dict[str, int]] = {
        "mosquitto": {"mqtt": server.ports.mqtt},
        "rabbitmq": {
            "amqp": server.ports.amqp,
            "stream": server.ports.stream,
            "metrics": server.ports.rabbitmq_metrics,
        },
        "postgres": {"postgresql": server.ports.postgres},
    }
    return {
        "host": "127.0.0.1",
        "ports": addresses[server.name],
        "ready": server.ready(),
        "log": os.path.relpath(server.log),
    }


def to_json(content: object) -> str:
    """As `status --json` prints it."""
    return json.dumps(content, indent=2, sort_keys=True)
