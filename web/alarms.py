"""Alarms: lists, one with its history, and what operators ask of the service that judges.

A request is a row of a table that the alarms service does and marks: one that comes while it is away is done when it is
back.
"""

import asyncio
import contextlib
import time
import uuid
from typing import Any, Final

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from web import metrics
from web.answers import respond
from web.asked import comment, integer, number, one_of, some_serial_number
from web.errors import AwayError, ConflictError, RequestError, UnknownError
from web.guard import json_body
from web.parts import Parts
from web.sessions import Session

log = structlog.get_logger()

_OVER: Final = {"open": False, "closed": True, "all": None}
_MOST: Final = 1_000
_TRANSITIONS: Final = 500
_LONGEST_SHELF_MS: Final = 31 * 86_400_000  # what is out of service for longer is suppressed
_WAIT_S: Final = 5.0
_POLL_S: Final = 0.1


async def alarms(request: Request, parts: Parts, session: Session) -> Response:
    """A list."""
    del session
    given = request.query_params
    asked = {
        "id": None,
        "over": _OVER[one_of(given, "state", _OVER, "open")],
        "serial_number": some_serial_number(given, "serial"),
        "limit": integer(given, "limit", 200, 1, _MOST),
    }

    async def make() -> dict[str, Any]:
        return {"alarms": await parts.database.rows("alarms", asked), "at": time.time_ns() // 1_000_000}

    return respond(request, await parts.answers.get(("alarms", *asked.values()), make))


async def alarm(request: Request, parts: Parts, session: Session) -> Response:
    """One, with everything that has happened to it."""
    del session
    alarm_id = _id(request)

    async def make() -> dict[str, Any]:
        return {
            "alarm": await _known(parts, alarm_id),
            "transitions": await parts.database.rows(
                "alarm_transitions", {"id": alarm_id, "limit": _TRANSITIONS}
            ),
        }

    return respond(request, await parts.answers.get(("alarms", alarm_id), make))


async def acknowledge(request: Request, parts: Parts, session: Session) -> Response:
    """Somebody has seen it."""
    body = await json_body(request)
    return await _ask(request, parts, session, "acknowledge", comment(body, required=False))


async def shelve(request: Request, parts: Parts, session: Session) -> Response:
    """Nobody is told of it until a time, or (null) until it clears."""
    body = await json_body(request)
    why = comment(body, required=True)
    until_ms = body.get("until_ms")
    if until_ms is not None:
        ahead_ms = number(until_ms, "until_ms") - time.time() * 1000
        if not 0 < ahead_ms <= _LONGEST_SHELF_MS:
            raise RequestError("An alarm is shelved until a time that is to come, and for 31 days at most.")
    return await _ask(request, parts, session, "shelve", why, until_ms)


async def unshelve(request: Request, parts: Parts, session: Session) -> Response:
    """Back from the shelf, before its time."""
    body = await json_body(request)
    return await _ask(request, parts, session, "unshelve", comment(body, required=False))


async def _ask(
    request: Request, parts: Parts, session: Session, action: str, why: str, until_ms: float | None = None
) -> Response:
    alarm_id = _id(request)
    known = await _known(parts, alarm_id)
    if known["closed_at"] is not None:
        raise ConflictError("This alarm is over.")
    if action == "unshelve" and not known["shelved"]:
        raise ConflictError("This alarm is not shelved.")
    if action == "acknowledge" and known["acknowledged"]:
        by = f" by {known['acknowledged_by']}" if known["acknowledged_by"] else ""
        raise ConflictError(f"This alarm is acknowledged already{by}.")
    with parts.alarm_requests:
        parameters = {
            "id": alarm_id,
            "action": action,
            "until_cleared": action == "shelve" and until_ms is None,
            "until_ms": until_ms,
            "by": session.client,
            "comment": why,
        }
        [asked] = await parts.database.write("alarm_request_insert", parameters)
        outcome, reason = await _outcome(parts, asked["id"])
    parts.answers.forget("alarms")
    metrics.ALARM_REQUESTS.labels(action, outcome).inc()
    log.info("alarm_request", action=action, alarm=str(alarm_id), by=session.client, outcome=outcome)
    return JSONResponse({"outcome": outcome, "reason": reason})


async def _outcome(parts: Parts, number: int) -> tuple[str, str]:
    """What the alarms service has made of it, as soon as it has."""
    deadline = time.monotonic() + _WAIT_S
    while True:
        with contextlib.suppress(
            AwayError
        ):  # the request has been written, whatever becomes of this question
            [state] = await parts.database.rows("alarm_request_state", {"id": number})
            if state["applied"]:
                return ("applied", "") if state["refusal"] is None else ("refused", state["refusal"])
        if time.monotonic() > deadline or parts.stopping.is_set():
            return (
                "waiting",
                "The alarms service has not answered yet: the request is kept, and will be done.",
            )
        await asyncio.sleep(_POLL_S)


async def _known(parts: Parts, alarm_id: uuid.UUID) -> dict[str, Any]:
    asked = {"id": alarm_id, "over": None, "serial_number": None, "limit": 1}
    rows = await parts.database.rows("alarms", asked)
    if not rows:
        raise UnknownError("There is no such alarm.")
    return rows[0]


def _id(request: Request) -> uuid.UUID:
    try:
        return uuid.UUID(request.path_params["id"])
    except ValueError:
        raise UnknownError("There is no such alarm.") from None
