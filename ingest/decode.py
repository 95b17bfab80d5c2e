"""Stream messages become batches, or rejects with their reason. Pure."""

from typing import NamedTuple

from wire.codec import Batch, parse_measurements
from wire.envelope import from_amqp, unpack
from wire.errors import Reason, WireError
from wire.names import check_serial_number
from wire.relay_pb2 import Kind, Relayed


class Delivery(NamedTuple):
    """One stream message."""

    stream: str
    offset: int
    body: bytes


class Reject(NamedTuple):
    """A message that is given to the dead-letter stream."""

    error: WireError
    origin: str
    payload: bytes
    serial_number: str = ""
    kind: Kind = Kind.KIND_UNSPECIFIED


class Received(NamedTuple):
    """One valid batch, and what it came from (for a dead letter, should the database refuse it)."""

    serial_number: str
    received_ns: int
    batch: Batch
    payload: bytes
    origin: str


def relayed(deliveries: list[Delivery]) -> tuple[list[tuple[Relayed, str]], list[Reject]]:
    """All messages of all envelopes with their origin, in order; envelopes that are none are rejected whole."""
    messages: list[tuple[Relayed, str]] = []
    rejects: list[Reject] = []
    for delivery in deliveries:
        origin = f"{delivery.stream}/{delivery.offset}"
        try:
            messages += [(message, origin) for message in unpack(from_amqp(delivery.body))]
        except WireError as error:
            rejects.append(Reject(error, origin, delivery.body))
    return messages, rejects


def measurements(deliveries: list[Delivery], now_ns: int) -> tuple[list[Received], list[Reject]]:
    """Every batch whose form is right; samples are checked for finiteness with the rows (ingest.rows)."""
    messages, rejects = relayed(deliveries)
    received: list[Received] = []
    for message, origin in messages:
        serial_number, payload = message.serial_number, message.payload
        try:
            if message.kind != Kind.KIND_MEASUREMENTS:
                raise WireError(Reason.MALFORMED, f"kind {message.kind} in a stream of measurements")
            check_serial_number(serial_number)
            batch = parse_measurements(payload, now_ns)
        except WireError as error:
            rejects.append(Reject(error, origin, payload, serial_number, message.kind))
        else:
            received.append(Received(serial_number, message.received_ns, batch, payload, origin))
    return received, rejects
