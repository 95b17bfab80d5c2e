"""A sensor's samples, straight from the database's batches, in constant memory.

One snapshot (REPEATABLE READ, read only), one cursor on the server a channel, arrays in binary: a sample costs a few
nanoseconds here, where a row of samples() costs a microsecond.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from psycopg import IsolationLevel
from psycopg.rows import DictRow, tuple_row
from psycopg.types import TypeInfo

from ctl.context import Database, Operator, query
from ctl.select import Selection, select
from runtime.real_array import RealArrayLoader

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float32]
Frequencies = npt.NDArray[np.float64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
LAST_NS = 2**63 - 1
# What one round trip brings, and what one block holds: a few megabytes.
_FETCHED_SAMPLES = 250_000
_FETCHED_ROWS = 10_000
BLOCK_SAMPLES = 250_000
_STATEMENT_TIMEOUT_S = 600.0


class Channel(NamedTuple):
    """What one channel measures. Empty texts where the sensor's birth is not known."""

    number: int
    name: str
    quantity: str = ""
    unit: str = ""


class Window(NamedTuple):
    """from_ns ≤ t < to_ns, in Unix time."""

    from_ns: int
    to_ns: int


class Content(NamedTuple):
    """What reaches into a window of one channel at one sample frequency, batches counted whole."""

    channel: int
    sample_frequency_hz: float
    batches: int
    samples: int
    longest: int  # samples of the longest batch


class Batch(NamedTuple):
    """The samples first, first + 1 … of a batch: sample i was taken at start_ns + rint(i · 10⁹ / frequency)."""

    start_ns: int
    sample_frequency_hz: float
    session: int
    sequence: int
    values: Values
    first: int = 0


class Block(NamedTuple):
    """Samples of many batches in their order: three arrays of shape (n,)."""

    times_ns: Times
    values: Values
    frequencies_hz: Frequencies  # each sample's


def to_ns(moment: datetime) -> int:
    """Unix time in ns, exactly."""
    return (moment - _EPOCH) // _MICROSECOND * 1000


def to_moment(time_ns: int) -> datetime:
    """In UTC, floored to a microsecond."""
    return _EPOCH + time_ns // 1000 * _MICROSECOND


def block(batches: Sequence[Batch]) -> Block:
    """The samples of these batches, each with its exact time."""
    counts = np.array([len(batch.values) for batch in batches])
    firsts = np.array([batch.first for batch in batches])
    index = np.arange(counts.sum()) + np.repeat(firsts - np.cumsum(counts) + counts, counts)
    frequencies = np.repeat(np.array([batch.sample_frequency_hz for batch in batches]), counts)
    starts = np.repeat(np.array([batch.start_ns for batch in batches], dtype=np.int64), counts)
    times = starts + np.rint(index * 1e9 / frequencies).astype(np.int64)
    return Block(times, np.concatenate([batch.values for batch in batches]), frequencies)


def blocks(batches: Iterable[Batch], size: int = BLOCK_SAMPLES) -> Iterator[Block]:
    """Batches gathered to blocks of at least `size` samples (the last: what is left)."""
    gathered: list[Batch] = []
    count = 0
    for batch in batches:
        gathered.append(batch)
        count += len(batch.values)
        if count >= size:
            yield block(gathered)
            gathered, count = [], 0
    if gathered:
        yield block(gathered)


def cut(batch: Batch, window: Window) -> Batch | None:
    """What of a batch is in the window, as samples() of the database decides it; None where nothing is."""
    last = batch.first + len(batch.values) - 1
    end_ns = batch.start_ns + round(last * 1e9 / batch.sample_frequency_hz)
    if batch.start_ns >= window.from_ns and end_ns < window.to_ns:
        return batch
    begin, end = np.searchsorted(block([batch]).times_ns, window)
    if begin == end:
        return None
    return batch._replace(values=batch.values[begin:end], first=batch.first + int(begin))


