"""Logging in to the live page: users by iotctl, sessions in the database, live connections, the end of the service."""

import asyncio
import hashlib
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import argon2
import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as ws_connect
from websockets.exceptions import ConnectionClosed

from stack.local import Stack
from tests.integration.pipeline import Database, connect, free_port, wait_for
from tests.integration.web_page import PASSWORD, Page, log_in, one, serving, session_cookie, without_users

PREFIX = "weblogin-"


@pytest.fixture(scope="module")
def page(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with serving(stack, tmp_path_factory.mktemp("web"), PREFIX) as one:
        yield one


@pytest.fixture
def owner(stack: Stack) -> Iterator[Database]:
    with without_users(stack, PREFIX) as one:
        yield one


def logged_in(browser: httpx.Client) -> bool:
    return browser.get("/api/session").status_code == 200


def test_user_of_iotctl_logs_in_and_out(page: Page, owner: Database) -> None:
    """The database has the token's digest, from where, and when; after the logout nothing."""
    name = page.user("anna", "operator")
    with page.browser(name) as browser:
        assert browser.get("/api/session").json()["name"] == name
        digest = hashlib.sha256(browser.cookies["session"].encode()).digest()
        assert one(owner, "SELECT address FROM web_session WHERE token_digest = %s", digest) == "127.0.0.1"
        assert one(
            owner, "SELECT last_login_at > now() - INTERVAL '1 min' FROM web_user WHERE name = %s", name
        )
        assert browser.post("/logout").status_code == 303
        assert one(owner, "SELECT count(*) FROM web_session WHERE token_digest = %s", digest) == 0
        assert not logged_in(browser)


def test_login_is_logged_with_name_and_address_and_no_secret(page: Page, owner: Database) -> None:
    """Good ones and others."""
    name = page.user("lena")
    with page.browser(name) as browser:
        log_in(browser, name, "a wrong one")
        lines = [json.loads(line) for line in page.service.log.read_text().splitlines()]
        mine = [line for line in lines if line.get("user") == name]
        assert [line["event"] for line in mine] == ["logged_in", "login_failed"]
        assert mine[0]["address"] == "127.0.0.1"
        whole = page.service.log.read_text()
        for secret in (PASSWORD, "a wrong one", browser.cookies["session"], browser.headers["X-CSRF-Token"]):
            assert secret not in whole


@pytest.mark.parametrize(
    "arguments",
    [("password",), ("role", "viewer"), ("disable",), ("remove", "--yes")],
    ids=lambda one: one[0],
)
def test_user_who_is_changed_is_logged_out_everywhere_within_seconds(
    page: Page, owner: Database, arguments: tuple[str, ...]
) -> None:
    """Password, role, disabled, removed: every browser asks for a login."""
    name = page.user("carl", "operator")
    command, *rest = arguments
    options = ["--password-stdin"] if command == "password" else []
    with page.browser(name) as first, page.browser(name) as second:
        assert logged_in(first)
        page.iotctl("users", command, name, *rest, *options, input="another password\n")
        wait_for(lambda: not logged_in(first) and not logged_in(second), 5, "both are logged out")
        again = log_in(first, name, "another password" if command == "password" else PASSWORD)
        assert again.status_code == (401 if command in ("disable", "remove") else 303)
        if command == "password":
            assert log_in(second, name).status_code == 401
        if command == "role":
            assert first.get("/api/session").json()["role"] == "viewer"
        if command == "disable":
            page.iotctl("users", "enable", name)
            assert log_in(first, name).status_code == 303


def test_hash_with_old_parameters_is_renewed_by_a_login_which_ends_no_session(
    page: Page, owner: Database
) -> None:
    """Nobody has to change a password for it."""
    name = page.user("dora")
    with page.browser(name) as before:
        old = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        owner.execute("UPDATE web_user SET password_hash = %s WHERE name = %s", [old, name])
        with page.browser(name) as browser:
            kept = one(owner, "SELECT password_hash FROM web_user WHERE name = %s", name)
            assert kept != old
            assert "m=65536,t=3,p=4" in kept
            assert logged_in(browser)
            assert log_in(browser, name).status_code == 303
        time.sleep(2.1)  # what was found of the first session is believed for so long
        assert logged_in(before)


@pytest.mark.parametrize(
    "column", ["expires_at = now()", "seen_at = now() - INTERVAL '61 minutes'"], ids=["length", "idle"]
)
def test_session_ends_by_its_length_and_by_idleness(page: Page, owner: Database, column: str) -> None:
    """Twelve hours and one, as the settings have it; the row goes with the next login."""
    name = page.user("ed")
    with page.browser(name) as browser:
        digest = hashlib.sha256(browser.cookies["session"].encode()).digest()
        owner.execute(f"UPDATE web_session SET {column} WHERE token_digest = %s".encode(), [digest])
        wait_for(lambda: not logged_in(browser), 5, "the session is over")
        with page.browser(name):
            assert one(owner, "SELECT count(*) FROM web_session WHERE token_digest = %s", digest) == 0


def test_session_that_is_used_is_not_idle(page: Page, owner: Database) -> None:
    """That it was seen is written once a minute."""
    name = page.user("fay")
    with page.browser(name) as browser:
        owner.execute("UPDATE web_session SET seen_at = now() - INTERVAL '50 minutes'")

        def seen() -> bool:
            return logged_in(browser) and bool(
                one(owner, "SELECT bool_and(seen_at > now() - INTERVAL '1 minute') FROM web_session")
            )

        wait_for(seen, 5, "it is seen")


def test_sessions_of_one_user_are_bounded_and_the_oldest_goes(page: Page, owner: Database) -> None:
    """Twenty browsers."""
    name = page.user("gus")
    with page.browser(name) as first:
        user = one(owner, "SELECT id FROM web_user WHERE name = %s", name)
        owner.execute(
            "INSERT INTO web_session (token_digest, user_id, expires_at)"
            " SELECT decode(md5(i::text), 'hex'), %s, now() + INTERVAL '1 h' FROM generate_series(1, 19) i",
            [user],
        )
        assert logged_in(first)
        with page.browser(name) as last:
            assert one(owner, "SELECT count(*) FROM web_session WHERE user_id = %s", user) == 20
            wait_for(lambda: not logged_in(first), 5, "the oldest is over")
            assert logged_in(last)


def test_address_is_believed_of_trusted_proxies_only(page: Page, owner: Database) -> None:
    """Else everybody says where they come from, and no limit of an address holds."""
    name = page.user("hal")
    with page.browser(name) as browser:
        browser.headers["X-Forwarded-For"] = "203.0.113.9"
        log_in(browser, name)
        addresses = "SELECT array_agg(DISTINCT s.address) FROM web_session s JOIN web_user u ON u.id = s.user_id WHERE u.name = %s"
        assert one(owner, addresses, name) == ["127.0.0.1"]
    port = free_port()
    behind = page.start(STREAMING_WEB_PORT=str(port), STREAMING_WEB_TRUSTED_PROXIES="127.0.0.1").wait_ready()
    with page.browser(url=f"http://127.0.0.1:{port}") as browser:
        browser.headers["X-Forwarded-For"] = "198.51.100.1, 203.0.113.9"
        log_in(browser, name)
        assert "203.0.113.9" in one(owner, addresses, name)
    assert behind.stop() == 0


def test_page_that_listens_elsewhere_without_https_says_so(page: Page) -> None:
    """A line in the log that says what to do; with https in front there is none."""
    for url, warned in (("", True), ("https://page.example", False)):
        service = page.start(
            STREAMING_WEB_HOST="0.0.0.0", STREAMING_WEB_PORT="0", STREAMING_WEB_PUBLIC_URL=url
        ).wait_ready()
        assert ("not_encrypted" in service.log.read_text()) is warned
        assert service.stop() == 0


def test_page_whose_port_is_taken_ends_and_says_so(page: Page) -> None:
    """Exit code 1, and the settings that say which it is to be."""
    service = page.start()
    assert service.process.wait(20) == 1
    assert "STREAMING_WEB_PORT" in service.log.read_text()


def test_connections_beyond_their_bound_are_503(page: Page, owner: Database) -> None:
    """Those that there are go on; when some have gone, others may come."""
    port = free_port()
    service = page.start(STREAMING_WEB_PORT=str(port), STREAMING_WEB_CONNECTIONS="10").wait_ready()
    url = f"http://127.0.0.1:{port}/login"
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(11)]
    wait_for(lambda: httpx.get(url).status_code == 503, 10, "it is full")
    for connection in idle:
        connection.close()
    wait_for(lambda: httpx.get(url).status_code == 200, 10, "there is room again")
    assert service.stop() == 0


