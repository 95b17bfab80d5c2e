"""`make demo`, as a whole: emulated sensors and the firmware's side by side, nothing lost."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from stack.firmware import host_program
from stack.servers import REPOSITORY


@pytest.mark.timeout(300)
def test_demo_of_both_kinds_of_sensor_runs_and_stops_by_itself(tmp_path: Path) -> None:
    """All of them are connected, none has lost anything, both fleets are shown as services, and the page lets one in."""
    host_program(print)
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "stack", "--data", str(tmp_path / "demo"), "demo"),
            *("--sensors", "2", "--firmware", "3", "--duration", "5"),
        ],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        said = []
        for line in demo.stdout:
            said.append(line)
            if shown := re.search(
                r"the page: (http://127\.0\.0\.1:\d+)  user operator, password (\S+)$", line
            ):
                assert log_in(*shown.groups()) == "operator"
    assert demo.returncode == 0, "".join(said)
    assert any("the page: http" in line for line in said)
    view = " ".join(
        "".join(said).replace("│", " ").split()
    )  # its frame goes through lines that were too long
    assert "5/5 sensors" in view
    assert " 0 lost " in view
    assert "dead letters 0" in view
    assert "emulator ready" in view
    assert "firmware ready" in view
    assert "maintenance ready" in view
    assert "firmware-0" in view


def log_in(url: str, password: str) -> str:
    """The role of whom the page lets in by this password."""
    with httpx.Client(base_url=url, headers={"Origin": url}) as client:
        answer = client.post("/login", data={"name": "operator", "password": password, "next": "/"})
        assert answer.status_code == 303, answer.text
        return str(client.get("/api/session").json()["role"])
