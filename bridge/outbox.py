"""What goes to the topic exchange: births, statuses, acknowledgements of sensors, reports of commands.

Many are unconfirmed at once, but (unless their order means nothing) only one of each routing key, so that what one
sensor says stays in order even where RabbitMQ refuses one of them. Each is published until it is confirmed.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import structlog

from bridge import metrics
from runtime.backoff import Backoff
from wire import names

log = structlog.get_logger()

WINDOW = 1_000  # unconfirmed at RabbitMQ
_COMPLAINT_INTERVAL_S = 1.0

Publish = Callable[[str, bytes, Mapping[str, object]], "asyncio.Future[None]"]


class Letter(NamedTuple):
    """One message for the exchange; `landed` is called once RabbitMQ has it."""

    routing_key: str
    serial_number: str
    received_ns: int
    payload: bytes
    landed: Callable[[], None]
    in_order: bool = True  # after those of the same key that were added before


class _Pending:
    """A letter and how often it was refused."""

    __slots__ = ("backoff", "letter")

    def __init__(self, letter: Letter) -> None:
        self.letter = letter
        self.backoff: Backoff | None = None


class Outbox:
    """Bounded by whoever adds: what the MQTT broker may have under way to this bridge, and commands under way."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._publish: Publish | None = None
        self._ready: deque[_Pending] = deque()
        self._behind: dict[
            str, deque[_Pending]
        ] = {}  # of each key of which one is ready, under way or refused
        self._under_way = 0
        self._complained = 0.0
        self._refusals = 0

    def add(self, letter: Letter) -> None:
        """Publish it as soon as it is its turn; never waits."""
        pending = _Pending(letter)
        if letter.in_order:
            behind = self._behind.get(letter.routing_key)
            if behind is not None:
                behind.append(pending)
                return
            self._behind[letter.routing_key] = deque()
        self._ready.append(pending)
        self._pump()

    def connected(self, publish: Publish) -> None:
        """RabbitMQ is there."""
        self._publish = publish
        self._pump()

    def disconnected(self) -> None:
        """It is not; what was under way fails, and waits for the next connection."""
        self._publish = None

    def _pump(self) -> None:
        while self._publish is not None and self._ready and self._under_way < self._window:
            pending = self._ready.popleft()
            letter = pending.letter
            headers = {
                names.HEADER_SERIAL_NUMBER: letter.serial_number,
                names.HEADER_RECEIVED_NS: letter.received_ns,
            }
            self._under_way += 1
            answer = self._publish(letter.routing_key, letter.payload, headers)
            answer.add_done_callback(partial(self._answered, pending))

    def _answered(self, pending: _Pending, answer: "asyncio.Future[None]") -> None:
        self._under_way -= 1
        error = answer.exception()
        if error is not None:
            # a full queue refuses, one that is missing lets it come back, a connection ends
            self._complain(error)
            pending.backoff = pending.backoff or Backoff(maximum_s=5.0)
            asyncio.get_running_loop().call_later(pending.backoff.next(), self._again, pending)
            return
        if pending.letter.in_order:
            key = pending.letter.routing_key
            behind = self._behind[key]
            if behind:
                self._ready.append(behind.popleft())
            else:
                del self._behind[key]
        pending.letter.landed()
        self._pump()

    def _again(self, pending: _Pending) -> None:
        self._ready.append(pending)
        self._pump()

    def _complain(self, error: BaseException) -> None:
        metrics.FAILURES.labels("queue").inc()
        self._refusals += 1
        if time.monotonic() - self._complained > _COMPLAINT_INTERVAL_S:  # they may be thousands
            log.warning("queue_publish_failed", error=str(error), messages=self._refusals)
            self._complained, self._refusals = time.monotonic(), 0