# Live connections.
async def live(
    page: Page, cookie: str | None, origin: str | None = "own", port: int | None = None
) -> ClientConnection:
    headers = {} if cookie is None else {"Cookie": cookie}
    return await ws_connect(
        f"ws://127.0.0.1:{port or page.port}/api/live",
        additional_headers=headers,
        origin=page.url if origin == "own" else origin,  # type: ignore[arg-type]  # a NewType of str
        proxy=None,
    )


async def closed(connection: ClientConnection, timeout_s: float) -> int | None:
    """The code that the server closes with."""
    async with asyncio.timeout(timeout_s):
        try:
            while True:
                await connection.recv()
        except ConnectionClosed as ended:
            return ended.rcvd.code if ended.rcvd else None


async def test_live_connection_without_a_session_is_closed_with_4401(page: Page) -> None:
    """None, and one that nobody has."""
    for cookie in (None, "session=x"):
        assert await closed(await live(page, cookie), 5) == 4401


async def test_live_connection_from_another_site_is_closed_with_4403(page: Page, owner: Database) -> None:
    """Browsers send the cookie along, whoever opens it."""
    name = page.user("ida")
    with page.browser(name) as browser:
        for origin in ("http://evil.example", "null"):
            assert await closed(await live(page, session_cookie(browser), origin), 5) == 4403


