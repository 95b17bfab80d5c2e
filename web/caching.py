"""Answers that all viewers share: each question is asked of the database once, however many pages ask it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from web import metrics
from web.answers import Answer, answer
from web.errors import AwayError

_KEEP_S: Final = 1.0
_MOST: Final = 256
_SHARE: Final = 0.2  # of the time at most that one question, asked all the time, keeps the database busy

Question = tuple[str, *tuple[Any, ...]]  # its kind, and what else tells it from others


class _Entry:
    __slots__ = ("kept_until", "making")

    def __init__(self, making: "asyncio.Task[Answer]") -> None:
        self.making = making
        self.kept_until: float | None = None  # None: being made


class SharedAnswers:
    """One for the service. An answer is kept for a second, or five times as long as it took to make."""

    def __init__(self, most: int = _MOST, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._now = now
        self._entries: dict[Question, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, question: Question, make: Callable[[], Awaitable[Any]]) -> Answer:
        """The answer that is kept, or being made, or is made now; a failure is nobody's but who waits for it.

        What `make` raises; AwayError where so many different questions are being answered that there is no room.
        """
        entry = self._entries.get(question)
        if entry is not None and (entry.kept_until is None or self._now() < entry.kept_until):
            metrics.CACHE.labels("kept" if entry.kept_until is not None else "under_way").inc()
        else:
            metrics.CACHE.labels("nothing").inc()
            self._make_room()
            entry = _Entry(asyncio.create_task(self._make(make), name=f"answer {question[0]}"))
            self._entries[question] = entry
            entry.making.add_done_callback(self._ended(question, entry, self._now()))
            metrics.CACHE_ENTRIES.set(len(self._entries))
        # who goes away does not take the answer from the others
        return await asyncio.shield(entry.making)

    def forget(self, kind: str) -> None:
        """What was changed is asked anew; who waits for the answer gets it as it was."""
        for question in [one for one in self._entries if one[0] == kind]:
            del self._entries[question]

    async def close(self) -> None:
        """Give up what is being made."""
        making = [entry.making for entry in self._entries.values() if not entry.making.done()]
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)
        self._entries.clear()

    async def _make(self, make: Callable[[], Awaitable[Any]]) -> Answer:
        return await answer(await make())

    def _ended(
        self, question: Question, entry: _Entry, began: float
    ) -> Callable[["asyncio.Task[Answer]"], None]:
        def ended(task: "asyncio.Task[Answer]") -> None:
            now = self._now()
            entry.kept_until = now + max(_KEEP_S, (now - began) / _SHARE)
            failed = task.cancelled() or task.exception() is not None
            if failed and self._entries.get(question) is entry:
                del self._entries[question]

        return ended

    def _make_room(self) -> None:
        """What is too old goes, as answers may be large; and for room the oldest."""
        now = self._now()
        for question, entry in list(self._entries.items()):
            if entry.kept_until is not None and entry.kept_until <= now:
                del self._entries[question]
        if len(self._entries) < self._most:
            return
        for question, entry in list(self._entries.items()):  # the oldest first
            if entry.kept_until is not None:
                del self._entries[question]
                return
        raise AwayError("Too many different questions at this moment: try again in a few seconds.")
