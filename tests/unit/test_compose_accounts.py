"""`accounts` of compose.yaml as an engine runs it: root with two capabilities, which gives each its own files."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stack.servers import REPOSITORY
from tests.unit import compose_file
from tests.unit.compose_file import IMAGES

SERVICES = compose_file.load()["services"]
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


def run(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Its command, with folders of this machine for those that are mounted, and no more capabilities than it has there."""
    service = SERVICES["accounts"]
    mounted = {
        "/secrets": folder / "secrets",
        "/mosquitto/data": folder / "mosquitto",
        "/etc/streaming/acl": REPOSITORY / "mosquitto/acl",
    }
    arguments = compose_file.words(service)[1:]
    for place, here in mounted.items():
        arguments = [re.sub(rf"(^|=){place}(?=/|$)", rf"\g<1>{here}", word) for word in arguments]
    kept = ",".join(f"+{name.lower()}" for name in service["cap_add"])
    return subprocess.run(
        [
            *("setpriv", f"--bounding-set=-all,{kept}", "--no-new-privs"),
            *(sys.executable, "-m", "runtime.accounts", *arguments),
        ],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As the engine leaves it before the first start: folders that are mounted are there, root's, for everybody to see."""
    (tmp_path / "mosquitto").mkdir()
    for service in SERVICES.values():
        for mount in compose_file.mounts(service):
            if mount.holder:
                (tmp_path / "secrets" / mount.holder).mkdir(mode=0o755, parents=True, exist_ok=True)
    return tmp_path


def test_accounts_gives_everybody_what_is_theirs_and_nothing_else(folder: Path) -> None:
    """Again at every start, and after a password was taken away to have another."""
    first = run(folder)
    assert first.returncode == 0, first.stderr
    before = (folder / "secrets/web/streaming_database_password").read_text()
    (folder / "secrets/passwords/database-web").unlink()
    again = run(folder)
    assert again.returncode == 0, again.stderr
    assert (folder / "secrets/web/streaming_database_password").read_text() != before
    for name, service in SERVICES.items():
        user = (
            "10001:10001" if compose_file.ours(service) else IMAGES[compose_file.image_of(service)[0]]["user"]
        )
        for mount in compose_file.mounts(service):
            if mount.holder:
                files = list((folder / "secrets" / mount.holder).iterdir())
                assert files, name
                for file in files:
                    about = file.stat()
                    assert str(about.st_uid) == user.partition(":")[0], (name, file)
                    assert about.st_mode & 0o077 == 0, (name, file)
    assert {path.stat().st_uid for path in (folder / "secrets/passwords").iterdir()} == {0}
    # where Mosquitto writes its sessions, too
    user, _, group = IMAGES["eclipse-mosquitto"]["user"].partition(":")
    for path in (folder / "mosquitto", *(folder / "mosquitto").iterdir()):
        assert (str(path.stat().st_uid), str(path.stat().st_gid)) == (user, group)


@pytest.mark.parametrize("capability", ["CHOWN", "DAC_OVERRIDE"])
def test_accounts_needs_both_capabilities(
    folder: Path, capability: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a second start at the latest, when files are others' already, it fails without one of them, and says so."""
    assert run(folder).returncode == 0
    monkeypatch.setitem(
        SERVICES["accounts"], "cap_add", [c for c in SERVICES["accounts"]["cap_add"] if c != capability]
    )
    ran = run(folder)
    assert ran.returncode == 1
    assert ran.stderr.startswith("accounts: ")
    assert "Operation not permitted" in ran.stderr or "Permission denied" in ran.stderr
