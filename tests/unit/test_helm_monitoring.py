"""PodMonitors, PrometheusRules, dashboards, scaling: what is asked for is what there is."""

import importlib
import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from prometheus_client import REGISTRY

from ctl.cli import cli as iotctl
from helm import copied
from tests.integration.grafana_promql import asked, metrics
from tests.unit.helm_chart import CHART, NAME, REPOSITORY, VALUES, find, pods, rendered, template

ALERTS = sorted((REPOSITORY / "prometheus/alerts").glob("*.yaml"))
RUNBOOKS = REPOSITORY / "docs/runbooks"
PROMETHEUS = yaml.safe_load((REPOSITORY / "prometheus/prometheus.yml").read_text())
MONITORED = [name for name in VALUES if any(m["kind"] == "PodMonitor" for m in rendered(name))]
_ENDS = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def rule(path: Path) -> dict[str, Any]:
    """The one rule of a file."""
    [group] = yaml.safe_load(path.read_text())["groups"]
    [one] = group["rules"]
    assert group["name"] == f"sensor-streaming/{path.stem}"
    content: dict[str, Any] = one
    return content


def test_copies_are_those_of_the_sources() -> None:
    """`make chart` brings them up to date."""
    assert copied.drifted() == []


def test_a_copy_that_differs_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Missing, changed, and left over."""
    monkeypatch.setattr(copied, "FILES", tmp_path)
    assert "mosquitto/acl" in copied.drifted()
    assert copied.main() == 0
    assert copied.drifted() == []
    (tmp_path / "mosquitto/acl").write_text("changed")
    (tmp_path / "left").write_text("over")
    assert copied.drifted() == ["left", "mosquitto/acl"]
    assert copied.main() == 0
    assert copied.drifted() == []


@pytest.mark.parametrize("name", MONITORED)
def test_pod_monitors_are_the_jobs_of_prometheus_yml(name: str) -> None:
    """By their names, intervals, paths, parameters and dropped series: the dashboards know no others."""
    wanted = {one["job_name"]: one for one in PROMETHEUS["scrape_configs"]}
    got = {}
    for monitor in (m for m in rendered(name) if m["kind"] == "PodMonitor"):
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            [job] = [r["replacement"] for r in endpoint["relabelings"] if r["targetLabel"] == "job"]
            got[job] = endpoint
    assert got.keys() == wanted.keys() - {"emulator"}
    for job, endpoint in got.items():
        assert endpoint["interval"] == PROMETHEUS["global"]["scrape_interval"]
        assert endpoint["scrapeTimeout"] == PROMETHEUS["global"]["scrape_timeout"]
        assert endpoint["path"] == wanted[job].get("metrics_path", "/metrics")
        assert endpoint.get("params") == wanted[job].get("params")
        dropped = [
            {"source_labels": r["sourceLabels"], "regex": r["regex"], "action": r["action"]}
            for r in endpoint.get("metricRelabelings", ())
        ]
        assert dropped == wanted[job].get("metric_relabel_configs", [])


@pytest.mark.parametrize("name", MONITORED)
def test_pod_monitors_ask_ports_that_pods_have(name: str) -> None:
    """By the ports' names. RabbitMQ's of the operator is called "prometheus"."""
    for monitor in (m for m in rendered(name) if m["kind"] == "PodMonitor"):
        selector = monitor["spec"]["selector"]
        expressions = selector.get("matchExpressions", ())
        found = [
            pod
            for pod in pods(rendered(name))
            if selector["matchLabels"].items() <= pod.labels.items()
            and all(pod.labels[one["key"]] in one["values"] for one in expressions)
        ]
        ports = {p["name"] for pod in found for c in pod.containers for p in c.get("ports", ())} or {
            "prometheus"
        }
        assert {one["port"] for one in monitor["spec"]["podMetricsEndpoints"]} <= ports


@pytest.fixture(scope="module")
def counted() -> set[str]:
    """Every series that a service can have; of RabbitMQ's those that the dashboards' tests ask a real one for."""
    for file in sorted(REPOSITORY.glob("*/*metrics.py")):
        importlib.import_module(f"{file.parent.name}.{file.stem}")
    importlib.import_module("timescale.maintaining")
    families = [family for family in REGISTRY.collect() if family.type in _ENDS]
    own = {f"{family.name}{end}" for family in families for end in _ENDS[family.type]}
    proved = {name for query in asked() for name in metrics(query.expression) if name.startswith("rabbitmq_")}
    return own | proved | {"up"}


@pytest.mark.parametrize("path", ALERTS, ids=lambda path: path.stem)
def test_every_metric_of_an_alert_is_counted(path: Path, counted: set[str]) -> None:
    """An alert whose metric was renamed would never fire, and look as if all were well."""
    names = metrics(rule(path)["expr"])
    assert names
    assert names <= counted


def test_a_metric_that_nobody_counts_is_found(counted: set[str]) -> None:
    """The check can fail."""
    assert not metrics("sum(rate(ingest_nonsense_total[5m]))") <= counted


@pytest.mark.parametrize("path", ALERTS, ids=lambda path: path.stem)
def test_every_alert_has_one_file_one_runbook_and_one_test(path: Path) -> None:
    """Named alike; a runbook has its four sections, each with something in it, and links that lead somewhere."""
    one = rule(path)
    assert one["alert"] == path.stem
    assert one["labels"]["severity"] in ("warning", "critical")
    assert one["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert one["annotations"]["runbook_url"] == f"docs/runbooks/{path.stem}.md"
    tests = yaml.safe_load((REPOSITORY / f"tests/data/alerts/{path.stem}.yaml").read_text())["tests"]
    expected = [len(t["exp_alerts"]) for test in tests for t in test["alert_rule_test"]]
    assert set(expected) == {0, 1}  # it fires, and it does not
    text = (RUNBOOKS / f"{path.stem}.md").read_text()
    assert text.startswith(f"# {path.stem}\n")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert [s.partition("\n")[0] for s in sections] == ["Meaning", "Impact", "Diagnosis", "Mitigation"]
    assert all(len(s.partition("\n")[2].strip()) > 20 for s in sections)
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (RUNBOOKS / link.partition("#")[0]).resolve().exists(), link  # places in a page: make site


def test_there_is_no_runbook_and_no_test_without_an_alert() -> None:
    """What was renamed is not left over."""
    names = {path.stem for path in ALERTS}
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == names
    assert {path.stem for path in (REPOSITORY / "tests/data/alerts").glob("*.yaml")} == names


def _commands() -> list[tuple[str, str]]:
    texts = [*RUNBOOKS.glob("*.md"), REPOSITORY / "docs/helm.md"]
    return [
        (path.name, command)
        for path in texts
        for command in re.findall(r"\b(iotctl [^`\n]+)", path.read_text())
        if command.split()[1][0] not in "([|"
    ]


@pytest.mark.parametrize(("where", "command"), _commands())
def test_commands_of_iotctl_in_runbooks_exist(where: str, command: str) -> None:
    """With their subcommands and options: somebody reads this at night."""
    _, *words = shlex.split(command.rstrip("."))
    found: click.Command = iotctl
    options = []
    for word in words:
        if word.startswith("--"):
            options.append(word)
        elif isinstance(found, click.Group):
            inner = found.get_command(click.Context(found), word)
            if inner is None:
                break
            found = inner
    assert found is not iotctl
    known = {option for parameter in found.params for option in parameter.opts}
    assert set(options) <= known


def test_rules_of_the_chart_are_those_files(counted: set[str]) -> None:
    """Each its PrometheusRule, with where the runbook is, further labels, and without those that are not wanted.

    Each asks for the series of its own namespace only: a cluster's Prometheus sees other releases, other jobs called "web"
    and other RabbitMQs. The alert says its namespace, by which an operator's Alertmanager finds whom to tell.
    """
    made = [m for m in rendered("most") if m["kind"] == "PrometheusRule"]
    rules = {r["alert"]: r for m in made for g in m["spec"]["groups"] for r in g["rules"]}
    assert len(made) == len(rules)
    assert rules.keys() == {path.stem for path in ALERTS} - {"PageFailing"}
    for path in ALERTS:
        if path.stem in rules:
            wanted = rule(path)
            wanted["labels"] |= {"team": "plant", "namespace": "monitored"}
            if path.stem == "BridgesMissing":  # the chart knows how many there should be
                wanted["expr"] += ' or count(up{job="bridge"} == 1) < 2'
            got = dict(rules[path.stem])
            for metric in metrics(got["expr"]):
                after = re.findall(rf"\b{metric}\b(.{{22}})", got["expr"])
                assert after
                assert set(after) == {'{namespace="monitored"'}
            got["expr"] = re.sub(
                r'\{namespace="monitored"(?:\}|, )', lambda m: "{" if m[0].endswith(" ") else "", got["expr"]
            )
            assert got == wanted
    online = [m for m in rendered("three-nodes") if m["kind"] == "PrometheusRule"]
    address = online[0]["spec"]["groups"][0]["rules"][0]["annotations"]["runbook_url"]
    assert address == f"https://docs.example.org/sensor-streaming/runbooks/{ALERTS[0].stem}.md"


@pytest.mark.parametrize(
    ("service", "alert"), [("alarms", "JudgesMissing"), ("maintenance", "MaintenanceStale")]
)
def test_a_service_that_is_not_wanted_is_not_missing(service: str, alert: str) -> None:
    """ "No alarms service runs" would be said for ever."""
    sets = ["monitoring.rules.enabled=true", f"{service}.enabled=false"]
    made = [m for m in yaml.safe_load_all(template((), sets)) if m and m["kind"] == "PrometheusRule"]
    assert {r["alert"] for m in made for g in m["spec"]["groups"] for r in g["rules"]} == {
        path.stem for path in ALERTS
    } - {alert}


def test_rabbitmq_knows_its_memory() -> None:
    """It cannot see its container's limit, and would be killed long before 40 % of the node's memory."""
    for limit, wanted in (
        ("2Gi", 2 << 30),
        ("1536Mi", 1536 << 20),
        ("1.5Gi", 3 << 29),
        ("2G", 2 * 10**9),
        (2000000000, 2 * 10**9),
    ):
        text = template((), [f'rabbitmq.resources={{"limits": {{"memory": {json.dumps(limit)}}}}}'])
        [file] = [
            m["data"]["deployment.conf"]
            for m in yaml.safe_load_all(text)
            if m and m["kind"] == "ConfigMap" and "deployment.conf" in m["data"]
        ]
        assert f"total_memory_available_override_value = {wanted}\n" in file
    assert "override_value" not in template((), ['rabbitmq.resources={"limits": null}'])


@pytest.mark.parametrize(("instances", "kept"), [(1, False), (3, True)])
def test_a_database_that_is_alone_lets_its_node_be_drained(instances: int, kept: bool) -> None:
    """The operator's own PodDisruptionBudget never lets the last primary go."""
    manifests = list(yaml.safe_load_all(template((), [f"database.cloudnativepg.instances={instances}"])))
    assert find([m for m in manifests if m], "Cluster", "database")["spec"]["enablePDB"] is kept


