"""One sensor's measurements as they pass through RabbitMQ, kept until somebody takes them.

What is not taken in time is dropped, oldest first, and counted.
"""

import asyncio
from collections import deque
from typing import Final

from ctl.errors import FORBIDDEN, CtlError
from runtime.config import RabbitmqSettings
from runtime.live import LiveStream, Received, StreamRefusedError

CAPACITY: Final = 1024  # batches that wait to be taken


class Live:
    """Follows one sensor at a time. `run` connects, and connects again; `take` gives what has come."""

    def __init__(self, settings: RabbitmqSettings, *, capacity: int = CAPACITY) -> None:
        self._stream = LiveStream(settings, self._on_batch, self._on_problem, connection_name="iotctl")
        self._waiting: deque[Received] = deque(maxlen=capacity)
        self._serial: str | None = None
        self.changed = asyncio.Event()  # there is something to take, or `problem` is another
        self.dropped = 0

    @property
    def problem(self) -> str | None:
        """Why nothing comes; None while RabbitMQ is connected."""
        return self._stream.problem

    @property
    def connections(self) -> int:
        """How often RabbitMQ was connected."""
        return self._stream.connections

    @property
    def unreadable(self) -> int:
        """Messages that could not be decoded."""
        return self._stream.unreadable

    def follow(self, serial_number: str | None) -> None:
        """From now on this one; what waits of another is dropped, uncounted."""
        if serial_number != self._serial:
            self._serial = serial_number
            self._waiting.clear()
            self._stream.follow(() if serial_number is None else (serial_number,))

    def take(self) -> list[Received]:
        """All that came since the last call, in order."""
        taken = list(self._waiting)
        self._waiting.clear()
        self.changed.clear()
        return taken

    async def run(self) -> None:
        """Until cancelled. CtlError where RabbitMQ does not allow this user to read."""
        try:
            await self._stream.run()
        except StreamRefusedError as error:
            raise CtlError(str(error), FORBIDDEN) from error

    def _on_batch(self, _serial_number: str, received: Received) -> None:
        self.dropped += len(self._waiting) == self._waiting.maxlen
        self._waiting.append(received)
        self.changed.set()

    def _on_problem(self) -> None:
        self.changed.set()
