"""What was published and is not confirmed yet: RabbitMQ's answers find the publish that they are for. Pure."""

import asyncio
from collections.abc import Callable


class Confirms:
    """Publishes of one channel, numbered from 1 as RabbitMQ numbers them; each answered once."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[None]] = {}  # in the order of their numbers
        self._returned: dict[int, Exception] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self) -> tuple[int, asyncio.Future[None]]:
        """The number of the next publish, and what is done when it is answered."""
        self._last += 1
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[self._last] = future
        return self._last, future

    def returned(self, tag: int, error: Exception) -> None:
        """Nobody wanted this one; the confirm that follows means only that RabbitMQ knows."""
        if tag in self._waiting:
            self._returned[tag] = error

    def answered(self, tag: int, multiple: bool, refused: Callable[[], Exception] | None = None) -> None:
        """RabbitMQ took responsibility for `tag` (`multiple`: for all up to it), or `refused` it."""
        for one in self._up_to(tag) if multiple else [tag]:
            future = self._waiting.pop(one, None)
            if future is not None:
                settle(future, self._returned.pop(one, None) or (refused() if refused else None))

    def fail(self, error: Callable[[], Exception]) -> None:
        """No more answers will come."""
        waiting, self._waiting = self._waiting, {}
        self._returned.clear()
        for future in waiting.values():
            settle(future, error())

    def _up_to(self, tag: int) -> list[int]:
        tags = []
        for one in self._waiting:
            if one > tag:
                break
            tags.append(one)
        return tags


def settle(future: "asyncio.Future[None]", error: Exception | None) -> None:
    """End a future, once; one that nobody looks at is no mistake."""
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
        future.exception()
