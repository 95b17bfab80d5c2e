"""The firmware's tools as scripts; the root and bubblewrap are replaced, so that one sees how they are called."""

from pathlib import Path

import pytest

from stack import cache, toolchain
from tests.unit import printing_root
from tests.unit.printing_root import LOADER, call


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In the place of the compilers' packages."""
    return printing_root.make(tmp_path, toolchain.ROOT, monkeypatch)


def test_tool_runs_in_its_root_under_the_roots_own_loader(root: Path) -> None:
    """Nothing of the machine's libraries is used: it may be older than the tools."""
    words = call(toolchain.ensure(print) / "cppcheck")
    assert words[:3] == ["--library-path", str((root / LOADER).parent), str(root / "usr/bin/bwrap")]
    at = words.index(str(root / "usr"))
    assert words[at - 1 : at + 2] == ["--ro-bind", str(root / "usr"), "/usr"]


def test_tool_sees_the_machines_folders_but_not_its_system(root: Path) -> None:
    """Sources and what is built may lie anywhere but where the system lies."""
    words = call(toolchain.ensure(print) / "g++")
    bound = {words[i + 2] for i, word in enumerate(words) if word == "--bind-try"}
    assert "/tmp" in bound
    assert not bound & {"/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/proc", "/dev"}


def test_tool_gets_its_arguments_as_they_are(root: Path) -> None:
    """Spaces, empty words, quotes and options that bubblewrap has as well."""
    given = ["-c", "a file.cpp", "", "it's", '"', "--bind", "*"]
    words = call(toolchain.ensure(print) / "cppcheck", *given)
    assert words[words.index("/usr/bin/cppcheck") + 1 :] == given


@pytest.mark.parametrize(
    ("name", "tool"), [("c++", "g++"), ("clang++", "clang++-19"), ("clang-tidy", "clang-tidy-19")]
)
def test_tool_has_the_name_that_is_asked_for(root: Path, name: str, tool: str) -> None:
    """Debian's names with a version, and the generic ones that only an installation would link."""
    assert f"/usr/bin/{tool}" in call(toolchain.ensure(print) / name)


@pytest.mark.parametrize("name", ["g++", "cc", "clang++"])
def test_compiler_links_for_the_machine(root: Path, name: str) -> None:
    """What it builds finds the root's loader and libraries by itself."""
    folder = toolchain.ensure(print)
    said = " ".join(call(folder / name)) + (folder / "gcc.specs").read_text()
    assert str(root / LOADER) in said
    assert f"-specs={folder}/gcc.specs" in said or "-Wl,--dynamic-linker=" in said


def test_folder_is_the_same_until_something_changes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PATH stays, so nothing is built anew; a change of the scripts makes another folder beside it, whole."""
    first = toolchain.ensure(print)
    assert toolchain.ensure(print) == first
    monkeypatch.setattr(toolchain, "_NATIVE", {"cc": "gcc"})
    second = toolchain.ensure(print)
    assert second != first
    assert (second / "cc").exists()
    assert (first / "clang").exists()
    assert [path.name for path in cache.folder().iterdir() if path.name.endswith(".partial")] == []
