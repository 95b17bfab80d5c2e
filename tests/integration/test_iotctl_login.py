"""Profiles of `iotctl` on the real servers: asked for, tried, kept, used, forgotten."""

import stat
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail

from stack.local import Stack
from tests.integration.iotctl import Iotctl


@pytest.fixture
def iotctl(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iotctl:
    """Without any STREAMING_* variable but the ports, which a profile does not ask for; and without a keyring."""
    monkeypatch.setattr(keyring, "get_keyring", fail.Keyring)
    one = Iotctl(stack, tmp_path)
    for name in list(one.environment):
        if name.startswith("STREAMING_") and "PORT" not in name:
            one.environment[name] = None  # unset, should whoever runs the tests have it
    return one


def answers(stack: Stack, **changed: str) -> str:
    """What a person types: hosts and users as proposed, then the passwords."""
    environment = stack.environment("operator")
    passwords = {
        "rabbitmq": environment["STREAMING_RABBITMQ_PASSWORD"],
        "database": environment["STREAMING_DATABASE_PASSWORD"],
        "mqtt": environment["STREAMING_MQTT_PASSWORD"],
        "owner": environment["STREAMING_OWNER_PASSWORD"],
        **changed,
    }
    return "\n" * 6 + "\n".join(passwords.values()) + "\n"


def test_login_tries_and_keeps_what_was_typed(stack: Stack, iotctl: Iotctl, tmp_path: Path) -> None:
    """Afterwards nothing has to be said; passwords are nowhere but in a file that others cannot read."""
    result = iotctl.run("login", input=answers(stack))
    assert result.exit_code == 0, result.output
    for server in ("RabbitMQ: ok", "database: ok", "MQTT broker: ok", "database's owner: ok"):
        assert server in result.stderr
    secret = stack.environment("operator")["STREAMING_RABBITMQ_PASSWORD"]
    assert secret not in result.output
    assert secret not in (tmp_path / "iotctl.toml").read_text()
    assert stat.S_IMODE((tmp_path / "passwords.toml").stat().st_mode) == 0o600

    iotctl("sensors", "--output", "json")
    iotctl("db", "migrate")  # as the database's owner
    [profile] = iotctl.json("profiles")
    assert profile == {**profile, "profile": "default", "default": "*", "rabbitmq_username": "operator"}
    assert not any("password" in key for key in profile)

    iotctl("logout")
    assert secret not in (tmp_path / "passwords.toml").read_text()
    assert "password" in iotctl.refused(4, "sensors")


def test_login_that_a_server_refuses_keeps_nothing_and_names_it(
    stack: Stack, iotctl: Iotctl, tmp_path: Path
) -> None:
    """All are tried, so that one sees every mistake at once."""
    said = iotctl.refused(1, "login", input=answers(stack, rabbitmq="wrong", owner="wrong"))
    assert "RabbitMQ: " in said
    assert "database's owner: " in said
    assert "database: ok" in said
    assert "nothing is kept" in said
    assert not (tmp_path / "iotctl.toml").exists()
    assert not (tmp_path / "passwords.toml").exists()


def test_two_profiles_are_two_operators(stack: Stack, iotctl: Iotctl) -> None:
    """--profile chooses, the first is the default, and an unknown one is refused with those there are."""
    assert iotctl.run("--profile", "site", "login", input=answers(stack)).exit_code == 0
    viewer = stack.environment("viewer")
    typed = ["", "viewer", "", "streaming_readonly", "", "", viewer["STREAMING_RABBITMQ_PASSWORD"]]
    typed += [viewer["STREAMING_DATABASE_PASSWORD"], "", ""]
    result = iotctl.run("--profile", "guest", "login", input="\n".join(typed) + "\n")
    assert result.exit_code == 0, result.output
    iotctl("--profile", "guest", "sensors")
    users = {row["profile"]: row["rabbitmq_username"] for row in iotctl.json("profiles")}
    assert users == {"guest": "viewer", "site": "operator"}
    assert "known: guest, site" in iotctl.refused(2, "--profile", "attic", "sensors")


def test_login_from_the_environment_asks_nothing(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For scripts; the ports are kept, too."""
    monkeypatch.setattr(keyring, "get_keyring", fail.Keyring)
    one = Iotctl(stack, tmp_path)
    for name, value in stack.environment("operator").items():
        monkeypatch.setenv(name, value)
    one("--profile", "ci", "login", "--from-env")
    for name in stack.environment("operator"):
        monkeypatch.delenv(name)
        one.environment[name] = None
    one("--profile", "ci", "sensors", "--output", "json")
