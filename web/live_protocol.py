"""A live connection's transport: little may wait in it, so that a slow line is noticed before a page is far behind."""

import socket
from asyncio.transports import BaseTransport
from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# Beyond, `send` waits. On a line of 10 kB/s this and the kernel's are four seconds.
_BUFFER_BYTES: Final = 16_384
# What the kernel takes for a page that does not read (it doubles it); by itself it would take megabytes.
_KERNEL_BUFFER_BYTES: Final = 16_384


class LiveProtocol(WebSocketsSansIOProtocol):
    """For uvicorn: of its implementations of WebSockets the one without a task of its own for each connection."""

    def connection_made(self, transport: BaseTransport) -> None:
        """As uvicorn does, and bounds."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=_BUFFER_BYTES)
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER_BYTES)
