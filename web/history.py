"""What a channel measured over any span of time, in bins, from the database.

Where bins are longer than batches the features that are kept with each batch are enough; else samples are read, up to a
bound, beyond which it is batches' features again.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from psycopg.rows import tuple_row
from starlette.requests import Request
from starlette.responses import Response

from runtime.real_array import RealArrayLoader
from web.answers import respond
from web.asked import integer, moment_ms, serial_number
from web.binning import BatchFeatures, Bins, Grid, SampledBatch, empty, of_features, of_samples
from web.database import query
from web.errors import RequestError, UnknownError
from web.parts import Parts
from web.sessions import Session
from wire.limits import MAXIMUM_CHANNEL_INDEX

_MOST_BINS: Final = 2_000
_LONGEST_MS: Final = 92 * 86_400_000
_MOST_SAMPLES: Final = 2_000_000
_MOST_BATCHES: Final = 200_000  # whose features are read; beyond, _THINNED of each bin
_THINNED: Final = 200
_SLICE_NS: Final = 12 * 3600 * 10**9  # a few chunks of the table
_MOST_LONG_BATCHES: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def history(request: Request, parts: Parts, session: Session) -> Response:
    """Least, greatest and RMS over time; null where nothing was measured."""
    del session
    given = request.query_params
    serial = serial_number(request.path_params["serial"])
    channel = integer(given, "channel", 0, 0, MAXIMUM_CHANNEL_INDEX)
    from_ms, to_ms = moment_ms(given, "from"), moment_ms(given, "to")
    bins = integer(given, "bins", 600, 1, _MOST_BINS)
    if not 0 < to_ms - from_ms <= _LONGEST_MS:
        raise RequestError("from is to be before to, by 92 days at most.")
    # whole microseconds, as the database's times are
    grid = Grid(from_ms * 1_000_000, -(-(to_ms - from_ms) * 1000 // bins) * 1000, bins)

    async def make() -> dict[str, Any]:
        with parts.histories:
            async with parts.history:
                return await read(parts, serial, channel, grid)

    return respond(request, await parts.answers.get(("history", serial, channel, *grid), make))


async def read(parts: Parts, serial: str, channel: int, grid: Grid) -> dict[str, Any]:
    """What is told of it. UnknownError for an unknown sensor, AwayError."""
    start, end = _moment(grid.start_ns), _moment(grid.end_ns)
    asked = {"serial_number": serial, "channel": channel, "start": start, "end": end}
    known = await parts.database.rows("history_known", asked)
    if not known:
        raise UnknownError(f"There is no sensor {serial}.")
    [sensor] = known
    window = {
        "sensor_id": sensor["id"],
        "channel": channel,
        "start": start,
        "end": end,
        # intervals are made from doubles, and times floored to a microsecond
        "earliest": start - timedelta(seconds=sensor["longest_s"], milliseconds=1),
    }
    whole = True
    if sensor["sample_count"] is None:
        made = empty(grid)
    else:
        made, whole = await _bins(parts, sensor["sample_frequency_hz"], sensor["sample_count"], window, grid)
    return {
        "unit": sensor["unit"],
        "start_ms": grid.start_ns // 1_000_000,
        "bin_ms": grid.bin_ns / 1_000_000,
        "minimum": _plain(made.minimum),
        "maximum": _plain(made.maximum),
        "rms": _plain(made.rms),
        "thinned": not whole,  # some bins are of a part of their batches
    }


async def _bins(
    parts: Parts, frequency_hz: float, sample_count: int, window: dict[str, Any], grid: Grid
) -> tuple[Bins, bool]:
    """And whether all was read that there is."""
    batch_ns = sample_count / frequency_hz * 1e9
    span_ns = grid.end_ns - grid.start_ns
    if batch_ns > grid.bin_ns:
        if span_ns / 1e9 * frequency_hz <= _MOST_SAMPLES:
            return await _from_samples(parts, window, grid)
        rows = await parts.database.rows("history_batches", {**window, "most": _MOST_LONG_BATCHES})
        made = await asyncio.to_thread(of_features, grid, map(_features, rows))
        return made, len(rows) < _MOST_LONG_BATCHES
    asked = {**window, "bin_us": grid.bin_ns // 1000, "most": _THINNED}
    if span_ns / batch_ns <= _MOST_BATCHES:
        rows = await parts.database.rows("history_bins", asked)
    else:
        rows = []
        step = max(1, _SLICE_NS // grid.bin_ns)
        for first in range(0, grid.bins, step):
            slice_of = {"first": first, "last": min(first + step, grid.bins) - 1}
            rows += await parts.database.rows("history_thinned", {**asked, **slice_of})
    made = empty(grid)
    for row in rows:
        if 0 <= row["bin"] < grid.bins:
            for name, values in made._asdict().items():
                values[row["bin"]] = row[name]
    return made, all(row["whole"] for row in rows)


async def _from_samples(parts: Parts, window: dict[str, Any], grid: Grid) -> tuple[Bins, bool]:
    async with parts.database.connection() as connection:
        cursor = connection.cursor(binary=True, row_factory=tuple_row)
        cursor.adapters.register_loader(connection.adapters.types["float4"].array_oid, RealArrayLoader)
        await cursor.execute(query("history_samples"), {**window, "most": _MOST_SAMPLES})
        rows = await cursor.fetchall()
    batches = [SampledBatch(*row[:3]) for row in rows]
    return await asyncio.to_thread(of_samples, grid, batches), all(row[3] for row in rows)


def _features(row: dict[str, Any]) -> BatchFeatures:
    length_ns = round(row["sample_count"] / row["sample_frequency_hz"] * 1e9)
    return BatchFeatures(
        row["time_ns"], row["time_ns"] + length_ns, row["minimum"], row["maximum"], row["rms"]
    )


def _plain(values: npt.NDArray[np.float64]) -> list[float | None]:
    """As JSON has them, with the digits that float32 has."""
    return [None if value != value else float(f"{value:.7g}") for value in values.tolist()]


def _moment(time_ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time_ns // 1000)
