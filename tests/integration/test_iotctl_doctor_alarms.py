"""`iotctl doctor` of the alarms service: whether it judges, by which rules, and whether everybody was told."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ctl.checks import lag
from stack.local import Stack
from tests.integration.alarming import FAST, site
from tests.integration.doctors import doctor, problems, told
from tests.integration.iotctl import Iotctl
from tests.integration.own_database import OwnDatabase, own_database
from tests.integration.pipeline import Database, running, wait_for
from tests.integration.relay import Relay, batch


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[OwnDatabase]:
    with own_database(stack, "doctor_alarms") as one:
        yield one


@pytest.fixture
def iotctl(stack: Stack, database: OwnDatabase, tmp_path: Path) -> Iotctl:
    """Of a database in which nobody else does anything."""
    one = Iotctl(stack, tmp_path)
    one.environment["STREAMING_DATABASE_NAME"] = database.name
    return one


@pytest.fixture
def owner(database: OwnDatabase) -> Iterator[Database]:
    """One sensor, and nothing that belongs to alarms."""
    with database.connect() as one:
        for table in ("alarm_outbox", "alarm_trigger", "alarm_evaluation", "alarm_rule", "sensor"):
            one.execute(f"DELETE FROM {table}")
        one.execute("INSERT INTO sensor (serial_number) VALUES ('doctor-5')")
        yield one


def rule(owner: Database, name: str, **fields: Any) -> None:
    owner.execute(
        "INSERT INTO alarm_rule (name, definition, changed_by) VALUES (%s, %s, 'test')",
        [name, json.dumps({**FAST, "for": {"all": True}, **fields})],
    )


def judged(owner: Database, name: str, reason: str = "") -> None:
    """As the service writes it."""
    owner.execute(
        "INSERT INTO alarm_evaluation (rule_id, sensor_id, channel, version, state, reason)"
        " SELECT r.id, s.id, (SELECT count(*) FROM alarm_evaluation), r.version, '{}', %s"
        " FROM alarm_rule r, sensor s WHERE r.name = %s",
        [reason, name],
    )


def test_doctor_tells_whether_anybody_judges(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service runs and is at the end; it was killed and does not move; it is silent; it is back."""
    monkeypatch.setattr(lag, "PATIENCE_S", 1.0)
    iotctl = Iotctl(stack, tmp_path)
    with running(stack, tmp_path) as pipeline, site(stack) as one:
        one.owner.execute("UPDATE alarm_rule SET enabled = false")
        one.sensor("doctor-4")
        one.rule("doctor: shakes", FAST, sensor="doctor-4")
        first = pipeline.start("alarms", ["alarms"], "alarms").wait_ready()
        wait_for(lambda: well(iotctl), 60, "a service that judges")
        first.kill()
        asyncio.run(publish(stack))
        [(state, said)] = told(iotctl, "alarms", "lag")
        assert state == "problem"
        assert "1 stream message not judged, and it does not move" in said
        silent = "UPDATE alarm_partition SET updated_at = now() - INTERVAL '5 min'"
        one.owner.execute(f"{silent} WHERE stream LIKE '%data-2'")
        assert told(iotctl, "alarms", "judging") == [
            ("problem", "nobody judges sensor_streaming.data-2: no alarm is raised there")
        ]
        one.owner.execute(silent)
        said = problems(doctor(iotctl))["alarms"]
        assert "the alarms service has said nothing for 5 min: no alarm is raised" in said
        assert "python -m alarms" in said
        pipeline.start("alarms", ["alarms"], "alarms").wait_ready()
        wait_for(lambda: well(iotctl), 60, "a service that judges again")


def well(iotctl: Iotctl) -> bool:
    return [state for check in ("judging", "lag") for state, _ in told(iotctl, "alarms", check)] == ["ok"] * 2


async def publish(stack: Stack) -> None:
    async with Relay(stack) as relay:
        await relay.batches("doctor-4", [batch(0)])


def test_doctor_of_an_installation_without_alarms_warns(iotctl: Iotctl, owner: Database) -> None:
    """Nobody judges, and there is nothing to judge by; with a rule that is a problem."""
    assert told(iotctl, "alarms", "rules") == [("ok", "none is enabled: no alarm is ever raised")]
    [(state, said)] = told(iotctl, "alarms", "judging")
    assert (state, "no alarms service has ever been at work" in said) == ("warning", True)
    rule(owner, "Shaking")
    [(state, said)] = told(iotctl, "alarms", "judging")
    assert (state, "no alarms service has ever been at work" in said) == ("problem", True)


