"""How long PostgreSQL has worked for one connection: what a query costs, however busy the machine is."""

import os
from pathlib import Path

from tests.integration.pipeline import Database


class Backend:
    """The server's process of a connection over TCP, which is on this machine."""

    def __init__(self, database: Database) -> None:
        row = database.execute("SELECT current_user, inet_client_port()").fetchone()
        assert row is not None
        role, port = row
        [self._stat] = [
            path / "stat"
            for path in Path("/proc").glob("[0-9]*")
            if (name := _name(path)).startswith(f"postgres: {role} ") and f"({port})" in name
        ]

    def seconds(self) -> float:
        """Of processor time since it began, to 10 ms."""
        fields = self._stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _name(process: Path) -> str:
    """As PostgreSQL has written it over its arguments."""
    try:
        return (process / "cmdline").read_text()
    except OSError:  # it has ended meanwhile
        return ""
