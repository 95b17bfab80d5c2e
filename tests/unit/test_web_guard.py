"""What stands before the data: a session, the role, where a change comes from, limits, errors as sentences."""

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import httpx
import pytest

from tests.unit.web_site import Site, log_in
from web.errors import AwayError

READS = (
    *("/api/session", "/api/fleet", "/api/positions", "/api/sensors/pump-1", "/api/alarms", "/api/commands"),
    *("/api/sensors/pump-1/history?from=0&to=1000", "/api/alarms/3f2b9c1e-0000-4000-8000-000000000000"),
    "/api/commands/available",
)
ALARM = "/api/alarms/3f2b9c1e-0000-4000-8000-000000000000"
CHANGES = (f"{ALARM}/acknowledge", f"{ALARM}/shelve", f"{ALARM}/unshelve", "/api/commands")


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site(web_requests_per_minute=60)
    one.database.user("anna", "correct horse", "operator")
    one.database.user("vera", "battery staple")
    yield one
    one.close()


@pytest.fixture
async def anna(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """An operator's browser, with what changes have to carry."""
    async with site.browser() as browser:
        await log_in(browser, "anna", "correct horse")
        browser.headers["X-CSRF-Token"] = (await browser.get("/api/session")).json()["csrf_token"]
        yield browser


@pytest.mark.parametrize("path", READS)
async def test_data_without_a_session_is_401(site: Site, path: str) -> None:
    """A sentence in JSON, and nothing was asked of the database."""
    async with site.browser() as browser:
        for cookie in (None, "x", "x" * 200):
            if cookie is not None:
                browser.cookies.set("session", cookie)
            answer = await browser.get(path)
            assert answer.status_code == 401
            assert answer.json() == {"error": "Log in first."}
    assert set(site.database.asked) <= {"session_find"}


@pytest.mark.parametrize("path", CHANGES)
async def test_change_without_a_session_is_401(site: Site, path: str) -> None:
    """As for data."""
    async with site.browser() as browser:
        assert (await browser.post(path, json={})).status_code == 401


@pytest.mark.parametrize("path", CHANGES)
async def test_change_by_a_viewer_is_403(site: Site, path: str) -> None:
    """In a sentence that says who may."""
    async with site.browser() as browser:
        await log_in(browser, "vera", "battery staple")
        token = (await browser.get("/api/session")).json()["csrf_token"]
        answer = await browser.post(path, json={}, headers={"X-CSRF-Token": token})
        assert answer.status_code == 403
        assert "operators" in answer.json()["error"]


@pytest.mark.parametrize("path", CHANGES)
async def test_change_without_the_sessions_own_token_is_403(
    site: Site, anna: httpx.AsyncClient, path: str
) -> None:
    """None, a wrong one, another session's."""
    own = anna.headers.pop("X-CSRF-Token")
    async with site.browser() as other:
        await log_in(other, "anna", "correct horse")
        others = (await other.get("/api/session")).json()["csrf_token"]
    assert others != own
    for token in (None, "", "x", own[:-1], others):
        headers = {} if token is None else {"X-CSRF-Token": token}
        assert (await anna.post(path, json={}, headers=headers)).status_code == 403
    assert (await anna.post(path, json={}, headers={"X-CSRF-Token": own})).status_code in (400, 404)


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "", "Sec-Fetch-Site": "cross-site"}],
)
async def test_change_from_another_site_is_403(
    anna: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    """With cookie and token as well."""
    answer = await anna.post(path, json={}, headers=headers)
    assert answer.status_code == 403
    assert "another site" in answer.json()["error"]


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b'{"comment": "' + b"x" * 65_536 + b'"}', "application/json", 413),
    ],
)
async def test_change_with_a_body_that_is_none_is_refused(
    anna: httpx.AsyncClient, path: str, content: bytes, kind: str, status: int
) -> None:
    """What a form of another site could send is not JSON."""
    answer = await anna.post(path, content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.json()["error"]


async def test_requests_beyond_the_limit_of_a_session_are_429(site: Site, anna: httpx.AsyncClient) -> None:
    """With when to come again; the address may log in meanwhile, and another session go on."""
    for _ in range(59):
        assert (await anna.get("/api/session")).status_code == 200
    answer = await anna.get("/api/session")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "60"
    async with site.browser() as other:
        await log_in(other, "vera", "battery staple")
        assert (await other.get("/api/session")).status_code == 200
    site.now += 61
    assert (await anna.get("/api/session")).status_code == 200


async def test_data_while_the_database_is_away_is_503_and_then_comes(
    site: Site, anna: httpx.AsyncClient
) -> None:
    """A sentence, and when to come again; nothing of it is kept."""
    site.database.canned["positions"] = lambda _: [{"serial_number": "pump-1"}]
    site.database.away = True
    answer = await anna.get("/api/positions")
    assert answer.status_code == 503
    assert answer.json() == {"error": "The database cannot be reached."}
    assert answer.headers["retry-after"]
    site.database.away = False
    assert (await anna.get("/api/positions")).json()["sensors"] == [{"serial_number": "pump-1"}]


async def test_shell_while_the_database_is_away_is_503(site: Site) -> None:
    """And not the login page."""
    site.database.away = True
    async with site.browser() as browser:
        browser.cookies.set("session", "x")
        assert (await browser.get("/")).status_code == 503


async def test_failure_of_ours_is_500_and_tells_nothing_of_itself(
    site: Site, anna: httpx.AsyncClient
) -> None:
    """The log has it; the headers are there, too."""

    def fail(_: Any) -> list[dict[str, Any]]:
        raise ZeroDivisionError("secret")

    site.database.canned["positions"] = fail
    transport = httpx.ASGITransport(site.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://here", cookies=anna.cookies
    ) as browser:
        answer = await browser.get("/api/positions")
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/api", "/alarms/", "/static"])
async def test_path_that_there_is_not_is_404(anna: httpx.AsyncClient, path: str) -> None:
    """In JSON, and redirected nowhere."""
    answer = await anna.get(path)
    assert answer.status_code == 404
    assert answer.json() == {"error": "There is no such page."}


async def test_many_viewers_of_one_table_ask_the_database_once(site: Site, anna: httpx.AsyncClient) -> None:
    """Within a second; another search is another question."""
    summary = dict.fromkeys(
        ("total", "awake", "asleep", "offline", "unknown", "active", "unacknowledged", "missing"), 0
    )
    site.database.canned["fleet_summary"] = lambda _: [summary]
    site.database.canned["fleet_page"] = lambda _: [{"matching": 0, "serial_number": None}]
    async with site.browser() as vera:
        await log_in(vera, "vera", "battery staple")
        site.database.asked.clear()
        for _ in range(10):
            assert (await anna.get("/api/fleet")).json()["rows"] == []
            await vera.get("/api/fleet", params={"query": " "})
        assert site.database.asked.count("fleet_page") == 1
        await vera.get("/api/fleet", params={"query": "pump"})
        assert site.database.asked.count("fleet_page") == 2


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/api/fleet?sort=password_hash", "sort"),
        ("/api/fleet?state=BROKEN", "state"),
        ("/api/fleet?limit=0", "limit"),
        ("/api/fleet?limit=100000", "limit"),
        ("/api/fleet?limit=ten", "limit"),
        ("/api/fleet?offset=-1", "offset"),
        ("/api/fleet?descending=maybe", "descending"),
        ("/api/fleet?query=" + "x" * 101, "query"),
        ("/api/fleet?query=%00", "query"),
        ("/api/alarms?state=x", "state"),
        ("/api/alarms?limit=-5", "limit"),
        ("/api/commands?limit=1001", "limit"),
        ("/api/sensors/pump-1/history?to=1000", "from"),
        ("/api/sensors/pump-1/history?from=nan&to=1000", "from"),
        ("/api/sensors/pump-1/history?from=0&to=1e300", "to"),
        ("/api/sensors/pump-1/history?from=1000&to=1000", "from"),
        ("/api/sensors/pump-1/history?from=0&to=9000000000", "from"),
        ("/api/sensors/pump-1/history?from=0&to=1000&bins=0", "bins"),
        ("/api/sensors/pump-1/history?from=0&to=1000&bins=2001", "bins"),
        ("/api/sensors/pump-1/history?from=0&to=1000&channel=-1", "channel"),
    ],
)
async def test_question_that_is_none_is_400_and_names_what_is_wrong(
    site: Site, anna: httpx.AsyncClient, path: str, named: str
) -> None:
    """Before the database is asked."""
    site.database.asked.clear()
    answer = await anna.get(path)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(named)
    assert set(site.database.asked) <= {"session_find"}


