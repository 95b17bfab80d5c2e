"""The way up: to its stream or queue, or a dead letter; what another session has, too, is acknowledged at once."""

from typing import Any

import mqtt5

from bridge.flight import Flight, Receipt
from bridge.outbox import Letter
from bridge.routing import Router
from bridge.uplink import Uplink
from tests.unit.test_bridge import FakeConnection
from wire import limits, names
from wire.envelope import from_amqp
from wire.relay_pb2 import DeadLetter, Kind
from wire.sensor_pb2 import Birth, CommandAck, Outcome, State, Status

MARKED = 1
STATUS = Status(state=State.STATE_AWAKE, uptime_ms=1, time_ns=1_900_000_000 * 10**9).SerializeToString()
WILL = Status(state=State.STATE_OFFLINE).SerializeToString()
BIRTH = Birth(serial_number="pump-1", sample_frequency_hz=100, state=State.STATE_AWAKE).SerializeToString()
ACK = CommandAck(command_id=bytes(16), outcome=Outcome.OUTCOME_APPLIED, state=State.STATE_AWAKE)


class Sink:
    """Of a lane or an outbox: keeps what is added."""

    def __init__(self) -> None:
        self.added: list[Any] = []

    def add(self, *entry: Any) -> None:
        self.added.append(entry)

    @property
    def letters(self) -> list[Letter]:
        return [letter for (letter,) in self.added]

    @property
    def dead(self) -> list[DeadLetter]:
        return [DeadLetter.FromString(from_amqp(message)) for message, _ in self.added]


class Way:
    """An uplink between sinks, of the streams' session or the other one."""

    def __init__(self, *, leaves_registry: bool) -> None:
        self.connection = FakeConnection()
        self.lanes = {stream: Sink() for stream in ("data-0", names.LOG_STREAM)}
        self.dead, self.outbox = Sink(), Sink()
        self.flight = Flight(1_000_000)
        self._packet_id = 0
        kinds = (Kind.KIND_BIRTH, Kind.KIND_STATUS, Kind.KIND_ACK)
        self._uplink = Uplink(
            Router(["data-0"]),
            self.lanes,  # type: ignore[arg-type]  # stand in
            self.dead,  # type: ignore[arg-type]
            dict.fromkeys(kinds, self.outbox),  # type: ignore[arg-type]
            self.flight,
            leaves_registry=leaves_registry,
        )

    def take(self, *messages: tuple[str, bytes], subscription: int | None = None) -> None:
        packets = []
        for level, payload in messages:
            self._packet_id += 1
            ids = [] if subscription is None else [subscription]
            packets.append(
                mqtt5.PublishPacket(
                    f"sensors/{level}",
                    payload,
                    qos=mqtt5.QoS.AT_LEAST_ONCE,
                    packet_id=self._packet_id,
                    subscription_ids=ids,
                )
            )
        self._uplink.take(self.connection, packets)


async def test_session_of_the_streams_leaves_what_is_for_the_registry_to_the_other() -> None:
    """Whatever it says; the rest, unknown topics included, is its own."""
    way = Way(leaves_registry=True)
    way.take(
        ("pump-1/measurements", b"m"), ("pump-1/status", b"rubbish"), ("pump-1/acks", b""), ("-bad-/birth", b""),
        ("pump-1/gossip", b"g"), subscription=MARKED,
    )  # fmt: skip
    assert way.connection.told == [[2, 3, 4]]
    assert [receipt.packet_id for _, receipt in way.lanes["data-0"].added] == [1]
    assert [letter.reason for letter in way.dead.dead] == ["unknown_topic"]
    assert way.outbox.added == []
    assert way.flight.messages == 2


async def test_session_of_the_streams_only_left_things_leaves_the_flight_empty() -> None:
    """A bridge that waits for its flight to land would wait for ever."""
    way = Way(leaves_registry=True)
    way.take(("pump-1/status", STATUS), subscription=MARKED)
    assert way.flight.empty.is_set()


async def test_session_of_an_earlier_version_what_waited_in_it_is_relayed() -> None:
    """It came before there was another session that has it."""
    way = Way(leaves_registry=True)
    way.take(("pump-1/status", STATUS))
    assert way.connection.told == []
    assert [letter.payload for letter in way.outbox.letters] == [STATUS]
    assert way.flight.messages == 1


async def test_registry_takes_what_is_for_it_and_a_birth_or_status_replaces_the_one_before() -> None:
    """Not so a last will, which knows the state alone, and an answer."""
    way = Way(leaves_registry=False)
    answer = ACK.SerializeToString()
    way.take(
        ("pump-1/birth", BIRTH), ("pump-1/status", STATUS), ("pump-1/status", WILL), ("pump-1/acks", answer)
    )
    assert [(letter.payload, letter.replaces) for letter in way.outbox.letters] == [
        (BIRTH, True), (STATUS, True), (WILL, False), (answer, False),
    ]  # fmt: skip
    way.outbox.letters[1].landed()
    assert way.connection.told == [[2]]


async def test_registry_bad_messages_are_dead_letters_and_cost_no_queue_anything() -> None:
    """With what is known of them, and acknowledged when they are safe."""
    way = Way(leaves_registry=False)
    way.take(
        ("pump-1/birth", b"\xff"),
        ("pump-2/birth", BIRTH),
        ("pump-1/status", Status().SerializeToString()),
        ("pump-1/acks", b"\x0a\x01x"),
        ("-bad-/status", STATUS),
        ("pump-1/status", bytes(limits.MAXIMUM_MESSAGE_BYTES + 1)),
    )
    assert way.outbox.added == []
    found = [(letter.reason, letter.serial_number, letter.kind) for letter in way.dead.dead]
    assert found == [
        ("malformed", "pump-1", Kind.KIND_BIRTH),
        ("bad_serial_number", "pump-2", Kind.KIND_BIRTH),
        ("bad_state", "pump-1", Kind.KIND_STATUS),
        ("bad_command", "pump-1", Kind.KIND_ACK),
        ("bad_serial_number", "", Kind.KIND_UNSPECIFIED),
        ("too_large", "pump-1", Kind.KIND_STATUS),
    ]
    receipts: list[Receipt] = [receipt for _, receipt in way.dead.added]
    way.flight.landed(receipts)
    assert way.connection.told == [[1, 2, 3, 4, 5, 6]]