def test_doctor_names_rules_that_cannot_be_used_or_judge_nothing(iotctl: Iotctl, owner: Database) -> None:
    """With the reason of the first; one that is disabled or removed is nobody's."""
    rule(owner, "Broken", unit=5)
    rule(owner, "Blind")
    rule(owner, "Seeing")
    rule(owner, "Disabled", kind="nonsense")
    owner.execute("UPDATE alarm_rule SET enabled = false WHERE name = 'Disabled'")
    judged(owner, "Blind", "the sensor sits on no target")
    judged(owner, "Seeing")
    judged(owner, "Seeing", "there is no channel 'z'")
    (bad, refused), (worth_a_look, blind) = told(iotctl, "alarms", "rules")
    assert (bad, worth_a_look) == ("problem", "warning")
    assert refused.startswith("cannot be used: Broken; Broken: unit")
    assert blind.startswith("nothing is judged by Blind")
    owner.execute("DELETE FROM alarm_rule WHERE name = 'Broken'")
    judged(owner, "Blind")
    assert told(iotctl, "alarms", "rules") == [("ok", "2 rules for 4 sources; of 2 there is no verdict")]


def test_doctor_tells_what_was_given_up_and_what_waits(
    iotctl: Iotctl, owner: Database, database: OwnDatabase
) -> None:
    """Of the last day, and for more than ten minutes; what is due later, was sent or was given up long ago is well."""
    with database.connect("alarms") as service:
        for action, columns in (
            ("webhook", "done_at = now()"),
            ("webhook", "created_at = now() + INTERVAL '1 h'"),
            ("webhook", "given_up_at = now() - INTERVAL '25 h', created_at = now() - INTERVAL '49 h'"),
            ("email", "created_at = now() - INTERVAL '9 min'"),
        ):
            put(service, action, columns)
        assert [state for state, _ in told(iotctl, "alarms", "outbox")] == ["ok"]
        put(service, "webhook", "given_up_at = now(), error = 'HTTP 410'")
        put(service, "email", "created_at = now() - INTERVAL '20 min', error = 'no route'")
        put(service, "email", "created_at = now() - INTERVAL '15 min'")
    assert told(iotctl, "alarms", "outbox") == [
        ("problem", "given up within the last day, and nobody was told: 1 webhook (HTTP 410)"),
        ("warning", "could not be sent for up to 20 min: 2 email (no route)"),
    ]


def put(service: Database, action: str, columns: str) -> None:
    service.execute(
        "INSERT INTO alarm_outbox (key, action, payload) SELECT count(*)::text, %s, '{}' FROM alarm_outbox",
        [action],
    )
    service.execute(f"UPDATE alarm_outbox SET {columns} WHERE id = (SELECT max(id) FROM alarm_outbox)")


def test_doctor_names_machines_that_did_not_hear_of_their_alarm(
    iotctl: Iotctl, owner: Database, database: OwnDatabase
) -> None:
    """A trigger that expired; one that was answered, or may still be, is well."""
    with database.connect("alarms") as service:
        for target, expires, answered in (
            ("Pump 1", "-1 min", None), ("Pump 1", "-2 min", None), ("Pump 2", "5 min", None), ("Pump 3", "-1 min", "now"),
            ("Pump 4", "-2 days", None),
        ):  # fmt: skip
            service.execute(
                "INSERT INTO alarm_trigger (id, target, expires_at, acknowledged_at)"
                " VALUES (gen_random_uuid(), %s, now() + %s::interval, %s)",
                [target, expires, answered],
            )
    assert told(iotctl, "alarms", "machines") == [
        ("problem", "2 triggers expired within the last day, as no controller answered: Pump 1")
    ]


def test_doctor_of_alarms_goes_on_without_rabbitmq(iotctl: Iotctl, owner: Database) -> None:
    """How far it lags is not known then; what the database says is told."""
    rule(owner, "Shaking")
    judged(owner, "Shaking")
    owner.execute(
        "INSERT INTO alarm_partition (stream, owner, next_offset, rewind_offset)"
        " VALUES ('sensor_streaming.data-0', gen_random_uuid(), 0, 0)"
    )
    iotctl.environment["STREAMING_RABBITMQ_STREAM_PORT"] = "1"
    assert told(iotctl, "alarms", "rules") == [("ok", "1 rule for 1 source")]
    assert told(iotctl, "alarms", "judging") == [("ok", "1 partition, each judged")]
    [(state, said)] = told(iotctl, "alarms", "lag")
    assert (state, "not known" in said) == ("warning", True)
