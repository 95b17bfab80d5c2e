"""Answers in JSON: made and compressed once, sent to whoever asks."""

import asyncio
import gzip
import json
import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

_COMPRESSED_FROM: Final = 1_000  # bytes; what is smaller fits into a packet as it is
_LEVEL: Final = 5
_LARGE_BYTES: Final = 100_000  # what takes long enough to compress that others would wait


class Answer(NamedTuple):
    """A body, and the same in gzip where that is worth it."""

    plain: bytes
    compressed: bytes | None


def encode(value: Any) -> bytes:
    """JSON; numbers that it has not, which sensors may send (NaN, infinities), are null."""
    try:
        return _dump(value)
    except ValueError:
        return _dump(_finite(value))


async def answer(value: Any) -> Answer:
    """The value in JSON."""
    body = encode(value)
    if len(body) < _COMPRESSED_FROM:
        return Answer(body, None)
    if len(body) < _LARGE_BYTES:
        return Answer(body, gzip.compress(body, _LEVEL))
    return Answer(body, await asyncio.to_thread(gzip.compress, body, _LEVEL))


def respond(request: Request, answer: Answer) -> Response:
    """In the encoding that the browser takes."""
    headers = {"Vary": "Accept-Encoding"}
    if answer.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(answer.compressed, headers=headers, media_type="application/json")
    return Response(answer.plain, headers=headers, media_type="application/json")


def _dump(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
