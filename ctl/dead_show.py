"""What bytes look like that could not be processed: as a hex dump, and as protobuf reads them. Pure."""

from collections.abc import Callable, Mapping

from google.protobuf import text_format
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from wire.relay_pb2 import CommandReport, Kind
from wire.sensor_pb2 import Birth, Command, CommandAck, Log, Measurements, Status

_VALUES = 8  # of each channel that are shown
_LINES = 120
_FIELDS = 50
_TYPES: Mapping[Kind, Callable[[], Message]] = {
    Kind.KIND_MEASUREMENTS: Measurements,
    Kind.KIND_LOG: Log,
    Kind.KIND_BIRTH: Birth,
    Kind.KIND_STATUS: Status,
    Kind.KIND_ACK: CommandAck,
    Kind.KIND_COMMAND: Command,
    Kind.KIND_COMMAND_REPORT: CommandReport,
}


def hex_dump(payload: bytes, most: int) -> str:
    """The first `most` bytes, 16 a line, with what is text beside them."""
    lines = []
    for start in range(0, min(len(payload), most), 16):
        row = payload[start : min(start + 16, most)]
        left, right = row[:8].hex(" "), row[8:].hex(" ")
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        lines.append(f"{start:08x}  {left:<23}  {right:<23}  |{text}|")
    if len(payload) > most:
        lines.append(f"… and {len(payload) - most:,} bytes more")
    return "\n".join(lines)


def as_protobuf(payload: bytes, kind: Kind) -> str | None:
    """The message in protobuf's text format, long lists cut; without a known kind: fields by number. None: it is neither."""
    make = _TYPES.get(kind)
    if make is not None:
        message = make()
        try:
            message.ParseFromString(payload)
        except DecodeError:
            return _by_number(payload)
        notes = _cut(message) if isinstance(message, Measurements) else []
        lines = text_format.MessageToString(message).splitlines()
        if len(lines) > _LINES:
            notes.append(f"{len(lines) - _LINES} lines more")
        return "\n".join([*lines[:_LINES], *(f"# {note}" for note in notes)]) or "# an empty message"
    return _by_number(payload)


def _cut(message: Measurements) -> list[str]:
    notes = []
    for channel in message.channels:
        if len(channel.values) > _VALUES:
            notes.append(f"channel {channel.index}: the first {_VALUES} of {len(channel.values):,} values")
            del channel.values[_VALUES:]
        if len(channel.counts) > 2 * _VALUES:
            notes.append(
                f"channel {channel.index}: the first {_VALUES} of {len(channel.counts) // 2:,} counts"
            )
            channel.counts = channel.counts[: 2 * _VALUES]
    return notes


def _by_number(payload: bytes) -> str | None:
    try:
        fields = UnknownFieldSet(Empty.FromString(payload))
    except DecodeError:
        return None
    lines = []
    for place in range(min(len(fields), _FIELDS)):
        number, value = fields[place].field_number, fields[place].data
        if isinstance(value, bytes):
            shown = f"{len(value):,} bytes {value[:24]!r}{'…' if len(value) > 24 else ''}"
        elif isinstance(value, int):
            shown = str(value)
        else:
            shown = "a group"
        lines.append(f"{number}: {shown}")
    return "\n".join(lines) or None
