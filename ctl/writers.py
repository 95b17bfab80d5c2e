"""Samples to Parquet, CSV and NumPy files, block by block: a writer holds one block at a time."""

import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from ctl.samples import Block, Channel, Times, Window, to_moment

_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
_COPIED = 1 << 20  # bytes at once
_SAMPLE_BYTES = 12  # a time and a value


class Series(NamedTuple):
    """One channel of a file: what it is, the name it has there, and its sample frequencies."""

    channel: Channel
    label: str
    frequencies_hz: Sequence[float]


class Header(NamedTuple):
    """What a file says about itself."""

    serial_number: str
    window: Window
    series: Sequence[Series]

    def facts(self) -> dict[str, str]:
        """Texts by name; `channels` is JSON. unit and sample_frequency_hz only where all channels have the same."""
        facts = {
            "serial_number": self.serial_number,
            "from": iso(np.array([self.window.from_ns]))[0].as_py(),
            "to": iso(np.array([self.window.to_ns]))[0].as_py(),
            "channels": json.dumps(
                [
                    {
                        "name": one.label,
                        "number": one.channel.number,
                        "quantity": one.channel.quantity,
                        "unit": one.channel.unit,
                        "sample_frequency_hz": list(one.frequencies_hz),
                    }
                    for one in self.series
                ]
            ),
        }
        units = {one.channel.unit for one in self.series}
        frequencies = {frequency for one in self.series for frequency in one.frequencies_hz}
        if len(units) == 1:
            facts["unit"] = units.pop()
        if len(frequencies) == 1:
            facts["sample_frequency_hz"] = repr(frequencies.pop())
        return facts


class Writer(Protocol):
    """Takes all blocks of one channel, then all of the next."""

    def add(self, series: int, block: Block) -> None:
        """Samples of the channel header.series[series]."""

    def finish(self) -> None:
        """Write what comes at the end. The file stays open."""

    def close(self) -> None:
        """Let everything go, whether it was finished or not. Never fails."""

    def size(self) -> int:
        """Bytes written up to now."""


class ParquetWriter:
    """Columns time (timestamp[ns, UTC]), serial_number, channel (dictionaries), value (float)."""

    def __init__(self, file: IO[bytes], header: Header) -> None:
        names = pa.dictionary(pa.int16(), pa.string())
        self._schema = pa.schema(
            [
                pa.field("time", pa.timestamp("ns", "UTC"), nullable=False),
                pa.field("serial_number", names, nullable=False),
                pa.field("channel", names, nullable=False),
                pa.field("value", pa.float32(), nullable=False),
            ],
            metadata=header.facts(),
        )
        self._file = file
        self._header = header
        self._writer = pa.parquet.ParquetWriter(
            file,
            self._schema,
            version="2.6",  # the first with nanoseconds
            compression="zstd",
            compression_level=1,
            use_dictionary=["serial_number", "channel"],
            column_encoding={"time": "DELTA_BINARY_PACKED", "value": "BYTE_STREAM_SPLIT"},
        )

    def add(self, series: int, block: Block) -> None:
        """One row group."""
        count = len(block.values)
        columns = [
            pa.array(block.times_ns).view(pa.timestamp("ns", "UTC")),
            _repeated(self._header.serial_number, count),
            _repeated(self._header.series[series].label, count),
            pa.array(block.values),
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema), row_group_size=count)

    def finish(self) -> None:
        """The footer."""
        self._writer.close()

    def close(self) -> None:
        """An unfinished one would write its footer when it is collected, to a file that is closed by then."""
        with suppress(OSError, ValueError):
            self._writer.close()
        self._writer.is_open = False

    def size(self) -> int:
        """Bytes written up to now."""
        return self._file.tell()


class CsvWriter:
    """Columns time_ns, time (ISO 8601, UTC), serial_number, channel, value: the shortest digits that give it back."""

    NAMES = ("time_ns", "time", "serial_number", "channel", "value")

    def __init__(self, file: IO[bytes], header: Header) -> None:
        self._file = file
        self._header = header
        plain = all(_PLAIN.fullmatch(one.label) for one in header.series)  # serial numbers always are
        self._options = pa.csv.WriteOptions(
            include_header=False, batch_size=16_384, quoting_style="none" if plain else "needed"
        )
        self._size = file.write((",".join(self.NAMES) + "\n").encode())

    def add(self, series: int, block: Block) -> None:
        """A line a sample."""
        count = len(block.values)
        columns = [
            pa.array(block.times_ns),
            iso(block.times_ns),
            _repeated(self._header.serial_number, count),
            _repeated(self._header.series[series].label, count),
            pa.array(block.values),
        ]
        made = pa.BufferOutputStream()
        pa.csv.write_csv(pa.Table.from_arrays(columns, names=list(self.NAMES)), made, self._options)
        self._size += self._file.write(made.getvalue())

    def finish(self) -> None:
        """Nothing comes at the end."""
        self._file.flush()

    def close(self) -> None:
        """Nothing is held."""

    def size(self) -> int:
        """Bytes written up to now."""
        return self._size


