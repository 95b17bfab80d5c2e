"""Logging in and out, and what a session opens."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from runtime.passwords import Verdict
from tests.unit.web_site import Site, log_in
from web.login import log as login_log


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site(web_logins_per_minute=1000, web_logins_per_name=4)
    one.database.user("anna", "correct horse", "operator")
    one.database.user("vera", "battery staple")
    yield one
    one.close()


async def test_login_gives_a_cookie_that_no_script_and_no_other_site_gets(site: Site) -> None:
    """And leads to where it was asked to."""
    async with site.browser() as browser:
        answer = await log_in(browser, "anna", "correct horse", next="/alarms")
        assert (answer.status_code, answer.headers["location"]) == (303, "/alarms")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("session=")
        for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"):
            assert part in cookie
        assert "Secure" not in cookie
        assert "Domain" not in cookie
        told = (await browser.get("/api/session")).json()
        assert (told["name"], told["role"]) == ("anna", "operator")
        assert told["csrf_token"]


async def test_login_by_https_gives_a_cookie_of_this_host_for_https_only() -> None:
    """Its name makes browsers insist on that."""
    site = Site(web_public_url="https://page.example")
    site.database.user("anna", "correct horse")
    async with site.browser("https://page.example") as browser:
        answer = await log_in(browser, "anna", "correct horse")
        assert answer.headers["set-cookie"].startswith("__Host-session=")
        assert "Secure" in answer.headers["set-cookie"]
        assert (await browser.get("/api/session")).status_code == 200
        assert "strict-transport-security" in answer.headers
        assert (await browser.get("/login", headers={"Host": "other.example"})).status_code == 400
    site.close()


async def test_database_has_the_tokens_digest_and_not_the_token(site: Site) -> None:
    """Whoever reads the table can log in as nobody."""
    async with site.browser() as browser:
        await log_in(browser, "anna", "correct horse")
        token = browser.cookies["session"]
        [digest] = site.database.sessions
        assert len(digest) == 32
        assert token.encode() not in digest


@pytest.mark.parametrize(
    ("name", "password"),
    [
        *(("anna", "wrong"), ("nobody", "correct horse"), ("", ""), ("anna", "")),
        *(("ANNA", "correct horse"), ("anna\0", "correct"), ("a" * 10_000, "x")),
    ],
)
async def test_login_that_fails_is_the_form_again_whatever_was_wrong(
    site: Site, name: str, password: str
) -> None:
    """Nobody learns who there is: the same status, the same page, no cookie."""
    async with site.browser() as browser:
        answer = await log_in(browser, name, password)
        assert answer.status_code == 401
        assert 'data-testid="login-password"' in answer.text
        assert "set-cookie" not in answer.headers
        assert (await browser.get("/api/session")).status_code == 401


async def test_login_of_a_disabled_user_is_as_any_wrong_one(site: Site) -> None:
    """With the right password, too."""
    site.database.users["anna"]["disabled"] = True
    async with site.browser() as browser:
        assert (await log_in(browser, "anna", "correct horse")).status_code == 401


async def test_login_from_another_site_is_refused(site: Site) -> None:
    """Nobody is logged in as somebody else behind their back."""
    async with site.browser() as browser:
        answer = await browser.post(
            "/login",
            data={"name": "anna", "password": "correct horse"},
            headers={"Origin": "http://evil.example"},
        )
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


async def test_login_never_leads_to_another_site(site: Site) -> None:
    """Whatever the link that led to it says."""
    async with site.browser() as browser:
        answer = await log_in(browser, "anna", "correct horse", next="//evil.example/")
        assert answer.headers["location"] == "/"
        answer = await browser.get("/login", params={"next": "https://evil.example"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_login_gives_a_new_token_and_ends_the_session_before(site: Site) -> None:
    """A token that somebody has planted is worth nothing afterwards."""
    async with site.browser() as browser:
        browser.cookies.set("session", "planted")
        await log_in(browser, "anna", "correct horse")
        first = browser.cookies.get("session", domain="here.local") or browser.cookies.get(
            "session", domain="here"
        )
        assert first != "planted"
        await log_in(browser, "anna", "correct horse")
        assert len(site.database.sessions) == 1


async def test_login_beyond_the_limit_of_a_name_says_when_to_come_again(site: Site) -> None:
    """From wherever; the right password does not help. Others log in meanwhile."""
    for number in range(4):
        async with site.browser(address=f"192.0.2.{number}") as browser:
            assert (await log_in(browser, "anna", "wrong")).status_code == 401
    async with site.browser(address="198.51.100.1") as browser:
        answer = await log_in(browser, "anna", "correct horse")
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "300"
        assert (await log_in(browser, "vera", "battery staple")).status_code == 303
    site.now += 301
    async with site.browser() as browser:
        assert (await log_in(browser, "anna", "correct horse")).status_code == 303


async def test_limit_of_a_name_counts_it_however_it_is_written() -> None:
    """No name has a zero in it, and the database takes none: with some in between it is another name, and nobody's."""
    site = Site(web_logins_per_name=10)
    site.database.user("anna", "correct horse")
    async with site.browser() as browser:
        for number in range(20):
            written = "anna"[: number % 5] + "\0" * (number + 1) + "anna"[number % 5 :]
            assert (await log_in(browser, written, "correct horse")).status_code in (401, 429)
    assert not site.database.sessions
    site.close()


