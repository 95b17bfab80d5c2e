"""A database as the dashboards find it: a fleet at work with alarms, and a week of history."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from emulator.fleet_plan import Fleet, serial_numbers
from stack.local import Stack
from tests.integration.alarming import FAST, Site, site
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import Pipeline, running, wait_for

_FLEET: Final = Fleet(12, "shown-", vibration_hz=2600)  # zones need 2560 Hz
SERIALS: Final = serial_numbers(_FLEET)
PUMP: Final = SERIALS[1]  # shown-pump-0002
HISTORY: Final = "past-01"  # a batch a second for a week
_SQL: Final = Path(__file__).parent
_ZONE: Final[dict[str, Any]] = {"kind": "zone", "window_s": 1, "hop_s": 1}
_VELOCITY: Final[dict[str, Any]] = {
    "kind": "threshold", "feature": "velocity_rms", "unit": "mm/s", "window_s": 1, "hop_s": 1,
    "levels": {"high": {"limit": 0.1, "severity": 300}},
}  # fmt: skip
_WITHOUT_SPEED: Final[dict[str, Any]] = {"kind": "bearing", "window_s": 1, "hop_s": 1}


@contextmanager
def filled(stack: Stack, folder: Path) -> Iterator[Pipeline]:
    """Twelve emulated sensors have gone through the whole chain for twenty seconds, were judged, commanded and
    acknowledged, and go on. Fifty more have a past: one of them a batch a second for a week (605,000 rows), the others
    one of three channels each minute for a day (212,000 rows); 2,550 alarms of a week with 7,500 transitions, 25,000 lines of
    log, 5,000 commands, 25,000 positions. What is in the database afterwards is what was there before, and three
    snapshots of the statements.
    """
    with site(stack) as here:
        try:
            here.owner.execute((_SQL / "dashboard_history.sql").read_bytes())
            with running(stack, folder) as pipeline:
                _work(stack, folder, here, pipeline)
                yield pipeline
        finally:
            with here.owner.transaction():
                here.owner.execute((_SQL / "dashboard_forgotten.sql").read_bytes())


def _work(stack: Stack, folder: Path, here: Site, pipeline: Pipeline) -> None:
    here.target("shown press")
    for serial in SERIALS:
        here.owner.execute("INSERT INTO sensor (serial_number) VALUES (%s)", [serial])
    here.owner.execute(
        "INSERT INTO sensor_target (sensor_id, target_id) SELECT s.id, t.id FROM sensor s, target t"
        " WHERE s.serial_number = %s AND t.name = 'shown press'",
        [PUMP],
    )
    low = {"high": {"limit": 0.01, "deadband": 0.001, "severity": 700}}
    here.rule("shown maximum", {**FAST, "levels": low}, target="shown press")
    here.rule("shown zone", _ZONE, target="shown press")
    here.rule("shown velocity", _VELOCITY, target="shown press")
    here.rule("shown bearing", _WITHOUT_SPEED, sensor=SERIALS[2])  # it sits on no machine: no verdict
    began = time.monotonic()
    services = [pipeline.bridge(), *(pipeline.ingest(kind) for kind in ("measurements", "logs", "registry"))]
    services.append(pipeline.start("alarms", ["alarms"], "alarms"))
    for service in services:
        service.wait_ready()
    here.owner.execute("SELECT take_database_snapshot()")
    pipeline.emulator(
        "--sensors", str(_FLEET.sensors), "--prefix", _FLEET.prefix, "--vibration-frequency", str(_FLEET.vibration_hz), report=folder / "report.json", serials=SERIALS
    ).wait_ready()  # fmt: skip
    for name in ("shown maximum", "shown zone", "shown velocity"):
        wait_for(lambda name=name: here.alarms(name), 30, f"an alarm of {name}")  # type: ignore[misc]
    here.owner.execute("SELECT take_database_snapshot()")
    iotctl = Iotctl(stack, folder)
    iotctl("identify", PUMP, "--yes")
    _ask(here, "shown maximum", "acknowledge")
    _ask(here, "shown velocity", "shelve")
    wait_for(lambda: _applied(here) == 2, 20, "what was asked of the alarms")
    reasons = "SELECT count(*) FROM alarm_evaluation WHERE rule_id = %s AND reason <> ''"
    wait_for(lambda: here.one(reasons, [here.rules["shown bearing"]]), 20, "why there is no verdict")
    answered = "SELECT count(*) FROM command_overview WHERE serial_number = %s AND status = 'APPLIED'"
    wait_for(lambda: here.one(answered, [PUMP]), 20, "an answer to the command")
    wait_for(lambda: time.monotonic() - began > 20, 30, "twenty seconds of it")
    here.owner.execute("SELECT take_database_snapshot()")


def _ask(here: Site, rule: str, action: str) -> None:
    for alarm in here.alarms(rule):
        here.owner.execute(
            "INSERT INTO alarm_request (alarm_id, action, until, by, comment) VALUES (%s, %s, %s, 'anna@laptop', 'seen')",
            [alarm["id"], action, "infinity" if action == "shelve" else None],
        )
        return


def _applied(here: Site) -> int:
    return int(
        here.one(
            "SELECT count(*) FROM alarm_request q JOIN alarm a ON a.id = q.alarm_id"
            " WHERE a.rule_id = ANY (%s) AND q.applied_at IS NOT NULL AND q.refusal IS NULL",
            [list(here.rules.values())],
        )
    )


def dashboards(folder: Path) -> dict[str, dict[str, Any]]:
    """What is committed, by the files' names."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
