"""The firmware's tools for its tests, and what is built with them: once a session, in folders of the tests' own."""

import fcntl
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from stack import toolchain
from stack.errors import StackError
from stack.servers import REPOSITORY

FIRMWARE = REPOSITORY / "firmware"
BUILD = FIRMWARE / "build/tests"


@dataclass(frozen=True, slots=True)
class Tools:
    """Runs a program in a folder, with the firmware's tools first on PATH and PlatformIO without its registry."""

    environment: dict[str, str]

    def run(
        self, *command: str, folder: Path = FIRMWARE, timeout_s: float = 600
    ) -> "subprocess.CompletedProcess[str]":
        """What it said, errors among it. Whoever else tests this checkout waits while something is built in it."""
        BUILD.mkdir(parents=True, exist_ok=True)
        with (BUILD / "lock").open("w") as lock:
            if folder == FIRMWARE:
                fcntl.flock(lock, fcntl.LOCK_EX)
            return subprocess.run(
                ("nice", "-n", "5", *command),  # tests of servers, which have deadlines, may run beside it
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=timeout_s,
                check=False,
            )

    def make(self, *arguments: str, timeout_s: float = 600) -> str:
        """`make` in firmware/; what it said. AssertionError with it where it fails."""
        done = self.run("make", f"-j{os.cpu_count()}", f"BUILD={BUILD}", *arguments, timeout_s=timeout_s)
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture(scope="session")
def tools() -> Tools:
    """Compilers, checkers, QEMU and PlatformIO; fetched where they are missing."""
    try:
        folder = toolchain.ensure(print)
    except StackError as error:
        pytest.exit(f"no tools to build the firmware with: {error}", returncode=2)
    path = os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]])
    offline = [sys.executable, str(FIRMWARE / "tools/offline.py")]
    said = subprocess.run(offline, capture_output=True, text=True, check=True).stdout
    settings = (shlex.split(line)[1].partition("=") for line in said.splitlines())  # export NAME=value
    return Tools(
        {
            **os.environ,
            "PATH": path,
            **{name: value for name, _, value in settings},
            "PLATFORMIO_BUILD_DIR": str(BUILD / "pio"),  # nobody else builds there
        }
    )


@pytest.fixture(scope="session")
def host_program(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firmware as a program of this machine."""
    return _program(tools, "native", tmp_path_factory)


@pytest.fixture(scope="session")
def sanitized_host_program(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, ending at the first wrong access or undefined behaviour."""
    return _program(tools, "native_sanitize", tmp_path_factory)


def _program(tools: Tools, environment: str, folders: pytest.TempPathFactory) -> Path:
    built = tools.run("pio", "run", "-e", environment)
    assert built.returncode == 0, built.stdout
    # a copy: another session may build anew
    return Path(shutil.copy(BUILD / "pio" / environment / "program", folders.mktemp(environment)))