class Reader:
    """One sensor's samples as they were at one moment."""

    def __init__(self, database: Database, sensor: DictRow) -> None:
        self.sensor = sensor
        self._database = database
        known = database.execute(query("samples_channels"), self._parameters()).fetchall()
        self.known = [Channel(**row) for row in known]
        [reach] = database.execute(query("samples_reach"), self._parameters()).fetchall()
        # intervals are made from doubles, and times floored to a microsecond
        self._look_back: timedelta = reach["longest_batch"] + timedelta(milliseconds=1)
        self._last_time: datetime | None = reach["last_time"]

    def measured(self, window: Window) -> list[int]:
        """Channels that measured in about this window, whether a birth named them or not."""
        rows = self._database.execute(query("samples_measured"), self._bounds(window)).fetchall()
        return [row["channel"] for row in rows]

    def newest_ns(self, channels: Sequence[int]) -> int | None:
        """When the newest sample of these channels was taken; None where there is none."""
        if self._last_time is None:
            return None
        # nearly always near the sensor's newest; else all chunks are asked, from the newest
        for since in (self._last_time - self._look_back - timedelta(hours=1), _EPOCH):
            row = self._database.execute(
                query("samples_newest"), self._parameters(channels=list(channels), since=since)
            ).fetchone()
            if row is not None and row["time_ns"] is not None:
                return int(row["time_ns"])
        return None

    def contents(self, window: Window, channels: Sequence[int]) -> list[Content]:
        """What there is to read, by channel and sample frequency: samples are not touched, so this is quick."""
        parameters = self._bounds(window) | {"channels": list(channels)}
        rows = self._database.execute(query("samples_contents"), parameters).fetchall()
        return [Content(**row) for row in rows]

    def batches(self, window: Window, channel: int, longest: int) -> Iterator[Batch]:
        """The batches of a channel, cut to the window, in order of their first sample.

        `longest`: samples of the longest batch, as `contents` says; it bounds what one round trip brings. Where a
        sensor's clock was set back, two batches may overlap; they still come one after the other.
        """
        parameters = self._bounds(window) | {"channel": channel}
        name = f"samples_{channel}"
        with self._database.cursor(name, row_factory=tuple_row) as cursor:
            cursor.itersize = max(1, min(_FETCHED_ROWS, _FETCHED_SAMPLES // max(longest, 1)))
            real: TypeInfo = self._database.adapters.types["float4"]
            cursor.adapters.register_loader(real.array_oid, RealArrayLoader)
            cursor.execute(query("samples_batches"), parameters, binary=True)
            for start_ns, frequency, session, sequence, values in cursor:
                batch = cut(Batch(start_ns, frequency, session, sequence, values), window)
                if batch is not None:
                    yield batch

    def _parameters(self, **more: Any) -> dict[str, Any]:
        return {"sensor_id": self.sensor["id"], **more}

    def _bounds(self, window: Window) -> dict[str, Any]:
        """In whole microseconds for the chunks and the index, in nanoseconds for the rest."""
        earliest = to_moment(max(window.from_ns, 0)) - self._look_back
        until = to_moment(min(window.to_ns, LAST_NS)) + _MICROSECOND
        return self._parameters(
            earliest=earliest, until=until, from_ns=window.from_ns, to_ns=min(window.to_ns, LAST_NS)
        )


@contextmanager
def reader(operator: Operator, serial: str) -> Iterator[Reader]:
    """A snapshot of a sensor's samples. CtlError for an unknown sensor, psycopg.Error."""
    with operator.database(statement_timeout_s=_STATEMENT_TIMEOUT_S) as database:
        database.isolation_level = IsolationLevel.REPEATABLE_READ
        database.read_only = True
        with database.transaction():
            [sensor] = select(database.execute(query("sensors")).fetchall(), Selection((serial,)))
            yield Reader(database, sensor)
