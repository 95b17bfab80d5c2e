"""How far a reader of streams is behind, and whether that ends by itself: looked at until it is not, or for some seconds."""

import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from ctl.stream_reader import End

PATIENCE_S: Final = 5.0  # readers write several times a second
_LOOK_S: Final = 0.2


class Lag(NamedTuple):
    """Stream messages that were there and were not read, after `PATIENCE_S` in which it took so many a second."""

    behind: int
    per_s: float


def watch(ends: Mapping[str, End | None], next_offsets: Callable[[], Mapping[str, int]]) -> dict[str, Lag]:
    """Stream → lag, where there is some. next_offsets: asks how far the reader is."""
    began = time.monotonic()
    first = now = next_offsets()
    while (behind := _behind(ends, now)) and time.monotonic() - began < PATIENCE_S:
        time.sleep(_LOOK_S)
        now = next_offsets()
    return {
        stream: Lag(count, (now.get(stream, 0) - first.get(stream, 0)) / PATIENCE_S)
        for stream, count in behind.items()
    }


def _behind(ends: Mapping[str, End | None], offsets: Mapping[str, int]) -> dict[str, int]:
    """Stream → messages, only where there are some."""
    behind = {
        stream: end.offset + 1 - offsets.get(stream, 0) for stream, end in ends.items() if end is not None
    }
    return {stream: count for stream, count in behind.items() if count > 0}
