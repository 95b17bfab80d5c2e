"""What the demo's view asks the database."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg

from stack.view import AlarmLine, SensorLine

_SQL = Path(__file__).parent / "sql"
_ALARMS = 3  # that are shown


class FleetStatus:
    """The fleet's sensors in the database; `refresh` asks again."""

    def __init__(self, conninfo: Mapping[str, str | int], serial_numbers: Sequence[str]) -> None:
        self._conninfo = conninfo
        self._serials = list(serial_numbers)
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self.lines: list[SensorLine] = []
        self.missing = 0
        self.alarms = 0
        self.newest_alarms: list[AlarmLine] = []
        self.rows_at_start = int(self._one("SELECT count(*) FROM measurement_batch"))

    def refresh(self, limit: int) -> None:
        """Read the first `limit` sensors, and the losses of all. psycopg.OperationalError."""
        database = self._connected()
        rows = database.execute(
            (_SQL / "fleet_status.sql").read_bytes(), {"serials": self._serials, "limit": limit}
        ).fetchall()
        self.lines = [SensorLine(*row) for row in rows]
        self.missing = int(self._one("SELECT coalesce(sum(missing), 0) FROM sensor_session"))
        self.alarms = int(self._one("SELECT count(*) FROM alarm WHERE closed_at IS NULL"))
        newest = database.execute((_SQL / "newest_alarms.sql").read_bytes(), {"limit": _ALARMS}).fetchall()
        self.newest_alarms = [AlarmLine(*row) for row in newest]

    def _one(self, query: str) -> Any:
        row = self._connected().execute(query.encode()).fetchone()
        assert row is not None
        return row[0]

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(**self._conninfo, autocommit=True)  # type: ignore[arg-type]  # keywords of one mapping
        return self._connection