def test_dashboards_of_the_chart_are_those_of_the_product() -> None:
    """To the byte, as Grafana's sidecar finds them; none is larger than a ConfigMap may be."""
    made = {
        name: text
        for m in rendered("homelab")
        if m["kind"] == "ConfigMap" and "grafana_dashboard" in m["metadata"]["labels"]
        for name, text in m["data"].items()
    }
    sources = {path.name: path for path in (REPOSITORY / "grafana/dashboards").glob("*.json")}
    assert made.keys() == sources.keys()
    for name, text in made.items():
        assert json.loads(text) == json.loads(sources[name].read_text())
        assert len(text) < 1_000_000


def test_data_sources_know_the_servers_and_no_password() -> None:
    """Only the password is left to Grafana, as a file."""
    data = find(rendered("three-nodes"), "ConfigMap", "datasources")["data"]
    made = {one["uid"]: one for text in data.values() for one in yaml.safe_load(text)["datasources"]}
    assert made.keys() == {"timescale", "prometheus"}
    assert made["timescale"]["url"] == f"{NAME}-database-rw.monitored.svc:5432"
    assert made["prometheus"]["url"].startswith("http://")
    assert made["timescale"]["secureJsonData"]["password"].startswith("$__file{")
    assert "${" not in "".join(data.values()).replace("${STREAMING_READONLY_PASSWORD}", "")


