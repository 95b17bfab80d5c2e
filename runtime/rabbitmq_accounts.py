"""RabbitMQ's accounts: who exists and what each may do, as definitions that RabbitMQ loads at every start."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Final

from wire import names

USERS: Final = ("control", "bridge", "ingest", "alarms", "operator", "web", "viewer")


def definitions(passwords: Mapping[str, str]) -> dict[str, Any]:
    """Virtual host, users and permissions, from user → password. KeyError for a user without one."""
    return {
        "vhosts": [{"name": "/"}],
        "users": [
            {
                "name": user,
                "password_hash": _hash(passwords[user]),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": ["administrator"] if user == "control" else [],
            }
            for user in USERS
        ],
        "permissions": [{"user": user, "vhost": "/", **_RIGHTS[user]} for user in USERS],
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


def _hash(secret: str) -> str:
    """RabbitMQ's documented scheme: base64(salt ‖ SHA-256(salt ‖ password)), four bytes of salt."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + secret.encode()).digest()).decode()
