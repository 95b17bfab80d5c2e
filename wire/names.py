"""Every topic, routing key, exchange, queue and stream name, each defined once.

A serial number is an MQTT topic level, a user name, a client id and part of a routing key at once, so
its alphabet excludes what is special in any of them (`/ + # . * $` and white space).
"""

import re
from enum import Enum
from typing import Final

import mmh3

from wire.errors import Reason, WireError
from wire.relay_pb2 import Kind

SERIAL_NUMBER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")

# MQTT, sensor → cloud: the last level of sensors/{serial}/{level} says what the payload is.
TOPIC_ROOT: Final = "sensors"
KIND_BY_LEVEL: Final[dict[str, Kind]] = {
    "measurements": Kind.KIND_MEASUREMENTS,
    "logs": Kind.KIND_LOG,
    "birth": Kind.KIND_BIRTH,
    "status": Kind.KIND_STATUS,
    "acks": Kind.KIND_ACK,
}
LEVEL_BY_KIND: Final[dict[Kind, str]] = {kind: level for level, kind in KIND_BY_LEVEL.items()}
SHARED_GROUP: Final = "bridge"
UPLINK_FILTER: Final = f"$share/{SHARED_GROUP}/{TOPIC_ROOT}/+/+"
# What goes to the exchange and not to a stream, which a bridge takes by a session of its own.
_REGISTRY_LEVELS: Final = ("birth", "status", "acks")
REGISTRY_FILTERS: Final = tuple(f"$share/{SHARED_GROUP}/{TOPIC_ROOT}/+/{level}" for level in _REGISTRY_LEVELS)


class CommandLevel(Enum):
    """The last level of sensors/{serial}/commands/{level}; equal to the name of the oneof's field."""

    SLEEP = "sleep"
    AWAKE = "awake"
    CHANGE_SAMPLE_FREQUENCY = "change_sample_frequency"
    TRIGGER_ALARM = "trigger_alarm"
    RESEND = "resend"
    IDENTIFY = "identify"
    REBOOT = "reboot"


# Bridges tell each other that they are there (retained).
PRESENCE_FILTER: Final = "bridges/+/presence"


def presence_topic(client_id: str) -> str:
    """Where one bridge says "online" or "leaving"; empty when it is gone."""
    return f"bridges/{client_id}/presence"


# RabbitMQ.
EXCHANGE: Final = "sensor_streaming"
COMMAND_PATTERN: Final = "*.commands.#"  # every command to every sensor
ACK_PATTERN: Final = "*.acks"
REPORT_PATTERN: Final = "*.command_reports"
ALARM_EVENT_PATTERN: Final = "*.alarms.trigger"  # what rules found, as JSON
MACHINE_TRIGGER_PATTERN: Final = "*.alarms.machine"  # of the moment, for who listens
DATA_SUPER_STREAM: Final = "sensor_streaming.data"
LOG_STREAM: Final = "sensor_streaming.logs"
DEAD_STREAM: Final = "sensor_streaming.dead"
QUEUES: Final[dict[str, str]] = {  # quorum queue → the routing keys it is bound to
    "sensor_streaming.birth": "*.birth",
    "sensor_streaming.status": "*.status",
    "sensor_streaming.acks": ACK_PATTERN,
    "sensor_streaming.alarms": ALARM_EVENT_PATTERN,
    "sensor_streaming.commands": COMMAND_PATTERN,  # for the bridges
    "sensor_streaming.command_audit": COMMAND_PATTERN,  # for the database
    "sensor_streaming.command_reports": REPORT_PATTERN,
}
# Headers of a message in a quorum queue.
HEADER_PUBLISHED_MS: Final = "timestamp_in_ms"  # set by RabbitMQ itself (rabbitmq.conf)
HEADER_SERIAL_NUMBER: Final = "x-serial-number"
HEADER_RECEIVED_NS: Final = "x-received-ns"
HEADER_CLIENT: Final = (
    "x-client"  # of a command: from where it was given, e.g. anna@laptop; as the client says
)
HEADER_EVENT: Final = "x-event"  # of an alarm's event: the same where it comes twice
(
    BIRTH_QUEUE,
    STATUS_QUEUE,
    ACK_QUEUE,
    ALARM_QUEUE,
    COMMAND_QUEUE,
    COMMAND_AUDIT_QUEUE,
    COMMAND_REPORT_QUEUE,
) = QUEUES

