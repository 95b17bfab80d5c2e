"""Alarms on the live page: lists, and what operators ask of the service that judges, which is played here."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from stack.local import Stack
from tests.integration.pipeline import Database, connect
from tests.integration.web_fleet import PREFIX, SENSORS, known, make_alarm
from tests.integration.web_page import Page, one, serving


@pytest.fixture(scope="module")
def page(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with serving(stack, tmp_path_factory.mktemp("web"), PREFIX) as one:
        yield one


@pytest.fixture
def owner(stack: Stack) -> Iterator[Database]:
    with known(stack) as database:
        yield database


@pytest.fixture
def viewer(page: Page, owner: Database) -> Iterator[httpx.Client]:
    with page.browser(page.user("vera")) as browser:
        yield browser


@pytest.fixture
def operator(page: Page, owner: Database) -> Iterator[httpx.Client]:
    with page.browser(page.user("anna", "operator")) as browser:
        yield browser


@contextmanager
def answering(stack: Stack, refusal: str | None = None) -> Iterator[list[dict[str, Any]]]:
    """Plays the alarms service: every request is done, or refused; what was asked is kept."""
    asked: list[dict[str, Any]] = []
    stop = threading.Event()

    def serve() -> None:
        with connect(stack, "owner") as database:
            while not stop.is_set():
                for row in database.execute(
                    "UPDATE alarm_request SET applied_at = now(), refusal = %s WHERE applied_at IS NULL"
                    " RETURNING action, by, comment, extract(epoch FROM until)::float8, alarm_id",
                    [refusal],
                ).fetchall():
                    asked.append(
                        dict(zip(("action", "by", "comment", "until", "alarm_id"), row, strict=True))
                    )
                    if refusal is None and row[0] == "acknowledge":
                        database.execute("UPDATE alarm SET acknowledged = true WHERE id = %s", [row[4]])
                stop.wait(0.02)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield asked
    finally:
        stop.set()
        thread.join()


def test_alarms_are_listed_by_state_and_sensor(viewer: httpx.Client, owner: Database) -> None:
    """Open ones by severity; closed ones and all of them the newest first."""
    first, second, closed = (make_alarm(owner, serial) for serial in SENSORS[:3])
    owner.execute("UPDATE alarm SET severity = 900 WHERE id = %s", [second])
    owner.execute("UPDATE alarm SET active = false, closed_at = now() WHERE id = %s", [closed])

    def listed(**asked: str) -> list[str]:
        told = viewer.get("/api/alarms", params={"limit": "1000", **asked}).json()["alarms"]
        return [row["id"] for row in told if row["serial_number"] in SENSORS]

    assert listed() == listed(state="open") == [str(second), str(first)]
    assert listed(state="closed") == [str(closed)]
    assert listed(state="all") == [str(closed), str(second), str(first)]
    assert listed(state="all", serial=SENSORS[0]) == [str(first)]
    row = next(row for row in viewer.get("/api/alarms").json()["alarms"] if row["id"] == str(first))
    assert (row["value"], row["unit"], row["channel"], row["target"]) == (81.5, "°C", None, "Webapi pump")
    assert (row["rule"], row["kind"], row["shelved_until"], row["suppressed"]) == (
        "webapi",
        "threshold",
        None,
        False,
    )


def test_alarm_is_told_with_its_history(viewer: httpx.Client, owner: Database) -> None:
    """In the order in which things happened, with evidence."""
    alarm = make_alarm(owner, SENSORS[0])
    told = viewer.get(f"/api/alarms/{alarm}").json()
    assert told["alarm"]["message"] == "it is hot"
    [transition] = told["transitions"]
    assert (transition["kind"], transition["evidence"], transition["by"]) == ("ACTIVATED", {"limit": 80}, "")
    assert viewer.get(f"/api/alarms/{uuid.uuid4()}").status_code == 404


def test_acknowledgement_is_asked_in_the_users_name_and_waited_for(
    stack: Stack, page: Page, operator: httpx.Client, owner: Database
) -> None:
    """The list has it at once, although it is kept for a second; said once more it is a conflict."""
    alarm = make_alarm(owner, SENSORS[0])
    operator.get("/api/alarms")
    with answering(stack) as asked:
        answer = operator.post(f"/api/alarms/{alarm}/acknowledge", json={"comment": " bearing ordered "})
    assert answer.json() == {"outcome": "applied", "reason": ""}
    [request] = asked
    assert (request["action"], request["by"], request["comment"]) == (
        *("acknowledge", f"{PREFIX}anna@web", "bearing ordered"),
    )
    [row] = [one for one in operator.get("/api/alarms").json()["alarms"] if one["id"] == str(alarm)]
    assert row["acknowledged"] is True
    again = operator.post(f"/api/alarms/{alarm}/acknowledge", json={})
    assert again.status_code == 409
    assert "already" in again.json()["error"]


def test_shelving_has_a_reason_and_an_end(stack: Stack, operator: httpx.Client, owner: Database) -> None:
    """A time within a month, or until it clears."""
    alarm = make_alarm(owner, SENSORS[0])
    path = f"/api/alarms/{alarm}/shelve"
    now_ms = time.time() * 1000
    for body, said in (
        ({"until_ms": now_ms + 3_600_000}, "why"),
        ({"until_ms": now_ms + 3_600_000, "comment": " "}, "why"),
        ({"until_ms": now_ms - 1000, "comment": "x"}, "to come"),
        ({"until_ms": now_ms + 32 * 86_400_000, "comment": "x"}, "31 days"),
        ({"until_ms": "soon", "comment": "x"}, "number"),
        ({"until_ms": None, "comment": "x" * 1001}, "1000"),
        ({"until_ms": None, "comment": 5}, "text"),
    ):
        answer = operator.post(path, json=body)
        assert (answer.status_code, said in answer.json()["error"]) == (400, True), answer.text
    with answering(stack) as asked:
        until_ms = round(now_ms + 3_600_000)
        assert (
            operator.post(path, json={"until_ms": until_ms, "comment": "cleaning"}).json()["outcome"]
            == "applied"
        )
        assert operator.post(path, json={"until_ms": None, "comment": "known"}).json()["outcome"] == "applied"
    assert asked[0]["until"] == pytest.approx(until_ms / 1000)
    assert asked[1]["until"] == float("inf")
    assert operator.post(f"/api/alarms/{alarm}/unshelve", json={}).status_code == 409
    owner.execute("UPDATE alarm SET shelved_until = 'infinity' WHERE id = %s", [alarm])
    told = operator.get(f"/api/alarms/{alarm}").json()["alarm"]
    assert (told["shelved"], told["shelved_until"], told["shelved_until_cleared"]) == (True, None, True)
    with answering(stack) as asked:
        assert operator.post(f"/api/alarms/{alarm}/unshelve", json={}).json()["outcome"] == "applied"
    assert asked[0]["action"] == "unshelve"


def test_request_that_the_service_refuses_says_why(
    stack: Stack, operator: httpx.Client, owner: Database
) -> None:
    """In the service's words."""
    alarm = make_alarm(owner, SENSORS[0])
    with answering(stack, refusal="it is over"):
        answer = operator.post(f"/api/alarms/{alarm}/acknowledge", json={})
    assert answer.json() == {"outcome": "refused", "reason": "it is over"}


