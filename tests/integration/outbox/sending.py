"""The outbox in the real database, with senders that do as a test says."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg

from alarms.actions import OutboxRow
from alarms.outbox import Outbox, put
from alarms.outbox_config import OutboxSettings
from alarms.outbox_worker import Pool
from alarms.sending import Item
from stack.local import Stack
from tests.integration.pipeline import Database, connect

POOL = Pool("test", ("webhook", "email"), 8, 2)


class Recipient:
    """A sender that keeps what it gets. `gates`: lanes in which it waits to be let through."""

    def __init__(self) -> None:
        self.ready = True
        self.got: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.fails: dict[str, Exception] = {}
        self.under_way: dict[str, int] = {}
        self.most: dict[str, int] = {}

    async def send(self, item: Item) -> str | None:
        self.under_way[item.lane] = self.under_way.get(item.lane, 0) + 1
        self.most[item.lane] = max(self.most.get(item.lane, 0), self.under_way[item.lane])
        try:
            if item.lane in self.gates:
                await self.gates[item.lane].wait()
            if item.key in self.fails:
                raise self.fails[item.key]
            self.got.append(item.key)
        finally:
            self.under_way[item.lane] -= 1
        return None


@contextmanager
def emptied(stack: Stack) -> Iterator[Database]:
    """Without the rows of other tests."""
    with connect(stack, "alarms") as one:
        one.execute("DELETE FROM alarm_outbox")
        yield one


def row(key: str, *, action: str = "webhook", lane: str = "a", in_s: float = 0, **more: Any) -> OutboxRow:
    return OutboxRow(key, None, action, {"lane": lane, **more}, time.time_ns() + round(in_s * 1e9))


def back(key: str, before: float, raised: float, in_s: float) -> list[OutboxRow]:
    """A command to sample faster, and the way back of the sensor."""
    fields: dict[str, Any] = {
        "fields": {"sample_frequency_hz": before},
        "raised_hz": raised,
        "command_id": f"of {key}",
    }
    there = row(key, action="command")
    return [there, row("restore/1", action="command", in_s=in_s, **fields)._replace(after=key)]


async def asynchronous(stack: Stack) -> psycopg.AsyncConnection[tuple[Any, ...]]:
    return await psycopg.AsyncConnection.connect(**stack.conninfo("alarms"), autocommit=True)  # type: ignore[arg-type]  # keywords of one dict


async def keep(stack: Stack, new: Sequence[OutboxRow]) -> None:
    async with await asynchronous(stack) as connection, connection.transaction():
        await put(connection, new)


def outbox(stack: Stack, recipient: Recipient, **settings: object) -> Outbox:
    return Outbox(
        OutboxSettings.model_validate({"alarms_outbox_poll_s": 0.05, **settings}),
        lambda: asynchronous(stack),
        {"webhook": recipient, "email": recipient},
        [POOL],
    )


@asynccontextmanager
async def sending(one: Outbox) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(one.run(stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await task


def states(database: Database) -> dict[str, str]:
    return dict(
        database.execute(
            "SELECT key, CASE WHEN done_at IS NOT NULL THEN 'sent' WHEN given_up_at IS NOT NULL THEN 'given up' "
            "ELSE 'waits' END FROM alarm_outbox"
        ).fetchall()
    )


def found(database: Database, key: str, columns: str) -> tuple[Any, ...]:
    [one] = database.execute(f"SELECT {columns} FROM alarm_outbox WHERE key = %s", [key]).fetchall()
    return one
