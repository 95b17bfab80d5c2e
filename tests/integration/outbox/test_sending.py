"""The outbox in the real database, with senders that fail as a test says: at least once, and what died goes on."""

import asyncio
import time

import pytest

from alarms import outbox_metrics as metrics
from alarms.actions import rows
from alarms.outbox import Outbox, put
from alarms.outbox_config import OutboxSettings
from alarms.sending import RefusedError, UnsentError
from alarms.webhook import WebhookSender
from stack.local import Stack
from tests.integration.outbox.sending import (
    Recipient,
    asynchronous,
    back,
    found,
    keep,
    outbox,
    row,
    sending,
    states,
)
from tests.integration.pipeline import Database
from tests.integration.steering import until
from tests.unit.test_alarms_actions import event
from tests.unit.test_alarms_webhook import Receiver


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
