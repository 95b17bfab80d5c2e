"""`python -m stack.schema_page`: docs/schema.md, from a database that has just been migrated. `make schema` writes it; an
integration test compares.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from stack.local import Stack

# In this order. A table that is in none comes last: "Others".
AREAS: dict[str, tuple[str, ...]] = {
    "Sensors and what they measure": ("sensor", "channel", "sensor_session", "measurement_batch", "position", "sensor_log"),
    "Machines, commands, dead letters": ("target", "sensor_target", "command", "dead_letter_handled"),
    "Alarms": (
        "alarm_rule", "alarm", "alarm_transition", "alarm_evaluation", "alarm_request", "alarm_suppression",
        "alarm_outbox", "alarm_trigger",
    ),
    "The live page": ("web_user", "web_session"),
    "What the database does": (
        "statement", "statement_snapshot", "database_snapshot", "table_snapshot", "connection_snapshot",
    ),
    "Where reading and migrating are": ("stream_offset", "alarm_partition", "schema_migration"),
}  # fmt: skip
_OTHERS = "Others"
_SQL = Path(__file__).parent / "sql"
_HEAD = """\
# The database's schema

Generated from the catalogue of a migrated database (`make schema`); `\\d+ sensor` in psql says the same. The reasons are in
[design.md](design.md), maintenance and statistics in [database.md](database.md).

In the diagrams a solid line is a foreign key. A dashed line is a reference that the database does not check: hypertables are
written too often for that, and some rows arrive before what they belong to. Only key columns are drawn."""


class Table(NamedTuple):
    """A table, hypertable or view."""

    name: str
    kind: str
    meaning: str


class Column(NamedTuple):
    """One of its columns; `refers_to` is the table of a foreign key."""

    table_name: str
    name: str
    type: str
    nullable: bool
    computed: bool
    meaning: str
    primary_key: bool
    unique_key: bool
    refers_to: str | None


class Schema(NamedTuple):
    """What the catalogue says."""

    tables: list[Table]
    columns: list[Column]

    def of(self, table: str) -> list[Column]:
        """Its columns, in order."""
        return [column for column in self.columns if column.table_name == table]


def read(database: psycopg.Connection[tuple[object, ...]]) -> Schema:
    """As this role sees it."""
    with database.cursor(row_factory=class_row(Table)) as cursor:
        tables = cursor.execute((_SQL / "schema_tables.sql").read_bytes()).fetchall()
    with database.cursor(row_factory=class_row(Column)) as cursor:
        columns = cursor.execute((_SQL / "schema_columns.sql").read_bytes()).fetchall()
    return Schema(tables, columns)


def lines(schema: Schema) -> Iterator[str]:
    """The page, line by line."""
    yield from _HEAD.splitlines()
    tables = {table.name: table for table in schema.tables if table.kind != "view"}
    left = sorted(set(tables) - {name for names in AREAS.values() for name in names})
    for title, names in {**AREAS, _OTHERS: tuple(left)}.items():
        there = [name for name in names if name in tables]
        if there:
            yield from ("", f"## {title}", "", "```mermaid", *_diagram(schema, there), "```")
            for name in there:
                yield from _described(schema, tables[name])
    yield from ("", "## Views")
    for table in schema.tables:
        if table.kind == "view":
            yield from _described(schema, table)


def _described(schema: Schema, table: Table) -> Iterator[str]:
    kind = " A hypertable: in chunks by time." if table.kind == "hypertable" else ""
    yield from ("", f"### {table.name}", "", f"{table.meaning}{kind}", "")
    view = table.kind == "view"
    yield "| column | type |" + ("" if view else " NULL | key |") + " meaning |"
    yield "| --- | --- |" + ("" if view else " --- | --- |") + " --- |"
    for column in schema.of(table.name):
        key = [
            word for word, holds in (("primary", column.primary_key), ("unique", column.unique_key)) if holds
        ]
        key += [f"→ [{column.refers_to}](#{column.refers_to})"] if column.refers_to else []
        meaning = "; ".join(filter(None, [column.meaning, "computed" if column.computed else ""]))
        middle = "" if view else f" {'yes' if column.nullable else ''} | {', '.join(key)} |"
        yield f"| `{column.name}` | {column.type} |{middle} {meaning} |"


def _diagram(schema: Schema, names: list[str]) -> Iterator[str]:
    yield "erDiagram"
    for name in names:
        keys = [column for column in schema.of(name) if _marks(schema, column)]
        yield f"    {name} {{" if keys else f"    {name}"
        for column in keys:
            yield f"        {_word(column.type)} {column.name} {', '.join(_marks(schema, column))}"
        if keys:
            yield "    }"
    for name in names:
        for column in schema.of(name):
            other = _named(schema, column)
            if other:
                line = "--" if column.refers_to else ".."
                yield f"    {other} {'|o' if column.nullable else '||'}{line}o{{ {name} : {column.name}"


def _marks(schema: Schema, column: Column) -> list[str]:
    marks = {"PK": column.primary_key, "FK": _named(schema, column) is not None, "UK": column.unique_key}
    return [mark for mark, holds in marks.items() if holds]


def _named(schema: Schema, column: Column) -> str | None:
    """The table that a column refers to, whether the database checks it or not."""
    tables = {table.name for table in schema.tables if table.kind != "view"}
    told = column.name.removesuffix("_id")
    return column.refers_to or (told if told != column.name and told in tables else None)


def _word(type_name: str) -> str:
    """As Mermaid takes it: one word."""
    shown = type_name.replace("timestamp with time zone", "timestamptz").replace("[]", "_array")
    return re.sub(r"\W+", "_", shown)


def main() -> None:
    """Entry point: with servers of its own, which end with it."""
    with tempfile.TemporaryDirectory(prefix="sensor-streaming-") as folder:
        stack = Stack(Path(folder))
        stack.start(lambda line: print(line, file=sys.stderr))
        try:
            with psycopg.connect(**stack.conninfo("owner")) as database:  # type: ignore[arg-type]  # keywords of one mapping
                page = "\n".join(lines(read(database)))
        finally:
            stack.stop()
    print(page)


if __name__ == "__main__":
    main()
