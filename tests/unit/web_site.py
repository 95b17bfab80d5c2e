"""The page's application without servers: a database that says what a test has put into it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import argon2
import httpx
from starlette.types import ASGIApp

from runtime.health import Health
from runtime.passwords import Passwords
from web.app import build
from web.config import WebSettings
from web.database import Database
from web.errors import AwayError
from web.limits import Limits
from web.live_hub import LiveHub
from web.parts import Parts
from web.sessions import Sessions

_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
Told = Callable[[Mapping[str, Any]], list[dict[str, Any]]]


class CannedDatabase(Database):
    """Users and their sessions in memory; other questions are answered by `canned`."""

    def __init__(self, settings: WebSettings) -> None:
        super().__init__(settings, Health(), 1)
        self.users: dict[str, dict[str, Any]] = {}
        self.sessions: dict[bytes, dict[str, Any]] = {}
        self.canned: dict[str, Told] = {}
        self.asked: list[str] = []
        self.away = False

    def user(self, name: str, password: str, role: str = "viewer") -> None:
        self.users[name] = {
            "id": len(self.users) + 1,
            "name": name,
            "role": role,
            "password_hash": CHEAP.hash(password.encode()),
            "disabled": False,
            "changed_at": _BEGINNING,
        }

    async def write(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        given = parameters or {}
        self.asked.append(name)
        if self.away:
            raise AwayError("The database cannot be reached.")
        if name in self.canned:
            return self.canned[name](given)
        if name == "user_find":
            return [dict(self.users[given["name"]])] if given["name"] in self.users else []
        if name == "session_begin":
            for one in self.users.values():
                if (one["id"], one["changed_at"]) == (given["user_id"], given["changed_at"]):
                    self.sessions[given["digest"]] = {"user_id": one["id"], "address": given["address"]}
                    return [{"user_id": one["id"]}]
        elif name == "session_end":
            self.sessions.pop(given["digest"], None)
        elif name == "session_find":
            kept = self.sessions.get(given["digest"])
            users = [one for one in self.users.values() if kept and one["id"] == kept["user_id"]]
            return [
                {"user_id": one["id"], "name": one["name"], "role": one["role"], "stale": True}
                for one in users
                if not one["disabled"]
            ]
        return []


class Site:
    """The application with its parts; `clock` is the time of sessions and limits."""

    def __init__(self, **settings: Any) -> None:
        self.settings = WebSettings(**settings)
        self.now = 1_000.0
        self.database = CannedDatabase(self.settings)
        self.parts = Parts(
            settings=self.settings,
            database=self.database,
            sessions=Sessions(self.settings, self.database, lambda: self.now),
            limits=Limits(self.settings, lambda: self.now),
            passwords=Passwords(CHEAP),
            hub=LiveHub(self.settings),
        )
        self.app: ASGIApp = build(self.parts)

    def browser(self, url: str = "http://here", address: str = "192.0.2.1") -> httpx.AsyncClient:
        """One that keeps cookies, and says where its requests come from as browsers do."""
        transport = httpx.ASGITransport(self.app, client=(address, 1))
        return httpx.AsyncClient(transport=transport, base_url=url, headers={"Origin": url})

    def close(self) -> None:
        self.parts.passwords.close()


async def log_in(browser: httpx.AsyncClient, name: str, password: str, **form: str) -> httpx.Response:
    """What the form sends."""
    return await browser.post("/login", data={"name": name, "password": password, **form})
