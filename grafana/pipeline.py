"""Pipeline: from the sensors to the database and the alarms, service by service."""

from grafana_foundation_sdk.builders.dashboard import QueryVariable
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from grafana import (
    links,
    panels,
    pipeline_alarms,
    pipeline_commands,
    pipeline_exceptions,
    pipeline_flow,
    pipeline_services,
    queries,
    thresholds,
)
from grafana.building import Section, dashboard
from grafana.panels import PanelBuilder
from grafana.promql import MEASUREMENTS, SERVICES, increase, part, quantile, rate
from grafana.sources import PROMETHEUS


def build() -> Dashboard:
    return dashboard(
        "Pipeline",
        links.PIPELINE,
        "Whether everything that arrives is written and judged, how long it takes, and where it waits.",
        [
            Section("Is it well?", _now()),
            Section("Does everything that arrives get written?", pipeline_flow.written()),
            Section("Where does it wait?", pipeline_flow.waiting()),
            Section("How long does it take?", pipeline_flow.lasting()),
            Section("What is put aside, and what is tried again?", pipeline_exceptions.aside()),
            Section("Who reads what?", pipeline_exceptions.readers()),
            Section("Do commands reach the sensors?", pipeline_commands.commands()),
            Section("Are alarms judged in time?", pipeline_alarms.judging()),
            Section("Do people and machines hear of them?", pipeline_alarms.telling()),
            Section("How are the services?", pipeline_services.services()),
            Section("How is the page?", pipeline_services.page()),
            Section("Is the database looked after?", pipeline_services.maintenance()),
            Section("How are the emulated sensors?", pipeline_services.emulated()),
        ],
        span="now-1h",
        refresh="10s",
        variables=[_instance()],
    )


def _instance() -> QueryVariable:
    """Which processes the section of the services shows."""
    asked = f'label_values(process_start_time_seconds{{job=~"{SERVICES}"}}, instance)'
    variable = QueryVariable("instance").label("Service").description("In the section of the services")
    variable.datasource(PROMETHEUS).query(asked).definition(asked)
    variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
    variable.multi(True).include_all(True).all_value(".*")
    return variable.current(VariableOption(selected=True, text=["All"], value=["$__all"]))


def _now() -> list[PanelBuilder]:
    return [
        panels.stat(
            "Do not answer",
            "Services that Prometheus asks for their metrics and that do not answer. Look at the section of the services "
            "which it is, then at its log; its /readyz says what it waits for.",
            queries.promql(f'count(up{{job=~"{SERVICES}"}} == 0) or vector(0)', instant=True),
            unit="none",
            thresholds=thresholds.steps((None, thresholds.GOOD), (1, thresholds.BAD)),
        ),
        panels.stat(
            "Messages that arrive",
            "A second, at all bridges. None: no sensor is connected, or no bridge is (the sensors keep their batches "
            "meanwhile); look at the states on the dashboard Fleet.",
            queries.promql(rate("bridge_messages_total"), "messages"),
            unit="cps",
            thresholds=thresholds.none(),
            decimals=1,
            graph=True,
        ),
        panels.stat(
            "Samples that are written",
            "A second, over all channels.",
            queries.promql(rate("ingest_samples_total"), "samples"),
            unit="cps",
            thresholds=thresholds.none(),
            decimals=1,
            graph=True,
        ),
        panels.stat(
            "Written of what has arrived",
            "Batches written within the span shown, of those that arrived at the bridges. A little more or less than all is "
            "what is under way at both ends; far less: an ingester does not keep up or does not run (section “Where does "
            "it wait?”); far more: it is catching up.",
            queries.promql(
                part(
                    increase("ingest_messages_total", where=MEASUREMENTS),
                    increase("bridge_messages_total", where=MEASUREMENTS),
                ),
                instant=True,
            ),
            unit="percentunit",
            thresholds=thresholds.falling(0.97, 0.9),
            decimals=1,
        ),
        panels.stat(
            "From sample to row, p99",
            "From a batch's last sample to the commit that holds it. Where it is slow stands in “How long does it take?”. "
            "Sensors with a wrong clock count here as well.",
            queries.promql(quantile(0.99, "ingest_latency_seconds"), "p99"),
            unit="s",
            thresholds=thresholds.rising(1, 5),
            graph=True,
        ),
        panels.stat(
            "Put aside",
            "Dead letters of the span shown: messages that break the contract, with their reason. `iotctl dead list` shows "
            "them, `iotctl dead replay` sends them again once the cause is mended.",
            queries.promql(
                f"{increase('bridge_dead_letters_total')} + {increase('ingest_dead_letters_total')}",
                instant=True,
            ),
            unit="none",
            thresholds=thresholds.rising(1, 100),
            decimals=0,
        ),
    ]
