"""HTTP connections on which nothing happens are closed, so that whoever opens many takes no place from others."""

import asyncio
from typing import Any, ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_SPARE: Final = (
    100  # connections beyond the bound that are told so (503); further ones are not even listened to
)


class PatientProtocol(H11Protocol):
    """uvicorn's, which waits for ever for a request to begin, for its head, for what comes after an answer, and for a
    WebSocket's handshake: this one for `head_s`. Of an answer something has to be taken every `write_s`.
    """

    head_s: ClassVar[float] = 10.0
    write_s: ClassVar[float] = 60.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Wait for a head."""
        super().connection_made(transport)
        if self.limit_concurrency is not None and len(self.connections) > self.limit_concurrency + _SPARE:
            transport.abort()
            return
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait on where it was a part of a head, from its first byte on, or of a body that nobody reads any longer."""
        super().data_received(data)
        if not self._theirs():
            self._wait_no_more()
        elif self._waiting is None and self.timeout_keep_alive_task is None:
            self._wait()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Another protocol has the connection from here on; one with a body it would never answer."""
        super().handle_websocket_upgrade(event)
        protocol: Any = self.transport.get_protocol()

        def end() -> None:
            if not protocol.handshake_complete:
                self.transport.close()

        self.loop.call_later(self.head_s, end)

    def send_400_response(self, msg: str) -> None:
        """What is said of a request that is none, where no answer has begun yet: there can be no second one."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()
        if self.cycle is not None:  # whoever still answers
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def pause_writing(self) -> None:
        """It takes an answer slowly, or not at all."""
        super().pause_writing()
        if self._writing is None:
            self._writing = self.loop.call_later(self.write_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It has taken something."""
        super().resume_writing()
        self._write_no_more()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._wait_no_more()
        self._write_no_more()
        super().connection_lost(exc)

    def _theirs(self) -> bool:
        """Whether it is their turn: no head is whole; or it was answered before all of its body had come."""
        state = self.conn.their_state
        answered = self.cycle is not None and self.cycle.response_complete
        return state is h11.IDLE or (state is h11.SEND_BODY and answered)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.head_s, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _write_no_more(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
