"""One sensor's batches, positions and silence against everything that it is judged by. Pure; time is given.

Batches are judged in the order in which they were made. What comes later than one that was judged already (resent after
an outage) is not judged: it is history by then.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Optional

import numpy as np

from alarms.diagnosing import DiagnosisFeed, Request
from alarms.evaluation import Evaluation
from alarms.events import Event
from alarms.evidence import of_samples
from alarms.fleet import Condition, OfFeature, Sensor
from alarms.geofence import distance_outside_m
from alarms.rules import Bearing, Deadman, Geofence, Loss, LowBattery, Zone
from alarms.window_feed import WindowFeed
from alarms.windows import Piece, WindowKey, of_batch
from vibration.signal import SignalError
from wire.codec import Batch, Samples

_SESSIONS: Final = 8  # that a sensor had before: what is resent of them is history


class Judged:
    """What a batch has come to."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.pieces: list[Piece] = []
        self.requests: list[Request] = []


@dataclass
class Heard:
    """What is known of a sensor's messages; goes on where its rules change."""

    session: int | None = None
    sequence: int = -1
    newest_ns: int = 0  # when the newest batch begins, by its clock
    # before this one, each with its last sequence
    sessions: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_SESSIONS))
    received_ns: int = 0  # the newest batch, by our clock; 0: none yet
    interval_s: float = 0.0  # that it is long
    asleep: bool = False
    awake_ns: int = 0  # since when it is not asleep; 0: it was not since we know it
    late: int = 0  # batches that were not judged

    def is_next(self, batch: Batch) -> bool:
        """Whether it follows what was judged."""
        if batch.session == self.session:
            if batch.sequence <= self.sequence:
                return False
        else:
            before = dict(self.sessions).get(batch.session)
            # a session is over, unless it goes on: after a restart what is resent of an earlier one may come first
            if before is not None and (batch.sequence <= before or batch.start_time_ns <= self.newest_ns):
                return False
            self.sessions = deque(
                (one for one in self.sessions if one[0] != batch.session), maxlen=self.sessions.maxlen
            )
            if self.session is not None:
                self.sessions.append((self.session, self.sequence))
            self.session = batch.session
        self.newest_ns = batch.start_time_ns
        self.sequence = batch.sequence
        return True


