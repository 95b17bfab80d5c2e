"""The main job: a recording goes through the whole chain and comes back bit by bit."""

import time
from pathlib import Path

import numpy as np
import pytest

from stack.local import Stack
from tests.integration import recordings
from tests.integration.pipeline import running, wait_for

SERIAL = "acceptance-1"


def dominant_frequencies(samples: np.ndarray, count: int) -> np.ndarray:
    """The `count` strongest lines of the spectrum, in Hz, strongest first."""
    spectrum = np.abs(np.fft.rfft(samples - samples.mean()))
    frequencies = np.fft.rfftfreq(len(samples), 1 / recordings.SAMPLE_FREQUENCY_HZ)
    return frequencies[np.argsort(spectrum)[::-1][:count]]


def test_recording_replayed_through_chain_comes_back_bit_identical(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """120,000 samples: float32 bit by bit, times to the nanosecond, the same dominant frequencies."""
    recording = recordings.inner_race(tmp_path)
    if recording.generated:
        with capsys.disabled():
            print("\nno recordings found (CWRU_DIR): running on a generated one")
    start_ns = time.time_ns() - 60 * 10**9
    with running(stack, tmp_path) as pipeline:
        pipeline.spine()
        report = tmp_path / "report.json"
        emulator = pipeline.emulator(
            "--serial", SERIAL, "--replay", str(recording.path), "--channel", "DE",
            "--sample-frequency", "12000", "--speed", "10", "--start-time", str(start_ns), "--exit-when-done",
            report=report, serials=[SERIAL],
        )  # fmt: skip
        assert emulator.process.wait(60) == 0, emulator.log.read_text()
        with pipeline.connect() as database:
            counted = "SELECT coalesce(sum(sample_count), 0) FROM sensor_overview WHERE serial_number = %s"

            def written() -> bool:
                row = database.execute(counted, [SERIAL]).fetchone()
                return row is not None and row[0] >= len(recording.samples)

            wait_for(written, 20, "all samples in the database")
            rows = database.execute(
                "SELECT time_ns, value FROM samples(%s, to_timestamp(%s), now() + interval '1 hour', 0)",
                [SERIAL, start_ns // 10**9 - 1],
            ).fetchall()
    times = np.array([row[0] for row in rows], dtype=np.int64)
    values = np.array([row[1] for row in rows], dtype=np.float32)
    assert len(values) == 120_000
    assert values.tobytes() == recording.samples.astype(np.float32).tobytes()
    expected = [start_ns + round(i * 1e9 / recordings.SAMPLE_FREQUENCY_HZ) for i in range(len(values))]
    assert times.tolist() == expected
    found = dominant_frequencies(values, 5)
    assert found.tolist() == dominant_frequencies(recording.samples, 5).tolist()
