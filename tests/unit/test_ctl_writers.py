"""Files of samples: what is read back is what was written, bit by bit."""

import csv
import io
import json
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctl.samples import Block, Channel, Window
from ctl.window import labels
from ctl.writers import Header, Series, iso, make_writer
from runtime.real_array import RealArrayLoader

NOON_NS = 1_772_366_400 * 10**9  # 2026-03-01T12:00:00Z
COUNT = 5_000


def any_floats(seed: int) -> npt.NDArray[np.float32]:
    """Finite ones of every size, the smallest included."""
    bits = np.random.default_rng(seed).integers(0, 2**32, 2 * COUNT, dtype=np.uint32).view(np.float32)
    return bits[np.isfinite(bits)][:COUNT]


def block(seed: int) -> Block:
    times = NOON_NS + np.cumsum(np.random.default_rng(seed).integers(1, 10**6, COUNT))
    return Block(times, any_floats(seed), np.full(COUNT, 1000.0))


CHANNELS = [Channel(0, "x", "acceleration", "g"), Channel(3, "y", "acceleration", "g")]
HEADER = Header(
    "pump-1",
    Window(NOON_NS, NOON_NS + 10**12),
    [Series(channel, channel.name, [1000.0]) for channel in CHANNELS],
)


def write(suffix: str, blocks: list[tuple[int, Block]], folder: Path, header: Header = HEADER) -> Path:
    path = folder / f"out{suffix}"
    with path.open("xb") as file:
        writer = make_writer(suffix, file, header, folder)
        for series, one in blocks:
            writer.add(series, one)
        writer.finish()
        writer.close()
        assert writer.size() == file.tell()
    assert [left.name for left in folder.iterdir()] == [path.name]
    return path


BLOCKS = [(0, block(1)), (0, block(2)), (1, block(3))]


def expected(series: int) -> tuple[bytes, list[int]]:
    chosen = [one for number, one in BLOCKS if number == series]
    values = np.concatenate([one.values for one in chosen])
    return values.tobytes(), np.concatenate([one.times_ns for one in chosen]).tolist()


def test_parquet_file_holds_every_bit_and_nanosecond(tmp_path: Path) -> None:
    """With times in UTC, dictionaries, and what it is about in the metadata."""
    table = pq.read_table(write(".parquet", BLOCKS, tmp_path))
    assert str(table.schema.field("time").type) == "timestamp[ns, tz=UTC]"
    assert table.schema.names == ["time", "serial_number", "channel", "value"]
    assert set(table["serial_number"].to_pylist()) == {"pump-1"}
    for number, channel in enumerate(CHANNELS):
        part = table.filter([name == channel.name for name in table["channel"].to_pylist()])
        values, times = expected(number)
        assert part["value"].to_numpy().tobytes() == values
        assert part["time"].cast("int64").to_pylist() == times
    facts = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert facts["unit"] == "g"
    assert facts["sample_frequency_hz"] == "1000.0"
    assert facts["serial_number"] == "pump-1"
    assert facts["from"] == "2026-03-01T12:00:00.000000000Z"
    assert facts["to"] == "2026-03-01T12:16:40.000000000Z"
    assert [one["number"] for one in json.loads(facts["channels"])] == [0, 3]


def test_csv_file_gives_every_bit_and_nanosecond_back(tmp_path: Path) -> None:
    """The shortest digits of a float32 are enough, and both times say the same."""
    with write(".csv", BLOCKS, tmp_path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    for number, channel in enumerate(CHANNELS):
        part = [row for row in rows if row["channel"] == channel.name]
        values, times = expected(number)
        assert np.array([row["value"] for row in part], np.float32).tobytes() == values
        assert [int(row["time_ns"]) for row in part] == times
        stamps = np.array([row["time"].removesuffix("Z") for row in part], "datetime64[ns]")
        assert stamps.astype(np.int64).tolist() == times
    assert {row["serial_number"] for row in rows} == {"pump-1"}


def test_npz_file_holds_arrays_of_each_channel(tmp_path: Path) -> None:
    """Loadable without pickles."""
    with np.load(write(".npz", BLOCKS, tmp_path), allow_pickle=False) as archive:
        for number, channel in enumerate(CHANNELS):
            values, times = expected(number)
            assert archive[channel.name].dtype == np.float32
            assert archive[channel.name].tobytes() == values
            assert archive[f"{channel.name}_time_ns"].tolist() == times
        assert json.loads(str(archive["metadata"]))["serial_number"] == "pump-1"


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".npz"])
def test_writer_that_is_not_finished_lets_everything_go(tmp_path: Path, suffix: str) -> None:
    """Nothing is written later, to a file that is closed by then; no temporary file stays."""
    file = io.BytesIO()
    writer = make_writer(suffix, file, HEADER, tmp_path)
    writer.add(0, block(1))
    file.close()
    writer.close()
    del writer
    assert list(tmp_path.iterdir()) == []


def test_names_of_channels_may_be_any_text(tmp_path: Path) -> None:
    """In a CSV they are quoted; members of an archive are no paths, and never have the same name."""
    names = ["../x", 'a,"b"', "metadata", "x", "x_time_ns"]
    channels = [Channel(number, name) for number, name in enumerate(names)]
    header = Header("p", HEADER.window, [Series(one, one.name, [1.0]) for one in channels])
    blocks = [(number, block(number)) for number in range(len(names))]
    with np.load(write(".npz", blocks, tmp_path, header)) as archive:
        arrays = [name for name in archive.files if name != "metadata"]
        assert len(set(arrays)) == 2 * len(names)
        assert all("/" not in name for name in arrays)
        assert archive["x"].tobytes() == any_floats(3).tobytes()
    (tmp_path / "out.npz").unlink()
    with write(".csv", blocks, tmp_path, header).open(newline="") as file:
        assert list(dict.fromkeys(row["channel"] for row in csv.DictReader(file))) == names


@given(st.lists(st.integers(0, 9_214_646_400 * 10**9 - 1), min_size=1, max_size=50))
def test_iso_times_are_those_of_numpy(times: list[int]) -> None:
    """From 1970 to 2261, to the nanosecond."""
    made = iso(np.array(times, np.int64)).to_pylist()
    assert made == [f"{np.datetime64(one, 'ns')}Z" for one in times]


@given(st.lists(st.floats(width=32, allow_nan=False), max_size=100))
def test_array_of_reals_in_binary_is_read_as_it_is(values: list[float]) -> None:
    """PostgreSQL's array_send: dimensions, flags, type, then for each: length and lower bound; the values."""
    data = struct.pack(">iiI", 1 if values else 0, 0, 700)
    if values:
        data += struct.pack(">ii", len(values), 1) + b"".join(
            struct.pack(">if", 4, value) for value in values
        )
    found = RealArrayLoader(1021).load(data)
    assert found.dtype == np.float32
    assert found.tobytes() == np.array(values, np.float32).tobytes()


@pytest.mark.parametrize("head", [struct.pack(">iiI", 2, 0, 700), struct.pack(">iiI", 1, 1, 700)])
def test_array_with_nulls_or_more_dimensions_is_refused(head: bytes) -> None:
    """It would be read wrongly."""
    with pytest.raises(ValueError, match="one dimension and no NULL"):
        RealArrayLoader(1021).load(head + bytes(64))


def test_labels_are_names_made_unique() -> None:
    """A name alone where it is the only one, with its number where two share it, the number where there is none."""
    channels = [Channel(0, "x"), Channel(1, "a"), Channel(2, "a"), Channel(7, "")]
    assert labels(channels) == ["x", "a_1", "a_2", "channel_7"]
