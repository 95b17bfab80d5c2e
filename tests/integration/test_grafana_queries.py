"""Every SQL query of every committed dashboard, as Grafana would send it, against a database with a week of history and a
fleet at work: as the role that only reads, with rows, in under 0.2 s, with columns that fit the panel.
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
import pytest

from stack.local import Stack
from stack.servers import REPOSITORY
from tests.integration.backend_cpu import Backend
from tests.integration.dashboard_site import HISTORY, PUMP, dashboards, filled
from tests.integration.grafana_macros import All, MacroError, Shown, Value
from tests.integration.pipeline import Database, connect

_MOST_S: Final = 0.2
_TRIES: Final = 3  # the best counts
_TICK_S: Final = 0.01  # of processor time
_BOARDS: Final = dashboards(REPOSITORY / "grafana" / "dashboards")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_NUMBERS: Final = {"int2", "int4", "int8", "float4", "float8", "numeric"}
_TEXTS: Final = {"text", "varchar", "name", "bpchar", "char"}
_TIMES: Final = {"timestamptz", "timestamp"}


@dataclass(frozen=True)
class Asked:
    """One query of a dashboard, and what is needed to judge its answer."""

    dashboard: str
    title: str
    kind: str  # the panel's type, "variable" or "annotation"
    text: str
    format: str = "table"
    panel: Any = None
    points: int = 1000

    @property
    def name(self) -> str:
        return f"{self.dashboard}: {self.title}"


@dataclass(frozen=True)
class Answer:
    """Rows, the columns' names and types, and the best of the times: on the clock, or of the server's processor where the
    machine has other things to do.
    """

    rows: list[tuple[Any, ...]]
    columns: list[str]
    types: list[str]
    seconds: float


def asked() -> Iterator[Asked]:
    """Every SQL query: of panels, variables and annotations."""
    for name, board in _BOARDS.items():
        for variable in _queried(board):
            yield Asked(name, f"variable {variable['name']}", "variable", variable["query"])
        for annotation in board["annotations"]["list"]:
            yield Asked(
                name, f"annotation {annotation['name']}", "annotation", annotation["target"]["rawSql"]
            )
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                if target["datasource"]["uid"] == "timescale":
                    title = (
                        panel["title"]
                        if len(panel["targets"]) == 1
                        else f"{panel['title']} {target['refId']}"
                    )
                    points = int(panel.get("maxDataPoints", 1000))
                    yield Asked(name, title, panel["type"], target["rawSql"], target["format"], panel, points)


def _queried(board: Mapping[str, Any]) -> list[Any]:
    """Variables whose values the database knows."""
    return [
        variable for variable in board["templating"]["list"]
        if variable["type"] == "query" and variable["datasource"]["uid"] == "timescale"
    ]  # fmt: skip


_ALL: Final = list(asked())


def shown(board: Mapping[str, Any], now: datetime, **chosen: Value) -> Shown:
    """As the dashboard opens: its own span, every variable at what it begins with; of sensors the pump at work."""
    span = re.fullmatch(r"now-(\d+)([smhd])", board["time"]["from"])
    assert span is not None
    values: dict[str, Value] = {}
    for variable in board["templating"]["list"]:
        if variable["name"] in chosen:
            values[variable["name"]] = chosen[variable["name"]]
        elif variable.get("includeAll"):
            values[variable["name"]] = All(variable["allValue"])
        elif variable["type"] == "custom":
            values[variable["name"]] = variable["current"]["value"]
    return Shown(now - timedelta(seconds=int(span[1]) * _UNITS[span[2]]), now, values)


@pytest.fixture(scope="module")
def at_work(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The database of `dashboard_site.filled`."""
    with filled(stack, tmp_path_factory.mktemp("dashboards")):
        yield stack


@pytest.fixture(scope="module")
def reader(at_work: Stack) -> Iterator[Database]:
    """Connected as the data source is."""
    with connect(at_work, "readonly") as database:
        database.execute("SET default_transaction_read_only = on")
        yield database


