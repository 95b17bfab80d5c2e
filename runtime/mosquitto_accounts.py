"""Mosquitto's accounts: the services', and their roles, as its dynamic security plugin keeps them in a file."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from runtime.dynsec import acl, sensor_role


def users(bridges: int) -> tuple[str, ...]:
    """The administrator, and one user for each replica of the bridge."""
    return ("control", *(f"bridge-{i}" for i in range(bridges)))


def first_state(passwords: Mapping[str, str]) -> dict[str, Any]:
    """From user → password what the plugin begins with; afterwards the broker owns the file.

    Nothing is allowed by default: what a role does not allow is left to the access control file.
    """
    return {
        "defaultACLAccess": {
            "publishClientSend": False,
            "publishClientReceive": False,
            "subscribe": False,
            "unsubscribe": True,
        },
        "clients": [_client(user, password) for user, password in passwords.items()],
        "groups": [],
        "roles": _roles(),
    }


def renewed(state: dict[str, Any], passwords: Mapping[str, str]) -> dict[str, Any]:
    """That state as the broker has kept it, with this version's roles, and the services' users with these passwords.

    Sensors, their passwords and whatever else was added stay. An equal state where nothing is to be done.
    """
    clients = {client["username"]: client for client in state["clients"]}
    for user, password in passwords.items():
        if not _has(clients.get(user), password):
            clients[user] = _client(user, password)
    roles = {role["rolename"]: role for role in state["roles"]}
    for role in _roles():
        if not _same(roles.get(role["rolename"]), role):
            roles[role["rolename"]] = role
    return {**state, "clients": list(clients.values()), "roles": list(roles.values())}


def _same(kept: dict[str, Any] | None, role: dict[str, Any]) -> bool:
    """Whether it says the same: the broker sorts what it keeps."""
    if kept is None:
        return False
    ours, theirs = ([tuple(sorted(rule.items())) for rule in one["acls"]] for one in (role, kept))
    return sorted(ours) == sorted(theirs)


def _client(user: str, password: str) -> dict[str, Any]:
    role = "control" if user == "control" else "bridge"
    return {"username": user, "roles": [{"rolename": role}], **_hash(password)}


def _has(client: dict[str, Any] | None, password: str) -> bool:
    """Whether this is that user's password."""
    if client is None or "salt" not in client:
        return False
    digest = _digest(password, base64.b64decode(client["salt"]), client["iterations"])
    return secrets.compare_digest(digest, base64.b64decode(client["password"]))


def _roles() -> list[dict[str, Any]]:
    everywhere = ["publishClientSend", "publishClientReceive", "subscribePattern", "unsubscribePattern"]
    return [
        sensor_role(),
        {
            "rolename": "control",
            "acls": [
                *(acl(kind, topic) for topic in ("$CONTROL/#", "$SYS/#", "#") for kind in everywhere),
                # it would be dealt a share of the bridges' messages, also when it is long gone
                acl("subscribePattern", "$share/#", allow=False, priority=1),
            ],
        },
        {
            "rolename": "bridge",
            "acls": [
                acl("publishClientReceive", "sensors/#"),
                acl("subscribePattern", "sensors/#"),
                acl("subscribePattern", "$share/bridge/sensors/#"),
                acl("publishClientSend", "sensors/+/commands/+"),
                acl("publishClientSend", "bridges/#"),
                acl("publishClientReceive", "bridges/#"),
                acl("subscribePattern", "bridges/#"),
            ],
        },
    ]


def _hash(password: str) -> dict[str, Any]:
    """As the plugin makes them."""
    salt, iterations = secrets.token_bytes(12), 101
    return {
        "password": base64.b64encode(_digest(password, salt, iterations)).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": iterations,
    }


def _digest(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
