"""Commands as they are made: ids in order of time, values checked before anything is sent."""

import math
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctl.errors import USAGE, CtlError
from ctl.order import build
from wire.commands import check, new_command, uuid7
from wire.errors import WireError
from wire.messages import decode_command
from wire.names import CommandLevel

NOW_NS = 1_772_366_400 * 10**9
FREQUENCY = CommandLevel.CHANGE_SAMPLE_FREQUENCY


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_id_is_a_version_7_uuid_of_its_time(now_ns: int) -> None:
    """RFC 9562: the milliseconds are its first 48 bits."""
    one = uuid7(now_ns)
    assert (one.version, one.variant) == (7, uuid.RFC_4122)
    assert one.int >> 80 == now_ns // 10**6 % 2**48
    assert uuid7(now_ns) != one


@pytest.mark.parametrize(
    ("level", "fields"),
    [
        (CommandLevel.SLEEP, {"duration_s": 3600}),
        (CommandLevel.SLEEP, {}),
        (CommandLevel.AWAKE, {}),
        (FREQUENCY, {"sample_frequency_hz": 4000.0}),
        (CommandLevel.IDENTIFY, {}),
        (CommandLevel.REBOOT, {}),
        (CommandLevel.RESEND, {"session": 7, "first_sequence": 3, "last_sequence": 3}),
        (CommandLevel.TRIGGER_ALARM, {"alarm_id": "hot", "severity": 500, "action": "stop"}),
    ],
)
def test_command_is_read_by_the_codec_as_it_was_made(level: CommandLevel, fields: dict[str, Any]) -> None:
    """Also those without a field: the kind alone says it."""
    command = decode_command(new_command(level, fields, NOW_NS, 600).SerializeToString())
    assert command.WhichOneof("command") == level.value
    assert {field.name: value for field, value in getattr(command, level.value).ListFields()} == fields
    assert (command.issued_time_ns, command.expiry_time_ns) == (NOW_NS, NOW_NS + 600 * 10**9)


def test_command_that_never_expires_says_zero() -> None:
    """As the contract has it."""
    assert new_command(CommandLevel.AWAKE, {}, NOW_NS, 0).expiry_time_ns == 0


@pytest.mark.parametrize("frequency", [0.0, -1.0, math.nan, math.inf, -math.inf, 0.009, 4000.1])
def test_frequency_that_the_sensor_cannot_have_is_refused(frequency: float) -> None:
    """Before it is sent."""
    sensor = {"serial_number": "pump-1", "maximum_sample_frequency_hz": 4000.0}
    with pytest.raises(CtlError, match=r"pump-1: .* Hz is not between 0.01 Hz and") as refused:
        build([sensor], FREQUENCY, {"sample_frequency_hz": frequency}, expires_s=600)
    assert refused.value.exit_code == USAGE


def test_one_sensor_that_cannot_stops_all() -> None:
    """Nothing was sent is what it says, and what it does."""
    fleet: list[dict[str, Any]] = [
        {"serial_number": "fast", "maximum_sample_frequency_hz": 26_667.0},
        {"serial_number": "unborn", "maximum_sample_frequency_hz": None},
        {"serial_number": "slow", "maximum_sample_frequency_hz": 100.0},
    ]
    fields = {"sample_frequency_hz": 4000.0}
    with pytest.raises(CtlError, match=r"slow: 4000 Hz .* 100 Hz, its maximum; nothing was sent"):
        build(fleet, FREQUENCY, fields, expires_s=600)
    orders = build(fleet[:2], FREQUENCY, fields, expires_s=600, now_ns=lambda: NOW_NS)
    assert [order.serial_number for order in orders] == ["fast", "unborn"]
    assert len({order.command.id for order in orders}) == 2


@pytest.mark.parametrize(
    ("level", "fields"),
    [
        (CommandLevel.RESEND, {"first_sequence": 5, "last_sequence": 4}),
        (CommandLevel.RESEND, {"first_sequence": -1, "last_sequence": 4}),
        (CommandLevel.RESEND, {"session": 2**32, "first_sequence": 1, "last_sequence": 4}),
        (CommandLevel.SLEEP, {"duration_s": -1}),
        (CommandLevel.SLEEP, {"duration_s": 2**32}),
        (CommandLevel.TRIGGER_ALARM, {"alarm_id": "", "severity": 1}),
        (CommandLevel.TRIGGER_ALARM, {"alarm_id": "hot", "severity": 0}),
        (CommandLevel.TRIGGER_ALARM, {"alarm_id": "hot", "severity": 1001}),
    ],
)
def test_value_that_breaks_the_contract_is_a_wire_error(level: CommandLevel, fields: dict[str, Any]) -> None:
    """Numbers that do not fit their field, too."""
    with pytest.raises(WireError):
        new_command(level, fields, NOW_NS, 600)


@given(st.floats())
def test_check_passes_only_what_a_sensor_applies(frequency: float) -> None:
    """The same bounds as the sensor's own, for any double."""
    command = new_command(FREQUENCY, {"sample_frequency_hz": 1.0}, NOW_NS, 600)
    command.change_sample_frequency.sample_frequency_hz = frequency
    try:
        check(command, 26_667.0)
    except WireError:
        assert not 0.01 <= frequency <= 26_667.0
    else:
        assert 0.01 <= frequency <= 26_667.0


@pytest.mark.parametrize("text", ["x" * 64, "é" * 32, "a\0b"])
def test_alarm_text_that_no_sensor_can_hold_is_refused(text: str) -> None:
    """63 bytes of UTF-8 fit into the firmware's 64."""
    for fields in ({"alarm_id": text}, {"alarm_id": "hot", "action": text}):
        with pytest.raises(WireError, match="at most 63 fit"):
            new_command(CommandLevel.TRIGGER_ALARM, {"severity": 1, **fields}, NOW_NS, 600)
    longest = {"alarm_id": "é" * 31, "action": "x" * 63, "severity": 1}
    new_command(CommandLevel.TRIGGER_ALARM, longest, NOW_NS, 600)


@pytest.mark.parametrize("expires_s", [-1, 1e12, math.inf, math.nan])
def test_expiry_that_no_clock_counts_is_refused(expires_s: float) -> None:
    """A hundred years are enough."""
    with pytest.raises(WireError, match="hundred years"):
        new_command(CommandLevel.AWAKE, {}, NOW_NS, expires_s)
