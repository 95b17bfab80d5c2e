"""Following what sensors measure through RabbitMQ's partitions, many at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from rstream import Consumer, MessageContext

from runtime import live
from runtime.live import LiveStream, Received
from stack.local import Stack
from tests.integration.relay import Relay, batch, rabbitmq, restart_partition
from wire import names

PREFIX = "follow-"
PARTITIONS = 4


class Following:
    """A stream that is followed, and what has come of whom."""

    def __init__(self, stack: Stack) -> None:
        self.stream = LiveStream(rabbitmq(stack, "operator"), self._on_batch, connection_name="test")
        self.came: dict[str, list[int]] = {}

    def _on_batch(self, serial: str, received: Received) -> None:
        self.came.setdefault(serial, []).append(received.batch.sequence)


@pytest.fixture
async def following(stack: Stack) -> AsyncIterator[Following]:
    one = Following(stack)
    running = asyncio.create_task(one.stream.run())
    yield one
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def one_of_each_partition() -> list[str]:
    """Serial numbers, by partition."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < PARTITIONS:
        serial = f"{PREFIX}{number}"
        found.setdefault(names.partition_of(serial, PARTITIONS), serial)
        number += 1
    return [found[partition] for partition in range(PARTITIONS)]


async def until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


async def publish_until(
    relay: Relay, following: Following, wanted: list[str], sequence: int, all_: list[str]
) -> int:
    """One batch of each after the other until all that are wanted have come; the next sequence."""
    seen = {serial: len(following.came.get(serial, [])) for serial in wanted}
    async with asyncio.timeout(20):
        while any(len(following.came.get(serial, [])) == seen[serial] for serial in wanted):
            for serial in all_:
                await relay.batches(serial, [batch(sequence)])
            sequence += 1
            await asyncio.sleep(0.02)
    return sequence


async def test_live_follows_sensors_of_all_partitions_and_each_change_of_them(
    stack: Stack, following: Following
) -> None:
    """Those that are followed come, in order, and no others; also when the set changes again and again."""
    serials = one_of_each_partition()
    async with Relay(stack) as relay:
        sequence = 0
        for wanted in (serials, serials[:1], serials[2:], [], serials[1:3], serials):
            following.stream.follow(wanted)
            following.came.clear()
            sequence = await publish_until(relay, following, list(wanted), sequence, serials)
            assert following.came.keys() == set(wanted)
            for came in following.came.values():
                assert came == list(range(came[0], came[0] + len(came)))


async def test_live_reads_a_partition_on_for_a_while_and_then_no_longer(
    stack: Stack, following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who goes through a fleet does not subscribe anew each time; who has gone is not sent what nobody looks at."""
    serials = one_of_each_partition()
    messages: list[int] = []
    take = following.stream._on_message

    async def counting(message: bytes, context: MessageContext) -> None:
        messages.append(len(message))
        await take(message, context)

    monkeypatch.setattr(following.stream, "_on_message", counting)
    monkeypatch.setattr(live, "_LINGER_S", 1.0)
    async with Relay(stack) as relay:
        following.stream.follow(serials[:1])
        sequence = await publish_until(relay, following, serials[:1], 0, serials)
        following.stream.follow([])
        for _ in range(100):
            await relay.batches(serials[0], [batch(sequence)])
            messages.clear()
            await asyncio.sleep(0.1)
            if not messages:
                break
        assert not messages
        following.stream.follow(serials[:1])
        await publish_until(relay, following, serials[:1], sequence, serials)


async def test_live_whose_set_changes_hundreds_of_times_goes_on(
    stack: Stack, following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rstream gives 200 numbers to subscriptions; a page that is open for a week changes more often."""
    serials = one_of_each_partition()
    monkeypatch.setattr(live, "_LINGER_S", 0.0)
    subscribed: list[int] = []
    subscribe = following.stream._subscribe

    async def counting(consumer: Consumer, stream: str) -> int:
        number = await subscribe(consumer, stream)
        subscribed.append(number)
        return number

    monkeypatch.setattr(following.stream, "_subscribe", counting)
    async with Relay(stack) as relay:
        following.stream.follow(serials[:2])
        await until(lambda: following.stream.problem is None)
        for change in range(1, 250):
            before = len(subscribed)
            following.stream.follow([serials[0], serials[1 + change % 3]])
            await until(lambda before=before: len(subscribed) > before)  # type: ignore[misc]
        following.stream.follow(serials)
        await publish_until(relay, following, serials, 0, serials)
        assert max(subscribed) < 10
        assert following.stream.connections == 1


async def test_live_when_rabbitmq_restarts_follows_the_same_again(stack: Stack, following: Following) -> None:
    """With a problem meanwhile."""
    serials = one_of_each_partition()
    following.stream.follow(serials)
    async with Relay(stack) as relay:
        await publish_until(relay, following, serials, 0, serials)
        await asyncio.to_thread(stack.restart, "rabbitmq")
        await until(lambda: following.stream.connections == 2, 60)
        await publish_until(relay, following, serials, 1000, serials)
    assert following.stream.problem is None


async def test_live_cancelled_while_it_gives_up_a_partition_ends(
    stack: Stack, following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rstream swallows the cancellation; the service has to stop all the same."""
    serials = one_of_each_partition()
    monkeypatch.setattr(live, "_LINGER_S", 0.0)
    one = Following(stack)
    running = asyncio.create_task(one.stream.run())
    one.stream.follow(serials)
    await until(lambda: one.stream.problem is None)
    giving_up = asyncio.Event()
    unsubscribe = Consumer.unsubscribe

    async def slow(consumer: Consumer, number: int) -> None:
        giving_up.set()
        with contextlib.suppress(BaseException):  # what rstream does
            await asyncio.sleep(30)
        await unsubscribe(consumer, number)

    monkeypatch.setattr(Consumer, "unsubscribe", slow)
    one.stream.follow(serials[:1])
    async with asyncio.timeout(10):
        await giving_up.wait()
        monkeypatch.setattr(Consumer, "unsubscribe", unsubscribe)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()


async def test_live_when_a_partition_is_restarted_goes_on(stack: Stack, following: Following) -> None:
    """RabbitMQ chooses a leader anew, and no connection breaks: the partition is subscribed again."""
    serials = one_of_each_partition()
    async with Relay(stack) as relay:
        following.stream.follow(serials)
        sequence = await publish_until(relay, following, serials, 0, serials)
        before = following.stream.connections
        await asyncio.to_thread(restart_partition, stack, f"{names.DATA_SUPER_STREAM}-0")
        await publish_until(relay, following, serials, sequence, serials)
        assert following.stream.connections == before + 1
