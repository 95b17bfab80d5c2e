"""The local stack's passwords: random, private, and kept."""

import json
from pathlib import Path

from runtime import mosquitto_accounts, rabbitmq_accounts
from stack import secrets


def test_load_makes_once_and_keeps(tmp_path: Path) -> None:
    """The same passwords every time, all different, in a file for its owner alone."""
    first = secrets.load(tmp_path / "secrets.json")
    assert secrets.load(tmp_path / "secrets.json") == first
    assert len(set(first.values())) == len(first)
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_load_adds_what_a_newer_version_needs(tmp_path: Path) -> None:
    """A user that an older version did not know gets a password; the others keep theirs."""
    file = tmp_path / "secrets.json"
    first = secrets.load(file)
    file.write_text(json.dumps({name: value for name, value in first.items() if name != "mqtt/bridge-3"}))
    second = secrets.load(file)
    assert {**first, "mqtt/bridge-3": second["mqtt/bridge-3"]} == second


def test_of_gives_the_users_of_one_server(tmp_path: Path) -> None:
    """Without the prefix, and without the cookie, which is nobody's password."""
    passwords = secrets.load(tmp_path / "secrets.json")
    mqtt = secrets.of("mqtt", passwords)
    assert sorted(mqtt) == sorted(mosquitto_accounts.users(4))
    assert mqtt["control"] == passwords["mqtt/control"]
    assert sorted(secrets.of("rabbitmq", passwords)) == sorted(rabbitmq_accounts.USERS)
