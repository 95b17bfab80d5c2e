"""The dashboard Database with two weeks of the busiest snapshots that there may be."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from stack.local import Stack
from stack.servers import REPOSITORY
from tests.integration.dashboard_site import dashboards
from tests.integration.grafana_macros import Value
from tests.integration.own_database import own_database
from tests.integration.pipeline import Database
from tests.integration.test_grafana_queries import Answer, Asked, ask, asked, shown

_ALL: Final = [one for one in asked() if one.dashboard == "database"]
_BOARD: Final = dashboards(REPOSITORY / "grafana" / "dashboards")["database"]
_HOUR: Final = 3600


@pytest.fixture(scope="module")
def reader(stack: Stack) -> Iterator[Database]:
    """As the data source is, of that database."""
    with own_database(stack, "statement_history") as database:
        with database.connect() as owner:
            owner.execute((Path(__file__).parent / "statement_history.sql").read_bytes())
        with database.connect("readonly") as connection:
            yield connection


def answer(reader: Database, one: Asked, span_s: float, tries: int = 3, **chosen: Value) -> Answer:
    now = datetime.now(UTC)
    view = replace(shown(_BOARD, now, **chosen), begin=now - timedelta(seconds=span_s), points=one.points)
    return ask(reader, view.query(one.text), tries)


@pytest.mark.parametrize(
    ("span_s", "most_s"), [(_HOUR, 0.2), (6 * _HOUR, 0.2), (24 * _HOUR, 2.0), (14 * 24 * _HOUR, 4.0)]
)
def test_panel_answers_in_time_whatever_the_span(reader: Database, span_s: int, most_s: float) -> None:
    """A hundred statements in each minute is the most that a snapshot takes."""
    slow = {}
    for one in _ALL:
        found = answer(reader, one, span_s, 3 if most_s < 1 else 1)
        if found.seconds > most_s:
            slow[one.name] = round(found.seconds, 3)
        assert found.rows or one.title in ("Positions in the streams", "Data lag"), one.name
        assert len(found.rows) <= 12_000, one.name
    assert not slow


def named(title: str) -> Asked:
    [one] = [one for one in _ALL if one.title == title]
    return one


def column(found: Answer, name: str) -> list[Any]:
    return [row[found.columns.index(name)] for row in found.rows]


def test_rates_are_the_same_whatever_the_span(reader: Database) -> None:
    """50 calls a minute of each of 400 statements, each seen every fourth minute: binned or not, thinned or not."""
    for hours in (1, 6, 24, 14 * 24):
        found = answer(reader, named("Calls"), hours * _HOUR, 1)
        bins = len(set(column(found, "time")))
        total = sum(float(value) for value in column(found, "calls")) / bins
        assert total == pytest.approx(400 * 50 / 60, rel=0.1), hours


def test_table_adds_up(reader: Database) -> None:
    """Shares, means, and the text of what is chosen by a row's link."""
    found = answer(reader, named("Statements by time"), _HOUR, 1)
    assert len(found.rows) == 50
    assert all(share == pytest.approx(1 / 400, rel=0.1) for share in column(found, "share"))
    assert all(mean == pytest.approx(0.7) for mean in column(found, "mean_ms"))
    assert all(float(hits) == pytest.approx(40 / 41) for hits in column(found, "hits"))
    [key, *_] = column(found, "key")
    alone = answer(reader, named("Calls"), _HOUR, 1, statement=[key])
    assert len(set(column(alone, "metric"))) == 1
    calls = sum(float(value) for value in column(alone, "calls")) * 60
    assert calls == pytest.approx(float(column(found, "calls")[0]), rel=0.1)
    variable = answer(reader, named("variable statement"), _HOUR, 1)
    assert key in column(variable, "__value")


def test_role_restricts_every_graph_of_statements(reader: Database) -> None:
    """A fifth of all statements is one role's."""
    for title in ("Statements at work", "Calls", "Rows", "Log of changes (WAL)"):
        found = answer(reader, named(title), _HOUR, 1, role=["streaming_web"])
        assert set(column(found, "metric")) == {"streaming_web"}, title
    everybody = answer(reader, named("Elapsed, CPU and I/O"), _HOUR, 1)
    one = answer(reader, named("Elapsed, CPU and I/O"), _HOUR, 1, role=["streaming_web"])
    for name in ("elapsed", "cpu", "io"):
        assert sum(map(float, column(one, name))) == pytest.approx(
            sum(map(float, column(everybody, name))) / 5, rel=0.2
        )


def test_growth_is_of_what_was_measured(reader: Database) -> None:
    """100 kB a minute."""
    found = answer(reader, named("Size"), _HOUR, 1)
    assert column(found, "bytes_per_day") == [pytest.approx(1440 * 1e5, rel=0.01)]
    tables = answer(reader, named("Tables"), _HOUR, 1)
    assert column(tables, "table_name")[0] == "table_1"
    assert column(tables, "bytes_per_day")[0] == pytest.approx(1440 * 1e5 / 2, rel=0.01)
    assert column(tables, "compression")[0] == "not compressed"
    assert column(tables, "compression")[-1] is None
