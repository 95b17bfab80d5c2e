"""Settings of the alarms service."""

from pydantic import Field, SecretStr

from alarms.outbox_config import OutboxSettings
from runtime import config


class AlarmsSettings(OutboxSettings, config.RabbitmqSettings, config.DatabaseSettings):
    """Everything `python -m alarms` reads."""

    alarms_credit: int = Field(
        2, ge=1, le=100, description="Chunks that RabbitMQ may send ahead, for each partition."
    )
    alarms_buffer_bytes: int = Field(
        64_000_000,
        ge=1_000_000,
        le=4_000_000_000,
        description="Bound of samples that wait to be judged in windows; beyond, nothing is read.",
    )
    alarms_diagnoses: int = Field(
        1_000,
        ge=1,
        le=100_000,
        description="Bearing diagnoses that may wait; beyond, the oldest is left out.",
    )
    alarms_checkpoint_ms: float = Field(
        500.0, gt=0, le=60_000, description="How far it has judged is kept at least this often, in ms."
    )
    alarms_refresh_s: float = Field(
        2.0, ge=0.1, le=300, description="How often rules, sensors and targets are read from the database."
    )
    alarms_flood_limit: int = Field(
        30,
        ge=1,
        le=100_000,
        description="Alarms that people are told of within ten minutes; beyond, a summary is sent.",
    )
    alarms_machine_host: str = Field("127.0.0.1", description="Where machine controllers connect to (gRPC).")
    alarms_machine_port: int = Field(
        0, ge=0, le=65535, description="Their port; 0 takes a free one, which the log names."
    )
    alarms_machine_certificate: str = Field(
        "", description="File of the certificate (PEM) that machine controllers are shown; empty: no TLS."
    )
    alarms_machine_key: str = Field("", description="File of its private key (PEM).")
    alarms_machine_ca: str = Field(
        "", description="File of the authority (PEM) that has signed machine controllers' certificates."
    )
    alarms_machine_token: SecretStr = Field(
        SecretStr(""), description="Without TLS, for development: what controllers say to be let in."
    )
