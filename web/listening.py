"""The socket that the page is served on, and how uvicorn treats WebSockets, so that a slow viewer is noticed."""

import socket
from typing import Any, Final

_BACKLOG: Final = 1024
# What the kernel holds for a viewer that does not read (it takes twice as much): without a bound it takes megabytes,
# which is a long time on a slow line before anybody here knows that it is one.
_SEND_BUFFER_BYTES: Final = 65_536
# Then a connection is given up that takes nothing of what waits for it.
_DEAF_MS: Final = 60_000

# For uvicorn.Config. Frames are floats that compress little, and compressing them for each viewer costs more than
# everything else; the implementation without a task of its own for each connection costs the least.
WEBSOCKETS: Final[dict[str, Any]] = {
    "ws": "websockets-sansio",
    "ws_per_message_deflate": False,
    "ws_max_size": 65_536,
    "ws_ping_interval": 20.0,
    "ws_ping_timeout": 60.0,  # on a slow line a ping waits behind what was sent before
}


def listen(host: str, port: int) -> socket.socket:
    """A TCP socket that listens there, for uvicorn.Server.serve(sockets=[…]); port 0 takes a free one. OSError."""
    [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # connections have these from the socket that listens
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAF_MS)
        listening.bind(address)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening
