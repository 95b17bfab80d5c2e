"""The servers' root: made once, whole or not at all. apt is replaced; packages are real .deb files."""

import fcntl
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from stack import cache, toolchain
from stack.apt import Say
from stack.errors import StackError


class Mirror:
    """Stands in for apt: two packages, fetched from a folder; counts what is asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.downloads = 0
        self.fail = False
        self.damage = ""

    def __call__(self, state: Path) -> "Mirror":
        self.archives = state / "archives"
        return self

    def prepare(self) -> None:
        self.archives.mkdir(parents=True, exist_ok=True)
        if self.fail:
            raise StackError("is there a network?")

    def resolve(self, packages: Sequence[str]) -> dict[str, int]:
        names = [path.name for path in self.folder.glob("*.deb")]
        return dict.fromkeys(sorted([*names, "perl-base_5_amd64.deb"]), 1000)

    def download(self, packages: Sequence[str], say: Say, total_bytes: int = 0) -> list[Path]:
        self.downloads += 1
        assert "perl-base" not in packages, "only maintainer scripts need it"
        for deb in self.folder.glob("*.deb"):
            content = b"damaged" if deb.name.startswith(self.damage or "-") else deb.read_bytes()
            (self.archives / deb.name).write_bytes(content)
        return sorted(self.archives.glob("*.deb"))


def make_deb(folder: Path, name: str, files: dict[str, str]) -> None:
    tree = folder / "tree" / name
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n"
    )
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    command = ["dpkg-deb", "--root-owner-group", "-b", str(tree), str(folder / f"{name}_1_all.deb")]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    folder = tmp_path / "mirror"
    folder.mkdir()
    make_deb(folder, "base-files", {"etc/debian_version": "13\n", "usr/bin/placeholder": ""})
    make_deb(folder, "mosquitto", {"usr/sbin/mosquitto": "#!\n", "usr/share/doc/mosquitto/copyright": "x"})
    one = Mirror(folder)
    monkeypatch.setattr(cache, "Apt", one)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return one


def quiet(line: str) -> None:
    pass


def test_root_holds_packages_without_documentation(mirror: Mirror) -> None:
    """Every file of every package but manuals, and what no package brings: users, hosts, mount points."""
    root = cache.ensure_root(quiet)
    assert (root / "usr/sbin/mosquitto").exists()
    assert not (root / "usr/share/doc").exists()
    assert "stack:x:999" in (root / "etc/passwd").read_text()
    assert (root / "data").is_dir()
    assert (root / "etc/streaming").is_dir()


def test_root_second_time_needs_no_network(mirror: Mirror) -> None:
    """Once made it is found, by any checkout, without asking the mirror."""
    first = cache.ensure_root(quiet)
    mirror.fail = True
    assert cache.ensure_root(quiet) == first
    assert mirror.downloads == 1


def test_root_that_is_there_waits_for_nobody(mirror: Mirror) -> None:
    """Who has the servers starts them while another checkout fetches the firmware's tools."""
    made = cache.ensure_root(quiet)
    with (cache.folder() / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert cache.ensure_root(quiet) == made


def test_root_of_each_kind_is_found_again(mirror: Mirror) -> None:
    """The servers and the firmware's tools lie beside each other; neither is fetched anew for the other."""
    servers = cache.ensure_root(quiet)
    tools = cache.ensure_root(quiet, toolchain.ROOT)
    assert tools != servers
    assert not (tools / "etc/streaming").exists()
    mirror.fail = True
    assert cache.ensure_root(quiet) == servers
    assert cache.ensure_root(quiet, toolchain.ROOT) == tools


def test_root_made_for_another_list_of_packages_is_made_anew(mirror: Mirror) -> None:
    """A root that lacks what is needed now is not taken."""
    first = cache.ensure_root(quiet)
    more = replace(cache.SERVERS, packages=(*cache.SERVERS.packages, "another"))
    assert cache.ensure_root(quiet, more) != first
    assert mirror.downloads == 2


def test_root_interrupted_while_unpacking_is_made_anew(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a root is never taken for a whole one."""
    rename = Path.rename
    monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        cache.ensure_root(quiet)
    assert [path for path in cache.folder().glob("root-*") if not path.name.endswith(".partial")] == []
    monkeypatch.setattr(Path, "rename", rename)
    root = cache.ensure_root(quiet)
    assert (root / "usr/sbin/mosquitto").exists()


def test_root_damaged_package_is_named_and_fetched_again(mirror: Mirror) -> None:
    """A package that does not unpack is thrown away, so that the next call can succeed."""
    mirror.damage = "mosquitto"
    with pytest.raises(StackError, match=r"mosquitto_1_all\.deb"):
        cache.ensure_root(quiet)
    assert not (mirror.archives / "mosquitto_1_all.deb").exists()
    mirror.damage = ""
    assert (cache.ensure_root(quiet) / "usr/sbin/mosquitto").exists()


def test_root_full_disk_is_said_before_fetching(mirror: Mirror) -> None:
    """The sentence gives what is free, what is needed and where; nothing was fetched."""
    with pytest.raises(StackError, match=r"MB free and the servers need .*XDG_CACHE_HOME"):
        cache.ensure_root(quiet, replace(cache.SERVERS, least_free_bytes=10**18))
    assert mirror.downloads == 0


def test_root_unwritable_cache_is_one_sentence(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder that cannot be made is a StackError, not a traceback."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    with pytest.raises(StackError, match="cannot prepare the servers in /proc/nowhere"):
        cache.ensure_root(quiet)


def test_root_two_checkouts_at_once_fetch_once(mirror: Mirror) -> None:
    """The second waits, says so, and uses what the first has made."""
    cache.folder().mkdir(parents=True)
    said: list[str] = []
    waiting = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        waiting.set()

    with (cache.folder() / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        second = threading.Thread(target=cache.ensure_root, args=[say])
        second.start()
        assert waiting.wait(10)
        assert said == ["waiting for another checkout that is setting up"]
        assert mirror.downloads == 0
    second.join(30)
    cache.ensure_root(quiet)
    assert mirror.downloads == 1
