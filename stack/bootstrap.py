"""`python3 -m stack.bootstrap`: the virtual environment, from Python's standard library alone.

    .venv/bin/python                everything in requirements.lock, by hash, and this project, editable
    .venv/.complete                 what it was made from; where that has not changed there is nothing to do

Debian splits pip off Python: where `ensurepip` is missing, pip comes from Debian's own package. Interrupted
anywhere, the next call goes on where this one stopped.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from stack import cache
from stack.apt import Apt
from stack.errors import StackError

REPOSITORY = Path(__file__).resolve().parent.parent
_SOURCES = ("requirements.lock", "pyproject.toml")
_LEAST = (3, 11)


def main() -> int:
    """Entry point; exit code 0, or 1 with a sentence."""
    folder = Path(os.environ.get("VENV") or REPOSITORY / ".venv")
    try:
        ensure(folder)
    except StackError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"setup: cannot make {folder}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; the same command goes on", file=sys.stderr)
        return 130
    return 0


def ensure(folder: Path) -> None:
    """Make the virtual environment, or bring it up to date. StackError with a sentence where that fails."""
    made_from = _fingerprint()
    complete = folder / ".complete"
    if complete.exists() and complete.read_text() == made_from:
        return
    if sys.version_info < _LEAST:
        raise StackError(
            f"Python {sys.version.split()[0]} is too old: 3.11 or later is needed (make PYTHON=…)"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if complete.exists() and complete.read_text() == made_from:
            return  # somebody else has done it meanwhile
        _make(folder)
        complete.write_text(made_from)


def _make(folder: Path) -> None:
    python = folder / "bin/python"
    if not _works(python, "sys"):
        _say(f"making {os.path.relpath(folder)} with Python {sys.version.split()[0]}")
        for entry in ("bin", "lib", "include"):
            shutil.rmtree(folder / entry, ignore_errors=True)
        venv.create(folder, symlinks=True, with_pip=False)
    if not _works(python, "pip"):
        _install_pip(python)
    _say("installing Python packages")
    lock_file = REPOSITORY / "requirements.lock"
    _pip(python, "install", "--require-hashes", "--only-binary", ":all:", "-r", str(lock_file))
    _pip(python, "install", "--no-deps", "--no-build-isolation", "--no-index", "-e", str(REPOSITORY))


def _install_pip(python: Path) -> None:
    if importlib.util.find_spec("ensurepip") is not None:
        made = subprocess.run(
            [str(python), "-m", "ensurepip"], capture_output=True, text=True, check=False, env=_environment()
        )
        if made.returncode == 0:
            return
    _say("fetching pip: this Python comes without")
    apt = Apt(cache.folder() / "apt-pip")
    apt.prepare()
    [deb] = apt.download(["python3-pip-whl"], _say)
    unpacked = cache.folder() / "pip"
    subprocess.run(["dpkg-deb", "-x", str(deb), str(unpacked)], check=True)
    wheel = max(unpacked.glob("usr/share/python-wheels/pip-*.whl"))
    installed = subprocess.run(
        [str(python), f"{wheel}/pip", "install", "-q", "--no-index", str(wheel)],
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
    )
    if installed.returncode:
        raise StackError(f"cannot install pip: {_reason(installed.stderr)}")


def _pip(python: Path, *arguments: str) -> None:
    # quiet but for its progress bars, which it shows on a terminal only
    quiet = [] if sys.stdout.isatty() else ["-q"]
    options = ["--disable-pip-version-check", "--no-input", "--retries", "2", *quiet]
    result = subprocess.run(
        [str(python), "-m", "pip", *arguments, *options],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=_environment(),
    )
    if result.returncode:
        if any(word in result.stderr for word in _NETWORK):
            raise StackError(
                "cannot fetch Python packages, is there a network? Run the same command again later; "
                f"what was fetched is kept ({_reason(result.stderr)})"
            )
        raise StackError(f"cannot install Python packages: {_reason(result.stderr)}")


_NETWORK = ("Could not fetch", "NewConnectionError", "ConnectTimeout", "Name or service", "name resolution")


def _reason(said: str) -> str:
    lines = said.strip().splitlines() or ["no message"]
    return next((line.strip() for line in lines if line.startswith("ERROR:")), lines[-1].strip())


def _environment() -> dict[str, str]:
    """Nothing of another Python's surroundings."""
    return {
        k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_USER")
    }


def _works(python: Path, module: str) -> bool:
    try:
        tried = subprocess.run([str(python), "-c", f"import {module}"], capture_output=True, check=False)
    except OSError:
        return False
    return tried.returncode == 0


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{sys.version_info[:2]} {REPOSITORY}".encode())
    for name in _SOURCES:
        digest.update((REPOSITORY / name).read_bytes())
    return digest.hexdigest()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
