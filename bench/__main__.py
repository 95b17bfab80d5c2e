"""`python -m bench`: what the whole chain sustains on this machine, and what a message costs."""

import json
import os
import platform
import sys
import time
from pathlib import Path

import click
from rich.console import Console

from bench import alarms as judged
from bench import commands as told
from bench import web as looked
from bench.measure import case
from bench.pipeline import PROCESSES, chain
from bench.report import Case, costs, memory, rates
from stack.errors import StackError

FIRST_RATES = {1: 10_000.0, 10: 10_000.0, 100: 5_000.0, 1_000: 1_500.0}

console = Console()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--samples",
    "sizes",
    multiple=True,
    type=click.IntRange(0, 65_536),
    help="Samples in a message; may be repeated; 0: none [default: 1, 10, 100, 1000].",
)
@click.option(
    "--seconds",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=1),
    help="Length of each measurement.",
)
@click.option(
    "--cores", default=2, show_default=True, type=click.IntRange(1), help="Cores for everything together."
)
@click.option(
    "--commands",
    "sensors",
    default=1_000,
    show_default=True,
    type=click.IntRange(0, 10_000),
    help="Sensors that are sent a command at once; 0: none.",
)
@click.option(
    "--alarms",
    "judged_sensors",
    default=1_000,
    show_default=True,
    type=click.IntRange(0, 10_000),
    help="Sensors at 1 kHz that are judged by three rules each; 0: none.",
)
@click.option(
    "--viewers",
    default=100,
    show_default=True,
    type=click.IntRange(0, 1_000),
    help="Pages that look at ten sensors live, at 1 kHz and at 25.6 kHz; 0: none.",
)
@click.option(
    "--out",
    default="bench-result.json",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="JSON file with the result.",
)
def main(
    sizes: tuple[int, ...],
    seconds: float,
    cores: int,
    sensors: int,
    judged_sensors: int,
    viewers: int,
    out: Path,
) -> None:
    """Measure the whole chain, emulator to database, everything on this machine and on few cores.

    The rate is raised until the database no longer keeps up; rates depend on the machine, the CPU time of
    a message hardly. Latency is from a batch's last sample to its commit, at a third of the rate.

    \b
    python -m bench
    python -m bench --samples 10 --seconds 5
    python -m bench --samples 0 --commands 0 --alarms 1000 --viewers 0
    python -m bench --samples 0 --commands 0 --alarms 0 --viewers 100
    """
    available = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, available[:cores])
    cases: list[Case] = []
    steering: told.CommandCase | None = None
    judging: judged.AlarmCase | None = None
    looking: list[looked.WebCase] = []
    try:
        with console.status("starting") as status, chain(status.update) as running:
            for size in filter(None, sizes or tuple(FIRST_RATES)):
                known = min(FIRST_RATES, key=lambda other: abs(other - size))
                cases.append(case(running, size, FIRST_RATES[known], seconds, status.update))
            if sensors:
                steering = told.commands(running, sensors, status.update)
            if judged_sensors:
                judging = judged.alarms(running, judged_sensors, seconds, status.update)
            if viewers:
                looking = looked.web(running, viewers, seconds, status.update)
    except StackError as error:
        console.print(f"bench: {error}", style="red")
        sys.exit(1)
    if cases:
        console.print(rates(cases))
        console.print(costs(cases, PROCESSES))
        console.print(memory(cases, PROCESSES))
    if steering is not None:
        console.print(told.table(steering))
    if judging is not None:
        for table in judged.tables(judging):
            console.print(table)
    if looking:
        console.print(looked.table(looking))
    for one in cases:
        console.print(f"{one.samples_per_message:,} samples: {one.limited_by}", style="dim")
    result = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cores": min(cores, len(available)),
        "machine": platform.machine(),
        "cases": [one.as_json() for one in cases],
        "commands": None if steering is None else steering.as_json(),
        "alarms": None if judging is None else judging.as_json(),
        "web": [one.as_json() for one in looking],
    }
    out.write_text(json.dumps(result, indent=2) + "\n")
    console.print(f"written to {out}")


if __name__ == "__main__":
    main()
