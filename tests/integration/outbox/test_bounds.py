"""Bounds of the outbox: how much is under way at once, and how much is kept; nobody holds up another."""

import asyncio

from alarms import outbox_metrics as metrics
from stack.local import Stack
from tests.integration.outbox.sending import (
    POOL,
    Recipient,
    keep,
    outbox,
    row,
    sending,
    states,
)
from tests.integration.pipeline import Database
from tests.integration.steering import until


async def test_slow_receiver_holds_up_no_other(stack: Stack, database: Database) -> None:
    """Two of one lane at once at most, however many wait in it and however old they are."""
    recipient = Recipient()
    recipient.gates["slow"] = asyncio.Event()
    await keep(stack, [row(f"slow{n}", lane="slow") for n in range(700)])
    await keep(stack, [row(f"fast{n}", lane=f"host{n % 5}") for n in range(20)])
    async with sending(
        outbox(stack, recipient, alarms_outbox_poll_s=30)
    ):  # there is no need to poll for that
        await until(lambda: len(recipient.got) == 20, "the fast ones are sent")
        assert recipient.under_way["slow"] == 2
        recipient.gates["slow"].set()
        await until(lambda: len(recipient.got) >= 60, "and the slow ones in their time")
    assert recipient.most["slow"] == 2


async def test_no_more_than_the_pools_bound_is_under_way(stack: Stack, database: Database) -> None:
    """Whatever number of lanes there is."""
    recipient = Recipient()
    gate = asyncio.Event()
    recipient.gates = {f"host{n}": gate for n in range(20)}
    await keep(stack, [row(f"k{n}", lane=f"host{n}") for n in range(20)])
    async with sending(outbox(stack, recipient)):
        await until(lambda: sum(recipient.under_way.values()) == POOL.at_once, "as many as may be")
        assert metrics.UNDER_WAY.labels("test")._value.get() == POOL.at_once
        claimed = database.execute("SELECT count(*) FROM alarm_outbox WHERE attempts > 0").fetchone()
        assert claimed == (POOL.at_once,)
        gate.set()
        await until(lambda: len(recipient.got) == 20, "all are sent")


async def test_what_was_sent_long_ago_is_deleted(stack: Stack, database: Database) -> None:
    """The table is bounded; what waits stays."""
    recipient = Recipient()
    recipient.ready = False
    await keep(stack, [row(key) for key in ("sent", "given up", "new", "waits")])
    for column, key, age in (
        ("done_at", "sent", "31 days"),
        ("given_up_at", "given up", "31 days"),
        ("done_at", "new", "29 days"),
    ):
        database.execute(
            f"UPDATE alarm_outbox SET {column} = now() - %s::interval WHERE key = %s", [age, key]
        )
    async with sending(outbox(stack, recipient)):
        await until(lambda: set(states(database)) == {"new", "waits"}, "the old ones are gone")
