"""RabbitMQ: whether it takes what comes, who is behind, and what it needs."""

from typing import Final

from grafana_foundation_sdk.models.dashboard import Dashboard, DataTransformerConfig

from grafana import links, panels, queries, rabbitmq_node, thresholds
from grafana.building import Section, dashboard
from grafana.columns import Column
from grafana.panels import PanelBuilder
from grafana.pipeline_flow import bound
from grafana.promql import rate
from runtime.topology import TopologySettings

_EMPTY: Final = "RabbitMQ does not answer"
_STREAM: Final = 'queue=~"sensor_streaming[.](data-[0-9]+|logs|dead)"'
_QUEUE: Final = (
    'queue=~"sensor_streaming[.](birth|status|acks|alarms|commands|command_audit|command_reports)"'
)
_QUEUE_BYTES: Final[int] = bound(TopologySettings, "queue_maximum_bytes")
_STREAM_BYTES: Final[int] = bound(TopologySettings, "stream_maximum_bytes")
_SEGMENT_BYTES: Final[int] = bound(TopologySettings, "stream_segment_bytes")


def build() -> Dashboard:
    return dashboard(
        "RabbitMQ",
        links.RABBITMQ,
        "Whether RabbitMQ takes what comes, who is behind in reading it, and what the node needs.",
        [
            Section("Does it take what comes?", rabbitmq_node.alarms()),
            Section("What comes in, and what goes out?", _flow()),
            Section("Is somebody behind in a stream?", _streams()),
            Section("Is somebody behind in a queue?", _queues()),
            Section("Does the Raft log stay short?", _raft()),
            Section("What does the node need?", rabbitmq_node.needs()),
        ],
        span="now-1h",
        refresh="10s",
    )


def _flow() -> list[PanelBuilder]:
    return [
        panels.time_series(
            "Received and confirmed",
            "Messages a second, by protocol: envelopes by the stream protocol, single messages by AMQP. Confirmed lower than "
            "received for long: RabbitMQ does not get its disk to write; the bridges wait, and the sensors keep their batches.",
            queries.promql(
                rate("rabbitmq_global_messages_received_confirm_total", "protocol"),
                "{{protocol}} received",
                "A",
            ),
            queries.promql(
                rate("rabbitmq_global_messages_confirmed_total", "protocol"), "{{protocol}} confirmed", "B"
            ),
            unit="cps",
            empty=_EMPTY,
            width=8,
        ),
        panels.time_series(
            "Delivered",
            "Messages a second, by protocol and kind of queue. Each envelope goes to an ingester and to the alarms service, and "
            "once more to whoever watches a sensor live.",
            queries.promql(
                f"{rate('rabbitmq_global_messages_delivered_total', 'protocol, queue_type')} > 0",
                "{{protocol}} {{queue_type}}",
            ),
            unit="cps",
            empty="Nobody reads",
            width=8,
        ),
        panels.time_series(
            "What finds no queue, and what comes again",
            "Unroutable: published under a key that no queue is bound to, returned or dropped; machines' triggers are, where no "
            "other replica listens. Delivered again: a consumer ended before it had acknowledged.",
            queries.promql(
                rate("rabbitmq_global_messages_unroutable_returned_total"), "unroutable, returned", "A"
            ),
            queries.promql(
                rate("rabbitmq_global_messages_unroutable_dropped_total"), "unroutable, dropped", "B"
            ),
            queries.promql(rate("rabbitmq_global_messages_redelivered_total"), "delivered again", "C"),
            unit="cps",
            empty=_EMPTY,
            width=8,
        ),
    ]


def _streams() -> list[PanelBuilder]:
    return [
        panels.time_series(
            "Envelopes that wait",
            "Of the consumer that is furthest behind: an ingester, the alarms service, or somebody who watches. Rising: one of "
            "them is too slow or away; the dashboard Pipeline says which.",
            queries.promql(
                f"max by (queue) (rabbitmq_detailed_stream_consumer_max_offset_lag{{{_STREAM}}})", "{{queue}}"
            ),
            unit="short",
            empty="No consumer of a stream",
            thresholds=thresholds.rising(1_000, 10_000),
            width=8,
        ),
        panels.time_series(
            "Segments, of what a stream may keep",
            f"Files of {_SEGMENT_BYTES / 1e6:.0f} MB, of {_STREAM_BYTES / 1e9:g} GB a stream (`python -m runtime.topology`). At 100 % "
            "the oldest goes, read or not: that is usual, as long as nobody is as far behind. Less than a day's worth: keep more.",
            queries.promql(
                f"max by (queue) (rabbitmq_detailed_stream_segments{{{_STREAM}}}) * {_SEGMENT_BYTES / _STREAM_BYTES:g}",
                "{{queue}}",
            ),
            unit="percentunit",
            empty=_EMPTY,
            width=8,
        ),
        panels.time_series(
            "Consumers, by stream",
            "Attached to each partition: every replica of the ingester and of the alarms service (one of each is active), and "
            "whoever watches live. None at a partition: nobody writes it to the database.",
            queries.promql(f"sum by (queue) (rabbitmq_detailed_queue_consumers{{{_STREAM}}})", "{{queue}}"),
            unit="none",
            empty=_EMPTY,
            width=8,
        ),
        panels.time_series(
            "Envelopes in the streams",
            "As long as they are kept. A partition that grows faster has busier sensors; one that does not grow has none.",
            queries.promql(f"max by (queue) (rabbitmq_detailed_queue_messages{{{_STREAM}}})", "{{queue}}"),
            unit="short",
            empty=_EMPTY,
        ),
        panels.time_series(
            "Envelopes a second, by stream",
            "How fast each grows. An envelope holds whatever a bridge received for that partition within a few ms, so at a high "
            "rate there are fewer of them than batches.",
            queries.promql(
                f"sum by (queue) (deriv(rabbitmq_detailed_queue_messages{{{_STREAM}}}[$__rate_interval])) >= 0",
                "{{queue}}",
            ),
            unit="cps",
            empty=_EMPTY,
        ),
    ]