@pytest.mark.parametrize(
    "path", ["/api/sensors/pump.1", "/api/sensors/%00", "/api/alarms/pump", "/api/alarms?serial=a%20b"]
)
async def test_name_that_nothing_can_have_is_404(anna: httpx.AsyncClient, path: str) -> None:
    """As one that nothing has."""
    assert (await anna.get(path)).status_code == 404


async def test_body_that_is_given_up_on_the_way_is_no_failure_of_ours(site: Site) -> None:
    """Browsers go away; the log has nothing of a bug."""
    sent: list[MutableMapping[str, Any]] = []
    parts: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"name=an", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/login",
        "raw_path": b"/login",
        "query_string": b"",
        "headers": [(b"host", b"here")],
        "client": ("192.0.2.1", 1),
    }
    await site.app(scope, receive, send)
    assert sent[0]["status"] == 400


@pytest.mark.parametrize("action", ["acknowledge", "shelve", "unshelve"])
async def test_comment_with_half_a_character_is_400(site: Site, anna: httpx.AsyncClient, action: str) -> None:
    """JSON may hold it; no database does."""
    site.database.asked.clear()
    answer = await anna.post(
        f"{ALARM}/{action}",
        content=b'{"comment": "a \\ud800 b"}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert "comment" in answer.json()["error"]
    assert set(site.database.asked) <= {"session_find"}


async def test_sessions_that_nobody_knows_are_looked_up_so_often_from_one_address(
    site: Site, anna: httpx.AsyncClient
) -> None:
    """Then they are 429, whatever is asked for; who is logged in there goes on, and who comes from elsewhere."""
    site.database.asked.clear()
    async with site.browser() as stranger:
        statuses = []
        for number in range(400):
            stranger.cookies.clear()
            stranger.cookies.set("session", f"made-up-{number}")
            statuses.append((await stranger.get("/api/session")).status_code)
        assert statuses[0] == 401
        assert statuses[-1] == 429
        assert "Retry-After" in (await stranger.get("/alarms")).headers
        assert (await stranger.post("/logout")).status_code == 429
        assert (await stranger.get("/login")).status_code == 200
    assert site.database.asked.count("session_find") <= 301
    assert "session_end" not in site.database.asked
    site.now += 3
    assert (await anna.get("/api/session")).status_code == 200
    async with site.browser(address="192.0.2.2") as elsewhere:
        elsewhere.cookies.set("session", "made-up")
        assert (await elsewhere.get("/api/session")).status_code == 401


async def test_histories_that_are_asked_for_at_once_leave_room_for_other_answers(
    site: Site, anna: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for hundreds gets some; meanwhile everybody else's lists are answered."""
    monkeypatch.setattr(site.parts.limits, "request", lambda _session: None)
    await site.parts.history.acquire()  # as by those that take long
    await site.parts.history.acquire()
    async with asyncio.timeout(20):
        path = "/api/sensors/pump-1/history?to=100000&from="
        asking = [asyncio.create_task(anna.get(f"{path}{number}")) for number in range(300)]
        while sum(one.done() for one in asking) < 250:
            await asyncio.sleep(0.01)
        assert {one.result().status_code for one in asking if one.done()} == {503}
        assert (await anna.get("/api/commands")).status_code == 200
        site.parts.history.release()
        site.parts.history.release()
        assert {one.status_code for one in await asyncio.gather(*asking)} == {404, 503}


async def test_request_of_an_alarm_is_kept_though_the_database_goes_away_after_it(
    site: Site, anna: httpx.AsyncClient
) -> None:
    """It is not said to have failed: whoever asks again would ask twice."""
    open_alarm = {"closed_at": None, "shelved": False, "acknowledged": False, "acknowledged_by": None}
    told: list[dict[str, Any] | None] = [None, None, {"applied": True, "refusal": None}]

    def state(_: Any) -> list[dict[str, Any]]:
        now = told.pop(0)
        if now is None:
            raise AwayError("The database cannot be reached.")
        return [now]

    site.database.canned |= {
        "alarms": lambda _: [open_alarm],
        "alarm_request_insert": lambda _: [{"id": 1}],
        "alarm_request_state": state,
    }
    answer = await anna.post(f"{ALARM}/acknowledge", json={})
    assert answer.json() == {"outcome": "applied", "reason": ""}
    assert not told


async def test_command_while_the_service_stops_is_refused_at_once(
    site: Site, anna: httpx.AsyncClient
) -> None:
    """It would keep the service from ending for as long as answers are waited for; nothing was sent."""
    sensor = {"serial_number": "pump-1", "maximum_sample_frequency_hz": 100.0, "session": 1}
    site.database.canned["commanded_sensors"] = lambda _: [sensor]
    site.parts.stopping.set()
    answer = await anna.post("/api/commands", json={"serial_numbers": ["pump-1"], "name": "identify"})
    assert answer.status_code == 503
    assert "stops" in answer.json()["error"]
    assert not site.parts.giving
