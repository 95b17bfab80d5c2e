"""Settings of `iotctl`: environment first, then the profile, then defaults."""

from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from runtime import config

SECRETS = ("rabbitmq_password", "database_password", "mqtt_password", "owner_password")


class CtlSettings(config.MqttSettings, config.RabbitmqSettings, config.DatabaseSettings):
    """Everything `iotctl` reads; `CtlSettings(**profile)` with what a profile says."""

    mqtt_username: str = Field(
        "control", description="User who may administer the MQTT broker (iotctl provision)."
    )
    rabbitmq_username: str = Field("operator", description="User name.")
    rabbitmq_metrics_url: str = Field(
        "", description="RabbitMQ's Prometheus endpoint, for iotctl doctor; empty: not asked."
    )
    database_username: str = Field("streaming_control", description="Role that logs in.")
    owner_password: SecretStr = Field(
        SecretStr(""), description="Password of the role streaming_owner, for iotctl db."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """A variable that is set overrides the profile."""
        return env_settings, file_secret_settings, init_settings

    def owner_conninfo(self) -> dict[str, str | int]:
        """As the owner of the schema, for psycopg.connect."""
        return {
            **self.conninfo(),
            "user": "streaming_owner",
            "password": self.owner_password.get_secret_value(),
        }


def load(profile: dict[str, Any]) -> CtlSettings:
    """The settings; a wrong one ends the process with a sentence for each, exit code 2."""
    return config.load(CtlSettings, profile)