_REGISTRY_ENDS: Final = tuple(f"/{level}" for level in _REGISTRY_LEVELS)
_LEVELS: Final = frozenset(level.value for level in CommandLevel)
_COMMAND_KEY: Final = re.compile(r"sensor_([^.]*)\.commands\.([a-z_]+)")
_ALARM_KEY: Final = re.compile(r"sensor_([^.]*)\.alarms\.[a-z_]+")

# The seed that RabbitMQ's stream clients agree on, so that any of them finds a sensor's partition.
_MURMUR_SEED: Final = 104729


def check_serial_number(serial_number: str) -> str:
    """Return `serial_number` unchanged; WireError where it is not one."""
    if SERIAL_NUMBER.fullmatch(serial_number) is None:
        raise WireError(
            Reason.BAD_SERIAL_NUMBER,
            f"{serial_number[:64]!r}: a serial number is 1 to 32 letters, digits, _ or -, "
            "and begins with a letter or digit",
        )
    return serial_number


def topic(serial_number: str, kind: Kind) -> str:
    """The topic on which a sensor publishes messages of this kind."""
    return f"{TOPIC_ROOT}/{serial_number}/{LEVEL_BY_KIND[kind]}"


def command_topic(serial_number: str, level: CommandLevel) -> str:
    """The topic on which a sensor is told one kind of command."""
    return f"{TOPIC_ROOT}/{serial_number}/commands/{level.value}"


def command_filter(serial_number: str) -> str:
    """What a sensor subscribes to."""
    return f"{TOPIC_ROOT}/{serial_number}/commands/+"


def parse_topic(topic: str) -> tuple[str, Kind]:
    """The serial number and kind of an uplink topic; WireError where it is none."""
    levels = topic.split("/")
    if len(levels) != 3 or levels[0] != TOPIC_ROOT or levels[2] not in KIND_BY_LEVEL:
        raise WireError(Reason.UNKNOWN_TOPIC, topic[:200])
    return check_serial_number(levels[1]), KIND_BY_LEVEL[levels[2]]


def for_registry(topic: str) -> bool:
    """Whether one of REGISTRY_FILTERS matches this uplink topic, too."""
    return topic.endswith(_REGISTRY_ENDS)


def routing_key(serial_number: str, suffix: str) -> str:
    """The routing key on the exchange, e.g. sensor_SN1.birth, sensor_SN1.commands.sleep."""
    return f"sensor_{serial_number}.{suffix}"


def command_routing_key(serial_number: str, level: CommandLevel) -> str:
    """The routing key of one kind of command to one sensor."""
    return routing_key(serial_number, f"commands.{level.value}")


def report_routing_key(serial_number: str) -> str:
    """The routing key of what a bridge reports of a sensor's commands."""
    return routing_key(serial_number, "command_reports")


def alarm_event_routing_key(serial_number: str) -> str:
    """The routing key of what happens to a sensor's alarms."""
    return routing_key(serial_number, "alarms.trigger")


def machine_trigger_routing_key(serial_number: str) -> str:
    """The routing key of what machine controllers are told of a sensor."""
    return routing_key(serial_number, "alarms.machine")


def alarm_serial_number(key: str) -> str:
    """The sensor that one of these two is about; "" where it is none."""
    match = _ALARM_KEY.fullmatch(key)
    return match[1] if match is not None and SERIAL_NUMBER.fullmatch(match[1]) else ""


def parse_command_routing_key(key: str) -> tuple[str, CommandLevel]:
    """The sensor and the kind of command; WireError where it is none."""
    match = _COMMAND_KEY.fullmatch(key)
    if match is None or match[2] not in _LEVELS:
        raise WireError(Reason.BAD_COMMAND, f"routing key {key[:200]!r} is that of no command")
    return check_serial_number(match[1]), CommandLevel(match[2])


def addressee(key: str) -> str:
    """The sensor that a command's routing key names, also where the command is an unknown one; "" where it is none."""
    first, _, rest = key.partition(".")
    serial_number = first.removeprefix("sensor_")
    named = first.startswith("sensor_") and rest.startswith("commands.")
    return serial_number if named and SERIAL_NUMBER.fullmatch(serial_number) else ""


def partition_of(serial_number: str, partitions: int) -> int:
    """The partition (0 … partitions - 1) that holds a sensor's measurements, in order."""
    return mmh3.hash(serial_number, _MURMUR_SEED, signed=False) % partitions


def partition_stream(partition: int) -> str:
    """The stream behind one partition of the measurement super stream."""
    return f"{DATA_SUPER_STREAM}-{partition}"
