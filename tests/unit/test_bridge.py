"""The bridge's pure parts: routes, envelopes within their bound, what is in flight, who stays."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.flight import Flight, Receipt
from bridge.lane import Buffer, Lane
from bridge.presence import LEAVING, ONLINE, Presence
from bridge.routing import Route, Router
from runtime.mqtt import Connection, MqttError, Options
from runtime.streams import StreamError
from wire import names
from wire.envelope import from_amqp
from wire.errors import Reason, WireError
from wire.relay_pb2 import Kind

PARTITIONS = [f"data-{number}" for number in range(4)]


class FakeConnection(Connection):
    """Notes what it is told; nothing is on the other side."""

    def __init__(self) -> None:
        super().__init__(Options("nowhere", 1, "fake"), lambda *_: None, lambda *_: None)
        self.told: list[object] = []

    def pause_reading(self) -> None:
        self.told.append("pause")

    def resume_reading(self) -> None:
        self.told.append("resume")

    def acknowledge(self, packet_ids: object) -> None:
        self.told.append(packet_ids)


# routing
def test_route_of_measurements_is_always_one_partition() -> None:
    """That of the serial number, so that a sensor's batches stay in order."""
    router = Router(PARTITIONS)
    route = router.route("sensors/pump-1/measurements")
    assert isinstance(route, Route)
    assert route.stream == PARTITIONS[names.partition_of("pump-1", 4)]
    assert (route.serial_number, route.kind) == ("pump-1", Kind.KIND_MEASUREMENTS)
    assert router.route("sensors/pump-1/measurements") is route


def test_route_of_sensors_spreads_over_all_partitions() -> None:
    """Evenly enough: no partition has half of them."""
    router = Router(PARTITIONS)
    routes = [router.route(f"sensors/pump-{number:04}/measurements") for number in range(1_000)]
    counts = Counter(route.stream for route in routes if isinstance(route, Route))
    assert set(counts) == set(PARTITIONS)
    assert max(counts.values()) < 400


def test_route_of_other_kinds() -> None:
    """Logs have a stream, the rest goes to the exchange."""
    router = Router(PARTITIONS)
    log, birth = router.route("sensors/pump-1/logs"), router.route("sensors/pump-1/birth")
    assert isinstance(log, Route)
    assert isinstance(birth, Route)
    assert log.stream == names.LOG_STREAM
    assert birth.stream is None
    assert birth.routing_key == names.routing_key("pump-1", "birth")


def test_route_of_a_topic_that_is_none_is_an_error_with_its_reason() -> None:
    """Remembered as routes are."""
    router = Router(PARTITIONS)
    wrong = router.route("sensors/pump-1/gossip")
    assert isinstance(wrong, WireError)
    assert wrong.reason is Reason.UNKNOWN_TOPIC
    assert router.route("sensors/pump-1/gossip") is wrong


def test_routes_known_are_bounded() -> None:
    """A sensor that invents topics fills no memory."""
    router = Router(PARTITIONS, known_topics=10)
    for number in range(1_000):
        router.route(f"sensors/pump-1/gossip-{number}")
    assert len(router._routes) <= 10


# envelopes
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=60), st.integers(1, 200))
def test_buffer_gives_everything_once_in_order_within_the_bound(entries: list[bytes], maximum: int) -> None:
    """Only a single entry may be larger than an envelope."""
    buffer: Buffer[int] = Buffer()
    for number, entry in enumerate(entries):
        buffer.add(entry, number)
    bodies: list[bytes] = []
    receipts: list[int] = []
    while buffer:
        before = len(receipts)
        body, some = buffer.take(maximum)
        bodies.append(body)
        receipts += some
        assert some
        assert len(body) <= maximum or len(receipts) - before == 1
    assert b"".join(bodies) == b"".join(entries)
    assert receipts == list(range(len(entries)))
    assert buffer.bytes == 0


