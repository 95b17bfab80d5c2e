"""Blocking calls beside the event loop."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def apart(function: Callable[..., T], *arguments: object) -> T:
    """The result of a blocking call, or its exception.

    In a daemon thread, where asyncio.to_thread would not: who quits does not wait for a server that does not answer.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def deliver(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # of T, where there is no error

    def call() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = function(*arguments)
        except BaseException as raised:  # whoever awaits shall see it
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody awaits
            loop.call_soon_threadsafe(deliver, result, error)

    threading.Thread(target=call, name=f"top {function.__name__}", daemon=True).start()
    return await done
