"""What the chart renders is what Kubernetes and the operators take, for every set of values."""

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]  # it ships no types
import pytest
import yaml

from tests.unit.helm_chart import (
    CHART,
    DATA,
    EXAMPLES,
    NAME,
    REPOSITORY,
    VALUES,
    Manifest,
    Pod,
    find,
    helm,
    pods,
    rendered,
    template,
)

OLDEST, NEWEST = "1.28", "1.37"  # of Kubernetes: the chart's kubeVersion, and what is known today
CRDS = REPOSITORY / "tests/data/crds"
_GROUPS_OF_KUBERNETES = ("apps", "autoscaling", "batch", "networking.k8s.io", "policy")


@functools.cache
def _crd(api_version: str, kind: str) -> jsonschema.Draft202012Validator:
    file = CRDS / f"{api_version.replace('/', '_')}_{kind}.json"
    assert file.exists(), f"no schema of {api_version} {kind}"
    return jsonschema.Draft202012Validator(json.loads(file.read_text()))


def _kubernetes(manifest: Manifest) -> bool:
    group = manifest["apiVersion"].rpartition("/")[0]
    return not group or group in _GROUPS_OF_KUBERNETES


def problems(manifest: Manifest, version: str = NEWEST) -> list[str]:
    """What Kubernetes, or the operator whose resource it is, would say against it."""
    if not _kubernetes(manifest):
        found = _crd(manifest["apiVersion"], manifest["kind"]).iter_errors(manifest)
        return [f"{error.json_path}: {error.message}" for error in found]
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [str(error)]
    return []


def test_sets_of_values_are_at_least_six() -> None:
    """The defaults, the examples, the least and the most."""
    assert len(VALUES) >= 6
    assert {"defaults", "homelab", "three-nodes", "external-database", "least", "most"} <= VALUES.keys()


@pytest.mark.parametrize("name", VALUES)
def test_lint_finds_nothing(name: str) -> None:
    """Warnings are errors."""
    done = helm("lint", "--strict", str(CHART), *(f"--values={path}" for path in VALUES[name]))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", VALUES)
def test_every_manifest_fits_its_schema(name: str) -> None:
    """Strictly: a field that does not exist is a mistake. At an upgrade, too: what differs then."""
    first = rendered(name)
    later = [m for m in rendered(name, upgrade=True) if m not in first]
    found = {f"{m['kind']}/{m['metadata']['name']}": p for m in (*first, *later) if (p := problems(m))}
    assert not found


@pytest.mark.parametrize("name", ["defaults", "most"])
def test_manifests_fit_the_oldest_kubernetes_that_the_chart_names(name: str) -> None:
    """Chart.yaml's kubeVersion is kept."""
    told = yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"]
    assert told.startswith(f">={OLDEST}.")
    assert not [p for m in rendered(name) if (p := problems(m, OLDEST))]


def test_schemas_refuse_a_wrong_field() -> None:
    """The check itself can fail: of Kubernetes, and of each operator."""
    kinds = {
        m["kind"]: m for name in ("most", "three-nodes", "key-vault") for m in rendered(name) if "spec" in m
    }
    assert len(kinds) > 15
    for kind, manifest in kinds.items():
        assert problems({**manifest, "spec": {**manifest["spec"], "nonsense": 1}}), kind


@pytest.mark.parametrize("name", VALUES)
def test_names_are_unique_and_short(name: str) -> None:
    """Two resources of one name would overwrite each other; a label holds 63 characters."""
    named = [(m["kind"], m["metadata"]["name"]) for m in rendered(name)]
    assert len(named) == len(set(named))
    assert all(len(one) <= 63 for _, one in named)


@pytest.mark.parametrize(
    "release",
    [
        "a-release-with-the-longest-name-that-helm-takes-for-i",
        "sensor-streaming-of-the-plant-at-the-river-in-the-nor",
    ],
)
def test_names_are_short_enough_for_what_is_added(release: str) -> None:
    """Pods of a StatefulSet have a label with its name, a dash and ten characters; RabbitMQ's operator calls its own "-server"."""
    assert len(release) == 53
    done = helm("template", release, str(CHART), f"--values={EXAMPLES / 'three-nodes/values.yaml'}")
    assert done.returncode == 0, done.stderr
    made = [one for one in yaml.load_all(done.stdout, yaml.CSafeLoader) if one]
    sets = [m["metadata"]["name"] for m in made if m["kind"] == "StatefulSet"]
    sets += [f"{m['metadata']['name']}-server" for m in made if m["kind"] == "RabbitmqCluster"]
    assert all(len(one) + 11 <= 63 for one in sets), sets
    assert all(
        len(m["metadata"]["name"]) <= 50 for m in made if m["kind"] == "Cluster"
    )  # as its operator says
    assert all(len(m["metadata"]["name"]) <= 63 and not m["metadata"]["name"].endswith("-") for m in made)


