"""The browser as a script; the root and bubblewrap are replaced, so that one sees how it is called."""

from pathlib import Path

import pytest

from stack import browser
from tests.unit import printing_root
from tests.unit.printing_root import LOADER, call


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In the place of the browser's packages."""
    return printing_root.make(tmp_path, browser.ROOT, monkeypatch)


def test_browser_runs_in_its_root_under_the_roots_own_loader(root: Path) -> None:
    """Nothing is installed, and nothing of the machine's libraries is used."""
    words = call(browser.ensure(print))
    assert words[:3] == ["--library-path", str((root / LOADER).parent), str(root / "usr/bin/bwrap")]
    at = words.index(str(root / "usr"))
    assert words[at - 1 : at + 2] == ["--ro-bind", str(root / "usr"), "/usr"]


def test_browser_gets_its_arguments_as_they_are(root: Path) -> None:
    """Options that bubblewrap has as well, spaces and empty words."""
    given = ["--no-sandbox", "--bind", "--user-data-dir=/tmp/a folder", "", "about:blank"]
    words = call(browser.ensure(print), *given)
    at = words.index("/usr/lib/chromium/chromium-headless-shell")
    assert words[at + 1 :] == given


def test_browser_has_processes_of_its_own(root: Path) -> None:
    """Whatever it has started ends with it, also where a test is killed."""
    words = call(browser.ensure(print))
    assert {"--unshare-pid", "--as-pid-1", "--die-with-parent"} <= set(words)
    assert words[words.index("--proc") + 1] == "/proc"


def test_browser_sees_the_folders_that_tests_write_to(root: Path) -> None:
    """Playwright keeps a profile in the machine's temporary folder."""
    words = call(browser.ensure(print))
    assert "/tmp" in {words[i + 2] for i, word in enumerate(words) if word == "--bind-try"}


def test_path_is_the_same_until_something_changes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it is written once for all checkouts."""
    first = browser.ensure(print)
    assert browser.ensure(print) == first
    monkeypatch.setattr(browser, "_PROGRAM", "/usr/lib/chromium/another")
    assert browser.ensure(print) != first
    assert first.exists()
