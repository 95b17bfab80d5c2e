"""What tests of `iotctl alarms` have in common: sensors, two rules, and the alarms service, played by what it writes."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from stack.local import Stack
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import Database, connect

SENSORS = ("alarm-1", "alarm-2", "alarm-3")
ZONE = "Vibration zone"
HOT = "Hot"
RULES = """
rules:
  - name: Vibration zone
    kind: zone
    for: {target: Alarm pump}
  - name: Hot
    kind: threshold
    for: {sensor: alarm-2}
    feature: mean
    unit: °C
    levels:
      high: {limit: 80, deadband: 2, severity: 500}
"""
TABLES = (
    "alarm_outbox", "alarm_suppression", "alarm_request", "alarm_evaluation", "alarm_transition", "alarm", "alarm_rule",
)  # fmt: skip


@contextmanager
def cleared(stack: Stack) -> Iterator[Database]:
    """Three sensors, the first on a target; no rules and alarms, before and after."""
    with connect(stack, "owner") as database:

        def clear() -> None:
            for table in TABLES:
                database.execute(f"DELETE FROM {table}")
            database.execute("DELETE FROM sensor_target")
            database.execute("DELETE FROM target WHERE name = 'Alarm pump'")
            database.execute(
                "DELETE FROM channel WHERE sensor_id IN (SELECT id FROM sensor WHERE serial_number = ANY (%s))",
                [list(SENSORS)],
            )
            database.execute("DELETE FROM sensor WHERE serial_number = ANY (%s)", [list(SENSORS)])

        clear()
        for serial in SENSORS:
            database.execute("INSERT INTO sensor (serial_number, state) VALUES (%s, 'AWAKE')", [serial])
        database.execute(
            "INSERT INTO channel (sensor_id, channel, name, quantity, unit)"
            " SELECT id, 0, 'x', 'acceleration', 'g' FROM sensor WHERE serial_number = 'alarm-1'"
        )
        database.execute("INSERT INTO target (name) VALUES ('Alarm pump')")
        database.execute(
            "INSERT INTO sensor_target (sensor_id, target_id) SELECT s.id, t.id FROM sensor s, target t"
            " WHERE s.serial_number = 'alarm-1' AND t.name = 'Alarm pump'"
        )
        yield database
        clear()


def imported(iotctl: Iotctl, tmp_path: Path) -> Path:
    """A zone rule for the target, a threshold rule for the second sensor, imported from this file."""
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    iotctl("alarms", "rules", "import", str(file))
    return file


class Service:
    """What the alarms service writes, as its role."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def alarm(self, rule: str, serial: str, *, channel: int = -1, age_s: float = 0, **columns: Any) -> str:
        """An alarm with its first transition; its id."""
        given = {
            "id": str(uuid.uuid4()), "level": "high", "severity": 500, "message": f"{rule} of {serial}", "active": True,
            "acknowledged": False, "channel": channel, **columns,
        }  # fmt: skip
        names, values = ", ".join(given), ", ".join(f"%({name})s" for name in given)
        with connect(self._stack, "alarms") as database:
            database.execute(
                f"INSERT INTO alarm (rule_id, sensor_id, activated_at, {names})"
                f" SELECT r.id, s.id, now() - %(age)s::float8 * INTERVAL '1 s', {values} FROM alarm_rule r, sensor s"
                " WHERE r.name = %(rule)s AND r.removed_at IS NULL AND s.serial_number = %(serial)s",
                {**given, "age": age_s, "rule": rule, "serial": serial},
            )
        self.happened(given["id"], "ACTIVATED", severity=given["severity"], age_s=age_s)
        return str(given["id"])

    def happened(
        self, alarm: str, kind: str, *, age_s: float = 0, severity: int = 500, **columns: Any
    ) -> None:
        """A transition."""
        given = {"by": "", "comment": "", "evidence": {}, **columns}
        with connect(self._stack, "alarms") as database:
            database.execute(
                "INSERT INTO alarm_transition (alarm_id, kind, at, level, severity, by, comment, evidence)"
                " VALUES (%s, %s, now() - %s::float8 * INTERVAL '1 s', 'high', %s, %s, %s, %s)",
                [alarm, kind, age_s, severity, given["by"], given["comment"], Jsonb(given["evidence"])],
            )

    @contextmanager
    def answering(self, refusal: str | None = None) -> Iterator[None]:
        """Requests are done, or refused, for as long as this is open."""
        done = threading.Event()

        def work() -> None:
            with connect(self._stack, "alarms") as database:
                while not done.is_set():
                    database.execute(
                        "UPDATE alarm_request SET applied_at = now(), refusal = %s WHERE applied_at IS NULL",
                        [refusal],
                    )
                    done.wait(0.02)

        worker = threading.Thread(target=work)
        worker.start()
        try:
            yield
        finally:
            done.set()
            worker.join()


def requests(database: Database) -> list[tuple[Any, ...]]:
    return database.execute(
        "SELECT action, by, comment, applied_at, refusal FROM alarm_request ORDER BY id"
    ).fetchall()


def listed(iotctl: Iotctl, *arguments: str) -> list[str]:
    return [row["message"] for row in iotctl.json("alarms", "list", *arguments)]
