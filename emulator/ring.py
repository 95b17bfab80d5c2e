"""The ring buffer of batches: what is not acknowledged yet, and what Resend can bring back. Pure."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple


class Key(NamedTuple):
    """Names a batch."""

    session: int
    sequence: int


class Ring:
    """Payloads in order of making, bounded in bytes.

    A full ring forgets its oldest batch. Where that one was never acknowledged it is lost, and counted.
    """

    def __init__(self, maximum_bytes: int) -> None:
        self._maximum_bytes = maximum_bytes
        self._payloads: OrderedDict[Key, bytes] = OrderedDict()
        self._unacknowledged: OrderedDict[Key, None] = OrderedDict()
        self._bytes = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._payloads)

    def __contains__(self, key: Key) -> bool:
        return key in self._payloads

    def add(self, key: Key, payload: bytes) -> None:
        """Keep a new batch, making room for it; the newest is always kept."""
        self._payloads[key] = payload
        self._unacknowledged[key] = None
        self._bytes += len(payload)
        while self._bytes > self._maximum_bytes and len(self._payloads) > 1:
            oldest, forgotten = self._payloads.popitem(last=False)
            self._bytes -= len(forgotten)
            if oldest in self._unacknowledged:
                del self._unacknowledged[oldest]
                self.dropped += 1

    def get(self, key: Key) -> bytes | None:
        """The payload, or None where it was forgotten."""
        return self._payloads.get(key)

    def acknowledge(self, key: Key) -> bool:
        """Somebody else holds it now. False where that was known, or it was given up."""
        if key not in self._unacknowledged:
            return False
        del self._unacknowledged[key]
        return True

    @property
    def unacknowledged(self) -> int:
        """How many batches nobody else holds."""
        return len(self._unacknowledged)

    def oldest(self, session: int) -> int | None:
        """The first sequence of a session that can still be sent again."""
        return next((key.sequence for key in self._payloads if key.session == session), None)

    def between(self, session: int, first: int, last: int) -> Iterator[Key]:
        """What is still here of these sequences, both included, in order."""
        return (
            key for key in list(self._payloads) if key.session == session and first <= key.sequence <= last
        )
