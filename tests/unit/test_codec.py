"""Measurements: any bytes become a value or one typed error, and nothing is lost on the way."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire import limits
from wire.codec import (
    Batch,
    ChannelBatch,
    Position,
    decode_measurements,
    encode_measurements,
    parse_measurements,
)
from wire.errors import Reason, WireError
from wire.sensor_pb2 import Measurements

NOW_NS = 1_800_000_000 * 10**9
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Any valid batch."""
    count = draw(st.integers(1, 20))
    channels = []
    for index in draw(
        st.lists(st.integers(0, limits.MAXIMUM_CHANNEL_INDEX), min_size=1, max_size=4, unique=True)
    ):
        if draw(st.booleans()):
            values = draw(st.lists(FINITE, min_size=count, max_size=count))
            channels.append(ChannelBatch(index, np.array(values, dtype="<f4").tobytes()))
        else:
            counts = draw(st.lists(st.integers(-32768, 32767), min_size=count, max_size=count))
            scale = draw(st.floats(2**-20, 1, width=32))
            offset = draw(st.floats(-100, 100, width=32))
            channels.append(ChannelBatch(index, np.array(counts, dtype="<i2").tobytes(), True, scale, offset))
    position = draw(
        st.none()
        | st.builds(
            Position,
            st.integers(-900_000_000, 900_000_000).map(lambda e7: e7 / 1e7),
            st.integers(-1_800_000_000, 1_800_000_000).map(lambda e7: e7 / 1e7),
            st.integers(-1_000_000, 9_000_000).map(lambda mm: mm / 1e3),
            st.integers(0, 100_000).map(lambda mm: mm / 1e3),
        )
    )
    return Batch(
        draw(st.integers(0, 2**32 - 1)),
        draw(st.integers(0, limits.MAXIMUM_SEQUENCE)),
        draw(st.integers(limits.MINIMUM_TIME_NS, NOW_NS)),
        draw(st.floats(0.01, 26_667.0)),
        count,
        tuple(channels),
        position,
    )


def reason_of(payload: bytes) -> Reason:
    with pytest.raises(WireError) as caught:
        decode_measurements(payload, NOW_NS)
    return caught.value.reason


def one(**changes: object) -> Measurements:
    """A valid message, changed."""
    fields: dict[str, object] = {
        "session": 1,
        "sequence": 2,
        "start_time_ns": NOW_NS - 10**9,
        "sample_frequency_hz": 100.0,
        **changes,
    }
    message = Measurements(**fields)  # type: ignore[arg-type]  # by name
    if not message.channels:
        message.channels.add(index=0, values=[1.0, 2.0])
    return message


@given(batches())
def test_batch_encoded_and_decoded_is_the_same(batch: Batch) -> None:
    """A round trip changes nothing, and the contract's own reading sees the same samples."""
    payload = encode_measurements(batch)
    assert decode_measurements(payload, NOW_NS) == batch
    message = Measurements.FromString(payload)
    assert message.SerializeToString() == payload
    for described, channel in zip(message.channels, batch.channels, strict=True):
        if not channel.counts:
            assert np.array(described.values, dtype="<f4").tobytes() == channel.samples().tobytes()


@given(st.binary(max_size=300))
@settings(max_examples=500)
def test_any_bytes_are_a_value_or_one_typed_error(payload: bytes) -> None:
    """No other exception ever comes out."""
    try:
        batch = decode_measurements(payload, NOW_NS)
    except WireError as error:
        assert error.reason in Reason
    else:
        assert batch.sample_count > 0


@given(batches(), st.data())
def test_damaged_bytes_are_a_value_or_one_typed_error(batch: Batch, data: st.DataObject) -> None:
    """Nearly valid bytes: one is changed, some are cut off."""
    payload = bytearray(encode_measurements(batch))
    payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(payload)))
    try:
        decode_measurements(bytes(payload[:cut]), NOW_NS)
    except WireError as error:
        assert error.reason in Reason


def field(number: int, wire_type: int, content: bytes) -> bytes:
    return bytes([number << 3 | wire_type]) + content


def test_unpacked_and_split_floats_are_read_as_any_parser_does() -> None:
    """Legal encodings that the fast reading cannot take are normalised, not misread."""
    head = one().SerializeToString().partition(b"\x2a")[0]
    unpacked = field(2, 5, struct.pack("<f", 1.5)) + field(2, 5, struct.pack("<f", 2.5))
    split = field(2, 2, b"\x04" + struct.pack("<f", 1.5)) + field(2, 2, b"\x04" + struct.pack("<f", 2.5))
    for values in (unpacked, split, field(2, 2, b"\x04" + struct.pack("<f", 1.5)) + unpacked[5:]):
        payload = head + field(5, 2, bytes([len(values)]) + values)
        [channel] = decode_measurements(payload, NOW_NS).channels
        assert channel.samples().tolist() == [1.5, 2.5]


