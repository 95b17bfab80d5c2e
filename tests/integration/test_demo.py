"""`make demo`, as a whole: emulated sensors and the firmware's side by side, nothing lost."""

import subprocess
import sys
from pathlib import Path

import pytest

from stack.firmware import host_program
from stack.servers import REPOSITORY


@pytest.mark.timeout(300)
def test_demo_of_both_kinds_of_sensor_runs_and_stops_by_itself(tmp_path: Path) -> None:
    """All of them are connected, none has lost anything, and both fleets are shown as services."""
    host_program(print)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "stack", "--data", str(tmp_path / "demo"), "demo"),
            *("--sensors", "2", "--firmware", "3", "--duration", "5"),
        ],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    view = " ".join(done.stdout.split())
    assert "5/5 sensors" in view
    assert " 0 lost " in view
    assert "dead letters 0" in view
    assert "emulator ready" in view
    assert "firmware ready" in view
    assert "firmware-0" in view
