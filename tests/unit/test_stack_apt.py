"""What is said when packages cannot be had; apt-get is a script here, for its failures."""

from pathlib import Path

import pytest

from stack import apt
from stack.errors import StackError


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH, with the shell's own needs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "cat"):
        (folder / tool).symlink_to(f"/bin/{tool}")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_mirror_without_apt_names_the_tool(tools: Path) -> None:
    """A machine that is no Debian is told what is needed."""
    with pytest.raises(StackError, match=r"apt-get is missing.*Debian 12"):
        apt.mirror()


def test_mirror_is_the_machines_own(tools: Path) -> None:
    """The first repository labelled Debian is taken, not the security mirror nor a third party's."""
    script(tools / "dpkg-deb", "")
    script(
        tools / "apt-get",
        "echo 'http://vendor.test/x Vendor'; echo 'http://s.test/debian-security Debian-Security'; "
        "echo 'http://mirror.test/debian Debian'",
    )
    assert apt.mirror() == "http://mirror.test/debian"


def test_mirror_of_another_distribution_is_refused(tools: Path) -> None:
    """Where the machine uses no Debian mirror, none is invented."""
    script(tools / "dpkg-deb", "")
    script(tools / "apt-get", "echo 'http://mirror.test/ubuntu Ubuntu'")
    with pytest.raises(StackError, match="no Debian mirror"):
        apt.mirror()


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        ("E: Failed to fetch http://mirror.test/x  Temporary failure resolving 'mirror.test'", "a network"),
        ("E: Failed to fetch http://mirror.test/x  Could not connect to mirror.test:80", "a network"),
        ("E: The repository 'http://mirror.test trixie InRelease' is not signed.", "keys are too old"),
        ("W: GPG error: NO_PUBKEY 0123456789\nE: something", "keys are too old"),
        ("E: You don't have enough free space in /x/archives/.", "disk is full"),
        ("E: Write error - write (28: No space left on device)", "disk is full"),
        ("E: Unable to locate package mosquitto", "Unable to locate package mosquitto"),
        ("", "no message"),
    ],
)
def test_resolve_failure_is_one_sentence(tools: Path, tmp_path: Path, stderr: str, sentence: str) -> None:
    """Each way to fail has its own advice, with apt's reason; never apt's whole output."""
    (tmp_path / "stderr").write_text(stderr)
    script(tools / "apt-get", f"cat {tmp_path}/stderr >&2; exit 100")
    with pytest.raises(StackError, match=sentence) as failed:
        apt.Apt(tmp_path).resolve(["mosquitto"])
    assert "\n" not in str(failed.value)


def test_resolve_lists_files_and_sizes(tools: Path, tmp_path: Path) -> None:
    """Names are apt's own, epochs escaped included, in a fixed order: they are the cache's key."""
    script(
        tools / "apt-get",
        "echo 'Reading package lists...'; "
        "echo \"'http://m.test/p/z.deb' z_1%3a2.0-1_amd64.deb 12 SHA256:00\"; "
        "echo \"'http://m.test/p/a.deb' a_1.0_all.deb 7 SHA256:00\"",
    )
    assert apt.Apt(tmp_path).resolve(["z"]) == {"a_1.0_all.deb": 7, "z_1%3a2.0-1_amd64.deb": 12}


def test_download_says_how_far_it_is(tools: Path, tmp_path: Path) -> None:
    """Progress comes in tenths, and what was fetched earlier counts."""
    one = apt.Apt(tmp_path)
    one.archives.mkdir()
    (one.archives / "a_1_all.deb").write_bytes(b"x" * 600)
    script(tools / "apt-get", "exec 3> b_1_all.deb; echo 0123456789 >&3")
    said: list[str] = []
    assert one.download(["b"], said.append, total_bytes=611) == [one.archives / "b_1_all.deb"]
    assert len(said) <= 10
    assert said
