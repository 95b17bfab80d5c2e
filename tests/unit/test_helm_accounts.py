"""Passwords that the chart has made stay as they are: whatever is upgraded, and when the release comes back."""

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.helm_chart import CHART, NAME, RELEASE, helm

_NAMESPACE = "monitored"
_DISCOVERY: dict[str, dict[str, Any]] = {
    "/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [{"name": "secrets", "kind": "Secret", "namespaced": True, "verbs": ["get"]}],
    },
}


@contextmanager
def api(secrets: dict[str, dict[str, Any]], folder: Path) -> Iterator[Path]:
    """As much of Kubernetes' API as Helm needs to look a Secret up; the file by which it finds it."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the base class's name
            path = self.path.partition("?")[0]
            found = _DISCOVERY.get(path) or secrets.get(path)
            body = found or {
                "kind": "Status",
                "apiVersion": "v1",
                "status": "Failure",
                "reason": "NotFound",
                "code": 404,
            }
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    configuration = folder / "kubeconfig"
    cluster = {"server": f"http://127.0.0.1:{server.server_port}"}
    configuration.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "one", "cluster": cluster}],
                "contexts": [{"name": "one", "context": {"cluster": "one", "user": ""}}],
                "current-context": "one",
            }
        )
    )
    try:
        yield configuration
    finally:
        server.shutdown()
        server.server_close()


def made(known: dict[str, str] | None, folder: Path, *further: str) -> dict[str, str]:
    """The passwords of the Secret that Helm would apply, where there is one with those already."""
    path = f"/api/v1/namespaces/{_NAMESPACE}/secrets/{NAME}-accounts"
    data = {name: base64.b64encode(one.encode()).decode() for name, one in (known or {}).items()}
    metadata = {"name": f"{NAME}-accounts", "namespace": _NAMESPACE}
    there = {path: {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}}
    with api({} if known is None else there, folder) as configuration:
        done = helm(
            "template", RELEASE, str(CHART), f"--namespace={_NAMESPACE}", "--dry-run=server",
            f"--kubeconfig={configuration}", "--show-only=templates/accounts.yaml", *further,
        )  # fmt: skip
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