class FlakyPublisher:
    """Refuses the first `failures` messages, keeps the others."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.published: list[list[bytes]] = []

    async def publish_many(self, stream: str, messages: list[bytes]) -> None:
        assert stream == "data-0"
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise StreamError("away")
        self.published.append(messages)


@pytest.mark.parametrize("failures", [0, 2])
async def test_lane_publishes_until_confirmed_and_only_then_lands(failures: int) -> None:
    """What arrives while an envelope is under way goes into the next one."""
    publisher = FlakyPublisher(failures)
    landed: list[int] = []
    lane = Lane("data-0", publisher, landed.extend, maximum_bytes=100, linger_s=0)  # type: ignore[arg-type]  # stands in
    running = asyncio.create_task(lane.run())
    lane.add(b"a", 1)
    await asyncio.sleep(0)
    lane.add(b"b", 2)
    lane.add(b"c", 3)
    assert landed == []
    async with asyncio.timeout(5):
        while len(landed) < 3:
            await asyncio.sleep(0.001)
    assert landed == [1, 2, 3]
    assert [[from_amqp(message) for message in messages] for messages in publisher.published] == [
        [b"a"],
        [b"bc"],
    ]
    running.cancel()


async def test_lane_of_dead_letters_publishes_many_at_once_and_joins_none() -> None:
    """Each is a stream message; what waits is published together, within bounds, and lands when all are confirmed."""
    publisher = FlakyPublisher(1)
    landed: list[int] = []
    lane = Lane("data-0", publisher, landed.extend, maximum_bytes=9_000, linger_s=1, envelopes=False)  # type: ignore[arg-type]
    for number in range(3_000):
        lane.add(b"letter", number)
    running = asyncio.create_task(lane.run())
    async with asyncio.timeout(0.9):
        while len(landed) < 3_000:
            assert len(landed) == sum(map(len, publisher.published))
            await asyncio.sleep(0.001)
    assert publisher.published == [[b"letter"] * 1_000] * 3
    assert landed == list(range(3_000))
    running.cancel()


# in flight
async def test_flight_pauses_at_its_bound_and_resumes_at_half() -> None:
    """Once each, and acknowledges in one write."""
    flight, connection = Flight(1_000), FakeConnection()
    flight.took_off(connection, 2, 1_200)
    flight.took_off(connection, 1, 100)
    assert connection.told == ["pause"]
    assert not flight.empty.is_set()
    flight.landed([Receipt(connection, 1, 600)])
    assert connection.told == ["pause", [1]]
    flight.landed([Receipt(connection, 2, 600), Receipt(connection, 3, 100)])
    assert connection.told == ["pause", [1], [2, 3], "resume"]
    assert flight.empty.is_set()
    assert (flight.messages, flight.bytes) == (0, 0)


async def test_flight_acknowledges_nothing_on_a_connection_that_is_gone() -> None:
    """Packet ids mean nothing on another connection: the broker delivers these anew."""
    flight, old, new = Flight(1_000), FakeConnection(), FakeConnection()
    flight.took_off(old, 1, 10)
    old.closed.set_result(MqttError("gone"))
    flight.took_off(new, 1, 10)
    flight.landed([Receipt(old, 1, 10), Receipt(new, 1, 10)])
    assert old.told == []
    assert new.told == [[1]]
    assert flight.empty.is_set()


async def test_flight_over_its_bound_pauses_the_next_connection_too() -> None:
    """A reconnect is no way around the bound."""
    flight, old, new = Flight(1_000), FakeConnection(), FakeConnection()
    flight.took_off(old, 1, 1_500)
    old.closed.set_result(MqttError("gone"))
    flight.took_off(new, 1, 10)
    assert new.told == ["pause"]
    flight.landed([Receipt(old, 1, 1_500)])
    assert new.told == ["pause", "resume"]


# presence
def test_presence_of_two_that_leave_at_once_decides_for_one() -> None:
    """The broker's order is the same for both: the second to be heard sees nobody who stays."""
    heard = [("bridges/a", ONLINE), ("bridges/b", ONLINE), ("bridges/a", LEAVING)]
    first, second = Presence("bridges/a"), Presence("bridges/b")
    for topic, payload in heard:
        first.heard(topic, payload)
        second.heard(topic, payload)
    assert first.leaving_heard()
    assert first.others_online() == 1
    assert not second.leaving_heard()
    second.heard("bridges/b", LEAVING)
    assert second.leaving_heard()
    assert second.others_online() == 0


def test_presence_of_one_whose_last_will_came_is_no_more() -> None:
    """An empty retained message."""
    presence = Presence("bridges/a")
    presence.heard("bridges/b", ONLINE)
    presence.heard("bridges/b", b"")
    presence.heard("bridges/c", b"")
    assert presence.others_online() == 0
