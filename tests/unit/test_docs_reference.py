"""docs/settings.md and docs/metrics.md: what the code says, all of it, and nothing else."""

import json
import re
import subprocess
import sys
from typing import Literal

import pytest
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from runtime.config import PREFIX
from stack import env_example, metrics_page, settings_page
from stack.servers import REPOSITORY

# A process of its own: in this one other tests have counted, so labels have more values than from the start.
_EVERYTHING = """\
import importlib, json, pkgutil
from prometheus_client import REGISTRY
from stack.metrics_page import SERVICES, declared, of_every_process
for package in (*SERVICES, "runtime", "wire", "vibration"):
    for module in pkgutil.iter_modules([package]):
        if module.name != "__main__":
            importlib.import_module(f"{package}.{module.name}")
told = [name for package in SERVICES for name in declared(package)]
registered = [f"{f.name}_total" if f.type == "counter" else f.name for f in REGISTRY.collect()]
print(json.dumps([told, list(of_every_process()), registered]))
"""


def said_by(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout


def test_settings_page_is_what_the_classes_say() -> None:
    """`make docs` was run after the last change of a setting."""
    assert (REPOSITORY / "docs/settings.md").read_text() == "\n".join(settings_page.lines()) + "\n"


def test_settings_page_has_every_variable_of_the_example() -> None:
    """One list, two forms."""
    example = set(re.findall(rf"^#({PREFIX}\w+)=", "\n".join(env_example.lines()), re.MULTILINE))
    page = set(re.findall(rf"^\| `({PREFIX}\w+)` \|", "\n".join(settings_page.lines()), re.MULTILINE))
    assert page == example - {f"{PREFIX}SECRETS_DIR"}
    assert len(page) > 50


def test_every_variable_that_an_option_reads_is_on_the_page() -> None:
    """Not only those of settings classes."""
    code = "".join(
        file.read_text()
        for folder in (REPOSITORY / name for name in (*metrics_page.SERVICES, "runtime", "ctl"))
        for file in folder.rglob("*.py")
    )
    page = "\n".join(settings_page.lines())
    named = set(re.findall(rf'envvar="({PREFIX}\w+)"', code))
    assert named
    assert [name for name in named if f"`{name}`" not in page] == []


def test_default_of_a_secret_that_is_none_is_shown_and_a_required_setting_is_marked() -> None:
    """What a deployment has to give is seen at once."""
    lines = {line.split("`")[1]: line for line in settings_page.lines() if line.startswith(f"| `{PREFIX}")}
    assert "| **required** | yes |" in lines["STREAMING_INGEST_PASSWORD"]
    assert "| empty | yes |" in lines["STREAMING_MQTT_PASSWORD"]
    assert "| integer, 1 to 65535 | `5672` |  |" in lines["STREAMING_RABBITMQ_AMQP_PORT"]


class _Kinds(BaseSettings):
    one: Literal["a", "b"] = "a"
    bounded: int = Field(1, ge=0, le=9)
    open_above: float = Field(1.0, gt=0)
    half: float = Field(1.0, gt=0, le=2)
    secret: SecretStr = SecretStr("")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("one", "`a`, `b`"),
        ("bounded", "integer, 0 to 9"),
        ("open_above", "number, more than 0"),
        ("half", "number, more than 0, at most 2"),
        ("secret", "text"),
    ],
)
def test_type_of_a_setting_is_said_with_its_bounds(name: str, words: str) -> None:
    """In words."""
    assert settings_page.kind(_Kinds.model_fields[name]) == words


def test_metrics_page_is_what_the_modules_declare() -> None:
    """`make docs` was run after the last change of a metric."""
    assert (REPOSITORY / "docs/metrics.md").read_text() == said_by("-m", "stack.metrics_page")


def test_metrics_page_has_every_metric_that_a_service_registers_once() -> None:
    """Also one that is in no module called metrics."""
    told, of_every_process, registered = json.loads(said_by("-c", _EVERYTHING))
    assert sorted(told + of_every_process) == sorted(registered)
    assert "maintenance_failures_total" in told
    assert "process_open_fds" in of_every_process


def test_services_are_named_as_prometheus_jobs_are() -> None:
    """What the page calls a service is what a query's `job` says."""
    jobs = re.findall(r"job_name: (\w+)", (REPOSITORY / "prometheus/prometheus.yml").read_text())
    assert set(metrics_page.SERVICES.values()) <= set(jobs)
