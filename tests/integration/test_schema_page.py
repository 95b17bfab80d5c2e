"""docs/schema.md: what a database that has just been migrated says of itself."""

from collections.abc import Iterator

import pytest

from stack import schema_page
from stack.local import Stack
from stack.servers import REPOSITORY
from tests.integration.own_database import OwnDatabase, own_database


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[OwnDatabase]:
    with own_database(stack, "schema_page") as one:
        yield one


def test_schema_page_is_what_the_catalogue_says(database: OwnDatabase) -> None:
    """`make schema` was run after the last migration."""
    with database.connect() as connection:
        page = "\n".join(schema_page.lines(schema_page.read(connection))) + "\n"
    assert (REPOSITORY / "docs/schema.md").read_text() == page


def test_every_table_and_view_says_what_it_is_and_has_a_place(database: OwnDatabase) -> None:
    """A migration that makes one comments on it."""
    with database.connect() as connection:
        tables = schema_page.read(connection).tables
    assert [table.name for table in tables if not table.meaning] == []
    placed = [name for names in schema_page.AREAS.values() for name in names]
    assert sorted(placed) == sorted(table.name for table in tables if table.kind != "view")
    assert {table.name for table in tables if table.kind == "hypertable"} == {
        "measurement_batch",
        "position",
        "sensor_log",
    }


def test_change_of_the_schema_is_seen_in_the_page(database: OwnDatabase) -> None:
    """A new table with its keys and references; so the first test can fail."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(
            "CREATE TABLE gauge (id int PRIMARY KEY, sensor_id int REFERENCES sensor, target_id int NOT NULL, u int[])"
        )
        connection.execute("COMMENT ON COLUMN gauge.u IS 'of all'")
        page = list(schema_page.lines(schema_page.read(connection)))
    others = page[page.index("## Others") : page.index("## Views")]
    assert others[2:13] == [
        "```mermaid",
        "erDiagram",
        "    gauge {",
        "        integer id PK",
        "        integer sensor_id FK",
        "        integer target_id FK",
        "    }",
        "    sensor |o--o{ gauge : sensor_id",
        "    target ||..o{ gauge : target_id",
        "```",
        "",
    ]
    assert "| `sensor_id` | integer | yes | → [sensor](#sensor) |  |" in others
    assert "| `u` | integer[] | yes |  | of all |" in others
