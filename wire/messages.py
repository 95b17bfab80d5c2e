"""Birth, Status, Log, Command and CommandAck: bytes become a checked message or one WireError."""

import math
from typing import Any, Protocol, TypeVar

from google.protobuf.message import DecodeError

from wire import limits, names
from wire.errors import Reason, WireError
from wire.relay_pb2 import CommandReport, Step
from wire.sensor_pb2 import Birth, Command, CommandAck, Log, State, Status


class _Message(Protocol):
    @classmethod
    def FromString(cls, s: bytes, /) -> Any: ...  # noqa: N802  # protobuf's name


M = TypeVar("M", bound=_Message)


def _parse(kind: type[M], payload: bytes) -> M:
    if len(payload) > limits.MAXIMUM_MESSAGE_BYTES:
        raise WireError(
            Reason.TOO_LARGE, f"{len(payload)} bytes; at most {limits.MAXIMUM_MESSAGE_BYTES} are accepted"
        )
    try:
        message: M = kind.FromString(payload)
    except DecodeError as error:
        raise WireError(Reason.MALFORMED, f"{len(payload)} bytes are no {kind.__name__}") from error
    return message


def _check_text(**texts: str) -> None:
    for name, text in texts.items():
        # PostgreSQL's text cannot hold NUL
        if len(text) > limits.MAXIMUM_TEXT or "\0" in text:
            raise WireError(Reason.BAD_TEXT, f"{name}: over {limits.MAXIMUM_TEXT} characters, or a NUL in it")


def _check_frequency(frequency: float, *, zero_is_unknown: bool = False) -> None:
    if zero_is_unknown and frequency == 0:
        return
    if not limits.MINIMUM_SAMPLE_FREQUENCY_HZ <= frequency <= limits.MAXIMUM_SAMPLE_FREQUENCY_HZ:
        raise WireError(Reason.BAD_SAMPLE_FREQUENCY, f"{frequency} Hz")


def _check_time(name: str, time_ns: int, *, zero_is_unknown: bool = True) -> None:
    # 2262 is where 64 bits of nanoseconds end; these times are informative, so only nonsense is refused
    if time_ns < 0 or (time_ns == 0 and not zero_is_unknown):
        raise WireError(Reason.BAD_TIME, f"{name} {time_ns}")


def _check_sequence(name: str, sequence: int) -> None:
    if sequence > limits.MAXIMUM_SEQUENCE:
        raise WireError(Reason.BAD_SEQUENCE, f"{name} {sequence}")


def decode_birth(payload: bytes, serial_number: str) -> Birth:
    """A checked Birth; `serial_number` is the topic's, which the payload must repeat (or leave empty)."""
    birth = _parse(Birth, payload)
    if birth.serial_number not in ("", serial_number):
        raise WireError(
            Reason.BAD_SERIAL_NUMBER, f"{serial_number} published the birth of {birth.serial_number[:64]!r}"
        )
    _check_text(
        hardware=birth.hardware, firmware_version=birth.firmware_version, sensor_type=birth.sensor_type
    )
    if len(birth.channels) > limits.MAXIMUM_CHANNELS:
        raise WireError(Reason.BAD_CHANNELS, f"{len(birth.channels)} channels")
    indices = [channel.index for channel in birth.channels]
    if len(set(indices)) != len(indices) or max(indices, default=0) > limits.MAXIMUM_CHANNEL_INDEX:
        raise WireError(Reason.BAD_CHANNELS, f"channel indices {indices}")
    for channel in birth.channels:
        _check_text(name=channel.name, quantity=channel.quantity, unit=channel.unit)
        if math.isnan(channel.minimum) or math.isnan(channel.maximum):
            raise WireError(Reason.NOT_FINITE, f"measuring range of channel {channel.index}")
    _check_frequency(birth.sample_frequency_hz)
    _check_frequency(birth.maximum_sample_frequency_hz, zero_is_unknown=True)
    _check_state(birth.state)
    _check_time("time_ns", birth.time_ns)
    if birth.HasField("position") and (
        abs(birth.position.latitude_e7) > 90e7 or abs(birth.position.longitude_e7) > 180e7
    ):
        raise WireError(Reason.BAD_POSITION, "latitude or longitude out of range")
    return birth


def _check_state(state: int) -> None:
    if state not in (State.STATE_AWAKE, State.STATE_ASLEEP, State.STATE_OFFLINE):
        raise WireError(Reason.BAD_STATE, f"state {state}")


