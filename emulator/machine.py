"""`python -m emulator.machine`: machines and their controller, which stops one when an alarm asks for that."""

import asyncio
import json
import signal
import sys
import time
import uuid
from collections import deque
from pathlib import Path
from typing import Any, Final

import click

from emulator import options
from emulator.machine_client import ClientTls, ControllerDenied, MachineController, Receipt
from emulator.machine_states import Machine
from wire.alarm_pb2 import Outcome, Resolved

_REPORTED: Final = 100_000  # triggers in the report, the newest
_REPORT_INTERVAL_S: Final = 1.0


class Report:
    """What came, as a JSON file for measurements of latency; times in Unix nanoseconds."""

    def __init__(self, path: Path | None, machine: str, targets: tuple[str, ...]) -> None:
        self._path = path
        self._who = {"machine": machine, "targets": list(targets)}
        self._triggers: deque[dict[str, Any]] = deque(maxlen=_REPORTED)
        self._changed = True

    def add(self, receipt: Receipt) -> None:
        """One trigger, each time that it came."""
        trigger, answer = receipt.trigger, receipt.answer
        self._changed = True
        self._triggers.append(
            {
                "id": str(uuid.UUID(bytes=trigger.id)),
                "alarm_id": str(uuid.UUID(bytes=trigger.alarm_id)),
                "target": trigger.target,
                "serial_number": trigger.serial_number,
                "rule": trigger.rule,
                "event_time_ns": trigger.event_time_ns,
                "sent_time_ns": trigger.sent_time_ns,
                "received_ns": receipt.received_ns,
                "attempt": trigger.attempt,
                "repeated": receipt.repeated,
                "outcome": outcome_name(answer.outcome) if answer else None,
                "action_taken": answer.action_taken if answer else "",
            }
        )

    def write(self) -> None:
        """Whole or not at all, where something is new."""
        if self._path is None or not self._changed:
            return
        partial = self._path.with_name(self._path.name + ".partial")
        partial.write_text(json.dumps({**self._who, "triggers": list(self._triggers)}))
        partial.rename(self._path)
        self._changed = False

    async def run(self) -> None:
        """Keep the file up to date, until cancelled."""
        while True:
            self.write()
            await asyncio.sleep(_REPORT_INTERVAL_S)


def outcome_name(outcome: Outcome) -> str:
    """DONE, REFUSED, FAILED."""
    return Outcome.Name(outcome).removeprefix("OUTCOME_")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--server", required=True, metavar="HOST:PORT", help="The alarms service.")
@click.option("--target", "targets", multiple=True, required=True, help="A machine; may be repeated; *: all.")
@click.option("--name", help="Of this controller; TLS: as in its certificate [default: the first target].")
@click.option("--token", envvar="STREAMING_MACHINE_TOKEN", help="Instead of TLS, for development.")
@click.option(
    "--ca", type=options.FILE, help="PEM file: the authority that has signed the service's certificate."
)
@click.option("--certificate", type=options.FILE, help="PEM file: this controller's certificate.")
@click.option("--key", type=options.FILE, help="PEM file: its key.")
@click.option(
    "--run-down", default=3.0, show_default=True, type=options.RUN_DOWN_S, help="Seconds to stand still."
)
@click.option(
    "--restart-after", type=options.RESTART_S, help="Start again after so many seconds [default: never]."
)
@click.option("--maintenance", is_flag=True, help="People work on it: it refuses to be told.")
@click.option("--once", is_flag=True, help="End when the first trigger is answered.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="JSON file with what came, kept up to date.",
)
def main(**chosen: Any) -> None:
    """Be the controller of machines: stop one when an alarm asks for that, and answer with what was done.

    \b
    python -m emulator.machine --server 127.0.0.1:50051 --target "Pump 1"
    python -m emulator.machine --server alarms:50051 --target "Pump 1" --name plc-7 \\
        --ca ca.pem --certificate plc-7.pem --key plc-7.key
    python -m emulator.machine --server 127.0.0.1:50051 --target '*' --token secret --once --report r.json
    """
    tls = _tls(chosen)
    if tls is not None and chosen["token"]:
        raise click.UsageError("TLS, or a token, not both")
    sys.exit(asyncio.run(_run(chosen, tls)))


async def _run(chosen: dict[str, Any], tls: ClientTls | None) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    targets: tuple[str, ...] = chosen["targets"]
    name = chosen["name"] or targets[0]
    machines: dict[str, Machine] = {}

    def machine(target: str) -> Machine:
        if target not in machines:  # of *, as they are heard of
            machines[target] = Machine(
                target, run_down_s=chosen["run_down"], restart_after_s=chosen["restart_after"]
            )
            machines[target].maintenance = chosen["maintenance"]
        return machines[target]

    report = Report(chosen["report"], name, targets)

    def received(receipt: Receipt) -> None:
        report.add(receipt)
        _say(receipt)
        if chosen["once"]:
            stop.set()

    controller = MachineController(
        chosen["server"],
        name,
        targets,
        lambda trigger: machine(trigger.target).act(trigger.action, time.monotonic()),
        tls=tls,
        token=chosen["token"],
        on_receipt=received,
        on_resolved=_say_resolved,
        on_change=click.echo,
    )
    reporting = asyncio.create_task(report.run(), name="report")
    try:
        await controller.run(stop)
    except (ControllerDenied, OSError) as error:
        click.echo(str(error), err=True)
        return 1
    finally:
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)
        report.write()
        for one in machines.values():
            click.echo(f"{one.name} is {one.state(time.monotonic())}")
    return 0


def _say(receipt: Receipt) -> None:
    trigger, answer = receipt.trigger, receipt.answer
    after_ms = (receipt.received_ns - trigger.event_time_ns) / 1e6
    done = f"{outcome_name(answer.outcome)}: {answer.action_taken}" if answer else "not ours"
    again = " (again)" if receipt.repeated else ""
    click.echo(f"{trigger.action}{again}: {trigger.message} [{trigger.rule}, {after_ms:.0f} ms ago]. {done}")


def _say_resolved(resolved: Resolved) -> None:
    click.echo(f"alarm {uuid.UUID(bytes=resolved.alarm_id)} is over: {resolved.target} may be started again")


def _tls(chosen: dict[str, Any]) -> ClientTls | None:
    given = [chosen[name] for name in ("ca", "certificate", "key")]
    if not any(given):
        return None
    if not all(given):
        raise click.UsageError("TLS needs --ca, --certificate and --key")
    return ClientTls(*given)


if __name__ == "__main__":
    main()
