"""`python -m emulator.credentials`: an emulated fleet may log in."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emulator import credentials
from emulator.fleet_plan import Fleet, serial_numbers
from runtime import dynsec
from stack.local import Stack

PREFIX = "fleetcred-"


async def run(stack: Stack, file: Path, sensors: int, **environment: str) -> Result:
    """The command, as the broker's administrator."""
    return await asyncio.to_thread(
        CliRunner().invoke,
        credentials.main,
        [f"--credentials={file}", f"--sensors={sensors}", f"--prefix={PREFIX}"],
        env={**stack.environment("control"), **environment},
    )


async def test_credentials_are_made_once_and_known_to_the_broker(stack: Stack, tmp_path: Path) -> None:
    """A second call makes what a larger fleet lacks; who has a password keeps it. The file is private."""
    file, access = tmp_path / "fleet.json", _access(stack)
    try:
        assert "2 sensors may log in" in (await run(stack, file, 2)).output
        first = json.loads(file.read_text())
        assert list(first) == sorted(serial_numbers(Fleet(2, PREFIX)))
        assert file.stat().st_mode & 0o777 == 0o600
        assert (await run(stack, file, 3)).exit_code == 0
        second = json.loads(file.read_text())
        assert {**second, **first} == second
        assert len(second) == 3
        assert set(second) <= set(await asyncio.to_thread(dynsec.sensors, access))
    finally:
        names = serial_numbers(Fleet(3, PREFIX))
        await asyncio.to_thread(credentials.Credentials(file, access).revoke, names)
    assert json.loads(file.read_text()) == {}


@pytest.mark.parametrize(
    ("environment", "says"),
    [({"STREAMING_MQTT_PASSWORD": "wrong"}, "cannot administer"), ({"STREAMING_MQTT_PORT": "1"}, "cannot")],
)
async def test_credentials_that_cannot_be_made_are_one_sentence(
    stack: Stack, tmp_path: Path, environment: dict[str, str], says: str
) -> None:
    """And nothing is written: a password that the broker does not know would help nobody."""
    ran = await run(stack, tmp_path / "fleet.json", 1, **environment)
    assert ran.exit_code == 1
    assert says in ran.output
    assert len(ran.output.strip().splitlines()) == 1
    assert not (tmp_path / "fleet.json").exists()


def _access(stack: Stack) -> dynsec.Access:
    assert stack.ports is not None
    return dynsec.Access("127.0.0.1", stack.ports.mqtt, "control", stack.passwords["mqtt/control"])
