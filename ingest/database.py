"""The ingesters' connection to the database, and the named queries of sql/."""

from functools import cache
from importlib import resources
from typing import Any

import psycopg

from ingest import metrics
from runtime.config import DatabaseSettings

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


@cache
def query(name: str) -> bytes:
    """The statement in sql/{name}.sql."""
    return resources.files("ingest").joinpath("sql", f"{name}.sql").read_bytes()


async def connect(
    settings: DatabaseSettings, *, staging: bool = False, synchronous: bool = False
) -> Connection:
    """A connection in autocommit mode; `staging` makes the table that COPY fills. psycopg.OperationalError.

    Without `synchronous` commits are not: a transaction that a crash of the server loses takes its stream offset
    with it, and what it held is read again (ingest.pipeline compares).
    """
    commit = "on" if synchronous else "off"
    connection = await psycopg.AsyncConnection.connect(
        **settings.conninfo(),  # type: ignore[arg-type]  # keywords of one dict
        autocommit=True,
        connect_timeout=5,
        application_name="ingest",
        options=f"-c synchronous_commit={commit} -c client_min_messages=warning",
    )
    if staging:
        await connection.execute(query("staging"))
    return connection


# Neither is the message's fault: an identity's sequence has ended or was set back (every other key says what is to
# happen on conflict), or a sensor was removed at this very moment.
_OUR_FAULT = (
    psycopg.errors.SequenceGeneratorLimitExceeded,
    psycopg.errors.UniqueViolation,
    psycopg.errors.ForeignKeyViolation,
)


def refusal(error: Exception) -> str | None:
    """Why the database refuses the values of a message, so that trying again will not help; None for any other error."""
    if isinstance(error, psycopg.DataError | psycopg.IntegrityError) and not isinstance(error, _OUR_FAULT):
        return error.diag.message_primary or str(error).strip()
    return None


async def next_offset(connection: Connection, stream: str) -> int:
    """Where the stream goes on; 0 for one that was never read."""
    cursor = await connection.execute("SELECT next_offset FROM stream_offset WHERE stream = %s", [stream])
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


class Sensors:
    """Serial numbers to ids, remembered; unknown sensors are registered, never dropped.

    Bounded by the number of sensors that have credentials.
    """

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def forget(self) -> None:
        """Ask the database again."""
        self._ids.clear()

    async def ids(self, connection: Connection, serial_numbers: set[str]) -> dict[str, int]:
        """The id of each of these (and of others)."""
        unknown = [serial for serial in serial_numbers if serial not in self._ids]
        while unknown:
            cursor = await connection.execute(query("register_sensors"), [unknown])
            for serial, sensor_id, is_new in await cursor.fetchall():
                self._ids[serial] = sensor_id
                metrics.PROVISIONAL.inc(is_new)
            # one that another process registered at this very moment is found by asking again
            unknown = [serial for serial in unknown if serial not in self._ids]
        return self._ids


async def move_offsets(connection: Connection, offsets: dict[str, int]) -> None:
    """Within the transaction that writes what was read up to there."""
    streams = sorted(offsets)
    if streams:
        await connection.execute(query("move_offsets"), [streams, [offsets[stream] for stream in streams]])


async def reset_offset(connection: Connection, stream: str) -> None:
    """Begin the stream anew: it is not the one that the offset was of."""
    await connection.execute("UPDATE stream_offset SET next_offset = 0 WHERE stream = %s", [stream])