def test_unknown_fields_are_ignored() -> None:
    """A newer sensor may say more."""
    payload = one().SerializeToString() + field(15, 2, b"\x03new")
    assert decode_measurements(payload, NOW_NS).sample_count == 2


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf"), 1e-9, 1e9])
def test_sample_frequency_that_cannot_be_is_refused(bad: float) -> None:
    """Zero, negative, NaN, infinite, beyond all sensors."""
    assert reason_of(one(sample_frequency_hz=bad).SerializeToString()) is Reason.BAD_SAMPLE_FREQUENCY


@pytest.mark.parametrize(
    "bad", [0, -1, 1_000, limits.MINIMUM_TIME_NS - 1, NOW_NS + 2 * 3600 * 10**9, 2**63 - 1]
)
def test_time_of_a_clock_that_is_not_set_is_refused(bad: int) -> None:
    """1970, before 2020, hours ahead, the end of time."""
    assert reason_of(one(start_time_ns=bad).SerializeToString()) is Reason.BAD_TIME


def test_batch_that_ends_in_the_future_is_refused() -> None:
    """Its last sample counts, not its first."""
    message = one(sample_frequency_hz=0.001)
    message.channels[0].values.extend([0.0] * 100)
    assert reason_of(message.SerializeToString()) is Reason.BAD_TIME


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_value_that_is_not_finite_is_refused(bad: float) -> None:
    """In any channel, at any place; the structure alone is fine, which the ingester relies on."""
    message = one()
    message.channels.add(index=1, values=[0.0, bad])
    assert reason_of(message.SerializeToString()) is Reason.NOT_FINITE
    assert parse_measurements(message.SerializeToString(), NOW_NS).sample_count == 2


def test_counts_that_overflow_when_scaled_are_refused() -> None:
    """The product is what counts."""
    message = one()
    del message.channels[:]
    message.channels.add(index=0, counts=struct.pack("<hh", 32767, 1), scale=3e38)
    assert reason_of(message.SerializeToString()) is Reason.NOT_FINITE


def test_channels_that_do_not_fit_together_are_refused() -> None:
    """None, too many, the same twice, an index too large, different lengths, values and counts at once."""
    message = one()
    del message.channels[:]
    assert reason_of(message.SerializeToString()) is Reason.BAD_CHANNELS
    for index in range(limits.MAXIMUM_CHANNELS + 1):
        message.channels.add(index=index, values=[1.0])
    assert reason_of(message.SerializeToString()) is Reason.BAD_CHANNELS
    for indices in ((0, 0), (40_000,)):
        del message.channels[:]
        for index in indices:
            message.channels.add(index=index, values=[1.0])
        assert reason_of(message.SerializeToString()) is Reason.BAD_CHANNELS
    del message.channels[:]
    message.channels.add(index=0, values=[1.0])
    message.channels.add(index=1, values=[1.0, 2.0])
    assert reason_of(message.SerializeToString()) is Reason.BAD_SAMPLE_COUNT
    del message.channels[:]
    message.channels.add(index=0, values=[1.0], counts=b"\0\0", scale=1.0)
    assert reason_of(message.SerializeToString()) is Reason.BAD_SAMPLE_COUNT


def test_message_over_its_bound_is_refused_before_it_is_parsed() -> None:
    """One byte too many."""
    assert reason_of(b"\0" * (limits.MAXIMUM_MESSAGE_BYTES + 1)) is Reason.TOO_LARGE


def test_largest_batch_is_taken() -> None:
    """As many samples as are allowed, in one channel."""
    data = np.zeros(limits.MAXIMUM_SAMPLES, dtype="<f4").tobytes()
    batch = Batch(1, 1, NOW_NS - 10 * 10**9, 26_667.0, limits.MAXIMUM_SAMPLES, (ChannelBatch(0, data),))
    assert decode_measurements(encode_measurements(batch), NOW_NS) == batch


def test_sequence_beyond_the_databases_integers_is_refused() -> None:
    """uint64 on the wire, bigint in the database."""
    assert reason_of(one(sequence=2**63).SerializeToString()) is Reason.BAD_SEQUENCE


def test_position_that_is_nowhere_is_refused() -> None:
    """Latitude beyond the poles."""
    message = one()
    message.position.latitude_e7 = 910_000_000
    assert reason_of(message.SerializeToString()) is Reason.BAD_POSITION