class SensorJudge:
    """Of one sensor. Made anew where its rules, channels or machine have changed; `before` is what it was."""

    def __init__(
        self, sensor: Sensor, evaluations: Sequence[Evaluation], before: Optional["SensorJudge"] = None
    ) -> None:
        self.sensor = sensor
        self.evaluations = tuple(evaluations)
        self.heard: Heard = before.heard if before is not None else Heard()
        self.feeds: dict[WindowKey, WindowFeed] = {}
        self._channels: dict[int, list[WindowFeed]] = {}
        self._fast: dict[int, list[Evaluation]] = {}
        self._diagnoses: dict[int, list[DiagnosisFeed]] = {}
        self._fences: list[Evaluation] = []
        self._clocked: list[Evaluation] = []
        for evaluation in evaluations:
            if not evaluation.task.reason:
                self._sort_in(evaluation, before.feeds if before is not None else {})

    def take(self, batch: Batch, now_ns: int, *, judged: bool) -> Judged:
        """A batch. Not `judged`: it was before a restart, and only fills windows that it is a part of."""
        made = Judged()
        heard = self.heard
        if not heard.is_next(batch):
            heard.late += 1
            return made
        heard.received_ns = max(heard.received_ns, now_ns)
        heard.interval_s = batch.sample_count / batch.sample_frequency_hz
        for part in batch.channels:
            channel = part.channel
            fast, diagnoses = self._fast.get(channel), self._diagnoses.get(channel, ())
            feeds = self._channels.get(channel, ())
            if not (fast or feeds or diagnoses):
                continue
            samples = part.samples()
            if not np.isfinite(samples).all():
                continue  # the ingester makes a dead letter of the batch
            if fast and judged:
                made.events += self._judge_batch(fast, batch, samples)
            for feed in feeds:
                piece = feed.add(batch.start_time_ns, batch.sample_frequency_hz, samples)
                if piece is not None and judged:
                    made.pieces.append(piece)
            for diagnosis in diagnoses:
                try:
                    request = diagnosis.add(batch.start_time_ns, batch.sample_frequency_hz, samples)
                except SignalError as error:
                    diagnosis.evaluation.say(str(error))
                else:
                    if request is not None and judged:
                        made.requests.append(request)
        if judged and self._fences and batch.position is not None:
            made.events += self._judge_position(batch)
        return made

    def tick(self, now_ns: int, condition: Condition, *, reading: bool) -> list[Event]:
        """What the clock and the sensor's own condition say. `reading`: its measurements would have reached us."""
        asleep = condition.state == "ASLEEP"
        if self.heard.asleep and not asleep:
            self.heard.awake_ns = now_ns
        self.heard.asleep = asleep
        events: list[Event] = []
        for evaluation in self._clocked:
            rule = evaluation.task.rule.rule
            if isinstance(rule, Deadman):
                if reading or asleep:
                    events += self._judge_silence(evaluation, rule, now_ns, condition)
            else:
                known = condition.missing if isinstance(rule, Loss) else condition.battery_percent
                if known is None:
                    evaluation.say(
                        "its session is not known" if isinstance(rule, Loss) else "it has not said its charge"
                    )
                else:
                    events += evaluation.observe(now_ns, float(known))
        for evaluation in self.evaluations:
            events += evaluation.tick(now_ns)
        return events

    def _sort_in(self, evaluation: Evaluation, before: Mapping[WindowKey, WindowFeed]) -> None:
        rule, source = evaluation.task.rule.rule, evaluation.task.source
        if isinstance(rule, OfFeature | Zone) and rule.window_s is not None:
            key = WindowKey(source.serial_number, source.channel, rule.window_s, rule.hop_s or rule.window_s)
            if key not in self.feeds:
                feed = WindowFeed(key, evaluation.task.unit, self.sensor.machine, before.get(key))
                self.feeds[key] = feed
                self._channels.setdefault(source.channel, []).append(feed)
            self.feeds[key].judge(evaluation)
        elif isinstance(rule, OfFeature):
            self._fast.setdefault(source.channel, []).append(evaluation)
        elif isinstance(rule, Bearing):
            bearing, speed_rpm = self.sensor.bearing, self.sensor.machine.speed_rpm
            assert bearing is not None, "the plan has a reason otherwise"
            assert speed_rpm is not None, "the plan has a reason otherwise"
            diagnosis = DiagnosisFeed(evaluation, rule, speed_rpm, bearing)
            self._diagnoses.setdefault(source.channel, []).append(diagnosis)
        elif isinstance(rule, Geofence):
            self._fences.append(evaluation)
        elif isinstance(rule, Deadman | Loss | LowBattery):
            self._clocked.append(evaluation)

    def _judge_batch(self, fast: list[Evaluation], batch: Batch, samples: Samples) -> list[Event]:
        wanted = {evaluation.task.rule.rule.feature for evaluation in fast}  # type: ignore[union-attr]  # of features alone
        values = of_batch(samples, wanted)
        end_ns = batch.start_time_ns + round(batch.sample_count * 1e9 / batch.sample_frequency_hz)
        events: list[Event] = []
        for evaluation in fast:
            task = evaluation.task
            events += evaluation.observe(
                end_ns,
                values[task.rule.rule.feature] * task.scale,  # type: ignore[union-attr]  # of features alone
                duration_ns=end_ns - batch.start_time_ns,
                evidence=partial(
                    of_samples,
                    task.source,
                    batch.start_time_ns,
                    end_ns,
                    samples,
                    batch.sample_frequency_hz,
                    task.unit,
                ),
            )
        return events

    def _judge_position(self, batch: Batch) -> list[Event]:
        position = batch.position
        assert position is not None, "only with one"
        where = {
            "latitude": position.latitude,
            "longitude": position.longitude,
            "accuracy_m": position.accuracy_m,
        }
        events: list[Event] = []
        for evaluation in self._fences:
            fence = evaluation.task.rule.rule
            assert isinstance(fence, Geofence), "they are sorted"
            distance_m = distance_outside_m(position.latitude, position.longitude, fence)
            shown = (max(0.0, distance_m), 0.0)
            events += evaluation.observe(
                batch.start_time_ns, distance_m, shown=shown, evidence=lambda: {"position": where}
            )
        return events

    def _judge_silence(
        self, evaluation: Evaluation, rule: Deadman, now_ns: int, condition: Condition
    ) -> list[Event]:
        heard_ns = max(self.heard.received_ns, condition.written_ns)
        if not heard_ns:
            evaluation.say("it has never measured")
            return []
        evaluation.say("")
        silent_s = (now_ns - max(heard_ns, self.heard.awake_ns)) / 1e9
        limit_s = max(rule.least_s, rule.factor * (rule.interval_s or self._expected_s(condition)))
        reached = 0.0 if self.heard.asleep or silent_s <= limit_s else 1.0
        return evaluation.observe(now_ns, reached, shown=(silent_s, limit_s))

    def _expected_s(self, condition: Condition) -> float:
        """From one batch to the next."""
        slowest_s = 1 / condition.sample_frequency_hz if condition.sample_frequency_hz else 0.0
        return max(self.heard.interval_s or condition.longest_batch_s, slowest_s)
