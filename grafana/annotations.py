"""What happened meanwhile, drawn into every graph of a dashboard."""

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery
from grafana_foundation_sdk.models.common import DataSourceRef

from grafana.queries import table


def marked(name: str, query: str, colour: str, *, shown: bool = True) -> AnnotationQuery:
    """Rows of grafana/sql/{query}.sql: time, timeend (of a span; NULL: it goes on), text, tags (with commas). Not `shown`:
    until it is switched on at the top.
    """
    asked = table(query, "Anno")
    source = DataSourceRef(asked.datasource.type_val, asked.datasource.uid)
    return (
        AnnotationQuery()
        .name(name)
        .datasource(source)
        .enable(shown)
        .hide(False)
        .icon_color(colour)
        .target(asked)
    )
