"""What all commands to sensors share: their options, a question before many are told, progress, the exit code."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import click
from psycopg.rows import DictRow
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ctl.context import Operator, output_option, pass_operator
from ctl.durations import DURATION, show_duration
from ctl.errors import FAILED, FORBIDDEN, NO_ANSWER, UNREACHABLE, USAGE, CtlError
from ctl.outcome import print_outcome
from ctl.output import Form
from ctl.select import Selection, choose, selection_options
from ctl.whoami import whoami
from runtime.amqp_errors import AmqpError
from runtime.commanding import ANSWERED, Fate, Order, Sending, send
from runtime.commanding import FAILED as FAILED_STATUSES
from wire.names import CommandLevel

_ACCESS_REFUSED = 403
F = TypeVar("F", bound=Callable[..., Any])


class Options(NamedTuple):
    """How a command is to be given; `explicit`: its sensors were named, not chosen by a filter."""

    expires: float
    wait: bool
    timeout: float
    yes: bool
    form: Form
    explicit: bool


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


def chosen_sensors(operator: Operator, given: dict[str, Any]) -> tuple[list[DictRow], Options]:
    """The sensors that the options mean, and the options that are left. CtlError where that is nobody."""
    selection = Selection(**{name: given.pop(name) for name in Selection._fields})
    if given["expires"] < 0 or given["timeout"] <= 0:
        raise CtlError("--expires and --timeout are positive durations", USAGE)
    return choose(operator, selection), Options(**given, explicit=bool(selection.serial_numbers))


def confirm(operator: Operator, level: CommandLevel, sensors: int, options: Options) -> None:
    """Ask before sensors are told that were chosen by a filter and not by name."""
    question = f"{level.value.replace('_', ' ')}: {sensors} sensor{'s' if sensors != 1 else ''}?"
    operator.confirm(question, yes=options.yes or options.explicit)


def carry_out(operator: Operator, orders: Sequence[Order], options: Options) -> None:
    """Send, wait, print; ends with the exit code that says what came of it."""
    wait_s = options.timeout if options.wait else 0.0
    sending = _send(operator, orders, wait_s)
    print_outcome(sending.fates, options.form, console=operator.out)
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
        expiry = f"within {show_duration(options.expires)}" if options.expires else "whenever that is"
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
            return asyncio.run(
                send(operator.settings, orders, client=whoami(), wait_s=wait_s, on_change=on_change)
            )
        except AmqpError as error:
            if error.code != _ACCESS_REFUSED or "ACCESS_REFUSED" not in str(
                error
            ):  # a wrong password says it itself
                raise
            user = operator.settings.rabbitmq_username
            raise CtlError(f"RabbitMQ's user {user!r} may not give commands ({error})", FORBIDDEN) from error
        except KeyboardInterrupt:
            bar.stop()
            click.echo("interrupted; what was sent goes on: iotctl commands tells what comes of it", err=True)
            raise
