"""A machine with a rolling bearing whose state is known: impulses with slip, a resonance, load zone, tones, noise.

After P. D. McFadden, J. D. Smith, Model for the vibration produced by a single point defect in a rolling element
bearing, Journal of Sound and Vibration 96 (1984), with slip that adds up as in J. Antoni, R. B. Randall, Differential
diagnosis of gear and bearing faults, Journal of Vibration and Acoustics 124 (2002).
"""

import numpy as np
import numpy.typing as npt

from vibration.bearing import Frequencies
from vibration.evidence import Element
from vibration.signal import Waveform

Values = npt.NDArray[np.float64]
SKF_6205 = Frequencies(bpfi=5.4152, bpfo=3.5848, bsf=2.3567, ftf=0.39828)
SHAFT_HZ = 29.95
RATE_HZ = 12_000.0


def ring(
    times_s: Values, strengths: Values, count: int, resonance_hz: float, decay_s: float = 0.0015
) -> Values:
    """A resonance that is struck at these times."""
    made = np.zeros(count)
    length = int(6 * decay_s * RATE_HZ)
    for time, strength in zip(times_s, strengths, strict=True):
        first = int(np.ceil(time * RATE_HZ))
        since = np.arange(first, min(count, first + length)) / RATE_HZ - time
        made[first : first + length] += (
            strength * np.exp(-since / decay_s) * np.sin(2 * np.pi * resonance_hz * since)
        )
    return made


def tones(count: int, shaft_hz: float, random: np.random.Generator) -> Values:
    """Unbalance, misalignment, a gear that the shaft modulates, and the mains."""
    time = np.arange(count) / RATE_HZ
    phase = random.uniform(0, 2 * np.pi, 3)
    made = sum(
        amplitude * np.sin(2 * np.pi * n * shaft_hz * time + phase[n - 1])
        for n, amplitude in ((1, 1.0), (2, 0.4), (3, 0.2))
    )
    mesh_hz = int(random.integers(19, 38)) * shaft_hz
    gear = 0.7 * (1 + 0.3 * np.cos(2 * np.pi * shaft_hz * time)) * np.sin(2 * np.pi * mesh_hz * time)
    return np.asarray(made + gear + 0.3 * np.sin(2 * np.pi * 120 * time))


def strikes(
    element: Element, count: int, shaft_hz: float, slip: float, random: np.random.Generator
) -> Values:
    """What a fault of the element adds; at its geometry's frequency to 1 %, and with random slip."""
    bearing = SKF_6205.at(shaft_hz * 60)
    rate_hz = {
        Element.INNER_RACE: bearing.bpfi,
        Element.OUTER_RACE: bearing.bpfo,
        Element.ROLLING_ELEMENT: 2 * bearing.bsf,
        Element.CAGE: bearing.ftf,
    }[element] * (1 + random.uniform(-0.01, 0.01))
    duration_s = count / RATE_HZ
    gaps = (1 + slip * random.standard_normal(int(1.2 * duration_s * rate_hz) + 10)) / rate_hz
    times = np.cumsum(gaps)
    times = times[times < duration_s]
    strengths = 1 + 0.1 * random.standard_normal(len(times))
    if element is Element.INNER_RACE:  # turns through the load zone with the shaft
        strengths *= np.maximum(0.0, 0.4 + 0.6 * np.cos(2 * np.pi * shaft_hz * times))
    elif element is Element.ROLLING_ELEMENT:  # with the cage; the other race is struck less
        strengths *= np.maximum(0.0, 0.4 + 0.6 * np.cos(2 * np.pi * bearing.ftf * times))
        strengths[::2] *= random.uniform(0.3, 1.0)
    elif element is Element.OUTER_RACE:
        strengths *= 1 + 0.1 * np.cos(2 * np.pi * shaft_hz * times)
    return ring(times, strengths, count, random.uniform(2_000, 5_000))


def machine(
    element: Element | None,
    snr_db: float,
    seed: int,
    *,
    count: int = 48_000,
    shaft_hz: float = SHAFT_HZ,
    slip: float = 0.01,
) -> Waveform:
    """A machine with one fault, or none; snr_db: the power of the impulses over that of the white noise, whole band."""
    random = np.random.default_rng(seed)
    samples = random.standard_normal(count) + tones(count, shaft_hz, random)
    if element is not None:
        fault = strikes(element, count, shaft_hz, slip, random)
        samples += fault * np.sqrt(10 ** (snr_db / 10) / np.mean(fault**2))
    return Waveform(samples, RATE_HZ, "g")