def _queues() -> list[PanelBuilder]:
    return [
        panels.time_series(
            "Messages that wait",
            "Ready to be delivered. Births, statuses, acks and commands are read at once; what stays is not: the registry's ingester "
            "or the bridges do not run. In the queue “alarms” the newest stay, for programs of others.",
            queries.promql(
                f"sum by (queue) (rabbitmq_detailed_queue_messages_ready{{{_QUEUE}}})", "{{queue}}"
            ),
            unit="short",
            empty=_EMPTY,
            thresholds=thresholds.rising(1_000, 100_000),
            width=8,
        ),
        panels.time_series(
            "Bytes, of what a queue may hold",
            f"Of {_QUEUE_BYTES / 1e6:.0f} MB each. At 100 % RabbitMQ refuses more, and whoever publishes tries again: the bridges then "
            "hold the sensors' messages back. “alarms” drops its oldest instead.",
            queries.promql(
                f"sum by (queue) (rabbitmq_detailed_queue_messages_bytes{{{_QUEUE}}}) / {_QUEUE_BYTES}",
                "{{queue}}",
            ),
            unit="percentunit",
            empty=_EMPTY,
            thresholds=thresholds.rising(0.5, 0.9),
            width=8,
        ),
        panels.time_series(
            "Delivered and not acknowledged",
            "With a consumer, which has not written them yet (the registry's ingester has 500 of each queue at most). A line that "
            "stays: it waits for the database.",
            queries.promql(
                f"sum by (queue) (rabbitmq_detailed_queue_messages_unacked{{{_QUEUE}}})", "{{queue}}"
            ),
            unit="short",
            empty=_EMPTY,
            thresholds=thresholds.rising(400),
            width=8,
        ),
        _table(),
    ]


def _table() -> PanelBuilder:
    asked = {
        "A": f"sum by (queue) (rabbitmq_detailed_queue_messages_ready{{{_QUEUE}}})",
        "B": f"sum by (queue) (rabbitmq_detailed_queue_messages_unacked{{{_QUEUE}}})",
        "C": f"sum by (queue) (rabbitmq_detailed_queue_messages_bytes{{{_QUEUE}}})",
        "D": f"sum by (queue) (rabbitmq_detailed_queue_consumers{{{_QUEUE}}})",
        "E": rate("rabbitmq_detailed_queue_exchange_messages_published_total", "queue", _QUEUE),
        "F": rate("rabbitmq_detailed_queue_messages_acked_total", "queue", _QUEUE),
    }
    panel = panels.table(
        "Queues",
        "As they are now. A queue without a consumer, but for “alarms”, is one that nobody empties. Published and acknowledged are "
        "the same while all is well.",
        *(queries.promql(expression, ref=ref, instant=True) for ref, expression in asked.items()),
        empty=_EMPTY,
        columns=[
            Column("queue", "Queue", width=320),
            Column("Value #A", "Waiting", coloured="text", thresholds=thresholds.rising(1_000, 100_000)),
            Column("Value #B", "With a consumer", coloured="text", thresholds=thresholds.rising(400)),
            Column("Value #C", "Bytes", unit="decbytes"),
            Column("Value #D", "Consumers"),
            Column("Value #E", "Published", unit="cps", decimals=1),
            Column("Value #F", "Acknowledged", unit="cps", decimals=1),
        ],
        sort="Queue",
        descending=False,
    )
    return panel.transformations(
        [
            DataTransformerConfig(id_val="merge", options={}),
            DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True}}),
        ]
    )


def _raft() -> list[PanelBuilder]:
    log = "rabbitmq_detailed_raft_log"
    return [
        panels.time_series(
            "Entries since the snapshot",
            "Of each quorum queue's log. RabbitMQ shortens it when messages have been acknowledged; a line that only rises is a queue "
            "that nobody empties, and its log fills the disk.",
            queries.promql(
                f"max by (queue) ({log}_last_written_index{{{_QUEUE}}} - {log}_snapshot_index{{{_QUEUE}}})",
                "{{queue}}",
            ),
            unit="short",
            empty=_EMPTY,
            thresholds=thresholds.rising(1_000_000, 10_000_000),
            width=8,
        ),
        panels.time_series(
            "Written and not committed",
            "Entries that wait for a majority of the nodes. On one node it is next to none; in a cluster a line that stays is a node "
            "that does not answer.",
            queries.promql(
                f"max by (queue) ({log}_last_written_index{{{_QUEUE}}} - {log}_commit_index{{{_QUEUE}}})",
                "{{queue}}",
            ),
            unit="short",
            empty=_EMPTY,
            thresholds=thresholds.rising(1_000),
            width=8,
        ),
        panels.time_series(
            "Time to commit an entry",
            "As RabbitMQ says it. Long: the disk is slow to sync, or the nodes are far from each other.",
            queries.promql(
                f"max by (queue) (rabbitmq_detailed_raft_entry_commit_latency_seconds{{{_QUEUE}}})",
                "{{queue}}",
            ),
            unit="s",
            empty=_EMPTY,
            thresholds=thresholds.rising(0.1, 1),
            width=8,
        ),
    ]
