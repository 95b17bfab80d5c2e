"""What the alarms service says by the real RabbitMQ: events for whoever listens, commands that a sensor applies once, triggers."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alarms import outbox_metrics as metrics
from alarms.actions import OutboxRow, rows
from alarms.publishing import CommandSender, Exchange, PublishSender
from alarms.sending import Item, RefusedError, UnsentError
from runtime.amqp import Delivery, connect
from stack.local import Stack
from tests.integration.pipeline import running
from tests.integration.relay import rabbitmq
from tests.integration.steering import emulated, until
from tests.unit.test_alarms_actions import event
from wire import names

SERIAL = "pump-0002"  # of the event


def item(row: OutboxRow) -> Item:
    return Item(1, row.key, row.action, row.payload, 1, datetime.now(UTC), 0.0)


@asynccontextmanager
async def connected(one: Exchange) -> AsyncIterator[Exchange]:
    task = asyncio.create_task(one.run())
    try:
        await until(lambda: one.connected, "RabbitMQ is connected")
        yield one
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_event_is_published_for_whoever_listens(stack: Stack) -> None:
    """As JSON, by the account of the service, with a key by which one that comes twice is known."""
    heard: list[Delivery] = []
    listener = await connect(rabbitmq(stack, "operator"), "test-listener")
    await listener.listen([names.ALARM_EVENT_PATTERN], heard.append)
    [row] = rows(event(actions=[{"do": "publish"}]), time.time_ns())
    async with connected(Exchange(rabbitmq(stack, "alarms"))) as exchange:
        await PublishSender(exchange).send(item(row))
        await until(lambda: heard, "it is heard")
    await listener.close()
    [one] = heard
    assert one.routing_key == f"sensor_{SERIAL}.alarms.trigger"
    assert json.loads(one.body) == row.payload["event"]
    assert (one.user_id, one.headers[names.HEADER_EVENT]) == ("alarms", row.key)


async def test_commands_that_are_sent_twice_are_applied_once(stack: Stack, tmp_path: Path) -> None:
    """A sensor samples faster, and as before; who asked for it is recorded."""
    actions: list[dict[str, Any]] = [
        {"do": "trigger_sensor", "action": "beep"},
        {"do": "change_sample_frequency", "sample_frequency_hz": 400, "for_s": 60},
    ]
    trigger, there, back = rows(event(actions=actions), time.time_ns(), 100.0)
    with running(stack, tmp_path) as pipeline, pipeline.connect() as database:
        pipeline.bridge().wait_ready()
        pipeline.ingest("registry").wait_ready()
        async with (
            emulated(stack, SERIAL) as [sensor],
            connected(Exchange(rabbitmq(stack, "alarms"))) as exchange,
        ):
            sender = CommandSender(exchange, time.time_ns)
            for row in (trigger, trigger, there, there, back, back):
                await sender.send(item(row))

            def recorded() -> list[tuple[object, ...]]:
                return database.execute(
                    "SELECT name, issuer, client, status FROM command_overview WHERE serial_number = %s ORDER BY name, status",
                    [SERIAL],
                ).fetchall()

            who = ("alarms", "alarms: vibration", "APPLIED")
            expected = [
                ("change_sample_frequency", *who),
                ("change_sample_frequency", *who),
                ("trigger_alarm", *who),
            ]
            await until(lambda: recorded() == expected, "all are applied and recorded")
            assert sensor.sensor.applied == [400.0, 100.0]


async def test_command_that_came_too_late_or_that_no_sensor_could_apply_is_given_up(stack: Stack) -> None:
    """With the reason."""
    [row] = rows(event(actions=[{"do": "trigger_sensor"}]), time.time_ns())
    row.payload["fields"]["action"] = "ä" * 40  # as a row of another version might have it
    async with connected(Exchange(rabbitmq(stack, "alarms"))) as exchange:
        with pytest.raises(RefusedError, match="the action has 80 bytes"):
            await CommandSender(exchange, time.time_ns).send(item(row))
        with pytest.raises(RefusedError, match="not sent within 600 s"):
            await CommandSender(exchange, lambda: time.time_ns() + 601 * 10**9).send(item(row))


async def test_trigger_is_heard_by_other_replicas_alone(stack: Stack) -> None:
    """Whoever judged it has told its own machines already."""
    heard: dict[str, list[tuple[str, bytes]]] = {"first": [], "second": []}

    def replica(name: str) -> Exchange:
        return Exchange(rabbitmq(stack, "alarms"), on_trigger=lambda *trigger: heard[name].append(trigger))

    async with connected(replica("first")) as first, connected(replica("second")) as second:
        for number in range(100):
            first.publish_trigger(SERIAL, b"%d" % number)
        second.publish_trigger(SERIAL, b"from the second")
        await until(lambda: len(heard["second"]) == 100 and heard["first"], "all are heard")
    assert heard["first"] == [(SERIAL, b"from the second")]
    assert heard["second"] == [(SERIAL, b"%d" % number) for number in range(100)]


async def test_nothing_is_kept_for_a_rabbitmq_that_is_away(stack: Stack) -> None:
    """Rows are tried again by the outbox; a trigger that is not told is counted, and is in the database."""
    changes: list[bool] = []
    exchange = Exchange(rabbitmq(stack, "alarms"), on_change=changes.append)
    sender = PublishSender(exchange)
    [row] = rows(event(actions=[{"do": "publish"}]), time.time_ns())
    ready = [sender.ready]
    with pytest.raises(UnsentError, match="not connected"):
        await sender.send(item(row))
    before = metrics.TRIGGERS_UNTOLD._value.get()
    exchange.publish_trigger(SERIAL, b"")
    assert metrics.TRIGGERS_UNTOLD._value.get() == before + 1
    async with connected(exchange):
        await until(lambda: changes == [True], "it says that it is connected")
        ready.append(sender.ready)
        connection = exchange._session.connection
        assert connection is not None
        connection._raw._terminate_stream(ConnectionError("cut"))
        await until(lambda: changes == [True, False, True], "it is connected again")
        assert ready == [False, True]
        await sender.send(item(row))
