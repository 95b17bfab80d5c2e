"""`iotctl alarms` on the real database; the service is played by what it writes: alarms, transitions, answers."""

import json
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from ctl import alarm_requests
from ctl.context import query
from ctl.select import complete_alarm, complete_rule
from stack.local import Stack
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import Database, connect, wait_for

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


@pytest.fixture
def iotctl(stack: Stack, tmp_path: Path) -> Iotctl:
    return Iotctl(stack, tmp_path)


@pytest.fixture(autouse=True)
def owner(stack: Stack) -> Iterator[Database]:
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


@pytest.fixture
def rules(iotctl: Iotctl, tmp_path: Path) -> Path:
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


@pytest.fixture
def service(stack: Stack, rules: Path) -> Service:
    return Service(stack)


def requests(database: Database) -> list[tuple[Any, ...]]:
    return database.execute(
        "SELECT action, by, comment, applied_at, refusal FROM alarm_request ORDER BY id"
    ).fetchall()


def listed(iotctl: Iotctl, *arguments: str) -> list[str]:
    return [row["message"] for row in iotctl.json("alarms", "list", *arguments)]


# rules
def test_import_adds_changes_and_leaves_what_is_the_same(iotctl: Iotctl, rules: Path) -> None:
    """A new version only where the definition is another; a dry run writes nothing; who changed it is kept."""
    assert {row["done"] for row in iotctl.json("alarms", "rules", "import", str(rules))} == {"unchanged"}
    rules.write_text(RULES.replace("limit: 80", "limit: 85"))
    zone, hot = iotctl.json("alarms", "rules", "import", str(rules), "--dry-run")
    assert (zone["done"], hot["done"], hot["fields"], hot["version"]) == (
        "unchanged",
        "changed",
        ["levels"],
        2,
    )
    assert {row["version"] for row in iotctl.json("alarms", "rules", "list")} == {1}
    iotctl("alarms", "rules", "import", str(rules))
    hot, zone = iotctl.json("alarms", "rules", "list")
    assert (hot["name"], hot["version"], hot["definition"]["levels"]["high"]["limit"]) == (HOT, 2, 85)
    assert (zone["version"], "@" in hot["changed_by"]) == (1, True)


def test_import_with_one_mistake_writes_nothing(iotctl: Iotctl, tmp_path: Path) -> None:
    """Nor the rule that precedes it."""
    file = tmp_path / "rules.yaml"
    file.write_text(RULES.replace("limit: 80", "limit: hot"))
    said = iotctl.refused(2, "alarms", "rules", "import", str(file))
    assert "line 6: rule 'Hot': levels.high.limit" in said
    assert iotctl.json("alarms", "rules", "list") == []


def test_import_of_a_rule_for_who_is_not_known_yet_says_so(iotctl: Iotctl, tmp_path: Path) -> None:
    """And does it: the sensor may come."""
    file = tmp_path / "rules.yaml"
    file.write_text(RULES.replace("alarm-2", "alarm-9"))
    zone, hot = iotctl.json("alarms", "rules", "import", str(file))
    assert zone["note"] == ""
    assert hot["note"].startswith("no sensor 'alarm-9' is known yet: did you mean")
    assert hot["done"] == "added"


def test_export_is_what_import_takes(iotctl: Iotctl, rules: Path, tmp_path: Path) -> None:
    """Of all, or of those that are named; a disabled rule is exported as such."""
    iotctl("alarms", "rules", "disable", HOT)
    text = iotctl("alarms", "rules", "export")
    assert "enabled: false" in text
    file = tmp_path / "exported.yaml"
    file.write_text(text)
    assert {row["done"] for row in iotctl.json("alarms", "rules", "import", str(file))} == {"unchanged"}
    assert HOT not in iotctl("alarms", "rules", "export", ZONE)
    assert "did you mean 'Vibration zone'" in iotctl.refused(2, "alarms", "rules", "export", "vibration zone")


