"""Features of windows, of many sensors at once. Pure; called in a thread of its own.

Windows that have the same length, sample frequency and unit are rows of one array, so that a thousand sensors cost a few
calls of NumPy and SciPy.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vibration.features import statistics
from vibration.signal import SignalError
from vibration.units import UnitError, Values
from vibration.velocity import Velocity, lower_edge_hz, velocity_rms

OF_SAMPLES = ("maximum", "minimum", "mean", "rms")  # whatever the unit
OF_MOTION = ("peak", "peak_to_peak", "crest_factor", "kurtosis")


class WindowKey(NamedTuple):
    """One channel's windows of one length and hop."""

    serial_number: str
    channel: int
    length_s: float
    hop_s: float


class Piece(NamedTuple):
    """Windows of one key that have become whole."""

    key: WindowKey
    end_times_ns: npt.NDArray[np.int64]  # of the last sample's period; shape (k,)
    sample_frequency_hz: float
    samples: npt.NDArray[np.float32]  # shape (k, n)
    unit: str
    speed_rpm: float | None
    features: frozenset[str]


class Result(NamedTuple):
    """What is known of them: a feature has either values, shape (k,), or a reason why it has none."""

    piece: Piece
    values: Mapping[str, Values]
    reasons: Mapping[str, str]
    velocity: Velocity | None  # of all rows


_Found = tuple[dict[str, Values], dict[str, str], Velocity | None]


def compute(pieces: Sequence[Piece]) -> list[Result]:
    """In the order of the pieces."""
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for index, piece in enumerate(pieces):
        alike = (
            piece.samples.shape[1],
            piece.sample_frequency_hz,
            piece.unit,
            lower_edge_hz(piece.speed_rpm),
            piece.features,
        )
        groups[alike].append(index)
    results: dict[int, Result] = {}
    for members in groups.values():
        first = pieces[members[0]]
        rows = np.concatenate([pieces[index].samples for index in members])
        values, reasons, velocity = _of_rows(rows, first)
        begin = 0
        for index in members:
            end = begin + len(pieces[index].samples)
            part = {name: array[begin:end] for name, array in values.items()}
            results[index] = Result(pieces[index], part, reasons, velocity)
            begin = end
    return [results[index] for index in range(len(pieces))]


def of_batch(samples: npt.NDArray[np.float32], features: Collection[str]) -> dict[str, float]:
    """The same of one batch, shape (n,), at once: only features of any unit. RMS is about the mean."""
    return {name: float(_PLAIN[name](samples)) for name in features}


def _of_rows(rows: npt.NDArray[np.float32], like: Piece) -> _Found:
    values: dict[str, Values] = {}
    reasons: dict[str, str] = {}
    velocity: Velocity | None = None
    wide = rows.astype(np.float64)
    for name in OF_SAMPLES:
        if name in like.features:
            values[name] = _ROWS[name](wide)
    motion = [name for name in OF_MOTION if name in like.features]
    if motion:
        try:
            found = statistics(rows, like.unit)
        except (UnitError, SignalError) as error:
            reasons |= dict.fromkeys(motion, str(error))
        else:
            values |= {name: getattr(found, name).value for name in motion}
    if "velocity_rms" in like.features:
        try:
            velocity = velocity_rms(rows, like.sample_frequency_hz, like.unit, like.speed_rpm)
        except (UnitError, SignalError) as error:
            reasons["velocity_rms"] = str(error)
        else:
            values["velocity_rms"] = velocity.rms.value
    return values, reasons, velocity


_ROWS: Mapping[str, Callable[[Values], Values]] = {
    "maximum": lambda rows: rows.max(axis=1),
    "minimum": lambda rows: rows.min(axis=1),
    "mean": lambda rows: rows.mean(axis=1),
    "rms": lambda rows: rows.std(axis=1),
}
_PLAIN: Mapping[str, Callable[[npt.NDArray[np.float32]], Any]] = {
    "maximum": np.max,
    "minimum": np.min,
    "mean": lambda samples: samples.mean(dtype=np.float64),
    "rms": lambda samples: samples.std(dtype=np.float64),
}
