"""What sensors measure, for all who look on."""

from web.live_config import LiveSettings


class LiveHub:
    """One for the process: it reads RabbitMQ once, however many look on.

    problem: why nothing comes, None while RabbitMQ is connected.
    """

    def __init__(self, settings: LiveSettings) -> None:
        self._settings = settings
        self.problem: str | None = "connecting to RabbitMQ"

    async def run(self) -> None:
        """Until cancelled."""