def test_add_and_set_change_a_rule_by_options(iotctl: Iotctl) -> None:
    """The fields that are given; the same again changes nothing."""
    arguments = ("--kind", "threshold", "--for-all", "--feature", "rms", "--unit", "g", "--high", "2:500:0.1")
    iotctl("alarms", "rules", "add", "Shaking", *arguments)
    assert "already" in iotctl.refused(2, "alarms", "rules", "add", "Shaking", *arguments)
    assert "version 2" in iotctl("alarms", "rules", "set", "Shaking", "--high", "3:500", "--on-delay", "1m")
    shown = iotctl.json("alarms", "rules", "show", "Shaking")
    assert shown["definition"]["levels"] == {"high": {"limit": 3.0, "severity": 500}}
    assert shown["definition"]["on_delay_s"] == 60
    assert "like that already" in iotctl("alarms", "rules", "set", "Shaking", "--field", "off_delay_s=0")
    assert "nothing to change" in iotctl.refused(2, "alarms", "rules", "set", "Shaking")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "which rule?"),
        (("--kind", "zone"), "for: "),
        (("--kind", "zone", "--for-all", "--for-type", "x"), "one of them"),
        (("--kind", "threshold", "--for-all", "--feature", "rms", "--high", "1:5"), "the unit of the limits"),
        (("--kind", "zone", "--for-all", "--file", "rules.yaml"), "not both"),
    ],
)
def test_add_of_what_is_no_rule_is_refused_with_what_is_wrong(
    iotctl: Iotctl, arguments: tuple[str, ...], said: str
) -> None:
    """Exit code 2, and nothing is written."""
    assert said in iotctl.refused(2, "alarms", "rules", "add", "Wrong", *arguments)
    assert iotctl.json("alarms", "rules", "list") == []


def test_set_from_a_file_takes_the_rule_of_that_name(iotctl: Iotctl, rules: Path) -> None:
    """A file without it is refused with those that it has."""
    rules.write_text(RULES.replace("severity: 500", "severity: 600"))
    assert "changed: levels, version 2" in iotctl("alarms", "rules", "set", HOT, "--file", str(rules))
    iotctl("alarms", "rules", "add", "Other", "--kind", "loss", "--for-all")
    assert "has no rule 'Other', but 'Vibration zone', 'Hot'" in iotctl.refused(
        2, "alarms", "rules", "set", "Other", "--file", str(rules)
    )


def test_disable_and_enable_make_no_new_version(iotctl: Iotctl, rules: Path) -> None:
    """Nor does doing it twice."""
    assert "disabled" in iotctl("alarms", "rules", "disable", HOT)
    assert "disabled already" in iotctl("alarms", "rules", "disable", HOT)
    assert {
        row["name"]: (row["enabled"], row["version"]) for row in iotctl.json("alarms", "rules", "list")
    } == {
        HOT: (False, 1),
        ZONE: (True, 1),
    }
    assert "enabled" in iotctl("alarms", "rules", "enable", HOT)


def test_remove_keeps_the_alarms_and_frees_the_name(iotctl: Iotctl, rules: Path, service: Service) -> None:
    """It asks while alarms are open; a rule of that name can be added again."""
    alarm = service.alarm(HOT, "alarm-2")
    assert "1 open alarms" in iotctl.refused(2, "alarms", "rules", "remove", HOT)
    iotctl("alarms", "rules", "remove", HOT, "--yes")
    assert iotctl.json("alarms", "show", alarm)["rule"] == HOT
    assert listed(iotctl, "--rule", HOT) == ["Hot of alarm-2"]
    assert [row["done"] for row in iotctl.json("alarms", "rules", "import", str(rules))] == [
        "unchanged",
        "added",
    ]
    assert iotctl.json("alarms", "rules", "show", HOT)["alarms"] == 0


def evaluated(stack: Stack, rule: str, serial: str, state: dict[str, Any], reason: str = "") -> None:
    with connect(stack, "alarms") as database:
        database.execute(
            "INSERT INTO alarm_evaluation (rule_id, sensor_id, channel, version, state, reason)"
            " SELECT r.id, s.id, -1, r.version, %s, %s FROM alarm_rule r, sensor s"
            " WHERE r.name = %s AND s.serial_number = %s",
            [Jsonb(state), reason, rule, serial],
        )


