"""Webhooks against a real HTTP server: signed, bounded in time, and what each answer means."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from alarms.actions import event_json
from alarms.outbox_config import OutboxSettings
from alarms.sending import Item, RefusedError, UnsentError
from alarms.webhook import WebhookSender, retry_after_s, secrets, signature
from tests.unit.test_alarms_actions import event

ROOT = Path(__file__).resolve().parents[2]
KEYS = [b"0123456789abcdef01234567", b"another secret of 31 bytes ...."]
GIVEN = " ".join(f"whsec_{base64.b64encode(key).decode()}" for key in KEYS)
KEY = "8d1e4f0a-6d3c-5a90-b7d2-2f1a4f6f3a11/ACTIVATED/1772366400000000000/0"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Receiver:
    """Answers every request with `answer`; None: not at all."""

    answer: bytes | None = b"HTTP/1.1 204 No Content\r\n\r\n"
    endless: bool = False  # the body never ends
    port: int = 0
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
            }
            self.requests.append((headers, await reader.readexactly(int(headers["content-length"]))))
            if self.answer is None:
                await asyncio.Event().wait()
            writer.write(self.answer or b"")
            while self.endless:
                writer.write(b"x" * 10_000)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            writer.transport.abort()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver is on this machine, whatever the environment says of proxies."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    server = await asyncio.start_server(one.on_connection, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    yield one
    server.close()
    for task in one.tasks:
        task.cancel()
    await asyncio.gather(*one.tasks, return_exceptions=True)
    await server.wait_closed()


def item(url: str) -> Item:
    payload = {"url": url, "event": event_json(event())}
    return Item(1, KEY, "webhook", payload, 1, NOW, 0.0)


async def post(url: str, **settings: object) -> None:
    sender = WebhookSender(OutboxSettings.model_validate(settings))
    try:
        await sender.send(item(url))
    finally:
        await sender.close()


def status(code: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {code}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def test_webhook_is_the_event_with_a_signature_that_anybody_with_the_secret_can_verify(
    receiver: Receiver,
) -> None:
    """As Standard Webhooks has it, by each secret: HMAC-SHA256 over id.timestamp.body."""
    await post(receiver.url(), alarms_webhook_secret=GIVEN)
    [(headers, body)] = receiver.requests
    assert json.loads(body) == event_json(event())
    assert headers["content-type"] == "application/json"
    assert headers["x-sensor-streaming-event"] == "ACTIVATED"
    assert headers["x-sensor-streaming-delivery"] == headers["webhook-id"] == KEY
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = [
        "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in KEYS
    ]
    assert headers["webhook-signature"].split() == expected


def test_signature_is_that_of_the_published_example() -> None:
    """The example of the libraries of Standard Webhooks."""
    [key] = secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_example_of_the_documentation_verifies_what_is_sent_and_nothing_else(
    receiver: Receiver,
) -> None:
    """docs/webhooks.md: with any of the secrets; not a body, an id or a time that somebody has changed."""
    text = (ROOT / "docs" / "webhooks.md").read_text()
    example: dict[str, Any] = {}
    exec(text.partition("```python\n")[2].partition("```")[0], example)
    verified = example["verified"]
    await post(receiver.url(), alarms_webhook_secret=GIVEN)
    [(headers, body)] = receiver.requests
    assert all(verified(secret, headers, body) for secret in GIVEN.split())
    assert not verified(base64.b64encode(bytes(24)).decode(), headers, body)
    assert not verified(GIVEN.split()[0], headers, body + b" ")
    assert not verified(GIVEN.split()[0], {**headers, "webhook-id": "another"}, body)
    old = int(headers["webhook-timestamp"]) - 301
    signed = signature(KEYS, KEY, old, body)
    late = {**headers, "webhook-timestamp": str(old), "webhook-signature": signed}
    assert not verified(GIVEN.split()[0], late, body)


def test_documentation_shows_an_event_as_it_is() -> None:
    """The same fields in the same order, and each is explained."""
    text = (ROOT / "docs" / "webhooks.md").read_text()
    shown = json.loads(text.partition("```json\n")[2].partition("```")[0])
    assert shown == event_json(event(evidence={"limit": 7.1}))
    table = text.partition("| field | means |")[2].partition("\n\n")[0]
    assert all(f"`{name}`" in table for name in shown)


async def test_webhook_without_a_secret_is_not_signed_and_that_is_said_once(receiver: Receiver) -> None:
    """A receiver that wants signatures refuses it."""
    sender = WebhookSender(OutboxSettings())
    with capture_logs() as logs:
        await sender.send(item(receiver.url()))
        await sender.send(item(receiver.url()))
    await sender.close()
    assert [line["event"] for line in logs] == ["webhooks_not_signed"]
    assert all("webhook-signature" not in headers for headers, _ in receiver.requests)
    assert len(receiver.requests) == 2


@pytest.mark.parametrize("code", ["400 Bad Request", "401 Unauthorized", "404 Not Found", "410 Gone"])
async def test_webhook_that_is_refused_is_given_up_with_what_was_said(receiver: Receiver, code: str) -> None:
    """Another attempt would fare the same."""
    receiver.answer = status(code, body=b"no\n such   thing")
    with pytest.raises(RefusedError, match=f"{code}: no such thing"):
        await post(receiver.url())


@pytest.mark.parametrize(
    "code", ["408 Request Timeout", "425 Too Early", "429 Too Many Requests", "500 Oh", "503 Busy"]
)
async def test_webhook_that_cannot_be_taken_now_is_tried_again(receiver: Receiver, code: str) -> None:
    """Not sooner than the receiver wants it."""
    receiver.answer = status(code, "Retry-After: 120")
    with pytest.raises(UnsentError, match=code) as caught:
        await post(receiver.url())
    assert caught.value.retry_after_s == 120


@pytest.mark.parametrize("code", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_webhook_follows_no_redirect(receiver: Receiver, code: str) -> None:
    """The address that a rule names is the only one that is told."""
    receiver.answer = status(code, f"Location: {receiver.url('/elsewhere')}")
    with pytest.raises(RefusedError, match="it redirects, which is not followed"):
        await post(receiver.url())
    assert len(receiver.requests) == 1


async def test_webhook_that_is_not_answered_is_tried_again(receiver: Receiver) -> None:
    """After its time, and not after a silence of as long between each two bytes."""
    receiver.answer = None
    with pytest.raises(UnsentError, match=r"no answer within 0\.2 s|Timeout"):
        await post(receiver.url(), alarms_webhook_timeout_s=0.2)


async def test_webhook_reads_the_beginning_of_an_answer_only(receiver: Receiver) -> None:
    """A receiver that goes on and on is no danger."""
    receiver.answer, receiver.endless = b"HTTP/1.1 400 Bad Request\r\n\r\n", True
    with pytest.raises(RefusedError, match=r"400 Bad Request: x{200}$"):
        await post(receiver.url())


async def test_webhook_to_nobody_is_tried_again(unused_tcp_port: int) -> None:
    """The receiver may be back in a minute."""
    with pytest.raises(UnsentError, match=r"\w"):
        await post(f"http://127.0.0.1:{unused_tcp_port}/")


@pytest.mark.parametrize("url", ["http://[::1/", "http://", "http://a:port/", "http://\x00/"])
async def test_webhook_to_a_url_that_is_none_is_given_up(url: str) -> None:
    """The row says so."""
    with pytest.raises(RefusedError, match=r"\w"):
        await post(url)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, 0.0),
        ("17", 17.0),
        ((NOW + timedelta(minutes=2)).strftime("%a, %d %b %Y %H:%M:%S GMT"), 120.0),
        ((NOW - timedelta(minutes=2)).strftime("%a, %d %b %Y %H:%M:%S GMT"), 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, expected: float) -> None:
    """RFC 9110, 10.2.3; what is neither asks for nothing."""
    assert retry_after_s(value, NOW) == expected
