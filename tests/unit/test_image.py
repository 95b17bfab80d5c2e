"""The image: what the Dockerfile copies, installs and runs, checked without a container engine.

What an engine does with it has not been run here; what pip and Python do, has.
"""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatchcase
from functools import cache
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stack.servers import REPOSITORY


class Instruction(NamedTuple):
    """One line of a Dockerfile, with those that continue it."""

    name: str
    arguments: str

    @property
    def words(self) -> list[str]:
        """As a shell splits them; those of a JSON list as they are."""
        if self.arguments.startswith("["):
            return [str(word) for word in json.loads(self.arguments)]
        return shlex.split(self.arguments)


def instructions(text: str) -> list[Instruction]:
    """Comments and empty lines left out."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = []
    for one in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        name, _, arguments = one.strip().partition(" ")
        found.append(Instruction(name.upper(), arguments.strip()))
    return found


def stages(text: str) -> list[list[Instruction]]:
    """Each begins with its FROM."""
    found: list[list[Instruction]] = []
    for instruction in instructions(text):
        if instruction.name == "FROM":
            found.append([])
        found[-1].append(instruction)
    return found


DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()
BUILD, FINAL = stages(DOCKERFILE)
PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
PACKAGES: list[str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
SCRIPTS: dict[str, str] = PROJECT["project"]["scripts"]


def one(stage: list[Instruction], name: str) -> str:
    """The arguments of the only instruction of that name."""
    [found] = [instruction.arguments for instruction in stage if instruction.name == name]
    return found


def sent(path: str, ignored: str) -> bool:
    """Whether a file goes to the builder, by the rules of .dockerignore: the last one that matches decides.

    A pattern matches a path, or a folder above it; `**` any number of folders.
    """
    keep = True
    parts = PurePosixPath(path).parts
    for line in ignored.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        exception = pattern.startswith("!")
        if any(_matches(parts[:n], pattern.lstrip("!").split("/")) for n in range(1, len(parts) + 1)):
            keep = exception
    return keep


def _matches(parts: tuple[str, ...], pattern: list[str]) -> bool:
    if not pattern or not parts:
        return not pattern and not parts
    if pattern[0] == "**":
        return _matches(parts, pattern[1:]) or _matches(parts[1:], pattern)
    return fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


IGNORED = (REPOSITORY / ".dockerignore").read_text()


def test_base_images_are_pinned_to_a_minor_version() -> None:
    """By name, without a registry; both stages have the same, so that what was compiled runs."""
    bases = {one(stage, "FROM").split()[0] for stage in (BUILD, FINAL)}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", bases.pop())


def test_image_runs_as_nobody_in_particular() -> None:
    """By number, as Kubernetes wants it for runAsNonRoot."""
    assert one(FINAL, "USER") == "10001:10001"
    [last] = [i for i, instruction in enumerate(FINAL) if instruction.name == "USER"]
    assert not [instruction for instruction in FINAL[last:] if instruction.name in ("RUN", "COPY", "ADD")]
    assert one(FINAL, "STOPSIGNAL") == "SIGTERM"


def test_image_runs_an_entry_point() -> None:
    """By default one that says what there is; none is in the way of a command."""
    words = [i.words for i in FINAL if i.name == "CMD"]
    assert words == [["iotctl", "--help"]]
    assert words[0][0] in SCRIPTS
    assert "ENTRYPOINT" not in {instruction.name for instruction in FINAL}


def test_image_says_what_it_is() -> None:
    """The labels of OCI, with the version of this checkout."""
    labels = dict(word.split("=", 1) for word in shlex.split(one(FINAL, "LABEL")))
    expected = ("title", "description", "version", "revision", "licenses")
    assert set(labels) == {f"org.opencontainers.image.{name}" for name in expected}
    arguments = [i.arguments for i in FINAL if i.name == "ARG"]
    assert f"VERSION={PROJECT['project']['version']}" in arguments
    assert labels["org.opencontainers.image.licenses"] == PROJECT["project"]["license"]


def test_image_holds_no_secret() -> None:
    """Neither as an argument of the build nor in the environment; nothing comes from an address."""
    for instruction in (*BUILD, *FINAL):
        if instruction.name in ("ARG", "ENV"):
            assert not re.search(r"PASSWORD|SECRET|TOKEN|KEY", instruction.arguments)
        assert instruction.name != "ADD"
        assert "://" not in instruction.arguments


def test_what_is_copied_exists_and_is_sent() -> None:
    """Every source of a COPY, and every package of the wheel."""
    copied = set()
    for instruction in BUILD:
        if instruction.name == "COPY":
            *sources, _target = instruction.words
            copied |= set(sources)
    for source in copied:
        assert (REPOSITORY / source).exists()
        assert sent(source, IGNORED), source
    assert set(PACKAGES) == {source for source in copied if (REPOSITORY / source).is_dir()}
    assert {"pyproject.toml", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]} <= copied
    [from_build] = [i.words for i in FINAL if i.name == "COPY"]
    assert from_build[0] == "--from=build"
    assert any(f"venv --without-pip {from_build[1]} " in i.arguments for i in BUILD if i.name == "RUN")


def test_only_what_is_copied_is_sent() -> None:
    """Of the files under version control."""
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    tops = {path.partition("/")[0] for path in files if path and sent(path, IGNORED)}
    locks = {"requirements-build.lock", "requirements-image.lock"}
    assert tops == {*PACKAGES, *locks, "pyproject.toml", "README.md", "LICENSE"}


@pytest.mark.parametrize(
    "path",
    [
        ".git/config", ".venv/bin/python", ".stack/secrets.json", ".env", "secrets/passwords/database-postgres",
        "tests/unit/test_image.py", "firmware/.pio/build/native/program", "web/__pycache__/app.cpython-313.pyc",
        "ctl/top/__pycache__/x.pyc", "stack/cli.py", "bench/__main__.py", "requirements.lock", "compose.yaml",
    ],
)  # fmt: skip
def test_the_rest_is_not_sent(path: str) -> None:
    """Passwords above all, also where they are not under version control."""
    assert not sent(path, IGNORED)


def test_sent_follows_the_last_rule() -> None:
    """This file's own reading of .dockerignore: exceptions, folders, and any depth."""
    rules = "*\n!web\n**/__pycache__\n"
    assert sent("web/static/js/app.js", rules)
    assert not sent("website/app.js", rules)
    assert not sent("web/a/b/__pycache__/c.pyc", rules)
    assert not sent("web/x", f"{rules}web/*")


