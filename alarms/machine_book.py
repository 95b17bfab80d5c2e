"""Triggers that nobody has acknowledged, in memory: what is told again, and to whom connects. Pure."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from alarms import machine_metrics as metrics
from wire.alarm_pb2 import Trigger

MAXIMUM_UNACKNOWLEDGED: Final = 10_000  # beyond them the database alone has the oldest
EVERY_TARGET: Final = "*"
_REMEMBERED: Final = 20_000  # ids of what is over


class Book:
    """By id, each once. What is over (acknowledged, expired) does not come back by a message that was late."""

    def __init__(self, maximum: int = MAXIMUM_UNACKNOWLEDGED) -> None:
        self._maximum = maximum
        self._triggers: OrderedDict[bytes, Trigger] = OrderedDict()
        self._by_target: dict[str, dict[bytes, Trigger]] = {}
        self._stored: set[bytes] = set()  # of these, what the store has shown
        self._over: OrderedDict[bytes, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._triggers)

    def add(self, trigger: Trigger) -> bool:
        """False where it is over. At the bound the oldest is left to the database."""
        if trigger.id in self._over:
            return False
        if trigger.id not in self._triggers:
            while len(self._triggers) >= self._maximum:
                self._remove(next(iter(self._triggers)))
                metrics.FORGOTTEN.inc()
            self._triggers[trigger.id] = trigger
            self._by_target.setdefault(trigger.target, {})[trigger.id] = trigger
            metrics.UNACKNOWLEDGED.set(len(self._triggers))
        return True

    def get(self, trigger_id: bytes) -> Trigger | None:
        """Where it is neither over nor left to the database."""
        return self._triggers.get(trigger_id)

    def has(self, trigger_id: bytes) -> bool:
        """Whether it is in memory."""
        return trigger_id in self._triggers

    def over(self, trigger_id: bytes) -> bool:
        """Whether it was acknowledged or has expired, as far as that is remembered."""
        return trigger_id in self._over

    def finish(self, trigger_id: bytes) -> None:
        """It is over."""
        self._remove(trigger_id)
        self._over[trigger_id] = None
        if len(self._over) > _REMEMBERED:
            self._over.popitem(last=False)

    def of(self, targets: Collection[str]) -> list[Trigger]:
        """Of these machines ("*": of all), for each in the order in which they came."""
        if EVERY_TARGET in targets:
            return list(self._triggers.values())
        return [trigger for target in targets for trigger in self._by_target.get(target, {}).values()]

    def expire(self, now_ns: int) -> list[bytes]:
        """Finish what has expired: its ids."""
        expired = [trigger.id for trigger in self._triggers.values() if has_expired(trigger, now_ns)]
        for trigger_id in expired:
            self.finish(trigger_id)
        metrics.EXPIRED.inc(len(expired))
        return expired

    def agree(self, stored: Sequence[Trigger], targets: Collection[str]) -> list[bytes]:
        """Take over what the store has of these machines: the ids of what is over, as it had them and has no more.

        What it has never had may still be on its way there.
        """
        ids = {trigger.id for trigger in stored}
        over: Iterable[bytes] = ()
        if len(ids) < MAXIMUM_UNACKNOWLEDGED:  # else they are not all
            mine = {trigger.id for trigger in self.of(targets)}
            over = (mine & self._stored) - ids
        gone = list(over)
        for trigger_id in gone:
            self.finish(trigger_id)
        for trigger in stored:
            if self.add(trigger):
                self._stored.add(trigger.id)
        self._stored &= self._triggers.keys()  # some of them may have made room for others
        return gone

    def _remove(self, trigger_id: bytes) -> None:
        trigger = self._triggers.pop(trigger_id, None)
        self._stored.discard(trigger_id)
        if trigger is not None:
            of_target = self._by_target[trigger.target]
            del of_target[trigger_id]
            if not of_target:
                del self._by_target[trigger.target]
        metrics.UNACKNOWLEDGED.set(len(self._triggers))


def has_expired(trigger: Trigger, now_ns: int) -> bool:
    """Whether its machine must not do it any more."""
    return bool(trigger.expiry_time_ns) and now_ns > trigger.expiry_time_ns
