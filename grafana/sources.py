"""The two data sources, as grafana/provisioning/datasources names them."""

from typing import Final

from grafana_foundation_sdk.models.common import DataSourceRef

TIMESCALE: Final = DataSourceRef("grafana-postgresql-datasource", "timescale")
PROMETHEUS: Final = DataSourceRef("prometheus", "prometheus")
