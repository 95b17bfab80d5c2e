"""What a machine's controllers are told of an event. Pure."""

import uuid
from typing import Final, NamedTuple

from alarms.events import Event
from alarms.life import Kind
from wire.alarm_pb2 import Trigger

_NAMESPACE: Final = uuid.UUID("0b0a1d6e-51c7-4a7e-9a56-3b6a1f5c8f10")
_TOLD: Final = frozenset(
    {Kind.ACTIVATED, Kind.LEVEL_CHANGED, Kind.REALARMED, Kind.UNSHELVED, Kind.UNSUPPRESSED}
)
EXPIRES_NS: Final = 600 * 10**9  # a machine that comes back later finds an alarm that people have seen to


class TriggerRow(NamedTuple):
    """A trigger, and when it is escalated unless it is acknowledged."""

    id: uuid.UUID
    alarm_id: uuid.UUID
    target: str
    message: Trigger
    created_ns: int
    expires_ns: int
    escalate_ns: int


def trigger(event: Event, now_ns: int) -> TriggerRow | None:
    """None where the rule tells no machine, the sensor sits on none, or nobody is to be told.

    Its id follows from the event alone: what is judged again after a crash is the same trigger.
    """
    asked, target = event.rule.rule.trigger, event.source.target
    transition = event.transition
    if asked is None or target is None or not transition.annunciate or transition.kind not in _TOLD:
        return None
    identity = uuid.uuid5(_NAMESPACE, f"{event.alarm_id}/{transition.kind}/{transition.at_ns}")
    expires_ns = now_ns + EXPIRES_NS
    message = Trigger(
        id=identity.bytes,
        alarm_id=event.alarm_id.bytes,
        target=target,
        serial_number=event.source.serial_number,
        channel=event.source.channel,
        channel_name=event.source.channel_name,
        rule=event.rule.name,
        level=transition.level,
        severity=transition.severity,
        value=event.value,
        unit=event.unit,
        message=event.message,
        action=asked.action,
        event_time_ns=transition.at_ns,
        sent_time_ns=now_ns,
        expiry_time_ns=expires_ns,
    )
    escalate_ns = now_ns + round(asked.acknowledge_within_s * 1e9)
    return TriggerRow(identity, event.alarm_id, target, message, now_ns, expires_ns, escalate_ns)
