"""What is kept beside the samples of a batch. Pure."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wire.codec import Samples


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
    wide = samples.astype(np.float64)
    count = samples.shape[1]
    return Features(
        wide.mean(axis=1),
        np.sqrt(np.einsum("ij,ij->i", wide, wide) / count),
        wide.min(axis=1),
        wide.max(axis=1),
    )
