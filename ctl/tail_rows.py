"""Batches as lines: what a batch says of each channel, what did not come, and how it fits a terminal. Pure."""

import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import floor, log10
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from ctl.durations import show_duration
from runtime.live import Received


class Channel(NamedTuple):
    """What a channel is called."""

    number: int
    name: str
    unit: str


class Field(NamedTuple):
    """One column. `needed`: the least stay on a narrow terminal."""

    key: str
    heading: str
    width: int
    needed: int = 0
    right: bool = True


BATCH_FIELDS = (
    Field("time", "TIME", 12, 0, right=False),
    Field("sequence", "SEQUENCE", 8, 1),
    Field("session", "SESSION", 10, 9),
    Field("channel_name", "CHANNEL", 9, 1, right=False),
    Field("sample_count", "SAMPLES", 7, 6),
    Field("sample_frequency_hz", "HZ", 7, 5),
    Field("mean", "MEAN", 10, 4),
    Field("rms", "RMS", 10, 0),
    Field("minimum", "MIN", 10, 3),
    Field("maximum", "MAX", 10, 3),
    Field("peak", "PEAK", 10, 7),
    Field("unit", "UNIT", 4, 2, right=False),
    Field("latency_s", "LATENCY", 7, 0),
)
VALUE_FIELDS = (
    Field("time_ns", "TIME_NS", 19),
    Field("channel_name", "CHANNEL", 9, right=False),
    Field("value", "VALUE", 14),
    Field("unit", "UNIT", 4, right=False),
)
BATCH_KEYS = (
    "time",
    "time_ns",
    "serial_number",
    "session",
    "sequence",
    "channel",
    "channel_name",
    "unit",
    "sample_count",
    "sample_frequency_hz",
    "mean",
    "rms",
    "minimum",
    "maximum",
    "peak",
    "latency_s",
)
VALUE_KEYS = ("time_ns", "serial_number", "channel", "channel_name", "value", "unit")


def batch_rows(serial: str, received: Received, channels: Mapping[int, Channel]) -> Iterator[dict[str, Any]]:
    """One row a channel, of those that `channels` has (all, where it is empty). rms: √(mean of x²); peak: max |x|."""
    batch = received.batch
    for part in batch.channels:
        if channels and part.channel not in channels:
            continue
        channel = channels.get(part.channel) or unnamed(part.channel)
        samples = part.samples().astype(np.float64)
        low, high = float(samples.min()), float(samples.max())
        yield {
            "time": _iso(batch.start_time_ns),
            "time_ns": batch.start_time_ns,
            "serial_number": serial,
            "session": batch.session,
            "sequence": batch.sequence,
            "channel": part.channel,
            "channel_name": channel.name,
            "unit": channel.unit,
            "sample_count": batch.sample_count,
            "sample_frequency_hz": batch.sample_frequency_hz,
            "mean": float(samples.mean()),
            "rms": float(np.sqrt(np.mean(samples**2))),
            "minimum": low,
            "maximum": high,
            "peak": max(-low, high),
            "latency_s": received.latency_s,
        }


def value_rows(serial: str, received: Received, channels: Mapping[int, Channel]) -> Iterator[dict[str, Any]]:
    """One row a sample, channel after channel; its time to the nanosecond, its value as the sensor's float32 reads."""
    batch = received.batch
    # as Batch says: start + round(i · 1e9 / frequency), half to even
    offsets = np.rint(np.arange(batch.sample_count) * 1e9 / batch.sample_frequency_hz).astype(np.int64)
    times = (offsets + batch.start_time_ns).tolist()
    for part in batch.channels:
        if channels and part.channel not in channels:
            continue
        channel = channels.get(part.channel) or unnamed(part.channel)
        for time_ns, value in zip(times, part.samples(), strict=True):
            yield {
                "time_ns": time_ns,
                "serial_number": serial,
                "channel": part.channel,
                "channel_name": channel.name,
                "value": float(str(value)),
                "unit": channel.unit,
            }


def unnamed(number: int) -> Channel:
    """A channel of a sensor whose birth is not known."""
    return Channel(number, str(number), "")


def fitting(fields: Sequence[Field], width: int | None) -> list[Field]:
    """Those that fit on a line of this width, the most needed ones; all where it is None."""
    kept = list(fields)
    while width is not None and len(kept) > 1 and sum(field.width + 2 for field in kept) - 2 > width:
        most = max(kept, key=lambda field: field.needed)
        if most.needed == 0:
            break
        kept.remove(most)
    return kept


