"""The outbox in the real database, with senders that fail as a test says: at least once, and nobody holds up another."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest

from alarms import outbox_metrics as metrics
from alarms.actions import OutboxRow, rows
from alarms.outbox import Outbox, put
from alarms.outbox_config import OutboxSettings
from alarms.outbox_worker import Pool
from alarms.sending import Item, RefusedError, UnsentError
from alarms.webhook import WebhookSender
from stack.local import Stack
from tests.integration.pipeline import Database, connect
from tests.integration.steering import until
from tests.unit.test_alarms_actions import event
from tests.unit.test_alarms_webhook import Receiver

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


@pytest.fixture
def database(stack: Stack) -> Iterator[Database]:
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


async def test_rows_are_sent_and_marked_and_a_key_is_sent_once(stack: Stack, database: Database) -> None:
    """What is judged again after a crash is kept once; what is not due yet waits."""
    recipient = Recipient()
    one = outbox(stack, recipient, alarms_outbox_poll_s=30)
    before = metrics.SENT.labels("webhook")._value.get()
    async with sending(one):
        await keep(stack, [*(row(f"k{n}") for n in range(30)), row("later", in_s=3_600)])
        one.wake()
        await until(lambda: len(recipient.got) == 30, "all are sent")
        await keep(stack, [row("k3"), row("k31")])
        one.wake()
        await until(lambda: states(database).get("k31") == "sent", "the new one is sent")
    assert sorted(recipient.got) == sorted([*(f"k{n}" for n in range(30)), "k31"])
    assert {key for key, state in states(database).items() if state == "waits"} == {"later"}
    assert metrics.SENT.labels("webhook")._value.get() == before + 31


async def test_row_whose_transaction_is_rolled_back_is_not_there(stack: Stack, database: Database) -> None:
    """Actions are kept with what they follow from, or not at all."""
    async with await asynchronous(stack) as connection, connection.transaction(force_rollback=True):
        await put(connection, [row("k"), *back("raise", 100.0, 400.0, 60)])
    assert states(database) == {}


async def test_attempt_that_fails_is_made_again_later_with_its_reason(
    stack: Stack, database: Database
) -> None:
    """The waiting time grows with the attempts, or is what the receiver asks for, up to an hour."""
    recipient = Recipient()
    recipient.fails = {
        "k": UnsentError("no\nroute"),
        "patient": UnsentError("busy", retry_after_s=1_000),
        "endless": UnsentError("busy", retry_after_s=10**9),
        "broken": RuntimeError("a mistake of ours"),
        "part": UnsentError("450 later", payload={"lane": "a", "to": ["b"]}),
    }
    await keep(stack, [row(key) for key in recipient.fails])
    database.execute("UPDATE alarm_outbox SET attempts = 6")
    async with sending(outbox(stack, recipient)):
        await until(
            lambda: database.execute("SELECT count(error) FROM alarm_outbox").fetchone() == (5,),
            "all have failed",
        )
        wait = "error, attempts, round(extract(epoch FROM due_at - now()))::int"
        error, attempts, wait_s = found(database, "k", wait)
        assert (error, attempts) == ("no route", 7)
        assert 30 <= wait_s <= 64
        assert 900 <= found(database, "patient", wait)[2] <= 1_000
        assert 3_500 <= found(database, "endless", wait)[2] <= 3_600
        assert found(database, "broken", "error") == ("RuntimeError: a mistake of ours",)
        assert found(database, "part", "payload") == ({"lane": "a", "to": ["b"]},)
        recipient.fails.clear()
        database.execute("UPDATE alarm_outbox SET due_at = now()")
        await until(lambda: set(states(database).values()) == {"sent"}, "all are sent")
    assert found(database, "k", "error") == (None,)


async def test_row_that_is_refused_or_too_old_is_given_up(stack: Stack, database: Database) -> None:
    """With the reason, and counted; no other waits for it."""
    recipient = Recipient()
    recipient.fails = {"refused": RefusedError("404 Not Found"), "old": UnsentError("away")}
    await keep(stack, [row("refused"), row("old"), row("fine")])
    database.execute("UPDATE alarm_outbox SET created_at = now() - INTERVAL '1 day' WHERE key = 'old'")
    before = metrics.GIVEN_UP.labels("webhook")._value.get()
    async with sending(outbox(stack, recipient)):
        await until(lambda: "waits" not in states(database).values(), "all have ended")
    assert states(database) == {"refused": "given up", "old": "given up", "fine": "sent"}
    assert found(database, "refused", "error, attempts") == ("404 Not Found", 1)
    assert metrics.GIVEN_UP.labels("webhook")._value.get() == before + 2


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


async def test_replicas_share_the_rows(stack: Stack, database: Database) -> None:
    """Each is sent by one of them, once."""
    first, second = Recipient(), Recipient()
    await keep(stack, [row(f"k{n}", lane=f"host{n % 10}") for n in range(300)])
    async with sending(outbox(stack, first)), sending(outbox(stack, second)):
        await until(lambda: set(states(database).values()) == {"sent"}, "all are sent")
    assert sorted(first.got + second.got) == sorted(f"k{n}" for n in range(300))


async def test_row_of_a_process_that_died_is_sent_when_its_lease_ends(
    stack: Stack, database: Database
) -> None:
    """Not sooner: it may still be sending. Nothing holds a lock meanwhile."""
    dying, heir = Recipient(), Recipient()
    dying.gates["a"] = asyncio.Event()
    await keep(stack, [row("k")])
    killed = asyncio.create_task(outbox(stack, dying).run(asyncio.Event()))
    await until(lambda: dying.under_way.get("a"), "it is being sent")
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    assert found(database, "k", "due_at > now() + INTERVAL '30 s', attempts") == (True, 1)
    database.execute("UPDATE alarm_outbox SET due_at = now()")  # a minute later
    async with sending(outbox(stack, heir)):
        await until(lambda: states(database) == {"k": "sent"}, "the other has sent it")
    assert heir.got == ["k"]


async def test_attempt_that_ends_after_its_lease_marks_nothing(stack: Stack, database: Database) -> None:
    """The row is another's by then, or says something else."""
    slow, heir = Recipient(), Recipient()
    slow.gates["a"] = asyncio.Event()
    await keep(stack, [row("k")])
    one = outbox(stack, slow)
    async with sending(one):
        await until(lambda: slow.under_way.get("a"), "it is being sent")
        slow.ready = False  # it is to take nothing more
        heir.gates["a"] = asyncio.Event()
        database.execute("UPDATE alarm_outbox SET due_at = now()")
        async with sending(outbox(stack, heir)):
            await until(lambda: heir.under_way.get("a"), "the other sends it, too")
            slow.gates["a"].set()
            await until(lambda: slow.got and not one._workers[0]._running, "the first has ended")
            assert states(database) == {"k": "waits"}
            heir.gates["a"].set()
            await until(lambda: states(database) == {"k": "sent"}, "the second has marked it")


