"""How many of a kind may be under way at once: what comes beyond is told to come again."""

from types import TracebackType

from prometheus_client import Gauge

from web import metrics
from web.errors import AwayError


class AtOnce:
    """`with AtOnce(…):` AwayError where there is no room."""

    def __init__(self, most: int, what: str, gauge: Gauge) -> None:
        self._most = most
        self._what = what
        self._gauge = gauge
        self._count = 0

    def __enter__(self) -> None:
        if self._count >= self._most:
            metrics.FAILURES.labels("too_many_at_once").inc()
            raise AwayError(f"Too many {self._what} are under way: try again in a few seconds.")
        self._count += 1
        self._gauge.set(self._count)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._count -= 1
        self._gauge.set(self._count)
