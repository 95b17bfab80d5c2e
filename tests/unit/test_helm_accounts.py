"""Passwords that the chart has made stay as they are: whatever is upgraded, and when the release comes back."""

import base64
from pathlib import Path

import pytest
import yaml

from tests.unit.helm_chart import CHART, NAME, RELEASE
from tests.unit.helm_cluster import NAMESPACE, cluster


def made(known: dict[str, str] | None, folder: Path, *further: str) -> dict[str, str]:
    """The passwords of the Secret that Helm would apply, where there is one with those already."""
    with cluster(folder) as kubernetes:
        if known is not None:
            kubernetes.objects[f"/api/v1/namespaces/{NAMESPACE}/secrets/{NAME}-accounts"] = {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": f"{NAME}-accounts", "namespace": NAMESPACE},
                "data": {name: base64.b64encode(one.encode()).decode() for name, one in known.items()},
            }
        done = kubernetes.helm(
            "template",
            RELEASE,
            str(CHART),
            "--dry-run=server",
            "--show-only=templates/accounts.yaml",
            *further,
        )
    assert done.returncode == 0, done.stderr
    secret = yaml.safe_load(done.stdout)
    assert secret["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    return {name: base64.b64decode(one).decode() for name, one in secret["data"].items()}


def test_first_install_makes_passwords_that_all_differ(tmp_path: Path) -> None:
    """24 letters and digits, 140 bits and more."""
    first = made(None, tmp_path)
    assert len(set(first.values())) == len(first) >= 18
    assert all(len(one) == 24 and one.isalnum() for one in first.values())


@pytest.mark.parametrize("upgrade", [(), ("--is-upgrade",)], ids=["again", "upgrade"])
def test_known_passwords_stay(upgrade: tuple[str, ...], tmp_path: Path) -> None:
    """The servers know them: a new one would lock everybody out."""
    known = {name: f"known-{name}" for name in made(None, tmp_path)}
    assert made(known, tmp_path, *upgrade) == known


def test_a_further_bridge_gets_a_password_and_others_keep_theirs(tmp_path: Path) -> None:
    """With more accounts, or a version that has one more."""
    known = {name: f"known-{name}" for name in made(None, tmp_path)}
    more = made(known, tmp_path, "--set=bridge.accounts=6")
    assert more.items() >= known.items()
    assert more.keys() - known.keys() == {"mqtt-bridge-4", "mqtt-bridge-5"}
    assert more["mqtt-bridge-4"] != more["mqtt-bridge-5"]