def ask(reader: Database, text: str, tries: int = _TRIES) -> Answer:
    backend = Backend(reader)
    best = 1e9
    for _ in range(tries):
        worked, began = backend.seconds(), time.perf_counter()
        cursor = reader.execute(text.encode())
        rows = cursor.fetchall()
        best = min(best, time.perf_counter() - began, max(backend.seconds() - worked, _TICK_S))
        if best < _MOST_S / 2:
            break
    assert cursor.description is not None
    types = [psycopg.adapters.types[column.type_code].name for column in cursor.description]
    return Answer(rows, [column.name for column in cursor.description], types, best)


def _first(reader: Database, text: str, view: Shown) -> str:
    """What Grafana chooses of a variable's values: the first."""
    answer = ask(reader, view.query(text), 1)
    return str(answer.rows[0][answer.columns.index("__value")])


def _view(reader: Database, one: Asked, serial: str = PUMP) -> Shown:
    board = _BOARDS[one.dashboard]
    view = replace(shown(board, datetime.now(UTC), serial=serial), points=one.points)
    for variable in _queried(board):  # one may need another's value
        if variable["name"] not in view.variables:
            value = _first(reader, variable["query"], view)
            view = replace(view, variables={**view.variables, variable["name"]: value})
    return view


@pytest.mark.parametrize("one", _ALL, ids=lambda one: one.name)
def test_query_answers_with_rows_in_time_and_with_columns_that_fit(reader: Database, one: Asked) -> None:
    """At the span, and with the values, that the dashboard opens with."""
    answer = ask(reader, _view(reader, one).query(one.text))
    assert answer.rows
    assert answer.seconds < _MOST_S, f"{answer.seconds:.3f} s"
    _fits(one, answer)


def _fits(one: Asked, answer: Answer) -> None:
    assert len(set(answer.columns)) == len(answer.columns), "two columns with one name"
    kinds = dict(zip(answer.columns, answer.types, strict=True))
    assert set(answer.types) <= _NUMBERS | _TEXTS | _TIMES | {"bool"}, kinds
    if one.kind == "variable":
        assert {"__text", "__value"} <= kinds.keys()
    elif one.kind == "annotation":
        assert kinds["time"] in _TIMES
        assert kinds["text"] in _TEXTS
    elif one.format == "time_series":
        _is_time_series(answer, kinds)
    if one.kind == "stat":
        assert len(answer.rows) == 1
    if one.kind in {"trend", "barchart"}:
        assert one.panel["options"]["xField"] in kinds
    if one.kind == "logs":
        texts = [name for name, kind in kinds.items() if kind in _TEXTS]
        assert texts[0] == "message", "the first column of text is the line"
        assert kinds["time"] in _TIMES
    if one.kind == "geomap":
        assert {"latitude", "longitude"} <= kinds.keys()
    if one.panel is not None:
        _names_are_columns(one, kinds)


def _is_time_series(answer: Answer, kinds: Mapping[str, str]) -> None:
    """As the data source wants it: a time in ascending order, at most one column of text, numbers."""
    assert kinds["time"] in _TIMES
    times = [row[answer.columns.index("time")] for row in answer.rows]
    assert None not in times
    assert times == sorted(times)
    texts = [name for name, kind in kinds.items() if kind in _TEXTS]
    assert texts in ([], ["metric"]) or len(texts) == 1, texts
    assert [name for name, kind in kinds.items() if kind in _NUMBERS], "no number"


def _names_are_columns(one: Asked, kinds: Mapping[str, str]) -> None:
    """Overrides and links of a panel name columns that its query has, where it has this one query."""
    if len(one.panel["targets"]) > 1 or one.panel.get("transformations") or "metric" in kinds:
        return
    for override in one.panel["fieldConfig"]["overrides"]:
        if override["matcher"]["id"] == "byName":
            assert override["matcher"]["options"] in kinds, one.name
        for field in re.findall(r"__data\.fields\.(\w+)", str(override["properties"])):
            assert field in kinds, f"{one.name}: a link to {field}"