@cache
def lock(name: str) -> dict[tuple[str, str], frozenset[str]]:
    """Package and version → hashes. A package has several versions where the Pythons have."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for block in re.split(r"\n(?=[a-z0-9])", (REPOSITORY / name).read_text()):
        asked = Requirement(block.split("\\")[0].strip())
        hashes = frozenset(re.findall(r"--hash=(sha256:[0-9a-f]{64})", block))
        found[canonicalize_name(asked.name), str(asked.specifier)] = hashes
    return found


def names(lock_name: str) -> set[str]:
    """Without versions."""
    return {name for name, _version in lock(lock_name)}


def needed(requirements: list[str]) -> set[str]:
    """Those packages and what they need in turn, as what is installed here says."""
    done: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(requirement) for requirement in requirements]
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in done:
            continue
        done.add((name, extras))
        for text in metadata.requires(name) or []:
            needs = Requirement(text)
            wanted = [{"extra": extra} for extra in ("", *extras)]
            if needs.marker is None or any(needs.marker.evaluate(environment) for environment in wanted):
                waiting.append(needs)
    return {name for name, _extras in done}


@pytest.mark.parametrize("name", ["requirements-image.lock", "requirements-build.lock"])
def test_image_installs_what_is_tested(name: str) -> None:
    """The same versions with the same hashes as in requirements.lock, which the tests run with."""
    assert lock(name)
    for package, hashes in lock(name).items():
        assert hashes
        assert lock("requirements.lock")[package] == hashes


def test_image_installs_all_that_services_need_and_nothing_of_developers() -> None:
    """The wheel's own requirements and those of iotctl; pip with --no-deps for the wheel would not say."""
    project = PROJECT["project"]
    production = needed([*project["dependencies"], *project["optional-dependencies"]["ctl"]])
    assert production <= names("requirements-image.lock")
    for name in ("pytest", "mypy", "ruff", "platformio", "playwright", "grpcio-tools", "hatchling"):
        assert name not in names("requirements-image.lock")
    assert needed(PROJECT["build-system"]["requires"]) <= names("requirements-build.lock")