def named_fields(fields: Sequence[Field], channels: Collection[Channel]) -> list[Field]:
    """The fields, as wide as these channels' names and units need."""
    needed = {
        "channel_name": max((len(channel.name) for channel in channels), default=0),
        "unit": max((len(channel.unit) for channel in channels), default=0),
    }
    return [
        field._replace(width=max(len(field.heading), needed.get(field.key, field.width))) for field in fields
    ]


def heading(fields: Sequence[Field]) -> str:
    """The line above."""
    return _aligned(fields, [field.heading for field in fields])


def line(fields: Sequence[Field], row: Mapping[str, Any]) -> str:
    """A row for reading."""
    digits = _decimals(row["peak"]) if "peak" in row else None
    return _aligned(fields, [_shown(field.key, row[field.key], digits) for field in fields])


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """One object a line."""
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def csv_lines(keys: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Without a header."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([row[key] for key in keys] for row in rows)
    return out.getvalue()


class Continuity:
    """Follows the sequences of one sensor: dense from 0 in each session, so what does not come is known."""

    def __init__(self) -> None:
        self.missing = 0
        self.late = 0  # came again, or after their turn: sensors publish batches again when asked to
        self._session: int | None = None
        self._next = 0

    def seen(self, session: int, sequence: int) -> str | None:
        """What is to be said before this batch, if anything."""
        if self._session is None:
            self._session, self._next = session, sequence + 1
            return None
        said = None
        if session != self._session:
            said = f"session {session} begins: the sensor has started anew"
            self._session, self._next = session, 0
        if sequence < self._next:
            self.late += 1
            return said
        gap = sequence - self._next
        if gap:
            self.missing += gap
            which = f"sequence {self._next}" if gap == 1 else f"sequences {self._next} to {sequence - 1}"
            missed = f"{gap:,} {'batch' if gap == 1 else 'batches'} did not come by: {which}"
            said = f"{said}; {missed}" if said else missed
        self._next = sequence + 1
        return said


class Tally:
    """What came by, for the last line."""

    def __init__(self) -> None:
        self.batches = 0
        self.samples = 0
        self._latencies: list[float] = []

    def add(self, received: Received) -> None:
        """One more batch."""
        self.batches += 1
        self.samples += received.batch.sample_count
        if len(self._latencies) < 100_000:
            self._latencies.append(received.latency_s)

    def summary(
        self, serial: str, seconds: float, continuity: Continuity, dropped: int, unreadable: int
    ) -> str:
        """In a sentence."""
        batches = "1 batch" if self.batches == 1 else f"{self.batches:,} batches"
        parts = [
            f"{serial}: {batches} of {self.samples:,} samples in {show_duration(seconds)}",
            f"{continuity.missing:,} missing",
        ]
        if continuity.late:
            parts.append(f"{continuity.late:,} came again or late")
        if dropped:
            parts.append(f"{dropped:,} dropped here, for the output was too slow")
        if unreadable:
            parts.append(f"{unreadable:,} could not be read")
        if self._latencies:
            middle, most = show_duration(median(self._latencies)), show_duration(max(self._latencies))
            parts.append(f"latency {middle}, at most {most}")
        return "; ".join(parts)


def _aligned(fields: Sequence[Field], cells: Sequence[str]) -> str:
    padded = (
        cell.rjust(field.width) if field.right else cell.ljust(field.width)
        for field, cell in zip(fields, cells, strict=True)
    )
    return "  ".join(padded).rstrip()


def _decimals(peak: float) -> int | None:
    """As many as give the greatest value five digits, so that a line's values have their points in one place."""
    return 4 - floor(log10(peak)) if 1e-4 <= peak < 1e5 else None


def _shown(key: str, value: Any, decimals: int | None) -> str:
    if key == "time":
        return datetime.fromisoformat(value).astimezone().strftime("%H:%M:%S.%f")[:12]
    if key == "latency_s":
        return show_duration(value)
    if key == "sample_frequency_hz":
        return f"{value:g}"
    if key == "value":
        return repr(value)
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4g}" if decimals is None else f"{value:.{decimals}f}"


def _iso(time_ns: int) -> str:
    seconds, ns = divmod(time_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ns // 1000:06}Z"
