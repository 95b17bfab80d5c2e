"""What an event means: which actions, for whom, under which key, and the event as JSON."""

import json
import math
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarms.actions import (
    LANE_RABBITMQ,
    LANE_SMTP,
    LONGEST_ARRAY,
    OutboxRow,
    command_id,
    event_json,
    iso,
    rows,
    state,
)
from alarms.events import Event, Source
from alarms.life import Kind, Status, Transition
from alarms.rules import StoredRule, parse

NOW_NS = 1_772_366_400 * 10**9
ALARM = uuid.UUID("8d1e4f0a-6d3c-5a90-b7d2-2f1a4f6f3a11")
ACTIONS: list[dict[str, Any]] = [
    {"do": "publish"},
    {"do": "webhook", "url": "https://Example.com/hook"},
    {"do": "email", "to": ["a@example.com", "b@example.com"]},
    {"do": "trigger_sensor", "action": "beep"},
    {"do": "change_sample_frequency", "sample_frequency_hz": 4000.0, "for_s": 600},
]
FOR_PEOPLE = ["publish", "webhook", "email"]


def event(
    kind: Kind = Kind.ACTIVATED,
    *,
    annunciate: bool = True,
    actions: list[dict[str, Any]] | None = None,
    trigger: Mapping[str, Any] | None = None,
    evidence: Mapping[str, Any] | None = None,
    value: float | None = 7.4,
    channel: int = 0,
    at_ns: int = NOW_NS,
) -> Event:
    rule = parse(
        {
            "kind": "threshold",
            "for": {"all": True},
            "feature": "velocity_rms",
            "unit": "mm/s",
            "window_s": 1,
            "levels": {"high_high": {"limit": 7.1, "severity": 800}},
            "actions": ACTIONS if actions is None else actions,
            **({} if trigger is None else {"trigger": trigger}),
        }
    )
    active = kind != Kind.CLEARED
    return Event(
        ALARM,
        StoredRule(3, "vibration", 1, rule),
        Source(17, "pump-0002", channel, "x" if channel >= 0 else "", "Pump 1"),
        Transition(kind, at_ns, "high_high", 800, annunciate),
        Status(active, False, "high_high", 800, at_ns, at_ns),
        "velocity RMS 7.4 mm/s",
        value,
        "mm/s",
        1,
        evidence or {},
    )


def kinds(made: list[OutboxRow]) -> list[str]:
    return [row.action for row in made]


@pytest.mark.parametrize(
    "kind", [Kind.ACTIVATED, Kind.LEVEL_CHANGED, Kind.REALARMED, Kind.UNSHELVED, Kind.UNSUPPRESSED]
)
def test_rows_of_what_becomes_visible_are_all_actions_in_their_order(kind: Kind) -> None:
    """People, machines and the sensor; the way back of a raised sample frequency comes with it."""
    made = rows(event(kind), NOW_NS, 1000.0)
    assert kinds(made) == [*FOR_PEOPLE, "command", "command", "command"]
    assert [row.payload["lane"] for row in made] == [
        LANE_RABBITMQ, "example.com:443", LANE_SMTP, *[LANE_RABBITMQ] * 3,
    ]  # fmt: skip


def test_rows_of_a_cleared_alarm_tell_people_and_command_no_sensor() -> None:
    """Whoever was told hears that it is over."""
    assert kinds(rows(event(Kind.CLEARED), NOW_NS, 1000.0)) == FOR_PEOPLE


@pytest.mark.parametrize(
    "kind", [Kind.ACKNOWLEDGED, Kind.SHELVED, Kind.SUPPRESSED, Kind.TRIGGER_ACKNOWLEDGED]
)
def test_rows_of_what_an_operator_does_are_none(kind: Kind) -> None:
    """Nobody needs to be told of it."""
    assert rows(event(kind), NOW_NS, 1000.0) == []


@pytest.mark.parametrize("kind", list(Kind))
def test_rows_of_what_is_not_to_be_told_are_none(kind: Kind) -> None:
    """Shelved, suppressed, or only better than it was."""
    assert rows(event(kind, annunciate=False, trigger={"escalate": ACTIONS}), NOW_NS, 1000.0) == []


def test_rows_of_an_escalation_are_those_of_the_trigger() -> None:
    """And not the rule's, which were done long ago."""
    escalate = [{"do": "webhook", "url": "http://on-call/"}]
    made = rows(event(Kind.ESCALATED, trigger={"escalate": escalate}), NOW_NS)
    assert [(row.action, row.payload["url"], row.payload["lane"]) for row in made] == [
        ("webhook", "http://on-call/", "on-call:80")
    ]
    assert rows(event(Kind.ESCALATED), NOW_NS) == []


