"""Webhooks: an event as JSON by POST, signed after Standard Webhooks (docs/webhooks.md says how to verify it)."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
import structlog

from alarms.outbox_config import SECRET_PREFIX, OutboxSettings
from alarms.sending import Item, RefusedError, UnsentError

log = structlog.get_logger()

_READ_BYTES: Final = 2_048  # of an answer, for the error's text
_SHOWN: Final = 200
_TRY_AGAIN: Final = frozenset({408, 425, 429})  # of 4xx, which otherwise stays as it is


class WebhookSender:
    """Posts to the row's URL. Redirects are not followed: they could lead anywhere."""

    ready = True

    def __init__(self, settings: OutboxSettings) -> None:
        self._timeout_s = settings.alarms_webhook_timeout_s
        self._secrets = secrets(settings.alarms_webhook_secret.get_secret_value())
        self._said = False
        self._client = httpx.AsyncClient(
            timeout=self._timeout_s,
            follow_redirects=False,
            headers={"User-Agent": "sensor-streaming"},
            limits=httpx.Limits(max_connections=settings.alarms_webhooks_at_once),
        )

    async def send(self, item: Item) -> None:
        """UnsentError: no answer, 5xx, 408, 425 or 429. RefusedError: a redirect, any other 4xx, or a URL that is none."""
        if not self._secrets and not self._said:
            self._said = True
            log.warning("webhooks_not_signed", remedy="set STREAMING_ALARMS_WEBHOOK_SECRET")
        event = item.payload["event"]
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "X-Sensor-Streaming-Event": str(event["kind"]),
            "X-Sensor-Streaming-Delivery": item.key,
            "webhook-id": item.key,
            "webhook-timestamp": str(timestamp),
        }
        if self._secrets:
            headers["webhook-signature"] = signature(self._secrets, item.key, timestamp, body)
        try:
            # httpx counts the time between two pieces; this is of everything
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream(
                    "POST", str(item.payload["url"]), content=body, headers=headers
                ) as answer,
            ):
                text = b"" if answer.is_success else await _beginning(answer)
        except TimeoutError as error:
            raise UnsentError(f"no answer within {self._timeout_s:g} s") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise RefusedError(f"the URL is none: {error}") from error
        except httpx.HTTPError as error:
            raise UnsentError(f"{error}" or type(error).__name__) from error
        _judge(answer, text)

    async def close(self) -> None:
        """End its connections."""
        await self._client.aclose()


def secrets(given: str) -> list[bytes]:
    """The keys in a setting: base64, after whsec_ or not, with spaces between."""
    return [base64.b64decode(one.removeprefix(SECRET_PREFIX)) for one in given.split()]


def signature(keys: Sequence[bytes], identity: str, timestamp: int, body: bytes) -> str:
    """The header webhook-signature: for each key v1, and base64 of HMAC-SHA256 over identity.timestamp.body.

    Standard Webhooks, https://www.standardwebhooks.com, "Signature scheme".
    """
    content = f"{identity}.{timestamp}.".encode() + body
    made = (base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys)
    return " ".join(f"v1,{one}" for one in made)


def retry_after_s(value: str | None, now: datetime) -> float:
    """Seconds that a Retry-After asks for, as a number or a date (RFC 9110, 10.2.3); 0 where it says neither."""
    if value is None:
        return 0.0
    if value.strip().isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def _judge(answer: httpx.Response, text: bytes) -> None:
    if answer.is_success:
        return
    said = " ".join(text.decode(errors="replace").split())[:_SHOWN]
    why = f"{answer.status_code} {answer.reason_phrase}" + (f": {said}" if said else "")
    if answer.is_redirect or answer.has_redirect_location:
        raise RefusedError(
            f"{answer.status_code}: it redirects, which is not followed; put the new URL in the rule"
        )
    if answer.is_client_error and answer.status_code not in _TRY_AGAIN:
        raise RefusedError(why)
    wait = retry_after_s(answer.headers.get("Retry-After"), datetime.now(UTC))
    raise UnsentError(why, retry_after_s=wait)


async def _beginning(answer: httpx.Response) -> bytes:
    """Of the body; the rest is not read. It may be compressed, so the pieces are bounded before they are unpacked."""
    text = b""
    async for piece in answer.aiter_raw():
        text += piece
        if len(text) >= _READ_BYTES:
            break
    return b"" if answer.headers.get("Content-Encoding") else text[:_READ_BYTES]