def decode_status(payload: bytes) -> Status:
    """A checked Status; its frequency may be 0 (unknown) in a last will."""
    status = _parse(Status, payload)
    _check_state(status.state)
    _check_frequency(status.sample_frequency_hz, zero_is_unknown=True)
    _check_time("time_ns", status.time_ns)
    _check_sequence("last_sequence", status.last_sequence)
    _check_sequence("oldest_buffered_sequence", status.oldest_buffered_sequence)
    if status.uptime_ms > limits.MAXIMUM_SEQUENCE:
        raise WireError(Reason.BAD_TIME, f"uptime_ms {status.uptime_ms}")
    if status.HasField("battery_percent") and not 0 <= status.battery_percent <= 100:
        raise WireError(Reason.NOT_FINITE, f"battery_percent {status.battery_percent}")
    return status


def decode_log(payload: bytes, now_ns: int) -> Log:
    """A checked Log: a known level, a sane time."""
    log = _parse(Log, payload)
    _check_text(logger=log.logger)
    if "\0" in log.message or len(log.message) > 4096:
        raise WireError(Reason.BAD_TEXT, "message: over 4096 characters, or a NUL in it")
    if not limits.MINIMUM_TIME_NS <= log.time_ns <= now_ns + limits.MAXIMUM_CLOCK_AHEAD_NS:
        raise WireError(Reason.BAD_TIME, f"time_ns {log.time_ns}")
    if not 0 <= log.level <= 5:
        raise WireError(Reason.BAD_STATE, f"level {log.level}")
    return log


def decode_command(payload: bytes) -> Command:
    """A checked Command: a 16-byte id and exactly one known command; values are the sensor's to judge."""
    command = _parse(Command, payload)
    if len(command.id) != 16:
        raise WireError(Reason.BAD_COMMAND, f"an id of {len(command.id)} bytes; it is a UUID of 16")
    if command.WhichOneof("command") is None:
        raise WireError(Reason.BAD_COMMAND, "no command, or one this version does not know")
    _check_time("issued_time_ns", command.issued_time_ns)
    _check_time("expiry_time_ns", command.expiry_time_ns)
    alarm = command.trigger_alarm
    _check_text(alarm_id=alarm.alarm_id, action=alarm.action)
    if max(len(alarm.alarm_id.encode()), len(alarm.action.encode())) > limits.MAXIMUM_COMMAND_TEXT_BYTES:
        raise WireError(Reason.BAD_TEXT, f"an alarm's text of over {limits.MAXIMUM_COMMAND_TEXT_BYTES} bytes")
    return command


def decode_command_of(routing_key: str, payload: bytes) -> tuple[str, names.CommandLevel, Command]:
    """The sensor that a command is for, its kind, and the command. WireError where they do not belong together."""
    serial_number, level = names.parse_command_routing_key(routing_key)
    command = decode_command(payload)
    if command.WhichOneof("command") != level.value:
        raise WireError(Reason.BAD_COMMAND, f"{command.WhichOneof('command')} sent as {level.value}")
    return serial_number, level, command


def decode_report(payload: bytes) -> CommandReport:
    """A checked CommandReport."""
    report = _parse(CommandReport, payload)
    if len(report.command_id) != 16:
        raise WireError(Reason.BAD_COMMAND, f"an id of {len(report.command_id)} bytes; it is a UUID of 16")
    if report.step not in (Step.STEP_SENT, Step.STEP_UNREACHABLE, Step.STEP_EXPIRED):
        raise WireError(Reason.BAD_COMMAND, f"step {report.step}")
    _check_text(reason=report.reason)
    _check_time("time_ns", report.time_ns, zero_is_unknown=False)
    return report


def decode_ack(payload: bytes) -> CommandAck:
    """A checked CommandAck."""
    ack = _parse(CommandAck, payload)
    if len(ack.command_id) != 16:
        raise WireError(Reason.BAD_COMMAND, f"an id of {len(ack.command_id)} bytes; it is a UUID of 16")
    if not 1 <= ack.outcome <= 4:
        raise WireError(Reason.BAD_COMMAND, f"outcome {ack.outcome}")
    _check_text(reason=ack.reason)
    _check_state(ack.state)
    _check_frequency(ack.sample_frequency_hz, zero_is_unknown=True)
    _check_time("time_ns", ack.time_ns)
    return ack
