"""Sensors, rules and batches for the tests of judging."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from alarms import diagnosing, windows
from alarms.events import Event
from alarms.fleet import Channel, Condition, Fleet, Sensor
from alarms.judge import Judge
from alarms.rules import StoredRule, parse
from vibration.bearing import Frequencies
from vibration.zones import Machine
from wire.codec import Batch, ChannelBatch, Position

START_NS = 1_790_000_000 * 10**9
STREAM = "sensor_streaming.data-0"
AWAKE = Condition("AWAKE", 1000.0, None, 1.0, 0, 0)
PUMP = Machine(machine_group=2, support="rigid", rated_power_kw=30.0, speed_rpm=1480.0)
SKF_6205 = Frequencies(5.4152, 3.5848, 2.3567, 0.39828)


def sensor(
    serial: str = "pump-1",
    *,
    unit: str = "g",
    machine: Machine = PUMP,
    target: str | None = "Pump 1",
    bearing: Frequencies | None = SKF_6205,
    sensor_id: int = 1,
) -> Sensor:
    return Sensor(
        sensor_id, serial, "vibration", (Channel(0, "x", "acceleration", unit),), target, machine, bearing
    )


def rule(definition: Mapping[str, Any], rule_id: int = 1, version: int = 1) -> StoredRule:
    return StoredRule(rule_id, f"rule {rule_id}", version, parse({"for": {"all": True}, **definition}))


def fleet(rules: "list[StoredRule]", sensors: "list[Sensor] | None" = None, **conditions: Condition) -> Fleet:
    known = sensors if sensors is not None else [sensor()]
    return Fleet(
        tuple(rules),
        {one.serial_number: one for one in known},
        {one.serial_number: conditions.get(one.serial_number.replace("-", "_"), AWAKE) for one in known},
        (),
    )


class Bench:
    """A judge with one partition that holds every sensor; windows are judged at once."""

    def __init__(self, *rules: Mapping[str, Any], sensors: "list[Sensor] | None" = None) -> None:
        self.judge = Judge()
        self.rules = [rule(definition, number) for number, definition in enumerate(rules, 1)]
        self.sensors = sensors if sensors is not None else [sensor()]
        self.sequence = 0
        self.now_ns = START_NS
        self.judge.load(STREAM, [one.serial_number for one in self.sensors], {}, [])
        self.refresh()

    def refresh(self, known: Fleet | None = None) -> list[Event]:
        return self.judge.refresh(known or fleet(self.rules, self.sensors), lambda _: STREAM, self.now_ns)

    def batch(
        self,
        samples: npt.NDArray[np.float32],
        *,
        frequency_hz: float = 1000.0,
        serial: str = "pump-1",
        position: Position | None = None,
        sequence: int | None = None,
        judged: bool = True,
    ) -> list[Event]:
        """The next batch, a moment after the one before; what comes of it."""
        if sequence is None:
            sequence, self.sequence = self.sequence, self.sequence + 1
        part = ChannelBatch(0, np.asarray(samples, "<f4").tobytes())
        one = Batch(7, sequence, self.now_ns, frequency_hz, len(samples), (part,), position)
        self.now_ns = one.start_time_ns + round(len(samples) * 1e9 / frequency_hz)
        made = self.judge.take(serial, one, self.now_ns, judged=judged)
        assert made is not None, "the sensor is known"
        return made.events + self.judge.judge_windows(windows.compute(made.pieces))

    def diagnosed(self, samples: npt.NDArray[np.float32]) -> list[Event]:
        """The next batch, at 12 kHz where it is that long; what comes of the bearing's windows that it makes whole."""
        frequency_hz = 12_000.0 if len(samples) > 1000 else 1000.0
        part = ChannelBatch(0, samples.astype("<f4").tobytes())
        one = Batch(7, self.sequence, self.now_ns, frequency_hz, len(samples), (part,))
        self.sequence += 1
        self.now_ns += round(len(samples) * 1e9 / frequency_hz)
        made = self.judge.take("pump-1", one, self.now_ns, judged=True)
        assert made is not None, "the sensor is known"
        return [
            event
            for request in made.requests
            for event in self.judge.judge_diagnosis(diagnosing.answer(request))
        ]

    def tick(self, after_s: float = 0.0) -> list[Event]:
        self.now_ns += round(after_s * 1e9)
        return self.judge.tick(self.now_ns, lambda _: True)

    def reason(self, rule_id: int = 1) -> str:
        return next(one.reason for key, one in self.judge.evaluations.items() if key[0] == rule_id)


def sine(
    amplitude: float, hz: float, seconds: float = 1.0, frequency_hz: float = 1000.0, phase: float = 0.0
) -> npt.NDArray[np.float32]:
    time_s = np.arange(round(seconds * frequency_hz)) / frequency_hz
    return (amplitude * np.sin(2 * np.pi * hz * time_s + phase)).astype(np.float32)


def kinds(events: "list[Event]") -> list[str]:
    return [event.transition.kind.value for event in events]
