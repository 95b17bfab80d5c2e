"""The chart's values: what is refused, that all are documented, and what the notes say."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime.topology import TopologySettings
from tests.unit.helm_chart import (
    CHART,
    DATA,
    EXAMPLES,
    REPOSITORY,
    VALUES,
    helm,
    refusal,
    rendered,
    schema,
    template,
    values,
)
from wire import names

WRONG = {
    # by the schema
    'bridge.replicas=0': "bridge.replicas",
    'fullnameOverride="a-name-that-leaves-no-room-for-a-label"': "fullnameOverride",
    'bridge.replicas="two"': "bridge.replicas",
    'ingest.measurements.autoscaling.by="memory"': "autoscaling.by",
    'ingest.images={"replicas":1}': "images",
    'alarms.machines.port=80': "machines.port",
    'accounts.externalSecret.prefix="under_score"': "prefix",
    'settings={"STREAMING_RABBITMQ_PASSWORD":"x"}': "settings",
    'settings={"PATH":"/"}': "settings",
    'alarms.settings={"STREAMING_ALARMS_MACHINE_TOKEN":"x"}': "alarms.settings",
    'web.publicUrl="machines.example.org"': "web.publicUrl",
    'web.publicUrl="https://machines.example.org/page"': "web.publicUrl",
    'stream.partitions=0': "stream.partitions",
    'stream.partitions=300': "stream.partitions",
    'mosquitto.persistence.size="much"': "persistence.size",
    'mosquitto.route.kind="HTTPRoute"': "route.kind",
    'rabbitmq.mode="cluster"': "rabbitmq.mode",
    'rabbitmq.replicas=2': "rabbitmq.replicas",
    'database.mode="sqlite"': "database.mode",
    'database.sslMode="yes"': "database.sslMode",
    'database.name="Sensor Streaming"': "database.name",
    'pods.terminationGracePeriodSeconds=5': "terminationGracePeriodSeconds",
    'networkPolicies.sensors=[{"cidr":"10.0.0.0/8"}]': "networkPolicies.sensors",
    'misspelt=true': "misspelt",
    # by the templates: values that contradict each other
    'bridge.replicas=5': "raise bridge.accounts first",
    'ingest.measurements.replicas=5': "5 replicas, and 4 partitions",
    'ingest.measurements.autoscaling={"by":"cpu","maxReplicas":5}': "maxReplicas: 5 replicas, and 4 partitions",
    'ingest.measurements.autoscaling={"by":"lag","maxReplicas":5}': "maxReplicas: 5 replicas, and 4 partitions",
    'ingest.measurements.autoscaling={"by":"lag","minReplicas":4,"maxReplicas":2}': "minReplicas is above maxReplicas",
    'alarms.replicas=5': "alarms.replicas: 5 replicas, and 4 partitions",
    'accounts.create=false': "accounts: create them",
    'accounts={"existingSecret":"x","externalSecret":{"enabled":true,"storeName":"x"}}': "not both",
    'accounts.externalSecret.enabled=true': "which vault?",
    'mosquitto.enabled=false': "mosquitto.host",
    'mosquitto.route.kind="TLSRoute"': "mosquitto.tls.enabled has to be true",
    'mosquitto.tls.enabled=true': "name its Secret",
    'rabbitmq.mode="external"': "rabbitmq.host",
    'database={"mode":"external","bootstrap":false}': "database.host",
    'database={"mode":"external","host":"x"}': "bootstrap logs in as a superuser",
    'database={"mode":"external","host":"x","bootstrap":false,"sslMode":"verify-full"}': "database.caSecret",
    'web.ingress.enabled=true': "web.ingress.host",
    'web.route.enabled=true': "web.route.host",
    'alarms.machines.enabled=true': "have to say a token",
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_values_are_refused_by_name(wrong: str) -> None:
    """Before anything is installed, with a sentence that names the value."""
    told = refusal(wrong)
    assert WRONG[wrong] in told


def leaves(node: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every value that has a meaning of its own: one that is not itself a group of values."""
    for name, inner in node.items():
        described = _described((*path, name))
        if isinstance(inner, dict) and described.get("properties") and "$ref" not in described:
            yield from leaves(inner, (*path, name))
        else:
            yield (*path, name)