def test_show_says_for_each_source_where_its_evaluation_is(
    stack: Stack, iotctl: Iotctl, service: Service
) -> None:
    """The reason where there is no verdict, first; the list counts both."""
    service.alarm(ZONE, "alarm-1")
    evaluated(stack, ZONE, "alarm-2", {}, "the sensor sits on no target")
    evaluated(
        stack, ZONE, "alarm-1", {"levels": {"levels": {"C": {"beyond": True, "active": True, "since_ns": 0}}}}
    )
    without, judged = iotctl.json("alarms", "rules", "show", ZONE)["sources"]
    assert (without["source"], without["reason"]) == ("alarm-2", "the sensor sits on no target")
    assert (judged["evaluation"], judged["alarm"]) == ("C active", "high, active unacknowledged")
    said = iotctl("alarms", "rules", "show", ZONE)
    assert "kind: zone" in said
    assert "the sensor sits on no target" in said
    [row] = [row for row in iotctl.json("alarms", "rules", "list") if row["name"] == ZONE]
    assert (row["sources"], row["without_verdict"], row["alarms"]) == (2, 1, 1)


def test_relearn_forgets_what_was_learnt_and_makes_a_new_version(
    stack: Stack, iotctl: Iotctl, rules: Path
) -> None:
    """Of rules that learn; others are refused, and nothing is done."""
    arguments = ("--kind", "deviation", "--for-all", "--feature", "rms", "--unit", "g", "--high", "6:400")
    iotctl("alarms", "rules", "add", "Unusual", *arguments)
    evaluated(stack, "Unusual", "alarm-1", {"baseline": {"last_ns": 1, "states": {"0": [9, 1.0, 1.0, 9]}}})
    assert "only rules of kind deviation" in iotctl.refused(
        2, "alarms", "rules", "relearn", "Unusual", HOT, "-y"
    )
    assert "learnt: 1 ± 0.35 g of 9 values" in iotctl("alarms", "rules", "show", "Unusual")
    assert "1 sources forgotten" in iotctl("alarms", "rules", "relearn", "Unusual", "-y")
    shown = iotctl.json("alarms", "rules", "show", "Unusual")
    assert (shown["version"], shown["sources"]) == (2, [])


def test_a_rule_of_a_newer_version_hides_no_other(iotctl: Iotctl, rules: Path, owner: Database) -> None:
    """The list says what is wrong with it."""
    owner.execute("UPDATE alarm_rule SET definition = definition || '{\"novel\": 1}' WHERE name = %s", [HOT])
    hot, zone = iotctl.json("alarms", "rules", "list")
    assert "of another version than this iotctl: novel" in hot["judges"]
    assert zone["judges"] == "ISO 20816 zone C and D"
    assert "another version" in iotctl.refused(1, "alarms", "rules", "export")


# alarms
def test_list_shows_open_alarms_by_severity_and_counts_the_silent_ones(
    iotctl: Iotctl, service: Service
) -> None:
    """Each view its own; a shelf whose time is over is none."""
    soon = datetime.now().astimezone() + timedelta(hours=1)
    service.alarm(HOT, "alarm-1", message="mild", severity=300)
    service.alarm(HOT, "alarm-2", message="severe", severity=900, channel=0)
    service.alarm(HOT, "alarm-3", message="known", severity=500, acknowledged=True)
    service.alarm(ZONE, "alarm-1", message="shelved", severity=950, shelved_until=soon)
    service.alarm(ZONE, "alarm-2", message="one-shot", shelved_until="infinity")
    service.alarm(ZONE, "alarm-3", message="suppressed", suppressed=True)
    service.alarm(
        ZONE,
        "alarm-3",
        message="gone",
        channel=0,
        active=False,
        severity=200,
        shelved_until=soon - timedelta(hours=2),
    )
    service.alarm(ZONE, "alarm-1", message="over", channel=3, active=False, acknowledged=True, closed_at=soon)
    assert listed(iotctl) == ["severe", "known", "mild", "gone"]
    assert listed(iotctl, "--active") == ["severe", "known", "mild"]
    assert listed(iotctl, "--unacknowledged") == ["severe", "mild", "gone"]
    assert listed(iotctl, "--shelved") == ["shelved", "one-shot"]
    assert listed(iotctl, "--suppressed") == ["suppressed"]
    assert listed(iotctl, "--closed") == ["over"]
    assert len(listed(iotctl, "--all")) == 7
    assert listed(iotctl, "--min-severity", "500") == ["severe", "known"]
    assert listed(iotctl, "--serial", "alarm-1", "--serial", "alarm-2", "--rule", HOT) == ["severe", "mild"]
    assert listed(iotctl, "--target", "Alarm pump", "--all") == ["shelved", "mild"]
    result = iotctl.run("alarms", "list", "-n", "2")
    assert "not shown: 2 shelved, 1 suppressed (--all)" in result.stderr
    assert "there are more: -n 4" in result.stderr
    assert [line.split()[1] for line in result.stdout.splitlines()[1:]] == ["900", "500"]
    one_shot = iotctl.json("alarms", "list", "--shelved")[1]
    assert (one_shot["shelved_until"], one_shot["shelved_until_cleared"]) == (None, True)


