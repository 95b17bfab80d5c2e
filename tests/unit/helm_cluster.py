"""As much of Kubernetes' API as the real Helm talks to: to install, upgrade, roll back, test and uninstall without a cluster.

Objects are kept as they are sent. Nothing runs: jobs and pods end at once, well, or badly where a test says so.
"""

import base64
import http.server
import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.unit.helm_chart import CHART, HELM, RELEASE
from tests.unit.kubernetes_api import BY_PLURAL, Object, discovery, merged, parsed, plural, status, version_of

NAMESPACE: Final = "monitored"
_RECORD: Final = "sh.helm.release."


class Change(NamedTuple):
    """What Helm has made of an object; not of its own records of releases, and not where all stayed as it was."""

    method: str
    kind: str
    name: str


class Cluster:
    """What is there, by its path; what was changed; which jobs and pods end badly, by their names."""

    def __init__(self, folder: Path) -> None:
        self.objects: dict[str, Object] = {}
        self.changes: list[Change] = []
        self.failing = re.compile("(?!)")
        self.kubeconfig = folder / "kubeconfig"
        self._folder = folder
        self._discovery = discovery()
        self._lock = threading.Lock()

    def names(self, kind: str) -> set[str]:
        """Of the objects of a kind, without Helm's records."""
        there = (path.split("/")[-2:] for path in self.objects)
        return {name for kinds, name in there if kinds == plural(kind) and not name.startswith(_RECORD)}

    def records(self) -> list[int]:
        """Sizes of Helm's records of releases, in bytes."""
        return [
            len(base64.b64decode(one["data"]["release"]))
            for path, one in self.objects.items()
            if path.rpartition("/")[2].startswith(_RECORD)
        ]

    def time_passes(self) -> None:
        """Jobs that have ended, and are to go then, go."""
        for path, one in list(self.objects.items()):
            if one["kind"] == "Job" and "ttlSecondsAfterFinished" in one["spec"]:
                del self.objects[path]

    def helm(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run it against this cluster, within bounded time."""
        where = (f"--namespace={NAMESPACE}", f"--kubeconfig={self.kubeconfig}", "--burst-limit=1000")
        return subprocess.run(
            [HELM, *arguments, *where], env={**os.environ, "KUBECACHEDIR": str(self._folder / "kube")},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def deploy(self, verb: str, *further: str) -> "subprocess.CompletedProcess[str]":
        """Install the chart, or upgrade to it."""
        return self.helm(verb, RELEASE, str(CHART), *further)

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Object | str]:
        """The status and the answer to a request."""
        url = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        with self._lock:
            if method == "GET":
                return self._read(url.path, query)
            return self._write(method, url.path, {} if method == "DELETE" else parsed(body))

    def _read(self, path: str, query: dict[str, str]) -> tuple[int, Object | str]:
        if path == "/openapi/v2":
            return 200, ""  # a description of nothing, by which Helm checks nothing
        if path in self._discovery:
            return 200, self._discovery[path]
        if path.endswith("/log"):
            containers = self.objects[path.removesuffix("/log")]["spec"]["containers"]
            if len(containers) > 1 and "container" not in query:
                return 400, status(400, "BadRequest", "a container name must be specified")
            return 200, f"said by {containers[0]['name']}\n"
        if path.rpartition("/")[2] in BY_PLURAL:
            return 200, self._list(path, query)
        if path in self.objects:
            return 200, self.objects[path]
        return 404, status(404, "NotFound", f"{path} not found")

    def _list(self, path: str, query: dict[str, str]) -> Object | str:
        if "watch" in query:
            return ""  # nothing more happens
        labels = dict(one.split("=") for one in query.get("labelSelector", "").split(",") if one)
        name = query.get("fieldSelector", "").removeprefix("metadata.name=")
        items = [
            one
            for at, one in self.objects.items()
            if at.rpartition("/")[0] == path
            and labels.items() <= one["metadata"].get("labels", {}).items()
            and name in ("", one["metadata"]["name"])
        ]
        kind = f"{BY_PLURAL[path.rpartition('/')[2]]}List"
        return {
            "kind": kind,
            "apiVersion": version_of(path),
            "metadata": {"resourceVersion": "1"},
            "items": items,
        }

    def _write(self, method: str, path: str, body: Object) -> tuple[int, Object]:
        at = f"{path}/{body['metadata']['name']}" if method == "POST" else path
        was = self.objects.get(at)
        if method == "POST" and was is not None:
            return 409, status(409, "AlreadyExists", f"{at} already exists")
        if method != "POST" and was is None:
            return 404, status(404, "NotFound", f"{at} not found")
        kinds, name = at.split("/")[-2:]
        if method == "DELETE":
            del self.objects[at]
            self._note(method, kinds, name)
            return 200, status(200, "", "")
        made = self._ended(merged(was, body) if method == "PATCH" else body, at)
        if made != was:
            self._note(method, kinds, name)
        self.objects[at] = made
        return 201 if method == "POST" else 200, made

    def _note(self, method: str, kinds: str, name: str) -> None:
        if not name.startswith(_RECORD):
            self.changes.append(Change(method, BY_PLURAL[kinds], name))

    def _ended(self, sent: Object, at: str) -> Object:
        kinds, name = at.split("/")[-2:]
        kind, well = BY_PLURAL[kinds], not self.failing.search(name)
        made = {**sent, "kind": kind, "apiVersion": version_of(at)}
        made["metadata"] = {**sent["metadata"], "namespace": NAMESPACE, "uid": at, "resourceVersion": "1"}
        if kind == "Job":
            made["status"] = {"conditions": [{"type": "Complete" if well else "Failed", "status": "True"}]}
        if kind == "Pod":
            made["status"] = {"phase": "Succeeded" if well else "Failed"}
        return made


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """One with nothing in it, that listens as long as the block lasts."""
    one = Cluster(folder)

    class Requests(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections stay
        disable_nagle_algorithm = True

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            code, answer = one.answer(self.command, self.path, self.rfile.read(length))
            body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(code)
            text = "text/plain" if self.path.endswith("/log") else "application/json"
            self.send_header("Content-Type", text)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815  # the base class's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    configuration = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "one", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "contexts": [{"name": "one", "context": {"cluster": "one", "user": ""}}],
        "current-context": "one",
    }
    one.kubeconfig.write_text(yaml.safe_dump(configuration))
    try:
        yield one
    finally:
        server.shutdown()
        server.server_close()
