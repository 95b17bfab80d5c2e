"""The binary messages of the live page, read as a page reads them."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from web.frames import EVERYTHING, HEADER, POINTS, WAVEFORM


class Decoded(NamedTuple):
    """One message; values: shape (count, 2) of a waveform, (count,) of a spectrum."""

    kind: int
    channel: int
    flags: int
    start: float
    step: float
    watch: int
    values: npt.NDArray[np.float32]


def decode(message: bytes) -> Decoded:
    kind, channel, flags, count, start, step, watch, reserved = HEADER.unpack_from(message)
    values = np.frombuffer(message, "<f4", offset=HEADER.size)
    assert reserved == 0
    assert len(values) == count * (2 if kind == WAVEFORM else 1)
    return Decoded(
        kind, channel, flags, start, step, watch, values.reshape(count, 2) if kind == WAVEFORM else values
    )


class Picture:
    """One channel as a page knows it: bins by their number, and samples by their time in µs."""

    def __init__(self) -> None:
        self.bins: dict[int, tuple[float, float]] = {}
        self.points: dict[int, float] = {}
        self.step = 0.0
        self.gaps = 0
        self.replaced = 0
        self.messages = 0

    def apply(self, message: Decoded) -> None:
        assert message.kind == WAVEFORM
        self.messages += 1
        if message.flags & EVERYTHING:
            self.bins.clear()
            self.points.clear()
            self.replaced += 1
        if not len(message.values):
            return
        self.step = message.step
        if message.flags & POINTS:
            for after, value in message.values.tolist():
                if math.isnan(value):
                    self.gaps += 1
                else:
                    self.points[round((message.start + after) * 1e6)] = value
            return
        first = round(message.start / message.step)
        assert abs(message.start / message.step - first) < 0.1, "on the grid"
        for k, (low, high) in enumerate(message.values.tolist(), first):
            if math.isnan(low):
                assert math.isnan(high)
                self.bins.pop(k, None)
            else:
                self.bins[k] = (low, high)

    @property
    def last_s(self) -> float:
        """Unix time of the newest that is known; 0 where nothing is."""
        ends = [max(self.points, default=0) / 1e6]
        if self.bins:
            ends.append(max(self.bins) * self.step)
        return max(ends)
