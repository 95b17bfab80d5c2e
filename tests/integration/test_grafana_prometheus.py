"""Every Prometheus query of every dashboard, asked of a real Prometheus that scrapes the real pipeline at work.

What is empty while all is well happens here really: dead letters at both ends, a command, an alarm, and a machine that
is stopped and answers.
"""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from websockets.sync import client as live
from websockets.typing import Origin

from emulator.fleet_plan import Fleet, serial_numbers
from runtime.passwords import hash_password
from stack import prometheus
from stack.errors import StackError
from stack.local import Stack
from tests.integration.alarming import FAST, WILD, Site, batch, site
from tests.integration.clients import publisher
from tests.integration.grafana_macros import Shown
from tests.integration.grafana_promql import All, Asked, asked, expanded, step_s, variables
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import Pipeline, connect, free_port, running, wait_for
from tests.integration.prometheus import Monitor, Series, monitoring
from tests.integration.relay import Relay

_FLEET = ["--sensors", "12", "--prefix", "prom-", "--vibration-frequency", "500", "--batch-duration", "0.5"]
_SERIALS = serial_numbers(Fleet(12, "prom-"))
_MACHINE = "prom-press"
_SPAN = timedelta(hours=1)
_ANSWERS_WITHIN_S = 0.2
_QUERIES = list(asked())


