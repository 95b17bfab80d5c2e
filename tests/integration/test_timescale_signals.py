"""What the dashboards draw of one channel: spectrum, features and waveform in SQL are what NumPy makes of the same samples."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg
import pytest

from stack.local import Stack
from tests.integration import stored
from tests.integration.pipeline import Database, connect

Floats = npt.NDArray[np.float32]
HZ: Final = 1024.0
START: Final = datetime(2025, 3, 1, 12, tzinfo=UTC)
START_NS: Final = round(START.timestamp()) * 10**9
_SENSORS: Final = "SELECT id FROM sensor WHERE serial_number LIKE 'signals-%'"


@pytest.fixture
def owner(stack: Stack) -> Iterator[Database]:
    """What a test stores is gone afterwards."""
    with connect(stack, "owner") as database:
        yield database
        for table in ("measurement_batch", "sensor_session", "channel"):
            database.execute(f"DELETE FROM {table} WHERE sensor_id IN ({_SENSORS})".encode())
        database.execute("DELETE FROM sensor WHERE serial_number LIKE 'signals-%'")


@pytest.fixture
def reader(stack: Stack) -> Iterator[Database]:
    with connect(stack, "readonly") as database:
        yield database


def noise(count: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).normal(0.3, 1.0, count).astype(np.float32)


def store(owner: Database, sensor: int, samples: Floats, *, per_batch: int = 1000, first: int = 0) -> None:
    """From START + first / HZ on, as batches with their features, as the ingester writes them."""
    for begin in range(0, len(samples), per_batch):
        part = samples[begin : begin + per_batch]
        start_ns = START_NS + round((first + begin) * 1e9 / HZ)
        sequence = (first + begin) // per_batch
        stored.batch(owner, sensor, start_ns, part, HZ, sequence=sequence)
        owner.execute(
            "UPDATE measurement_batch SET mean = %s, rms = %s, minimum = %s, maximum = %s"
            " WHERE sensor_id = %s AND time_ns = %s",
            [
                float(part.mean()), float(np.sqrt(np.mean(part.astype(float) ** 2))), float(part.min()),
                float(part.max()), sensor, start_ns,
            ],
        )  # fmt: skip


def at(samples: float) -> datetime:
    """When so many samples have been taken."""
    return START + timedelta(seconds=samples / HZ)


def spectrum(reader: Database, serial: str, before: datetime, length: int = 4096) -> npt.NDArray[np.float64]:
    """Lines of shape (n, 2): Hz, amplitude."""
    rows = reader.execute(
        "SELECT frequency_hz, amplitude FROM amplitude_spectrum(%s, %s, 0, %s)", [serial, before, length]
    ).fetchall()
    return np.array(rows, dtype=float).reshape(-1, 2)


def expected(samples: Floats) -> npt.NDArray[np.float64]:
    """By NumPy: a Hann window of samples without their mean, scaled so that a sine reads its amplitude."""
    n = len(samples)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    values = samples.astype(float)
    amplitudes = 2 * np.abs(np.fft.rfft((values - values.mean()) * window)) / window.sum()
    amplitudes[[0, -1]] /= 2
    return np.column_stack([np.fft.rfftfreq(n, 1 / HZ), amplitudes])


@pytest.mark.parametrize("count", [2, 4, 32, 1024, 8192])
def test_fourier_magnitudes_are_those_of_numpy(reader: Database, count: int) -> None:
    """To the last digits, from two values to the most that a spectrum has."""
    values = np.random.default_rng(count).normal(size=count)
    row = reader.execute("SELECT fourier_magnitudes(%s::double precision[])", [values.tolist()]).fetchone()
    assert row is not None
    np.testing.assert_allclose(row[0], np.abs(np.fft.rfft(values)), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("count", [0, 1, 3, 1000])
def test_fourier_magnitudes_of_another_number_of_values_are_refused(reader: Database, count: int) -> None:
    """Not a wrong result."""
    with pytest.raises(psycopg.errors.RaiseException, match="power of two"):
        reader.execute("SELECT fourier_magnitudes(%s::double precision[])", [[1.0] * count])


@pytest.mark.parametrize("length", [32, 1024, 4096, 8192])
@pytest.mark.parametrize("end", [10_000, 9_137])
def test_spectrum_is_that_of_the_newest_samples_before_the_moment(
    owner: Database, reader: Database, length: int, end: int
) -> None:
    """Across batches, ending at one's end or within one."""
    samples = noise(10_000)
    store(owner, stored.sensor(owner, "signals-1"), samples)
    found = spectrum(reader, "signals-1", at(end - 0.5), length)
    np.testing.assert_allclose(found, expected(samples[end - length : end]), rtol=1e-6, atol=1e-9)


def test_sine_reads_its_amplitude(owner: Database, reader: Database) -> None:
    """One whose frequency is a line's: 3.5 at 100 Hz, whatever the mean."""
    time = np.arange(4096) / HZ
    store(
        owner,
        stored.sensor(owner, "signals-1"),
        (9 + 3.5 * np.sin(2 * np.pi * 100 * time)).astype(np.float32),
    )
    found = spectrum(reader, "signals-1", at(5000), 4096)
    frequency, amplitude = found[np.argmax(found[:, 1])]
    assert frequency == 100
    assert amplitude == pytest.approx(3.5, rel=1e-5)
    assert found[0, 1] < 1e-5, "the mean is none of it"


