"""`iotctl alarms` looks at the real database: lists, one alarm, history, following; and what else shows alarms."""

import json
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row

from ctl.context import query
from ctl.select import complete_alarm, complete_rule
from stack.local import Stack
from tests.integration.iotctl import Iotctl
from tests.integration.iotctl_alarms.service import (
    HOT,
    SENSORS,
    ZONE,
    Service,
    listed,
)
from tests.integration.pipeline import Database, connect, wait_for


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