@pytest.mark.parametrize("how", ["logout", "disable", "password"])
async def test_live_connection_ends_with_its_session(page: Page, owner: Database, how: str) -> None:
    """Within seconds, with 4401; another's stays."""
    name, other = page.user("jim"), page.user("kim")
    with page.browser(name) as browser, page.browser(other) as others:
        watching = await live(page, session_cookie(browser))
        staying = await live(page, session_cookie(others))
        if how == "logout":
            browser.post("/logout")
        else:
            options = ("--password-stdin",) if how == "password" else ()
            page.iotctl("users", how, name, *options, input="another password\n")
        assert await closed(watching, 9) == 4401
        with pytest.raises(TimeoutError):
            await closed(staying, 0.5)
        await staying.close()


async def test_stop_closes_live_connections_and_finishes_what_was_asked(page: Page, owner: Database) -> None:
    """Live ones with 1001 (going away); a request that waits for another service is answered; new ones are refused."""
    name = page.user("lou", "operator")
    port = free_port()
    service = page.start(STREAMING_WEB_PORT=str(port)).wait_ready()
    url = f"http://127.0.0.1:{port}"
    alarm = make_alarm(owner)
    answers: list[Any] = []
    with page.browser(name, url) as browser:
        watching = await live(page, session_cookie(browser), origin=url, port=port)
        asking = threading.Thread(
            target=lambda: answers.append(
                browser.post(f"/api/alarms/{alarm}/acknowledge", json={"comment": "x"})
            )
        )
        asking.start()
        wait_for(
            lambda: one(owner, "SELECT count(*) FROM alarm_request WHERE alarm_id = %s", alarm), 5, "asked"
        )
        began = time.monotonic()
        service.process.terminate()
        assert await closed(watching, 5) == 1001
        await asyncio.to_thread(asking.join, 10)
        assert await asyncio.to_thread(service.process.wait, 10) == 0
        assert time.monotonic() - began < 4
        assert answers[0].status_code == 200
        assert answers[0].json()["outcome"] == "waiting"
        with pytest.raises(httpx.ConnectError):
            browser.get("/login")
    remove_alarm(owner)


