"""The socket that the page is served on, and how uvicorn treats WebSockets."""

import socket
from typing import Any, Final

from web.live_protocol import LiveProtocol

_BACKLOG: Final = 1024
_DEAF_MS: Final = 60_000  # then a connection is given up that takes nothing of what waits for it

# For uvicorn.Config. Frames are floats that compress little, and compressing them for each viewer costs more than
# everything else.
WEBSOCKETS: Final[dict[str, Any]] = {
    "ws": LiveProtocol,
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
        # connections have it from the socket that listens
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAF_MS)
        listening.bind(address)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening
