"""`iotctl provision` and `revoke` on the real broker: what is printed lets a sensor in, until it does not."""

import asyncio
import json
from pathlib import Path

import pytest

from runtime.mqtt import MqttError, Options, connect
from stack.local import Stack
from tests.integration.iotctl import Iotctl


def options(credentials: dict[str, object]) -> Options:
    return Options(
        str(credentials["host"]), int(str(credentials["port"])), str(credentials["client_id"]),
        str(credentials["username"]), str(credentials["password"]).encode(), session_expiry_s=0, clean_start=True,
    )  # fmt: skip


async def connects(credentials: dict[str, object]) -> bool:
    try:
        connection = await connect(options(credentials), lambda *_: None, lambda *_: None)
    except MqttError as error:
        assert not error.retryable, error
        return False
    connection.disconnect()
    await connection.closed
    return True


def provision(iotctl: Iotctl, *arguments: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in iotctl("provision", *arguments, "--format", "json").splitlines()]


async def test_provision_prints_what_lets_a_sensor_in(iotctl: Iotctl) -> None:
    """Several at once, each with a password of its own; the host is the one that sensors reach."""
    made = await asyncio.to_thread(provision, iotctl, "new-1", "new-2", "new-1")
    assert [one["username"] for one in made] == ["new-1", "new-2"]
    assert made[0]["password"] != made[1]["password"]
    assert await connects(made[0])
    assert await connects(made[1])
    assert not await connects({**made[0], "password": made[1]["password"]})
    [other] = await asyncio.to_thread(
        provision, iotctl, "new-3", "--mqtt-host", "mqtt.example.org", "--mqtt-port", "8883"
    )
    assert (other["host"], other["port"]) == ("mqtt.example.org", 8883)


async def test_provision_of_a_known_sensor_is_refused_unless_rotated_which_disconnects_it(
    iotctl: Iotctl,
) -> None:
    """The old password is void at once; refused, it stays valid."""
    [old] = await asyncio.to_thread(provision, iotctl, "rotate-1")
    said = await asyncio.to_thread(iotctl.refused, 2, "provision", "rotate-2", "rotate-1")
    assert "rotate-1 has credentials already: --rotate" in said
    assert str(old["password"]) not in said
    connection = await connect(options(old), lambda *_: None, lambda *_: None)
    [new] = await asyncio.to_thread(provision, iotctl, "rotate-1", "--rotate")
    async with asyncio.timeout(10):
        await connection.closed
    assert not await connects(old)
    assert await connects(new)


async def test_revoke_disconnects_a_sensor_and_keeps_it_out(iotctl: Iotctl) -> None:
    """A second time it is unknown; nothing else is touched."""
    kept, gone = await asyncio.to_thread(provision, iotctl, "revoke-1", "revoke-2")
    connection = await connect(options(gone), lambda *_: None, lambda *_: None)
    assert await asyncio.to_thread(iotctl, "revoke", "revoke-2", "--yes") == "revoke-2: revoked\n"
    async with asyncio.timeout(10):
        await connection.closed
    assert not await connects(gone)
    assert await connects(kept)
    said = await asyncio.to_thread(iotctl.refused, 2, "revoke", "revoke-1", "revoke-2", "--yes")
    assert "nothing was revoked, for revoke-2 has no credentials" in said
    assert await connects(kept)


def test_revoke_without_a_terminal_needs_yes(iotctl: Iotctl) -> None:
    """A script says what it means."""
    iotctl("provision", "revoke-3")
    assert "--yes" in iotctl.refused(2, "revoke", "revoke-3")


def test_names_that_are_no_sensors_are_refused(iotctl: Iotctl) -> None:
    """A wrong serial number, a service's name, a host with a space: exit code 2, before the broker is asked."""
    iotctl.environment["STREAMING_MQTT_PORT"] = "1"
    assert "a serial number is" in iotctl.refused(2, "provision", "a/b")
    assert "no host name" in iotctl.refused(2, "provision", "a", "--mqtt-host", "a b")


def test_the_name_of_a_service_is_no_serial_number(iotctl: Iotctl) -> None:
    """It would take the service's place at the broker."""
    assert "name of a service" in iotctl.refused(2, "provision", "bridge-0")
    assert iotctl.refused(2, "revoke", "control", "--yes")


@pytest.mark.parametrize(
    ("variables", "exit_code", "sentence"),
    [
        ({"STREAMING_MQTT_PORT": "1"}, 3, "cannot reach the MQTT broker at 127.0.0.1:1: Connection refused"),
        ({"STREAMING_MQTT_PASSWORD": "wrong"}, 4, "does not let 'control' administer it"),
    ],
)
def test_a_broker_that_is_away_or_refuses_is_a_sentence(
    iotctl: Iotctl, variables: dict[str, str], exit_code: int, sentence: str
) -> None:
    """Exit codes 3 and 4."""
    iotctl.environment.update(variables)
    assert sentence in iotctl.refused(exit_code, "provision", "never-1")


def test_an_account_without_the_right_to_administer_is_refused(stack: Stack, tmp_path: Path) -> None:
    """A bridge's account lets nobody in: exit code 4."""
    assert "administer" in Iotctl(stack, tmp_path, "bridge-3").refused(4, "provision", "never-2")
