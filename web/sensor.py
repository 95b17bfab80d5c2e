"""One sensor: what is known of it, its channels, its last alarms, commands and log lines."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from web.answers import respond
from web.asked import serial_number
from web.errors import UnknownError
from web.parts import Parts
from web.sessions import Session
from wire.sensor_pb2 import LogLevel

_ALARMS: Final = 50
_COMMANDS: Final = 20
_LOGS: Final = 50


async def sensor(request: Request, parts: Parts, session: Session) -> Response:
    """What the page of a sensor shows beside what it measures."""
    del session
    serial = serial_number(request.path_params["serial"])

    async def make() -> dict[str, Any]:
        database, of_it = parts.database, {"serial_number": serial}
        known = await database.rows("sensor", of_it)
        if not known:
            raise UnknownError(f"There is no sensor {serial}.")
        every: dict[str, Any] = {**of_it, "id": None, "over": None}
        logs = await database.rows("sensor_logs", {**of_it, "limit": _LOGS})
        return {
            "sensor": known[0],
            "channels": await database.rows("sensor_channels", of_it),
            "alarms": await database.rows("alarms", {**every, "limit": _ALARMS}),
            "commands": await database.rows("commands", {**of_it, "limit": _COMMANDS}),
            "logs": [
                {**row, "level": LogLevel.Name(row["level"]).removeprefix("LOG_LEVEL_")} for row in logs
            ],
        }

    return respond(request, await parts.answers.get(("sensor", serial), make))
