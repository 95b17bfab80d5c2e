"""`python -m stack.release`: whether this checkout may be released as the version that pyproject.toml names.

The version stands in pyproject.toml; code that needs it asks importlib.metadata. Files that cannot ask are compared here.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stack.servers import REPOSITORY

# Files that name the version, and where in them.
NAMED: dict[str, str] = {
    "helm/sensor-streaming/Chart.yaml": r'^(?:appVersion|version): "?([^"\s]+)"?$',
    "Dockerfile": r"^ARG VERSION=(\S+)$",
    "compose.yaml": r"sensor-streaming:([0-9][^}\s]*)\}",
    "docs/compose.md": r"`sensor-streaming:([0-9][^`]*)`",
    "helm/examples/homelab/source.yaml": r"^\s+tag: v(\S+)$",
}
# Files that are made, and the module that prints each.
MADE: dict[str, str] = {
    ".env.example": "stack.env_example",
    "docs/iotctl.md": "ctl.reference",
    "docs/settings.md": "stack.settings_page",
    "docs/metrics.md": "stack.metrics_page",
}
# Modules that make several files each, and say which are not up to date.
CHECKED: tuple[str, ...] = ("grafana", "helm.copied")
_EXTRAS = {"requirements.lock": ("ctl", "dev", "firmware"), "requirements-image.lock": ("ctl",)}
_HEADING = re.compile(r"^## \[(?P<version>[^]]+)\](?: - (?P<date>.+))?$", re.MULTILINE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


def tree(root: Path) -> Iterator[str]:
    """Everything is committed, or ignored."""
    for line in _git(root, "status", "--porcelain").splitlines():
        yield f"not committed: {line}"


def tag(root: Path, version: str, tagged: bool) -> Iterator[str]:
    """The tag does not exist yet; or, once it is made, it is on this commit."""
    name = f"v{version}"
    exists = bool(_git(root, "tag", "--list", name).strip())
    if exists and not tagged:
        yield f"the tag {name} exists: raise the version in pyproject.toml"
    if tagged and name not in _git(root, "tag", "--points-at", "HEAD").split():
        yield f"the tag {name} is not on this commit"


def changelog(text: str, version: str) -> Iterator[str]:
    """Its newest version is this one, with a date; nothing waits under "Unreleased"."""
    headings = list(_HEADING.finditer(text))
    released = [heading for heading in headings if heading["version"] != "Unreleased"]
    if not released or released[0]["version"] != version:
        yield f"CHANGELOG.md: its newest version is {released[0]['version'] if released else 'none'}, not {version}"
    elif not _DATE.fullmatch(released[0]["date"] or ""):
        yield f"CHANGELOG.md: {version} has no date"
    for this, following in zip(headings, [*headings[1:], None], strict=True):
        waits = text[this.end() : following.start() if following else None].strip()
        if this["version"] == "Unreleased" and waits:
            yield f"CHANGELOG.md: what is under Unreleased belongs to {version}"


def named(root: Path, version: str) -> Iterator[str]:
    """Files that name the version name this one."""
    for name, pattern in NAMED.items():
        found = re.findall(pattern, (root / name).read_text(), re.MULTILINE)
        if not found:
            yield f"{name}: no version found"
        yield from (f"{name}: {other}, not {version}" for other in found if other != version)


def locks(root: Path, project: dict[str, Any]) -> Iterator[str]:
    """Every requirement is locked, to a version that it allows. (What those require, only a resolver can say.)"""
    for name, extras in _EXTRAS.items():
        pinned: dict[str, set[str]] = {}
        for package, version in _PINNED.findall((root / name).read_text()):
            pinned.setdefault(canonicalize_name(package), set()).add(version)
        asked = list(project["dependencies"])
        for extra in extras:
            asked += project["optional-dependencies"][extra]
        for requirement in map(Requirement, asked):
            versions = pinned.get(canonicalize_name(requirement.name), set())
            wanted = requirement.marker is None or requirement.marker.evaluate()
            if wanted and not any(requirement.specifier.contains(one, prereleases=True) for one in versions):
                has = ", ".join(sorted(versions)) or "nothing"
                yield f"{name}: {requirement} is asked for, {has} is locked (run: make lock)"


def wheel(root: Path, project: dict[str, Any], packages: list[str]) -> Iterator[str]:
    """Exactly the packages' files under version control, with their data, the entry points and the licence."""
    with tempfile.TemporaryDirectory() as folder:
        build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
        ran = subprocess.run(build, cwd=root, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            yield f"the wheel is not built: {ran.stderr.strip()}"
            return
        [file] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(file) as archive:
            names = {name for name in archive.namelist() if not name.endswith("/")}
            about = f"{file.name.split('-')[0]}-{project['version']}.dist-info/"
            metadata = BytesParser().parsebytes(archive.read(f"{about}METADATA"))
            scripts = archive.read(f"{about}entry_points.txt").decode()
    wanted = {name for name in _git(root, "ls-files", "-z", *packages).split("\0") if name}
    there = {name for name in names if not name.startswith(about)}
    yield from (f"the wheel lacks {name}" for name in sorted(wanted - there))
    yield from (
        f"the wheel has {name}, which is not under version control" for name in sorted(there - wanted)
    )
    yield from (
        f"the wheel has no command {name}" for name in project["scripts"] if f"{name} = " not in scripts
    )
    if metadata["Version"] != project["version"]:
        yield f"the wheel says {metadata['Version']}"
    if f"{about}licenses/LICENSE" not in names:
        yield "the wheel has no licence"


def made(root: Path) -> Iterator[str]:
    """What is generated is as its source says. (docs/schema.md needs a database: a test compares it.)"""
    for name, module in MADE.items():
        ran = subprocess.run(
            [sys.executable, "-m", module], cwd=root, capture_output=True, text=True, check=True
        )
        if (root / name).read_text() != ran.stdout:
            yield f"{name} is not up to date (run: make docs env-example)"
    for module in CHECKED:
        ran = subprocess.run(
            [sys.executable, "-m", module, "--check"], cwd=root, capture_output=True, text=True, check=False
        )
        if ran.returncode != 0:
            yield from (ran.stdout + ran.stderr).splitlines()


def check(root: Path, tagged: bool) -> Iterator[tuple[str, list[str]]]:
    """What is looked at, one after another, and what is wrong with it."""
    pyproject = tomllib.loads((root / "pyproject.toml").read_text())
    project = pyproject["project"]
    version = project["version"]
    packages = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    looks: dict[str, Callable[[], Iterator[str]]] = {
        "everything is committed": lambda: tree(root),
        f"the tag v{version}": lambda: tag(root, version, tagged),
        "the changelog": lambda: changelog((root / "CHANGELOG.md").read_text(), version),
        "files that name the version": lambda: named(root, version),
        "the locks": lambda: locks(root, project),
        "what is generated": lambda: made(root),
        "the wheel": lambda: wheel(root, project, packages),
    }
    for title, look in looks.items():
        yield title, list(look())


def main() -> None:
    """Entry point; exit code 1 where something is wrong. `--tagged`: the tag is made already."""
    failed = False
    for title, problems in check(REPOSITORY, "--tagged" in sys.argv[1:]):
        print(f"{'not yet' if problems else 'ok':8} {title}")
        for problem in problems:
            print(f"{'':8}   {problem}")
        failed = failed or bool(problems)
    sys.exit(1 if failed else 0)


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
