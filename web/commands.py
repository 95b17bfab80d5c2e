"""Commands to sensors: what was given and what became of it, what may be given, and giving it."""

import time
from typing import Any, Final

from psycopg.rows import DictRow
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from runtime.commanding import Order
from web.answers import respond
from web.asked import integer, number, some_serial_number
from web.command_kinds import Kind, available, entered, kind_of
from web.errors import ConflictError, RequestError, UnknownError
from web.giving import Giving
from web.guard import json_body
from web.parts import Parts
from web.sessions import Session
from wire.commands import check, new_command
from wire.errors import WireError
from wire.names import SERIAL_NUMBER, CommandLevel

_MOST: Final = 1_000
_MOST_SENSORS: Final = 500
_MOST_RANGES: Final = 20  # of missing sequences, a sensor; beyond that everything between them is asked for
_EXPIRES_S: Final = 60.0
_LONGEST_EXPIRY_S: Final = 30 * 86_400.0
_MOST_RESENDING: Final = 50  # sensors at once


async def commands(request: Request, parts: Parts, session: Session) -> Response:
    """The newest, of all sensors or of one."""
    del session
    given = request.query_params
    asked = {
        "serial_number": some_serial_number(given, "serial"),
        "limit": integer(given, "limit", 100, 1, _MOST),
    }

    async def make() -> dict[str, Any]:
        return {"commands": await parts.database.rows("commands", asked)}

    return respond(request, await parts.answers.get(("commands", *asked.values()), make))


async def available_commands(request: Request, parts: Parts, session: Session) -> Response:
    """Which there are, and what each asks for."""
    del request, parts, session
    return JSONResponse({"commands": available()})


async def command(request: Request, parts: Parts, session: Session) -> Response:
    """Give one command to some sensors: a line of JSON at each change of what becomes of it."""
    body = await json_body(request)
    kind = kind_of(body.get("name"))
    expires_s = number(body.get("expires_s", _EXPIRES_S), "expires_s")
    if not 0 < expires_s <= _LONGEST_EXPIRY_S:
        raise RequestError("A command expires after more than nothing, and 30 days at most.")
    values = entered(kind, body.get("fields"))
    sensors = await _known(parts, _serial_numbers(body.get("serial_numbers")))
    if kind.level is CommandLevel.RESEND:
        each = await _ranges(parts, sensors, values)
    else:
        each = [(serial, values) for serial in sensors]
    orders = [_order(sensors[serial], kind, its, expires_s) for serial, its in each]
    giving = Giving(parts, session, kind, orders)
    await giving.begin()
    unbuffered = {"X-Accel-Buffering": "no"}  # of proxies that keep lines back until there are many
    return StreamingResponse(giving.lines(), headers=unbuffered, media_type="application/x-ndjson")


def _serial_numbers(given: object) -> list[str]:
    if not isinstance(given, list) or not given:
        raise RequestError("serial_numbers is to be a list of sensors.")
    serials = list(dict.fromkeys(given)) if all(isinstance(one, str) for one in given) else []
    if not serials or len(serials) > _MOST_SENSORS:
        raise RequestError(f"serial_numbers is to be a list of {_MOST_SENSORS} sensors at most.")
    for serial in serials:
        if not SERIAL_NUMBER.fullmatch(serial):
            raise UnknownError(f"There is no sensor {serial[:40]!r}.")
    return serials


async def _known(parts: Parts, serials: list[str]) -> dict[str, DictRow]:
    """In the order in which they were named."""
    rows = await parts.database.rows("commanded_sensors", {"serial_numbers": serials})
    known = {row["serial_number"]: row for row in rows}
    for serial in serials:
        if serial not in known:
            raise UnknownError(f"There is no sensor {serial}: nothing was sent.")
    return {serial: known[serial] for serial in serials}


async def _ranges(
    parts: Parts, sensors: dict[str, DictRow], values: dict[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """Each sensor with each range of sequences that it is to publish again."""
    if len(sensors) > _MOST_RESENDING:
        raise RequestError(f"At most {_MOST_RESENDING} sensors at once may be asked to publish again.")
    first = values.get("first_sequence")
    if first is not None:
        return [(serial, _range(row, first, values)) for serial, row in sensors.items()]
    if values:
        raise RequestError("A session, or a last sequence, needs the first sequence.")
    found: dict[str, list[dict[str, Any]]] = {}
    for row in await parts.database.rows("missing_ranges", {"serial_numbers": list(sensors)}):
        found.setdefault(row.pop("serial_number"), []).append(row)
    if not found:
        raise ConflictError("Nothing is missing that could be published again.")
    return [
        (serial, one)
        for serial, ranges in found.items()
        for one in (
            ranges
            if len(ranges) <= _MOST_RANGES
            else [{**ranges[0], "last_sequence": ranges[-1]["last_sequence"]}]
        )
    ]


def _range(sensor: DictRow, first: int, values: dict[str, Any]) -> dict[str, Any]:
    session = values.get("session", sensor["session"])
    if session is None:
        raise RequestError(f"{sensor['serial_number']} has not said its session: say it.")
    return {
        "session": session,
        "first_sequence": first,
        "last_sequence": values.get("last_sequence", first),
    }


def _order(sensor: DictRow, kind: Kind, values: dict[str, Any], expires_s: float) -> Order:
    serial: str = sensor["serial_number"]
    try:
        made = new_command(kind.level, values, time.time_ns(), expires_s)
        check(made, sensor["maximum_sample_frequency_hz"])
    except WireError as error:
        raise RequestError(f"{serial}: {error.detail}. Nothing was sent.") from error
    return Order(serial, kind.level, made)
