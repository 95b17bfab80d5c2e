"""Who gives commands and asks for things."""

import getpass
import socket


def whoami() -> str:
    """Who sits at this terminal, for the audit beside the account that RabbitMQ has verified."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container may run as a number without a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
