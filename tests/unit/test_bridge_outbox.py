"""What goes to the exchange: many at once, in order for each routing key, each until it is confirmed."""

import asyncio
from collections.abc import Mapping

import pytest

from bridge import outbox as outbox_module
from bridge.outbox import Letter, Outbox
from runtime.amqp_errors import AmqpError
from runtime.backoff import Backoff
from wire import names


class Exchange:
    """Keeps what is published until the test answers."""

    def __init__(self) -> None:
        self.published: list[tuple[str, bytes, Mapping[str, object]]] = []
        self.answers: list[asyncio.Future[None]] = []

    def publish(self, key: str, body: bytes, headers: Mapping[str, object]) -> "asyncio.Future[None]":
        self.published.append((key, body, headers))
        self.answers.append(asyncio.get_running_loop().create_future())
        return self.answers[-1]

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, body, _ in self.published]

    async def confirm(self, index: int) -> None:
        self.answers[index].set_result(None)
        await asyncio.sleep(0)

    async def refuse(self, index: int) -> None:
        self.answers[index].set_exception(AmqpError("full"))
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another attempt is made at the loop's next turn."""
    monkeypatch.setattr(outbox_module, "Backoff", lambda **_: Backoff(0.0, 0.0))


def letter(key: str, body: bytes, landed: list[bytes]) -> Letter:
    return Letter(key, "pump-1", 77, body, lambda: landed.append(body))


async def turn() -> None:
    await asyncio.sleep(0.01)


async def test_letters_of_different_keys_do_not_wait_for_each_other() -> None:
    """A thousand sensors are a thousand publishes under way."""
    outbox, exchange = Outbox(), Exchange()
    landed: list[bytes] = []
    for number in range(1_000):
        outbox.add(letter(f"key-{number}", b"%d" % number, landed))
    assert exchange.published == []
    outbox.connected(exchange.publish)
    assert len(exchange.published) == 1_000
    assert exchange.published[0][2] == {names.HEADER_SERIAL_NUMBER: "pump-1", names.HEADER_RECEIVED_NS: 77}
    await exchange.confirm(999)
    assert landed == [b"999"]


async def test_letters_of_one_key_are_published_one_after_the_other() -> None:
    """Also when the first is refused: it is published again before the second."""
    outbox, exchange = Outbox(), Exchange()
    landed: list[bytes] = []
    outbox.connected(exchange.publish)
    for body in (b"one", b"two"):
        outbox.add(letter("key", body, landed))
    outbox.add(letter("other", b"other", landed))
    assert exchange.bodies == [b"one", b"other"]
    await exchange.refuse(0)
    await turn()
    assert exchange.bodies == [b"one", b"other", b"one"]
    assert landed == []
    await exchange.confirm(2)
    assert exchange.bodies[3:] == [b"two"]
    await exchange.confirm(3)
    assert landed == [b"one", b"two"]


async def test_letters_whose_order_means_nothing_wait_for_none() -> None:
    """Reports of many commands to one sensor; they do not hold up what has an order either."""
    outbox, exchange = Outbox(), Exchange()
    landed: list[bytes] = []
    outbox.connected(exchange.publish)
    for body in (b"one", b"two", b"three"):
        outbox.add(letter("key", body, landed)._replace(in_order=False))
    outbox.add(letter("key", b"four", landed))
    assert exchange.bodies == [b"one", b"two", b"three", b"four"]
    await exchange.confirm(3)
    await exchange.confirm(1)
    assert landed == [b"four", b"two"]


async def test_under_way_are_no_more_than_the_window() -> None:
    """The others wait for an answer, good or bad."""
    outbox, exchange = Outbox(window=2), Exchange()
    landed: list[bytes] = []
    outbox.connected(exchange.publish)
    for number in range(4):
        outbox.add(letter(f"key-{number}", b"%d" % number, landed))
    assert exchange.bodies == [b"0", b"1"]
    await exchange.confirm(0)
    assert exchange.bodies == [b"0", b"1", b"2"]
    await exchange.refuse(1)
    await turn()
    assert sorted(exchange.bodies[3:]) == [b"3"]
    await exchange.confirm(2)
    assert exchange.bodies[-1] == b"1"


async def test_connection_that_ends_all_is_published_by_the_next() -> None:
    """In order for each key, and landed once."""
    outbox, first, second = Outbox(), Exchange(), Exchange()
    landed: list[bytes] = []
    outbox.connected(first.publish)
    for body in (b"one", b"two"):
        outbox.add(letter("key", body, landed))
    outbox.disconnected()
    await first.refuse(0)
    await turn()
    assert first.bodies == [b"one"]
    outbox.connected(second.publish)
    assert second.bodies == [b"one"]
    await second.confirm(0)
    await second.confirm(1)
    assert landed == second.bodies == [b"one", b"two"]
    outbox.add(letter("key", b"three", landed))
    assert second.bodies[-1] == b"three"


def status(body: bytes, landed: list[bytes]) -> Letter:
    return letter("key", body, landed)._replace(replaces=True)


async def test_letter_that_replaces_is_published_instead_of_those_that_rabbitmq_does_not_take() -> None:
    """A sensor costs a full queue's bridge one status, however long it stays full; those before land, unpublished."""
    outbox, exchange = Outbox(), Exchange()
    landed: list[bytes] = []
    outbox.connected(exchange.publish)
    for body in (b"one", b"two", b"three"):
        outbox.add(status(body, landed))
    assert landed == []
    outbox.disconnected()  # so that it is not tried again at once
    await exchange.refuse(0)
    assert landed == [b"one", b"two"]
    outbox.add(letter("key", b"a will", landed))
    assert landed == [b"one", b"two"]
    for number in range(100):
        outbox.add(status(b"%d" % number, landed))
    assert landed == [b"one", b"two", b"three", b"a will", *(b"%d" % number for number in range(99))]
    await turn()
    outbox.connected(exchange.publish)
    assert exchange.bodies == [b"one", b"99"]
    await exchange.confirm(1)
    assert landed[-1] == b"99"


async def test_letter_that_replaces_waits_while_rabbitmq_takes_them() -> None:
    """Nothing is left out where it need not be."""
    outbox, exchange = Outbox(), Exchange()
    landed: list[bytes] = []
    outbox.connected(exchange.publish)
    for body in (b"one", b"two", b"three"):
        outbox.add(status(body, landed))
    for index in range(3):
        await exchange.confirm(index)
    assert exchange.bodies == landed == [b"one", b"two", b"three"]


async def test_letter_that_replaces_is_alone_also_before_rabbitmq_is_there() -> None:
    """The window is open, and nothing was published yet."""
    outbox, exchange = Outbox(), Exchange()
    landed: list[bytes] = []
    for body in (b"one", b"two"):
        outbox.add(status(body, landed))
    outbox.connected(exchange.publish)
    assert landed == [b"one"]
    assert exchange.bodies == [b"two"]
