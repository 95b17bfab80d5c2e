"""Settings of the ingesters."""

from pydantic import Field

from runtime import config


class IngestSettings(config.RabbitmqSettings, config.DatabaseSettings):
    """Everything `python -m ingest` reads."""

    ingest_flush_ms: float = Field(
        100.0, gt=0, le=10_000, description="Rows are written at least this often, in ms."
    )
    ingest_flush_bytes: int = Field(6_000_000, ge=100_000, le=100_000_000, description="… or so many bytes.")
    ingest_credit: int = Field(
        4, ge=1, le=100, description="Chunks that RabbitMQ may send ahead, for each partition."
    )
