"""Pipeline, the way down: commands to the sensors."""

from bridge.downlink import AT_ONCE
from grafana import panels, queries, thresholds
from grafana.panels import PanelBuilder
from grafana.pipeline_flow import NO_SERVICE
from grafana.promql import increase, quantile


def commands() -> list[PanelBuilder]:
    return [
        panels.time_series(
            "Commands, by what became of them",
            "Taken from their queue; sent: the MQTT broker holds it for the sensor; unreachable: the broker knows no session of "
            "that sensor; expired: too late to be sent. Whether the sensor did it stands on the dashboard Sensor.",
            queries.promql(increase("bridge_commands_total", span="$__interval"), "taken", "A"),
            queries.promql(
                increase("bridge_command_reports_total", "step", span="$__interval"), "{{step}}", "B"
            ),
            unit="short",
            empty=NO_SERVICE,
            draw="bars",
            width=8,
        ).interval("1m"),
        panels.time_series(
            "Commands under way",
            "Taken by a bridge and not settled. At the bound the rest waits in RabbitMQ. A line that stays up: the MQTT broker "
            "does not acknowledge, or RabbitMQ does not take the reports.",
            queries.promql("sum by (instance) (bridge_commands_under_way)", "{{instance}}"),
            unit="none",
            empty=NO_SERVICE,
            thresholds=thresholds.steps((None, thresholds.GOOD), (AT_ONCE, thresholds.BAD)),
            width=8,
        ),
        panels.time_series(
            "From the queue to the MQTT broker",
            "How long a command took from RabbitMQ's receipt to the broker's acknowledgement. Seconds: many were given at once, or "
            "no bridge was there.",
            queries.promql(quantile(0.5, "bridge_command_seconds"), "p50", "A"),
            queries.promql(quantile(0.99, "bridge_command_seconds"), "p99", "B"),
            unit="s",
            empty="No commands",
            thresholds=thresholds.rising(0.5, 5),
            draw="points",
            width=8,
        ),
    ]
