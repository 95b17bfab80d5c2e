"""`iotctl sleep`, `awake`, `change-sample-frequency` and the others: one command to one sensor or many."""

import math
from typing import Any

import click

from ctl.carry_out import carry_out, chosen_sensors, command_options, confirm
from ctl.context import Operator
from ctl.durations import DURATION
from ctl.order import build
from wire.commands import MAXIMUM_SEVERITY, MAXIMUM_SLEEP_S, MINIMUM_COMMANDED_FREQUENCY_HZ
from wire.names import CommandLevel


@click.command()
@command_options
@click.option(
    "--for", "duration", type=DURATION, default=0, help="Wake by itself after this [default: never]."
)
def sleep(operator: Operator, duration: float, **chosen: Any) -> None:
    """Stop measuring. A sensor that sleeps stays connected, and hears `awake`.

    \b
    iotctl sleep pump-0002                        until iotctl awake
    iotctl sleep pump-0002 pump-0003 --for 8h     until tomorrow
    iotctl sleep --target "Pump house"            every sensor of a machine
    iotctl sleep --match 'pump-*' --yes           without being asked
    """
    if not 0 <= duration <= MAXIMUM_SLEEP_S:
        raise click.BadParameter(f"between 1 and {MAXIMUM_SLEEP_S} seconds", param_hint="--for")
    steer(operator, CommandLevel.SLEEP, {"duration_s": math.ceil(duration)}, **chosen)


@click.command()
@command_options
def awake(operator: Operator, **chosen: Any) -> None:
    """Measure again.

    \b
    iotctl awake pump-0002
    iotctl awake --all --state ASLEEP
    """
    steer(operator, CommandLevel.AWAKE, {}, **chosen)


@click.command(name="change-sample-frequency")
@click.option(
    "--to",
    "frequency_hz",
    type=float,
    metavar="HZ",
    help="The new sample frequency; without it, the last argument is it.",
)
@command_options
def change_sample_frequency(
    operator: Operator, frequency_hz: float | None, serial_numbers: tuple[str, ...], **chosen: Any
) -> None:
    """Measure at another sample frequency, in Hz: 0.01 up to what the sensor has declared.

    \b
    iotctl change-sample-frequency pump-0002 4000
    iotctl change-sample-frequency pump-0002 pump-0003 --to 4000
    iotctl change-sample-frequency --type vibration --to 25600 --expires 1h
    """
    if frequency_hz is None:
        if not serial_numbers:
            raise click.UsageError(f"which frequency? --to HZ, at least {MINIMUM_COMMANDED_FREQUENCY_HZ:g}")
        *sensors, last = serial_numbers
        try:
            frequency_hz, serial_numbers = float(last), tuple(sensors)
        except ValueError as error:
            raise click.UsageError(f"{last!r} is no frequency in Hz: SERIAL... HZ, or --to HZ") from error
    fields = {"sample_frequency_hz": frequency_hz}
    steer(operator, CommandLevel.CHANGE_SAMPLE_FREQUENCY, fields, serial_numbers=serial_numbers, **chosen)


@click.command()
@command_options
def identify(operator: Operator, **chosen: Any) -> None:
    """Blink, where the sensor has a lamp, and log a line: to find it on site.

    \b
    iotctl identify pump-0002
    """
    steer(operator, CommandLevel.IDENTIFY, {}, **chosen)


@click.command()
@command_options
def reboot(operator: Operator, **chosen: Any) -> None:
    """Start anew. State, sample frequency and batches that nobody holds yet survive; a new session begins.

    \b
    iotctl reboot pump-0002
    """
    steer(operator, CommandLevel.REBOOT, {}, **chosen)


@click.command(name="trigger-alarm")
@click.option("--alarm-id", required=True, metavar="ID", help="Which alarm.")
@click.option(
    "--severity",
    type=click.IntRange(1, MAXIMUM_SEVERITY),
    default=500,
    show_default=True,
    help="1 (information) to 1000 (catastrophe).",
)
@click.option("--action", default="", help="What the sensor shall do, in its own words.")
@command_options
def trigger_alarm(operator: Operator, alarm_id: str, severity: int, action: str, **chosen: Any) -> None:
    """Tell a sensor of an alarm, so that it acts where the machine is.

    \b
    iotctl trigger-alarm pump-0002 --alarm-id overspeed --severity 800 --action stop
    """
    fields = {"alarm_id": alarm_id, "severity": severity, "action": action}
    steer(operator, CommandLevel.TRIGGER_ALARM, fields, **chosen)


def steer(operator: Operator, level: CommandLevel, fields: dict[str, Any], **chosen: Any) -> None:
    """Choose, check, ask, send, wait, print; ends with the exit code that says what came of it."""
    sensors, options = chosen_sensors(operator, chosen)
    orders = build(sensors, level, fields, expires_s=options.expires)
    confirm(operator, level, len(sensors), options)
    carry_out(operator, orders, options)
