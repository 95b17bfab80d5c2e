"""RabbitMQ, the node: its alarms, and what it needs of the machine."""

from typing import Final

from grafana_foundation_sdk.models.common import BigValueTextMode

from grafana import panels, queries, thresholds
from grafana.panels import PanelBuilder
from grafana.promql import rate

_EMPTY: Final = "RabbitMQ does not answer"
_VERSIONS: Final = "RabbitMQ {{rabbitmq_version}}, Erlang {{erlang_version}}"
_KINDS: Final = ("file_descriptor_limit", "free_disk_space_watermark", "memory_used_watermark")


def alarms() -> list[PanelBuilder]:
    in_effect = " + ".join(f"sum(rabbitmq_alarms_{kind})" for kind in _KINDS)
    return [
        panels.stat(
            "Alarms in effect",
            "Memory, disk or file descriptors. While one is, RabbitMQ takes nothing from anybody who publishes: bridges pause, sensors "
            "keep their batches. See beside which it is, and make room.",
            queries.promql(in_effect, "alarms"),
            unit="none",
            thresholds=thresholds.rising(1, 1),
            width=3,
        ),
        panels.stat(
            "Answers",
            "Whether each node answers Prometheus.",
            queries.promql('min(up{job="rabbitmq"})', "up"),
            unit="none",
            mappings=thresholds.named({"0": thresholds.BAD, "1": thresholds.GOOD}),
            width=2,
        ),
        panels.stat(
            "Memory",
            "Of the watermark, from which on RabbitMQ takes nothing. Streams live on disk and in the page cache, so what rises is "
            "queues that nobody empties, or connections.",
            queries.promql(
                "max(rabbitmq_process_resident_memory_bytes / rabbitmq_resident_memory_limit_bytes)", "memory"
            ),
            unit="percentunit",
            thresholds=thresholds.rising(0.7, 0.9),
            decimals=1,
            width=3,
            graph=True,
        ),
        panels.stat(
            "Disk that is free",
            "In times of the least that must be. Below 1 RabbitMQ takes nothing. Streams keep what they may: lower "
            "STREAMING_STREAM_MAXIMUM_BYTES and declare the topology again, or give it a larger disk.",
            queries.promql(
                "min(rabbitmq_disk_space_available_bytes / rabbitmq_disk_space_available_limit_bytes)", "disk"
            ),
            unit="none",
            thresholds=thresholds.falling(5, 2),
            decimals=1,
            width=3,
            graph=True,
        ),
        panels.stat(
            "File descriptors",
            "Of what the process may open: connections, segments, logs.",
            queries.promql("max(rabbitmq_process_open_fds / rabbitmq_process_max_fds)", "fds"),
            unit="percentunit",
            thresholds=thresholds.rising(0.7, 0.9),
            decimals=1,
            width=3,
        ),
        panels.stat(
            "Erlang processes",
            "Of what the node may have; some for each connection, channel and queue.",
            queries.promql(
                "max(rabbitmq_erlang_processes_used / rabbitmq_erlang_processes_limit)", "processes"
            ),
            unit="percentunit",
            thresholds=thresholds.rising(0.7, 0.9),
            decimals=1,
            width=3,
        ),
        panels.stat(
            "Runs for",
            "Since the node that was started last.",
            queries.promql("min(rabbitmq_erlang_uptime_seconds)", "uptime"),
            unit="dtdurations",
            thresholds=thresholds.none(),
            width=3,
        ),
        panels.stat(
            "Version",
            "Of RabbitMQ and Erlang.",
            queries.promql("count by (rabbitmq_version, erlang_version) (rabbitmq_build_info)", _VERSIONS),
            unit="none",
            thresholds=thresholds.none(),
            width=4,
        ).text_mode(BigValueTextMode.NAME),
    ]


def needs() -> list[PanelBuilder]:
    return [
        panels.time_series(
            "Memory, by kind",
            "Of the Erlang machine. The line on top is what the watermark allows.",
            queries.promql("sum(rabbitmq_process_resident_memory_bytes)", "resident", "A"),
            queries.promql("sum(erlang_vm_memory_processes_bytes_total)", "processes", "B"),
            queries.promql("sum(erlang_vm_memory_system_bytes_total)", "everything else of Erlang", "C"),
            unit="bytes",
            empty=_EMPTY,
            width=8,
        ),
        panels.time_series(
            "Connections, channels, consumers",
            "A bridge has three connections, an ingester and the alarms service two or three, the page and each `iotctl` some. Sensors "
            "have none: they talk to the MQTT broker.",
            queries.promql("sum(rabbitmq_connections)", "connections", "A"),
            queries.promql("sum(rabbitmq_channels)", "channels", "B"),
            queries.promql("sum(rabbitmq_consumers)", "consumers", "C"),
            queries.promql("sum(rabbitmq_global_publishers)", "publishers", "D"),
            unit="none",
            empty=_EMPTY,
            width=8,
        ),
        panels.time_series(
            "Connections that come and go",
            "A second. A steady rate: a service, or somebody's program, is started or loses its connection again and again. Refused: a "
            "wrong password; RabbitMQ's log says whose.",
            queries.promql(rate("rabbitmq_connections_opened_total"), "opened", "A"),
            queries.promql(rate("rabbitmq_connections_closed_total"), "closed", "B"),
            queries.promql(rate("rabbitmq_auth_attempts_failed_total"), "refused", "C"),
            unit="cps",
            empty=_EMPTY,
            thresholds=thresholds.rising(1),
            width=8,
        ),
        panels.time_series(
            "Bytes over connections",
            "A second. What goes out is twice what comes in where both ingesters and the alarms service read.",
            queries.promql(rate("rabbitmq_connection_incoming_bytes_total"), "in", "A"),
            queries.promql(rate("rabbitmq_connection_outgoing_bytes_total"), "out", "B"),
            unit="binBps",
            empty=_EMPTY,
            width=8,
        ),
        panels.time_series(
            "Erlang's run queue",
            "Processes that could run and wait for a core. More than a few for each core for long: RabbitMQ needs more CPU.",
            queries.promql("max by (instance) (erlang_vm_statistics_run_queues_length)", "{{instance}}"),
            unit="short",
            empty=_EMPTY,
            thresholds=thresholds.rising(10, 100),
            width=8,
        ),
        panels.time_series(
            "CPU",
            "Cores that the Erlang machine uses, by its own account.",
            queries.promql(
                "sum by (instance) (rate(erlang_vm_statistics_runtime_milliseconds[$__rate_interval])) / 1000",
                "{{instance}}",
            ),
            unit="none",
            empty=_EMPTY,
            decimals=2,
            width=8,
        ),
    ]
