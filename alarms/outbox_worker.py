"""One pool of the outbox: claims rows, sends them, marks what came of it; as many at once as the pool may."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

import psycopg
import structlog
from psycopg.types.json import Jsonb

from alarms import outbox_metrics as metrics
from alarms.database import Connection, query
from alarms.outbox_config import OutboxSettings
from alarms.sending import Item, RefusedError, Sender, UnsentError
from runtime.backoff import Backoff

log = structlog.get_logger()

Connect = Callable[[], Awaitable[Connection]]
LEASE_S: Final = 60.0
LONGEST_SEND_S: Final = 45.0  # well within the lease
LONGEST_WAIT_S: Final = 900.0
LONGEST_RETRY_AFTER_S: Final = 3_600.0
_ERROR_LENGTH: Final = 500


class Pool(NamedTuple):
    """Rows that share nothing with those of other pools: `at_once` under way, `each` of them in one lane."""

    name: str
    actions: tuple[str, ...]
    at_once: int
    each: int


def wait_s(attempts: int) -> float:
    """Seconds from the n-th attempt (from 1) to the next: 1, 2, 4 … up to a quarter of an hour."""
    return float(min(LONGEST_WAIT_S, 2.0 ** min(attempts - 1, 30)))


class _Outcome(NamedTuple):
    """Of an attempt. `what`: sent, again, or given_up."""

    item: Item
    what: str
    wait_s: float = 0.0
    error: str | None = None
    payload: Mapping[str, Any] | None = None


class Worker:
    """Sends the rows of one pool. What has ended and is not marked yet counts as under way, so it is bounded, too."""

    def __init__(
        self, pool: Pool, settings: OutboxSettings, database: "OutboxDatabase", senders: Mapping[str, Sender]
    ) -> None:
        self.pool = pool
        self._settings = settings
        self._database = database
        self._senders = senders
        self._running: dict[asyncio.Task[_Outcome], Item] = {}
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """There may be new rows, or it is to stop."""
        self._changed.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then what is under way is finished and marked."""
        backoff = Backoff(maximum_s=5.0)
        try:
            while not stop.is_set() or self._running:
                self._changed.clear()
                try:
                    await self._settle()
                    # again, as lanes that are full since then no longer stand before others
                    while not stop.is_set() and await self._claim():
                        pass
                except (psycopg.Error, OSError) as error:
                    metrics.DATABASE_FAILURES.inc()
                    wait = backoff.next()
                    log.warning("database_failed", error=str(error).strip(), retry_in_s=round(wait, 2))
                    await asyncio.sleep(wait)
                    continue
                backoff.reset()
                metrics.UNDER_WAY.labels(self.pool.name).set(len(self._running))
                if self._running or not stop.is_set():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(self._settings.alarms_outbox_poll_s):
                            await self._changed.wait()
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            self._running.clear()
            metrics.UNDER_WAY.labels(self.pool.name).set(0)

    async def _claim(self) -> bool:
        """Begin to send what is due, as far as there is room; whether there was anything."""
        free = self.pool.at_once - len(self._running)
        actions = [
            action
            for action in self.pool.actions
            if (sender := self._senders.get(action)) is not None and sender.ready
        ]
        if not free or not actions:
            return False
        busy = Counter(item.lane for item in self._running.values())
        claimed = await self._database.rows(
            "outbox_claim",
            {
                "actions": actions,
                "free": free,
                "each": self.pool.each,
                "full": [lane for lane, count in busy.items() if count >= self.pool.each],
                "lanes": list(busy),
                "busy": list(busy.values()),
                "lease": timedelta(seconds=LEASE_S),
            },
        )
        for item in sorted((Item(*row) for row in claimed), key=lambda item: item.id):
            task = asyncio.create_task(self._send(item), name=f"outbox-{item.action}")
            task.add_done_callback(lambda _task: self._changed.set())
            self._running[task] = item
        return bool(claimed)

    async def _send(self, item: Item) -> _Outcome:
        try:
            async with asyncio.timeout(LONGEST_SEND_S):
                remark = await self._senders[item.action].send(item)
        except RefusedError as error:
            return _Outcome(item, "given_up", error=_text(error))
        except UnsentError as error:
            return self._again(item, _text(error), error.retry_after_s, error.payload)
        except TimeoutError:
            return self._again(item, f"no answer within {LONGEST_SEND_S:g} s")
        except Exception as error:
            # whatever is wrong with one row, or with what sends it, holds up no other
            log.exception("outbox_sender_failed", key=item.key, action=item.action)
            return self._again(item, f"{type(error).__name__}: {_text(error)}")
        metrics.SECONDS.labels(item.action).observe(max(0.0, item.age_s))
        return _Outcome(item, "sent", error=remark)

    def _again(
        self,
        item: Item,
        error: str,
        retry_after_s: float = 0.0,
        payload: Mapping[str, Any] | None = None,
    ) -> _Outcome:
        wait = max(wait_s(item.attempts), min(retry_after_s, LONGEST_RETRY_AFTER_S))
        if item.age_s + wait > self._settings.alarms_outbox_give_up_s:
            return _Outcome(item, "given_up", error=error, payload=payload)
        return _Outcome(item, "again", wait, error, payload)

    async def _settle(self) -> None:
        """Mark what has ended."""
        ended = [task for task in self._running if task.done()]
        if not ended:
            return
        outcomes = [task.result() for task in ended]
        await self._database.execute(
            "outbox_settle",
            {
                "ids": [one.item.id for one in outcomes],
                "attempts": [one.item.attempts for one in outcomes],
                "leases": [one.item.lease for one in outcomes],
                "outcomes": [one.what for one in outcomes],
                "waits": [timedelta(seconds=one.wait_s) for one in outcomes],
                "payloads": [None if one.payload is None else Jsonb(one.payload) for one in outcomes],
                "errors": [one.error for one in outcomes],
            },
        )
        for task, outcome in zip(ended, outcomes, strict=True):
            del self._running[task]
            _count(outcome)


class OutboxDatabase:
    """One connection for all: each statement is short, and a transaction of its own."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._using = asyncio.Lock()

    async def execute(self, name: str, parameters: Mapping[str, Any]) -> None:
        """psycopg.Error, OSError: it connects anew the next time where that is needed."""
        async with self._using:
            await (await self._connected()).execute(query(name), parameters)

    async def rows(self, name: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The same with what comes back."""
        async with self._using:
            cursor = await (await self._connected()).execute(query(name), parameters)
            return await cursor.fetchall()

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = None
            self._connection = await self._connect()
        return self._connection

    async def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            await self._connection.close()


def _text(error: BaseException) -> str:
    return " ".join(str(error).split())[:_ERROR_LENGTH] or type(error).__name__


def _count(outcome: _Outcome) -> None:
    item = outcome.item
    match outcome.what:
        case "sent":
            metrics.SENT.labels(item.action).inc()
            if outcome.error:
                log.warning("outbox_sent_in_part", key=item.key, action=item.action, error=outcome.error)
        case "given_up":
            metrics.GIVEN_UP.labels(item.action).inc()
            log.error(
                "outbox_given_up",
                key=item.key,
                action=item.action,
                attempts=item.attempts,
                error=outcome.error,
            )
        case _:
            metrics.FAILURES.labels(item.action).inc()
            if item.attempts == 1:  # the next ones are in the table
                log.warning("outbox_failed", key=item.key, action=item.action, error=outcome.error)
