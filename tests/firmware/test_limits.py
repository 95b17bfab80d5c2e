"""Bounds that the firmware and the cloud share are the same numbers."""

import math
import re

from emulator import link
from emulator import sensor as emulated
from runtime.mqtt import Options
from stack.servers import REPOSITORY
from tests.firmware.conftest import FIRMWARE
from wire import commands, limits, names

_CONSTANT = re.compile(r"^constexpr \w+ k(\w+) = ([^;]+);", re.MULTILINE)
_OPTION = re.compile(r"^sensor\.v1\.([\w.]+) .*\bmax_(?:size|count):(\d+)", re.MULTILINE)


def constants(header: str) -> dict[str, float]:
    """The constants of a header, each a number or a product of numbers."""
    found = {}
    for name, value in _CONSTANT.findall((FIRMWARE / "lib" / header).read_text()):
        factors = re.sub(r"['ULL]", "", value).split("*")
        found[name] = math.prod(float(factor) for factor in factors)
    return found


LONGEST_SERIAL_NUMBER = 32
SHARED = {
    "MaximumSerialNumber": LONGEST_SERIAL_NUMBER,
    "MaximumSamples": limits.MAXIMUM_SAMPLES,
    "MaximumMessageBytes": limits.MAXIMUM_MESSAGE_BYTES,
    "RememberedCommands": limits.REMEMBERED_COMMANDS,
    "ReceiveMaximum": link.WINDOW,
    "Window": link.WINDOW,
    "MinimumCommandedFrequencyHz": commands.MINIMUM_COMMANDED_FREQUENCY_HZ,
    "MaximumSeverity": commands.MAXIMUM_SEVERITY,
    "MaximumAlarmText": limits.MAXIMUM_ALARM_TEXT_BYTES,
    "MaximumCommandText": limits.MAXIMUM_COMMAND_TEXT_BYTES,
    "StatusIntervalUs": emulated.STATUS_INTERVAL_NS / 1000,
    "RetryUs": link._RETRY_S * 1e6,
    "MinimumTimeNs": limits.MINIMUM_TIME_NS,
    "SessionExpiryS": Options("", 0, client_id="").session_expiry_s,
}


def test_bounds_of_the_firmware_are_those_of_the_cloud() -> None:
    """Every constant of core/limits.h; one that is added has to be given its counterpart here."""
    assert constants("core/include/core/limits.h") == SHARED


def test_serial_number_of_the_longest_kind_is_one() -> None:
    """And one character more is none."""
    assert names.SERIAL_NUMBER.fullmatch("x" * LONGEST_SERIAL_NUMBER)
    assert not names.SERIAL_NUMBER.fullmatch("x" * (LONGEST_SERIAL_NUMBER + 1))


def test_messages_of_the_firmware_have_room_for_what_is_shared() -> None:
    """Fields in static memory: what fits is what the cloud accepts; texts end with a NUL."""
    options = {
        name: int(size) for name, size in _OPTION.findall((REPOSITORY / "proto/sensor.options").read_text())
    }
    channels = constants("hal/include/hal/source.h")["MaximumChannels"]
    assert (
        channels == options["Measurements.channels"] == options["Birth.channels"] == limits.MAXIMUM_CHANNELS
    )
    assert options["Birth.serial_number"] == LONGEST_SERIAL_NUMBER + 1
    alarm = {options["TriggerAlarm.alarm_id"], options["TriggerAlarm.action"]}
    assert alarm == {limits.MAXIMUM_COMMAND_TEXT_BYTES + 1}
    others = set(options.values()) - alarm
    assert max(others) <= limits.MAXIMUM_TEXT
