"""Pods of the chart without Kubernetes: volumes as folders, variables and arguments with places of this machine."""

import base64
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from stack.servers import REPOSITORY
from tests.unit.helm_chart import Manifest, Pod, pods

SCRIPTS: Final[dict[str, str]] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"][
    "scripts"
]

Container = dict[str, Any]


class Mount(NamedTuple):
    """Where a container sees a folder of this machine."""

    target: str
    source: Path
    read_only: bool


class Cluster:
    """The rendered manifests, with a folder for all volumes; `secrets` are those that others make (name → key → value)."""

    def __init__(self, manifests: Sequence[Manifest], folder: Path) -> None:
        self.pods = pods(manifests)
        self.folder = folder
        self.secrets: dict[str, dict[str, str]] = {
            m["metadata"]["name"]: {k: base64.b64decode(v).decode() for k, v in m["data"].items()}
            for m in manifests
            if m["kind"] == "Secret"
        }
        self._maps: dict[str, dict[str, str]] = {
            m["metadata"]["name"]: m["data"] for m in manifests if m["kind"] == "ConfigMap"
        }

    def pod(self, component: str) -> Pod:
        """The one of that component."""
        [one] = [pod for pod in self.pods if pod.component == component]
        return one

    def container(self, pod: Pod, name: str) -> Container:
        """By its name."""
        [one] = [container for container in pod.containers if container["name"] == name]
        return one

    def mounts(self, pod: Pod, container: Container, index: int = 0) -> list[Mount]:
        """With what is in the volumes; `index` is the pod's, in a StatefulSet."""
        volumes = {one["name"]: one for one in pod.spec.get("volumes", ())}
        found = []
        for mount in container.get("volumeMounts", ()):
            place = self.folder / pod.component / mount["name"]
            place.mkdir(parents=True, exist_ok=True)
            self._fill(place, volumes.get(mount["name"], {}))
            within = mount.get("subPathExpr", "").replace("$(POD_INDEX)", str(index))
            found.append(Mount(mount["mountPath"], place / within, mount.get("readOnly", False)))
        return found

    def _fill(self, place: Path, volume: Mapping[str, Any]) -> None:
        for source in volume["projected"]["sources"] if "projected" in volume else [volume]:
            if "secret" in source:
                name = source["secret"].get("secretName") or source["secret"]["name"]
                self._write(place, source["secret"], self.secrets[name])
            elif "configMap" in source:
                self._write(place, source["configMap"], self._maps[source["configMap"]["name"]])

    def _write(self, place: Path, source: Mapping[str, Any], content: Mapping[str, str]) -> None:
        items = source.get("items") or [{"key": key, "path": key} for key in content]
        for item in items:
            file = place / item["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content[item["key"]])

    def arguments(self, pod: Pod, container: Container, index: int = 0) -> list[str]:
        """How its program is started by this Python, with places of this machine for those mounted."""
        [program] = container["command"]
        module, function = SCRIPTS[program].split(":")
        code = f"import sys; sys.argv[0] = {program!r}; from {module} import {function} as f; sys.exit(f())"
        places = self.mounts(pod, container, index)
        return ["-c", code, *(_here(str(one), places) for one in container.get("args", ()))]

    def environment(
        self, pod: Pod, container: Container, local: Mapping[str, Mapping[str, str]], index: int = 0
    ) -> dict[str, str]:
        """What it is told, where `local` says for a host's variable and value what to say instead."""
        given = {one["name"]: one["value"] for one in container.get("env", ()) if "value" in one}
        given = {name: value.replace("$(POD_INDEX)", str(index)) for name, value in given.items()}
        places = self.mounts(pod, container, index)
        for name in list(given):
            given |= local.get(f"{name}={given[name]}", {})
        told = {name: _here(value, places) for name, value in given.items()}
        return {k: v for k, v in os.environ.items() if not k.startswith("STREAMING_")} | told


def _here(argument: str, mounts: Sequence[Mount]) -> str:
    for mount in mounts:
        if re.match(rf"{mount.target}(/|$)", argument):
            return argument.replace(mount.target, str(mount.source))
    return argument
