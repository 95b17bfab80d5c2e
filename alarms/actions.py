"""What one event means for people, machines and sensors: rows of the outbox, and the event as JSON. Pure.

A row's key follows from the event alone, so that what is judged again after a crash is kept once (alarms.outbox).
"""

import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from alarms.events import Event
from alarms.life import Kind, Status
from alarms.rules import Action, ChangeFrequency, Email, Publish, TriggerSensor, Webhook
from wire.names import CommandLevel

# A sensor that shows an alarm long after it happened misleads.
TRIGGER_EXPIRES_S: Final = 600.0
# A sensor that is away must find it when it comes back, or it samples fast for ever.
RESTORE_EXPIRES_S: Final = 7 * 86_400.0
LONGEST_ARRAY: Final = 64  # elements; a spectrum is in the database, and not in a mail

# Where a row goes: how many are under way at once is bounded for each.
LANE_RABBITMQ: Final = "rabbitmq"
LANE_SMTP: Final = "smtp"

_BECOMES_VISIBLE: Final = frozenset(
    {Kind.ACTIVATED, Kind.LEVEL_CHANGED, Kind.REALARMED, Kind.UNSHELVED, Kind.UNSUPPRESSED}
)
_NAMESPACE: Final = uuid.UUID("a5b0c9f2-7f0e-4a07-8b57-8d2c54b1f0aa")


class OutboxRow(NamedTuple):
    """One thing to be done. `action`: publish, command, webhook or email, each with a payload of its own shape.

    `after`: only where the row of that key is new as well, and then in place of what this key says now
    (alarms/sql/outbox_restore.sql).
    """

    key: str
    alarm_id: uuid.UUID | None
    action: str
    payload: dict[str, Any]
    due_ns: int
    after: str = ""


def rows(event: Event, now_ns: int, sample_frequency_hz: float | None = None) -> list[OutboxRow]:
    """What is to be done about this event; nothing where nobody is to be told.

    `sample_frequency_hz`: the sensor's now. Where it is not known it is not changed, as it could not be changed back.
    """
    if not event.transition.annunciate:
        return []
    body = event_json(event)
    made: list[OutboxRow] = []
    for index, action in enumerate(_actions(event)):
        key = f"{event.alarm_id}/{event.transition.kind}/{event.transition.at_ns}/{index}"
        match action:
            case Publish():
                payload = {"lane": LANE_RABBITMQ, "serial_number": event.source.serial_number, "event": body}
                made.append(OutboxRow(key, event.alarm_id, "publish", payload, now_ns))
            case Webhook(url=url):
                payload = {"lane": _host(url), "url": url, "event": body}
                made.append(OutboxRow(key, event.alarm_id, "webhook", payload, now_ns))
            case Email(to=to):
                made.append(
                    OutboxRow(
                        key, event.alarm_id, "email", {"lane": LANE_SMTP, "to": to, "event": body}, now_ns
                    )
                )
            case TriggerSensor(action=what):
                fields = {"alarm_id": str(event.alarm_id), "severity": event.status.severity, "action": what}
                level = CommandLevel.TRIGGER_ALARM
                payload = _command(event, key, level, fields, now_ns, TRIGGER_EXPIRES_S)
                made.append(OutboxRow(key, event.alarm_id, "command", payload, now_ns))
            case ChangeFrequency() if sample_frequency_hz is not None:
                made += _raised(event, action, key, now_ns, sample_frequency_hz)
    return made


def escalation(event: Event) -> Sequence[Action]:
    """What is done where no machine acknowledges the rule's trigger in time."""
    trigger = event.rule.rule.trigger
    return [] if trigger is None else trigger.escalate


