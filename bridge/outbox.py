"""What goes to the topic exchange: births, statuses, acknowledgements of sensors, reports of commands.

Many are unconfirmed at once, but (unless their order means nothing) only one of each routing key, so that what one
sensor says stays in order even where RabbitMQ refuses one of them. Each is published until it is confirmed; while
RabbitMQ does not take them, a letter that replaces what the same sensor has said before is published instead of it.
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
    """One message for the exchange; `landed` is called once RabbitMQ has it, or one that replaces it waits."""

    routing_key: str
    serial_number: str
    received_ns: int
    payload: bytes
    landed: Callable[[], None]
    in_order: bool = True  # after those of the same key that were added before
    replaces: bool = False  # those of the same key that still wait mean nothing any more


class _Turn:
    """A letter whose turn it is, those of its key behind it, and how often it was refused."""

    __slots__ = ("backoff", "behind", "letter", "under_way")

    def __init__(self, letter: Letter, behind: deque[Letter]) -> None:
        self.letter = letter
        self.behind = behind
        self.under_way = False
        self.backoff: Backoff | None = None

    def supersede(self) -> None:
        """Forget what comes before the last letter that replaces others."""
        letters = [self.letter, *self.behind]
        last = max((index for index, one in enumerate(letters) if one.replaces), default=0)
        if last:
            self.letter, self.behind = letters[last], deque(letters[last + 1 :])
            metrics.SUPERSEDED.inc(last)
            for superseded in letters[:last]:
                superseded.landed()


class Outbox:
    """Bounded by whoever adds: what the MQTT broker may have under way to this bridge, and commands under way."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._publish: Publish | None = None
        self._ready: deque[_Turn] = deque()
        self._turns: dict[str, _Turn] = {}  # of each key of which a letter is ready, under way or refused
        self._under_way = 0
        self._complained = 0.0
        self._refusals = 0

    def add(self, letter: Letter) -> None:
        """Publish it as soon as it is its turn; never waits."""
        turn = _Turn(letter, deque())
        if letter.in_order:
            known = self._turns.setdefault(letter.routing_key, turn)
            if known is not turn:
                known.behind.append(letter)
                if (
                    letter.replaces
                    and not known.under_way
                    and (known.backoff is not None or self._publish is None)
                ):
                    known.supersede()
                return
        self._ready.append(turn)
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
            turn = self._ready.popleft()
            letter = turn.letter
            headers = {
                names.HEADER_SERIAL_NUMBER: letter.serial_number,
                names.HEADER_RECEIVED_NS: letter.received_ns,
            }
            self._under_way += 1
            turn.under_way = True
            answer = self._publish(letter.routing_key, letter.payload, headers)
            answer.add_done_callback(partial(self._answered, turn))

    def _answered(self, turn: _Turn, answer: "asyncio.Future[None]") -> None:
        self._under_way -= 1
        turn.under_way = False
        error = answer.exception()
        if error is not None:
            # a full queue refuses, one that is missing lets it come back, a connection ends
            self._complain(error)
            turn.backoff = turn.backoff or Backoff(maximum_s=5.0)
            turn.supersede()
            asyncio.get_running_loop().call_later(turn.backoff.next(), self._again, turn)
        else:
            letter = turn.letter
            if letter.in_order:
                if turn.behind:
                    following = _Turn(turn.behind.popleft(), turn.behind)
                    self._turns[letter.routing_key] = following
                    self._ready.append(following)
                else:
                    del self._turns[letter.routing_key]
            letter.landed()
        self._pump()

    def _again(self, turn: _Turn) -> None:
        self._ready.append(turn)
        self._pump()

    def _complain(self, error: BaseException) -> None:
        metrics.FAILURES.labels("queue").inc()
        self._refusals += 1
        if time.monotonic() - self._complained > _COMPLAINT_INTERVAL_S:  # they may be thousands
            log.warning("queue_publish_failed", error=str(error), messages=self._refusals)
            self._complained, self._refusals = time.monotonic(), 0