@pytest.mark.parametrize("name", VALUES)
def test_what_is_looked_up_is_there(name: str) -> None:
    """Secrets, ConfigMaps and Services that pods, routes and budgets name are made, or somebody else's by the values."""
    manifests = rendered(name)
    made = {(m["kind"], m["metadata"]["name"]) for m in manifests}
    made |= {("Secret", m["spec"]["secretName"]) for m in manifests if m["kind"] == "Certificate"}
    made |= {("Secret", m["spec"]["target"]["name"]) for m in manifests if m["kind"] == "ExternalSecret"}
    for cluster in (m["metadata"]["name"] for m in manifests if m["kind"] == "Cluster"):  # by its operator
        made |= {
            ("Secret", f"{cluster}-superuser"),
            ("Secret", f"{cluster}-ca"),
            ("Service", f"{cluster}-rw"),
        }
    given = _text_values(VALUES[name])
    asked: set[tuple[str, str]] = set()
    for pod in pods(manifests):
        asked |= _asked_by_volumes(pod)
    for m in manifests:
        if m["kind"] == "Ingress":
            backends = [p["backend"] for r in m["spec"]["rules"] for p in r["http"]["paths"]]
            asked |= {("Service", b["service"]["name"]) for b in backends}
        if m["kind"].endswith("Route"):
            asked |= {("Service", b["name"]) for r in m["spec"]["rules"] for b in r["backendRefs"]}
    assert {one for one in asked - made if one[1] not in given} == set()


def _text_values(files: tuple[Path, ...]) -> str:
    return "\n".join(path.read_text() for path in files)


def _asked_by_volumes(pod: Pod) -> set[tuple[str, str]]:
    asked = set()
    for volume in pod.spec.get("volumes", ()):
        sources = volume["projected"]["sources"] if "projected" in volume else [volume]
        for source in sources:
            if "secret" in source:
                asked.add(("Secret", source["secret"].get("secretName") or source["secret"]["name"]))
            if "configMap" in source:
                asked.add(("ConfigMap", source["configMap"]["name"]))
    return asked


@pytest.mark.parametrize("name", VALUES)
def test_selectors_find_the_pods_that_they_are_for(name: str) -> None:
    """Every Service, budget and PodMonitor of the chart's own pods selects at least one kind of pod, and the one of its name."""
    manifests = rendered(name)
    labels = [pod.labels for pod in pods(manifests)]
    for m in manifests:
        selector = m.get("spec", {}).get("selector")
        if m["kind"] == "Service":
            wanted: dict[str, Any] = {"matchLabels": selector}
        elif m["kind"] in ("PodDisruptionBudget", "PodMonitor"):
            wanted = selector
        else:
            continue
        if wanted["matchLabels"].get("app.kubernetes.io/component") == "rabbitmq" and any(
            other["kind"] == "RabbitmqCluster" for other in manifests
        ):
            continue  # the operator's pods
        assert any(_selects(wanted, one) for one in labels), f"{m['kind']}/{m['metadata']['name']}"


def _selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    by_labels = all(labels.get(k) == v for k, v in selector.get("matchLabels", {}).items())
    by_expressions = all(
        labels.get(one["key"]) in one["values"] for one in selector.get("matchExpressions", ())
    )
    return by_labels and by_expressions


@pytest.mark.parametrize("name", VALUES)
def test_pods_keep_the_restricted_pod_security_standard(name: str) -> None:
    """Field by field, as the standard lists them; and no pod gets a token of the cluster's API."""
    for pod in pods(rendered(name)):
        spec = pod.spec
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), pod.owner
        assert spec["automountServiceAccountToken"] is False, pod.owner
        assert spec["securityContext"]["runAsNonRoot"] is True, pod.owner
        assert spec["securityContext"]["runAsUser"] > 0, pod.owner
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, pod.owner
        allowed = {
            "configMap",
            "downwardAPI",
            "emptyDir",
            "ephemeral",
            "persistentVolumeClaim",
            "projected",
            "secret",
        }
        for volume in spec.get("volumes", ()):
            assert volume.keys() - {"name"} <= allowed, (pod.owner, volume)
        for container in pod.containers:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, pod.owner
            assert security["capabilities"] == {"drop": ["ALL"]}, pod.owner
            assert security["readOnlyRootFilesystem"] is True, pod.owner
            assert security.keys() <= {"allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem"}
            assert not any("hostPort" in port for port in container.get("ports", ()))


@pytest.mark.parametrize("name", VALUES)
def test_every_container_has_bounds_and_a_request(name: str) -> None:
    """Memory is bounded, so that one that leaks is ended and not the node; CPU is asked for, and not throttled."""
    for pod in pods(rendered(name)):
        for container in pod.containers:
            resources = container["resources"]
            assert {"cpu", "memory"} <= resources["requests"].keys(), pod.owner
            assert "memory" in resources["limits"], pod.owner
            assert "cpu" not in resources["limits"], pod.owner