def event_json(event: Event) -> dict[str, Any]:
    """The event as webhooks, mails and RabbitMQ have it (docs/webhooks.md); numbers that JSON has not are null."""
    source, transition, status = event.source, event.transition, event.status
    whole: dict[str, Any] = {
        "alarm_id": str(event.alarm_id),
        "kind": str(transition.kind),
        "at": iso(transition.at_ns),
        "state": state(status),
        "level": transition.level,
        "severity": transition.severity,
        "rule": event.rule.name,
        "rule_kind": event.rule.rule.kind,
        "serial_number": source.serial_number,
        "channel": source.channel if source.channel >= 0 else None,
        "channel_name": source.channel_name,
        "target": source.target,
        "value": event.value,
        "unit": event.unit,
        "message": event.message,
        "by": transition.by,
        "comment": transition.comment,
        "occurrences": event.occurrences,
        "evidence": _without_arrays(event.evidence),
    }
    return {name: finite(value) for name, value in whole.items()}


def state(status: Status) -> str:
    """As the column `state` of the table alarm."""
    if status.closed:
        return "CLOSED"
    if status.active:
        return "ACTIVE_ACKNOWLEDGED" if status.acknowledged else "ACTIVE_UNACKNOWLEDGED"
    return "CLEARED_UNACKNOWLEDGED"


def iso(time_ns: int) -> str:
    """Unix nanoseconds as ISO 8601 in UTC, with all nine digits."""
    seconds, nanoseconds = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"


def command_id(*parts: object) -> str:
    """The same for the same command, in hexadecimal: a sensor that gets it twice applies it once."""
    return uuid.uuid5(_NAMESPACE, "/".join(str(part) for part in parts)).hex


def _actions(event: Event) -> Iterator[Action]:
    """In the order of the rule."""
    kind = event.transition.kind
    if kind == Kind.ESCALATED:
        yield from escalation(event)
    elif kind in _BECOMES_VISIBLE:
        yield from event.rule.rule.actions
    elif kind == Kind.CLEARED:  # whoever was told hears that it is over; no sensor is commanded for that
        yield from (one for one in event.rule.rule.actions if isinstance(one, Publish | Webhook | Email))


def _raised(
    event: Event, action: ChangeFrequency, key: str, now_ns: int, before_hz: float
) -> tuple[OutboxRow, OutboxRow]:
    """The command to sample faster, and the one to sample as before when the time is over.

    There is one row for the way back of each sensor: another alarm meanwhile makes it later, and leaves the frequency
    to go back to as it is, for the sensor's own is a raised one then.
    """
    level = CommandLevel.CHANGE_SAMPLE_FREQUENCY
    raised_hz = action.sample_frequency_hz
    there = _command(event, key, level, {"sample_frequency_hz": raised_hz}, now_ns, action.for_s)
    due_ns = now_ns + round(action.for_s * 1e9)
    back = _command(
        event, f"{key}/restore", level, {"sample_frequency_hz": before_hz}, due_ns, RESTORE_EXPIRES_S
    )
    return (
        OutboxRow(key, event.alarm_id, "command", there, now_ns),
        OutboxRow(
            f"restore/{event.source.sensor_id}",
            event.alarm_id,
            "command",
            back | {"raised_hz": raised_hz},
            due_ns,
            after=key,
        ),
    )


def _command(
    event: Event, key: str, level: CommandLevel, fields: dict[str, Any], issued_ns: int, expires_s: float
) -> dict[str, Any]:
    return {
        "lane": LANE_RABBITMQ,
        "serial_number": event.source.serial_number,
        "level": level.value,
        "fields": fields,
        "command_id": command_id(key),
        "issued_ns": issued_ns,
        "expires_s": expires_s,
        "client": f"alarms: {event.rule.name}",
    }


def _host(url: str) -> str:
    """Host and port in lower case. A URL that is none has a lane of its own, and is refused when it is sent."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or url}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    except ValueError:
        return url


def _without_arrays(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is too long for a message, at any depth."""
    kept: dict[str, Any] = {}
    for name, one in value.items():
        if isinstance(one, Mapping):
            kept[name] = _without_arrays(one)
        elif isinstance(one, list | tuple):
            if len(one) <= LONGEST_ARRAY:
                kept[name] = [_without_arrays(part) if isinstance(part, Mapping) else part for part in one]
        else:
            kept[name] = one
    return kept


def finite(value: Any) -> Any:
    """NaN and infinities as null, at any depth: JSON has neither, nor has jsonb."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return value