def test_scaling_by_lag_asks_for_a_metric_that_there_is(counted: set[str]) -> None:
    """And has the bounds of the values; it is the Deployment of the ingesters that is scaled, which says no number itself."""
    scaled = find(rendered("three-nodes"), "ScaledObject", "ingest-measurements")["spec"]
    [trigger] = scaled["triggers"]
    assert metrics(trigger["metadata"]["query"]) <= counted
    assert 'namespace="monitored"' in trigger["metadata"]["query"]
    assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (2, 12)
    deployment = find(rendered("three-nodes"), "Deployment", "ingest-measurements")
    assert scaled["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert "replicas" not in deployment["spec"]


def test_scaling_by_cpu_leaves_the_number_to_the_autoscaler() -> None:
    """As a number in the Deployment would be set back by every upgrade."""
    scaler = find(rendered("external-database"), "HorizontalPodAutoscaler", "ingest-measurements")["spec"]
    deployment = find(rendered("external-database"), "Deployment", "ingest-measurements")
    assert scaler["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert "replicas" not in deployment["spec"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert "cpu" in container["resources"]["requests"]  # of which the percentage is taken


def test_database_has_the_parameters_of_every_deployment() -> None:
    """Of timescale/postgresql.conf, but where the values say otherwise."""
    lines = (CHART / "files/timescale/postgresql.conf").read_text().splitlines()
    told = [re.sub(r"\s*#.*", "", line) for line in lines]
    wanted = {k.strip(): v.strip().strip("'") for k, _, v in (line.partition("=") for line in told) if v}
    libraries = wanted.pop("shared_preload_libraries").split(",")
    for name, others in (("defaults", {}), ("most", {"shared_buffers": "1GB", "max_connections": "200"})):
        postgresql = find(rendered(name), "Cluster", "database")["spec"]["postgresql"]
        assert postgresql["shared_preload_libraries"] == libraries
        assert postgresql["parameters"] == wanted | others


def test_rabbitmq_of_the_operator_has_the_configuration_of_every_deployment() -> None:
    """All lines of rabbitmq/rabbitmq.conf but how nodes find each other, which the operator knows; and its plugins."""
    cluster = find(rendered("three-nodes"), "RabbitmqCluster", "rabbitmq")["spec"]["rabbitmq"]
    lines = (REPOSITORY / "rabbitmq/rabbitmq.conf").read_text().splitlines()
    wanted = {line for line in lines if line and not line.startswith(("#", "cluster_formation"))}
    got = set(filter(None, cluster["additionalConfig"].splitlines()))
    assert got == wanted | {"load_definitions = /run/accounts/definitions.json"}
    plugins = set(re.findall(r"rabbitmq_\w+", (REPOSITORY / "rabbitmq/enabled_plugins").read_text()))
    assert set(cluster["additionalPlugins"]) == plugins - {"rabbitmq_prometheus"}