async def test_stop_finishes_what_is_under_way(stack: Stack, database: Database) -> None:
    """And marks it; nothing new is begun."""
    recipient = Recipient()
    recipient.gates["a"] = asyncio.Event()
    await keep(stack, [row(f"k{n}") for n in range(5)])
    stop = asyncio.Event()
    task = asyncio.create_task(outbox(stack, recipient).run(stop))
    await until(lambda: recipient.under_way.get("a") == 2, "two are being sent")
    stop.set()
    asyncio.get_running_loop().call_later(0.2, recipient.gates["a"].set)
    async with asyncio.timeout(10):
        await task
    assert sorted(states(database).values()) == ["sent", "sent", "waits", "waits", "waits"]


async def test_nothing_is_taken_while_its_sender_is_not_ready(stack: Stack, database: Database) -> None:
    """So that everything goes out at once when RabbitMQ is back, and not after the longest wait."""
    recipient = Recipient()
    recipient.ready = False
    await keep(stack, [row("k")])
    one = outbox(stack, recipient)
    async with sending(one):
        await until(lambda: metrics.WAITING.labels("webhook")._value.get() == 1, "it is counted")
        assert found(database, "k", "attempts") == (0,)
        recipient.ready = True
        one.wake()
        await until(lambda: states(database) == {"k": "sent"}, "it is sent")
    assert found(database, "k", "attempts") == (1,)


async def test_outbox_goes_on_when_the_database_is_back(stack: Stack, database: Database) -> None:
    """What was sent meanwhile is marked then, and not sent again."""
    recipient = Recipient()
    recipient.gates["a"] = asyncio.Event()
    await keep(stack, [row("k"), row("other", lane="b")])
    async with sending(outbox(stack, recipient)):
        await until(
            lambda: recipient.under_way.get("a") and states(database)["other"] == "sent", "one is under way"
        )
        mine = database.info.backend_pid
        database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> %s",
            [mine],
        )
        recipient.gates["a"].set()
        await keep(stack, [row("new", lane="c")])
        await until(lambda: set(states(database).values()) == {"sent"}, "all are marked")
    assert sorted(recipient.got) == ["k", "new", "other"]


async def test_webhook_that_fails_at_first_arrives_in_the_end_under_the_same_id(
    stack: Stack, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: an event's row, a receiver that is busy once, a mark in the table."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    receiver = Receiver(b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
    server = await asyncio.start_server(receiver.on_connection, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    hook = event(actions=[{"do": "webhook", "url": receiver.url()}])
    [made] = [one._replace(alarm_id=None) for one in rows(hook, time.time_ns())]
    settings = OutboxSettings.model_validate({"alarms_outbox_poll_s": 0.05})
    sender = WebhookSender(settings)
    await keep(stack, [made])
    async with sending(Outbox(settings, lambda: asynchronous(stack), {"webhook": sender})):
        await until(lambda: found(database, made.key, "error")[0], "the first attempt has failed")
        receiver.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        await until(lambda: states(database) == {made.key: "sent"}, "it is sent")
    await sender.close()
    server.close()
    await server.wait_closed()
    assert found(database, made.key, "attempts") == (2,)
    assert [headers["webhook-id"] for headers, _ in receiver.requests] == [made.key] * 2
    assert receiver.requests[0][1] == receiver.requests[1][1]


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


# The way back of a raised sample frequency.
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
