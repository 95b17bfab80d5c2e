"""A real Prometheus that asks the services of a pipeline, and RabbitMQ."""

import json
import math
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from stack import prometheus
from tests.integration.pipeline import Pipeline, free_port, wait_for

_EVERY_S: Final = 2  # and a scrape may take as long, on a machine that has other things to do


class Series(NamedTuple):
    """What a query gave: labels, and the values from the oldest to the newest."""

    labels: dict[str, str]
    values: list[float]

    @property
    def finite(self) -> list[float]:
        return [value for value in self.values if math.isfinite(value)]


class Monitor:
    """Prometheus as the tests ask it."""

    def __init__(self, running: prometheus.Prometheus, asked: Mapping[str, Mapping[str, str]]) -> None:
        self._running = running
        self._asked = asked
        running.scrape(asked)

    def ask(self, expression: str, span_s: float = 0, step_s: float = 1) -> list[Series]:
        """At this moment; or every `step_s` over `span_s`, until now."""
        now = time.time()
        if span_s:
            begin = now - span_s // step_s * step_s  # ends now, where the newest data is
            given = {"query": expression, "start": begin, "end": now, "step": step_s}
            found = self._get("query_range", given)["result"]
            return [Series(one["metric"], [float(value) for _, value in one["values"]]) for one in found]
        found = self._get("query", {"query": expression, "time": now})["result"]
        return [Series(one["metric"], [float(one["value"][1])]) for one in found]

    def label_values(self, label: str, metric: str) -> list[str]:
        """That a label has in the series of a metric."""
        found: list[str] = self._get(f"label/{label}/values", {"match[]": metric})
        return found

    def value(self, expression: str) -> float:
        """The sum of what it gives now; 0 where that is nothing."""
        return sum(sum(one.finite) for one in self.ask(expression))

    @contextmanager
    def also(self, job: str, instance: str, address: str) -> Iterator[None]:
        """One more target, meanwhile."""
        self._running.scrape({job: {**self._asked[job], instance: address}})
        try:
            yield
        finally:
            self._running.scrape({job: self._asked[job]})

    def targets(self) -> dict[tuple[str, str], str]:
        """(job, instance) → "up", or what is wrong."""
        found = self._get("targets", {"state": "active"})["activeTargets"]
        return {
            (one["labels"]["job"], one["labels"]["instance"]): one["lastError"] or one["health"]
            for one in found
        }

    def _get(self, what: str, given: dict[str, Any]) -> Any:
        url = f"http://{self._running.address}/api/v1/{what}?{urllib.parse.urlencode(given)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{given}: {json.load(error)['error']}") from error


@contextmanager
def monitoring(pipeline: Pipeline, folder: Path) -> Iterator[Monitor]:
    """Often; the services that run now, each under its own name. All have answered once."""
    root = prometheus.fetch(print)
    one = prometheus.Prometheus(root, folder, free_port(), folder / "prometheus.log", interval_s=_EVERY_S)
    try:
        one.wait_ready(30)
        assert pipeline.stack.ports is not None
        targets: dict[str, dict[str, str]] = {job: {} for job in prometheus.JOBS}
        for service in pipeline.services:
            job = service.name.partition("-")[0]
            if job in targets:
                targets[job][service.name] = f"127.0.0.1:{service.port}"
        targets["rabbitmq"]["rabbitmq"] = f"127.0.0.1:{pipeline.stack.ports.rabbitmq_metrics}"
        monitor = Monitor(one, targets)
        wanted = sum(map(len, targets.values())) + 1  # RabbitMQ is asked twice
        wait_for(
            lambda: list(monitor.targets().values()) == ["up"] * wanted,
            30,
            f"{wanted} targets that answer Prometheus",
            interval_s=0.3,
        )
        yield monitor
    finally:
        one.stop()
