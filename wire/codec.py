"""Bytes ⇄ values of the contract: any bytes become either a value or one WireError.

Measurements are decoded through `view.proto`, a second reading of the same bytes in which packed floats
are one `bytes` field: nothing touches single samples. Encodings that the view cannot read faithfully
(unpacked or split floats: legal protobuf, used by no sensor) are normalised by the full reading first.
"""

from math import isfinite
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from wire import limits, view_pb2
from wire.errors import Reason, WireError
from wire.sensor_pb2 import Measurements

Samples = npt.NDArray[np.float32]
FLOAT32: Final = np.dtype("<f4")
INT16: Final = np.dtype("<i2")


class Position(NamedTuple):
    """WGS 84: degrees, degrees, metres, metres (0: accuracy unknown)."""

    latitude: float
    longitude: float
    altitude_m: float
    accuracy_m: float


class ChannelBatch(NamedTuple):
    """One channel's samples as they came: `data` is float32, or int16 where `counts` is true."""

    channel: int
    data: bytes
    counts: bool = False
    scale: float = 1.0
    offset: float = 0.0

    def samples(self) -> Samples:
        """Shape (sample_count,), in the channel's unit; count × scale + offset in float32."""
        if not self.counts:
            return np.frombuffer(self.data, FLOAT32)
        return scale_counts(np.frombuffer(self.data, INT16), self.scale, self.offset)


class Batch(NamedTuple):
    """A valid `Measurements`. Sample i was taken at start_time_ns + round(i · 1e9 / sample_frequency_hz)."""

    session: int
    sequence: int
    start_time_ns: int
    sample_frequency_hz: float
    sample_count: int
    channels: tuple[ChannelBatch, ...]
    position: Position | None = None

    @property
    def end_time_ns(self) -> int:
        """When the last sample was taken."""
        return self.start_time_ns + round((self.sample_count - 1) * 1e9 / self.sample_frequency_hz)


def scale_counts(counts: npt.NDArray[np.int16], scale: float | Samples, offset: float | Samples) -> Samples:
    """Counts as values: count × scale + offset, in float32 as the sensor would compute it."""
    with np.errstate(over="ignore"):  # an overflow is an infinity, which is refused
        values: Samples = counts.astype(np.float32) * np.float32(scale) + np.float32(offset)
    return values


def decode_measurements(payload: bytes, now_ns: int) -> Batch:
    """`parse_measurements`, and every sample finite. WireError otherwise."""
    batch = parse_measurements(payload, now_ns)
    for channel in batch.channels:
        if not np.isfinite(channel.samples()).all():
            raise WireError(Reason.NOT_FINITE, f"channel {channel.channel} holds a NaN or an infinity")
    return batch


def parse_measurements(payload: bytes, now_ns: int) -> Batch:
    """Everything but the finiteness of samples, which the ingester checks for many batches at once.

    `now_ns` is the receiver's Unix time, against which clocks are judged. WireError names what is wrong.
    """
    if len(payload) > limits.MAXIMUM_MESSAGE_BYTES:
        raise WireError(
            Reason.TOO_LARGE, f"{len(payload)} bytes; at most {limits.MAXIMUM_MESSAGE_BYTES} are accepted"
        )
    try:
        message = view_pb2.Measurements.FromString(payload)
        message.DiscardUnknownFields()  # unpacked floats are among them
        if message.ByteSize() != len(payload):
            normal = Measurements.FromString(payload).SerializeToString()
            message = view_pb2.Measurements.FromString(normal)
    except DecodeError as error:
        raise WireError(Reason.MALFORMED, f"{len(payload)} bytes are no Measurements") from error
    return _checked(message, now_ns)


