"""Where the recordings are: $CWRU_DIR, or beside the checkout; else one is generated, and said so."""

import os
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emulator.signals import SKF_6205, FaultyBearing, Sine, Vibration
from wire.codec import Samples

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data" / "cwru"
SAMPLE_FREQUENCY_HZ = 12_000.0


class Recording(NamedTuple):
    """A file with one channel named DE, and its samples."""

    path: Path
    samples: Samples
    generated: bool


def inner_race(folder: Path) -> Recording:
    """120,000 samples of a bearing with a fault on its inner race, at 12 kHz."""
    for directory in (Path(os.environ.get("CWRU_DIR", "/nonexistent")), BESIDE):
        path = directory / "inner_race_007.npz"
        if path.exists():
            with np.load(path) as archive:
                return Recording(path, archive["DE"], generated=False)
    random = np.random.default_rng(1)
    healthy = Vibration([[Sine(0.1, 29.95)], [], []], noise=0.05, random=random)
    source = FaultyBearing(
        healthy,
        shaft_hz=29.95,
        bearing=SKF_6205,
        inner=True,
        amplitude=2.0,
        resonance_hz=3000.0,
        random=random,
        decay_s=0.002,
    )
    samples = source.samples(0.0, 120_000, SAMPLE_FREQUENCY_HZ)[0]
    path = folder / "generated.npz"
    np.savez(path, DE=samples)
    return Recording(path, samples, generated=True)


def say_if_generated(recording: Recording) -> None:
    """The result of the test then says less."""
    if recording.generated:
        warnings.warn("no recordings found: the test ran on a generated one", stacklevel=2)
