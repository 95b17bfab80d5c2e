"""What the database has of alarms: read when a partition is taken, written with the offsets in one transaction.

Commits are synchronous: what people and machines are told must not be forgotten.
"""

import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from alarms.actions import OutboxRow, finite
from alarms.database import Connection, query
from alarms.evaluation import Evaluation, Kept, Key, Open
from alarms.events import Event, Source
from alarms.fleet import COLUMNS_OF_SENSOR, Condition, Fleet, Sensor, Suppression, sensor_of
from alarms.judge import Ask, Opened
from alarms.life import UNTIL_CLEARED, Status
from alarms.rules import RuleError, StoredRule, parse
from alarms.triggers import TriggerRow
from wire.alarm_pb2 import Trigger


class PartitionLostError(Exception):
    """Another process has taken a partition that this one wanted to write for."""


class Taken(NamedTuple):
    """A partition: everything before `next_offset` is judged, from `rewind_offset` on it is read."""

    next_offset: int
    rewind_offset: int
    kept: dict[Key, Kept]
    opened: list[Opened]


class Writing(NamedTuple):
    """What one transaction writes. offsets: stream → (next, rewind)."""

    offsets: Mapping[str, tuple[int, int]]
    events: Sequence[Event] = ()
    evaluations: Sequence[Mapping[str, Any]] = ()  # rows of `evaluation_row`
    gone: Collection[Key] = ()
    outbox: Sequence[OutboxRow] = ()
    triggers: Sequence[TriggerRow] = ()
    # with the sensor's serial number:
    applied: Sequence[tuple[str, int, str]] = ()  # requests, with the reason why one was refused
    noted: Sequence[tuple[str, uuid.UUID, bool]] = ()  # triggers: acknowledged, or escalated

    @property
    def anything(self) -> bool:
        """Whether there is something to write."""
        return any(self)

    def without(self, serial_numbers: Collection[str], streams: Collection[str]) -> "Writing":
        """Without sensors that another process judges now: it makes the same of them, from the last that was written."""
        theirs = {one.alarm_id for one in self.events if one.source.serial_number in serial_numbers}
        return self._replace(
            offsets={stream: offset for stream, offset in self.offsets.items() if stream not in streams},
            events=[one for one in self.events if one.source.serial_number not in serial_numbers],
            evaluations=[one for one in self.evaluations if one["serial_number"] not in serial_numbers],
            outbox=[
                one for one in self.outbox if one.alarm_id not in theirs
            ],  # a row must not come before its alarm
            triggers=[one for one in self.triggers if one.message.serial_number not in serial_numbers],
            applied=[one for one in self.applied if one[0] not in serial_numbers],
            noted=[one for one in self.noted if one[0] not in serial_numbers],
        )


class Due(NamedTuple):
    """A trigger that was acknowledged, or by nobody in time."""

    id: uuid.UUID
    alarm_id: uuid.UUID
    acknowledged: bool
    machine: str
    outcome: str
    action_taken: str


