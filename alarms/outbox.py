"""Sends what the outbox holds, at least once, from any number of processes.

A row is claimed in a short transaction, by moving the time at which it is due ahead (a lease), sent without any
transaction, and then marked. Who dies in between has sent it, or not: it is due again when the lease ends, and may
arrive a second time, under the same key.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import psycopg
import structlog
from psycopg.types.json import Jsonb

from alarms import outbox_metrics as metrics
from alarms.actions import OutboxRow
from alarms.database import Connection, query
from alarms.outbox_config import OutboxSettings
from alarms.outbox_worker import Connect, OutboxDatabase, Pool, Worker
from alarms.sending import Sender

log = structlog.get_logger()

_METRICS_S: Final = 5.0
_PURGE_S: Final = 3_600.0


def pools(settings: OutboxSettings) -> tuple[Pool, ...]:
    """Slow webhooks hold up no mail, and neither of them a command."""
    return (
        Pool("rabbitmq", ("publish", "command"), 100, 100),
        Pool("webhooks", ("webhook",), settings.alarms_webhooks_at_once, 2),
        Pool("mails", ("email",), 2, 2),
    )


async def put(connection: Connection, rows: Sequence[OutboxRow]) -> None:
    """Keep rows, within the caller's transaction. One whose key is known is there already; see OutboxRow.after."""
    now_ns = time.time_ns()
    plain = [row for row in rows if not row.after]
    if not plain:
        return
    cursor = await connection.execute(
        query("outbox_put"),
        {
            "keys": [row.key for row in plain],
            "alarm_ids": [row.alarm_id for row in plain],
            "actions": [row.action for row in plain],
            "payloads": [Jsonb(row.payload) for row in plain],
            "waits": [_until(row.due_ns, now_ns) for row in plain],
        },
    )
    new = {key for (key,) in await cursor.fetchall()}
    for row in rows:
        if row.after in new:
            parameters = {
                "key": row.key,
                "alarm_id": row.alarm_id,
                "action": row.action,
                "payload": Jsonb(row.payload),
                "wait": _until(row.due_ns, now_ns),
            }
            await connection.execute(query("outbox_restore"), parameters)


def _until(due_ns: int, now_ns: int) -> timedelta:
    return timedelta(microseconds=max(0, due_ns - now_ns) / 1e3)


class Outbox:
    """`run` sends until it is stopped; `wake` says that there are new rows, which otherwise are found within a poll."""

    def __init__(
        self,
        settings: OutboxSettings,
        connect: Connect,
        senders: Mapping[str, Sender],
        of: Sequence[Pool] | None = None,
    ) -> None:
        """senders: by action; what nobody sends stays where it is."""
        self._settings = settings
        self._database = OutboxDatabase(connect)
        self._workers = [Worker(pool, settings, self._database, senders) for pool in of or pools(settings)]

    def wake(self) -> None:
        """Look now; on the event loop."""
        for worker in self._workers:
            worker.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then what is under way is finished and marked. Cancelled, it comes again after its lease."""
        try:
            async with asyncio.TaskGroup() as tasks:
                watch = tasks.create_task(self._watch(), name="outbox-watch")
                working = [
                    tasks.create_task(worker.run(stop), name=f"outbox-{worker.pool.name}")
                    for worker in self._workers
                ]
                await stop.wait()
                self.wake()
                await asyncio.wait(working)
                watch.cancel()
        finally:
            await self._database.close()

    async def _watch(self) -> None:
        purged = -_PURGE_S
        keep = {"keep": timedelta(days=self._settings.alarms_outbox_keep_days)}
        while True:
            try:
                found = {row[0]: row[1:] for row in await self._database.rows("outbox_waiting", {})}
                for worker in self._workers:
                    for action in worker.pool.actions:
                        count, oldest_s = found.get(action, (0, 0.0))
                        metrics.WAITING.labels(action).set(count)
                        metrics.OLDEST.labels(action).set(oldest_s)
                if time.monotonic() - purged > _PURGE_S:
                    await self._database.execute("outbox_purge", keep)
                    purged = time.monotonic()
            except (psycopg.Error, OSError) as error:
                metrics.DATABASE_FAILURES.inc()
                log.warning("outbox_not_counted", error=str(error).strip())
            await asyncio.sleep(_METRICS_S)
