"""What the dashboards ask Prometheus for is what the services count."""

import importlib

import pytest
from prometheus_client import REGISTRY

from stack.servers import REPOSITORY
from tests.integration.grafana_promql import asked, metrics, variables

_SERVICES = ("bridge", "ingest", "alarms", "emulator", "web", "runtime")
_OTHERS = ("rabbitmq_", "erlang_")  # RabbitMQ's own
_ENDS = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


@pytest.fixture(scope="module")
def counted() -> set[str]:
    """The name of every series that a service can have."""
    for file in sorted(REPOSITORY.glob("*/*metrics.py")):
        if file.parent.name in _SERVICES:
            importlib.import_module(f"{file.parent.name}.{file.stem}")
    importlib.import_module("timescale.maintaining")
    families = [family for family in REGISTRY.collect() if family.type in _ENDS]
    return {f"{family.name}{end}" for family in families for end in _ENDS[family.type]}


def test_every_metric_of_a_dashboard_is_counted_by_a_service(counted: set[str]) -> None:
    """A panel whose metric was renamed would be empty, and look as if all were well."""
    unknown = {
        (query.name, name)
        for query in asked()
        for name in metrics(query.expression)
        if name != "up" and not name.startswith(_OTHERS)
        if name not in counted
    }
    assert unknown == set()
    assert {"bridge_messages_total", "ingest_latency_seconds_bucket", "process_open_fds"} <= counted


def test_every_variable_that_prometheus_fills_asks_for_a_metric_of_a_service(counted: set[str]) -> None:
    """label_values(metric{…}, label): the only form that is used."""
    for name, query in variables():
        assert query.startswith("label_values("), name
        assert metrics(query.removeprefix("label_values(").rpartition(",")[0]) <= counted | {"up"}, name


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ('sum by (le, kind) (rate(a_total{kind="b", c=~"d|e"}[$__rate_interval]))', {"a_total"}),
        ("histogram_quantile(0.5, sum(rate(a_bucket[5m])) by (le)) > 0 or vector(0)", {"a_bucket"}),
        ("max by (x) (a and on (x, y) b == 1) / 1e3", {"a", "b"}),
        ('label_replace(sum (increase(a_total[1h])) or vector(0), "what", "b c", "", "")', {"a_total"}),
        ("count(sum by (s) (a) != 1)\nor\ntime() - b offset 5m", {"a", "b"}),
    ],
)
def test_metrics_are_told_from_functions_labels_and_texts(expression: str, names: set[str]) -> None:
    """By which the two tests above stand or fall."""
    assert metrics(expression) == names
