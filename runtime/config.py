"""Settings that several services share; each service composes its own from these.

Every variable has the prefix STREAMING_. A secret may come from a file instead of the environment:
with STREAMING_SECRETS_DIR=/run/secrets the file streaming_rabbitmq_password holds that password.
"""

import difflib
import os
import sys
from collections.abc import Mapping
from typing import Any, Literal, NoReturn, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "STREAMING_"
# How alike a name must be to be taken for a misspelt one: less, and names that other services own would be.
_ALIKE = 0.92


class Settings(BaseSettings):
    """Base of all settings: logging and health, which every service has."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least level logged."
    )
    log_format: Literal["auto", "json", "pretty"] = Field(
        "auto", description="auto is pretty on a terminal and JSON otherwise."
    )
    health_host: str = Field("127.0.0.1", description="Where /metrics, /healthz and /readyz listen.")
    health_port: int = Field(
        0, ge=0, le=65535, description="Their port; 0 takes a free one, which the log names."
    )
    drain_timeout_s: float = Field(
        10.0, gt=0, description="How long a stop may take to finish what was begun, in seconds."
    )


class MqttSettings(Settings):
    """How to reach the MQTT broker."""

    mqtt_host: str = Field("127.0.0.1", description="Host of the MQTT broker.")
    mqtt_port: int = Field(1883, ge=1, le=65535, description="Its port.")
    mqtt_username: str = Field(
        "bridge-0", description="User name, which is also the client id: one each replica."
    )
    mqtt_password: SecretStr = Field(SecretStr(""), description="Password of that user.")


class RabbitmqSettings(Settings):
    """How to reach RabbitMQ, by both protocols."""

    rabbitmq_host: str = Field("127.0.0.1", description="Host of RabbitMQ.")
    rabbitmq_amqp_port: int = Field(5672, ge=1, le=65535, description="Port of AMQP 0-9-1.")
    rabbitmq_stream_port: int = Field(5552, ge=1, le=65535, description="Port of the stream protocol.")
    rabbitmq_virtual_host: str = Field("/", description="Virtual host.")
    rabbitmq_username: str = Field("guest", description="User name.")
    rabbitmq_password: SecretStr = Field(SecretStr("guest"), description="Password of that user.")


class DatabaseSettings(Settings):
    """How to reach TimescaleDB."""

    database_host: str = Field("127.0.0.1", description="Host of PostgreSQL with TimescaleDB.")
    database_port: int = Field(5432, ge=1, le=65535, description="Its port.")
    database_name: str = Field("sensor_streaming", description="Database.")
    database_username: str = Field("streaming_ingest", description="Role that logs in.")
    database_password: SecretStr = Field(SecretStr(""), description="Password of that role.")

    def conninfo(self) -> dict[str, str | int]:
        """Keyword arguments for psycopg.connect."""
        return {
            "host": self.database_host,
            "port": self.database_port,
            "dbname": self.database_name,
            "user": self.database_username,
            "password": self.database_password.get_secret_value(),
        }


S = TypeVar("S", bound=BaseSettings)


def load(settings: type[S], given: Mapping[str, Any] | None = None) -> S:
    """Settings from the environment (and `given`, where the class takes it); a wrong one ends the process with a
    sentence for each, exit code 2. Of a variable that looks like a misspelt one it says so, and goes on.
    """
    for name, meant in misspelt(settings, os.environ).items():
        print(f"{name} is not read: is {meant} meant?", file=sys.stderr)  # noqa: T201  # before logging
    secrets_dir = os.environ.get(f"{PREFIX}SECRETS_DIR") or None
    if secrets_dir is not None and not os.path.isdir(secrets_dir):
        print(f"{PREFIX}SECRETS_DIR: {secrets_dir} is no folder", file=sys.stderr)  # noqa: T201  # before logging
        raise SystemExit(2)
    try:
        return settings(_secrets_dir=secrets_dir, **(given or {}))
    except ValidationError as error:
        _refuse(error)


def misspelt(settings: type[BaseSettings], environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that these settings do not have, and the one of theirs that each looks like.

    What looks like none may be another service's: one environment may serve several.
    """
    own = [f"{PREFIX}{name.upper()}" for name in settings.model_fields] + [f"{PREFIX}SECRETS_DIR"]
    found: dict[str, str] = {}
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in own:
            alike = difflib.get_close_matches(name.upper(), own, n=1, cutoff=_ALIKE)
            if alike:
                found[name] = alike[0]
    return found


def _refuse(error: ValidationError) -> NoReturn:
    for problem in error.errors():
        field = ".".join(str(part) for part in problem["loc"]) or "settings"
        secret = any(word in field for word in ("password", "secret", "token"))
        given = "" if secret else f" (given: {problem['input']!r})"
        print(f"{PREFIX}{field.upper()}: {problem['msg']}{given}", file=sys.stderr)  # noqa: T201  # before logging
    raise SystemExit(2)
