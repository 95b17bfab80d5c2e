"""Bearing diagnoses: one window of samples every so often, judged aside, as it takes milliseconds. Pure.

The windows of a fleet are spread over the hop by serial number, so that not all are due at once.
"""

from typing import Any, Final, NamedTuple

import mmh3
import numpy as np
import numpy.typing as npt

from alarms.evaluation import Evaluation
from alarms.evidence import of_samples
from alarms.rules import Bearing
from vibration.bearing import Frequencies
from vibration.diagnosis import Diagnosis, Verdict, diagnose
from vibration.signal import Samples, SignalError, Waveform
from vibration.units import UnitError
from vibration.windows import Accumulator

_LINES: Final = 24  # of an evidence's lines, at most


class Request(NamedTuple):
    """A window that is to be diagnosed for one evaluation."""

    evaluation: Evaluation
    waveform: Waveform
    speed_rpm: float
    bearing: Frequencies


class Answer(NamedTuple):
    """What came of it; a reason where that is nothing."""

    request: Request
    diagnosis: Diagnosis | None
    reason: str


class DiagnosisFeed:
    """Collects one channel's windows for one rule. Holds at most one window."""

    def __init__(self, evaluation: Evaluation, rule: Bearing, speed_rpm: float, bearing: Frequencies) -> None:
        self.evaluation = evaluation
        self._speed_rpm = speed_rpm
        self._bearing = bearing
        self._length_s = rule.window_s
        self._hop_ns = round(rule.hop_s * 1e9)
        source = evaluation.task.source
        self._phase_ns = (
            mmh3.hash(f"{source.serial_number}/{source.channel}", signed=False) * self._hop_ns >> 32
        )
        self._begin_ns: int | None = None
        self._collected: Accumulator | None = None

    def add(self, start_ns: int, sample_frequency_hz: float, samples: Samples) -> Request | None:
        """A batch; a request where it makes a window whole. SignalError, UnitError: there can be none."""
        if self._begin_ns is None:
            self._begin_ns = self._next(start_ns)
        if start_ns < self._begin_ns:
            return None
        if self._collected is None:
            self._collected = Accumulator(self._length_s, self._length_s)
        windows = self._collected.add(start_ns, sample_frequency_hz, samples)
        if windows is None:
            return None
        self._collected, self._begin_ns = None, self._next(start_ns)
        unit = self.evaluation.task.unit
        row: npt.NDArray[np.float32] = np.ascontiguousarray(windows.samples[0], np.float32)
        waveform = Waveform(row, sample_frequency_hz, unit, int(windows.start_times_ns[0]))
        return Request(self.evaluation, waveform, self._speed_rpm, self._bearing)

    def _next(self, time_ns: int) -> int:
        """When the first window after this time begins: a multiple of the hop and this source's share of it."""
        return ((time_ns - self._phase_ns) // self._hop_ns + 1) * self._hop_ns + self._phase_ns


def answer(request: Request) -> Answer:
    """The diagnosis; tens of milliseconds for long windows."""
    try:
        found = diagnose(request.waveform, request.speed_rpm, request.bearing)
    except (SignalError, UnitError) as error:
        return Answer(request, None, str(error))
    if found.verdict is Verdict.UNCERTAIN:
        return Answer(request, found, f"uncertain: {found.reason}")
    return Answer(request, found, "")


def evidence(given: Answer) -> dict[str, Any]:
    """What is kept with an alarm."""
    request, found = given.request, given.diagnosis
    assert found is not None, "an alarm comes of a diagnosis"
    waveform = request.waveform
    end_ns = waveform.start_time_ns + round(waveform.duration_s * 1e9)
    best = found.evidence[0]
    lines = [
        {"frequency_hz": round(line.frequency_hz, 3), "snr_db": round(line.snr_db, 1)}
        for line in (*best.harmonics, *best.sidebands)[:_LINES]
        if line.found
    ]
    return {
        **of_samples(
            request.evaluation.task.source,
            waveform.start_time_ns,
            end_ns,
            np.asarray(waveform.samples, np.float32),
            waveform.sample_frequency_hz,
            waveform.unit,
        ),
        "verdict": found.verdict.value,
        "score": round(found.score, 3),
        "scores": {element.value: round(score, 3) for element, score in found.scores.items()},
        "reason": found.reason,
        "lines": lines,
    }
