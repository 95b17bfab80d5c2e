"""The page's service as the tests run it: a process, users, and browsers without a screen."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from stack.local import Stack
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import Database, Pipeline, Service, connect, free_port, running, wait_for

PASSWORD = "correct horse battery staple"


class Page:
    """`python -m web`, and who may log in there; `prefix` begins the names of its users."""

    def __init__(self, stack: Stack, folder: Path, prefix: str, pipeline: Pipeline) -> None:
        self.stack = stack
        self.prefix = prefix
        self.pipeline = pipeline
        self.iotctl = Iotctl(stack, folder)
        self.port = free_port()
        self.service = self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, **environment: str) -> Service:
        """Another process of it; on the page's port unless STREAMING_WEB_PORT is said."""
        variables = {
            "STREAMING_WEB_PORT": str(self.port),
            "STREAMING_WEB_LOGINS_PER_MINUTE": "1000",
            **environment,
        }
        return self.pipeline.start("web", ["web"], "web", **variables)

    def user(self, name: str, role: str = "viewer") -> str:
        """Add one; its name, with the prefix."""
        name = f"{self.prefix}{name}"
        self.iotctl("users", "add", name, "--role", role, "--password-stdin", input=f"{PASSWORD}\n")
        return name

    @contextmanager
    def browser(self, name: str | None = None, url: str = "") -> Iterator[httpx.Client]:
        """Logged in, where a name is given; its changes carry the token."""
        url = url or self.url
        with httpx.Client(base_url=url, headers={"Origin": url}, timeout=20) as client:
            if name is not None:
                assert log_in(client, name).status_code == 303
                client.headers["X-CSRF-Token"] = client.get("/api/session").json()["csrf_token"]
            yield client


def port_of(service: Service, timeout_s: float = 30) -> int:
    """Where a page that took a free port listens, ready or not."""
    found: list[int] = []

    def listens() -> bool:
        lines = service.log.read_text().splitlines()
        found.extend(json.loads(line)["port"] for line in lines if '"serving"' in line)
        return bool(found)

    wait_for(listens, timeout_s, "the page listens")
    return found[0]


def log_in(client: httpx.Client, name: str, password: str = PASSWORD, **form: str) -> httpx.Response:
    """What the form sends."""
    return client.post("/login", data={"name": name, "password": password, **form})


def session_cookie(client: httpx.Client) -> str:
    return f"session={client.cookies['session']}"


@contextmanager
def serving(stack: Stack, folder: Path, prefix: str) -> Iterator[Page]:
    """The page, ready."""
    with running(stack, folder) as pipeline:
        page = Page(stack, folder, prefix, pipeline)
        page.service.wait_ready()
        yield page


@contextmanager
def without_users(stack: Stack, prefix: str) -> Iterator[Database]:
    """The database as its owner; no users of this prefix, before and after."""
    statement = "DELETE FROM web_user WHERE starts_with(name, %s)"
    with connect(stack, "owner") as owner:
        owner.execute(statement, [prefix])
        yield owner
    with connect(stack, "owner") as fresh:  # a test may have stopped PostgreSQL
        fresh.execute(statement, [prefix])


def one(owner: Database, statement: str, *parameters: Any) -> Any:
    """The first column of the first row."""
    row = owner.execute(statement.encode(), list(parameters)).fetchone()
    return None if row is None else row[0]