@pytest.fixture(scope="module")
def monitor(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    """Prometheus, with a minute or so of a pipeline to which everything has happened that a dashboard shows."""
    folder = tmp_path_factory.mktemp("prometheus")
    with site(stack) as here, running(stack, folder) as pipeline:
        _judged(here)
        machines, page = free_port(), free_port()
        _services(pipeline, folder, machines, page)
        _look_at_page(page)  # before the first scrape, so that the next is an increase
        with monitoring(pipeline, folder / "prometheus") as one:
            # two scrapes of what stands still: then each increase is seen
            wait_for(
                lambda: one.value("sum(count_over_time(up[1m]) < 2) or vector(0)") == 0, 10, "a second scrape"
            )
            pipeline.start(
                "machine",
                ["emulator.machine", "--server", f"127.0.0.1:{machines}", "--target", "Prom press"],
                "emulator",
            )
            wait_for(lambda: one.value("alarms_machines_connected") == 1, 20, "a machine")
            Iotctl(stack, folder)("identify", _SERIALS[0], "--yes")
            asyncio.run(_trouble(stack))
            with _viewer(stack, page):
                for what in _HAPPENED:
                    wait_for(lambda what=what: one.value(what) > 0, 30, what, interval_s=0.5)  # type: ignore[misc]
                yield one


_HAPPENED = (
    'increase(bridge_dead_letters_total{reason="unknown_topic"}[1m])',
    'increase(ingest_dead_letters_total{reason="malformed"}[1m])',
    "increase(bridge_command_seconds_count[1m])",
    "increase(alarms_trigger_event_to_acknowledgement_seconds_count[1m])",
    "increase(alarms_round_seconds_count[1m])",
    "increase(alarms_transitions_total[1m])",
    "increase(web_request_seconds_count[1m])",
    "increase(web_live_hand_over_seconds_count[1m])",
    'increase(ingest_messages_total{kind="acks"}[1m])',
    'increase(ingest_relay_latency_seconds_count{instance="ingest-registry"}[1m])',
    'increase(ingest_relay_latency_seconds_count{instance="ingest-logs"}[1m])',
)


def _judged(here: Site) -> None:
    """A press that stops when its sensor says so, and windows of one of the fleet."""
    here.target("Prom press")
    here.sensor(_MACHINE, target="Prom press")
    here.rule("prom press", {**FAST, "trigger": {"action": "stop"}}, sensor=_MACHINE)
    windowed = {"kind": "threshold", "feature": "rms", "window_s": 1, "unit": "g"}
    here.rule(
        "prom windows",
        {**windowed, "levels": {"high": {"limit": 1000.0, "deadband": 1.0, "severity": 500}}},
        sensor=_SERIALS[1],
    )


def _services(pipeline: Pipeline, folder: Path, machines: int, page: int) -> None:
    """All that there are; with the ports for machine controllers and browsers."""
    started = [
        pipeline.bridge(),
        *(pipeline.ingest(kind) for kind in ("measurements", "registry", "logs")),
        pipeline.start("alarms", ["alarms"], "alarms", STREAMING_ALARMS_MACHINE_PORT=str(machines)),
        pipeline.start("web", ["web"], "web", STREAMING_WEB_PORT=str(page)),
        pipeline.start("maintenance", ["timescale", "maintain", "--every", "10"], "owner"),
    ]
    for service in started:
        service.wait_ready()
    pipeline.emulator(*_FLEET, report=folder / "report.json", serials=_SERIALS).wait_ready()


def _look_at_page(port: int) -> None:
    httpx.get(f"http://127.0.0.1:{port}/login").raise_for_status()


@contextmanager
def _viewer(stack: Stack, port: int) -> Iterator[None]:
    """Somebody who watches a sensor live. Nobody reads what comes, so the page has to do with a slow viewer."""
    origin = f"http://127.0.0.1:{port}"
    with connect(stack, "control") as control:
        control.execute(
            "INSERT INTO web_user (name, password_hash, role) VALUES ('prom-viewer', %s, 'viewer')",
            [hash_password("correct horse")],
        )
    try:
        form = {"name": "prom-viewer", "password": "correct horse", "next": "/"}
        session = httpx.post(f"{origin}/login", data=form, headers={"Origin": origin}).cookies["session"]
        with live.connect(
            f"ws://127.0.0.1:{port}/api/live",
            origin=Origin(origin),
            additional_headers={"Cookie": f"session={session}"},
        ) as page:
            watch = {"serial_number": _SERIALS[1], "channels": [0], "span_s": 10, "columns": 800}
            page.send(json.dumps({"watch": {**watch, "spectrum": True}}))
            yield
    finally:
        with connect(stack, "owner") as owner:
            owner.execute("DELETE FROM web_user WHERE name = 'prom-viewer'")


async def _trouble(stack: Stack) -> None:
    """A topic that nobody knows, bytes that are no batch, and a press that has gone wild."""
    async with publisher(stack, "prom-bad") as sensor:
        await sensor.publish("sensors/prom-bad/nonsense", b"x")
    async with Relay(stack) as relay:
        await relay.payloads("prom-bad", [b"no batch"])
        await relay.batches(_MACHINE, [batch(0, WILD)])


def _shown() -> Shown:
    now = datetime.now(UTC)
    return Shown(now - _SPAN, now)


def _ask(monitor: Monitor, one: Asked) -> tuple[list[Series], float]:
    """What it gives, and how long that takes: at best, as others use this machine, too."""
    shown = _shown()
    text = expanded(one, shown, {"instance": All()})
    best_s = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        found = monitor.ask(text, 0 if one.instant else _SPAN.total_seconds(), step_s(one, shown))
        best_s = min(best_s, time.perf_counter() - began)
    return found, best_s


@pytest.mark.parametrize("one", _QUERIES, ids=lambda one: one.name)
def test_query_gives_numbers_at_once(monitor: Monitor, one: Asked) -> None:
    """Each query of each panel, as Grafana asks it for the last hour: finite numbers, whose names the legend knows."""
    found, seconds = _ask(monitor, one)
    assert any(series.finite for series in found), f"nothing: {one.expression}"
    named = set(re.findall(r"\{\{(\w+)\}\}", one.legend))
    assert all(named <= set(series.labels) for series in found), (named, [s.labels for s in found])
    assert seconds < _ANSWERS_WITHIN_S, f"{seconds:.3f} s: {one.expression}"


@pytest.mark.parametrize(("name", "query"), [pytest.param(*one, id=one[0]) for one in variables()])
def test_variable_has_values(monitor: Monitor, name: str, query: str) -> None:
    """What Grafana offers to choose from."""
    metric, _, label = query.removeprefix("label_values(").removesuffix(")").rpartition(", ")
    assert monitor.label_values(label, metric)


def test_query_of_chosen_instances_is_of_these_alone(monitor: Monitor) -> None:
    """Two of the services chosen at the top of the dashboard."""
    [cpu] = [one for one in _QUERIES if (one.dashboard, one.panel) == ("pipeline", "CPU")]
    chosen = {"instance": ["bridge-0", "ingest-logs"]}
    found = monitor.ask(expanded(cpu, _shown(), chosen), 60, 10)
    assert {series.labels["instance"] for series in found} == {"bridge-0", "ingest-logs"}


def test_service_that_does_not_answer_is_counted(monitor: Monitor) -> None:
    """The first number of Pipeline is 0, and not nothing, while all answer."""
    [first] = [one for one in _QUERIES if one.panel == "Do not answer"]
    expression = expanded(first, _shown(), {})

    def is_zero() -> bool:
        return [series.values for series in monitor.ask(expression)] == [[0.0]]

    wait_for(is_zero, 20, "all answer", interval_s=0.2)
    with monitor.also("web", "gone", f"127.0.0.1:{free_port()}"):
        wait_for(lambda: monitor.value(expression) == 1, 20, "one that does not answer", interval_s=0.2)
    wait_for(is_zero, 20, "all answer again", interval_s=0.2)


def test_configuration_is_one_that_promtool_takes(stack: Stack, tmp_path: Path) -> None:
    """As it is; one with a misspelt word is refused."""
    root = prometheus.fetch(print)
    assert "SUCCESS" in prometheus.check(root)
    wrong = tmp_path / "prometheus.yml"
    wrong.write_text(prometheus.CONFIGURATION.read_text().replace("job_name", "job_nmae", 1))
    with pytest.raises(StackError, match="job_nmae"):
        prometheus.check(root, wrong)
