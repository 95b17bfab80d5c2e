"""Root folders: fetched once for a user, unpacked once for a list of packages.

    ~/.cache/sensor-streaming/apt/               package lists and .deb files, kept for resuming
    ~/.cache/sensor-streaming/root-<key>/        the servers, unpacked; the key is the list of .deb names
    ~/.cache/sensor-streaming/toolchain-<key>/   the firmware's tools (stack.toolchain)

Interrupted anywhere, the next call resumes: whole packages are kept, and a root appears by one rename.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stack.apt import RELEASE, Apt, Say
from stack.errors import StackError


@dataclass(frozen=True, slots=True)
class Root:
    """What is unpacked together: packages of Debian, with all they depend on."""

    name: str  # of its folders
    what: str  # in sentences
    layout: str  # raise when the way of unpacking changes
    packages: tuple[str, ...]
    unused: tuple[str, ...]  # beginnings of names: depended on, but not for what is done here
    excluded: tuple[str, ...]  # patterns of files that are not unpacked
    unpacked_bytes: int
    least_free_bytes: int
    complete: Callable[[Path], None] | None = None  # adds what no package brings

    @property
    def wanted(self) -> str:
        """A root made for another list than this one is made anew."""
        return hashlib.sha256(" ".join([self.layout, RELEASE, *self.packages]).encode()).hexdigest()[:8]

    @property
    def current(self) -> str:
        """The file that names the root made last."""
        return f"current-{RELEASE}" if self.name == "root" else f"current-{RELEASE}-{self.name}"


def _complete_servers(root: Path) -> None:
    for name, text in {
        "etc/passwd": "root:x:0:0::/root:/bin/sh\nstack:x:999:999::/data:/bin/sh\n",
        "etc/group": "root:x:0:\nstack:x:999:\n",
        "etc/hosts": "127.0.0.1 localhost\n",
    }.items():
        (root / name).write_text(text)
    for link, target in {"usr/bin/awk": "mawk", "etc/localtime": "/usr/share/zoneinfo/Etc/UTC"}.items():
        (root / link).unlink(missing_ok=True)
        (root / link).symlink_to(target)
    (root / "data").mkdir()
    (root / "etc/streaming").mkdir()


DOCUMENTATION = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale")
SERVERS = Root(
    name="root",
    what="the servers",
    layout="1",
    packages=tuple(
        "mosquitto mosquitto-clients rabbitmq-server postgresql-17 postgresql-17-timescaledb "
        "postgresql-17-pg-stat-kcache base-files dash coreutils sed grep mawk debianutils hostname util-linux "
        "tzdata bubblewrap".split()
    ),
    # needed by maintainer scripts, which never run here, or by PostgreSQL's JIT, which is off
    unused=tuple(
        "libllvm libz3-4 perl libperl python3 libpython3 locales postgresql-common debconf adduser passwd ucf "
        "init-system-helpers ssl-cert".split()
    ),
    excluded=(*DOCUMENTATION, "*/llvmjit.so", "*/17/lib/bitcode"),
    unpacked_bytes=210_000_000,
    least_free_bytes=500_000_000,
    complete=_complete_servers,
)


def folder() -> Path:
    """Where everything fetched is kept, for all checkouts of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sensor-streaming"


def ensure_root(say: Say, root: Root = SERVERS) -> Path:
    """The unpacked root, made where it is missing; `say` gets a line for each step. StackError if impossible."""
    cache = folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # one that is there is whole: who has it need not wait for who fetches another
        if (made := _made(cache, root)) is not None:
            return made
        with _lock(cache / "lock", say):
            return _made(cache, root) or _make(cache, root, say)
    except OSError as error:
        raise StackError(f"cannot prepare {root.what} in {cache}: {error}") from error


def _made(cache: Path, root: Root) -> Path | None:
    current = cache / root.current  # no network is needed again
    if not current.exists():
        return None
    made = cache / current.read_text().strip()
    return made if made.is_dir() and made.name.endswith(root.wanted) else None


def _make(cache: Path, root: Root, say: Say) -> Path:
    apt = Apt(cache / "apt")
    say("reading Debian's package lists")
    apt.prepare()
    files = {f: size for f, size in apt.resolve(root.packages).items() if not f.startswith(root.unused)}
    key = hashlib.sha256(" ".join(files).encode()).hexdigest()[:12]
    made = cache / f"{root.name}-{key}-{root.wanted}"
    if not made.is_dir():
        _need_room(cache, root)
        say(f"fetching {len(files)} packages of Debian ({sum(files.values()) / 1e6:.0f} MB)")
        debs = apt.download([name.partition("_")[0] for name in files], say, sum(files.values()))
        say(f"unpacking them ({root.unpacked_bytes / 1e6:.0f} MB)")
        _unpack([deb for deb in debs if deb.name in files], root, made)
    current = cache / root.current
    current.with_suffix(".new").write_text(made.name)
    current.with_suffix(".new").replace(current)  # it is read without the lock
    shutil.rmtree(apt.archives, ignore_errors=True)  # the root holds it all
    return made


def _need_room(cache: Path, root: Root) -> None:
    free = shutil.disk_usage(cache).free
    if free < root.least_free_bytes:
        raise StackError(
            f"{cache} has {free / 1e6:.0f} MB free and {root.what} need {root.least_free_bytes / 1e6:.0f} MB: "
            "make room, or name another folder in XDG_CACHE_HOME"
        )


def _unpack(debs: list[Path], root: Root, made: Path) -> None:
    partial = made.with_name(made.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    # base-files first: it lays out /usr/lib and the links to it
    for deb in sorted(debs, key=lambda path: not path.name.startswith("base-files_")):
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as archive:
            unpacked = subprocess.run(
                ["tar", "-xf", "-", "-C", str(partial), "--no-same-owner", "--keep-directory-symlink"]
                + [f"--exclude={pattern}" for pattern in root.excluded],
                stdin=archive.stdout,
                capture_output=True,
                text=True,
                check=False,
            )
        if unpacked.returncode or archive.returncode:
            deb.unlink()
            raise StackError(
                f"cannot unpack {deb.name}: {unpacked.stderr.strip() or 'damaged; it will be fetched again'}"
            )
    if root.complete:
        root.complete(partial)
    partial.rename(made)


@contextmanager
def _lock(path: Path, say: Say) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another checkout that is setting up")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