def test_unknown_names_and_views_together_are_refused(iotctl: Iotctl, service: Service) -> None:
    """With what may have been meant, exit code 2."""
    assert "did you mean 'Hot'" in iotctl.refused(2, "alarms", "list", "--rule", "hot")
    assert "did you mean 'alarm-" in iotctl.refused(2, "alarms", "history", "--serial", "alarm-4")
    assert "--active and --closed: one of them" in iotctl.refused(2, "alarms", "list", "--active", "--closed")
    assert "leave out --active" in iotctl.refused(2, "alarms", "list", "-f", "--active")
    assert "no csv" in iotctl.refused(2, "alarms", "list", "-f", "--output", "csv")


def test_show_has_everything_of_an_alarm_and_takes_the_beginning_of_its_id(
    iotctl: Iotctl, service: Service
) -> None:
    """Transitions with who and why, the spectrum, the command for the samples, what waits to be done."""
    alarm = service.alarm(
        ZONE, "alarm-1", channel=0, value=7.4, unit="mm/s", id="3f2b9c1e-0000-4000-8000-000000000001"
    )
    evidence = {
        "value": 7.4, "unit": "mm/s", "limit": 7.1,
        "samples": {"serial_number": "alarm-1", "channel": 0, "from": "2026-03-01T12:00:00+00:00",
                    "to": "2026-03-01T12:00:01+00:00"},
        "spectrum": {"unit": "g", "frequencies_hz": [0, 10, 20], "amplitudes": [0, 1, 0.5], "resolution_hz": 10},
    }  # fmt: skip
    service.happened(alarm, "LEVEL_CHANGED", severity=800, evidence=evidence)
    service.happened(alarm, "ACKNOWLEDGED", by="anna@laptop", comment="bearing ordered")
    iotctl.refused(
        5, "alarms", "shelve", alarm, "--until-cleared", "--comment", "wait for it", "--wait", "0.1s"
    )
    said = iotctl("alarms", "show", "3F2B9C1E")
    for text in (
        "alarm-1/x",
        "Alarm pump",
        "7.4 mm/s",
        "anna@laptop",
        "bearing ordered",
        "waits for the alarms service",
    ):
        assert text in said
    assert (
        "iotctl plot alarm-1 --channel 0 --from 2026-03-01T12:00:00.000Z --to 2026-03-01T12:00:01.001Z"
        in said
    )
    assert max(said) >= "⠁", "the spectrum, in braille"
    shown = iotctl.json("alarms", "show", "3f2b")
    assert [one["kind"] for one in shown["transitions"]] == ["ACTIVATED", "LEVEL_CHANGED", "ACKNOWLEDGED"]
    assert shown["transitions"][1]["evidence"] == evidence
    assert shown["requests"][0]["comment"] == "wait for it"


def test_show_of_an_id_that_is_that_of_none_or_several_is_refused(iotctl: Iotctl, service: Service) -> None:
    """Several are named."""
    for last in (1, 2):
        service.alarm(ZONE, SENSORS[last], id=f"3f2b9c1e-0000-4000-8000-00000000000{last}")
    said = iotctl.refused(2, "alarms", "show", "3f2b9c1e")
    assert "several alarms begin with 3f2b9c1e" in said
    assert "alarm-2" in said
    assert "there is no alarm 3f2c" in iotctl.refused(2, "alarms", "show", "3f2c")
    assert "no alarm's id" in iotctl.refused(2, "alarms", "show", "pump")