def _described(path: tuple[str, ...]) -> dict[str, Any]:
    node: dict[str, Any] = schema()
    for name in path:
        node = node["properties"][name]
    return node


def test_schema_knows_every_value_and_no_other() -> None:
    """All defaults are in the schema, and all of the schema has a default (but Helm's own "global")."""

    def paths(node: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        for name, inner in node.get("properties", {}).items():
            yield from paths(inner, (*path, name)) if inner.get("properties") else [(*path, name)]

    assert set(leaves(values())) == set(paths(schema())) - {("global",)}


def test_every_value_is_documented() -> None:
    """The line before it is a comment that ends as a sentence, or an example, does."""
    lines = (CHART / "values.yaml").read_text().splitlines()
    stack: list[tuple[int, str]] = []
    undocumented = []
    wanted = set(leaves(values()))
    for number, line in enumerate(lines):
        match = re.match(r"( *)([A-Za-z]+):", line)
        if not match:
            continue
        indent = len(match[1])
        while stack and stack[-1][0] >= indent:
            stack.pop()
        stack.append((indent, match[2]))
        path = tuple(name for _, name in stack)
        before = lines[number - 1].strip()
        if path in wanted and not (before.startswith("# ") and before.endswith((".", ":", "}", "]"))):
            undocumented.append(".".join(path))
    assert not undocumented


def test_defaults_are_those_of_the_settings() -> None:
    """What the chart sets by default is what the programs have without."""
    stream = values()["stream"]
    fields = TopologySettings.model_fields
    assert stream == {
        "partitions": fields["partitions"].default,
        "maximumAgeSeconds": fields["stream_maximum_age_s"].default,
        "maximumBytes": fields["stream_maximum_bytes"].default,
        "segmentBytes": fields["stream_segment_bytes"].default,
        "queueMaximumBytes": fields["queue_maximum_bytes"].default,
    }


def test_versions_are_the_products() -> None:
    """Chart, image and wheel of one release."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = (REPOSITORY / "pyproject.toml").read_text()
    [version] = re.findall(r'^version = "(.+)"$', project, re.MULTILINE)
    assert chart["appVersion"] == chart["version"] == version


def test_no_password_is_rendered_but_in_the_accounts_secret() -> None:
    """Of the passwords that the chart makes none is anywhere else: no ConfigMap, no variable, no argument."""
    text = template()
    manifests = list(yaml.safe_load_all(text))
    [secret] = [m for m in manifests if m["kind"] == "Secret"]
    encoded = list(secret["data"].values())
    assert len(encoded) == len(set(encoded)) >= 18
    rest = text.replace(yaml.dump(secret), "")
    for one in encoded:
        password = base64.b64decode(one).decode()
        assert len(password) >= 24
        assert text.count(one) == 1
        assert password not in rest


@pytest.mark.parametrize("name", ["external-database", "key-vault"])
def test_no_secret_is_made_where_one_is_given(name: str) -> None:
    """With a Secret that is there, or a vault, nothing secret is in the release."""
    assert not [m for m in rendered(name) if m["kind"] == "Secret"]


def test_examples_differ_from_the_defaults() -> None:
    """Every value of an example changes something; what is a default is not repeated, but where it explains."""
    for path in EXAMPLES.glob("*/values.yaml"):
        content = yaml.safe_load(path.read_text())
        assert content
        assert content.keys() <= values().keys()


def notes(tmp_path: Path, *files: Path, sets: tuple[str, ...] = ()) -> str:
    """NOTES.txt as it would be printed: helm renders it for a cluster only, so as a ConfigMap of a copy of the chart."""
    copy = tmp_path / "chart"
    _copy(CHART, copy)
    (copy / "files/notes").write_text((CHART / "templates/NOTES.txt").read_text())
    (copy / "templates/notes.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata:\n"
        '  notes: {{ tpl (.Files.Get "files/notes") . | toJson }}\n'
    )
    text = template(files, sets, "--show-only=templates/notes.yaml", chart=copy)
    told: str = yaml.safe_load(text)["data"]["notes"]
    return told


def _copy(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file():
            (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            (target / path.relative_to(source)).write_bytes(path.read_bytes())


def test_notes_say_what_to_do_next(tmp_path: Path) -> None:
    """How to wait, to test, to reach the page, where sensors connect, and that the passwords are to be kept."""
    told = notes(tmp_path)
    for expected in (
        "get pods",
        "helm -n monitored test plant",
        "port-forward",
        "port 1883",
        "WITHOUT TLS",
        "keep a copy",
    ):
        assert expected in told
    assert "WARNING" not in told


def test_notes_know_what_was_configured(tmp_path: Path) -> None:
    """The page's address, the broker's name, and no word of TLS missing."""
    told = notes(tmp_path, EXAMPLES / "three-nodes/values.yaml")
    assert "https://machines.example.org" in told
    assert "port 8883, by TLS, as mqtt.example.org" in told
    assert "WITHOUT TLS" not in told


@pytest.mark.parametrize(
    ("kind", "told"), [("LoadBalancer", "<pending>"), ("NodePort", "address of the node"), ("ClusterIP", "")]
)
def test_notes_say_how_sensors_find_an_address(kind: str, told: str, tmp_path: Path) -> None:
    """A load balancer that there is none of leaves the Service waiting for ever, without a word."""
    hints = ("<pending>", "address of the node")
    said = notes(tmp_path, sets=(f'mosquitto.service.type="{kind}"',))
    assert [one for one in hints if one in said] == [one for one in hints if one == told]


def test_notes_warn_of_a_volume_too_small_for_the_streams(tmp_path: Path) -> None:
    """RabbitMQ would stop everybody when it is full."""
    told = notes(tmp_path, sets=('rabbitmq.persistence.size="5Gi"',))
    assert "WARNING: rabbitmq.persistence.size is 5Gi" in told


def test_notes_warn_of_a_broker_with_too_little_memory(tmp_path: Path) -> None:
    """It would be killed when a bridge is away, long before it refuses anything."""
    assert "WARNING: mosquitto.resources.limits.memory is 2Gi" in notes(tmp_path, sets=("bridge.replicas=3",))
    assert "mosquitto.resources" not in notes(tmp_path)


@pytest.mark.parametrize("name", ["defaults", "homelab", "three-nodes", "most"])
def test_volumes_of_rabbitmq_hold_its_streams(name: str) -> None:
    """All streams and queues at their bounds, and a gigabyte that RabbitMQ wants free."""
    told: dict[str, Any] = {}
    for path in VALUES[name]:
        told = yaml.safe_load(path.read_text())
    stream = {**values()["stream"], **told.get("stream", {})}
    size = (
        told.get("rabbitmq", {})
        .get("persistence", {})
        .get("size", values()["rabbitmq"]["persistence"]["size"])
    )
    need = (stream["partitions"] + 2) * stream["maximumBytes"] + (len(names.QUEUES) - 1) * stream[
        "queueMaximumBytes"
    ]
    assert int(size.removesuffix("Gi")) * 2**30 > need + 1e9, name


@pytest.mark.parametrize(
    "name", [name for name in VALUES if name not in {p.stem for p in DATA.glob("*.yaml")}]
)
def test_memory_of_mosquitto_holds_what_waits_for_the_bridges(name: str) -> None:
    """As much as its configuration lets wait for each, and what else it needs: killed, it forgets a minute of it."""
    [bound] = re.findall(
        r"^max_queued_bytes (\d+)$", (CHART / "files/mosquitto/mosquitto.conf").read_text(), re.MULTILINE
    )
    told: dict[str, Any] = {}
    for path in VALUES[name]:
        told = yaml.safe_load(path.read_text())
    bridges = told.get("bridge", {}).get("replicas", values()["bridge"]["replicas"])
    limit = told.get("mosquitto", {}).get("resources", values()["mosquitto"]["resources"])["limits"]["memory"]
    assert int(limit.removesuffix("Gi")) * 2**30 > bridges * int(bound) * 1.5, name


def test_example_files_are_tested() -> None:
    """A folder of an example without values that are rendered here would be untested."""
    assert {
        path.name for path in EXAMPLES.iterdir() if path.is_dir() and any(path.iterdir())
    } <= VALUES.keys()
    assert DATA.is_dir()
    assert helm("version", "--short").stdout.startswith("v3.")
