"""Dead letters: what is worth a replay, and what one is shown of bytes that nobody could read."""

import time
from datetime import UTC, datetime

import numpy as np
import pytest

from ctl import dead_replay, dead_show
from ctl.dead_stream import Handled, Letter, Wanted, parse
from wire.codec import Batch, ChannelBatch, encode_measurements
from wire.dead import dead_letter
from wire.errors import Reason, WireError
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import Log, LogLevel

NOW_NS = time.time_ns()
GOOD = encode_measurements(
    Batch(1, 0, NOW_NS - 10**9, 100.0, 20, (ChannelBatch(0, np.arange(20, dtype=np.float32).tobytes()),))
)


def letter(
    payload: bytes = GOOD, *, offset: int = 0, kind: Kind = Kind.KIND_MEASUREMENTS, serial: str = "pump-1"
) -> Letter:
    return Letter(offset, "bad_time", "detail", "origin", serial, kind, NOW_NS, payload)


def test_parse_gives_what_was_buried() -> None:
    """Every field of the contract."""
    message = dead_letter(
        WireError(Reason.MALFORMED, "7 bytes"),
        origin="sensors/pump-1/birth",
        payload=b"1234567",
        time_ns=1_700_000_000_123_456_789,
        serial_number="pump-1",
        kind=Kind.KIND_BIRTH,
    )
    found = parse(17, message, 0)
    assert found == Letter(
        17,
        "malformed",
        "7 bytes",
        "sensors/pump-1/birth",
        "pump-1",
        Kind.KIND_BIRTH,
        1_700_000_000_123_456_789,
        b"1234567",
    )
    assert found.kind_name == "birth"
    assert found.time == datetime(2023, 11, 14, 22, 13, 20, 123457, tzinfo=UTC)


def test_parse_of_what_is_no_dead_letter_is_one_that_says_so() -> None:
    """A stream that somebody else wrote to stays readable."""
    found = parse(3, b"nonsense", 1_000)
    assert (found.reason, found.payload, found.time_ns) == ("unreadable", b"nonsense", 1_000_000_000)
    assert found.kind_name == "unknown"
    assert not dead_replay.replayable(found)


def test_wanted_leaves_out_what_was_handled_unless_asked() -> None:
    """A replayed letter is not replayed by mistake."""
    done = letter()._replace(handled=Handled("replayed", datetime.now(UTC), "anna"))
    assert not Wanted().matches(done)
    assert Wanted(handled=True).matches(done)
    assert not Wanted(reason="malformed").matches(letter())
    assert not Wanted(sensor="other").matches(letter())
    assert not Wanted(since=datetime(2100, 1, 1, tzinfo=UTC)).matches(letter())


def test_plan_takes_what_this_version_reads_and_counts_the_rest() -> None:
    """Replaying what would be refused again makes another dead letter."""
    good = letter()
    log = letter(
        Log(time_ns=NOW_NS, level=LogLevel.LOG_LEVEL_INFO, message="x").SerializeToString(),
        kind=Kind.KIND_LOG,
    )
    bad = letter(b"\xff\xff", offset=1)
    nobody = letter(serial="", offset=2)
    command = letter(kind=Kind.KIND_COMMAND, offset=3)
    plan = dead_replay.plan([good, log, bad, nobody, command], force=False, now_ns=NOW_NS)
    assert plan.ready == [good, log]
    assert plan.refused == {"malformed": 1}
    assert plan.unknown == 2


def test_plan_with_force_takes_what_would_be_refused_but_not_what_has_no_origin() -> None:
    """There is no topic to publish the latter to."""
    plan = dead_replay.plan([letter(b"\xff\xff"), letter(serial="")], force=True, now_ns=NOW_NS)
    assert [one.payload for one in plan.ready] == [b"\xff\xff"]
    assert plan.unknown == 1


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 40])
def test_hex_dump_holds_every_byte(size: int) -> None:
    """In order, 16 a line."""
    payload = bytes(range(size))
    lines = dead_show.hex_dump(payload, 1_000).splitlines()
    assert len(lines) == (size + 15) // 16
    assert bytes.fromhex("".join(line[10:58] for line in lines)) == payload


def test_hex_dump_says_what_it_leaves_out() -> None:
    """A payload may hold a million bytes."""
    assert dead_show.hex_dump(bytes(1_000), 32).endswith("… and 968 bytes more")


def test_hex_dump_and_protobuf_let_no_control_character_through() -> None:
    """Bytes of a stranger must not move the cursor."""
    log = Log(time_ns=1, message="\x1b[31mred\x07").SerializeToString()
    shown = f"{dead_show.hex_dump(log, 100)}\n{dead_show.as_protobuf(log, Kind.KIND_LOG)}"
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_as_protobuf_cuts_long_lists_and_says_so() -> None:
    """Eight values are enough to see what it is."""
    shown = dead_show.as_protobuf(GOOD, Kind.KIND_MEASUREMENTS)
    assert shown is not None
    assert shown.count("values:") == 8
    assert "the first 8 of 20 values" in shown


def test_as_protobuf_without_a_known_kind_shows_fields_by_number() -> None:
    """What it might have been is for people to see; what is no protobuf at all is None."""
    shown = dead_show.as_protobuf(Log(time_ns=1, logger="boot").SerializeToString(), Kind.KIND_UNSPECIFIED)
    assert shown is not None
    assert "3: 4 bytes b'boot'" in shown
    assert dead_show.as_protobuf(b"\xff\xff\xff", Kind.KIND_UNSPECIFIED) is None
    assert dead_show.as_protobuf(b"\xff\xff\xff", Kind.KIND_STATUS) is None
