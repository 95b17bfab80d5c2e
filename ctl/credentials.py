"""A sensor's credentials in the forms that people, programs, compilers and serial consoles read. Pure."""

import json
import shlex
from collections.abc import Callable
from typing import NamedTuple

from wire import names
from wire.relay_pb2 import Kind


class Credentials(NamedTuple):
    """All that a sensor's firmware needs."""

    host: str
    port: int
    serial_number: str  # also its client id and user name
    password: str

    def topics(self) -> dict[str, str]:
        """Where it publishes, and what it subscribes to."""
        publish = {
            level: names.topic(self.serial_number, kind) for level, kind in names.KIND_BY_LEVEL.items()
        }
        return {**publish, "commands": names.command_filter(self.serial_number)}


def as_text(one: Credentials) -> str:
    """To read."""
    rows = {
        "host": one.host,
        "port": str(one.port),
        "client id": one.serial_number,
        "user name": one.serial_number,
        "password": one.password,
        "publishes": names.topic(one.serial_number, Kind.KIND_MEASUREMENTS)
        + " | birth | status | logs | acks",
        "subscribes": names.command_filter(one.serial_number),
    }
    return "\n".join(f"{label:<11} {value}" for label, value in rows.items())


def as_json(one: Credentials) -> str:
    """One object on one line."""
    return json.dumps(
        {
            "host": one.host,
            "port": one.port,
            "client_id": one.serial_number,
            "username": one.serial_number,
            "password": one.password,
            "topics": one.topics(),
        }
    )


def as_env(one: Credentials) -> str:
    """Assignments for a shell, which other programs read, too."""
    values = {
        "SENSOR_SERIAL_NUMBER": one.serial_number,
        "SENSOR_MQTT_HOST": one.host,
        "SENSOR_MQTT_PORT": str(one.port),
        "SENSOR_MQTT_PASSWORD": one.password,
    }
    return "\n".join(f"{name}={shlex.quote(value)}" for name, value in values.items())


def as_header(one: Credentials) -> str:
    """A C header, for credentials that are compiled in."""
    return "\n".join(
        (
            "#pragma once",
            f"#define SENSOR_SERIAL_NUMBER {_c_string(one.serial_number)}",
            f"#define SENSOR_MQTT_HOST {_c_string(one.host)}",
            f"#define SENSOR_MQTT_PORT {one.port}",
            f"#define SENSOR_MQTT_PASSWORD {_c_string(one.password)}",
        )
    )


def as_console(one: Credentials) -> str:
    """Lines for the firmware's serial console."""
    return "\n".join(
        (
            f"set serial_number {one.serial_number}",
            f"set mqtt.host {one.host}",
            f"set mqtt.port {one.port}",
            f"set mqtt.password {one.password}",
            "save",
        )
    )


FORMATS: dict[str, Callable[[Credentials], str]] = {
    "text": as_text,
    "json": as_json,
    "env": as_env,
    "header": as_header,
    "console": as_console,
}


def _c_string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
