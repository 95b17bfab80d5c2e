"""Binary messages of the live page, little endian. Pure.

Header, 32 bytes: u8 kind · u8 channel · u16 flags · u32 count · f64 start · f64 step · u32 watch · u32 reserved (0).
Payload: float32.

kind 1, waveform, where flags have not POINTS: count × (minimum, maximum) of bins that follow each other; start: Unix time
    in s at which the first bin begins, step: their width in s; NaN where a bin holds no sample.
kind 1 with POINTS: count × (time in s after start, value) of single samples; NaN as a value where samples are missing.
kind 2, spectrum: count × amplitude; start: frequency of the first line in Hz, step: Hz from line to line.

A frame says of its bins and samples what is now known, also of earlier ones: what it does not speak of stays as it is,
unless flags have EVERYTHING: then that is all there is. watch: the number of the watch that asked for it.
"""

import struct
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from web.decimation import Bins, Values

WAVEFORM: Final = 1
SPECTRUM: Final = 2
EVERYTHING: Final = 1
POINTS: Final = 2
HEADER: Final = struct.Struct("<BBHIddII")

_COMMON: Final = struct.Struct("<BBHIdd")
_WATCH: Final = struct.Struct("<II")
_FLOAT: Final = np.dtype("<f4")
_MOST_EMPTY: Final = 64  # bins without a sample that are said as such; beyond, another frame begins
_GAP: Final = 1.5  # periods from one sample to the next: then some are missing


class Frame:
    """A message for any number of viewers; encoded once for each number of a watch."""

    def __init__(
        self, kind: int, channel: int, flags: int, start: float, step: float, count: int, payload: bytes
    ) -> None:
        self._common = _COMMON.pack(kind, channel, flags, count, start, step)
        self._payload = payload
        self._encoded: dict[int, bytes] = {}

    def numbered(self, watch: int) -> bytes:
        """The message for a viewer whose watch has this number."""
        encoded = self._encoded.get(watch)
        if encoded is None:
            encoded = self._common + _WATCH.pack(watch & 0xFFFFFFFF, 0) + self._payload
            self._encoded[watch] = encoded
        return encoded


def waveform(
    channel: int, bins: Bins, step_ns: int, before: Bins | None = None, *, everything: bool = False
) -> list[Frame]:
    """Frames of these bins and samples; `before`: the one that precedes them, or none.

    everything: the first one says that nothing else is known; there is one also where there are no bins.
    """
    frames: list[Frame] = []
    flags = EVERYTHING if everything else 0
    cuts = _cuts(bins, step_ns)
    for first, end in zip([0, *cuts], [*cuts, len(bins)], strict=True):
        part = bins.part(first, end)
        if not len(part):
            continue
        if part.periods_ns[0]:
            previous = bins.part(first - 1, first) if first else before
            frames.append(_points(channel, flags, part, step_ns, previous))
        else:
            frames.append(_dense(channel, flags, part, step_ns))
        flags = 0
    if everything and not frames:
        frames.append(Frame(WAVEFORM, channel, flags, 0.0, step_ns / 1e9, 0, b""))
    return frames


def spectrum(channel: int, start_hz: float, step_hz: float, amplitudes: Values) -> Frame:
    """A spectrum's lines, shape (n,)."""
    return Frame(
        SPECTRUM,
        channel,
        0,
        start_hz,
        step_hz,
        len(amplitudes),
        amplitudes.astype(_FLOAT, copy=False).tobytes(),
    )


def _cuts(bins: Bins, step_ns: int) -> Sequence[int]:
    """Where bins become samples, or samples bins, or too many bins are empty."""
    if len(bins) < 2:
        return ()
    single = bins.periods_ns > 0
    apart = np.diff(bins.times_ns) > (_MOST_EMPTY + 1) * step_ns
    cut = (single[1:] != single[:-1]) | (apart & ~single[1:])
    return () if not cut.any() else [int(at) + 1 for at in np.flatnonzero(cut)]


def _dense(channel: int, flags: int, bins: Bins, step_ns: int) -> Frame:
    first_ns = int(bins.times_ns[0])
    at = (bins.times_ns - first_ns) // step_ns
    count = int(at[-1]) + 1
    payload = np.full((count, 2), np.nan, _FLOAT) if count > len(bins) else np.empty((count, 2), _FLOAT)
    payload[at, 0] = bins.minimum
    payload[at, 1] = bins.maximum
    return Frame(WAVEFORM, channel, flags, first_ns / 1e9, step_ns / 1e9, count, payload.tobytes())


def _points(channel: int, flags: int, bins: Bins, step_ns: int, before: Bins | None) -> Frame:
    first_ns = int(bins.times_ns[0])
    payload = np.empty((len(bins), 2), _FLOAT)
    payload[:, 0] = (bins.times_ns - first_ns) / 1e9
    payload[:, 1] = bins.minimum
    missing = _missing_before(bins)
    if before is not None and len(before) and before.periods_ns[0]:
        late_ns = first_ns - int(before.times_ns[0])
        missing[0] = late_ns > _GAP * max(int(before.periods_ns[0]), int(bins.periods_ns[0]))
    if missing.any():
        gaps = np.flatnonzero(missing)
        # halfway back to where a sample was due: between the two in any case
        times_s = payload[gaps, 0] - bins.periods_ns[gaps] / 2e9
        empty = np.column_stack([times_s, np.full(len(gaps), np.nan)])
        payload = np.insert(payload, gaps, empty.astype(_FLOAT), axis=0)
    return Frame(
        WAVEFORM, channel, flags | POINTS, first_ns / 1e9, step_ns / 1e9, len(payload), payload.tobytes()
    )


def _missing_before(bins: Bins) -> npt.NDArray[np.bool_]:
    """Of which samples the one before is missing."""
    missing = np.zeros(len(bins), bool)
    longer = np.maximum(bins.periods_ns[1:], bins.periods_ns[:-1])
    missing[1:] = np.diff(bins.times_ns) > _GAP * longer
    return missing