def _checked(message: view_pb2.Measurements, now_ns: int) -> Batch:
    frequency = message.sample_frequency_hz
    # written so that NaN fails as well
    if not limits.MINIMUM_SAMPLE_FREQUENCY_HZ <= frequency <= limits.MAXIMUM_SAMPLE_FREQUENCY_HZ:
        raise WireError(Reason.BAD_SAMPLE_FREQUENCY, f"{frequency} Hz")
    if message.sequence > limits.MAXIMUM_SEQUENCE:
        raise WireError(Reason.BAD_SEQUENCE, f"sequence {message.sequence}")
    channels = _channels(message)
    first = channels[0]
    count = len(first.data) >> (1 if first.counts else 2)
    start = message.start_time_ns
    end = start + (count - 1) * 1e9 / frequency
    if start < limits.MINIMUM_TIME_NS or end > now_ns + limits.MAXIMUM_CLOCK_AHEAD_NS:
        raise WireError(Reason.BAD_TIME, f"start_time_ns {start} with {count} samples at {frequency} Hz")
    position = _position(message.position) if message.HasField("position") else None
    return Batch(message.session, message.sequence, start, frequency, count, channels, position)


def _channels(message: view_pb2.Measurements) -> tuple[ChannelBatch, ...]:
    if not 0 < len(message.channels) <= limits.MAXIMUM_CHANNELS:
        raise WireError(
            Reason.BAD_CHANNELS,
            f"{len(message.channels)} channels; 1 to {limits.MAXIMUM_CHANNELS} are accepted",
        )
    channels: list[ChannelBatch] = []
    indices: set[int] = set()
    counts_seen: set[int] = set()
    for channel in message.channels:
        index, values, counts = channel.index, channel.values, channel.counts
        if index > limits.MAXIMUM_CHANNEL_INDEX or index in indices:
            raise WireError(Reason.BAD_CHANNELS, f"channel index {index} is too large or comes twice")
        indices.add(index)
        if counts:
            if values or len(counts) % 2:
                raise WireError(
                    Reason.BAD_SAMPLE_COUNT, f"channel {index}: values and counts, or half a count"
                )
            scale, offset = channel.scale, channel.offset
            if not (isfinite(scale) and isfinite(offset)) or scale == 0:
                raise WireError(Reason.NOT_FINITE, f"channel {index}: scale {scale}, offset {offset}")
            counts_seen.add(len(counts) // 2)
            channels.append(ChannelBatch(index, counts, True, scale, offset))
        else:
            if len(values) % 4:
                raise WireError(Reason.MALFORMED, f"channel {index}: {len(values)} bytes are no floats")
            counts_seen.add(len(values) // 4)
            channels.append(ChannelBatch(index, values))
    if len(counts_seen) != 1 or not 0 < max(counts_seen) <= limits.MAXIMUM_SAMPLES:
        raise WireError(
            Reason.BAD_SAMPLE_COUNT,
            f"channels of {sorted(counts_seen)} samples; all need the same number, 1 to {limits.MAXIMUM_SAMPLES}",
        )
    return tuple(channels)


def _position(position: view_pb2.Position) -> Position:
    latitude, longitude = position.latitude_e7 / 1e7, position.longitude_e7 / 1e7
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise WireError(Reason.BAD_POSITION, f"latitude {latitude}, longitude {longitude}")
    return Position(latitude, longitude, position.altitude_mm / 1e3, position.accuracy_mm / 1e3)


def encode_measurements(batch: Batch) -> bytes:
    """The bytes a sensor publishes; `decode_measurements` gives `batch` back."""
    message = view_pb2.Measurements(
        session=batch.session,
        sequence=batch.sequence,
        start_time_ns=batch.start_time_ns,
        sample_frequency_hz=batch.sample_frequency_hz,
        channels=[
            view_pb2.Channel(index=c.channel, counts=c.data, scale=c.scale, offset=c.offset)
            if c.counts
            else view_pb2.Channel(index=c.channel, values=c.data)
            for c in batch.channels
        ],
    )
    if batch.position is not None:
        message.position.latitude_e7 = round(batch.position.latitude * 1e7)
        message.position.longitude_e7 = round(batch.position.longitude * 1e7)
        message.position.altitude_mm = round(batch.position.altitude_m * 1e3)
        message.position.accuracy_mm = round(batch.position.accuracy_m * 1e3)
    return message.SerializeToString()
