"""Settings of the live part of the page."""

from pydantic import Field

from runtime.config import RabbitmqSettings


class LiveSettings(RabbitmqSettings):
    """How many may look on at once."""

    web_viewers: int = Field(
        200, ge=1, le=10_000, description="Live connections at once; further ones are told to come again."
    )
    web_viewers_per_user: int = Field(
        20, ge=1, le=10_000, description="Live connections that one user may have at once."
    )
