"""How `iotctl` ends: as a process, whatever its terminal, its output and its user do."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def iotctl(*arguments: str, **changed: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # type: ignore[call-overload, no-any-return]  # keywords as they come
        [sys.executable, "-m", "ctl", *arguments],
        **{"capture_output": True, "text": True, "cwd": ROOT, "check": False, "timeout": 60, **changed},
    )


def test_wrong_use_is_exit_code_2_and_help_is_0() -> None:
    """And the version says which one it is."""
    assert iotctl("nonsense").returncode == 2
    assert iotctl("sleep", "--no-such-option").returncode == 2
    assert iotctl("--version").stdout.startswith("iotctl, version ")


def test_output_that_cannot_be_written_is_a_sentence() -> None:
    """A full disk is not a traceback."""
    with Path("/dev/full").open("w") as full:
        done = iotctl("completion", "bash", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == "Error: No space left on device\n"


def test_characters_that_the_terminal_cannot_show_are_replaced() -> None:
    """Not the end of the command."""
    done = iotctl("logs", "--help", env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0
    assert "2026-03-01 ?" in done.stdout


@pytest.mark.parametrize("after_s", [0.05, 0.2])
def test_ctrl_c_while_it_starts_is_exit_code_130(after_s: float) -> None:
    """Modules take a moment to be imported; whenever it comes there is no traceback."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ctl", "profiles"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(after_s)  # into the middle of the imports, wherever that is
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    if "ctl" in stderr or process.returncode == 130:
        assert process.returncode == 130, stderr
    assert "ctl/" not in stderr


def test_ctrl_c_at_a_question_is_exit_code_130(tmp_path: Path) -> None:
    """Nothing is kept of a login that was given up."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ctl", "login"],
        cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env={**os.environ, "IOTCTL_CONFIG": str(tmp_path / "iotctl.toml")},
    )  # fmt: skip
    os.close(slave)
    said = b""
    while b"RabbitMQ host" not in said:
        said += os.read(master, 1024)
    for _ in range(12):
        process.send_signal(
            signal.SIGINT
        )  # one that comes just before it begins to read is heard with the next
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
            break
    process.kill()
    assert process.wait() == 130
    os.close(master)
    assert not (tmp_path / "iotctl.toml").exists()
