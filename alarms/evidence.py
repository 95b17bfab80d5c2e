"""What an alarm was judged by, as it is kept with it: where its samples are, and their spectrum. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alarms.events import Source
from vibration.signal import SignalError
from vibration.spectrum import LEAST_SAMPLES, amplitude_spectrum

MOST_LINES: Final = 256  # of a spectrum: neighbours are merged, the largest is kept


def of_samples(
    source: Source,
    start_ns: int,
    end_ns: int,
    samples: npt.NDArray[np.float32],
    sample_frequency_hz: float,
    unit: str,
) -> Mapping[str, Any]:
    """Of samples of shape (n,), taken from start_ns until before end_ns."""
    found: dict[str, Any] = {
        "samples": {
            "serial_number": source.serial_number,
            "channel": source.channel,
            "from": _time(start_ns),
            "to": _time(end_ns),
        },
        "sample_frequency_hz": sample_frequency_hz,
    }
    if len(samples) >= LEAST_SAMPLES:
        try:
            spectrum = amplitude_spectrum(samples, sample_frequency_hz)
        except SignalError:
            return found
        found["spectrum"] = {
            "unit": unit,
            **_thinned(spectrum.frequencies_hz, spectrum.amplitudes),
            "resolution_hz": round(spectrum.resolution_hz, 6),
        }
    return found


def _thinned(
    frequencies_hz: npt.NDArray[np.float64], amplitudes: npt.NDArray[np.float64]
) -> dict[str, list[float]]:
    """At most MOST_LINES, each the largest of those that it stands for, with that one's frequency."""
    width = -(-len(amplitudes) // MOST_LINES)
    whole = len(amplitudes) // width * width
    at = amplitudes[:whole].reshape(-1, width).argmax(axis=1) + np.arange(0, whole, width)
    return {
        "frequencies_hz": [float(f"{value:.6g}") for value in frequencies_hz[at]],
        "amplitudes": [float(f"{value:.4g}") for value in amplitudes[at]],
    }


def _time(time_ns: int) -> str:
    """ISO 8601 in UTC, to the microsecond."""
    seconds, rest = divmod(time_ns, 10**9)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000).isoformat()
