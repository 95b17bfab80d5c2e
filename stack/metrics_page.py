"""`python -m stack.metrics_page`: docs/metrics.md, from what the services register with Prometheus' client.

`make docs` writes it; a test compares.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import NamedTuple

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from runtime.health import CONDITION
from runtime.histogram import ManyHistogram
from stack.servers import REPOSITORY

# The service of each package, as its jobs in Prometheus are named.
SERVICES = {
    "bridge": "bridge",
    "ingest": "ingest",
    "alarms": "alarms",
    "web": "web",
    "emulator": "emulator",
    "timescale": "maintenance",
}
_EVERY = ("process_", "python_")  # the client's own, of each process
_HEAD = """\
# Metrics

What each service exports at `/metrics` on its health port (`STREAMING_HEALTH_HOST`, `STREAMING_HEALTH_PORT`), generated from
its modules. `prometheus/prometheus.yml` scrapes it, the dashboards [Pipeline and RabbitMQ](dashboards.md) show it. RabbitMQ
has metrics of its own (`rabbitmq_…`); statistics of the database are in tables ([database.md](database.md)).

A **counter** only grows until its process ends (`rate()`, `increase()`), a **gauge** is a state, a **histogram** has the series
`…_bucket`, `…_sum` and `…_count`. Known values of a label exist from the start, with 0."""


class Metric(NamedTuple):
    """One metric, as the page tells it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    values: tuple[str, ...]  # of its label, those known from the start
    meaning: str


def declared(package: str) -> dict[str, Metric]:
    """What the modules of a package declare, by name, in the order in which they do."""
    found: dict[str, Metric] = {}
    for module in pkgutil.iter_modules([str(REPOSITORY / package)]):
        if module.name != "__main__":
            for value in vars(importlib.import_module(f"{package}.{module.name}")).values():
                if isinstance(value, MetricWrapperBase | ManyHistogram):
                    found |= {metric.name: metric for metric in _metrics(value)}
    return found


def of_every_process() -> dict[str, Metric]:
    """What Prometheus' client itself registers, and what is served beside it."""
    own = (metric for metric in _metrics(REGISTRY) if metric.name.startswith(_EVERY))
    return {metric.name: metric for metric in (*_metrics(CONDITION), *own)}


def lines() -> Iterator[str]:
    """The page, line by line."""
    yield from _HEAD.splitlines()
    for package, service in SERVICES.items():
        yield from ("", f"## {service}", "")
        yield from _table(declared(package))
    yield from ("", "## Every process", "")
    yield from _table(of_every_process())


def _table(metrics: dict[str, Metric]) -> Iterator[str]:
    yield "| metric | type | labels | meaning |"
    yield "| --- | --- | --- | --- |"
    for metric in metrics.values():
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        values = f": {', '.join(f'`{value}`' for value in metric.values)}" if metric.values else ""
        yield f"| `{metric.name}` | {metric.kind} | {labels}{values} | {metric.meaning} |"


def _metrics(source: Collector) -> Iterator[Metric]:
    declared_labels = tuple(getattr(source, "_labelnames", ()))  # one without a series yet shows none
    for family in source.collect():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        shown = {label: None for sample in family.samples for label in sample.labels if label != "le"}
        labels = declared_labels or tuple(shown)
        values: list[str] = []
        if len(declared_labels) == 1:
            values = [sample.labels[labels[0]] for sample in family.samples if sample.name == name]
        yield Metric(name, family.type, labels, tuple(values), family.documentation)


if __name__ == "__main__":
    print("\n".join(lines()))
