"""Pipeline, from the sensors to the database: what passes, where it waits, how long it takes."""

from typing import Any, Final

from pydantic_settings import BaseSettings

from bridge.config import BridgeSettings
from grafana import charts, panels, queries, thresholds
from grafana.panels import PanelBuilder
from grafana.promql import MEASUREMENTS, increase, quantile, rate
from ingest.config import IngestSettings

NO_SERVICE: Final = "No such service runs"
_IN_TRANSACTIONS: Final = 'kind=~"measurements|logs"'  # the registry writes each message by itself


def bound(settings: type[BaseSettings], name: str) -> Any:
    """A bound as it is where nobody has set another."""
    return settings.model_fields[name].default


def written() -> list[PanelBuilder]:
    return [
        panels.time_series(
            "Batches of measurements, by stage",
            "The lines lie on each other while everything that is made is relayed, written and judged. One that lies lower for "
            "long: the stage before it waits (next section). After an outage it lies higher until what had waited is written.",
            queries.promql(rate("emulator_batches_made_total"), "made by emulated sensors", "A"),
            queries.promql(rate("bridge_messages_total", where=MEASUREMENTS), "arrived at the bridges", "B"),
            queries.promql(rate("ingest_messages_total", where=MEASUREMENTS), "written", "C"),
            queries.promql(rate("alarms_batches_total"), "judged", "D"),
            unit="cps",
            empty=NO_SERVICE,
            legend=("lastNotNull", "max"),
        ),
        panels.time_series(
            "Samples, by stage",
            "Single values over all channels. What is written and not made comes of real sensors.",
            queries.promql(rate("emulator_samples_made_total"), "made by emulated sensors", "A"),
            queries.promql(rate("ingest_samples_total"), "written", "B"),
            unit="cps",
            empty=NO_SERVICE,
            legend=("lastNotNull", "max"),
        ),
        panels.time_series(
            "Births, statuses, acks and log lines",
            "As they arrive and as they are written. Many births: sensors restart, or lose their connection again and again; "
            "their logs say why. More arrive than are written: the ingester of the registry does not keep up.",
            queries.promql(
                rate("bridge_messages_total", "kind", 'kind!="measurements"'), "{{kind}} arrived", "A"
            ),
            queries.promql(
                rate("ingest_messages_total", "kind", 'kind!="measurements"'), "{{kind}} written", "B"
            ),
            unit="cps",
            empty=NO_SERVICE,
        ),
        panels.time_series(
            "Rows",
            "Inserted, by table, and those that were there already. Duplicates follow a restart or a resend and are harmless; "
            "if they stay, sensors do not get their acknowledgements.",
            queries.promql(rate("ingest_rows_total", "table"), "{{table}}", "A"),
            queries.promql(rate("ingest_duplicates_total", "table"), "{{table}}: there already", "B"),
            unit="cps",
            empty=NO_SERVICE,
        ),
    ]


