"""What is the emulator's alone; what it does as a sensor is in test_sensor_scenarios.py and test_sensor_outages.py."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from emulator.__main__ import main
from stack.local import Stack
from tests.integration.pipeline import running


def test_no_credentials_for_a_sensor_is_a_sentence(tmp_path: Path) -> None:
    """It names the sensor, and who makes credentials."""
    (tmp_path / "none.json").write_text("{}")
    result = CliRunner().invoke(main, ["--credentials", str(tmp_path / "none.json"), "--sensors", "2"])
    assert result.exit_code == 1
    assert "no credentials for vehicle-0001 and 1 others" in result.output


@pytest.mark.parametrize("sensors", [1, 2])
def test_refused_password_ends_the_fleet(stack: Stack, tmp_path: Path, sensors: int) -> None:
    """Trying again would not help, and a load test with half of its sensors would be none. (A board tries again.)"""
    with running(stack, tmp_path) as pipeline:
        serials = ["wrong-vehicle-0001", "wrong-pump-0002"][:sensors]
        credentials = tmp_path / "wrong.json"
        credentials.write_text(json.dumps({**stack.credentials(serials), serials[0]: "wrong"}))
        service = pipeline.start(
            "emulator",
            ["emulator", "--credentials", str(credentials), "--sensors", str(sensors), "--prefix", "wrong-"],
            "emulator",
        )
        assert service.process.wait(20) == 1
        assert "failed" in service.log.read_text()
