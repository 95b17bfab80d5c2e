"""What was read and not yet written, bounded."""

import asyncio
from typing import Generic, NamedTuple, TypeVar

from ingest import metrics
from wire.deliveries import Delivery, Reject

I = TypeVar("I")  # noqa: E741  # one item: whatever the sink decodes to

# What one decoded message takes in memory beside its bytes.
_ITEM_BYTES = 800


class Taken(NamedTuple, Generic[I]):
    """All that waited: `offsets` are those to go on from once it is written, by stream."""

    items: list[I]
    rejects: list[Reject]
    offsets: dict[str, int]
    time_ms: dict[str, int]


class Buffer(Generic[I]):
    """Decoded messages that wait, bounded by the memory they take (but at least one delivery is taken)."""

    def __init__(self, maximum_bytes: int) -> None:
        self._maximum_bytes = maximum_bytes
        self._changed = asyncio.Condition()
        self._waiting: Taken[I] = Taken([], [], {}, {})
        self.bytes = 0

    async def room(self) -> None:
        """Wait for it."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.bytes < self._maximum_bytes)

    async def put(self, delivery: Delivery, items: list[I], rejects: list[Reject]) -> None:
        """Add what one stream message holds. Whoever calls has waited for room."""
        async with self._changed:
            self._waiting.items.extend(items)
            self._waiting.rejects.extend(rejects)
            self._waiting.offsets[delivery.stream] = delivery.offset + 1
            self._waiting.time_ms[delivery.stream] = delivery.time_ms
            self.bytes += len(delivery.body) + _ITEM_BYTES * (len(items) + len(rejects))
            metrics.BUFFERED_BYTES.set(self.bytes)
            self._changed.notify_all()

    async def take(self, full_bytes: int, within_s: float) -> Taken[I]:
        """Wait for the first; then for `full_bytes`, at most `within_s`; all there is."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._waiting.offsets)
            try:
                async with asyncio.timeout(within_s):
                    await self._changed.wait_for(lambda: self.bytes >= full_bytes)
            except TimeoutError:
                pass
            taken, self._waiting = self._waiting, Taken([], [], {}, {})
            self.bytes = 0
            metrics.BUFFERED_BYTES.set(0)
            self._changed.notify_all()
            return taken
