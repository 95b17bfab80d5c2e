"""Commands to many sensors at once: from the operator's call to each answer, and to the audit in the database."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from rich.table import Table

from bench.pipeline import Chain
from ctl.order import build
from emulator.fleet_plan import Fleet, serial_numbers
from runtime.commanding import Fate, send
from runtime.config import RabbitmqSettings
from stack.errors import StackError
from stack.local import Say
from wire.names import CommandLevel

GOAL_S = 10.0  # until 1,000 sensors have answered
_PREFIX = "told-"


@dataclass(slots=True)
class CommandCase:
    """Seconds since the first publish. The sensors measure as well, in large batches, as sensors do."""

    sensors: int
    sent_s: float
    answered_median_s: float
    answered_s: float
    audited_s: float

    def as_json(self) -> dict[str, Any]:
        """With the goal, for the report file."""
        return {**asdict(self), "goal_answered_s": GOAL_S}


def commands(running: Chain, sensors: int, say: Say) -> CommandCase:
    """One command to each of `sensors` emulated sensors, all at once. StackError where one does not answer."""
    stack = running.stack
    serials = serial_numbers(Fleet(sensors, _PREFIX))
    say(f"making credentials for {sensors} sensors")
    credentials = running.folder / "told.json"
    credentials.write_text(json.dumps(stack.credentials(serials)))
    registry = running.service("ingest-registry", ["ingest", "registry"], "ingest")
    arguments = ["--credentials", str(credentials), "--sensors", str(sensors), "--prefix", _PREFIX]
    fleet = running.service("told", ["emulator", *arguments, "--batch-duration", "30"], "emulator")
    try:
        registry.wait_ready()
        say(f"connecting {sensors} sensors")
        fleet.wait_ready(120)
        with psycopg.connect(**stack.conninfo("readonly"), autocommit=True) as database:  # type: ignore[arg-type]  # keywords of one dict
            _until(database, "SELECT count(*) FROM sensor WHERE sensor_type IS NOT NULL", sensors)
            say(f"one command to each of {sensors} sensors")
            return _measure(stack.environment("operator"), serials, database)
    finally:
        fleet.stop(60)
        registry.stop()


def _measure(
    environment: dict[str, str], serials: Sequence[str], database: psycopg.Connection[tuple[Any, ...]]
) -> CommandCase:
    given = {name.removeprefix("STREAMING_").lower(): value for name, value in environment.items()}
    settings = RabbitmqSettings.model_validate(given)
    fleet = [{"serial_number": serial, "maximum_sample_frequency_hz": None} for serial in serials]
    orders = build(fleet, CommandLevel.IDENTIFY, {}, expires_s=600)
    sent: dict[bytes, float] = {}

    def on_change(fate: Fate) -> None:
        if fate.status in ("SENT", "APPLIED"):
            sent.setdefault(fate.order.command.id, time.monotonic())

    began = time.monotonic()
    sending = asyncio.run(send(settings, orders, client="bench", wait_s=60, on_change=on_change))
    answers = sorted(
        fate.after_s for fate in sending.fates if fate.status == "APPLIED" and fate.after_s is not None
    )
    if len(answers) < len(orders):
        raise StackError(f"{len(orders) - len(answers)} of {len(orders)} sensors did not answer")
    audited = "SELECT count(*) FROM command WHERE outcome = 'APPLIED' AND sent_at IS NOT NULL AND queued_at IS NOT NULL"
    _until(database, audited, len(orders))
    return CommandCase(
        len(orders),
        max(sent.values()) - began,
        answers[len(answers) // 2],
        answers[-1],
        time.monotonic() - began,
    )


def _until(
    database: psycopg.Connection[tuple[Any, ...]], count: str, wanted: int, timeout_s: float = 60.0
) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        row = database.execute(count.encode()).fetchone()
        assert row is not None
        if row[0] >= wanted:
            return
        if time.monotonic() > deadline:
            raise StackError(f"{row[0]} of {wanted} rows after {timeout_s:g} s: {count}")
        time.sleep(0.05)


def table(case: CommandCase) -> Table:
    """For people."""
    shown = Table(title="One command to each sensor at once; seconds until all of them …")
    for heading in ("sensors", "are sent", "half answered", "answered", "goal", "in the database"):
        shown.add_column(heading, justify="right")
    shown.add_row(
        f"{case.sensors:,}",
        f"{case.sent_s:.2f}",
        f"{case.answered_median_s:.2f}",
        f"{case.answered_s:.2f}",
        f"{GOAL_S:g}",
        f"{case.audited_s:.2f}",
    )
    return shown
