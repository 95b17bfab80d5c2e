"""Commands by the live page, to sensors and back, on the real servers."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from stack.local import Stack
from tests.integration import stored
from tests.integration.pipeline import Database, wait_for
from tests.integration.steering import Emulated, emulated
from tests.integration.web_fleet import PREFIX, SENSORS, known
from tests.integration.web_page import Page, one, port_of, serving
from wire.sensor_pb2 import State


@pytest.fixture(scope="module")
def page(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with serving(stack, tmp_path_factory.mktemp("web"), PREFIX) as one:
        yield one


@pytest.fixture
def owner(stack: Stack) -> Iterator[Database]:
    with known(stack) as database:
        yield database


@pytest.fixture
def operator(page: Page, owner: Database) -> Iterator[httpx.Client]:
    with page.browser(page.user("anna", "operator")) as browser:
        yield browser


@pytest.fixture(scope="module")
def services(page: Page) -> None:
    """What commands go through: a bridge, and the registry that records them."""
    page.pipeline.bridge().wait_ready()
    page.pipeline.ingest("registry").wait_ready()


@pytest.fixture
async def sensors(stack: Stack, services: None, owner: Database) -> AsyncIterator[list[Emulated]]:
    """The first two are there; the others have credentials nowhere."""
    async with emulated(stack, *SENSORS[:2]) as made:
        yield made


async def give(
    browser: httpx.Client, serial_numbers: list[str], name: str, **more: Any
) -> list[dict[str, Any]]:
    """The lines of an answer."""
    body = {"serial_numbers": serial_numbers, "name": name, **more}
    answer = await asyncio.to_thread(browser.post, "/api/commands", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_command_is_followed_to_the_sensors_answer(
    page: Page, operator: httpx.Client, sensors: list[Emulated], owner: Database
) -> None:
    """A line at each change; the audit has the user's name, and the list of commands has it."""
    lines = await give(operator, SENSORS[:2], "sleep", fields={"duration_s": 0})
    assert lines[-1] == {"done": True, "error": None}
    for serial in SENSORS[:2]:
        mine = [line for line in lines[:-1] if line["serial_number"] == serial]
        assert mine[-1]["status"] == "APPLIED"
        assert mine[-1]["state"] == "ASLEEP"
        assert {line["status"] for line in mine} <= {"QUEUED", "SENT", "APPLIED"}
        assert [line["after_s"] for line in mine] == sorted(line["after_s"] for line in mine)
    assert {sensor.sensor.state for sensor in sensors} == {State.STATE_ASLEEP}
    given = mine[-1]["id"]

    def listed() -> Any:
        told = operator.get("/api/commands", params={"serial": SENSORS[1]}).json()["commands"]
        return next((row for row in told if row["id"] == given and row["status"] == "APPLIED"), None)

    await asyncio.to_thread(wait_for, listed, 15, "the audit has it")
    row = listed()
    assert (row["client"], row["issuer"], row["name"]) == (f"{PREFIX}anna@web", "web", "sleep")
    assert row["issued_at"] <= row["ended_at"] <= row["expires_at"]
    assert row["expires_at"] - row["issued_at"] == 60_000


async def test_command_that_a_sensor_refuses_or_nobody_hears_says_so(
    operator: httpx.Client, sensors: list[Emulated]
) -> None:
    """Each sensor's fate is its own: one applies it, another has no session at the broker."""
    lines = await give(
        operator, [SENSORS[0], SENSORS[5]], "change_sample_frequency", fields={"sample_frequency_hz": 500}
    )
    last = {line["serial_number"]: line for line in lines[:-1]}
    assert (last[SENSORS[0]]["status"], last[SENSORS[0]]["sample_frequency_hz"]) == ("APPLIED", 500)
    assert last[SENSORS[5]]["status"] == "UNREACHABLE"
    assert last[SENSORS[5]]["reason"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"serial_numbers": ["webapi-none"], "name": "awake"}, 404, "webapi-none"),
        ({"serial_numbers": ["a b"], "name": "awake"}, 404, "a b"),
        ({"serial_numbers": [], "name": "awake"}, 400, "serial_numbers"),
        ({"serial_numbers": "webapi-00", "name": "awake"}, 400, "serial_numbers"),
        ({"serial_numbers": [5], "name": "awake"}, 400, "serial_numbers"),
        ({"serial_numbers": [f"s-{n}" for n in range(501)], "name": "awake"}, 400, "500"),
        ({"name": "awake"}, 400, "serial_numbers"),
        ({"serial_numbers": [SENSORS[0]], "name": "explode"}, 400, "no such command"),
        ({"serial_numbers": [SENSORS[0]], "name": "sleep", "fields": {"duration_s": -1}}, 400, "between"),
        ({"serial_numbers": [SENSORS[0]], "name": "sleep", "expires_s": 0}, 400, "expires"),
        ({"serial_numbers": [SENSORS[0]], "name": "sleep", "expires_s": "x"}, 400, "expires_s"),
        (
            {
                "serial_numbers": SENSORS[:1],
                "name": "change_sample_frequency",
                "fields": {"sample_frequency_hz": 1001},
            },
            400,
            "webapi-00: 1001 Hz",
        ),
        (
            {"serial_numbers": SENSORS[:1], "name": "resend", "fields": {"last_sequence": 5}},
            400,
            "first sequence",
        ),
        (
            {
                "serial_numbers": SENSORS[:1],
                "name": "resend",
                "fields": {"first_sequence": 5, "last_sequence": 4},
            },
            400,
            "before",
        ),
        ({"serial_numbers": [f"s-{n}" for n in range(51)], "name": "resend"}, 404, "s-"),
        ({"serial_numbers": SENSORS[3:4], "name": "resend"}, 409, "Nothing is missing"),
    ],
)
def test_command_that_cannot_be_given_is_refused_before_anything_is_sent(
    operator: httpx.Client, owner: Database, body: dict[str, Any], status: int, said: str
) -> None:
    """In a sentence."""
    answer = operator.post("/api/commands", json=body)
    assert (answer.status_code, said in answer.json()["error"]) == (status, True), answer.text
    count = "SELECT count(*) FROM command c JOIN sensor s ON s.id = c.sensor_id WHERE starts_with(serial_number, %s)"
    assert one(owner, count, PREFIX) == 0