def test_ack_waits_for_the_service_and_says_that_it_is_done(
    iotctl: Iotctl, service: Service, owner: Database
) -> None:
    """Who asked and why goes with it; what is acknowledged already is not asked for."""
    known = service.alarm(
        HOT,
        "alarm-1",
        acknowledged=True,
        acknowledged_by="bert@desk",
        acknowledged_at=datetime.now().astimezone(),
    )
    new = service.alarm(HOT, "alarm-2")
    with service.answering():
        one, other = iotctl.json("alarms", "ack", known, new[:13], "--comment", "on my way", "--wait", "30s")
    assert (one["status"], "by bert@desk already" in one["reason"]) == ("UNCHANGED", True)
    assert (other["id"], other["status"], other["reason"]) == (new, "APPLIED", "")
    [(action, by, comment, _, _)] = requests(owner)
    assert (action, "@" in by, comment) == ("acknowledge", True, "on my way")


def test_ack_that_is_refused_ends_with_1_and_says_why(iotctl: Iotctl, service: Service) -> None:
    """As the service says it."""
    alarm = service.alarm(HOT, "alarm-1")
    with service.answering("the alarm is closed"):
        result = iotctl.run("alarms", "ack", alarm, "--wait", "30s")
    assert result.exit_code == 1
    assert "REJECTED  the alarm is closed" in result.stdout


def test_ack_without_a_service_ends_with_5_and_keeps_the_request(
    iotctl: Iotctl, service: Service, owner: Database
) -> None:
    """With --wait 0 it is not waited for, and nothing is wrong."""
    alarm = service.alarm(HOT, "alarm-1")
    said = iotctl.refused(5, "alarms", "ack", alarm, "--wait", "0.1s")
    assert "the request is kept, and will be done when it is back" in said
    assert [row["status"] for row in iotctl.json("alarms", "ack", alarm, "--wait", "0")] == ["QUEUED"]
    assert [request[3] for request in requests(owner)] == [None, None]


def test_ack_of_all_asks_and_takes_what_is_unacknowledged_and_not_silent(
    iotctl: Iotctl, service: Service, owner: Database
) -> None:
    """By the same selectors as the list; nothing to do is no error."""
    service.alarm(HOT, "alarm-1", message="a")
    service.alarm(HOT, "alarm-2", message="b")
    service.alarm(HOT, "alarm-3", acknowledged=True)
    service.alarm(ZONE, "alarm-1", suppressed=True)
    service.alarm(ZONE, "alarm-2", shelved_until="infinity")
    assert "acknowledge 2 alarms?" in iotctl.refused(2, "alarms", "ack", "--all")
    assert "name alarms, or choose" in iotctl.refused(2, "alarms", "ack")
    assert "not both" in iotctl.refused(2, "alarms", "ack", "3f", "--rule", HOT)
    assert requests(owner) == []
    with service.answering():
        rows = iotctl.json("alarms", "ack", "--serial", "alarm-1", "--yes", "--wait", "30s")
        assert [row["source"] for row in rows] == ["alarm-1"]
    assert "no alarm is unacknowledged" in iotctl.run("alarms", "ack", "--min-severity", "999", "-y").stderr


