"""Prometheus beside a stack: what it asks, and where. The program is replaced by one that only waits."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from stack import prometheus
from stack.local import Stack
from stack.ports import Ports
from stack.prometheus import CONFIGURATION, JOBS, Prometheus, running_services


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Prometheus]:
    monkeypatch.setattr(prometheus, "program", lambda *_: ["sh", "-c", "exec sleep 60"])
    made = Prometheus(tmp_path, tmp_path / "data", 1, tmp_path / "log", interval_s=1)
    yield made
    made.stop()


def test_configuration_takes_every_address_from_a_file_of_its_job() -> None:
    """Addresses are the deployment's: the shared file has none, and RabbitMQ is asked twice."""
    jobs = yaml.safe_load(CONFIGURATION.read_text())["scrape_configs"]
    files = {job["job_name"]: job["file_sd_configs"] for job in jobs}
    expected = {name: [{"files": [f"targets/{name}.json"]}] for name in JOBS}
    assert files == {**expected, "rabbitmq_queues": expected["rabbitmq"]}


def test_scrape_writes_the_files_that_the_configuration_names(one: Prometheus, tmp_path: Path) -> None:
    """Each target has the name of its instance; a job that is not named keeps its targets."""
    one.scrape({"bridge": {"bridge-0": "127.0.0.1:1000"}})
    one.scrape({"ingest": {}})
    folder = tmp_path / "data/targets"
    assert json.loads((folder / "bridge.json").read_text()) == [
        {"targets": ["127.0.0.1:1000"], "labels": {"instance": "bridge-0"}}
    ]
    assert json.loads((folder / "ingest.json").read_text()) == []


def test_scrape_with_the_same_targets_leaves_the_file_alone(one: Prometheus, tmp_path: Path) -> None:
    """Prometheus reads a file anew whenever it is replaced."""
    one.scrape({"bridge": {"bridge-0": "127.0.0.1:1000"}})
    before = (tmp_path / "data/targets/bridge.json").stat().st_ino
    one.scrape({"bridge": {"bridge-0": "127.0.0.1:1000"}})
    assert (tmp_path / "data/targets/bridge.json").stat().st_ino == before
    one.scrape({"bridge": {"bridge-0": "127.0.0.1:1001"}})
    assert (tmp_path / "data/targets/bridge.json").stat().st_ino != before


def test_prometheus_with_an_interval_of_its_own_has_no_other(one: Prometheus, tmp_path: Path) -> None:
    """Tests do not wait ten seconds for two scrapes."""
    told = yaml.safe_load((tmp_path / "data/prometheus.yml").read_text())["global"]
    assert told == {"scrape_interval": "1s", "scrape_timeout": "1s"}


def test_alerts_are_beside_the_configuration(one: Prometheus, tmp_path: Path) -> None:
    """Where its rule_files look for them."""
    [pattern] = yaml.safe_load((tmp_path / "data/prometheus.yml").read_text())["rule_files"]
    found = {file.name for file in (tmp_path / "data").glob(pattern)}
    assert found == {file.name for file in (CONFIGURATION.parent / "alerts").iterdir()}


def test_run_ends_with_its_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its port belongs to the stack, which would have to take others when it is started again; the process is gone."""
    owners = iter([7, 7, 7, None])
    pid = tmp_path / "pid"
    monkeypatch.setattr(prometheus, "program", lambda *_: ["sh", "-c", f"echo $$ > {pid}; exec sleep 60"])
    monkeypatch.setattr(prometheus, "fetch", lambda _: tmp_path)
    monkeypatch.setattr(prometheus, "_LOOK_S", 0.01)
    monkeypatch.setattr(Prometheus, "state", lambda _: "ready" if pid.exists() else "does not answer")
    stack = Stack(tmp_path)
    stack.ports = Ports.block(20_000)
    monkeypatch.setattr(Stack, "supervisor", lambda _: next(owners))
    (tmp_path / "log").mkdir()
    said: list[str] = []
    prometheus.run(stack, None, said.append)
    assert "http://127.0.0.1:20030" in said[0]
    assert "the stack has stopped" in said[1]
    [rabbitmq] = json.loads((tmp_path / "prometheus/targets/rabbitmq.json").read_text())
    assert rabbitmq["targets"] == ["127.0.0.1:20006"]
    assert not Path(f"/proc/{pid.read_text().strip()}").exists()


def test_running_services_finds_what_said_that_it_has_started(tmp_path: Path) -> None:
    """By the log's first line; servers, and services that have not said anything yet, are none."""
    (tmp_path / "ingest-logs.log").write_text(
        '{"health": "127.0.0.1:5", "event": "started"}\n{"event": "x"}\n'
    )
    (tmp_path / "bridge.log").write_text("")
    (tmp_path / "mosquitto.log").write_text("1795992573: mosquitto version 2.0\n")
    found = running_services(tmp_path)
    assert found.pop("ingest") == {"ingest-logs": "127.0.0.1:5"}
    assert not any(found.values())