def test_spectrum_uses_no_sample_from_before_a_gap(owner: Database, reader: Database) -> None:
    """Nor of another frequency or session: as many as there are without one, a power of two."""
    sensor = stored.sensor(owner, "signals-1")
    before, after = noise(4000, 1), noise(3000, 2)
    store(owner, sensor, before)
    store(owner, sensor, after, first=5000)  # a batch is missing between them
    found = spectrum(reader, "signals-1", at(9000), 8192)
    np.testing.assert_allclose(found, expected(after[-2048:]), rtol=1e-6, atol=1e-9)
    owner.execute("UPDATE measurement_batch SET session = 2 WHERE sensor_id = %s AND sequence >= 6", [sensor])
    found = spectrum(reader, "signals-1", at(9000), 8192)
    np.testing.assert_allclose(found, expected(after[1000:][-1024:]), rtol=1e-6, atol=1e-9)


def test_no_spectrum_of_too_few_samples_or_of_nobody(owner: Database, reader: Database) -> None:
    """No rows rather than a guess; lengths that cannot be are refused."""
    store(owner, stored.sensor(owner, "signals-1"), noise(31))
    assert len(spectrum(reader, "signals-1", at(5000))) == 0
    assert len(spectrum(reader, "signals-1", START)) == 0
    assert len(spectrum(reader, "signals-nobody", at(5000))) == 0
    for length in (31, 8193):
        with pytest.raises(psycopg.errors.RaiseException, match="32 to 8192"):
            spectrum(reader, "signals-1", at(5000), length)


def rows(
    reader: Database, function: str, begin: datetime, end: datetime, points: int
) -> list[tuple[Any, ...]]:
    return reader.execute(
        f"SELECT * FROM {function}('signals-1', %s, %s, 0, %s)".encode(), [begin, end, points]
    ).fetchall()


def test_features_of_a_point_are_those_of_all_samples_of_its_batches(
    owner: Database, reader: Database
) -> None:
    """Mean, RMS and extremes of ten batches together, and NULLs where a gap is."""
    sensor = stored.sensor(owner, "signals-1")
    samples = noise(1024 * 20)
    store(owner, sensor, samples, per_batch=1024)
    store(owner, sensor, samples, per_batch=1024, first=1024 * 40)
    found = rows(reader, "channel_features", START, START + timedelta(seconds=60), 6)
    assert [row[0] for row in found] == [START + timedelta(seconds=10 * i) for i in range(6)]
    assert [row[1] for row in found] == [10, 10, None, None, 10, 10]
    for row, part in zip(
        [found[0], found[1], found[4]], [samples[:10240], samples[10240:], samples[:10240]], strict=True
    ):
        exact = part.astype(float)
        assert row[2:4] == pytest.approx((exact.mean(), np.sqrt(np.mean(exact**2))), rel=1e-5)
        assert row[4:] == (part.min(), part.max())
    assert found[2][2:] == (None, None, None, None)


def test_features_of_very_many_batches_are_those_of_some(owner: Database, reader: Database) -> None:
    """Beyond 100,000 expected batches: of 50,000 of them, so that a month takes no longer than a day."""
    sensor = stored.sensor(owner, "signals-1")
    stored.many(owner, sensor, START_NS, 120_000, per_batch=1, frequency_hz=1.0)
    found = rows(reader, "channel_features", START, START + timedelta(seconds=120_000), 100)
    looked_at = sum(row[1] for row in found)
    assert 49_000 <= looked_at <= 51_000
    assert len(found) in (100, 101)
    assert all(row[1] for row in found[:-1]), "some of each point's"


def test_waveform_is_every_sample_where_there_is_room(owner: Database, reader: Database) -> None:
    """Up to ten a pixel; a batch that is missing is a gap, not a line across."""
    sensor = stored.sensor(owner, "signals-1")
    samples = noise(2000)
    store(owner, sensor, samples)
    store(owner, sensor, samples, first=3000)
    found = rows(reader, "channel_waveform", START, at(5000), 1000)
    values = np.array([row[1] for row in found if row[1] is not None], np.float32)
    assert values.tobytes() == np.tile(samples, 2).tobytes()
    assert all(low == high for _, low, high in found)
    assert [i for i, row in enumerate(found) if row[1] is None] == [2000]
    assert [row[0] for row in found] == sorted(row[0] for row in found)


@pytest.mark.parametrize("points", [50, 10])
def test_waveform_of_a_longer_span_is_the_extremes_of_each_pixel(
    owner: Database, reader: Database, points: int
) -> None:
    """A single peak is seen, whether the pixel is of samples or of batches."""
    sensor = stored.sensor(owner, "signals-1")
    samples = noise(20_000)
    samples[7_777], samples[12_345] = 50.0, -60.0
    store(owner, sensor, samples)
    found = rows(reader, "channel_waveform", START, at(20_000), points)
    assert len(found) <= points + 1
    assert max(row[2] for row in found if row[2] is not None) == 50.0
    assert min(row[1] for row in found if row[1] is not None) == -60.0


def test_waveform_of_nobody_is_empty(reader: Database) -> None:
    """And of a span without samples."""
    assert rows(reader, "channel_waveform", START, at(20_000), 100) == []
    assert rows(reader, "channel_features", START, at(20_000), 100) == []
