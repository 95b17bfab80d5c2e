"""A connection to RabbitMQ that comes back: connects, lets its user consume, waits for its end, tries again.

Nothing is kept from one connection to the next: what was unconfirmed failed, and what was unacknowledged comes again.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from runtime.amqp import AmqpConnection, connect
from runtime.amqp_errors import AmqpError
from runtime.backoff import Backoff
from runtime.config import RabbitmqSettings

log = structlog.get_logger()


class AmqpSession:
    """`run` keeps it connected until it is cancelled. The callbacks run on the event loop.

    on_connected: begins to consume; an AmqpError there is the end of that connection.
    on_disconnected: after the end of a connection, and after an attempt that failed.
    """

    def __init__(
        self,
        settings: RabbitmqSettings,
        connection_name: str,
        *,
        on_connected: Callable[[AmqpConnection], Awaitable[None]],
        on_disconnected: Callable[[AmqpError], None] = lambda _reason: None,
    ) -> None:
        self._settings = settings
        self._connection_name = connection_name
        self._on_connected = on_connected
        self._on_disconnected = on_disconnected
        self._backoff = Backoff(maximum_s=5.0)
        self.connection: AmqpConnection | None = None

    @property
    def connected(self) -> bool:
        """Whether `on_connected` has ended well, and the connection not at all."""
        return self.connection is not None and not self.connection.closed.done()

    async def run(self) -> None:
        """For ever. Wrong credentials are tried again, too: they may be put right in RabbitMQ."""
        while True:
            try:
                reason = await self._once()
            except AmqpError as error:
                reason = error
            self.connection = None
            self._on_disconnected(reason)
            wait = self._backoff.next()
            log.warning("rabbitmq_failed", error=str(reason), retry_in_s=round(wait, 2))
            await asyncio.sleep(wait)

    async def _once(self) -> AmqpError:
        connection = await connect(self._settings, self._connection_name)
        try:
            await self._on_connected(connection)
            self.connection = connection
            self._backoff.reset()
            await asyncio.wait([connection.closed])
            return connection.closed.result()
        finally:
            self.connection = None
            await connection.close()
