"""Recordings as a source: the samples of a file, bit by bit."""

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from emulator.signals import Quantity, Samples


def load(path: Path, channels: Sequence[str]) -> tuple[Samples, list[str]]:
    """Samples of shape (channels, n) as float32, and the channels' names.

    An .npz holds one array a channel; a .csv a column a channel, with a header line. `channels` picks some by
    name; all otherwise. click.ClickException where the file is not like that.
    """
    try:
        if path.suffix == ".npz":
            with np.load(path) as archive:
                arrays = {name: archive[name] for name in archive.files if archive[name].ndim == 1}
        elif path.suffix == ".csv":
            with path.open() as file:
                header = [name.strip() for name in file.readline().split(",")]
            table = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float32, ndmin=2)
            arrays = dict(zip(header, table.T, strict=True))
        else:
            raise click.ClickException(f"{path}: a recording is an .npz or a .csv")
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{path}: {error}") from error
    chosen = list(channels) or list(arrays)
    missing = [name for name in chosen if name not in arrays]
    if missing or not chosen:
        raise click.ClickException(
            f"{path} has the channels {', '.join(arrays) or '(none)'}, not {', '.join(missing)}"
        )
    lengths = {len(arrays[name]) for name in chosen}
    if len(lengths) != 1 or 0 in lengths:
        raise click.ClickException(
            f"{path}: channels of different lengths {sorted(lengths)}: choose with --channel"
        )
    samples = np.stack([np.asarray(arrays[name], dtype=np.float32) for name in chosen])
    if not np.isfinite(samples).all():
        raise click.ClickException(f"{path}: a sample is a NaN or an infinity")
    return samples, chosen


class Replay:
    """A recording from its beginning; ends with it, or begins again."""

    def __init__(self, recording: Samples, names: Sequence[str], unit: str, *, loop: bool) -> None:
        self._recording = recording
        self._loop = loop
        self._at = 0
        self.quantities: Sequence[Quantity] = [
            Quantity(name, "acceleration" if unit == "g" else "value", unit, float("-inf"), float("inf"))
            for name in names
        ]

    def samples(self, time_s: float, count: int, sample_frequency_hz: float) -> Samples:  # noqa: ARG002  # as recorded
        """The next samples; fewer than `count` at the end, and then none."""
        taken = self._recording[:, self._at : self._at + count]
        self._at += taken.shape[1]
        while self._loop and taken.shape[1] < count:
            self._at = min(count - taken.shape[1], self._recording.shape[1])
            taken = np.concatenate([taken, self._recording[:, : self._at]], axis=1)
        return taken
