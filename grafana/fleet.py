"""Fleet: where the sensors are, how they are, and what arrives."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana import links, panels, queries, thresholds, variables
from grafana.building import Section, dashboard
from grafana.columns import Column
from grafana.panels import PanelBuilder


def build() -> Dashboard:
    return dashboard(
        "Fleet",
        links.FLEET,
        "Where the sensors are, how they are, and what arrives of them.",
        [
            Section("Now", [_states()]),
        ],
        variables=[variables.target(), variables.sensor_type()],
    )


def _states() -> PanelBuilder:
    return panels.stat(
        "Sensors by state",
        "What each said last. OFFLINE: the broker has lost it; look at its power and network, then at its logs.",
        queries.table("fleet/states"),
        unit="none",
        columns=[
            Column("awake", "Awake", colour=thresholds.GOOD),
            Column("asleep", "Asleep", colour="blue"),
            Column("offline", "Offline", thresholds=thresholds.rising(1)),
            Column("unknown", "Never heard of", colour="gray"),
        ],
        width=8,
    )
