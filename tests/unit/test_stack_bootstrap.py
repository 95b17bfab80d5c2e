"""The virtual environment's making: when nothing is to do, when it fails, when it goes on."""

import sys
from pathlib import Path

import pytest

from stack import bootstrap
from stack.errors import StackError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A virtual environment whose Python writes down what it is told, and fails where `fail` exists."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin/python"
    python.write_text(
        '#!/bin/sh\necho "$@" >> "$CALLS"\ncase "$*" in *"pip install"*)\n'
        'if [ -e "$CALLS.fail" ]; then cat "$CALLS.fail" >&2; exit 1; fi;; esac\n'
    )
    python.chmod(0o755)
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return venv


def installs(folder: Path) -> list[str]:
    calls = folder.parent / "calls"
    return (
        [line for line in calls.read_text().splitlines() if "pip install" in line] if calls.exists() else []
    )


def test_bootstrap_installs_by_hash_then_the_project(folder: Path) -> None:
    """What is installed is what the lock names, checked by hash, and this checkout without the network."""
    bootstrap.ensure(folder)
    [packages, project] = installs(folder)
    assert "--require-hashes" in packages
    assert "requirements.lock" in packages
    assert "--no-index" in project
    assert "--no-deps" in project


def test_bootstrap_complete_does_nothing(folder: Path) -> None:
    """The second call asks nobody anything."""
    bootstrap.ensure(folder)
    before = (folder.parent / "calls").read_text()
    bootstrap.ensure(folder)
    assert (folder.parent / "calls").read_text() == before


def test_bootstrap_changed_lock_installs_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new lock, or a new pyproject.toml, brings the environment up to date."""
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_text("one")
    monkeypatch.setattr(bootstrap, "REPOSITORY", tmp_path)
    bootstrap.ensure(folder)
    (tmp_path / "requirements.lock").write_text("two")
    bootstrap.ensure(folder)
    assert len(installs(folder)) == 4


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        (
            "WARNING: Retrying … NewConnectionError\nERROR: Could not find a version that satisfies x==1",
            "is there a network.*Could not find a version",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "cannot install Python packages: ERROR: THESE"),
    ],
)
def test_bootstrap_failure_is_one_sentence_and_goes_on_later(
    folder: Path, stderr: str, sentence: str
) -> None:
    """What failed is not taken for complete."""
    failure = folder.parent / "calls.fail"
    failure.write_text(stderr)
    with pytest.raises(StackError, match=sentence) as failed:
        bootstrap.ensure(folder)
    assert "\n" not in str(failed.value)
    failure.unlink()
    bootstrap.ensure(folder)
    assert (folder / ".complete").exists()


def test_bootstrap_old_python_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence says which is needed and how to name another; exit code 1."""
    monkeypatch.setenv("VENV", str(folder))
    monkeypatch.setattr(bootstrap, "_LEAST", (4, 0))
    assert bootstrap.main() == 1
    assert "too old: 3.11 or later" in capsys.readouterr().err


def test_bootstrap_broken_environment_is_made_anew(folder: Path) -> None:
    """An environment whose Python is gone (an upgrade of the system's) is replaced, not repaired by hand."""
    (folder / "bin/python").unlink()
    (folder / "bin/python").symlink_to("/nonexistent/python3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "_install_pip", lambda _python: None)
        patch.setattr(bootstrap, "_pip", lambda *_arguments: None)
        bootstrap.ensure(folder)
    assert (folder / "bin/python").resolve() == Path(sys.executable).resolve()


def test_bootstrap_needs_the_standard_library_alone() -> None:
    """It runs before anything is installed: nothing that it imports comes from outside."""
    import subprocess

    tried = subprocess.run(
        [sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, '.'); import stack.bootstrap"],
        cwd=bootstrap.REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stderr
