"""Debian packages without root and without installing: a private apt state in a folder.

Standard library only: the virtual environment itself may need it (stack.bootstrap). The mirror comes
from the machine's own apt configuration; apt checks every package against Debian's signatures.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from stack.errors import StackError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# RabbitMQ 4 and TimescaleDB are packaged from this release on; it is unpacked beside any host release.
RELEASE = "trixie"


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

    def resolve(self, packages: Sequence[str]) -> list[str]:
        """The packages with all they depend on, as `name_version_arch.deb`-like file names, sorted."""
        listing = self._apt("install", "-y", "--print-uris", *packages)
        return sorted(line.split()[1] for line in listing.splitlines() if line.startswith("'"))

    def download(self, packages: Sequence[str]) -> list[Path]:
        """Fetch these packages (by name); what is already there whole is not fetched again."""
        before = {path.name for path in self.archives.glob("*.deb")}
        self._apt("download", *packages, cwd=self.archives)
        paths = sorted(self.archives.glob("*.deb"))
        # apt-get download keeps names as in resolve(); older versions of a package are leftovers
        return [path for path in paths if path.name not in before or _name(path.name) in packages]

    def _apt(self, *arguments: str, cwd: Path | None = None) -> str:
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
        return _run(["apt-get", *flags, *arguments], cwd=cwd)


def _name(file: str) -> str:
    return file.partition("_")[0]


def _run(command: list[str], cwd: Path | None = None) -> str:
    result = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    if result.returncode:
        said = result.stderr.strip().splitlines() or ["no message"]
        reason = next((line for line in said if line.startswith("E:")), said[-1])
        if "NO_PUBKEY" in result.stderr or "is not signed" in result.stderr:
            raise StackError(
                f"this machine's Debian keys are too old for {RELEASE}: apt-get install debian-archive-keyring ({reason})"
            )
        if any(word in result.stderr for word in ("resolve", "connect", "Failed to fetch", "timed out")):
            raise StackError(
                f"cannot fetch Debian packages, is there a network? Run the same command again later; "
                f"what was fetched is kept ({reason})"
            )
        raise StackError(f"{' '.join([command[0], *command[-2:]])} failed: {reason}")
    return result.stdout
