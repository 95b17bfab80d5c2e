"""The alerts, by the real promtool: each fires when it should, and not when it should not."""

import subprocess
from pathlib import Path

import pytest

from stack import prometheus
from stack.servers import REPOSITORY

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