async def test_resend_asks_for_what_is_missing_and_still_held(
    operator: httpx.Client, sensors: list[Emulated], owner: Database
) -> None:
    """Without a sequence: the ranges between what is there."""
    sensor = one(owner, "SELECT id FROM sensor WHERE serial_number = %s", SENSORS[0])
    owner.execute("DELETE FROM sensor_session WHERE sensor_id = %s", [sensor])
    start_ns = time.time_ns() - 60_000_000_000
    for sequence in (0, 1, 4, 7):
        stored.batch(
            owner, sensor, start_ns + sequence * 10**9, np.ones(10, np.float32), 10.0, sequence=sequence
        )
    owner.execute(
        "UPDATE sensor_session SET last_sequence = 7, batch_count = 4 WHERE sensor_id = %s", [sensor]
    )
    owner.execute(
        "UPDATE sensor SET session = 1, last_sequence = 8, oldest_buffered_sequence = 1 WHERE id = %s",
        [sensor],
    )
    lines = await give(operator, [SENSORS[0]], "resend")
    assert lines[-1]["done"] is True
    assert len({line["id"] for line in lines[:-1]}) == 3  # 2–3, 5–6 and 8

    def recorded() -> list[Any]:
        return owner.execute(
            "SELECT (parameters ->> 'first_sequence')::int, (parameters ->> 'last_sequence')::int FROM command"
            " WHERE sensor_id = %s AND name = 'resend' ORDER BY 1",
            [sensor],
        ).fetchall()

    await asyncio.to_thread(wait_for, lambda: len(recorded()) == 3, 15, "the audit has them")
    assert recorded() == [(2, 3), (5, 6), (8, 8)]


async def test_command_without_rabbitmq_is_503_and_nothing_is_sent(
    stack: Stack, page: Page, owner: Database
) -> None:
    """A service whose RabbitMQ is elsewhere: readiness says so, and everything but commands goes on."""
    service = page.start(STREAMING_WEB_PORT="0", STREAMING_RABBITMQ_AMQP_PORT="1")
    port = await asyncio.to_thread(port_of, service)
    with page.browser(page.user("otto", "operator"), f"http://127.0.0.1:{port}") as browser:
        body = {"serial_numbers": SENSORS[:1], "name": "awake"}
        answer = await asyncio.to_thread(browser.post, "/api/commands", json=body)
        assert answer.status_code == 503
        assert "RabbitMQ" in answer.json()["error"]
        assert "nothing was sent" in answer.json()["error"]
        assert (await asyncio.to_thread(browser.get, "/api/fleet")).status_code == 200
    assert not service.ready()
    assert await asyncio.to_thread(service.stop) == 0


async def test_stop_ends_the_answer_to_a_command_that_still_waits(
    page: Page, operator: httpx.Client, services: None, owner: Database
) -> None:
    """With a line that says so; what was sent goes on."""
    async with emulated(page.stack, SENSORS[2]) as [sensor]:
        await sensor.go()  # the broker keeps its session, so that the command waits
        service = page.start(STREAMING_WEB_PORT="0").wait_ready()
        port = port_of(service)
        with page.browser(page.user("pam", "operator"), f"http://127.0.0.1:{port}") as browser:
            giving = asyncio.create_task(give(browser, [SENSORS[2]], "identify"))
            count = "SELECT count(*) FROM command c JOIN sensor s ON s.id = c.sensor_id WHERE serial_number = %s AND sent_at IS NOT NULL"
            await asyncio.to_thread(wait_for, lambda: one(owner, count, SENSORS[2]) == 1, 15, "it is sent")
            assert not giving.done()
            assert await asyncio.to_thread(service.stop) == 0
            lines = await giving
    assert lines[-1]["done"] is True
    assert "stops" in lines[-1]["error"]
    assert lines[-2]["status"] == "SENT"
