"""`iotctl export` on the real servers: bit by bit, in constant memory, and nothing half done."""

import csv
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest

from stack.local import Stack
from tests.integration import recordings, stored
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import Database, connect, free_port, running, wait_for

DAY = datetime(2025, 3, 1, tzinfo=UTC)
DAY_NS = int(DAY.timestamp()) * 10**9
FORMATS = (".parquet", ".csv", ".npz")
Found = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]
# what /usr/bin/time does, without it
MEASURED = """
import resource, sys
from ctl.cli import cli
try:
    cli(prog_name="iotctl")
finally:
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}", file=sys.stderr)
"""


@pytest.fixture(scope="module")
def owner(stack: Stack) -> Iterator[Database]:
    with connect(stack, "owner") as connection:
        yield connection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Empty, so that whatever is left there is seen."""
    made = tmp_path / "out"
    made.mkdir()
    return made


@pytest.fixture(scope="module")
def large(owner: Database) -> str:
    """16 million samples at 20 kHz, from DAY."""
    serial = "export-large"
    stored.many(
        owner, stored.sensor(owner, serial), DAY_NS, 16_000_000, per_batch=2_000, frequency_hz=20_000.0
    )
    return serial


def read(path: Path, channel: str) -> Found:
    """Times and values of one channel, whatever the format."""
    if path.suffix == ".npz":
        with np.load(path) as archive:
            return archive[f"{channel}_time_ns"], archive[channel]
    if path.suffix == ".parquet":
        table = pq.read_table(path, filters=[("channel", "=", channel)])
        return table["time"].cast("int64").to_numpy(), table["value"].to_numpy()
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["channel"] == channel]
    times = np.array([int(row["time_ns"]) for row in rows], np.int64)
    return times, np.array([row["value"] for row in rows], np.float32)


def environment(iotctl: Iotctl) -> dict[str, str]:
    return {**os.environ, **{name: value for name, value in iotctl.environment.items() if value is not None}}


def start(iotctl: Iotctl, *arguments: str, limit_bytes: int | None = None) -> subprocess.Popen[str]:
    def limited() -> None:
        if limit_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    return subprocess.Popen(
        [sys.executable, "-c", MEASURED, "export", *arguments],
        env=environment(iotctl), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limited,
    )  # fmt: skip


@pytest.fixture(scope="module")
def replayed(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, int, recordings.Recording]:
    """A recording that went through sensor, brokers, bridge and ingester; its serial number and first time."""
    folder = tmp_path_factory.mktemp("replay")
    serial, recording = "export-replay", recordings.inner_race(folder)
    start_ns = time.time_ns() - 60 * 10**9
    with running(stack, folder) as pipeline:
        pipeline.spine()
        registry = pipeline.ingest("registry").wait_ready()
        emulator = pipeline.emulator(
            "--serial", serial, "--replay", str(recording.path), "--channel", "DE",
            "--sample-frequency", "12000", "--speed", "10", "--start-time", str(start_ns), "--exit-when-done",
            report=folder / "report.json", serials=[serial],
        )  # fmt: skip
        assert emulator.process.wait(60) == 0, emulator.log.read_text()
        with pipeline.connect() as database:
            question = (
                "SELECT sample_count >= %s AND EXISTS (SELECT FROM channel c WHERE c.sensor_id = o.id)"
                " FROM sensor_overview o WHERE serial_number = %s"
            )
            wait_for(
                lambda: database.execute(question, [len(recording.samples), serial]).fetchone() == (True,),
                30,
                f"all samples and the birth in the database ({registry.log})",
            )
    return serial, start_ns, recording


@pytest.mark.parametrize("suffix", FORMATS)
def test_recording_replayed_and_exported_is_bit_identical(
    iotctl: Iotctl, folder: Path, replayed: tuple[str, int, recordings.Recording], suffix: str
) -> None:
    """120,000 samples through the whole chain into a file: float32 bit by bit, times to the nanosecond."""
    serial, start_ns, recording = replayed
    path = folder / f"out{suffix}"
    iotctl("export", serial, "--last", "1h", "-o", str(path))
    times, values = read(path, "DE")
    assert values.dtype == np.float32
    assert values.tobytes() == recording.samples.astype(np.float32).tobytes()
    expected = [
        start_ns + round(i * 1e9 / recordings.SAMPLE_FREQUENCY_HZ) for i in range(len(recording.samples))
    ]
    assert times.tolist() == expected
    assert [left.name for left in folder.iterdir()] == [path.name]


@pytest.fixture(scope="module")
def three(owner: Database) -> str:
    """Three channels, 20 batches of 50 samples at 33.3 Hz, with a gap after the tenth; z only in the first half."""
    serial = "export-three"
    sensor = stored.sensor(owner, serial, 3)
    for sequence in range(20):
        begin = DAY_NS + round((sequence * 50 / 33.3 + (3.7 if sequence >= 10 else 0)) * 1e9) + 123
        for channel in range(3 if sequence < 10 else 2):
            values = (np.arange(50) + 100 * sequence + 10_000 * channel).astype(np.float32)
            stored.batch(owner, sensor, begin, values, 33.3, sequence=sequence, channel=channel)
    return serial


@pytest.mark.parametrize(
    ("begin_s", "end_s"), [(0, 60), (0.2, 0.3), (1.4, 14.9), (14.9, 18.9), (20, 21.000001)]
)
def test_window_holds_the_samples_that_the_database_says(
    owner: Database, iotctl: Iotctl, folder: Path, three: str, begin_s: float, end_s: float
) -> None:
    """The same as samples(): from ≤ t < to, cut in the middle of batches, to the nanosecond."""
    begin, end = DAY + timedelta(seconds=begin_s), DAY + timedelta(seconds=end_s)
    path = folder / "out.npz"
    iotctl(
        "export",
        three,
        "--from",
        begin.isoformat(),
        "--to",
        end.isoformat(),
        "--channel",
        "y",
        "-o",
        str(path),
    )
    expected = owner.execute(
        "SELECT time_ns, value FROM samples(%s, %s, %s, 1)", [three, begin, end]
    ).fetchall()
    times, values = read(path, "y")
    assert expected
    assert list(zip(times.tolist(), values.tolist(), strict=True)) == expected


def test_channels_are_chosen_by_name_or_number(iotctl: Iotctl, folder: Path, three: str) -> None:
    """Each once, in the order given; all without --channel, and of those what measured in the window."""
    path = folder / "out.parquet"

    def channels(*arguments: str) -> list[str]:
        iotctl("export", three, *arguments, "--force", "-o", str(path))
        return list(dict.fromkeys(pq.read_table(path)["channel"].to_pylist()))

    assert channels("--last", "1h") == ["x", "y", "z"]
    assert channels("--last", "1h", "--channel", "2", "--channel", "x", "--channel", "z") == ["z", "x"]
    assert channels("--last", "5s") == ["x", "y"]


def test_sensor_whose_birth_is_unknown_is_exported_by_number(
    owner: Database, iotctl: Iotctl, folder: Path
) -> None:
    """It measured before it said what."""
    sensor = stored.sensor(owner, "export-unborn", 0)
    stored.batch(owner, sensor, DAY_NS, np.ones(10, np.float32), 10.0, channel=4)
    for more in ((), ("--channel", "4")):
        iotctl("export", "export-unborn", "--last", "1s", *more, "-o", str(folder / "out.npz"), "--force")
        assert read(folder / "out.npz", "channel_4")[1].tolist() == [1.0] * 10


def test_csv_goes_to_standard_output(iotctl: Iotctl, folder: Path, three: str) -> None:
    """The same bytes as to a file, and nothing else."""
    path = folder / "out.csv"
    iotctl("export", three, "--last", "1h", "-o", str(path))
    assert iotctl("export", three, "--last", "1h", "-o", "-") == path.read_text()
    assert path.read_text().startswith("time_ns,time,serial_number,channel,value\n")


def test_output_that_exists_is_replaced_only_by_force(iotctl: Iotctl, folder: Path, three: str) -> None:
    """Refused before anything is read; by --force replaced at once."""
    path = folder / "out.csv"
    path.write_text("precious")
    assert "exists: choose another name, or --force" in iotctl.refused(
        2, "export", three, "--last", "1h", "-o", str(path)
    )
    assert path.read_text() == "precious"
    iotctl("export", three, "--last", "1h", "-o", str(path), "--force")
    assert path.read_text() != "precious"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["export-thre", "--last", "1s", "-o", "a.csv"], "did you mean 'export-three'"),
        (["export-three", "--last", "1s", "-o", "a.xlsx"], "the name has to end with .parquet, .csv or .npz"),
        (["export-three", "--last", "1s", "-o", "nowhere/a.csv"], "there is no folder nowhere"),
        (["export-three", "--last", "1s", "-o", "."], "the name has to end with"),
        (["export-three", "-o", "a.csv"], "since when?"),
        (["export-three", "--to", "1m", "-o", "a.csv"], "since when?"),
        (["export-three", "--last", "0s", "-o", "a.csv"], "longer than nothing"),
        (["export-three", "--last", "1s", "--from", "1h", "-o", "a.csv"], "exclude each other"),
        (["export-three", "--from", "2025-03-02", "--to", "2025-03-01", "-o", "a.csv"], "is not before --to"),
        (["export-three", "--from", "2025-03-01", "--to", "2025-03-01", "-o", "a.csv"], "is not before --to"),
        (
            ["export-three", "--from", "2024-01-01", "--to", "2024-01-02", "-o", "a.csv"],
            "its newest is of 2025-03-01",
        ),
        (
            ["export-three", "--last", "1s", "--channel", "q", "-o", "a.csv"],
            "no channel 'q' (known: x (0), y (1), z (2))",
        ),
        (
            ["export-three", "--from", "2025-03-01T00:00:20Z", "--channel", "z", "-o", "a.csv"],
            "no samples of channel z",
        ),
        (["export-three", "--last", "1s"], "Missing option '-o'"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    iotctl: Iotctl,
    folder: Path,
    three: str,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    sentence: str,
) -> None:
    """Exit code 2, and nothing is written."""
    monkeypatch.chdir(folder)
    assert sentence in iotctl.refused(2, "export", *arguments)
    assert list(folder.iterdir()) == []


def test_sensor_that_never_measured_is_said_to_be_one(owner: Database, iotctl: Iotctl, folder: Path) -> None:
    """Not "no samples in that window": there is none to ask for."""
    stored.sensor(owner, "export-silent")
    said = iotctl.refused(2, "export", "export-silent", "--last", "1s", "-o", str(folder / "a.csv"))
    assert "export-silent has measured nothing" in said


def test_window_between_two_samples_is_empty(iotctl: Iotctl, folder: Path, three: str) -> None:
    """A batch reaches over it, and none of its samples is in it."""
    said = iotctl.refused(
        2, "export", three, "--from", "2025-03-01T00:00:00.001Z", "--to", "2025-03-01T00:00:00.002Z",
        "-o", str(folder / "a.npz"),
    )  # fmt: skip
    assert "no sample in that window" in said
    assert list(folder.iterdir()) == []


def test_database_away_is_exit_code_three(iotctl: Iotctl, folder: Path) -> None:
    """In a sentence."""
    iotctl.environment["STREAMING_DATABASE_PORT"] = str(free_port())
    said = iotctl.refused(3, "export", "any-1", "--last", "1s", "-o", str(folder / "a.csv"))
    assert "cannot reach the database" in said
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_export_leaves_nothing(
    iotctl: Iotctl, folder: Path, large: str, number: signal.Signals
) -> None:
    """Ctrl-C, a stop and a closed terminal in the middle of writing: exit code 130, and it is said."""
    process = start(iotctl, large, "--last", "1h", "-o", str(folder / "a.csv"))
    wait_for(
        lambda: (
            any(file.stat().st_size > 1_000_000 for file in folder.iterdir()) or process.poll() is not None
        ),
        60,
        "a part of the file",
    )
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "a.csv was not written" in said
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_full_disk_is_said_and_leaves_nothing(iotctl: Iotctl, folder: Path, large: str, suffix: str) -> None:
    """A limit of the file's size stands for the disk's: writing fails in the middle."""
    path = folder / f"a{suffix}"
    process = start(iotctl, large, "--last", "5m", "-o", str(path), limit_bytes=500_000)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1, said
    assert f"cannot write {path}: File too large; nothing was left there" in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert list(folder.iterdir()) == []


def test_reader_that_stops_reading_ends_the_export(iotctl: Iotctl, large: str) -> None:
    """As `iotctl export … -o - | head` does: quietly."""
    process = start(iotctl, large, "--last", "1h", "-o", "-")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("time_ns,")
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.wait(60)
    process.stderr.close()
    assert "Traceback" not in said
    assert process.returncode == 1


@pytest.mark.parametrize("suffix", FORMATS)
def test_memory_does_not_grow_with_the_samples(iotctl: Iotctl, folder: Path, large: str, suffix: str) -> None:
    """Of four times the samples: less than a quarter more, where 12 bytes a sample would be 144 MB more."""

    def peak_kilobytes(last: str) -> int:
        process = start(iotctl, large, "--last", last, "-o", str(folder / f"{last}{suffix}"))
        _, said = process.communicate(timeout=200)
        assert process.returncode == 0, said
        return int(said.rpartition("peak ")[2])

    small, big = peak_kilobytes("200s"), peak_kilobytes("800s")  # 4 and 16 million
    assert big < 1.25 * small