def test_volumes_are_mounted_and_mounts_are_volumes() -> None:
    """Nothing is left over, nothing is missing, no two mounts lie within each other."""
    for name in VALUES:
        for pod in pods(rendered(name)):
            claims = {"data"} if pod.owner.startswith("StatefulSet") and pod.component != "bridge" else set()
            volumes = {one["name"] for one in pod.spec.get("volumes", ())} | claims
            mounts = [one for c in pod.containers for one in c.get("volumeMounts", ())]
            assert {one["name"] for one in mounts} == volumes, pod.owner
            for container in pod.containers:
                paths = [one["mountPath"] for one in container.get("volumeMounts", ())]
                nested = [(a, b) for a in paths for b in paths if a != b and b.startswith(a + "/")]
                assert not nested, (pod.owner, nested)  # a mount point cannot be made in a read-only volume


def test_flux_resources_fit_their_schemas() -> None:
    """The example's, and the vault's."""
    checked = 0
    for path in sorted(EXAMPLES.glob("*/*.yaml")):
        if path.name in ("values.yaml", "kustomization.yaml", "names.yaml"):
            continue
        for manifest in yaml.safe_load_all(path.read_text()):
            assert not problems(manifest), path
            checked += 1
    assert checked >= 5


def test_flux_applies_files_that_exist() -> None:
    """The kustomization's resources and values, and the release's chart."""
    folder = EXAMPLES / "homelab"
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    [generator] = kustomization["configMapGenerator"]
    for file in [*kustomization["resources"], *kustomization["configurations"], *generator["files"]]:
        assert (folder / file).exists(), file
    release = yaml.safe_load((folder / "release.yaml").read_text())["spec"]
    assert (REPOSITORY / release["chart"]["spec"]["chart"] / "Chart.yaml").exists()
    assert release["valuesFrom"] == [{"kind": "ConfigMap", "name": generator["name"]}]
    # what a doctor finds of a sensor is no reason to roll back, or to uninstall
    assert release["test"] == {"enable": True, "ignoreFailures": True}
    # with the namespace everything would go that the chart keeps: passwords, volumes, the database
    [space] = yaml.safe_load_all((folder / "namespace.yaml").read_text())
    assert space["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"] == "disabled"
    cluster = yaml.safe_load((folder / "cluster.yaml").read_text())["spec"]
    assert (REPOSITORY / cluster["path"]).resolve() == folder


@pytest.mark.parametrize("version", ["v1alpha2", "v1alpha3", "v1"])
def test_routes_are_of_a_version_that_the_cluster_has(version: str) -> None:
    """The Gateway API's TLSRoute and TCPRoute become v1, and their first version goes away."""
    told = ["--api-versions", f"gateway.networking.k8s.io/{version}/TLSRoute"]
    text = template(VALUES["three-nodes"], (), *told)
    [route] = [m for m in yaml.safe_load_all(text) if m and m["kind"] == "TLSRoute"]
    assert route["apiVersion"] == f"gateway.networking.k8s.io/{version}"


def test_jobs_stand_beside_the_servers_first_and_before_everything_at_an_upgrade() -> None:
    """A hook after the install would wait for services that wait for it; before an upgrade it keeps new services off an old schema."""
    first = [m for m in rendered("defaults") if m["kind"] == "Job"]
    later = [m for m in rendered("defaults", upgrade=True) if m["kind"] == "Job"]
    assert len(first) == len(later) == 2
    assert not any("annotations" in m["metadata"] for m in first)
    assert {m["metadata"]["annotations"]["helm.sh/hook"] for m in later} == {"pre-upgrade"}


def test_streams_are_made_when_all_nodes_are_there() -> None:
    """With the first of three alone they would have one copy, for ever. Not at an upgrade: a node may be away then."""
    init = find(rendered("three-nodes"), "Job", "topology-1")["spec"]["template"]["spec"]["initContainers"]
    [nodes] = init
    dash_c, code, *names = nodes["args"]
    assert dash_c == "-c"
    compile(code, "nodes", "exec")
    assert names == [f"{NAME}-rabbitmq-server-{i}.{NAME}-rabbitmq-nodes" for i in range(3)]
    for manifests in (rendered("three-nodes", upgrade=True), rendered("defaults")):
        [job] = [m for m in manifests if m["kind"] == "Job" and "-topology-" in m["metadata"]["name"]]
        assert "initContainers" not in job["spec"]["template"]["spec"]


def test_package_holds_what_the_templates_read(tmp_path: Path) -> None:
    """`helm package` takes every file along, and what it makes renders the same."""
    done = helm("package", str(CHART), "--destination", str(tmp_path))
    assert done.returncode == 0, done.stderr
    [package] = tmp_path.glob("*.tgz")
    assert package.stat().st_size < 700_000  # Helm keeps it in a Secret with the release: 1 MiB at most
    files = (DATA / "most.yaml",)
    mine = [line for line in template(files).splitlines() if not line.startswith("  mqtt-")]
    packed = [line for line in template(files, chart=package).splitlines() if not line.startswith("  mqtt-")]
    assert len(packed) == len(mine)