def make_alarm(owner: Database) -> Any:
    sensor = one(owner, "INSERT INTO sensor (serial_number) VALUES ('weblogin-1') RETURNING id")
    rule = one(
        owner,
        "INSERT INTO alarm_rule (name, definition, changed_by, enabled)"
        " VALUES ('weblogin', '{\"kind\": \"threshold\"}', 'test', false) RETURNING id",
    )
    return one(
        owner,
        "INSERT INTO alarm (id, rule_id, sensor_id, level, severity, message, active, acknowledged, activated_at)"
        " VALUES (gen_random_uuid(), %s, %s, 'high', 500, 'hot', true, false, now()) RETURNING id",
        rule,
        sensor,
    )


def remove_alarm(owner: Database) -> None:
    mine = "SELECT id FROM sensor WHERE serial_number = 'weblogin-1'"
    owner.execute(
        f"DELETE FROM alarm_request WHERE alarm_id IN (SELECT id FROM alarm WHERE sensor_id IN ({mine}))".encode()
    )
    owner.execute(f"DELETE FROM alarm WHERE sensor_id IN ({mine})".encode())
    owner.execute("DELETE FROM alarm_rule WHERE name = 'weblogin'")
    owner.execute("DELETE FROM sensor WHERE serial_number = 'weblogin-1'")


# The servers away.
def test_database_away_is_503_and_everything_goes_on_when_it_is_back(
    stack: Stack, page: Page, owner: Database
) -> None:
    """Sentences for people, /readyz for machines; who was logged in still is."""
    name = page.user("max")
    with page.browser(name) as browser:
        stack.kill("postgres")
        try:
            wait_for(lambda: browser.get("/api/positions").status_code == 503, 10, "503")
            answer = browser.get("/api/alarms")
            assert answer.status_code == 503
            assert "database" in answer.json()["error"]
            assert answer.headers["retry-after"]
            assert log_in(browser, name).status_code == 503
            wait_for(lambda: "database" in not_ready(page), 10, "not ready, for the database's sake")
            began = time.monotonic()
            for _ in range(20):
                assert browser.get("/api/alarms").status_code == 503
            assert time.monotonic() - began < 5, "it refuses at once"
        finally:
            stack.restart("postgres")
        wait_for(lambda: browser.get("/api/positions").status_code == 200, 15, "answers again")
        wait_for(page.service.ready, 10, "ready again")


def not_ready(page: Page) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{page.service.port}/readyz", timeout=5) as answer:
            return "" if answer.status == 200 else "?"
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode()


def test_user_who_is_changed_while_the_password_is_compared_is_not_let_in(
    page: Page, owner: Database, stack: Stack
) -> None:
    """The change is under way when the session is to begin: what was right before has no session after it."""
    name = page.user("gus")
    with connect(stack, "owner") as other, page.browser() as browser:
        other.execute("BEGIN")
        other.execute(
            "UPDATE web_user SET password_hash = 'another', changed_at = clock_timestamp() WHERE name = %s",
            [name],
        )
        statuses: list[int] = []
        logging_in = threading.Thread(target=lambda: statuses.append(log_in(browser, name).status_code))
        logging_in.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'web' AND wait_event_type = 'Lock'"
        wait_for(lambda: one(owner, waiting) > 0, 10, "the login waits for the change")
        other.execute("COMMIT")
        logging_in.join(10)
    assert statuses == [401]
    assert (
        one(owner, "SELECT count(*) FROM web_session JOIN web_user ON id = user_id WHERE name = %s", name)
        == 0
    )