class Store:
    """All queries but the outbox's; each takes the connection that it is to use."""

    def __init__(
        self, owner: uuid.UUID, keep: Callable[[Connection, Sequence[OutboxRow]], Awaitable[None]]
    ) -> None:
        """keep: writes rows of the outbox, within the transaction."""
        self.owner = owner
        self._keep = keep
        self.refused: dict[str, str] = {}  # rules that cannot be used, with the reason
        self._sensors: dict[str, tuple[tuple[Any, ...], Sensor]] = {}  # as they were, by serial number

    async def fleet(self, connection: Connection) -> Fleet:
        """Rules, sensors, what is out of service. A rule that cannot be read is left out, and said."""
        rules: list[StoredRule] = []
        self.refused = {}
        for rule_id, name, version, definition in await _rows(connection, "fleet_rules"):
            try:
                rules.append(StoredRule(rule_id, name, version, parse(definition)))
            except RuleError as error:
                self.refused[name] = str(error)
        rows = await _rows(connection, "fleet_sensors")
        self._sensors = {row[1]: self._sensor(row[:COLUMNS_OF_SENSOR]) for row in rows}
        suppressions = [Suppression(*row) for row in await _rows(connection, "fleet_suppressions")]
        return Fleet(
            tuple(rules),
            {serial: sensor for serial, (_, sensor) in self._sensors.items()},
            {row[1]: Condition(*row[COLUMNS_OF_SENSOR:]) for row in rows},
            tuple(suppressions),
        )

    def _sensor(self, row: tuple[Any, ...]) -> tuple[tuple[Any, ...], Sensor]:
        """The same object as long as nothing has changed: thousands are looked at every few seconds."""
        known = self._sensors.get(row[1])
        return known if known is not None and known[0] == row else (row, sensor_of(row))

    async def take(self, connection: Connection, stream: str, sensor_ids: Iterable[int]) -> Taken:
        """This process judges the partition from now on."""
        sensors = {"sensors": list(sensor_ids)}
        async with connection.transaction():
            parameters = {"stream": stream, "owner": self.owner}
            [(following, rewind)] = await _rows(connection, "partition_take", parameters)
            kept = {
                (rule_id, sensor_id, channel): Kept(version, state)
                for rule_id, sensor_id, channel, version, state in await _rows(
                    connection, "evaluations_load", sensors
                )
            }
            opened = [_opened(row) for row in await _rows(connection, "alarms_load", sensors)]
        return Taken(following, rewind, kept, [one for one in opened if one is not None])

    async def reset(self, connection: Connection, stream: str) -> None:
        """Begin the stream anew."""
        await connection.execute(query("partition_reset"), {"stream": stream})

    async def write(self, connection: Connection, writing: Writing) -> None:
        """One transaction. PartitionLostError where another owns one of the partitions: nothing is written then."""
        async with connection.transaction(), connection.cursor() as cursor:
            if writing.offsets:
                streams = sorted(writing.offsets)
                moved = {
                    "streams": streams,
                    "next_offsets": [writing.offsets[stream][0] for stream in streams],
                    "rewind_offsets": [writing.offsets[stream][1] for stream in streams],
                    "owner": self.owner,
                }
                await cursor.execute(query("partition_move"), moved)
                if cursor.rowcount != len(streams):
                    raise PartitionLostError(f"another process judges one of {', '.join(streams)}")
            for name, rows in (
                ("alarm_write", [_alarm(event) for event in writing.events]),
                ("transition_write", [_transition(event) for event in writing.events]),
                ("evaluation_delete", [_key(key) for key in sorted(writing.gone)]),
                ("evaluation_write", list(writing.evaluations)),
                ("trigger_write", [_trigger(row) for row in writing.triggers]),
                ("request_applied", [{"id": number, "refusal": why} for _, number, why in writing.applied]),
                ("trigger_noted", [{"id": one, "acknowledged": acked} for _, one, acked in writing.noted]),
            ):
                if rows:
                    await cursor.executemany(query(name), rows)
            if writing.outbox:
                await self._keep(connection, writing.outbox)

    async def requests(self, connection: Connection, sensor_ids: Iterable[int]) -> list[Ask]:
        """What operators ask, of these sensors' alarms."""
        rows = await _rows(connection, "requests_open", {"sensors": list(sensor_ids)})
        return [
            Ask(number, alarm, (rule, sensor, channel), action, until_ns, by, comment)
            for number, alarm, rule, sensor, channel, action, until_ns, by, comment in rows
        ]

    async def triggers_due(self, connection: Connection, alarms: Iterable[uuid.UUID]) -> list[Due]:
        """Of these alarms: what machines have answered, and what none has."""
        rows = await _rows(connection, "triggers_due", {"alarms": list(alarms)})
        return [Due(*row) for row in rows]

    async def acknowledged(
        self,
        connection: Connection,
        trigger_id: uuid.UUID,
        machine: str,
        outcome: str,
        action_taken: str,
        time_ns: int,
    ) -> None:
        """Keep the first acknowledgement of a trigger."""
        parameters = {
            "id": trigger_id,
            "machine": machine,
            "outcome": outcome,
            "action_taken": action_taken,
            "time_ns": time_ns,
        }
        await connection.execute(query("trigger_acknowledged"), parameters)

    async def unacknowledged(
        self, connection: Connection, targets: Collection[str], every: bool, limit: int
    ) -> list[Trigger]:
        """Triggers of these machines, oldest first."""
        parameters = {"targets": list(targets), "every": every, "limit": limit}
        rows = await _rows(connection, "triggers_unacknowledged", parameters)
        return [Trigger.FromString(message) for (message,) in rows]


