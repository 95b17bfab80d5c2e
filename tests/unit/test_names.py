"""Topics, routing keys, partitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import names
from wire.errors import Reason, WireError
from wire.relay_pb2 import Kind

SERIALS = st.from_regex(names.SERIAL_NUMBER, fullmatch=True)


@given(SERIALS, st.sampled_from(sorted(names.LEVEL_BY_KIND)))
def test_topic_parsed_gives_its_parts(serial: str, kind: Kind) -> None:
    """A topic says who and what."""
    assert names.parse_topic(names.topic(serial, kind)) == (serial, kind)


@given(st.text())
def test_any_topic_is_parsed_or_refused_with_a_reason(topic: str) -> None:
    """Nothing but a WireError comes out of bad topics."""
    try:
        serial, kind = names.parse_topic(topic)
    except WireError as error:
        assert error.reason in (Reason.UNKNOWN_TOPIC, Reason.BAD_SERIAL_NUMBER)
    else:
        assert names.topic(serial, kind) == topic


@given(SERIALS, st.sampled_from(names.CommandLevel))
def test_command_routing_key_parsed_gives_its_parts(serial: str, level: names.CommandLevel) -> None:
    """A routing key says who and what."""
    assert names.parse_command_routing_key(names.command_routing_key(serial, level)) == (serial, level)


@given(st.text() | st.from_regex(r"sensor_[a-z.-]*\.commands\.[a-z_]*", fullmatch=True))
def test_any_routing_key_is_a_commands_or_refused_with_a_reason(key: str) -> None:
    """Nothing but a WireError comes out of bad ones."""
    try:
        serial, level = names.parse_command_routing_key(key)
    except WireError as error:
        assert error.reason in (Reason.BAD_COMMAND, Reason.BAD_SERIAL_NUMBER)
    else:
        assert names.command_routing_key(serial, level) == key


@given(SERIALS, st.from_regex(r"[a-z_.]*", fullmatch=True))
def test_addressee_of_a_commands_routing_key_is_its_sensor_whatever_the_command(
    serial: str, level: str
) -> None:
    """Also of one that this version does not know."""
    assert names.addressee(f"sensor_{serial}.commands.{level}") == serial


@given(st.text() | st.from_regex(r"(sensor_)?[a-z.-]*\.[a-z]*\.?[a-z_]*", fullmatch=True))
def test_addressee_of_any_routing_key_is_a_serial_number_or_nobody(key: str) -> None:
    """Nothing but a serial number is written into a dead letter."""
    serial = names.addressee(key)
    assert serial == "" or names.SERIAL_NUMBER.fullmatch(serial)


@given(SERIALS)
def test_reports_are_for_their_queue_alone(serial: str) -> None:
    """A topic exchange matches word by word; a report is not taken for a command."""
    words = names.report_routing_key(serial).split(".")
    matching = [
        queue
        for queue, pattern in names.QUEUES.items()
        if len(words) == len(parts := pattern.split("."))
        and all(part in ("*", word) for part, word in zip(parts, words, strict=True))
    ]
    assert matching == [names.COMMAND_REPORT_QUEUE]


@pytest.mark.parametrize("serial", ["", "-a", "_a", "a b", "a/b", "a.b", "a+", "#", "a" * 33, "ä", "a\n"])
def test_serial_number_with_what_is_special_elsewhere_is_refused(serial: str) -> None:
    """What is special in a topic, a routing key or a client id is in no serial number."""
    with pytest.raises(WireError, match="serial number"):
        names.check_serial_number(serial)


def murmur3_32(key: bytes, seed: int) -> int:
    """MurmurHash3_x86_32 after its author's reference (public domain), plainly."""

    def rotated(value: int, by: int) -> int:
        return (value << by | value >> (32 - by)) & 0xFFFFFFFF

    def mixed(k: int) -> int:
        return rotated(k * 0xCC9E2D51 & 0xFFFFFFFF, 15) * 0x1B873593 & 0xFFFFFFFF

    h = seed
    whole = len(key) // 4 * 4
    for at in range(0, whole, 4):
        h = rotated(h ^ mixed(int.from_bytes(key[at : at + 4], "little")), 13) * 5 + 0xE6546B64 & 0xFFFFFFFF
    h ^= mixed(int.from_bytes(key[whole:], "little")) ^ len(key)
    h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16


def test_murmur3_reference_gives_published_vector() -> None:
    """The reference above is one: "test" with seed 0x9747b28c is a published vector."""
    assert murmur3_32(b"test", 0x9747B28C) == 0x704B81DC


@given(SERIALS, st.integers(1, 64))
def test_partition_is_murmur3_as_other_clients_compute_it(serial: str, partitions: int) -> None:
    """32 bits, seed 104729, unsigned, modulo the number of partitions: as RabbitMQ's Java and .NET clients."""
    assert names.partition_of(serial, partitions) == murmur3_32(serial.encode(), 104729) % partitions


@given(SERIALS, st.integers(1, 64))
def test_partition_is_within_bounds_and_stable(serial: str, partitions: int) -> None:
    """The same sensor always goes to the same partition."""
    partition = names.partition_of(serial, partitions)
    assert 0 <= partition < partitions
    assert names.partition_of(serial, partitions) == partition


def test_names_are_distinct() -> None:
    """No stream or queue has another's name."""
    streams = [names.partition_stream(i) for i in range(4)] + [names.LOG_STREAM, names.DEAD_STREAM]
    everything = streams + list(names.QUEUES)
    assert len(set(everything)) == len(everything)