def test_ack_of_more_than_the_bound_takes_the_most_severe_and_says_so(
    iotctl: Iotctl, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others the next time."""
    monkeypatch.setattr(alarm_requests, "_MOST", 1)
    service.alarm(HOT, "alarm-1", severity=300)
    service.alarm(HOT, "alarm-2", severity=900)
    with service.answering():
        result = iotctl.run("alarms", "ack", "--all", "--yes", "--wait", "30s")
    assert "the 1 most severe ones; there may be more" in result.stderr
    assert [line.split()[1] for line in result.stdout.splitlines()[1:]] == ["alarm-2"]


def test_shelve_asks_for_a_time_or_until_it_clears_with_a_reason(
    iotctl: Iotctl, service: Service, owner: Database
) -> None:
    """Of an open alarm; the database counts the time."""
    alarm = service.alarm(HOT, "alarm-1")
    closed = service.alarm(
        HOT, "alarm-2", active=False, acknowledged=True, closed_at=datetime.now().astimezone()
    )
    with service.answering():
        iotctl("alarms", "shelve", alarm, "--for", "2h", "--comment", "cleaning", "--wait", "30s")
        iotctl("alarms", "shelve", alarm, "--until-cleared", "--comment", "known", "--wait", "30s")
        [row] = iotctl.json("alarms", "shelve", closed, "--for", "2h", "--comment", "x", "--wait", "30s")
    assert (row["status"], row["reason"].startswith("it is over")) == ("UNCHANGED", True)
    rows = owner.execute(
        "SELECT action, comment, until = requested_at + INTERVAL '2 h', until = 'infinity' FROM alarm_request ORDER BY id"
    ).fetchall()
    assert rows == [("shelve", "cleaning", True, False), ("shelve", "known", False, True)]
    for arguments in (("--for", "2h"), ("--comment", "x"), ("--for", "2h", "--until-cleared", "--comment", "x"),
                      ("--for", "0s", "--comment", "x"), ("--for", "32d", "--comment", "x"),
                      ("--for", "2h", "--comment", " ")):  # fmt: skip
        iotctl.refused(2, "alarms", "shelve", alarm, *arguments)


def test_unshelve_asks_for_shelved_alarms_only(iotctl: Iotctl, service: Service, owner: Database) -> None:
    """Of another there is nothing to ask."""
    shelved = service.alarm(HOT, "alarm-1", shelved_until="infinity")
    other = service.alarm(HOT, "alarm-2")
    with service.answering():
        rows = iotctl.json("alarms", "unshelve", shelved, other, "--wait", "30s")
    assert [(row["status"], row["reason"]) for row in rows] == [
        ("APPLIED", ""),
        ("UNCHANGED", "it is not shelved"),
    ]
    assert [request[0] for request in requests(owner)] == ["unshelve"]


def test_suppress_names_a_rule_sensors_or_a_target_and_is_taken_back(
    iotctl: Iotctl, service: Service
) -> None:
    """Who and why is kept; the list says how many alarms are silent for it."""
    service.alarm(ZONE, "alarm-1", suppressed=True)
    said = iotctl(
        "alarms",
        "suppress",
        "--target",
        "Alarm pump",
        "--serial",
        "alarm-2",
        "--for",
        "4h",
        "--reason",
        "repair",
    )
    assert "every rule of alarm-1 suppressed for 4 h" in said
    iotctl("alarms", "suppress", "--rule", ZONE, "--reason", "wrong limits")
    one, two, three = iotctl.json("alarms", "suppressions")
    assert {one["serial_number"], two["serial_number"]} == {"alarm-1", "alarm-2"}
    assert (three["rule"], three["serial_number"], three["until"], three["alarms"]) == (ZONE, None, None, 1)
    assert (one["reason"], "@" in one["by"], one["until"] is None) == ("repair", True, False)
    iotctl("alarms", "unsuppress", str(one["id"]), str(three["id"]))
    assert [row["id"] for row in iotctl.json("alarms", "suppressions")] == [two["id"]]
    assert len(iotctl.json("alarms", "suppressions", "--all")) == 3
    said = iotctl.refused(2, "alarms", "unsuppress", str(two["id"]), str(one["id"]))
    assert f"no suppression {one['id']} is in force" in said
    assert [row["id"] for row in iotctl.json("alarms", "suppressions")] == [two["id"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--reason", "x"), "--rule, --serial or --target"),
        (("--rule", "Hot"), "--reason"),
        (("--rule", "Hot", "--reason", " "), "say why"),
        (("--rule", "Cold", "--reason", "x"), "there is no rule 'Cold'"),
        (("--serial", "alarm-9", "--reason", "x"), "there is no sensor 'alarm-9'"),
        (("--rule", "Hot", "--reason", "x", "--for", "0s"), "longer than nothing"),
    ],
)
def test_suppress_of_nothing_or_without_a_reason_is_refused(
    iotctl: Iotctl, service: Service, arguments: tuple[str, ...], said: str
) -> None:
    """Exit code 2, and nothing is suppressed."""
    assert said in iotctl.refused(2, "alarms", "suppress", *arguments)
    assert iotctl.json("alarms", "suppressions") == []


def test_history_lists_transitions_the_newest_last(iotctl: Iotctl, service: Service) -> None:
    """By sensor, rule and time; -n keeps the newest."""
    one = service.alarm(HOT, "alarm-1", age_s=7200)
    service.happened(one, "CLEARED", age_s=3600)
    service.alarm(ZONE, "alarm-2")
    service.happened(one, "ACKNOWLEDGED", by="anna@laptop", comment="seen")

    def kinds(*arguments: str) -> list[tuple[str, str]]:
        rows = iotctl.json("alarms", "history", *arguments)
        return [(row["kind"], row["source"]) for row in rows]

    assert kinds() == [
        ("ACTIVATED", "alarm-1"), ("CLEARED", "alarm-1"), ("ACTIVATED", "alarm-2"), ("ACKNOWLEDGED", "alarm-1"),
    ]  # fmt: skip
    assert kinds("--since", "30m") == kinds()[2:]
    assert kinds("--rule", HOT, "-n", "2") == [("CLEARED", "alarm-1"), ("ACKNOWLEDGED", "alarm-1")]
    assert "anna@laptop  seen" in iotctl("alarms", "history", "--serial", "alarm-1")


def test_following_prints_each_transition_once_also_one_that_commits_late(
    stack: Stack, iotctl: Iotctl, service: Service, tmp_path: Path
) -> None:
    """It begins with the newest ones; a number that was given first may be visible last."""
    one = service.alarm(HOT, "alarm-1")
    out = tmp_path / "out"
    environment = {name: value for name, value in iotctl.environment.items() if value is not None}
    with out.open("wb") as file:
        following = subprocess.Popen(
            [sys.executable, "-m", "ctl", "alarms", "list", "-f", "--rule", HOT, "--output", "json"],
            env=environment, stdout=file, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

        def kinds() -> list[str]:
            return [json.loads(line)["kind"] for line in out.read_text().splitlines()]

        try:
            wait_for(lambda: kinds() == ["ACTIVATED"], 30, "what was there")
            with connect(stack, "alarms") as slow, slow.transaction():
                slow.execute(
                    "INSERT INTO alarm_transition (alarm_id, kind, at, level, severity) VALUES (%s, 'CLEARED', now(), 'high', 5)",
                    [one],
                )
                service.happened(one, "ACKNOWLEDGED", by="anna@laptop")
                service.alarm(ZONE, "alarm-2")
                wait_for(lambda: kinds() == ["ACTIVATED", "ACKNOWLEDGED"], 30, "the quick one")
            wait_for(lambda: "CLEARED" in kinds(), 30, "the slow one")
            service.happened(one, "ACTIVATED")
            wait_for(lambda: len(kinds()) > 3, 30, "the last one")
            assert kinds() == ["ACTIVATED", "ACKNOWLEDGED", "CLEARED", "ACTIVATED"]
            following.send_signal(signal.SIGINT)
            _, said = following.communicate(timeout=20)
            assert (following.returncode, "Traceback" in said) == (130, False)
        finally:
            following.kill()
            following.communicate()


def test_outbox_lists_what_was_not_sent_and_tries_again(
    stack: Stack, iotctl: Iotctl, service: Service, owner: Database
) -> None:
    """What was sent is not there; a retry is all or nothing."""
    alarm = service.alarm(HOT, "alarm-1")
    with connect(stack, "alarms") as database:
        for key, columns in (
            ("sent", "done_at = now()"),
            ("new", "attempts = 0"),
            ("tried", "attempts = 3, error = 'HTTP 503', due_at = now() + INTERVAL '1 h'"),
            ("given up", "attempts = 9, error = 'HTTP 410', given_up_at = now()"),
        ):
            payload = Jsonb({"url": "https://hooks.example/a?token=secret", "event": {}})
            database.execute(
                "INSERT INTO alarm_outbox (key, alarm_id, action, payload) VALUES (%s, %s, 'webhook', %s)",
                [key, alarm, payload],
            )
            database.execute(f"UPDATE alarm_outbox SET {columns} WHERE key = %s", [key])
    rows = iotctl.json("alarms", "outbox")
    assert [(row["state"], row["error"]) for row in rows] == [
        ("FAILED", "HTTP 410"), ("QUEUED", "HTTP 503"), ("QUEUED", None),
    ]  # fmt: skip
    assert {(row["to"], row["rule"], row["serial_number"]) for row in rows} == {
        ("https://hooks.example/a", HOT, "alarm-1")
    }
    assert len(iotctl.json("alarms", "outbox", "--failed")) == 2
    [given_up] = iotctl.json("alarms", "outbox", "--given-up")
    [sent] = owner.execute("SELECT id FROM alarm_outbox WHERE key = 'sent'").fetchone() or ()
    said = iotctl.refused(2, "alarms", "outbox", "--retry", str(given_up["id"]), "--retry", str(sent))
    assert f"{sent}: not in the outbox, or sent already; nothing was done" in said
    assert len(iotctl.json("alarms", "outbox", "--given-up")) == 1
    iotctl("alarms", "outbox", "--retry", str(given_up["id"]))
    due = owner.execute(
        "SELECT due_at <= now(), given_up_at, attempts FROM alarm_outbox WHERE key = 'given up'"
    ).fetchone()
    assert due == (True, None, 0)
    assert iotctl.json("alarms", "outbox", "--given-up") == []


def test_top_names_the_open_alarm_of_a_sensor_before_what_it_has_logged(
    stack: Stack, service: Service, owner: Database
) -> None:
    """The newest one that is neither shelved nor suppressed; without one, the last warning."""
    for serial in SENSORS:
        owner.execute(
            "INSERT INTO sensor_log (time, time_ns, sensor_id, level, logger, message, digest)"
            " SELECT now(), time_to_nanoseconds(now()), id, 3, 'test', 'a warning', '' FROM sensor WHERE serial_number = %s",
            [serial],
        )
    service.alarm(HOT, "alarm-1", message="older", age_s=9000)
    service.alarm(ZONE, "alarm-1", message="newer", age_s=7200, severity=800)
    service.alarm(ZONE, "alarm-1", message="shelved", channel=0, shelved_until="infinity")
    service.alarm(HOT, "alarm-2", message="suppressed", suppressed=True)
    service.alarm(HOT, "alarm-3", active=False, acknowledged=True, closed_at=datetime.now().astimezone())
    with connect(stack, "control") as database:
        database.row_factory = dict_row  # type: ignore[assignment]  # as ctl.context connects
        rows: Any = database.execute(query("top_alarms")).fetchall()
        serials = {
            row["id"]: row["serial_number"]  # type: ignore[call-overload]  # rows are dicts
            for row in database.execute("SELECT id, serial_number FROM sensor").fetchall()
        }
    found = {serials[row["sensor_id"]]: (row["message"], row["level"]) for row in rows}
    assert {serial: found[serial] for serial in SENSORS} == {
        "alarm-1": ("newer", 5), "alarm-2": ("a warning", 3), "alarm-3": ("a warning", 3),
    }  # fmt: skip


def test_a_viewer_may_look_and_not_write(stack: Stack, tmp_path: Path, rules: Path, service: Service) -> None:
    """Exit code 4, in a sentence."""
    alarm = service.alarm(HOT, "alarm-1")
    viewer = Iotctl(stack, tmp_path, "viewer")
    assert [row["id"] for row in viewer.json("alarms", "list")] == [alarm]
    assert len(viewer.json("alarms", "rules", "list")) == 2
    for arguments in (
        ("ack", alarm),
        ("shelve", alarm, "--for", "1h", "--comment", "x"),
        ("suppress", "--rule", HOT, "--reason", "x"),
        ("rules", "import", str(rules)),
        ("rules", "disable", HOT),
        ("rules", "relearn", HOT, "-y"),
        ("outbox", "--retry", "1"),
    ):
        assert "does not allow" in viewer.refused(4, "alarms", *arguments)


def test_ids_and_rules_are_completed_by_the_shell(
    iotctl: Iotctl, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of open alarms, and of rules that there are."""
    import click

    alarm = service.alarm(HOT, "alarm-1")
    for name, value in iotctl.environment.items():
        monkeypatch.setenv(name, value or "")
    context = click.Context(click.Command("x"))
    assert complete_alarm(context, click.Argument(["x"]), alarm[:6]) == [alarm]
    assert complete_rule(context, click.Argument(["x"]), "Vib") == [ZONE]
