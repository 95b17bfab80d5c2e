"""What judging a fleet costs, and how long it takes from a sensor's measurement to its machine's controller."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import psycopg
from rich.table import Table

from bench.pipeline import Chain
from bench.processes import usage
from emulator.fleet_plan import load_serial_numbers
from stack.errors import StackError
from stack.local import Say
from stack.services import Service

TARGET: Final = "bench"
SAMPLE_FREQUENCY_HZ: Final = 1000.0
GOAL_CORES: Final = 1.0
GOAL_P50_MS: Final = 50.0
GOAL_P99_MS: Final = 200.0
_LATENCY_SENSORS: Final = 200
_LATENCY_BATCH: Final = 100  # samples: a tenth of a second
_BEARING: Final = {"frequencies": {"bpfi": 5.4152, "bpfo": 3.5848, "bsf": 2.3567, "ftf": 0.39828}}
_SELDOM: Final = {"high": {"limit": 50.0, "severity": 500}}  # the load is noise of 1 g
SCALE_RULES: Final[dict[str, dict[str, Any]]] = {
    "threshold": {
        "kind": "threshold",
        "feature": "velocity_rms",
        "unit": "mm/s",
        "window_s": 1,
        "levels": _SELDOM,
    },
    "zone": {"kind": "zone", "window_s": 1, "hop_s": 1},
    "bearing": {"kind": "bearing", "window_s": 10, "hop_s": 60},
}
# Beyond 3.5 standard deviations: of 100 samples in 2 % of the batches.
_OFTEN: Final[dict[str, Any]] = {
    "kind": "threshold",
    "feature": "maximum",
    "unit": "g",
    "levels": {"high": {"limit": 3.5, "severity": 800}},
    "trigger": {"action": "stop", "acknowledge_within_s": 60},
}


@dataclass(slots=True)
class AlarmCase:
    """`cores`: CPU seconds of the alarms service a second. Latency: from the end of a batch to the controller, in ms."""

    sensors: int
    sample_frequency_hz: float
    cores: float
    windows_per_s: float
    diagnoses_per_s: float
    left_out: int  # windows of bearings, as too many waited
    resident_mb: float
    latency_sensors: int
    triggers: int
    lost: int  # triggers that the controller never got
    p50_ms: float
    p99_ms: float

    def as_json(self) -> dict[str, Any]:
        """With the goals and the rules, for the report file."""
        goals = {"cores": GOAL_CORES, "p50_ms": GOAL_P50_MS, "p99_ms": GOAL_P99_MS}
        return {**asdict(self), "goals": goals, "rules": SCALE_RULES}


def alarms(running: Chain, sensors: int, seconds: float, say: Say) -> AlarmCase:
    """Both, one after the other. StackError where something does not start, or nothing comes."""
    running.stack.credentials(load_serial_numbers(max(sensors, _LATENCY_SENSORS)))
    with _site(running) as (database, registered):
        say("making a fleet known")
        with running.load(_LATENCY_SENSORS, 1000, _LATENCY_SENSORS):
            registered(_LATENCY_SENSORS)
        # before the servers tidy up after a larger fleet
        latency = _latency(running, database, seconds, say)
        with running.load(sensors, 1000, sensors) as fleet:
            registered(sensors)
            cost = _cost(running, database, sensors, seconds, fleet, say)
    return AlarmCase(sensors, SAMPLE_FREQUENCY_HZ, *cost, _LATENCY_SENSORS, *latency)


def _cost(
    running: Chain, database: Any, sensors: int, seconds: float, fleet: Service, say: Say
) -> tuple[float, float, float, int, float]:
    _rules(database, SCALE_RULES)
    service = running.service("alarms", ["alarms"], "alarms")
    try:
        service.wait_ready()
        hop_s = SCALE_RULES["bearing"]["hop_s"] + SCALE_RULES["bearing"]["window_s"]
        say(f"{sensors} sensors are judged by {len(SCALE_RULES)} rules each; until bearings are, {hop_s} s")
        time.sleep(hop_s)
        before, cpu, began = service.metrics(), usage(service.process.pid), time.monotonic()
        time.sleep(max(seconds, 30.0))
        after, later, ended = service.metrics(), usage(service.process.pid), time.monotonic()
        if not fleet.running:
            raise StackError(f"the fleet has ended: {fleet.last_words()}")
        took = ended - began

        def counted(name: str) -> float:
            return after.total(name) - before.total(name)

        if counted("alarms_batches_total") < 0.95 * sensors * took:
            raise StackError(
                f"only {counted('alarms_batches_total') / took:.0f} batches/s reached the alarms service"
            )
        return (
            (later.cpu_s - cpu.cpu_s) / took,
            counted("alarms_windows_total") / took,
            counted("alarms_diagnoses_total") / took,
            round(after.total("alarms_diagnoses_skipped_total")),
            later.resident_bytes / 1e6,
        )
    finally:
        service.stop()


def _latency(running: Chain, database: Any, seconds: float, say: Say) -> tuple[int, int, float, float]:
    _rules(database, {"stop": _OFTEN})
    port = _free_port()
    report = running.folder / "machine.json"
    service = running.service("alarms", ["alarms"], "alarms", STREAMING_ALARMS_MACHINE_PORT=str(port))
    arguments = [
        "emulator.machine",
        "--server",
        f"127.0.0.1:{port}",
        "--target",
        TARGET,
        "--report",
        str(report),
    ]
    controller = running.service("machine", arguments, "emulator")
    try:
        service.wait_ready()
        say(
            f"{_LATENCY_SENSORS} sensors, ten batches a second each; a machine is told of what is beyond a limit"
        )
        rate = _LATENCY_SENSORS * SAMPLE_FREQUENCY_HZ / _LATENCY_BATCH
        with running.load(rate, _LATENCY_BATCH, _LATENCY_SENSORS):
            time.sleep(5.0)  # everybody has connected
            from_ns = time.time_ns()
            time.sleep(max(seconds, 20.0))
            until_ns = time.time_ns() - 2 * 10**9
        time.sleep(2.0)
    finally:
        service.stop()
        controller.stop()
    told = json.loads(report.read_text())["triggers"]
    first = {one["id"]: one for one in reversed(told) if from_ns <= one["event_time_ns"] < until_ns}
    query = "SELECT count(*) FROM alarm_trigger WHERE created_at >= to_timestamp(%s) AND created_at < to_timestamp(%s)"
    [(sent,)] = database.execute(query, [from_ns / 1e9 + 1, until_ns / 1e9 - 1]).fetchall()
    if not first or not sent:
        raise StackError(f"the machine was told nothing: {controller.last_words()}")
    query = "SELECT count(*) FROM alarm_trigger WHERE acknowledged_at IS NULL"
    [(lost,)] = database.execute(query).fetchall()
    times_ms = sorted((one["received_ns"] - one["event_time_ns"]) / 1e6 for one in first.values())
    return len(times_ms), lost, times_ms[len(times_ms) // 2], times_ms[int(len(times_ms) * 0.99)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _site(running: Chain) -> Iterator[tuple[Any, Any]]:
    """The database as its owner, and a function that waits until the fleet is known and puts it on a machine."""
    registry = running.service("ingest-registry", ["ingest", "registry"], "ingest")
    with psycopg.connect(**running.stack.conninfo("owner"), autocommit=True) as database:  # type: ignore[arg-type]  # keywords of one dict
        database.execute(
            "INSERT INTO target (name, machine_group, support, rated_power_kw, speed_rpm, bearing) "
            "VALUES (%s, 2, 'rigid', 30, 1480, %s)",
            [TARGET, json.dumps(_BEARING)],
        )

        def registered(count: int) -> None:
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline:
                [(known,)] = database.execute(
                    "SELECT count(*) FROM channel JOIN sensor ON id = sensor_id WHERE sensor_type = 'load'"
                ).fetchall()
                if known >= count:
                    break
                time.sleep(0.2)
            else:
                raise StackError(f"{known} of {count} sensors are known after two minutes")
            database.execute(
                "INSERT INTO sensor_target (sensor_id, target_id) SELECT s.id, t.id FROM sensor s, target t "
                "WHERE s.sensor_type = 'load' AND t.name = %s "
                "AND NOT EXISTS (SELECT FROM sensor_target a WHERE a.sensor_id = s.id)",
                [TARGET],
            )

        try:
            registry.wait_ready()
            yield database, registered
        finally:
            registry.stop()


def _rules(database: Any, rules: dict[str, dict[str, Any]]) -> None:
    """These, and no others."""
    database.execute("UPDATE alarm_rule SET removed_at = now() WHERE removed_at IS NULL")
    for name, definition in rules.items():
        database.execute(
            "INSERT INTO alarm_rule (name, definition, changed_by) VALUES (%s, %s, 'bench')",
            [name, json.dumps({"for": {"type": "load"}, **definition})],
        )


def tables(case: AlarmCase) -> Sequence[Table]:
    """For people."""
    cost = Table(
        title=f"Alarms: {', '.join(SCALE_RULES)} for each sensor (windows 1 s; bearing 10 s every 60 s)"
    )
    for heading in ("sensors", "cores", "goal", "windows/s", "diagnoses/s", "left out", "MB"):
        cost.add_column(heading, justify="right")
    cost.add_row(
        f"{case.sensors:,}",
        f"{case.cores:.2f}",
        f"{GOAL_CORES:g}",
        f"{case.windows_per_s:,.0f}",
        f"{case.diagnoses_per_s:.1f}",
        str(case.left_out),
        f"{case.resident_mb:.0f}",
    )
    latency = Table(title="From a batch's last sample to the machine's controller")
    for heading in ("sensors", "triggers", "lost", "p50", "goal", "p99", "goal"):
        latency.add_column(heading, justify="right")
    latency.add_row(
        f"{case.latency_sensors:,}",
        f"{case.triggers:,}",
        str(case.lost),
        f"{case.p50_ms:.0f} ms",
        f"{GOAL_P50_MS:g} ms",
        f"{case.p99_ms:.0f} ms",
        f"{GOAL_P99_MS:g} ms",
    )
    return cost, latency
