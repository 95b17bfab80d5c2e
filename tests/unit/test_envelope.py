"""Envelopes built by concatenation are what protobuf would have encoded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.dead import dead_letter
from wire.envelope import entry, from_amqp, prefix, to_amqp, unpack
from wire.errors import Reason, WireError
from wire.relay_pb2 import DeadLetter, Envelope, Kind, Relayed

SERIALS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", fullmatch=True)
RELAYED = st.builds(
    Relayed,
    serial_number=SERIALS,
    kind=st.sampled_from(Kind.values()),
    received_ns=st.integers(0, 2**63 - 1),
    payload=st.binary(max_size=300),
)


def encoded(message: Relayed) -> bytes:
    received = message.received_ns.to_bytes(8, "little")
    return entry(prefix(message.serial_number, message.kind), received, message.payload)


@given(st.lists(RELAYED, max_size=5))
def test_entries_joined_are_an_envelope(messages: list[Relayed]) -> None:
    """Any protobuf library reads them, in order."""
    assert unpack(b"".join(map(encoded, messages))) == messages


@pytest.mark.parametrize("size", [1, 127, 128, 16_000, 16_383, 16_384, 262_144])
def test_entry_is_protobufs_own_encoding(size: int) -> None:
    """Also where the length takes another byte."""
    message = Relayed(serial_number="pump-1", kind=Kind.KIND_MEASUREMENTS, received_ns=7, payload=bytes(size))
    assert encoded(message) == Envelope(messages=[message]).SerializeToString()


@given(st.binary(max_size=2_000))
def test_amqp_gives_the_body_back(body: bytes) -> None:
    """Its one data section."""
    assert from_amqp(to_amqp(body)) == body


def test_amqp_of_another_client_with_a_short_section_is_read() -> None:
    """Up to 255 bytes the section may say its length in one byte."""
    assert from_amqp(b"\x00\x53\x75\xa0\x03abc") == b"abc"


@given(st.binary(max_size=50))
def test_bytes_that_are_no_message_are_one_error(message: bytes) -> None:
    """Never another exception."""
    try:
        unpack(from_amqp(message))
    except WireError as error:
        assert error.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    "message",
    [b"", b"\x00\x53\x75", to_amqp(b"abc")[:-1], to_amqp(b"abc") + b"\x00", b"\x00\x53\x73\xa0\x00"],
)
def test_amqp_truncated_or_longer_is_malformed(message: bytes) -> None:
    """Half a message is not taken for a whole one."""
    with pytest.raises(WireError) as caught:
        from_amqp(message)
    assert caught.value.reason is Reason.MALFORMED


def test_dead_letter_keeps_reason_origin_and_bytes() -> None:
    """A topic may be any text, even one that is not valid Unicode."""
    message = dead_letter(
        WireError(Reason.BAD_TIME, "in 1970"),
        origin="sensors/\ud800/measurements",
        payload=b"\xff\x00",
        time_ns=5,
        serial_number="pump-1",
        kind=Kind.KIND_MEASUREMENTS,
    )
    letter = DeadLetter.FromString(from_amqp(message))
    assert (letter.reason, letter.detail, letter.payload) == ("bad_time", "in 1970", b"\xff\x00")
    assert (letter.serial_number, letter.kind, letter.time_ns) == ("pump-1", Kind.KIND_MEASUREMENTS, 5)
    assert letter.origin == "sensors/?/measurements"
