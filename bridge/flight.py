"""What was received and is not acknowledged yet: bounded by bytes here, by messages at the broker.

The broker sends no more than the connection's receive maximum; here the socket is paused while the
bytes exceed their bound.
"""

import asyncio
from collections.abc import Iterable

from bridge import metrics
from runtime.mqtt import Connection


class Receipt:
    """The right to acknowledge one message, on the connection it came by."""

    __slots__ = ("connection", "packet_id", "size")

    def __init__(self, connection: Connection, packet_id: int | None, size: int) -> None:
        self.connection = connection
        self.packet_id = packet_id
        self.size = size


class Flight:
    """Counts what is under way in one session, pauses its connection at the bound, resumes it at half of it."""

    def __init__(self, maximum_bytes: int, session: str = "streams") -> None:
        self._maximum_bytes = maximum_bytes
        self._paused: Connection | None = None
        self.messages = 0
        self.bytes = 0
        self.empty = asyncio.Event()
        self.empty.set()
        self._acknowledged = metrics.ACKNOWLEDGED.labels(session)
        self._pauses = metrics.PAUSES.labels(session)
        self._shown_messages = metrics.IN_FLIGHT_MESSAGES.labels(session)
        self._shown_bytes = metrics.IN_FLIGHT_BYTES.labels(session)

    def took_off(self, connection: Connection, messages: int, size: int) -> None:
        """So many messages, together of `size` bytes, were received in one read."""
        self.messages += messages
        self.bytes += size
        self.empty.clear()
        if self.bytes > self._maximum_bytes and self._paused is not connection:
            self._paused = connection
            connection.pause_reading()
            self._pauses.inc()
        self._show()

    def landed(self, receipts: Iterable[Receipt]) -> None:
        """The next stage holds these: acknowledge them, in one write for each connection."""
        self._acknowledged.inc(self._land(receipts))

    def left(self, receipts: Iterable[Receipt]) -> None:
        """Another session has these: acknowledge them, too."""
        self._land(receipts)

    def _land(self, receipts: Iterable[Receipt]) -> int:
        acknowledged = 0
        by_connection: dict[Connection, list[int]] = {}
        for receipt in receipts:
            self.messages -= 1
            self.bytes -= receipt.size
            if receipt.packet_id is not None:
                by_connection.setdefault(receipt.connection, []).append(receipt.packet_id)
        for connection, packet_ids in by_connection.items():
            if not connection.closed.done():  # else the broker delivers them anew
                connection.acknowledge(packet_ids)
                acknowledged += len(packet_ids)
        if not self.messages:
            self.empty.set()
        if self._paused is not None and self.bytes <= self._maximum_bytes // 2:
            self._paused.resume_reading()
            self._paused = None
        self._show()
        return acknowledged

    def _show(self) -> None:
        self._shown_messages.set(self.messages)
        self._shown_bytes.set(self.bytes)
