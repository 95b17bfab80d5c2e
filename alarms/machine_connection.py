"""One controller's stream: a bounded queue of what it is to be told, and what it has been told."""

import asyncio
import itertools
import math
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final

from alarms import machine_metrics as metrics
from alarms.machine_book import EVERY_TARGET, has_expired
from wire.alarm_pb2 import Resolved, ServiceMessage, Trigger

_WAITING: Final = math.inf
_NEVER: Final = math.inf


@dataclass(slots=True)
class _Told:
    attempts: int
    at_s: float  # when the last time; _WAITING while it is queued


class Connection:
    """Nothing here waits but `next`. At the bound of the queue the oldest message is left out, and counted; a trigger
    that was left out counts as not told, and is queued from what is `unanswered` when all the others are told.
    """

    def __init__(
        self,
        machine: str,
        targets: Collection[str],
        maximum_queued: int,
        now_s: Callable[[], float],
        unanswered: Callable[[Collection[str]], Iterable[Trigger]],
    ) -> None:
        self.machine = machine
        self.targets = frozenset(targets)
        self.closing = False
        self._maximum = maximum_queued
        self._now_s = now_s
        self._unanswered = unanswered
        self._left_out = False  # something, for want of room
        self._numbers = itertools.count()
        self._queue: OrderedDict[bytes, Trigger | Resolved] = OrderedDict()
        self._told: dict[bytes, _Told] = {}
        self._wake = asyncio.Event()

    def controls(self, target: str) -> bool:
        """Whether that machine is among its targets."""
        return target in self.targets or EVERY_TARGET in self.targets

    def tell(self, trigger: Trigger) -> bool:
        """Queue it, unless it was told or is queued: False then."""
        if trigger.id in self._told:
            return False
        self._told[trigger.id] = _Told(1, _WAITING)
        self._put(trigger.id, trigger)
        return True

    def catch_up(self, unanswered: Iterable[Trigger], again_after_s: float = _NEVER) -> None:
        """Queue those that were not told, or not for so long, as long as there is room: the rest when there is again."""
        now_s = self._now_s()
        for trigger in unanswered:
            told = self._told.get(trigger.id)
            if told is not None and now_s - told.at_s < again_after_s:
                continue
            if len(self._queue) >= self._maximum:
                self._left_out = True
                return
            if told is None:
                self.tell(trigger)
            else:
                told.attempts += 1
                told.at_s = _WAITING
                self._put(trigger.id, trigger)

    def resolve(self, resolved: Resolved) -> None:
        """Queue it."""
        self._put(b"resolved %d" % next(self._numbers), resolved)

    def forget(self, trigger_id: bytes) -> None:
        """It is over, so that no more is known of it. One that is queued is told all the same."""
        self._told.pop(trigger_id, None)

    def retain(self, known: Callable[[bytes], bool]) -> None:
        """Forget what is not known any more."""
        for trigger_id in [one for one in self._told if one not in self._queue and not known(one)]:
            del self._told[trigger_id]

    def close(self) -> None:
        """No more is queued; `next` gives what is."""
        self.closing = True
        self._wake.set()

    async def next(self, now_ns: Callable[[], int]) -> ServiceMessage | None:
        """The next message, when there is one; None after `close`, when all are told."""
        while True:
            while self._queue:
                trigger_id, what = self._queue.popitem(last=False)
                if isinstance(what, Resolved):
                    return ServiceMessage(resolved=what)
                if has_expired(what, now_ns()):
                    continue
                told = self._told.get(trigger_id) or _Told(1, _WAITING)
                told.at_s = self._now_s()
                message = ServiceMessage(trigger=what)
                message.trigger.attempt = told.attempts
                (metrics.TRIGGERS if told.attempts == 1 else metrics.REDELIVERIES).inc()
                return message
            if self.closing:
                return None
            if self._left_out:
                self._left_out = False
                self.catch_up(self._unanswered(self.targets))
                continue
            await self._wake.wait()
            self._wake.clear()

    def _put(self, key: bytes, what: Trigger | Resolved) -> None:
        if self.closing:
            return
        if len(self._queue) >= self._maximum:
            left_out, _ = self._queue.popitem(last=False)
            self._told.pop(left_out, None)
            self._left_out = True
            metrics.QUEUE_FULL.inc()
        self._queue[key] = what
        self._wake.set()