def test_keys_follow_from_the_event_alone() -> None:
    """Judged again later, it is the same; another transition, time or action is another."""
    first, again = rows(event(), NOW_NS, 1000.0), rows(event(), NOW_NS + 10**12, 2000.0)
    assert [row.key for row in first] == [row.key for row in again]
    assert [row.payload.get("command_id") for row in first] == [
        row.payload.get("command_id") for row in again
    ]
    others = rows(event(Kind.REALARMED), NOW_NS) + rows(event(at_ns=NOW_NS + 1), NOW_NS)
    keys = [row.key for row in [*rows(event(), NOW_NS), *others]]
    assert len(set(keys)) == len(keys)


@given(st.text(max_size=20), st.text(max_size=20))
def test_command_id_is_16_bytes_that_follow_from_the_key(one: str, other: str) -> None:
    """A sensor knows by it what it has done."""
    assert len(bytes.fromhex(command_id(one))) == 16
    assert (command_id(one) == command_id(other)) == (one == other)


def test_trigger_of_a_sensor_says_which_alarm_how_severe_and_what_to_do() -> None:
    """It expires: an alarm that is shown an hour late misleads."""
    [made] = rows(event(actions=[{"do": "trigger_sensor", "action": "beep"}]), NOW_NS)
    assert made.payload["level"] == "trigger_alarm"
    assert made.payload["fields"] == {"alarm_id": str(ALARM), "severity": 800, "action": "beep"}
    assert (made.payload["issued_ns"], made.payload["expires_s"]) == (NOW_NS, 600.0)


def test_raised_sample_frequency_comes_with_the_way_back() -> None:
    """Due when the time is over, under a key of the sensor, and only where the raise is new."""
    there, back = rows(event(actions=[ACTIONS[-1]]), NOW_NS, 1000.0)
    assert there.payload["fields"] == {"sample_frequency_hz": 4000.0}
    assert (there.due_ns, there.after) == (NOW_NS, "")
    assert there.payload["expires_s"] == 600.0
    assert back.payload["fields"] == {"sample_frequency_hz": 1000.0}
    assert (back.key, back.due_ns, back.after) == ("restore/17", NOW_NS + 600 * 10**9, there.key)
    assert back.payload["command_id"] != there.payload["command_id"]
    assert back.payload["expires_s"] > 86_400  # a sensor that is away must find it


def test_sample_frequency_that_is_not_known_is_not_raised() -> None:
    """It could not be changed back."""
    assert kinds(rows(event(), NOW_NS, None)) == [*FOR_PEOPLE, "command"]


def test_event_json_is_what_json_and_the_database_can_hold() -> None:
    """No NaN, no infinity, no array that is too long for a message; the rest as it is."""
    evidence = {
        "limit": 7.1,
        "ratio": math.nan,
        "spectrum": {"frequency": list(range(LONGEST_ARRAY + 1)), "peaks": [1.0, math.inf]},
        "short": list(range(LONGEST_ARRAY)),
    }
    made = event_json(event(evidence=evidence, value=math.inf))
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert made["evidence"] == {
        "limit": 7.1,
        "ratio": None,
        "spectrum": {"peaks": [1.0, None]},
        "short": list(range(LONGEST_ARRAY)),
    }
    assert {name: made[name] for name in made if name != "evidence"} == {
        "alarm_id": str(ALARM),
        "kind": "ACTIVATED",
        "at": "2026-03-01T12:00:00.000000000Z",
        "state": "ACTIVE_UNACKNOWLEDGED",
        "level": "high_high",
        "severity": 800,
        "rule": "vibration",
        "rule_kind": "threshold",
        "serial_number": "pump-0002",
        "channel": 0,
        "channel_name": "x",
        "target": "Pump 1",
        "value": None,
        "unit": "mm/s",
        "message": "velocity RMS 7.4 mm/s",
        "by": "",
        "comment": "",
        "occurrences": 1,
    }
    assert event_json(event(channel=-1))["channel"] is None


@given(st.integers(min_value=0, max_value=2**62))
def test_iso_time_is_read_back_to_the_nanosecond(time_ns: int) -> None:
    """Python itself reads microseconds."""
    text = iso(time_ns)
    whole = datetime.fromisoformat(text[:19] + "+00:00")
    assert round(whole.timestamp()) * 10**9 + int(text[20:29]) == time_ns
    assert text.endswith("Z")


@pytest.mark.parametrize(
    ("active", "acknowledged", "expected"),
    [
        (True, False, "ACTIVE_UNACKNOWLEDGED"),
        (True, True, "ACTIVE_ACKNOWLEDGED"),
        (False, False, "CLEARED_UNACKNOWLEDGED"),
        (False, True, "CLOSED"),
    ],
)
def test_state_is_named_as_in_the_database(active: bool, acknowledged: bool, expected: str) -> None:
    """Active or not, acknowledged or not."""
    assert state(Status(active, acknowledged, "high", 1, 0, 0)) == expected