def waiting() -> list[PanelBuilder]:
    return [
        panels.time_series(
            "Bridges: received and not acknowledged",
            "Messages, by MQTT session. They wait for RabbitMQ's confirm, and the sensor keeps them until then. At the bound "
            "the broker sends no more: look at RabbitMQ (alarms, full queues) on its dashboard.",
            queries.promql(
                "sum by (instance, session) (bridge_in_flight_messages)", "{{instance}} {{session}}"
            ),
            unit="short",
            empty=NO_SERVICE,
            thresholds=thresholds.steps(
                (None, thresholds.GOOD), (bound(BridgeSettings, "bridge_receive_maximum"), thresholds.BAD)
            ),
            width=8,
        ),
        panels.time_series(
            "Bridges: their bytes",
            "Payload bytes of the same. At the bound the bridge stops reading its socket.",
            queries.promql("sum by (instance, session) (bridge_in_flight_bytes)", "{{instance}} {{session}}"),
            unit="decbytes",
            empty=NO_SERVICE,
            thresholds=thresholds.steps(
                (None, thresholds.GOOD), (bound(BridgeSettings, "bridge_in_flight_bytes"), thresholds.BAD)
            ),
            width=8,
        ),
        panels.time_series(
            "Bridges: pauses, and what gave way",
            "Pauses: how often reading MQTT stopped because too much was in flight. Gave way: births and statuses whose place a "
            "newer one of the same sensor took while RabbitMQ took none. Both are the bounds at work; find out what is slow behind.",
            queries.promql(rate("bridge_pauses_total", "session"), "pauses, {{session}}", "A"),
            queries.promql(rate("bridge_superseded_total"), "gave way", "B"),
            unit="cps",
            empty=NO_SERVICE,
            thresholds=thresholds.rising(0.01),
            width=8,
        ),
        panels.time_series(
            "RabbitMQ: envelopes that wait in a stream",
            "Of the consumer that is furthest behind, an ingester or the alarms service. It grows while one is too slow or away; "
            "streams keep a day or so, then the oldest is lost. More on the dashboard RabbitMQ.",
            queries.promql(
                "max by (queue) (rabbitmq_detailed_stream_consumer_max_offset_lag)",
                "{{queue}}",
            ),
            unit="short",
            empty="No consumer of a stream",
            thresholds=thresholds.rising(1_000, 10_000),
            width=8,
        ),
        panels.time_series(
            "Ingesters: read and not written",
            "Bytes in memory. At the bound an ingester reads no more: the database is too slow or away; look at the dashboard "
            "Database, and at the durations of transactions below.",
            queries.promql("sum by (instance) (ingest_buffered_bytes)", "{{instance}}"),
            unit="decbytes",
            empty=NO_SERVICE,
            thresholds=thresholds.steps(
                (None, thresholds.GOOD), (bound(IngestSettings, "ingest_buffer_bytes"), thresholds.BAD)
            ),
            width=8,
        ),
        panels.time_series(
            "Ingesters: lag",
            "How old the newest envelope was, by RabbitMQ's clock, when it was committed. A line that rises by a second each "
            "second: what is written was received long ago. One that stays quite still: nothing is written at all.",
            queries.promql(
                "max by (stream) (ingest_lag_seconds and on (instance, stream) ingest_active == 1)",
                "{{stream}}",
            ),
            unit="s",
            empty=NO_SERVICE,
            thresholds=thresholds.rising(1, 10),
            width=8,
        ),
    ]


def lasting() -> list[PanelBuilder]:
    return [
        panels.time_series(
            "From sample to row",
            "From a batch's last sample to the commit that holds it, of all batches. The median is about the linger of the "
            "bridge and half the interval of flushes; where p99 is far above, look at the stages beside.",
            queries.promql(quantile(0.5, "ingest_latency_seconds"), "p50", "A"),
            queries.promql(quantile(0.95, "ingest_latency_seconds"), "p95", "B"),
            queries.promql(quantile(0.99, "ingest_latency_seconds"), "p99", "C"),
            unit="s",
            empty="Nothing is written",
            thresholds=thresholds.rising(1, 5),
            legend=("lastNotNull", "max"),
        ),
        panels.time_series(
            "The stages, p99",
            "Which stage is slow. Confirm: RabbitMQ. Transaction: the database. From bridge to row, by ingester: with the waiting "
            "before it. Judged: from the bridge to the rules without a window.",
            queries.promql(quantile(0.99, "bridge_confirm_seconds"), "RabbitMQ's confirm", "A"),
            queries.promql(quantile(0.99, "ingest_flush_seconds"), "transaction", "B"),
            queries.promql(
                quantile(0.99, "ingest_relay_latency_seconds", "instance"), "bridge to row, {{instance}}", "C"
            ),
            queries.promql(quantile(0.99, "alarms_latency_seconds"), "bridge to judged", "D"),
            unit="s",
            empty="Nothing passes",
            legend=("lastNotNull", "max"),
        ),
        charts.heatmap(
            "From sample to row: how many batches took how long",
            "Each column is a moment, each field a span of latencies, its colour how many batches. Two bands are two kinds of "
            "sensors (their batches are of different length), or one ingester that is slower than another.",
            queries.buckets(increase("ingest_latency_seconds_bucket", "le", span="$__rate_interval")),
            unit="s",
            empty="Nothing is written",
        ),
        panels.time_series(
            "Transactions of the ingesters",
            "How long they take. Long ones with few messages: the database waits for its disk or for a lock; look at the "
            "dashboard Database.",
            queries.promql(quantile(0.5, "ingest_flush_seconds"), "p50", "A"),
            queries.promql(quantile(0.95, "ingest_flush_seconds"), "p95", "B"),
            unit="s",
            empty="Nothing is written",
            thresholds=thresholds.rising(0.5, 2.5),
            width=6,
        ),
        panels.time_series(
            "Messages in one transaction",
            "On average. They become more as the rate rises, so that transactions stay few: many are a sign of load, not of "
            "trouble.",
            queries.promql(
                f"{rate('ingest_messages_total', 'instance', _IN_TRANSACTIONS)} / "
                f"{rate('ingest_flush_seconds_count', 'instance')}",
                "{{instance}}",
            ),
            unit="short",
            empty="Nothing is written",
            width=6,
        ),
    ]
