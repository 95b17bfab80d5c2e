"""The fleet: a page of its table, with the sums of all; and where every sensor is."""

import time
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from web.answers import respond
from web.asked import integer, one_of, text
from web.parts import Parts
from web.sessions import Session

SORTS: Final = (
    "serial_number",
    "sensor_type",
    "target",
    "state",
    "sample_frequency_hz",
    "maximum_sample_frequency_hz",
    "last_measured_at",
    "missing",
    "batch_count",
    "battery_percent",
    "rssi_dbm",
    "severity",
    "latency_s",
)
STATES: Final = ("AWAKE", "ASLEEP", "OFFLINE", "unknown")
_MOST_ROWS: Final = 1_000
_MOST_POSITIONS: Final = 20_000


async def fleet(request: Request, parts: Parts, session: Session) -> Response:
    """A page of the table."""
    del session
    given = request.query_params
    asked: dict[str, Any] = {
        "query": text(given, "query", 100),
        "state": one_of(given, "state", ("", *STATES), "") or None,
        "sort": one_of(given, "sort", SORTS, "serial_number"),
        "descending": one_of(given, "descending", ("0", "1", "false", "true"), "0") in ("1", "true"),
        "offset": integer(given, "offset", 0, 0, 10_000_000),
        "limit": integer(given, "limit", 100, 1, _MOST_ROWS),
    }

    async def make() -> dict[str, Any]:
        [whole] = await parts.database.rows("fleet_summary")
        rows = await parts.database.rows("fleet_page", asked)
        return {
            "total": whole["total"],
            "matching": rows[0]["matching"],
            "counts": {
                "AWAKE": whole["awake"],
                "ASLEEP": whole["asleep"],
                "OFFLINE": whole["offline"],
                "unknown": whole["unknown"],
            },
            "alarms": {"active": whole["active"], "unacknowledged": whole["unacknowledged"]},
            "missing": whole["missing"],
            "rows": [_row(row) for row in rows if row["serial_number"] is not None],
            "at": time.time_ns() // 1_000_000,
        }

    return respond(request, await parts.answers.get(("fleet", *asked.values()), make))


async def positions(request: Request, parts: Parts, session: Session) -> Response:
    """Every sensor of which a place is known."""
    del session

    async def make() -> dict[str, Any]:
        sensors = await parts.database.rows("positions", {"limit": _MOST_POSITIONS})
        return {"sensors": sensors, "at": time.time_ns() // 1_000_000}

    return respond(request, await parts.answers.get(("positions",), make))


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("matching", "place")}
