"""Fleet: where the sensors are, how they are, and what arrives of them."""

from typing import Final

from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana import fleet_tables, links, maps, panels, queries, thresholds, variables
from grafana.building import Section, dashboard
from grafana.columns import Column
from grafana.panels import PanelBuilder

_CONDITIONS: Final = {
    "alarm, high": thresholds.BAD,
    "alarm, medium": thresholds.WATCH,
    "alarm, low": "yellow",
    **thresholds.STATES,
    "OFFLINE": "dark-purple",  # on the map red is an alarm's
}


def build() -> Dashboard:
    return dashboard(
        "Fleet",
        links.FLEET,
        "Where the sensors are, how they are, and what arrives of them.",
        [
            Section("Now", [_states(), _silent(), _alarms(), _missing(), _batches_now(), _samples_now()]),
            Section("Where", [_map(), fleet_tables.open_alarms()]),
            Section("Sensors", [fleet_tables.sensors()]),
            Section("What arrives", [_batches(), _samples(), fleet_tables.losses()]),
            Section("Condition", [fleet_tables.power(), fleet_tables.versions()]),
        ],
        variables=[variables.target(), variables.sensor_type()],
    )


def _states() -> PanelBuilder:
    return panels.stat(
        "Sensors by state",
        "What each said last. Offline: the broker has lost it; look at its power and its network, then at its log. "
        "Never heard of: it has measured, but its birth has not come.",
        queries.table("fleet/states"),
        unit="none",
        columns=[
            Column("awake", "Awake", colour=thresholds.GOOD),
            Column("asleep", "Asleep", colour="blue"),
            Column("offline", "Offline", thresholds=thresholds.rising(1)),
            Column("unknown", "Never heard of", colour="gray"),
        ],
        width=7,
    )


def _silent() -> PanelBuilder:
    return panels.stat(
        "Silent",
        "Awake, and yet nothing measured for a minute, or for five of its batches where those are longer. "
        "Is the bridge up, and are the ingesters (Pipeline)? If it is one sensor: iotctl tail, then reboot it.",
        queries.table("fleet/silent"),
        unit="none",
        thresholds=thresholds.rising(1, 10),
        width=2,
    )


def _alarms() -> PanelBuilder:
    return panels.stat(
        "Open alarms",
        "By severity as OPC UA counts it: high from 667, medium from 334. Shelved and suppressed ones are among them. "
        "What they are stands on the dashboard Alarms.",
        queries.table("fleet/alarm_counts"),
        unit="none",
        columns=[
            Column("high", "High", thresholds=thresholds.steps((None, thresholds.GOOD), (1, thresholds.BAD))),
            Column("medium", "Medium", thresholds=thresholds.rising(1)),
            Column("low", "Low", thresholds=thresholds.steps((None, thresholds.GOOD), (1, "yellow"))),
        ],
        width=5,
    )


def _missing() -> PanelBuilder:
    return panels.stat(
        "Missing batches",
        "Of sessions that measured in this span: batches that the sensors counted and the database does not have. A few "
        "are on their way; what stays is asked for again by iotctl resend while it is in the sensor's buffer.",
        queries.table("fleet/missing"),
        unit="none",
        columns=[
            Column("missing", "Batches", thresholds=thresholds.rising(1, 1000)),
            Column("sensors", "Sensors", thresholds=thresholds.rising(1)),
        ],
        width=4,
    )


def _batches_now() -> PanelBuilder:
    return panels.stat(
        "Batches",
        "Written to the database each second. When it falls, look at Pipeline: where does it stop?",
        queries.promql('sum(rate(ingest_messages_total{kind="measurements"}[$__rate_interval]))'),
        unit="cps",
        empty="no Prometheus",
        graph=True,
        width=3,
    )


def _samples_now() -> PanelBuilder:
    return panels.stat(
        "Samples",
        "Written to the database each second, over all channels.",
        queries.promql("sum(rate(ingest_samples_total[$__rate_interval]))"),
        unit="cps",
        empty="no Prometheus",
        graph=True,
        width=3,
    )


def _map() -> PanelBuilder:
    return maps.markers(
        "Map",
        "Where each sensor says that it is, else where its machine stands (iotctl targets set --latitude, --longitude). The "
        "colour is that of its most severe open alarm, else of its state.",
        queries.table("fleet/map"),
        colour="condition",
        empty="No sensor and no machine has said where it is",
        columns=[
            Column("serial_number", "Sensor", links=[links.to_sensor()]),
            Column("target", "Machine"),
            Column("condition", "Condition", mappings=thresholds.named(_CONDITIONS)),
            Column("alarms", "Open alarms"),
            Column("position_at", "Position of"),
        ],
    )


def _batches() -> PanelBuilder:
    return panels.time_series(
        "Batches written",
        "By the ingesters. Found again are batches that were there already: sent twice, or asked for twice; they cost, and "
        "harm nothing.",
        queries.promql(
            'sum(rate(ingest_messages_total{kind="measurements"}[$__rate_interval]))', "written", "A"
        ),
        queries.promql(
            'sum(rate(ingest_duplicates_total{table="measurement_batch"}[$__rate_interval]))',
            "found again",
            "B",
        ),
        unit="cps",
        empty="Prometheus has no metrics of the ingesters in this span",
        legend=("lastNotNull", "max"),
        width=8,
    )


def _samples() -> PanelBuilder:
    return panels.time_series(
        "Samples written",
        "Single values, over all channels. It follows the sample frequencies; a fall without a command is a loss.",
        queries.promql("sum(rate(ingest_samples_total[$__rate_interval]))", "samples"),
        unit="cps",
        empty="Prometheus has no metrics of the ingesters in this span",
        legend=("lastNotNull", "max"),
        width=8,
    )
