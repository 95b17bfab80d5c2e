"""Passwords of one checkout's stack: made once at random, kept in a file that only its user can read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime import mosquitto_accounts, rabbitmq_accounts
from runtime.accounts import BRIDGES, DATABASE_ROLES
from runtime.password_files import password, write_private

MQTT_USERS = mosquitto_accounts.users(BRIDGES)
WEB_USERS = ("operator",)  # the demo's


def load(path: Path) -> dict[str, str]:
    """The passwords of everything but sensors, by "mqtt/bridge-0", "rabbitmq/ingest", "database/owner" …"""
    known = read_private(path)
    wanted = [
        *(f"mqtt/{user}" for user in MQTT_USERS),
        *(f"rabbitmq/{user}" for user in rabbitmq_accounts.USERS),
        *(f"database/streaming_{role}" for role in DATABASE_ROLES),
        *(f"web/{user}" for user in WEB_USERS),
        "database/postgres",
        "rabbitmq/cookie",
    ]
    missing = [name for name in wanted if name not in known]
    if missing:
        known.update({name: password() for name in missing})
        write_json(path, known)
    return known


def read_private(path: Path) -> dict[str, str]:
    """A JSON object of strings; empty where the file does not exist."""
    if not path.exists():
        return {}
    content: dict[str, str] = json.loads(path.read_text())
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace the file by this JSON at once, readable by its owner alone."""
    write_private(path, json.dumps(content, indent=1, sort_keys=True))


def of(server: str, passwords: Mapping[str, str]) -> dict[str, str]:
    """User → password of one server: "mqtt" or "rabbitmq"."""
    return {
        name.removeprefix(f"{server}/"): secret
        for name, secret in passwords.items()
        if name.startswith(f"{server}/") and name != "rabbitmq/cookie"
    }