def test_locks_are_what_is_installed() -> None:
    """With hashes, and wheels only: what is built from source would depend on where."""
    installs = [
        command
        for i in BUILD
        if i.name == "RUN"
        for command in i.arguments.split("&&")
        if re.search(r"pip\b.* install", command)
    ]
    from_locks = [command for command in installs if " -r " in command]
    assert {command.split()[-1] for command in from_locks} == {
        "requirements-build.lock",
        "requirements-image.lock",
    }
    assert all("--require-hashes --only-binary :all:" in command for command in from_locks)
    assert all("--no-deps --no-index" in command for command in installs if command not in from_locks)
    # bytecode with times in it would be another with each build, and compileall would keep it. Not by the environment:
    # pip takes PIP_NO_COMPILE=1 for "compile"
    assert all(" --no-compile " in command for command in installs)
    assert not any("PIP_NO_COMPILE" in i.arguments for i in (*BUILD, *FINAL))
    assert any("compileall -q -f " in i.arguments for i in BUILD)


def test_every_stage_is_built_on_one_day() -> None:
    """What writes a date (zip files, /etc/shadow) asks SOURCE_DATE_EPOCH; an ARG counts for its stage alone, from there on."""
    for stage in (BUILD, FINAL):
        order = [i.name if i.name == "RUN" else i.arguments for i in stage if i.name in ("ARG", "RUN")]
        assert "SOURCE_DATE_EPOCH=0" in order
        assert order.index("SOURCE_DATE_EPOCH=0") < order.index("RUN")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made as the Dockerfile makes it, from what is sent."""
    return _wheel(tmp_path_factory.mktemp("first"))


def _wheel(folder: Path) -> Path:
    source = folder / "source"
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for path in files:
        if path and sent(path, IGNORED) and (REPOSITORY / path).exists():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_bytes((REPOSITORY / path).read_bytes())
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps"),
            *("--no-build-isolation", "--no-index", "--wheel-dir", str(folder), "."),
        ],
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": "0"},
        check=True,
    )
    [made] = folder.glob("*.whl")
    return made


def test_wheel_is_the_same_twice(wheel: Path, tmp_path: Path) -> None:
    """Byte by byte, wherever and whenever it is made."""
    assert _digest(wheel) == _digest(_wheel(tmp_path))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_wheel_holds_what_services_read(wheel: Path) -> None:
    """SQL, migrations and the page's files beside the modules; nothing of a checkout."""
    with zipfile.ZipFile(wheel) as archive:
        files = set(archive.namelist())
    tops = {path.partition("/")[0] for path in files}
    assert tops == {*PACKAGES, f"sensor_streaming-{PROJECT['project']['version']}.dist-info"}
    for path in subprocess.run(
        ["git", "ls-files", "-z", *PACKAGES], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split("\0"):
        assert not path or not (REPOSITORY / path).exists() or path in files


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Alone in a folder, of which nothing can be changed."""
    folder = tmp_path_factory.mktemp("image") / "site"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"),
            *("--no-index", "--no-compile", "--root-user-action=ignore", "--target", str(folder), str(wheel)),
        ],
        check=True,
    )
    return folder


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_entry_points_start_from_the_wheel(installed: Path, script: str, tmp_path: Path) -> None:
    """Each from the wheel alone, not from this checkout, and writes nothing where it is installed."""
    before = {str(path) for path in installed.rglob("*")}
    module, function = SCRIPTS[script].split(":")
    code = f"import sys, {module} as m; sys.argv = [{script!r}, '--help']; print(m.__file__); sys.exit(m.{function}())"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(installed),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(tmp_path),
            "STREAMING_RABBITMQ_HOST": "127.0.0.1",
            "STREAMING_RABBITMQ_AMQP_PORT": "1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[0].startswith(str(installed))
    assert "Usage" in ran.stdout or "usage" in ran.stdout
    assert {str(path) for path in installed.rglob("*")} == before
