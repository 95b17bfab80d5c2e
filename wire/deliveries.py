"""Stream messages become batches, or rejects with their reason. Pure."""

from functools import lru_cache
from typing import Final, NamedTuple

from wire.codec import Batch, parse_measurements
from wire.envelope import from_amqp, unpack
from wire.errors import Reason, WireError
from wire.names import check_serial_number
from wire.relay_pb2 import Kind, Relayed

_KIND_MEASUREMENTS: Final = Kind.KIND_MEASUREMENTS
# most messages come from sensors that were just heard of
_check_serial_number = lru_cache(maxsize=65_536)(check_serial_number)


class Delivery(NamedTuple):
    """One stream message. `time_ms`: Unix time at which RabbitMQ wrote its chunk."""

    stream: str
    offset: int
    body: bytes
    time_ms: int = 0


class Reject(NamedTuple):
    """A message that is given to the dead-letter stream."""

    error: WireError
    origin: str
    payload: bytes
    serial_number: str = ""
    kind: Kind = Kind.KIND_UNSPECIFIED


class Received(NamedTuple):
    """One valid batch, and what it came from (for a dead letter, should it be refused later)."""

    serial_number: str
    received_ns: int
    batch: Batch
    payload: bytes
    origin: str


def relayed(delivery: Delivery) -> tuple[list[Relayed], str, list[Reject]]:
    """The messages of an envelope and their origin; one that is none is rejected whole."""
    origin = f"{delivery.stream}/{delivery.offset}"
    try:
        return unpack(from_amqp(delivery.body)), origin, []
    except WireError as error:
        return [], origin, [Reject(error, origin, delivery.body)]


def measurements(delivery: Delivery, now_ns: int) -> tuple[list[Received], list[Reject]]:
    """Every batch whose form is right; samples are checked for finiteness with the rows by whoever makes arrays of them."""
    messages, origin, rejects = relayed(delivery)
    received: list[Received] = []
    for message in messages:
        serial_number, payload = message.serial_number, message.payload
        try:
            if message.kind != _KIND_MEASUREMENTS:
                raise WireError(Reason.MALFORMED, f"kind {message.kind} in a stream of measurements")
            _check_serial_number(serial_number)
            batch = parse_measurements(payload, now_ns)
        except WireError as error:
            rejects.append(Reject(error, origin, payload, serial_number, message.kind))
        else:
            received.append(Received(serial_number, message.received_ns, batch, payload, origin))
    return received, rejects
