"""The alerts, by the real promtool: each fires when it should, and not when it should not."""

import subprocess
from pathlib import Path

import pytest
import yaml

from stack import prometheus
from stack.servers import REPOSITORY
from tests.unit.helm_chart import NAME, rendered

RULES = sorted((REPOSITORY / "prometheus/alerts").glob("*.yaml"))
TESTS = sorted((REPOSITORY / "tests/data/alerts").glob("*.yaml"))


@pytest.fixture(scope="module")
def promtool() -> list[str]:
    """How to run it."""
    return prometheus.program(prometheus.fetch(print), "promtool")


def run(promtool: list[str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*promtool, *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_promtool_takes_every_rule(promtool: list[str]) -> None:
    """Its lint included."""
    done = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", *RULES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(RULES) > 20


def test_rules_of_the_chart_hear_of_their_own_namespace_alone(promtool: list[str], tmp_path: Path) -> None:
    """The chart writes their namespace into the queries: promtool takes them all, and of three bridges none, two and three
    are counted here, whatever runs in another namespace.
    """
    groups = {
        manifest["metadata"]["name"]: manifest["spec"]["groups"]
        for manifest in rendered("three-nodes")
        if manifest["kind"] == "PrometheusRule"
    }
    for name, content in groups.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({"groups": content}))
    done = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", *tmp_path.glob("*.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(groups) == len(RULES)

    [group] = groups[f"{NAME}-bridges-missing"]
    [rule] = group["rules"]
    fires = [{"exp_labels": rule["labels"], "exp_annotations": rule["annotations"]}]
    up = 'up{{job="bridge", namespace="{}", instance="{}"}}'
    tests = [
        {
            "interval": "1m",
            "input_series": [
                {"series": up.format(namespace, i), "values": "1x20"}
                for namespace, number in (("monitored", here), ("other", 3))
                for i in range(number)
            ],
            "alert_rule_test": [
                {"eval_time": "10m", "alertname": rule["alert"], "exp_alerts": fires if here < 3 else []}
            ],
        }
        for here in (0, 2, 3)
    ]
    file = {"rule_files": [f"{NAME}-bridges-missing.yaml"], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(file))
    done = run(promtool, "test", "rules", tmp_path / "test.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("test", TESTS, ids=lambda path: path.stem)
def test_alert_fires_and_does_not(promtool: list[str], test: Path) -> None:
    """With series as they would be, one set for each."""
    done = run(promtool, "test", "rules", test)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_rule_that_never_fires_is_found(promtool: list[str], tmp_path: Path) -> None:
    """promtool's tests can fail: the same series, and a threshold that they do not reach."""
    [rule] = [path for path in RULES if path.stem == "StreamLagging"]
    (tmp_path / "rule.yaml").write_text(rule.read_text().replace("> 10000", "> 1000000"))
    [test] = [path for path in TESTS if path.stem == "StreamLagging"]
    text = test.read_text().replace("../../../prometheus/alerts/StreamLagging.yaml", "rule.yaml")
    (tmp_path / "test.yaml").write_text(text)
    assert run(promtool, "test", "rules", tmp_path / "test.yaml").returncode != 0
