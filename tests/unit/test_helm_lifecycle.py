"""A release's life by the real Helm, against an API that keeps what it is sent: what an upgrade changes, and what stays."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.helm_chart import CHART, EXAMPLES, NAME, RELEASE, Manifest, helm, pods, template
from tests.unit.helm_cluster import Cluster, cluster

THREE_NODES = f"--values={EXAMPLES / 'three-nodes/values.yaml'}"
RECORD_AT_MOST = 1 << 20  # bytes in a Secret, in which Helm keeps what it has installed


@pytest.fixture
def kubernetes(tmp_path: Path) -> Iterator[Cluster]:
    """With nothing in it."""
    with cluster(tmp_path) as one:
        yield one


def well(done: Any) -> str:
    """What was said by a command that ended well."""
    assert done.returncode == 0, done.stderr
    said: str = done.stdout
    return said


@pytest.mark.parametrize("values", [(), (THREE_NODES,)], ids=["defaults", "three-nodes"])
def test_upgrade_with_nothing_changed_changes_nothing(values: tuple[str, ...], kubernetes: Cluster) -> None:
    """But the jobs: those of the install go, those before the upgrade come and go. And all of it fits Helm's record."""
    well(kubernetes.deploy("install", *values))
    assert {one.method for one in kubernetes.changes} == {"POST"}
    jobs = kubernetes.names("Job")
    assert len(jobs) == 2
    well(kubernetes.deploy("upgrade", *values))
    kubernetes.changes.clear()
    well(kubernetes.deploy("upgrade", *values))
    assert {one.kind for one in kubernetes.changes} == {"Job"}
    assert kubernetes.names("Job") == set()
    assert max(kubernetes.records()) < RECORD_AT_MOST / 2


def test_failed_first_upgrade_changes_nothing_and_can_be_rolled_back(kubernetes: Cluster) -> None:
    """A rollback stumbles over what is there and not in the failed revision: the jobs of the install (helm/helm#12388)."""
    well(kubernetes.deploy("install"))
    kubernetes.time_passes()
    kubernetes.changes.clear()
    kubernetes.failing = re.compile("-migrate-")
    assert "pre-upgrade hooks failed" in kubernetes.deploy("upgrade", "--set=image.tag=2.0.0").stderr
    assert {one.kind for one in kubernetes.changes} == {"Job"}
    kubernetes.time_passes()
    kubernetes.failing = re.compile("(?!)")
    well(kubernetes.helm("rollback", RELEASE))
    assert kubernetes.names("Job") == {f"{NAME}-migrate-1", f"{NAME}-topology-1"}


def test_upgrade_that_brings_an_account_makes_its_password_before_the_jobs_want_it(
    kubernetes: Cluster,
) -> None:
    """A job before everything else would wait for a key that comes after it, and hold the upgrade up for ever."""
    well(kubernetes.deploy("install"))
    secret = kubernetes.objects[f"/api/v1/namespaces/monitored/secrets/{NAME}-accounts"]
    del secret["data"]["database-web"]  # as if the version before had not known it
    kubernetes.changes.clear()
    well(kubernetes.deploy("upgrade"))
    changed = [one.kind for one in kubernetes.changes]
    assert (
        "database-web" in kubernetes.objects[f"/api/v1/namespaces/monitored/secrets/{NAME}-accounts"]["data"]
    )
    assert changed.index("Secret") < changed.index("Job")
    assert kubernetes.names("Job") == {f"{NAME}-migrate-2", f"{NAME}-topology-2"}
    kubernetes.changes.clear()
    well(kubernetes.deploy("upgrade"))
    assert {one.kind for one in kubernetes.changes} == {"Job"}
    assert kubernetes.names("Job") == set()


def test_install_after_a_failed_one_finds_what_is_there(kubernetes: Cluster) -> None:
    """As Flux does when an install fails: it uninstalls, and installs again. Helm takes as its own what it has made and kept."""
    well(kubernetes.deploy("install", THREE_NODES))
    passwords = kubernetes.objects[f"/api/v1/namespaces/monitored/secrets/{NAME}-accounts"]["data"]
    well(kubernetes.helm("uninstall", RELEASE))
    well(kubernetes.deploy("install", THREE_NODES))
    assert kubernetes.objects[f"/api/v1/namespaces/monitored/secrets/{NAME}-accounts"]["data"] == passwords


def test_uninstall_leaves_what_was_measured(kubernetes: Cluster) -> None:
    """The passwords, the database, and RabbitMQ of the operator: both operators delete the volumes with their resource."""
    well(kubernetes.deploy("install", THREE_NODES))
    well(kubernetes.helm("uninstall", RELEASE))
    left = {path.split("/")[-2] for path in kubernetes.objects}
    assert left == {"secrets", "clusters", "imagecatalogs", "rabbitmqclusters"}
    assert kubernetes.names("Secret") == {f"{NAME}-accounts"}


def test_helm_test_says_what_each_of_its_pods_said(kubernetes: Cluster) -> None:
    """Helm 3 asks for the log of a pod, not of a container: it fails where there are two. The page comes before the doctor."""
    well(kubernetes.deploy("install"))
    said = well(kubernetes.helm("test", RELEASE, "--logs"))
    assert "said by doctor" in said
    assert said.index("said by page") < said.index("said by doctor")
    kubernetes.failing = re.compile("-doctor$")
    assert kubernetes.helm("test", RELEASE).returncode != 0
    assert kubernetes.names("Pod") == {
        f"{NAME}-page",
        f"{NAME}-doctor",
    }  # docs/helm.md makes the operator's of it


def test_new_revision_of_the_chart_starts_no_pod_anew(tmp_path: Path) -> None:
    """Flux gives the chart a version for each revision of its source: brokers would be restarted with every commit."""
    well(helm("package", str(CHART), "--version=0.1.0+1234567", f"--destination={tmp_path}"))
    [package] = tmp_path.glob("*.tgz")
    files = (EXAMPLES / "three-nodes/values.yaml",)

    def restarted_by(text: str) -> dict[str, Any]:
        made: list[Manifest] = [one for one in yaml.load_all(text, yaml.CSafeLoader) if one]
        found: dict[str, Any] = {pod.owner: pod for pod in pods(made) if not pod.owner.startswith("Pod/")}
        return found | {m["kind"]: m["metadata"]["labels"] for m in made if m["kind"] == "RabbitmqCluster"}

    assert restarted_by(template(files, chart=package)) == restarted_by(template(files))
