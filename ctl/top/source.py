"""Where `iotctl top` gets what it shows, and whom it tells what a key was pressed for."""

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import psycopg
from psycopg.rows import DictRow, dict_row

from ctl.context import Database, query
from ctl.live import Live
from ctl.settings import CtlSettings
from ctl.top.fleet import Alarm, Reading
from ctl.top.scope import Piece
from ctl.whoami import whoami
from runtime.commanding import Fate, Order, send
from runtime.live import Received

_LINES: Final = 50  # of its log, and of its commands
_PIECES: Final = 120
_STATEMENT_TIMEOUT_S: Final = 10
_ANSWER_S: Final = 15.0  # how long a sensor's answer to a key is waited for


class Channel(NamedTuple):
    """What a channel is called."""

    number: int
    name: str
    unit: str


class About(NamedTuple):
    """What is known of the selected sensor."""

    serial_number: str
    facts: DictRow
    channels: Sequence[Channel]
    logs: Sequence[DictRow]  # time, level, logger, message; the newest first
    commands: Sequence[DictRow]  # of command_overview; the newest first


class Feed(Protocol):
    """One sensor's batches as they are measured; ctl.live.Live is one."""

    @property
    def problem(self) -> str | None:
        """Why nothing comes; None where it does."""

    def follow(self, serial_number: str | None) -> None:
        """From now on this one's."""

    def take(self) -> list[Received]:
        """All that came since the last call."""

    async def run(self) -> None:
        """Until cancelled. CtlError where it is not allowed."""


class Source(Protocol):
    """Everything outside. The blocking calls are made one at a time, in a thread; psycopg.Error where they fail."""

    feed: Feed

    def fleet(self) -> Reading:
        """All sensors, now."""

    def alarms(self) -> dict[int, Alarm]:
        """Sensor → the last thing it warned of."""

    def about(self, serial_number: str) -> About | None:
        """One sensor; None where it is not known any more."""

    def recent(self, sensor_id: int, channel: int) -> list[Piece]:
        """What one channel measured in the last two minutes."""

    async def send(self, order: Order) -> Fate:
        """Tell a sensor; its answer, or how far the command got. AmqpError where nothing was sent."""

    def close(self) -> None:
        """Done."""


class Servers:
    """The real ones."""

    def __init__(self, settings: CtlSettings) -> None:
        self._settings = settings
        self._connection: Database | None = None
        self._closed = False
        self._using = threading.Lock()
        self.feed: Feed = Live(settings)

    def fleet(self) -> Reading:
        """One query, whatever the number of sensors."""
        with self._using:
            rows = self._rows("top_fleet")
            [clock] = self._database().execute("SELECT clock_timestamp() AS now").fetchall()
        at: datetime = clock["now"]
        return Reading(at, rows)

    def alarms(self) -> dict[int, Alarm]:
        """Of the last day."""
        with self._using:
            rows = self._rows("top_alarms")
        return {row["sensor_id"]: Alarm(row["at"], row["level"], row["message"]) for row in rows}

    def about(self, serial_number: str) -> About | None:
        """Its row, channels, newest log lines and commands."""
        audit: dict[str, Any] = dict.fromkeys(("id", "status", "name", "issuer", "since"))
        with self._using:
            facts = self._rows("sensor", serial_number=serial_number)
            if not facts:
                return None
            named = self._rows("samples_channels", sensor_id=facts[0]["id"])
            logs = self._rows("sensor_logs", serial_number=serial_number, limit=_LINES)
            commands = self._rows("commands", serial_number=serial_number, limit=_LINES, **audit)
        channels = [Channel(row["number"], row["name"], row["unit"]) for row in named]
        return About(serial_number, facts[0], channels, logs, commands)

    def recent(self, sensor_id: int, channel: int) -> list[Piece]:
        """As far as the database has it."""
        with self._using:
            rows = self._rows("top_batches", sensor_id=sensor_id, channel=channel, limit=_PIECES)
        return [
            Piece(row["time_ns"], row["sample_frequency_hz"], np.array(row["samples"], np.float32))
            for row in rows
        ]

    async def send(self, order: Order) -> Fate:
        """Over a connection of its own, which takes some milliseconds."""
        sending = await send(self._settings, [order], client=whoami(), wait_s=_ANSWER_S)
        return sending.fates[0]

    def close(self) -> None:
        """The connection; a query under way is not waited for."""
        self._closed = True
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.cancel_safe(timeout=1.0)
            connection.close()

    def _rows(self, name: str, /, **parameters: Any) -> list[DictRow]:
        try:
            return self._database().execute(query(name), parameters).fetchall()
        except psycopg.OperationalError:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            raise

    def _database(self) -> Database:
        if self._connection is None:
            connection = psycopg.connect(
                **self._settings.conninfo(),  # type: ignore[arg-type]  # keywords of one dict
                autocommit=True,
                connect_timeout=5,
                keepalives_idle=5,  # a server that vanishes without a word is noticed in some seconds
                keepalives_interval=2,
                keepalives_count=3,
                tcp_user_timeout=10_000,
                application_name="iotctl top",
                options=f"-c statement_timeout={_STATEMENT_TIMEOUT_S * 1000}",
                row_factory=dict_row,
            )
            if self._closed:  # while it connected
                connection.close()
                raise psycopg.OperationalError("closed")
            self._connection = connection
        return self._connection
