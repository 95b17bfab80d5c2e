"""Birth, Status, Log, Command, CommandAck: a checked message or one typed error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import messages
from wire.errors import Reason, WireError
from wire.names import CommandLevel
from wire.relay_pb2 import CommandReport, Step
from wire.sensor_pb2 import (
    Birth,
    ChannelDescription,
    Command,
    CommandAck,
    Log,
    LogLevel,
    Outcome,
    Sleep,
    State,
    Status,
    TriggerAlarm,
)

NOW_NS = 1_800_000_000 * 10**9
BIRTH = Birth(
    serial_number="pump-1",
    session=1,
    sensor_type="vibration",
    sample_frequency_hz=1000,
    state=State.STATE_AWAKE,
    channels=[
        ChannelDescription(index=0, name="x", quantity="acceleration", unit="g", minimum=-16, maximum=16)
    ],
)
STATUS = Status(
    state=State.STATE_ASLEEP, sample_frequency_hz=10, session=1, last_sequence=7, battery_percent=50
)
LOG = Log(time_ns=NOW_NS, level=LogLevel.LOG_LEVEL_INFO, logger="boot", message="hello")
COMMAND = Command(id=b"0123456789abcdef", issued_time_ns=NOW_NS, sleep=Sleep(duration_s=5))
REPORT = CommandReport(
    command_id=b"0123456789abcdef", step=Step.STEP_UNREACHABLE, time_ns=NOW_NS, reason="nobody there"
)
ACK = CommandAck(command_id=b"0123456789abcdef", outcome=Outcome.OUTCOME_APPLIED, state=State.STATE_ASLEEP)


def decode(name: str, payload: bytes) -> object:
    if name == "birth":
        return messages.decode_birth(payload, "pump-1")
    if name == "log":
        return messages.decode_log(payload, NOW_NS)
    return getattr(messages, f"decode_{name}")(payload)


VALID = {"birth": BIRTH, "status": STATUS, "log": LOG, "command": COMMAND, "ack": ACK, "report": REPORT}


@pytest.mark.parametrize("name", VALID)
def test_valid_message_comes_back(name: str) -> None:
    """Nothing is lost."""
    assert decode(name, VALID[name].SerializeToString()) == VALID[name]


@pytest.mark.parametrize("name", VALID)
@given(payload=st.binary(max_size=200))
def test_any_bytes_are_a_message_or_one_typed_error(name: str, payload: bytes) -> None:
    """No other exception ever comes out."""
    try:
        decode(name, payload)
    except WireError as error:
        assert error.reason in Reason


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("birth", {"serial_number": "pump-2"}, Reason.BAD_SERIAL_NUMBER),
        ("birth", {"hardware": "a\0b"}, Reason.BAD_TEXT),
        ("birth", {"firmware_version": "x" * 300}, Reason.BAD_TEXT),
        ("birth", {"sample_frequency_hz": float("nan")}, Reason.BAD_SAMPLE_FREQUENCY),
        ("birth", {"sample_frequency_hz": 0.0}, Reason.BAD_SAMPLE_FREQUENCY),
        ("birth", {"state": 9}, Reason.BAD_STATE),
        ("birth", {"time_ns": -5}, Reason.BAD_TIME),
        ("status", {"state": 0}, Reason.BAD_STATE),
        ("status", {"sample_frequency_hz": -1.0}, Reason.BAD_SAMPLE_FREQUENCY),
        ("status", {"battery_percent": float("nan")}, Reason.NOT_FINITE),
        ("status", {"last_sequence": 2**63}, Reason.BAD_SEQUENCE),
        ("log", {"time_ns": 1000}, Reason.BAD_TIME),
        ("log", {"time_ns": NOW_NS + 2 * 3600 * 10**9}, Reason.BAD_TIME),
        ("log", {"message": "a\0b"}, Reason.BAD_TEXT),
        ("log", {"level": 17}, Reason.BAD_STATE),
        ("command", {"id": b"short"}, Reason.BAD_COMMAND),
        ("command", {"expiry_time_ns": -1}, Reason.BAD_TIME),
        ("report", {"command_id": b""}, Reason.BAD_COMMAND),
        ("report", {"step": 0}, Reason.BAD_COMMAND),
        ("report", {"step": 9}, Reason.BAD_COMMAND),
        ("report", {"time_ns": 0}, Reason.BAD_TIME),
        ("report", {"reason": "a\0b"}, Reason.BAD_TEXT),
        ("ack", {"command_id": b""}, Reason.BAD_COMMAND),
        ("ack", {"outcome": 0}, Reason.BAD_COMMAND),
        ("ack", {"state": 0}, Reason.BAD_STATE),
        ("ack", {"sample_frequency_hz": float("inf")}, Reason.BAD_SAMPLE_FREQUENCY),
    ],
)
def test_field_out_of_bounds_is_refused_with_its_reason(
    name: str, change: dict[str, object], reason: Reason
) -> None:
    """Each bound has its reason."""
    message = type(VALID[name])()
    message.CopyFrom(VALID[name])
    for field, value in change.items():
        setattr(message, field, value)
    with pytest.raises(WireError) as caught:
        decode(name, message.SerializeToString())
    assert caught.value.reason is reason


def test_birth_with_channels_twice_is_refused() -> None:
    """Channel indices are keys."""
    birth = Birth()
    birth.CopyFrom(BIRTH)
    birth.channels.add(index=0, name="y")
    with pytest.raises(WireError, match="channel indices"):
        messages.decode_birth(birth.SerializeToString(), "pump-1")


def test_command_without_command_is_refused() -> None:
    """An empty one, or one of a newer version."""
    with pytest.raises(WireError, match="no command"):
        messages.decode_command(Command(id=b"0123456789abcdef").SerializeToString())


def test_command_of_a_routing_key_says_whom_it_is_for() -> None:
    """The topic's level is the routing key's."""
    serial, level, command = messages.decode_command_of(
        "sensor_pump-1.commands.sleep", COMMAND.SerializeToString()
    )
    assert (serial, level, command) == ("pump-1", CommandLevel.SLEEP, COMMAND)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("sensor_pump-1.commands.reboot", Reason.BAD_COMMAND),
        ("sensor_pump-1.commands.dance", Reason.BAD_COMMAND),
        ("sensor_pump-1.commands.sleep.deeply", Reason.BAD_COMMAND),
        ("sensor_.commands.sleep", Reason.BAD_SERIAL_NUMBER),
    ],
)
def test_command_under_the_wrong_routing_key_is_refused(key: str, reason: Reason) -> None:
    """Sleep is not sent as a reboot."""
    with pytest.raises(WireError) as caught:
        messages.decode_command_of(key, COMMAND.SerializeToString())
    assert caught.value.reason is reason


def test_command_with_text_that_no_database_holds_is_refused() -> None:
    """It would be recorded by nobody."""
    command = Command(id=b"0123456789abcdef", trigger_alarm=TriggerAlarm(alarm_id="a\0b"))
    with pytest.raises(WireError, match="bad_text"):
        messages.decode_command(command.SerializeToString())


@pytest.mark.parametrize("name", ["alarm_id", "action"])
def test_command_with_text_that_no_sensor_reads_is_refused(name: str) -> None:
    """Bytes count: up to 256 of them a sensor reads, to say that they are too many."""
    command = Command(id=b"0123456789abcdef", trigger_alarm=TriggerAlarm(alarm_id="hot"))
    setattr(command.trigger_alarm, name, "é" * 128)
    assert messages.decode_command(command.SerializeToString()) == command
    setattr(command.trigger_alarm, name, "é" * 128 + "x")
    with pytest.raises(WireError, match="bad_text"):
        messages.decode_command(command.SerializeToString())
