"""One channel's batches as windows for the rules that want such windows, and what the windows' features come to. Pure."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from alarms.baseline import operating_state
from alarms.evaluation import Evaluation
from alarms.events import Event
from alarms.evidence import of_samples
from alarms.fleet import OfFeature
from alarms.rules import Deviation, Level, OperatingStates, Zone
from alarms.windows import Piece, Result, WindowKey
from vibration.signal import SignalError
from vibration.units import Quantity, UnitError, factor
from vibration.windows import Accumulator
from vibration.zones import Machine, assess
from wire.codec import Samples


class WindowFeed:
    """Holds less than a window and a batch."""

    def __init__(
        self, key: WindowKey, unit: str, machine: Machine, before: "WindowFeed | None" = None
    ) -> None:
        self.key = key
        self._unit = unit
        self._machine = machine
        self._windows: Accumulator = (
            before._windows if before is not None else Accumulator(key.length_s, key.hop_s)
        )
        self._evaluations: list[Evaluation] = []
        self._features: frozenset[str] = frozenset()

    @property
    def held(self) -> int:
        """Samples that wait."""
        return self._windows.held

    def judge(self, evaluation: Evaluation) -> None:
        """This one, too."""
        self._evaluations.append(evaluation)
        self._features |= _wanted(evaluation)

    def add(self, start_ns: int, sample_frequency_hz: float, samples: Samples) -> Piece | None:
        """A batch; the windows that it makes whole."""
        try:
            windows = self._windows.add(start_ns, sample_frequency_hz, samples)
        except SignalError as error:
            for evaluation in self._evaluations:
                evaluation.say(str(error))
            return None
        if windows is None:
            return None
        length_ns = round(windows.samples.shape[1] * 1e9 / sample_frequency_hz)
        return Piece(
            self.key,
            windows.start_times_ns + length_ns,
            sample_frequency_hz,
            np.asarray(windows.samples, np.float32),
            self._unit,
            self._machine.speed_rpm,
            self._features,
        )

    def judge_windows(self, result: Result) -> list[Event]:
        """What was found of a piece that `add` gave, in its order."""
        events: list[Event] = []
        for evaluation in self._evaluations:
            rule = evaluation.task.rule.rule
            for row in range(len(result.piece.end_times_ns)):
                if isinstance(rule, Zone):
                    events += self._judge_zone(evaluation, rule, result, row)
                elif isinstance(rule, OfFeature):
                    events += self._judge_feature(evaluation, rule, result, row)
        return events

    def _judge_feature(
        self, evaluation: Evaluation, rule: OfFeature, result: Result, row: int
    ) -> list[Event]:
        reason = result.reasons.get(rule.feature)
        if reason is not None or rule.feature not in result.values:
            evaluation.say(reason or "")
            return []
        state = 0
        if isinstance(rule, Deviation) and rule.operating_states is not None:
            try:
                state = _state(rule.operating_states, self._unit, result, row)
            except UnitError as error:
                evaluation.say(str(error))
                return []
        return evaluation.observe(
            int(result.piece.end_times_ns[row]),
            float(result.values[rule.feature][row]) * evaluation.task.scale,
            duration_ns=round(self.key.hop_s * 1e9),
            operating_state=state,
            evidence=self._evidence(evaluation, result, row),
        )

    def _judge_zone(self, evaluation: Evaluation, rule: Zone, result: Result, row: int) -> list[Event]:
        if result.velocity is None:
            evaluation.say(result.reasons.get("velocity_rms", ""))
            return []
        velocity = Quantity(np.asarray(result.values["velocity_rms"][row]), result.velocity.rms.unit)
        verdict = assess(result.velocity._replace(rms=velocity), self._machine)
        if verdict.limits is None or verdict.velocity_rms is None:
            evaluation.say(verdict.reason)
            return []
        levels: dict[str, Level] = {}
        for name, wanted, limit in (("C", rule.c, verdict.limits.b_c), ("D", rule.d, verdict.limits.c_d)):
            if wanted is not None:
                # a value on a boundary is in the better zone
                beyond = float(np.nextafter(limit, np.inf))
                levels[name] = Level(limit=beyond, deadband=wanted.deadband * limit, severity=wanted.severity)
        evaluation.limits(levels)
        evaluation.say("")
        found = self._evidence(evaluation, result, row)
        zone = {"zone": str(verdict.zone), "reason": verdict.reason, "source": verdict.source}
        return evaluation.observe(
            int(result.piece.end_times_ns[row]),
            float(verdict.velocity_rms),
            evidence=lambda: {**found(), **zone},
        )

    def _evidence(self, evaluation: Evaluation, result: Result, row: int) -> "partial[Mapping[str, Any]]":
        piece = result.piece
        end_ns = int(piece.end_times_ns[row])
        start_ns = end_ns - round(piece.samples.shape[1] * 1e9 / piece.sample_frequency_hz)
        return partial(
            of_samples,
            evaluation.task.source,
            start_ns,
            end_ns,
            piece.samples[row],
            piece.sample_frequency_hz,
            self._unit,
        )


def _wanted(evaluation: Evaluation) -> frozenset[str]:
    rule = evaluation.task.rule.rule
    if isinstance(rule, Zone):
        return frozenset({"velocity_rms"})
    assert isinstance(rule, OfFeature), "no other has windows"
    wanted: set[str] = {rule.feature}
    if isinstance(rule, Deviation) and rule.operating_states is not None:
        wanted.add(rule.operating_states.feature)
    return frozenset(wanted)


def _state(states: OperatingStates, unit: str, result: Result, row: int) -> int:
    """UnitError where its bounds are in a unit that the channel does not measure in."""
    scale = 1.0 if states.unit == unit else factor(unit, states.unit)
    values = result.values.get(states.feature)
    if values is None:
        raise UnitError(result.reasons.get(states.feature, ""))
    return operating_state(float(values[row]) * scale, states.bounds)
