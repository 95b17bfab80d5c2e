"""`iotctl sleep`, `awake`, `change-sample-frequency` and the others: to one sensor or many, and what came of it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from psycopg.rows import DictRow
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ctl.context import Operator, output_option, pass_operator
from ctl.durations import DURATION, show_duration
from ctl.errors import FAILED, NO_ANSWER, UNREACHABLE, USAGE, CtlError
from ctl.order import build, order
from ctl.output import Column, Form, frequency, print_rows, seconds
from ctl.select import Selection, choose, selection_options
from ctl.send import ANSWERED, Fate, Order, Sending, send
from ctl.send import FAILED as FAILED_STATUSES
from wire.commands import MAXIMUM_SEVERITY, MAXIMUM_SLEEP_S, MINIMUM_SAMPLE_FREQUENCY_HZ
from wire.names import CommandLevel

F = TypeVar("F", bound=Callable[..., Any])
_LISTED = 20  # more outcomes than that are summed up on a terminal
_MOST_RANGES = 20  # of missing sequences, a sensor; beyond that everything between them is asked for

COLUMNS = (
    Column("serial_number", "SENSOR"),
    Column("status", "OUTCOME"),
    Column("after_s", "AFTER", seconds, right=True),
    Column("state", "STATE"),
    Column("sample_frequency_hz", "FREQUENCY", frequency, right=True),
    Column("reason", "REASON"),
    Column("id", "ID", wide=True),
)


def command_options(command: F) -> F:
    """What all commands share: who is meant, when it expires, whether to wait."""
    for decorator in reversed(
        (
            selection_options,
            click.option(
                "--expires",
                type=DURATION,
                default="10m",
                show_default=True,
                help="A sensor that hears it later does not apply it; 0: never expires.",
            ),
            click.option(
                "--wait/--no-wait", default=True, show_default=True, help="Wait for the sensors' answers."
            ),
            click.option(
                "--timeout", type=DURATION, default="10s", show_default=True, help="How long to wait."
            ),
            click.option("--yes", "-y", is_flag=True, help="Do not ask, however many sensors are chosen."),
            output_option,
            pass_operator,
        )
    ):
        command = decorator(command)
    return command


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
    steer(operator, CommandLevel.SLEEP, {"duration_s": round(duration)}, **chosen)


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
            raise click.UsageError(f"which frequency? --to HZ, at least {MINIMUM_SAMPLE_FREQUENCY_HZ:g}")
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


@click.command()
@click.option("--session", type=int, help="Of which session [default: the present one].")
@click.option("--first", type=int, help="First sequence.")
@click.option("--last", type=int, help="Last sequence, inclusive [default: as --first].")
@command_options
def resend(
    operator: Operator, session: int | None, first: int | None, last: int | None, **chosen: Any
) -> None:
    """Publish batches again that are missing in the database; what is there already is not written twice.

    Without --first, whatever is missing and still in the sensor's ring buffer is asked for.

    \b
    iotctl resend pump-0002
    iotctl resend --all
    iotctl resend pump-0002 --first 1200 --last 1260
    """
    sensors, options = _chosen(operator, chosen)
    if first is None:
        if session is not None or last is not None:
            raise CtlError("--session and --last need --first", USAGE)
        ranges = [(sensor, found) for sensor in sensors for found in _missing(operator, sensor)]
        if not ranges:
            click.echo("nothing is missing that a sensor could send again", err=True)
            return
    else:
        ranges = [(sensor, _range(sensor, session, first, last)) for sensor in sensors]
    orders = [order(sensor, CommandLevel.RESEND, one, expires_s=options["expires"]) for sensor, one in ranges]
    _confirm(operator, CommandLevel.RESEND, len(sensors), options)
    _carry_out(operator, orders, options)


def _range(sensor: DictRow, session: int | None, first: int, last: int | None) -> dict[str, int]:
    of = sensor["session"] if session is None else session
    if of is None:
        raise CtlError(f"{sensor['serial_number']} has not said its session: --session", USAGE)
    return {"session": of, "first_sequence": first, "last_sequence": first if last is None else last}


def _missing(operator: Operator, sensor: DictRow) -> list[dict[str, int]]:
    found = [dict(row) for row in operator.rows("missing_ranges", {"serial_number": sensor["serial_number"]})]
    if len(found) > _MOST_RANGES:
        found = [{**found[0], "last_sequence": found[-1]["last_sequence"]}]
    return found


def steer(operator: Operator, level: CommandLevel, fields: dict[str, Any], **chosen: Any) -> None:
    """Choose, check, ask, send, wait, print; ends with the exit code that says what came of it."""
    sensors, options = _chosen(operator, chosen)
    orders = build(sensors, level, fields, expires_s=options["expires"])
    _confirm(operator, level, len(sensors), options)
    _carry_out(operator, orders, options)


def _chosen(operator: Operator, given: dict[str, Any]) -> tuple[list[DictRow], dict[str, Any]]:
    selection = Selection(**{name: given.pop(name) for name in Selection._fields})
    if given["expires"] < 0 or given["timeout"] <= 0:
        raise CtlError("--expires and --timeout are positive durations", USAGE)
    return choose(operator, selection), {**given, "explicit": bool(selection.serial_numbers)}


def _confirm(operator: Operator, level: CommandLevel, sensors: int, options: dict[str, Any]) -> None:
    """Ask a person before many are told; a script that chose by a filter has meant it."""
    if options["explicit"] or options["yes"] or not operator.err.is_terminal:
        return
    click.confirm(f"{level.value.replace('_', ' ')}: {sensors} sensors?", abort=True, err=True)


def _carry_out(operator: Operator, orders: Sequence[Order], options: dict[str, Any]) -> None:
    wait_s = options["timeout"] if options["wait"] else 0.0
    sending = _send(operator, orders, wait_s)
    _show(operator, sending.fates, options["form"])
    if sending.error is not None:
        raise CtlError(
            f"{sending.error}; whatever reached RabbitMQ goes on: iotctl commands tells what comes of it",
            UNREACHABLE,
        )
    statuses = Counter(fate.status for fate in sending.fates)
    failed = sum(statuses[status] for status in FAILED_STATUSES)
    unanswered = len(orders) - sum(statuses[status] for status in ANSWERED)
    if failed:
        raise click.exceptions.Exit(FAILED)
    if wait_s and unanswered:
        expiry = f"within {show_duration(options['expires'])}" if options["expires"] else "whenever that is"
        raise CtlError(
            f"{unanswered} of {len(orders)} not answered within {show_duration(wait_s)}; a sensor that comes back "
            f"{expiry} still applies it: iotctl commands tells what comes of it",
            NO_ANSWER,
        )


def _send(operator: Operator, orders: Sequence[Order], wait_s: float) -> Sending:
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=operator.err,
        transient=True,
        disable=not operator.err.is_terminal or len(orders) < 2,
    )
    with bar:
        task = bar.add_task("answered" if wait_s else "queued", total=len(orders))
        counted: set[bytes] = set()

        def on_change(fate: Fate) -> None:
            if fate.order.command.id not in counted and (not wait_s or fate.status in ANSWERED):
                counted.add(fate.order.command.id)
                bar.advance(task)

        try:
            return asyncio.run(send(operator.settings, orders, wait_s=wait_s, on_change=on_change))
        except KeyboardInterrupt:
            bar.stop()
            click.echo("interrupted; what was sent goes on: iotctl commands tells what comes of it", err=True)
            raise


def _show(operator: Operator, fates: Sequence[Fate], form: Form) -> None:
    rows = [
        {
            "serial_number": fate.order.serial_number,
            "status": fate.status,
            "after_s": fate.after_s,
            "state": fate.state,
            "sample_frequency_hz": fate.sample_frequency_hz,
            "reason": fate.reason,
            "id": fate.id,
        }
        for fate in fates
    ]
    if form == "auto" and operator.out.is_terminal and len(rows) > _LISTED:
        _sum_up(operator, fates)
        rows = [row for row in rows if row["status"] in FAILED_STATUSES][:_LISTED]
    print_rows(rows, COLUMNS, form, console=operator.out)


def _sum_up(operator: Operator, fates: Sequence[Fate]) -> None:
    columns = (
        Column("status", "OUTCOME"),
        Column("count", "SENSORS", right=True),
        Column("median", "MEDIAN", seconds, right=True),
        Column("slowest", "SLOWEST", seconds, right=True),
    )
    rows = []
    for status, count in Counter(fate.status for fate in fates).most_common():
        after = sorted(fate.after_s for fate in fates if fate.status == status and fate.after_s is not None)
        rows.append(
            {
                "status": status,
                "count": count,
                "median": after[len(after) // 2] if after else None,
                "slowest": after[-1] if after else None,
            }
        )
    print_rows(rows, columns, "auto", console=operator.out)
