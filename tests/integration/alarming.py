"""Sensors, machines and rules in the database, and what became of their alarms."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from stack.local import Stack
from tests.integration.pipeline import Database, connect
from tests.integration.relay import START_NS
from wire.codec import Batch, ChannelBatch, Samples

HIGH = {"high": {"limit": 1.0, "deadband": 0.2, "severity": 500}}
FAST: dict[str, Any] = {"kind": "threshold", "feature": "maximum", "unit": "g", "levels": HIGH}
CALM = np.full(100, 0.1, np.float32)
WILD = np.full(100, 2.0, np.float32)


class Site:
    """What one test has put into the database; taken out at the end."""

    def __init__(self, owner: Database) -> None:
        self.owner = owner
        self.rules: dict[str, int] = {}

    def sensor(self, serial: str, *, target: str | None = None, unit: str = "g") -> int:
        """A vibration sensor with one channel, x."""
        row = self.owner.execute(
            "INSERT INTO sensor (serial_number, provisional, sensor_type, state, sample_frequency_hz) "
            "VALUES (%s, false, 'vibration', 'AWAKE', 100) RETURNING id",
            [serial],
        ).fetchone()
        assert row is not None
        self.owner.execute(
            "INSERT INTO channel (sensor_id, channel, name, quantity, unit) VALUES (%s, 0, 'x', 'acceleration', %s)",
            [row[0], unit],
        )
        if target is not None:
            self.owner.execute(
                "INSERT INTO sensor_target (sensor_id, target_id) SELECT %s, id FROM target WHERE name = %s",
                [row[0], target],
            )
        return int(row[0])

    def target(self, name: str) -> None:
        self.owner.execute(
            "INSERT INTO target (name, machine_group, support, rated_power_kw, speed_rpm) VALUES (%s, 2, 'rigid', 30, 1480)",
            [name],
        )

    def rule(self, name: str, definition: Mapping[str, Any], **scope: Any) -> int:
        row = self.owner.execute(
            "INSERT INTO alarm_rule (name, definition, changed_by) VALUES (%s, %s, 'test') RETURNING id",
            [name, json.dumps({"for": scope, **definition})],
        ).fetchone()
        assert row is not None
        self.rules[name] = int(row[0])
        return int(row[0])

    def alarms(self, name: str) -> list[dict[str, Any]]:
        """Of a rule, oldest first."""
        cursor = self.owner.execute(
            "SELECT id, serial_number, state, level, severity, value, message, occurrences FROM alarm_overview "
            "WHERE rule_id = %s ORDER BY activated_at",
            [self.rules[name]],
        )
        assert cursor.description is not None
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def states(self, name: str) -> list[str]:
        return [alarm["state"] for alarm in self.alarms(name)]

    def transitions(self, name: str) -> list[tuple[Any, ...]]:
        """(serial number, kind) of a rule's alarms, in the order in which they were written."""
        return self.owner.execute(
            "SELECT s.serial_number, t.kind FROM alarm_transition t JOIN alarm a ON a.id = t.alarm_id "
            "JOIN sensor s ON s.id = a.sensor_id WHERE a.rule_id = %s ORDER BY t.id",
            [self.rules[name]],
        ).fetchall()

    def one(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        row = self.owner.execute(statement.encode(), list(parameters)).fetchone()
        return None if row is None else row[0]


@contextmanager
def site(stack: Stack) -> Iterator[Site]:
    """Afterwards its rules judge nobody's batches."""
    with connect(stack, "owner") as owner:
        one = Site(owner)
        try:
            yield one
        finally:
            one.owner.close()
            with connect(stack, "owner") as fresh:  # a test may have stopped PostgreSQL
                fresh.execute(
                    "UPDATE alarm_rule SET enabled = false WHERE id = ANY (%s)", [list(one.rules.values())]
                )


def batch(sequence: int, samples: Samples, *, session: int = 1, frequency_hz: float = 100.0) -> Batch:
    """Batch number `sequence` of a session, a moment after the one before."""
    start_ns = START_NS + round(sequence * len(samples) * 1e9 / frequency_hz)
    part = ChannelBatch(0, samples.astype("<f4").tobytes())
    return Batch(session, sequence, start_ns, frequency_hz, len(samples), (part,))
