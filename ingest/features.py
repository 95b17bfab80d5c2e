"""What is kept beside the samples of a batch. Pure."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from wire.codec import Samples

_BLOCK_SAMPLES: Final = 32_768


class Features(NamedTuple):
    """Of each batch of one channel; float64, shape (n,), in the channel's unit."""

    mean: npt.NDArray[np.float64]
    rms: npt.NDArray[np.float64]
    minimum: npt.NDArray[np.float64]
    maximum: npt.NDArray[np.float64]


def features(samples: Samples) -> Features:
    """Of finite samples of shape (n, sample_count). rms = sqrt(mean(x²)), the mean included.

    Sums are made in float64: a square of a large float32 would overflow, and small ones would be lost.
    """
    count, width = samples.shape
    made = Features(*(np.empty(count) for _ in Features._fields))
    # a few rows at a time, so that they stay in the processor's cache
    step = max(1, _BLOCK_SAMPLES // width)
    for first in range(0, count, step):
        rows = slice(first, first + step)
        wide = samples[rows].astype(np.float64)
        made.mean[rows] = wide.mean(axis=1)
        made.rms[rows] = np.sqrt(np.einsum("ij,ij->i", wide, wide) / width)
        made.minimum[rows] = wide.min(axis=1)
        made.maximum[rows] = wide.max(axis=1)
    return made
