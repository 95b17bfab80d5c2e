"""Recordings as a source: the samples of a file, bit by bit."""

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from emulator.signals import Quantity, Samples
from runtime import recordings


def load(path: Path, channels: Sequence[str]) -> tuple[Samples, list[str]]:
    """Samples of shape (channels, n) as float32, and the channels' names.

    An .npz holds one array a channel; a .csv a column a channel, with a header line. `channels` picks some by
    name; all otherwise. click.ClickException where the file is not like that.
    """
    try:
        found = recordings.read(path, channels, (".npz", ".csv"))
    except recordings.RecordingError as error:
        raise click.ClickException(str(error)) from error
    return found.samples, found.names


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
