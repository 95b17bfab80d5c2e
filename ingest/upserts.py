"""What a message of a quorum queue means for the registry: a statement and its parameters. Pure.

A sensor's birth and status are ordered by its clock (in the statements). Of commands speak those who give them, the
bridges and the sensors, by queues that overtake each other, so these upserts come to the same in any order, and
as often as one likes.
"""

import json
import math
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from runtime.amqp import Delivery
from wire import limits, messages, names
from wire.names import HEADER_CLIENT, HEADER_PUBLISHED_MS, HEADER_RECEIVED_NS, HEADER_SERIAL_NUMBER
from wire.relay_pb2 import Kind, Step
from wire.sensor_pb2 import Outcome, State


class Upsert(NamedTuple):
    """One statement of sql/, for one sensor that is registered; `command`: it is about a command of that sensor."""

    statement: str
    serial_number: str
    command: uuid.UUID | None
    parameters: dict[str, Any]

    @property
    def order(self) -> tuple[str, bytes]:
        """All processes lock rows in this order, so that two cannot deadlock."""
        return (self.serial_number, b"") if self.command is None else ("", self.command.bytes)


def birth(delivery: Delivery, now_ns: int) -> Upsert:
    """A sensor says who it is."""
    serial_number = _serial_number(delivery)
    said = messages.decode_birth(delivery.body, serial_number)
    channels = said.channels
    return Upsert(
        "update_birth",
        serial_number,
        None,
        {
            "serial_number": serial_number,
            "hardware": said.hardware,
            "firmware_version": said.firmware_version,
            "sensor_type": said.sensor_type,
            "sample_frequency_hz": said.sample_frequency_hz,
            "maximum_sample_frequency_hz": said.maximum_sample_frequency_hz or None,
            "state": _state(said.state),
            "session": said.session,
            "received_ns": received_ns(delivery, now_ns),
            "time_ns": said.time_ns,
            "channels": [channel.index for channel in channels],
            "names": [channel.name for channel in channels],
            "quantities": [channel.quantity for channel in channels],
            "units": [channel.unit for channel in channels],
            "minima": [channel.minimum for channel in channels],
            "maxima": [channel.maximum for channel in channels],
        },
    )


def status(delivery: Delivery, now_ns: int) -> Upsert:
    """A sensor says how it is, or the broker says that it is gone."""
    serial_number = _serial_number(delivery)
    said = messages.decode_status(delivery.body)
    gone = said.state == State.STATE_OFFLINE and not said.time_ns
    return Upsert(
        "update_status",
        serial_number,
        None,
        {
            "serial_number": serial_number,
            "state": _state(said.state),
            "session": said.session or None,
            "sample_frequency_hz": said.sample_frequency_hz or None,
            "uptime_ms": None if gone else said.uptime_ms,
            "last_sequence": said.last_sequence if said.HasField("last_sequence") else None,
            "buffered_batches": None if gone else said.buffered_batches,
            "oldest_buffered_sequence": said.oldest_buffered_sequence
            if said.HasField("oldest_buffered_sequence")
            else None,
            "free_memory_bytes": said.free_memory_bytes or None,
            "rssi_dbm": said.rssi_dbm or None,
            "battery_percent": said.battery_percent if said.HasField("battery_percent") else None,
            "received_ns": received_ns(delivery, now_ns),
            "time_ns": said.time_ns,
        },
    )


def ack(delivery: Delivery, now_ns: int) -> Upsert:
    """A sensor says what came of a command."""
    serial_number = _serial_number(delivery)
    said = messages.decode_ack(delivery.body)
    command = uuid.UUID(bytes=said.command_id)
    return Upsert(
        "upsert_ack",
        serial_number,
        command,
        {
            "id": command,
            "serial_number": serial_number,
            "outcome": Outcome.Name(said.outcome).removeprefix("OUTCOME_"),
            "reason": said.reason or None,
            "received_ns": received_ns(delivery, now_ns),
            "state": _state(said.state),
            "sample_frequency_hz": said.sample_frequency_hz or None,
        },
    )


def audit(delivery: Delivery, now_ns: int) -> Upsert:
    """Somebody gives a command; the copy of it that is for the database."""
    serial_number, level, given = messages.decode_command_of(delivery.routing_key, delivery.body)
    command = uuid.UUID(bytes=given.id)
    client = delivery.headers.get(HEADER_CLIENT)
    return Upsert(
        "upsert_audit",
        serial_number,
        command,
        {
            "id": command,
            "serial_number": serial_number,
            "name": level.value,
            "parameters": json.dumps(parameters(getattr(given, level.value)), allow_nan=False),
            "issuer": delivery.user_id,
            "client": None if client is None else _text(str(client)),
            "issued_ns": given.issued_time_ns or None,
            "expires_ns": given.expiry_time_ns or None,
            "queued_ns": _time_ns(delivery.headers.get(HEADER_PUBLISHED_MS), 1_000_000) or now_ns,
        },
    )


def report(delivery: Delivery, _now_ns: int) -> Upsert:
    """A bridge says how far a command got."""
    serial_number = _serial_number(delivery)
    said = messages.decode_report(delivery.body)
    command = uuid.UUID(bytes=said.command_id)
    known: dict[str, Any] = {"id": command, "serial_number": serial_number, "time_ns": said.time_ns}
    if said.step == Step.STEP_SENT:
        return Upsert("upsert_sent", serial_number, command, known)
    failed = {"failure": Step.Name(said.step).removeprefix("STEP_"), "reason": said.reason}
    return Upsert("upsert_failure", serial_number, command, known | failed)


class Source(NamedTuple):
    """A queue's kind of message, what it means, and how it is counted."""

    kind: Kind
    upsert: Callable[[Delivery, int], Upsert]
    label: str


SOURCES: Mapping[str, Source] = {
    names.BIRTH_QUEUE: Source(Kind.KIND_BIRTH, birth, "birth"),
    names.STATUS_QUEUE: Source(Kind.KIND_STATUS, status, "status"),
    names.ACK_QUEUE: Source(Kind.KIND_ACK, ack, "acks"),
    names.COMMAND_AUDIT_QUEUE: Source(Kind.KIND_COMMAND, audit, "commands"),
    names.COMMAND_REPORT_QUEUE: Source(Kind.KIND_COMMAND_REPORT, report, "command_reports"),
}


def parameters(command: Any) -> dict[str, object]:
    """The fields of one kind of command, those that were left out with their defaults; as JSON can say them."""
    values = {field.name: getattr(command, field.name) for field in command.DESCRIPTOR.fields}
    return {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in values.items()
    }


def _serial_number(delivery: Delivery) -> str:
    return names.check_serial_number(str(delivery.headers.get(HEADER_SERIAL_NUMBER, "")))


def received_ns(delivery: Delivery, now_ns: int) -> int:
    """What the bridge says; without a sensible time of receipt it is received now."""
    return _time_ns(delivery.headers.get(HEADER_RECEIVED_NS), 1) or now_ns


def _time_ns(value: object, unit_ns: int) -> int:
    """A header's time, 0 where it is none that the database can hold."""
    return int(value) * unit_ns if isinstance(value, int) and 0 < value * unit_ns < 2**63 else 0


def _text(said: str) -> str:
    """What PostgreSQL can hold: no NUL, no half characters, and not too much of it."""
    return said.replace("\0", "").encode("utf-8", "replace").decode()[: limits.MAXIMUM_TEXT]


def _state(state: State) -> str:
    return State.Name(state).removeprefix("STATE_")
