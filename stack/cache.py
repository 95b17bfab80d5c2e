"""The servers' root folder: fetched once for a user, unpacked once for a list of packages.

    ~/.cache/sensor-streaming/apt/            package lists and .deb files, kept for resuming
    ~/.cache/sensor-streaming/root-<key>/     everything unpacked; the key is the list of .deb names

Interrupted anywhere, the next call resumes: whole packages are kept, and a root appears by one rename.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack.apt import RELEASE, Apt, Say
from stack.errors import StackError

PACKAGES = (
    "mosquitto mosquitto-clients rabbitmq-server postgresql-17 postgresql-17-timescaledb "
    "postgresql-17-pg-stat-kcache base-files dash coreutils sed grep mawk debianutils hostname util-linux "
    "tzdata bubblewrap"
).split()
# needed by maintainer scripts, which never run here, or by PostgreSQL's JIT, which is off
UNUSED = (
    "libllvm libz3-4 perl libperl python3 libpython3 locales postgresql-common debconf adduser passwd ucf "
    "init-system-helpers ssl-cert"
).split()
_EXCLUDED = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "*/llvmjit.so", "*/17/lib/bitcode")
_LAYOUT = "1"  # raise when the way of unpacking changes
_LEAST_FREE_BYTES = 500_000_000


def folder() -> Path:
    """Where everything fetched is kept, for all checkouts of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sensor-streaming"


def ensure_root(say: Say) -> Path:
    """The unpacked root, made where it is missing; `say` gets a line for each step. StackError if impossible."""
    cache = folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _lock(cache / "lock", say):
            current = cache / f"current-{RELEASE}"  # names the root made last: no network is needed again
            if current.exists():
                root = cache / current.read_text().strip()
                if root.is_dir() and root.name.endswith(_wanted()):
                    return root
            return _make(cache, current, say)
    except OSError as error:
        raise StackError(f"cannot prepare the servers in {cache}: {error}") from error


def _wanted() -> str:
    return hashlib.sha256(" ".join([_LAYOUT, RELEASE, *PACKAGES]).encode()).hexdigest()[:8]


def _make(cache: Path, current: Path, say: Say) -> Path:
    apt = Apt(cache / "apt")
    say("reading Debian's package lists")
    apt.prepare()
    files = {f: size for f, size in apt.resolve(PACKAGES).items() if not f.startswith(tuple(UNUSED))}
    key = hashlib.sha256(" ".join(files).encode()).hexdigest()[:12]
    root = cache / f"root-{key}-{_wanted()}"
    if not root.is_dir():
        _need_room(cache)
        say(f"fetching {len(files)} packages of Debian ({sum(files.values()) / 1e6:.0f} MB)")
        debs = apt.download([name.partition("_")[0] for name in files], say, sum(files.values()))
        say("unpacking them (210 MB)")
        _unpack([deb for deb in debs if deb.name in files], root)
    current.write_text(root.name)
    shutil.rmtree(apt.archives, ignore_errors=True)  # the root holds it all
    return root


def _need_room(cache: Path) -> None:
    free = shutil.disk_usage(cache).free
    if free < _LEAST_FREE_BYTES:
        raise StackError(
            f"{cache} has {free / 1e6:.0f} MB free and the servers need {_LEAST_FREE_BYTES / 1e6:.0f} MB: "
            "make room, or name another folder in XDG_CACHE_HOME"
        )


def _unpack(debs: list[Path], root: Path) -> None:
    partial = root.with_name(root.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    # base-files first: it lays out /usr/lib and the links to it
    for deb in sorted(debs, key=lambda path: not path.name.startswith("base-files_")):
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as archive:
            unpacked = subprocess.run(
                ["tar", "-xf", "-", "-C", str(partial), "--no-same-owner", "--keep-directory-symlink"]
                + [f"--exclude={pattern}" for pattern in _EXCLUDED],
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
    for name, text in {
        "etc/passwd": "root:x:0:0::/root:/bin/sh\nstack:x:999:999::/data:/bin/sh\n",
        "etc/group": "root:x:0:\nstack:x:999:\n",
        "etc/hosts": "127.0.0.1 localhost\n",
    }.items():
        (partial / name).write_text(text)
    for link, target in {"usr/bin/awk": "mawk", "etc/localtime": "/usr/share/zoneinfo/Etc/UTC"}.items():
        (partial / link).unlink(missing_ok=True)
        (partial / link).symlink_to(target)
    (partial / "data").mkdir()
    (partial / "etc/streaming").mkdir()
    partial.rename(root)


@contextmanager
def _lock(path: Path, say: Say) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another checkout that is setting up")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
