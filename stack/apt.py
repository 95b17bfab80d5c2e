"""Debian packages without root and without installing: a private apt state in a folder.

Standard library only: the virtual environment itself may need it (stack.bootstrap). The mirror comes
from the machine's own apt configuration; apt checks every package against Debian's signatures.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from stack.errors import StackError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# RabbitMQ 4 and TimescaleDB are packaged from this release on; it is unpacked beside any host release.
RELEASE = "trixie"

Say = Callable[[str], None]


def mirror() -> str:
    """The Debian mirror that this machine uses. StackError where it uses none."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise StackError(
                f"{tool} is missing: the local stack needs Debian 12 or later (or a derivative with Debian's mirror)"
            )
    targets = _run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL)", "Created-By: Packages"])
    for line in targets.splitlines():
        uri, _, label = line.partition(" ")
        if label.strip() == "Debian":
            return uri
    raise StackError("no Debian mirror in this machine's apt configuration (/etc/apt/sources.list*)")


class Apt:
    """apt-get with its state in `folder`; several may not use one folder at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.archives = folder / "archives"

    def prepare(self) -> None:
        """Write the configuration and fetch the package lists. StackError without a network."""
        for path in (
            "etc/preferences.d",
            "state/lists/partial",
            "cache/archives/partial",
            "archives/partial",
        ):
            (self._folder / path).mkdir(parents=True, exist_ok=True)
        if not KEYRING.exists():
            raise StackError(f"{KEYRING} is missing: apt-get install debian-archive-keyring")
        sources = f"deb [signed-by={KEYRING}] {mirror()} {RELEASE} main\n"
        (self._folder / "etc/sources.list").write_text(sources)
        (self._folder / "state/status").write_text("")
        self._apt("update", "--error-on=any")

    def resolve(self, packages: Sequence[str]) -> dict[str, int]:
        """The packages with all they depend on: file name (`name_version_arch.deb`) → bytes, sorted."""
        listing = self._apt("install", "-y", "--print-uris", *packages)
        # 'http://…' name_version_arch.deb 12345 SHA256:…
        lines = sorted(line.split()[1:3] for line in listing.splitlines() if line.startswith("'"))
        return {name: int(size) for name, size in lines}

    def download(self, packages: Sequence[str], say: Say, total_bytes: int = 0) -> list[Path]:
        """Fetch these packages (by name); what is already there whole is not fetched again.

        `say` gets a line for each tenth of `total_bytes`.
        """
        command = self._command("download", *packages)
        with tempfile.TemporaryFile("w+") as stderr:
            with subprocess.Popen(
                command, cwd=self.archives, stdout=subprocess.DEVNULL, stderr=stderr, env=_environment()
            ) as process:
                said, ended = 0, False
                while not ended:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(0.25)
                    ended = process.returncode is not None
                    fetched = sum(path.stat().st_size for path in self.archives.glob("*.deb"))
                    if total_bytes and fetched * 10 // total_bytes > said:
                        said = fetched * 10 // total_bytes
                        say(f"fetching: {fetched / 1e6:.0f} of {total_bytes / 1e6:.0f} MB")
            stderr.seek(0)
            _check(command, process.returncode, stderr.read())
        return [
            path for path in sorted(self.archives.glob("*.deb")) if path.name.partition("_")[0] in packages
        ]

    def _apt(self, *arguments: str) -> str:
        return _run(self._command(*arguments))

    def _command(self, *arguments: str) -> list[str]:
        options = {
            "Dir::Etc": self._folder / "etc",
            "Dir::Etc::sourcelist": self._folder / "etc/sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State": self._folder / "state",
            "Dir::State::lists": self._folder / "state/lists",
            "Dir::State::status": self._folder / "state/status",
            "Dir::Cache": self._folder / "cache",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Acquire::http::Timeout": "30",
            "APT::Get::List-Cleanup": "0",
            "Debug::NoLocking": "1",
            "APT::Install-Recommends": "0",
            "APT::Sandbox::User": "",
        }
        flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return ["apt-get", *flags, *arguments]


def _run(command: list[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    _check(command, result.returncode, result.stderr)
    return result.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}  # messages are recognised by their words


def _check(command: list[str], returncode: int, stderr: str) -> None:
    if returncode == 0:
        return
    said = stderr.strip().splitlines() or ["no message"]
    reason = next((line for line in said if line.startswith("E:")), said[-1])
    if "NO_PUBKEY" in stderr or "is not signed" in stderr:
        raise StackError(
            f"this machine's Debian keys are too old for {RELEASE}: apt-get install debian-archive-keyring ({reason})"
        )
    if "No space left" in stderr or "enough free space" in stderr:
        raise StackError(f"the disk is full: make room and run the same command again ({reason})")
    if any(word in stderr for word in ("resolv", "connect", "Failed to fetch", "timed out")):
        raise StackError(
            "cannot fetch Debian packages, is there a network? Run the same command again later; "
            f"what was fetched is kept ({reason})"
        )
    raise StackError(f"apt-get {command[-1]} failed: {reason}")