class NpzWriter:
    """Arrays NAME (float32) and NAME_time_ns (int64) of each channel, and `metadata`, JSON.

    An array's length stands before its samples, and is not known before the last one: a channel is gathered in two
    temporary files in the output's folder, without names, so that nothing is left of them whatever happens.
    """

    def __init__(self, file: IO[bytes], header: Header, folder: Path) -> None:
        self._file = file
        self._header = header
        self._folder = folder
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._names = self._free_names()
        self._current: int | None = None
        self._count = 0
        self._gathered: list[IO[bytes]] = []
        self._put("metadata", np.array(json.dumps(header.facts())))

    def add(self, series: int, block: Block) -> None:
        """To the temporary files."""
        if series != self._current:
            self._close_series()
            self._current = series
            for _ in range(2):
                self._gathered.append(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115  # closed with the channel
        self._gathered[0].write(block.values.data)
        self._gathered[1].write(block.times_ns.data)
        self._count += len(block.values)

    def finish(self) -> None:
        """The last channel, and the archive's directory."""
        self._close_series()
        self._zip.close()

    def close(self) -> None:
        """An unfinished archive would write its directory when it is collected, to a file that is closed by then."""
        for file in self._gathered:
            with suppress(OSError):
                file.close()
        with suppress(OSError, ValueError):
            self._zip.close()
        self._zip.fp = None

    def size(self) -> int:
        """Bytes written up to now, those in temporary files included."""
        return self._file.tell() + self._count * _SAMPLE_BYTES

    def _close_series(self) -> None:
        if self._current is None:
            return
        name = self._names[self._current]
        arrays: list[tuple[str, npt.DTypeLike]] = [(name, np.float32), (f"{name}_time_ns", np.int64)]
        for file, (member, dtype) in zip(self._gathered, arrays, strict=True):
            with file, self._zip.open(f"{member}.npy", "w", force_zip64=True) as target:
                _write_array_header(target, np.dtype(dtype), (self._count,))
                file.seek(0)
                shutil.copyfileobj(file, target, _COPIED)
        self._current, self._count, self._gathered = None, 0, []

    def _put(self, name: str, array: npt.NDArray[Any]) -> None:
        with self._zip.open(f"{name}.npy", "w") as target:
            _write_array_header(target, array.dtype, array.shape)
            target.write(array.tobytes())

    def _free_names(self) -> list[str]:
        """Names of channels may be any text; those of a zip archive's members should not be paths."""
        taken = {"metadata"}
        names = []
        for one in self._header.series:
            name = one.label if _PLAIN.fullmatch(one.label) else f"channel_{one.channel.number}"
            while {name, f"{name}_time_ns"} & taken:
                name = f"channel_{one.channel.number}_{len(taken)}"
            taken |= {name, f"{name}_time_ns"}
            names.append(name)
        return names


def make_writer(suffix: str, file: IO[bytes], header: Header, folder: Path) -> Writer:
    """The writer of .parquet, .csv or .npz; `folder` is where there is room for temporary files."""
    if suffix == ".parquet":
        return ParquetWriter(file, header)
    if suffix == ".csv":
        return CsvWriter(file, header)
    return NpzWriter(file, header, folder)


def iso(times_ns: Times) -> Any:
    """An Arrow array of "2026-03-01T12:00:00.123456789Z". Arrow's own conversion takes ten times as long.

    times_ns: shape (n,), from 1970 to 2262.
    """
    seconds, nanoseconds = np.divmod(times_ns, 10**9)
    each, which = np.unique(seconds, return_inverse=True)
    texts = b"".join(
        to_moment(int(second) * 10**9).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.").encode()
        for second in each
    )
    text = np.empty((len(times_ns), 30), np.uint8)
    text[:, :20] = np.frombuffer(texts, np.uint8).reshape(-1, 20)[which]
    rest = nanoseconds.astype(np.uint32)
    for place in range(28, 19, -1):
        rest, digit = np.divmod(rest, np.uint32(10))
        text[:, place] = digit + ord("0")
    text[:, 29] = ord("Z")
    offsets = np.arange(0, 30 * len(times_ns) + 1, 30, dtype=np.int32)
    return pa.StringArray.from_buffers(len(times_ns), pa.py_buffer(offsets), pa.py_buffer(text))


def _repeated(text: str, count: int) -> Any:
    """`count` times the same text, as an Arrow dictionary."""
    return pa.DictionaryArray.from_arrays(np.zeros(count, np.int16), [text])


def _write_array_header(file: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(
        file, {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    )