@pytest.mark.parametrize("span_s", [10, 60, 600, 3600, 86_400, 7 * 86_400])
@pytest.mark.parametrize("serial", [PUMP, HISTORY])
def test_sensor_answers_in_time_whatever_the_span(reader: Database, serial: str, span_s: int) -> None:
    """From ten seconds to a week, of a sensor at work and of one with a batch a second all week long: no graph has more
    points than a screen could show, and none keeps anybody waiting.
    """
    for one in _ALL:
        if one.dashboard != "sensor" or one.kind not in {"timeseries", "trend", "stat", "state-timeline"}:
            continue
        view = _view(reader, one, serial)
        answer = ask(reader, replace(view, begin=view.end - timedelta(seconds=span_s)).query(one.text))
        assert answer.seconds < _MOST_S, f"{one.name}: {answer.seconds:.3f} s"
        assert len(answer.rows) <= 11_000, one.name
        if one.title == "Waveform" and (serial == PUMP or span_s >= 600):  # its week ended when it was made
            assert answer.rows, one.name


def test_waveform_of_a_few_seconds_is_what_was_sampled(reader: Database) -> None:
    """Sample by sample, as samples() has it."""
    [waveform] = [one for one in _ALL if one.name == "sensor: Waveform"]
    view = _view(reader, waveform)
    view = replace(view, begin=view.end - timedelta(seconds=6), end=view.end - timedelta(seconds=3))
    drawn = ask(reader, view.query(waveform.text)).rows
    sampled = reader.execute(
        "SELECT time, value, value FROM samples(%s, %s, %s, 0)", [PUMP, view.begin, view.end]
    ).fetchall()
    assert len(sampled) > 3000
    assert drawn == sampled


def test_a_query_may_not_write(at_work: Stack) -> None:
    """Whoever may edit a dashboard may send any SQL: the role can take nothing away."""
    with connect(at_work, "readonly") as database:
        for statement in ("DELETE FROM alarm", "UPDATE sensor SET state = NULL", "CREATE TABLE public.x ()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                database.execute(statement.encode())


@pytest.mark.parametrize("value", ["o'brien", "'); DROP TABLE sensor; --", "\\", "", "–", "100 %", "$x"])
def test_a_value_from_a_link_stays_a_value(reader: Database, value: str) -> None:
    """Whatever stands in a dashboard's address is compared with, and never run."""
    for one in _ALL:
        if one.kind == "variable" or not re.search(r"\$\{(serial|target|rule)\b", one.text):
            continue
        view = _view(reader, one)
        names = {name for name in ("serial", "target", "rule") if name in view.variables}
        view = replace(view, variables={**view.variables, **dict.fromkeys(names, value)})
        reader.execute(view.query(one.text).encode())


def test_macros_are_expanded_as_grafana_does() -> None:
    """Of its documentation and its own tests."""
    view = Shown(
        datetime(2018, 4, 12, 18, 0, tzinfo=UTC),
        datetime(2018, 4, 12, 18, 5, tzinfo=UTC),
        {"x": ["a", "b'c"]},
    )
    expected = {
        "WHERE $__timeFilter(time_column)": (
            "WHERE time_column BETWEEN '2018-04-12T18:00:00Z' AND '2018-04-12T18:05:00Z'"
        ),
        "select $__timeFrom()": "select '2018-04-12T18:00:00Z'",
        "SELECT $__timeGroup(time_column,'5m'), value": (
            "SELECT time_bucket('300.000s',time_column) AS \"time\", value"
        ),
        "GROUP BY $__timeGroup(time_column , '5m')": "GROUP BY time_bucket('300.000s',time_column)",
        "SELECT $__timeGroupAlias(t, $__interval)": "SELECT time_bucket('0.200s',t) AS \"time\"",
        "x IN (${x:sqlstring})": "x IN ('a','b''c')",
        "$__interval_ms": "200",
    }
    for text, wanted in expected.items():
        assert view.query(text) == wanted
    for wrong in ("$__timefilter(x)", "${y:sqlstring}", "$x", "${x}", "$__timeGroup(x, 'soon')"):
        with pytest.raises(MacroError):
            view.query(wrong)