async def test_login_beyond_the_limit_of_an_address_says_when_to_come_again() -> None:
    """Whatever the name."""
    site = Site(web_logins_per_minute=3)
    async with site.browser() as browser:
        for number in range(3):
            assert (await log_in(browser, f"name-{number}", "wrong")).status_code == 401
        answer = await log_in(browser, "name-9", "wrong")
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "60"
    async with site.browser(address="192.0.2.2") as browser:
        assert (await log_in(browser, "name-9", "wrong")).status_code == 401
    site.close()


async def test_login_while_the_database_is_away_is_503(site: Site) -> None:
    """No wrong password."""
    site.database.away = True
    async with site.browser() as browser:
        assert (await log_in(browser, "anna", "correct horse")).status_code == 503


async def test_login_log_names_users_and_nothing_that_may_be_a_password(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place of a name somebody may have typed the password."""
    lines: list[dict[str, object]] = []
    monkeypatch.setattr(
        login_log, "warning", lambda event, **fields: lines.append({"event": event, **fields}), raising=False
    )
    async with site.browser() as browser:
        await log_in(browser, "anna", "wrong-secret")
        await log_in(browser, "correct horse", "x")
    assert [line["user"] for line in lines] == ["anna", None]
    assert "wrong-secret" not in str(lines)
    assert "correct horse" not in str(lines)


async def test_logout_ends_the_session_and_takes_the_cookie(site: Site) -> None:
    """At once; the token is worth nothing any more."""
    async with site.browser() as browser:
        await log_in(browser, "anna", "correct horse")
        token = browser.cookies["session"]
        answer = await browser.post("/logout")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert "Max-Age=0" in answer.headers["set-cookie"]
        browser.cookies.set("session", token)
        assert (await browser.get("/api/session")).status_code == 401
        assert not site.database.sessions


async def test_logout_by_another_site_does_nothing(site: Site) -> None:
    """It is no other site's to say."""
    async with site.browser() as browser:
        await log_in(browser, "anna", "correct horse")
        await browser.post("/logout", headers={"Origin": "http://evil.example"})
        assert (await browser.get("/api/session")).status_code == 200


async def test_session_of_a_user_who_was_disabled_ends_within_seconds(site: Site) -> None:
    """What was found is believed for two seconds."""
    async with site.browser() as browser:
        await log_in(browser, "vera", "battery staple")
        assert (await browser.get("/api/session")).status_code == 200
        site.database.users["vera"]["disabled"] = True
        site.now += 2.1
        assert (await browser.get("/api/session")).status_code == 401


async def test_session_is_looked_up_once_for_many_requests(site: Site) -> None:
    """A page asks a few times a second."""
    async with site.browser() as browser:
        await log_in(browser, "vera", "battery staple")
        site.database.asked.clear()
        await asyncio.gather(*(browser.get("/api/session") for _ in range(3)))
        for _ in range(10):
            await browser.get("/api/session")
        assert site.database.asked.count("session_find") <= 3
        assert site.database.asked.count("session_seen") <= 3


@pytest.mark.parametrize("path", ["/", "/alarms", "/commands", "/sensors/pump-1"])
async def test_page_without_a_session_leads_to_the_login_and_back(site: Site, path: str) -> None:
    """With one it is the shell."""
    async with site.browser() as browser:
        answer = await browser.get(path, params={"a": "1"})
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=")
        assert (await browser.get(answer.headers["location"])).status_code == 200
        await log_in(browser, "vera", "battery staple")
        answer = await browser.get(path)
        assert answer.status_code == 200
        assert 'id="main"' in answer.text
        answer = await browser.get("/login", params={"next": path})
        assert answer.headers["location"] == path


async def test_page_that_a_mail_links_to_is_the_shell_which_has_the_cookie(site: Site) -> None:
    """A browser that comes from elsewhere sends none; the shell holds no data."""
    async with site.browser() as browser:
        answer = await browser.get("/sensors/pump-1", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 200
        assert "pump-1" not in answer.text


async def test_static_files_need_no_session_and_are_asked_for_again(site: Site) -> None:
    """By their ETag: what has not changed is not sent."""
    async with site.browser() as browser:
        answer = await browser.get("/static/favicon.svg")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-cache"
        again = await browser.get("/static/favicon.svg", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
        for outside in ("/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd"):
            assert (await browser.get(outside)).status_code == 404


async def test_login_with_a_password_that_is_changed_meanwhile_is_a_wrong_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it was compared. Who has just lost the password has no session by it."""
    verify = site.parts.passwords.verify

    async def slowly(kept: str | None, password: str) -> Verdict:
        verdict = await verify(kept, password)
        site.database.users["anna"]["changed_at"] += timedelta(seconds=1)
        return verdict

    monkeypatch.setattr(site.parts.passwords, "verify", slowly)
    async with site.browser() as browser:
        assert (await log_in(browser, "anna", "correct horse")).status_code == 401
    assert not site.database.sessions


async def test_session_that_ends_while_it_is_looked_up_is_not_believed_afterwards(site: Site) -> None:
    """A page asks for something at the moment of the logout."""
    async with site.browser() as browser:
        await log_in(browser, "anna", "correct horse")
        token = browser.cookies["session"]
        site.database.canned["session_seen"] = lambda _: []
        write, found, ended = site.database.write, asyncio.Event(), asyncio.Event()

        async def held(name: str, parameters: Any = None) -> list[dict[str, Any]]:
            if name == "session_seen":
                found.set()
                await ended.wait()
            return await write(name, parameters)

        site.database.write = held  # type: ignore[method-assign]
        asking = asyncio.create_task(site.parts.sessions.find(token))
        await found.wait()
        await site.parts.sessions.end(token)
        ended.set()
        await asking
        assert await site.parts.sessions.find(token) is None
