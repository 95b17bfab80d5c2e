"""From what was said on the command line to orders, all checked before the first is sent. Pure."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from psycopg.rows import DictRow

from ctl.errors import USAGE, CtlError
from runtime.commanding import Order
from wire.commands import check, new_command
from wire.errors import WireError
from wire.names import CommandLevel


def build(
    sensors: Sequence[DictRow],
    level: CommandLevel,
    fields: dict[str, Any],
    *,
    expires_s: float,
    now_ns: Callable[[], int] = time.time_ns,
) -> list[Order]:
    """One order for each sensor (rows of sensor_overview). CtlError (usage) where one of them could not apply it."""
    return [order(sensor, level, fields, expires_s=expires_s, now_ns=now_ns) for sensor in sensors]


def order(
    sensor: DictRow,
    level: CommandLevel,
    fields: dict[str, Any],
    *,
    expires_s: float,
    now_ns: Callable[[], int] = time.time_ns,
) -> Order:
    """One order. CtlError (usage) where the sensor could not apply it."""
    serial_number: str = sensor["serial_number"]
    try:
        command = new_command(level, fields, now_ns(), expires_s)
        check(command, sensor["maximum_sample_frequency_hz"])
    except WireError as error:
        raise CtlError(f"{serial_number}: {error.detail}; nothing was sent", USAGE) from error
    return Order(serial_number, level, command)
