"""What operators ask of alarms by `iotctl alarms`: acknowledge, shelve, unshelve."""

from datetime import datetime

import pytest

from ctl import alarm_requests
from tests.integration.iotctl import Iotctl
from tests.integration.iotctl_alarms.service import HOT, ZONE, Service, requests
from tests.integration.pipeline import Database


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
