"""Pipeline, what does not go its usual way: dead letters, attempts that failed, streams that nobody reads."""

from grafana import panels, queries, thresholds
from grafana.columns import Column
from grafana.panels import PanelBuilder
from grafana.pipeline_flow import NO_SERVICE
from grafana.promql import increase, rate


def aside() -> list[PanelBuilder]:
    return [
        panels.time_series(
            "Dead letters, by reason",
            "Messages that break the contract, a bar for each interval. They block nothing and are kept in a stream with their "
            "reason and bytes: `iotctl dead list`. One reason of one sensor: its firmware; unknown_topic: somebody else's "
            "client; refused_by_database: look at the ingester's log first.",
            queries.promql(
                f"{increase('bridge_dead_letters_total', 'reason', span='$__interval')} > 0",
                "bridge: {{reason}}",
                "A",
            ),
            queries.promql(
                f"{increase('ingest_dead_letters_total', 'reason', span='$__interval')} > 0",
                "ingest: {{reason}}",
                "B",
            ),
            unit="short",
            empty="None: nothing had to be put aside",
            draw="bars",
            stacked=True,
        ).interval("1m"),
        panels.time_series(
            "Attempts that failed and are made again",
            "A second, by what did not do its part. A few are a restart. A line that stays: that server is away or refuses; "
            "nothing is lost while it is (it waits in the stage before), and the service's log has the error.",
            queries.promql(rate("bridge_publish_failures_total", "side"), "bridge: {{side}}", "A"),
            queries.promql(rate("bridge_mqtt_reconnects_total"), "bridge: MQTT connection", "B"),
            queries.promql(rate("ingest_failures_total", "side"), "ingest: {{side}}", "C"),
            queries.promql(rate("alarms_failures_total", "side"), "alarms: {{side}}", "D"),
            unit="cps",
            empty=NO_SERVICE,
            thresholds=thresholds.rising(0.01),
        ),
        panels.table(
            "What else did not go the usual way",
            "How often within the span shown. Skipped: the stream had dropped them before they were read, so batches are missing "
            "(`iotctl resend` asks the sensors again). Provisional: sensors that spoke before their birth arrived. No commands: "
            "the bridge has put them aside. Not judged: an alarm rule may have missed them.",
            queries.promql(_unusual(), instant=True),
            empty=NO_SERVICE,
            columns=[
                Column("Time", hidden=True),
                Column("what", "What", width=520),
                Column("Value", "How often", decimals=0, coloured="text", thresholds=thresholds.rising(1)),
            ],
            height=9,
        ),
    ]


def readers() -> list[PanelBuilder]:
    return [
        panels.stat(
            "Streams without one ingester",
            "Each partition, and the stream of the logs, has one active ingester. For some seconds after a restart there may be "
            "none. For longer: nothing of it is written; start an ingester of that kind, or look why it is not ready.",
            queries.promql("count(sum by (stream) (ingest_active) != 1) or vector(0)", instant=True),
            unit="none",
            thresholds=thresholds.rising(1, 1),
        ),
        panels.stat(
            "Partitions without one judge",
            "The same of the alarms service: nothing of such a partition is judged.",
            queries.promql("count(sum by (stream) (alarms_active) != 1) or vector(0)", instant=True),
            unit="none",
            thresholds=thresholds.rising(1, 1),
        ),
        panels.time_series(
            "Streams that each reads",
            "RabbitMQ shares them out among the replicas. Uneven for long: one replica came late and gets its share when another "
            "gives some up (a restart evens it out).",
            queries.promql("sum by (instance) (ingest_active)", "{{instance}}", "A"),
            queries.promql("sum by (instance) (alarms_active)", "{{instance}}", "B"),
            unit="none",
            empty=NO_SERVICE,
            stacked=True,
            width=8,
            height=6,
        ),
        panels.time_series(
            "Envelopes committed",
            "How fast each stream's offset moves, as it is kept in the database. A line at 0 while others move: that stream's "
            "ingester is stuck, or its sensors are silent.",
            queries.promql("sum by (stream) (deriv(ingest_next_offset[$__rate_interval]))", "{{stream}}"),
            unit="cps",
            empty=NO_SERVICE,
            width=8,
            height=6,
        ),
    ]


def _unusual() -> str:
    """One row for each: a series without a label "what" has no name in a table."""
    counted = {
        "envelopes that the ingesters skipped": "ingest_skipped_offsets_total",
        "envelopes that the alarms service skipped": "alarms_skipped_offsets_total",
        "sensors registered by their first message (provisional)": "ingest_provisional_sensors_total",
        "messages given as commands that are none": "ingest_no_commands_total",
        "births and statuses that gave way to newer ones": "bridge_superseded_total",
        "batches not judged, of sensors that the database did not know yet": "alarms_unknown_sensors_total",
        "windows of bearings that were left out": "alarms_diagnoses_skipped_total",
        "messages that were no measurements, seen by the alarms service": "alarms_rejects_total",
    }
    rows = (
        f'label_replace({increase(counter)} or vector(0), "what", "{what}", "", "")'
        for what, counter in counted.items()
    )
    return "\nor\n".join(rows)
