"""Recordings in files: the samples, bit by bit, and what the file says of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Arrays = dict[str, npt.NDArray[Any]]
SUFFIXES = (".npz", ".csv", ".wav")


class RecordingError(ValueError):
    """A file that is no such recording, or has no such channel; the text says what to do."""


class Recording(NamedTuple):
    """Samples of shape (channels, n), the channels' names, and what the file itself says; None where it does not."""

    samples: Samples
    names: list[str]
    sample_frequency_hz: float | None = None
    unit: str | None = None
    start_time_ns: int | None = None


def read(path: Path, channels: Sequence[str] = (), suffixes: Sequence[str] = SUFFIXES) -> Recording:
    """The samples as float32 of all channels, or of these in this order.

    An .npz holds one array a channel (what `iotctl export` has written says unit, time and sample frequency, too); a
    .csv a column a channel, with a header line; a .wav, whose channels are 1, 2, 3…, says its sample frequency, and its
    integers are read as -1 to 1. RecordingError where the file is not like that.
    """
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        listed = ", ".join(f"an {one}" if one == ".npz" else f"a {one}" for one in suffixes[:-1])
        raise RecordingError(f"{path}: a recording is {listed} or a {suffixes[-1]}")
    try:
        arrays, facts, frequency = {".npz": _npz, ".csv": _csv, ".wav": _wav}[suffix](path)
    except (OSError, ValueError, EOFError) as error:
        raise RecordingError(f"{path}: {error}") from error
    chosen = list(channels) or list(arrays)
    missing = [name for name in chosen if name not in arrays]
    if missing or not chosen:
        raise RecordingError(
            f"{path} has the channels {', '.join(arrays) or '(none)'}, not {', '.join(missing)}"
        )
    lengths = {len(arrays[name]) for name in chosen}
    if len(lengths) != 1 or 0 in lengths:
        raise RecordingError(
            f"{path}: channels of different lengths {sorted(lengths)}: choose with --channel"
        )
    samples = np.stack([np.asarray(arrays[name], dtype=np.float32) for name in chosen])
    if not np.isfinite(samples).all():
        raise RecordingError(f"{path}: a sample is a NaN or an infinity")
    return Recording(samples, chosen, frequency, facts.get("unit") or None, facts.get("start_time_ns"))


def _npz(path: Path) -> tuple[Arrays, dict[str, Any], float | None]:
    facts: dict[str, Any] = {}
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files if archive[name].ndim == 1}
        if "metadata" in archive.files and archive["metadata"].ndim == 0:
            facts = json.loads(str(archive["metadata"]))
    if not facts:
        return arrays, {}, None
    times = [arrays.pop(name) for name in list(arrays) if name.endswith("_time_ns")]
    frequency = facts.get("sample_frequency_hz")
    start = min((int(one[0]) for one in times if len(one)), default=None)
    said = {"unit": facts.get("unit"), "start_time_ns": start}
    return arrays, said, None if frequency is None else float(frequency)


def _csv(path: Path) -> tuple[Arrays, dict[str, Any], float | None]:
    with path.open() as file:
        header = [name.strip() for name in file.readline().split(",")]
    table = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float32, ndmin=2)
    return dict(zip(header, table.T, strict=True)), {}, None


def _wav(path: Path) -> tuple[Arrays, dict[str, Any], float | None]:
    from scipy.io import wavfile  # only here: the rest of a service needs no scipy

    rate, data = wavfile.read(path)
    if np.issubdtype(data.dtype, np.integer):
        kind = np.iinfo(data.dtype)
        middle = (kind.max + 1) / 2 if kind.min == 0 else 0.0
        data = (data - middle) / (kind.max + 1 - middle)
    columns = data.reshape(len(data), -1).T
    return {str(number): column for number, column in enumerate(columns, 1)}, {}, float(rate)
