"""Passwords of one checkout's stack: made once at random, kept in a file that only its user can read."""

import base64
import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from runtime.dynsec import acl, sensor_role
from wire import names

MQTT_USERS = ("control", "bridge-0", "bridge-1", "bridge-2", "bridge-3")
RABBITMQ_USERS = ("control", "bridge", "ingest", "alarms", "operator", "web", "viewer")
WEB_USERS = ("operator",)  # the demo's
DATABASE_ROLES = ("owner", "ingest", "alarms", "control", "web", "readonly")


def password() -> str:
    """144 random bits, in letters, digits, - and _."""
    return secrets.token_urlsafe(18)


def load(path: Path) -> dict[str, str]:
    """The passwords of everything but sensors, by "mqtt/bridge-0", "rabbitmq/ingest", "database/owner" …"""
    known = read_private(path)
    wanted = [
        *(f"mqtt/{user}" for user in MQTT_USERS),
        *(f"rabbitmq/{user}" for user in RABBITMQ_USERS),
        *(f"database/streaming_{role}" for role in DATABASE_ROLES),
        *(f"web/{user}" for user in WEB_USERS),
        "database/postgres",
        "rabbitmq/cookie",
    ]
    missing = [name for name in wanted if name not in known]
    if missing:
        known.update({name: password() for name in missing})
        write_private(path, known)
    return known


def read_private(path: Path) -> dict[str, str]:
    """A JSON object of strings; empty where the file does not exist."""
    if not path.exists():
        return {}
    content: dict[str, str] = json.loads(path.read_text())
    return content


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Replace the file by this JSON at once, readable by its owner alone."""
    write_text(path, json.dumps(content, indent=1, sort_keys=True))


def write_text(path: Path, text: str) -> None:
    """Replace the file at once, readable by its owner alone."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    partial.rename(path)


def rabbitmq_definitions(passwords: dict[str, str]) -> dict[str, Any]:
    """Virtual host, users and permissions, as RabbitMQ loads them at start."""
    return {
        "vhosts": [{"name": "/"}],
        "users": [
            {
                "name": user,
                "password_hash": _rabbitmq_hash(passwords[f"rabbitmq/{user}"]),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": ["administrator"] if user == "control" else [],
            }
            for user in RABBITMQ_USERS
        ],
        "permissions": [{"user": user, "vhost": "/", **_RIGHTS[user]} for user in RABBITMQ_USERS],
        "topic_permissions": [
            {"user": user, "vhost": "/", "exchange": names.EXCHANGE, "write": keys, "read": ".*"}
            for user, keys in _MAY_PUBLISH.items()
        ],
    }


def _rights(*, configure: str = "^$", write: str = "^$", read: str = "^$") -> dict[str, str]:
    return {"configure": configure, "write": write, "read": read}


_DATA = r"sensor_streaming\.data(-[0-9]+)?"
_STREAMS = r"sensor_streaming\.(data(-[0-9]+)?|logs|dead)"
_OWN_QUEUES = r"amq\.gen-.*"  # named by the server, exclusive to a connection
# What each account may do; docs/design.md says it in words. Which routing keys it may publish stands below.
_RIGHTS = {
    "control": _rights(configure=".*", write=".*", read=".*"),
    "bridge": _rights(write="^sensor_streaming", read="^sensor_streaming"),
    "ingest": _rights(write=r"^sensor_streaming\.dead$", read="^sensor_streaming"),
    "alarms": _rights(
        configure=f"^{_OWN_QUEUES}$",
        write=f"^({names.EXCHANGE}|{_OWN_QUEUES})$",
        read=f"^({names.EXCHANGE}|{_DATA}|{_OWN_QUEUES})$",
    ),
    "operator": _rights(
        configure=f"^{_OWN_QUEUES}$",
        write=f"^({names.EXCHANGE}|{_STREAMS}|{_OWN_QUEUES})$",
        read=f"^({names.EXCHANGE}|{_STREAMS}|{_OWN_QUEUES})$",
    ),
    "web": _rights(
        configure=f"^{_OWN_QUEUES}$",
        write=f"^({names.EXCHANGE}|{_OWN_QUEUES})$",
        read=f"^({names.EXCHANGE}|{_DATA}|{_OWN_QUEUES})$",
    ),
    "viewer": _rights(read=f"^{_STREAMS}$"),
}
_MAY_PUBLISH = {
    "bridge": r"^sensor_[^.]+\.(birth|status|acks|command_reports)$",
    "alarms": r"^sensor_[^.]+\.(alarms|commands)\.",
    "operator": r"^sensor_[^.]+\.commands\.",
    "web": r"^sensor_[^.]+\.commands\.",
}


def _rabbitmq_hash(secret: str) -> str:
    """RabbitMQ's documented scheme: base64(salt ‖ SHA-256(salt ‖ password)), four bytes of salt."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + secret.encode()).digest()).decode()


def dynamic_security(passwords: dict[str, str]) -> dict[str, Any]:
    """The first state of Mosquitto's dynamic security plugin; afterwards the broker owns the file.

    Nothing is allowed by default: what a role does not allow is left to the access control file.
    """
    return {
        "defaultACLAccess": {
            "publishClientSend": False,
            "publishClientReceive": False,
            "subscribe": False,
            "unsubscribe": True,
        },
        "clients": [_mosquitto_client(user, passwords) for user in MQTT_USERS],
        "groups": [],
        "roles": _mosquitto_roles(),
    }


def renew_dynamic_security(state: dict[str, Any], passwords: dict[str, str]) -> dict[str, Any]:
    """That state as an older version made it and the broker kept it, with this version's roles and users.

    Sensors, passwords and whatever else was added stay.
    """
    roles = _mosquitto_roles()
    ours = {role["rolename"] for role in roles}
    known = {client["username"] for client in state["clients"]}
    return {
        **state,
        "clients": [
            *state["clients"],
            *(_mosquitto_client(user, passwords) for user in MQTT_USERS if user not in known),
        ],
        "roles": [*roles, *(role for role in state["roles"] if role["rolename"] not in ours)],
    }


def _mosquitto_client(user: str, passwords: dict[str, str]) -> dict[str, Any]:
    role = "control" if user == "control" else "bridge"
    return {"username": user, "roles": [{"rolename": role}], **_mosquitto_hash(passwords[f"mqtt/{user}"])}


def _mosquitto_roles() -> list[dict[str, Any]]:
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


def _mosquitto_hash(secret: str) -> dict[str, Any]:
    """PBKDF2-HMAC-SHA512, as the plugin makes them."""
    salt, iterations = secrets.token_bytes(12), 101
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, iterations)
    return {
        "password": base64.b64encode(digest).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": iterations,
    }
