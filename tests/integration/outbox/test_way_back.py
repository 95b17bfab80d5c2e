"""The way back of a raised sample frequency, which waits in the outbox."""

import asyncio
from collections.abc import Mapping
from typing import Any

from alarms.outbox import Outbox
from alarms.outbox_config import OutboxSettings
from alarms.outbox_worker import Pool
from stack.local import Stack
from tests.integration.outbox.sending import (
    Recipient,
    asynchronous,
    back,
    found,
    keep,
    sending,
    states,
)
from tests.integration.pipeline import Database
from tests.integration.steering import until


def way_back(database: Database) -> Mapping[str, Any]:
    payload, in_s, done = found(
        database,
        "restore/1",
        "payload, round(extract(epoch FROM due_at - now()))::int, done_at IS NOT NULL",
    )
    return {
        "hz": payload["fields"]["sample_frequency_hz"],
        "in_s": in_s,
        "id": payload["command_id"],
        "done": done,
    }


async def test_second_alarm_makes_the_way_back_later_and_its_frequency_stays(
    stack: Stack, database: Database
) -> None:
    """What the sensor samples with by then is a raised frequency. A shorter time makes it no sooner."""
    await keep(stack, back("one", 100.0, 400.0, 600))
    await keep(stack, back("two", 400.0, 800.0, 1_200))
    assert way_back(database)["hz"] == 100.0
    assert 1_100 < way_back(database)["in_s"] <= 1_200
    assert way_back(database)["id"] == "of two"  # a sensor that has done the first does this one as well
    await keep(stack, back("three", 800.0, 400.0, 60))
    assert way_back(database)["hz"] == 100.0
    assert 1_100 < way_back(database)["in_s"] <= 1_200


async def test_alarm_that_is_judged_again_changes_no_way_back(stack: Stack, database: Database) -> None:
    """Also where that was sent already: the sensor samples as before, and is not told again."""
    await keep(stack, back("one", 100.0, 400.0, 600))
    database.execute("UPDATE alarm_outbox SET done_at = now()")
    await keep(stack, back("one", 400.0, 400.0, 9_000))
    assert way_back(database)["done"]


async def test_alarm_after_the_way_back_begins_anew(stack: Stack, database: Database) -> None:
    """With the frequency as it is then; but for a sensor that has not heard of the way back yet."""
    await keep(stack, back("one", 100.0, 400.0, 600))
    database.execute("UPDATE alarm_outbox SET done_at = now()")
    await keep(stack, back("two", 400.0, 400.0, 600))
    assert (way_back(database)["hz"], way_back(database)["done"]) == (100.0, False)
    database.execute("UPDATE alarm_outbox SET done_at = now()")
    await keep(stack, back("three", 50.0, 400.0, 600))
    assert (way_back(database)["hz"], way_back(database)["done"]) == (50.0, False)
    database.execute("UPDATE alarm_outbox SET done_at = now() - INTERVAL '2 hours'")
    await keep(stack, back("four", 400.0, 400.0, 600))
    assert way_back(database)["hz"] == 400.0  # somebody has set it so for good


async def test_way_back_that_is_being_sent_is_sent_again_after_a_new_alarm(
    stack: Stack, database: Database
) -> None:
    """The end of that attempt does not mark the later one."""
    recipient = Recipient()
    recipient.gates["a"] = asyncio.Event()
    one = Outbox(
        OutboxSettings.model_validate({"alarms_outbox_poll_s": 0.05}),
        lambda: asynchronous(stack),
        {"command": recipient},
        [Pool("test", ("command",), 8, 8)],
    )
    await keep(stack, back("one", 100.0, 400.0, 0))
    async with sending(one):
        await until(lambda: recipient.under_way.get("a") == 2, "both are being sent")
        await keep(stack, back("two", 400.0, 400.0, 600))
        recipient.gates["a"].set()
        await until(
            lambda: "two" in recipient.got and states(database)["one"] == "sent", "all is sent that is due"
        )
    assert (way_back(database)["hz"], way_back(database)["done"]) == (100.0, False)
    assert way_back(database)["in_s"] > 500
