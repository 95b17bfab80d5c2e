"""What the README's commands run."""

import os
import subprocess

import pytest

from stack.servers import REPOSITORY


@pytest.mark.parametrize(
    ("given", "runs"),
    [
        ([], "--sensors 50 --firmware 0"),
        (["SENSORS=1000", "FIRMWARE=20"], "--sensors 1000 --firmware 20"),
    ],
)
def test_demo_has_the_fleet_that_was_asked_for(given: list[str], runs: str) -> None:
    """Word for word as it stands there, and with both sizes."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    said = subprocess.run(
        ["make", "--dry-run", "demo", *given],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.splitlines()[-1].endswith(f"-m stack demo {runs}")
