"""Everything that one process judges: the sensors of its partitions, by the rules that there are. Pure; time is given.

What comes out are Events, in order; they, and the evaluations that are dirty, are to be written in one transaction with the
offsets up to which was judged (alarms.store), so that a restart neither loses nor repeats an alarm.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from alarms import diagnosing
from alarms.diagnosing import Answer
from alarms.evaluation import Evaluation, Kept, Key, Open
from alarms.events import Event, Source
from alarms.fleet import Fleet, Sensor, Task, plan
from alarms.life import Kind, LifeError
from alarms.rules import StoredRule
from alarms.sensor_judge import Judged, SensorJudge
from alarms.windows import Result
from vibration.diagnosis import Verdict
from wire.codec import Batch

_VERDICTS: Final = {verdict: float(number) for number, verdict in enumerate(Verdict, 1)} | {Verdict.NONE: 0.0}
_NOT_FOR_IT: Final = "the rule is not for this sensor any more, or was changed, disabled or removed"


class Opened(NamedTuple):
    """An alarm that is not closed, as the database has it."""

    rule: StoredRule
    source: Source
    alarm: Open


class Ask(NamedTuple):
    """What an operator asks of an alarm. `until_ns` of a shelf."""

    id: int
    alarm_id: uuid.UUID
    key: Key
    action: str
    until_ns: int
    by: str
    comment: str


class Judge:
    """`load` a partition when it is taken, `drop` it when it is given up; `refresh` when the database was read."""

    def __init__(self) -> None:
        self.fleet = Fleet((), {}, {}, ())
        self.evaluations: dict[Key, Evaluation] = {}
        self._sensors: dict[str, SensorJudge] = {}
        self._streams: dict[str, str] = {}  # of the sensors that are judged here
        self._kept: dict[Key, Kept] = {}  # of rules that are not for their sensor now
        self.gone: set[Key] = set()  # evaluations that are to be deleted

    @property
    def sensors(self) -> Mapping[str, SensorJudge]:
        """By serial number."""
        return self._sensors

    @property
    def late(self) -> int:
        """Batches that were not judged, as they came after younger ones."""
        return sum(one.heard.late for one in self._sensors.values())

    def load(
        self,
        stream: str,
        sensors: Iterable[str],
        kept: Mapping[Key, Kept],
        opened: Sequence[Opened],
    ) -> None:
        """A partition's sensors by serial number, and what the database has of them; `refresh` plans them."""
        self.drop(stream)
        for serial in sensors:
            self._streams[serial] = stream
        self._kept |= kept
        for one in opened:
            task = Task(one.rule, one.source, "", reason=_NOT_FOR_IT)
            evaluation = Evaluation(
                task, kept.get((one.rule.id, one.source.sensor_id, one.source.channel)), one.alarm
            )
            self.evaluations[evaluation.key] = evaluation

    def drop(self, stream: str) -> None:
        """Another process judges it now."""
        for serial in [serial for serial, of in self._streams.items() if of == stream]:
            del self._streams[serial]
            self._sensors.pop(serial, None)
            sensor = self.fleet.sensors.get(serial)
            for key in [
                key for key, one in self.evaluations.items() if one.task.source.serial_number == serial
            ]:
                del self.evaluations[key]
            if sensor is not None:
                for key in [key for key in self._kept if key[1] == sensor.id]:
                    del self._kept[key]

    def refresh(self, fleet: Fleet, stream_of: Callable[[str], str | None], now_ns: int) -> list[Event]:
        """Rules, sensors and what is out of service are like that now. stream_of: None for what is not judged here."""
        before, self.fleet = self.fleet, fleet
        same_rules = before.rules == fleet.rules
        events: list[Event] = []
        planned: set[Key] = set()
        for serial, sensor in fleet.sensors.items():
            stream = stream_of(serial)
            if stream is None:
                continue
            self._streams[serial] = stream
            known = self._sensors.get(serial)
            if known is None or not same_rules or known.sensor != sensor:
                self._sensors[serial] = self._planned(sensor, known, now_ns, events)
            planned.update(one.key for one in self._sensors[serial].evaluations)
        for key in [key for key in self.evaluations if key not in planned]:
            events += self._retire(key, now_ns)
        for evaluation in self.evaluations.values():
            suppression = fleet.suppressed(evaluation.key[0], evaluation.key[1])
            if suppression != evaluation.suppression:
                events += evaluation.suppress(suppression, now_ns)
        return events

    def take(self, serial_number: str, batch: Batch, now_ns: int, *, judged: bool) -> Judged | None:
        """A batch; None of a sensor that is not known yet."""
        sensor = self._sensors.get(serial_number)
        return None if sensor is None else sensor.take(batch, now_ns, judged=judged)

    def judge_windows(self, results: Sequence[Result]) -> list[Event]:
        """What was found of pieces, in their order."""
        events: list[Event] = []
        for result in results:
            sensor = self._sensors.get(result.piece.key.serial_number)
            feed = sensor.feeds.get(result.piece.key) if sensor is not None else None
            if feed is not None:
                events += feed.judge_windows(result)
        return events

    def judge_diagnosis(self, answer: Answer) -> list[Event]:
        """What came of a bearing's window."""
        evaluation = answer.request.evaluation
        if self.evaluations.get(evaluation.key) is not evaluation:
            return []
        if answer.diagnosis is None or answer.reason:
            evaluation.say(answer.reason)
            return []
        found, waveform = answer.diagnosis, answer.request.waveform
        return evaluation.observe(
            waveform.start_time_ns + round(waveform.duration_s * 1e9),
            _VERDICTS[found.verdict],
            shown=(found.score, 0.0),
            detail=f"{found.verdict} of the bearing is damaged: {found.reason} (score {found.score:.2f})",
            evidence=lambda: diagnosing.evidence(answer),
        )

    def tick(self, now_ns: int, reading: Callable[[str], bool]) -> list[Event]:
        """What the clock says. reading: whether a stream's measurements would have reached us."""
        events: list[Event] = []
        for serial, sensor in self._sensors.items():
            condition = self.fleet.conditions.get(serial)
            if condition is not None:
                events += sensor.tick(now_ns, condition, reading=reading(self._streams[serial]))
        return events

    def ask(self, ask: Ask, now_ns: int) -> tuple[Event | None, str]:
        """Do what an operator asks: the event, or why not."""
        evaluation = self.evaluations.get(ask.key)
        if evaluation is None or evaluation.opened is None or evaluation.opened.id != ask.alarm_id:
            return None, "the alarm is closed"
        try:
            if ask.action == "acknowledge":
                event = evaluation.acknowledge(now_ns, ask.by, ask.comment)
            elif ask.action == "shelve":
                event = evaluation.shelve(now_ns, ask.until_ns, ask.by, ask.comment)
            else:
                event = evaluation.unshelve(now_ns, ask.by, ask.comment)
        except LifeError as error:
            return None, str(error)
        return event, ""

    def note(self, alarm_id: uuid.UUID, kind: Kind, now_ns: int, by: str, comment: str) -> Event | None:
        """A machine has acknowledged a trigger, or none has; None where the alarm is closed."""
        for evaluation in self.evaluations.values():
            if evaluation.opened is not None and evaluation.opened.id == alarm_id:
                return evaluation.note(kind, now_ns, by, comment)
        return None

    def open_alarms(self) -> list[uuid.UUID]:
        """Of those that are judged here."""
        return [one.opened.id for one in self.evaluations.values() if one.opened is not None]

    def streams(self) -> set[str]:
        """Of the sensors that are judged here."""
        return set(self._streams.values())

    def _planned(
        self, sensor: Sensor, known: SensorJudge | None, now_ns: int, events: list[Event]
    ) -> SensorJudge:
        evaluations: list[Evaluation] = []
        for task in plan(sensor, self.fleet.rules):
            key: Key = (task.rule.id, task.source.sensor_id, task.source.channel)
            before = self.evaluations.get(key)
            if before is None or before.task != task:
                kept = self._kept.pop(key, None)
                if before is not None and before.task.reason != _NOT_FOR_IT:
                    kept = Kept(before.task.rule.version, before.kept())
                before = Evaluation(task, kept, before.opened if before is not None else None)
                if before.active and task.reason:  # nothing will say that it is over
                    events += before.retire(now_ns, task.reason)
                self.evaluations[key] = before
                self.gone.discard(key)
            evaluations.append(before)
        return SensorJudge(sensor, evaluations, known)

    def _retire(self, key: Key, now_ns: int) -> list[Event]:
        evaluation = self.evaluations[key]
        events = evaluation.retire(now_ns, _NOT_FOR_IT)
        if evaluation.opened is None:
            del self.evaluations[key]
            self.gone.add(key)
        return events
