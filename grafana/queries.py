"""What panels ask: SQL from grafana/sql, and PromQL."""

from pathlib import Path
from typing import Any, Final, Literal, Self

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

from grafana.sources import PROMETHEUS, TIMESCALE

Format = Literal["table", "time_series"]
SQL: Final = Path(__file__).parent / "sql"


class PostgresQuery(Dataquery):
    """A query of Grafana's PostgreSQL data source, for which the SDK has no type."""

    def __init__(
        self,
        raw_sql: str,
        format_val: str = "table",
        ref_id: str = "A",
        datasource: DataSourceRef = TIMESCALE,
    ) -> None:
        self.raw_sql = raw_sql
        self.format_val = format_val
        self.ref_id = ref_id
        self.datasource = datasource

    def to_json(self) -> dict[str, object]:
        return {
            "datasource": self.datasource,
            "editorMode": "code",
            "format": self.format_val,
            "rawQuery": True,
            "rawSql": self.raw_sql,
            "refId": self.ref_id,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(data["rawSql"], data["format"], data["refId"], DataSourceRef.from_json(data["datasource"]))


class Query(Builder[Dataquery]):
    """A query that is ready, with its data source for the panel."""

    def __init__(self, ready: Dataquery, datasource: DataSourceRef) -> None:
        self.datasource = datasource
        self._ready = ready

    def build(self) -> Dataquery:
        return self._ready


def sql_text(name: str) -> str:
    """The text of grafana/sql/{name}.sql. FileNotFoundError."""
    return (SQL / f"{name}.sql").read_text().rstrip() + "\n"


def table(name: str, ref: str = "A") -> Query:
    """Rows of grafana/sql/{name}.sql as they are."""
    return Query(PostgresQuery(sql_text(name), "table", ref), TIMESCALE)


def series(name: str, ref: str = "A") -> Query:
    """grafana/sql/{name}.sql as time series: a column "time" in ascending order, one of text for the series' name
    where there are many, and numbers.
    """
    return Query(PostgresQuery(sql_text(name), "time_series", ref), TIMESCALE)


def promql(expression: str, legend: str = "", ref: str = "A", *, instant: bool = False) -> Query:
    """PromQL over the dashboard's span; `instant`: one value for each series, now, as a table's rows."""
    query = prometheus.Dataquery().expr(expression).ref_id(ref).datasource(PROMETHEUS)
    query = query.editor_mode(QueryEditorMode.CODE).legend_format(legend or "__auto")
    if instant:
        query = query.instant().format(PromQueryFormat.TABLE)
    else:
        query = query.range().format(PromQueryFormat.TIME_SERIES)
    return Query(query.build(), PROMETHEUS)


def buckets(expression: str) -> Query:
    """A histogram's counts by its bounds, over time, for a heatmap: PromQL that sums by (le)."""
    query = prometheus.Dataquery().expr(expression).ref_id("A").datasource(PROMETHEUS).legend_format("{{le}}")
    query = query.editor_mode(QueryEditorMode.CODE).range().format(PromQueryFormat.HEATMAP)
    return Query(query.build(), PROMETHEUS)
