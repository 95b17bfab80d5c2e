"""Envelopes: many relayed messages as one stream message, built by concatenation."""

from wire.relay_pb2 import Envelope, Kind, Relayed

_MESSAGES_TAG = b"\x0a"  # Envelope.messages = 1, length-delimited


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def entry(serial_number: str, kind: Kind, received_ns: int, payload: bytes) -> bytes:
    """One message as a piece of an envelope; `b"".join(pieces)` is an encoded Envelope."""
    relayed = Relayed(
        serial_number=serial_number, kind=kind, received_ns=received_ns, payload=payload
    ).SerializeToString()
    return b"".join((_MESSAGES_TAG, _varint(len(relayed)), relayed))


def unpack(body: bytes) -> list[Relayed]:
    """The messages of an encoded envelope, in order. DecodeError where the bytes are none."""
    return list(Envelope.FromString(body).messages)