def test_request_while_no_service_answers_is_kept_and_said_to_wait(
    operator: httpx.Client, owner: Database
) -> None:
    """After five seconds."""
    alarm = make_alarm(owner, SENSORS[0])
    began = time.monotonic()
    answer = operator.post(f"/api/alarms/{alarm}/acknowledge", json={"comment": "x"})
    assert 4.5 < time.monotonic() - began < 9
    assert answer.json()["outcome"] == "waiting"
    assert (
        one(owner, "SELECT count(*) FROM alarm_request WHERE alarm_id = %s AND applied_at IS NULL", alarm)
        == 1
    )


def test_request_of_an_alarm_that_is_over_or_not_there_is_refused(
    operator: httpx.Client, owner: Database
) -> None:
    """409 and 404; nothing is asked."""
    alarm = make_alarm(owner, SENSORS[0])
    owner.execute(
        "UPDATE alarm SET active = false, acknowledged = true, closed_at = now() WHERE id = %s", [alarm]
    )
    assert operator.post(f"/api/alarms/{alarm}/acknowledge", json={}).status_code == 409
    assert operator.post(f"/api/alarms/{uuid.uuid4()}/acknowledge", json={}).status_code == 404
    assert one(owner, "SELECT count(*) FROM alarm_request WHERE alarm_id = %s", alarm) == 0


def test_moments_are_unix_milliseconds(viewer: httpx.Client, owner: Database) -> None:
    """Of the database's times, whatever its time zone."""
    alarm = make_alarm(owner, SENSORS[0])
    moment = datetime(2026, 3, 1, 12, 0, tzinfo=UTC) + timedelta(milliseconds=250)
    owner.execute("UPDATE alarm SET activated_at = %s WHERE id = %s", [moment, alarm])
    told = viewer.get(f"/api/alarms/{alarm}").json()["alarm"]
    assert told["activated_at"] == 1_772_366_400_250
