"""What is done to the database regularly: old chunks are dropped; the community edition compresses, too."""

from collections.abc import Sequence
from importlib import resources
from typing import NamedTuple

from psycopg import sql

from timescale.bootstrap import Conninfo, connect

HYPERTABLES = ("measurement_batch", "position", "sensor_log")


class Report(NamedTuple):
    """What one call did."""

    edition: str
    dropped_chunks: Sequence[str]


def maintain(owner: Conninfo, keep_days: float | None) -> Report:
    """Drop chunks that are wholly older than `keep_days` (None keeps all). psycopg's errors where that fails."""
    with connect(owner) as connection:
        row = connection.execute("SELECT current_setting('timescaledb.license')").fetchone()
        assert row is not None
        edition = "community" if row[0] == "timescale" else "apache"
        if edition == "community":
            connection.execute(resources.files("timescale").joinpath("community.sql").read_bytes())
        dropped: list[str] = []
        if keep_days is not None:
            for table in HYPERTABLES:
                rows = connection.execute(
                    sql.SQL("SELECT drop_chunks({}, older_than => now() - make_interval(secs => %s))").format(
                        sql.Literal(table)
                    ),
                    [keep_days * 86_400],
                ).fetchall()
                dropped += [str(name) for (name,) in rows]
    return Report(edition, dropped)
