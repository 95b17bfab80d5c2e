"""Commands as whoever steers sensors makes them: an id, a time, an expiry, checked before they are sent.

A sensor checks the same again: it alone knows its limits for certain, and anybody may publish.
"""

import math
import secrets
import uuid
from typing import Any, Final

from wire.errors import Reason, WireError
from wire.limits import MAXIMUM_ALARM_TEXT_BYTES
from wire.names import CommandLevel
from wire.sensor_pb2 import Command, Resend, TriggerAlarm

MINIMUM_COMMANDED_FREQUENCY_HZ: Final = 0.01
LONGEST_EXPIRY_S: Final = 100 * 365.25 * 86_400.0
MAXIMUM_SLEEP_S: Final = 2**32 - 1
MAXIMUM_SEVERITY: Final = 1000  # as OPC UA counts them: 1 to 1000


def uuid7(now_ns: int) -> uuid.UUID:
    """A time-ordered id: 48 bits of Unix milliseconds and 74 random ones (RFC 9562, version 7)."""
    value = (now_ns // 1_000_000 & 0xFFFF_FFFF_FFFF) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def new_command(
    level: CommandLevel,
    fields: dict[str, Any],
    now_ns: int,
    expires_s: float,
    identity: bytes | None = None,
) -> Command:
    """A command of this kind with these fields, issued now; `expires_s` 0: it never expires.

    `identity`: 16 bytes, for what may be given twice and is to be applied once; without it a new one.
    WireError where a field does not fit the contract (see `check`).
    """
    if not 0 <= expires_s <= LONGEST_EXPIRY_S:
        raise WireError(Reason.BAD_COMMAND, f"an expiry in {expires_s:g} s: at most a hundred years")
    command = Command(
        id=uuid7(now_ns).bytes if identity is None else uuid.UUID(bytes=identity).bytes,
        issued_time_ns=now_ns,
        expiry_time_ns=now_ns + round(expires_s * 1e9) if expires_s else 0,
    )
    part = getattr(command, level.value)
    part.SetInParent()
    for name, value in fields.items():
        try:
            setattr(part, name, value)
        except (ValueError, TypeError) as error:  # beyond 32 bits, for one
            raise WireError(Reason.BAD_COMMAND, f"{name} {value!r}: {error}") from error
    check(command)
    return command


def check(command: Command, maximum_sample_frequency_hz: float | None = None) -> None:
    """WireError where no sensor could apply it, or not one of this maximum sample frequency."""
    name = command.WhichOneof("command")
    if name == CommandLevel.CHANGE_SAMPLE_FREQUENCY.value:
        frequency = command.change_sample_frequency.sample_frequency_hz
        maximum = maximum_sample_frequency_hz or math.inf
        if not MINIMUM_COMMANDED_FREQUENCY_HZ <= frequency <= maximum or math.isinf(
            frequency
        ):  # NaN fails, too
            most = f"{maximum:g} Hz, its maximum" if maximum < math.inf else "the sensor's maximum"
            raise WireError(
                Reason.BAD_COMMAND,
                f"{frequency:g} Hz is not between {MINIMUM_COMMANDED_FREQUENCY_HZ:g} Hz and {most}",
            )
    elif name == CommandLevel.RESEND.value:
        _check_resend(command.resend)
    elif name == CommandLevel.TRIGGER_ALARM.value:
        _check_trigger(command.trigger_alarm)


def _check_resend(resend: Resend) -> None:
    if resend.last_sequence < resend.first_sequence:
        raise WireError(
            Reason.BAD_COMMAND,
            f"last sequence {resend.last_sequence} is before first sequence {resend.first_sequence}",
        )


def _check_trigger(trigger: TriggerAlarm) -> None:
    if not trigger.alarm_id:
        raise WireError(Reason.BAD_COMMAND, "an alarm needs an id")
    for name, text in (("alarm id", trigger.alarm_id), ("action", trigger.action)):
        size = len(text.encode())
        if size > MAXIMUM_ALARM_TEXT_BYTES or "\0" in text:
            raise WireError(
                Reason.BAD_COMMAND,
                f"the {name} has {size} bytes; at most {MAXIMUM_ALARM_TEXT_BYTES} fit, and none of them 0",
            )
    if not 1 <= trigger.severity <= MAXIMUM_SEVERITY:
        raise WireError(
            Reason.BAD_COMMAND, f"severity {trigger.severity} is not between 1 and {MAXIMUM_SEVERITY}"
        )
