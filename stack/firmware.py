"""The firmware's core as a program of this machine, built from this checkout."""

import fcntl
import os
import subprocess
from pathlib import Path

from stack import toolchain
from stack.apt import Say
from stack.errors import StackError
from stack.servers import REPOSITORY

_FOLDER = REPOSITORY / "firmware"
_PROGRAM = _FOLDER / "build" / "host" / "sensor-host"
_LAST_LINES = 10


def host_program(say: Say) -> Path:
    """sensor-host, built where something has changed since the last time. StackError with the compiler's last lines."""
    tools = toolchain.ensure(say)
    if not _PROGRAM.exists():
        say("building the firmware for this machine (about half a minute)")
    _PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    with (_PROGRAM.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two builds at once would mix up their files
        built = subprocess.run(
            ["make", "--silent", f"--jobs={os.cpu_count() or 1}", "host"],
            cwd=_FOLDER,
            env={**_without_make(os.environ), "PATH": f"{tools}:{os.environ.get('PATH', os.defpath)}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if built.returncode != 0:
        last = "\n".join(built.stdout.strip().splitlines()[-_LAST_LINES:])
        raise StackError(f"the firmware cannot be built (make -C firmware host):\n{last}")
    return _PROGRAM


def _without_make(environment: "os._Environ[str]") -> dict[str, str]:
    """Options of a `make` that started this are not for ours."""
    return {
        name: value for name, value in environment.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