async def _rows(
    connection: Connection, name: str, parameters: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(query(name), parameters)
    return await cursor.fetchall()


def _opened(row: Sequence[Any]) -> Opened | None:
    """A row of alarms_load.sql; None where its rule cannot be read any more: people have to close it."""
    rule_id, name, version, definition, *source, number = row[:10]
    (active, acknowledged, level, severity, activated, shelved, suppressed, cleared, acked, by) = row[10:20]
    occurrences, message, value = row[20:]
    try:
        rule = StoredRule(rule_id, name, version, parse(definition))
    except RuleError:
        return None
    changed = max(activated, cleared, acked)
    status = Status(
        active, acknowledged, level, severity, activated, changed, shelved, suppressed, cleared, acked, by
    )
    return Opened(rule, Source(*source), Open(number, status, occurrences, message, value))


def _alarm(event: Event) -> dict[str, Any]:
    status = event.status
    return {
        "id": event.alarm_id,
        "rule_id": event.rule.id,
        "sensor_id": event.source.sensor_id,
        "channel": event.source.channel,
        "level": status.level,
        "severity": status.severity,
        "message": event.message,
        "value": finite(event.value),
        "unit": event.unit,
        "active": status.active,
        "acknowledged": status.acknowledged,
        "suppressed": status.suppressed,
        "shelved_until": _until(status.shelved_until_ns),
        "occurrences": event.occurrences,
        "activated_ns": status.activated_ns,
        "cleared_ns": status.cleared_ns or None,
        "acknowledged_ns": status.acknowledged_ns or None,
        "acknowledged_by": status.acknowledged_by or None,
        "closed_ns": status.changed_ns if status.closed else None,
    }


def _until(time_ns: int) -> datetime | str | None:
    if time_ns == UNTIL_CLEARED:
        return "infinity"
    return datetime.fromtimestamp(time_ns / 1e9, UTC) if time_ns else None


def _transition(event: Event) -> dict[str, Any]:
    transition = event.transition
    return {
        "alarm_id": event.alarm_id,
        "kind": transition.kind.value,
        "at_ns": transition.at_ns,
        "level": transition.level,
        "severity": transition.severity,
        "by": transition.by,
        "comment": transition.comment,
        "evidence": Jsonb(finite(event.evidence)),
    }


def _key(key: Key) -> dict[str, int]:
    return dict(zip(("rule_id", "sensor_id", "channel"), key, strict=True))


def evaluation_row(evaluation: Evaluation) -> dict[str, Any]:
    """As it is now; it is no longer dirty."""
    return {
        **_key(evaluation.key),
        "serial_number": evaluation.task.source.serial_number,
        "version": evaluation.task.rule.version,
        "state": Jsonb(finite(evaluation.kept())),
        "reason": evaluation.reason,
    }


def _trigger(row: TriggerRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "alarm_id": row.alarm_id,
        "target": row.target,
        "message": row.message.SerializeToString(),
        "created_ns": row.created_ns,
        "expires_ns": row.expires_ns,
        "escalate_ns": row.escalate_ns,
    }
