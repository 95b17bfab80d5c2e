"""Envelopes: many relayed messages as one stream message, built by concatenation.

An envelope travels as the body of an AMQP 1.0 message (one data section), so that any stream client
can read it.
"""

from typing import Final

from google.protobuf.message import DecodeError

from wire.errors import Reason, WireError
from wire.relay_pb2 import Envelope, Kind, Relayed

_MESSAGES_TAG: Final = b"\x0a"  # Envelope.messages = 1, length-delimited
_RECEIVED_TAG: Final = b"\x19"  # Relayed.received_ns = 3, 64 bits
_PAYLOAD_TAG: Final = b"\x22"  # Relayed.payload = 4, length-delimited
_DATA_SECTION: Final = b"\x00\x53\x75"
_BINARY_8: Final = 0xA0
_BINARY_32: Final = 0xB0


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


_VARINTS: Final = [_varint(value) for value in range(16_384)]  # most sizes, ready


def prefix(serial_number: str, kind: Kind) -> bytes:
    """What all entries of one sensor and kind begin with, up to the time; `entry` takes it."""
    return Relayed(serial_number=serial_number, kind=kind).SerializeToString() + _RECEIVED_TAG


def entry(prefix: bytes, received_ns: bytes, payload: bytes) -> bytes:
    """One message as a piece of an envelope: `b"".join(pieces)` is an encoded Envelope.

    `received_ns`: Unix time in nanoseconds as 8 bytes, little endian (many messages share one).
    """
    size = len(payload)
    length = _VARINTS[size] if size < 16_384 else _varint(size)
    total = len(prefix) + 9 + len(length) + size
    outer = _VARINTS[total] if total < 16_384 else _varint(total)
    return b"".join((_MESSAGES_TAG, outer, prefix, received_ns, _PAYLOAD_TAG, length, payload))


def unpack(body: bytes) -> list[Relayed]:
    """The messages of an encoded envelope, in order. WireError where the bytes are none."""
    try:
        return list(Envelope.FromString(body).messages)
    except DecodeError as error:
        raise WireError(Reason.MALFORMED, f"{len(body)} bytes are no Envelope") from error


def to_amqp(body: bytes) -> bytes:
    """An AMQP 1.0 message whose one data section is `body`."""
    return b"".join((_DATA_SECTION, bytes([_BINARY_32]), len(body).to_bytes(4, "big"), body))


def from_amqp(message: bytes) -> bytes:
    """The body of an AMQP 1.0 message that is one data section. WireError for anything else."""
    if message[:3] == _DATA_SECTION and len(message) > 4:
        if message[3] == _BINARY_32 and len(message) >= 8:
            start, size = 8, int.from_bytes(message[4:8], "big")
        elif message[3] == _BINARY_8:
            start, size = 5, message[4]
        else:
            start, size = 0, -1
        if len(message) == start + size:
            return message[start:]
    raise WireError(Reason.MALFORMED, f"{len(message)} bytes are no AMQP message of one data section")
