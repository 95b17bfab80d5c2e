"""Settings of the ingesters."""

from pydantic import Field

from runtime import config


class IngestSettings(config.RabbitmqSettings, config.DatabaseSettings):
    """Everything `python -m ingest` reads."""

    ingest_flush_ms: float = Field(
        100.0, gt=0, le=10_000, description="Rows are written at least this often, in ms."
    )
    ingest_buffer_bytes: int = Field(
        4_000_000,
        ge=1_000_000,
        le=1_000_000_000,
        description="Bound of what was read and is not yet being written; half of it is written at once.",
    )
    ingest_credit: int = Field(
        2, ge=1, le=100, description="Chunks that RabbitMQ may send ahead, for each partition."
    )
