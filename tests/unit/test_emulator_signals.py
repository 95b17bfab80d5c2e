"""Signals have the content that they claim; recordings come out as they are; tracks stay on their line."""

import time
import timeit
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest

from emulator import fleet_plan
from emulator.fleet_plan import Fleet
from emulator.replay import Replay, load
from emulator.signals import SKF_6205, FaultyBearing, Sine, Temperature, Vibration
from emulator.tracks import HAMBURG, Track

FREQUENCY_HZ = 12_000.0
SHAFT_HZ = 29.95


def spectrum(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz, and amplitudes of sines at them (Hann window)."""
    window = np.hanning(len(values))
    amplitudes = 2 * np.abs(np.fft.rfft(values * window)) / window.sum()
    return np.fft.rfftfreq(len(values), 1 / FREQUENCY_HZ), amplitudes


def in_batches(source: Vibration | FaultyBearing, seconds: int) -> np.ndarray:
    """The first axis, made in batches of a tenth of a second as a sensor does."""
    count = int(FREQUENCY_HZ / 10)
    parts = [source.samples(i / 10, count, FREQUENCY_HZ)[0] for i in range(seconds * 10)]
    return np.concatenate(parts)


def healthy(noise: float = 0.02) -> Vibration:
    axes = [[Sine(0.5, 50.0), Sine(0.2, 1000.0, 1.0)], [], []]
    return Vibration(axes, noise, np.random.default_rng(1))


def test_vibration_has_its_sines_and_is_continuous_over_batches() -> None:
    """Right amplitudes in the spectrum of many batches: a jump of the phase would smear them."""
    frequencies, amplitudes = spectrum(in_batches(healthy(), 10))
    for frequency, amplitude in ((50.0, 0.5), (1000.0, 0.2)):
        assert amplitudes[np.argmin(np.abs(frequencies - frequency))] == pytest.approx(amplitude, rel=0.02)
    assert set(np.round(frequencies[amplitudes > 0.15])) == {50.0, 1000.0}


@pytest.mark.parametrize("count", [1, 2, 3, 7, 1000, 1001, 65_536])
def test_vibration_is_its_sines_exactly_whatever_the_length_of_a_batch(count: int) -> None:
    """Also days after the start, in the precision of float32, and two of one frequency on an axis."""
    sines = [[Sine(0.5, 24.8, 0.3), Sine(0.2, 99.2)], [Sine(0.3, 24.8, 2.0), Sine(0.1, 24.8)], []]
    source = Vibration(sines, 0.0, np.random.default_rng(1))
    for time_s, frequency_hz in ((0.0, 1000.0), (300_000.25, 1000.0), (300_000.25, 12_800.0)):
        time = time_s + np.arange(count) / frequency_hz
        values = source.samples(time_s, count, frequency_hz)
        assert values.shape == (3, count)
        assert values.dtype == np.float32
        for row, axis in zip(values, sines, strict=True):
            expected = sum(
                (s.amplitude * np.sin(2 * np.pi * s.frequency_hz * time + s.phase) for s in axis),
                np.zeros(count),
            )
            assert row == pytest.approx(expected, abs=1e-6)


def test_vibration_costs_less_than_half_of_computing_every_sine() -> None:
    """A thousand sensors are to fit on a core, with what it takes to publish what they measure."""
    sines = [[Sine(0.1, order * 24.8) for order in (1, 2, 3)]] * 3
    source = Vibration(sines, 0.02, np.random.default_rng(1))
    random = np.random.default_rng(1)

    def plainly() -> None:
        time_s = np.arange(1000) / 1000.0
        values = 0.02 * random.standard_normal((3, 1000), dtype=np.float32)
        for row, axis in zip(values, sines, strict=True):
            for sine in axis:
                row += sine.amplitude * np.sin(2 * np.pi * sine.frequency_hz * time_s)

    def cost(make: Callable[[], object]) -> float:
        return min(timeit.repeat(make, number=20, repeat=15, timer=time.process_time))

    assert cost(lambda: source.samples(0.0, 1000, 1000.0)) < cost(plainly) / 2


def test_noise_is_white_and_of_the_strength_asked_for() -> None:
    """Axes and batches do not repeat each other."""
    source = Vibration([[], [], []], 0.1, np.random.default_rng(1))
    values = np.stack([source.samples(float(i), 1000, 1000.0) for i in range(20)]).reshape(60, 1000)
    assert values.std() == pytest.approx(0.1, rel=0.02)
    alike = np.corrcoef(values) - np.eye(60)
    assert np.abs(alike).max() < 0.2
    density = (np.abs(np.fft.rfft(values)) ** 2).mean(axis=0)[1:-1]
    assert density.max() < 2 * density.mean()


def test_same_seed_gives_the_same_signal() -> None:
    """So that a fleet is the same each time."""
    one, two = (fleet_plan.plans(Fleet(10, "x-"))[9].source for _ in range(2))
    for second in range(3):
        a, b = (source.samples(float(second), 1000, 1000.0) for source in (one, two))
        assert np.array_equal(a, b)


def test_sine_above_half_the_sample_frequency_is_left_out() -> None:
    """An alias would be a lie."""
    source = Vibration([[Sine(1.0, 700.0)]], 0.0, np.random.default_rng(1))
    assert not source.samples(0.0, 1000, 1000.0).any()


def test_bearing_frequencies_are_those_of_the_catalogue() -> None:
    """SKF 6205: 3.585 and 5.415 times the shaft."""
    assert SKF_6205.bpfo() == pytest.approx(3.585, abs=0.001)
    assert SKF_6205.bpfi() == pytest.approx(5.415, abs=0.001)


@pytest.mark.parametrize("inner", [True, False])
def test_faulty_bearing_envelope_shows_its_fault(inner: bool) -> None:
    """The strongest line of the envelope spectrum is at BPFI or BPFO, and not at the other."""
    source = FaultyBearing(
        healthy(),
        shaft_hz=SHAFT_HZ,
        bearing=SKF_6205,
        inner=inner,
        amplitude=2.0,
        resonance_hz=3000.0,
        random=np.random.default_rng(2),
        decay_s=0.001,
    )
    values = in_batches(source, 10)
    frequencies = np.fft.rfftfreq(len(values), 1 / FREQUENCY_HZ)
    transformed = np.fft.fft(values)
    full = np.abs(np.fft.fftfreq(len(values), 1 / FREQUENCY_HZ))
    transformed[(full < 2000) | (full > 4000)] = 0
    transformed[len(values) // 2 :] = 0  # the analytic signal
    envelope = np.abs(2 * np.fft.ifft(transformed)) ** 2
    lines = np.abs(np.fft.rfft(envelope - envelope.mean()))
    band = (frequencies > 60) & (frequencies < 200)  # without the shaft and the harmonics
    strongest = frequencies[band][np.argmax(lines[band])]
    assert strongest == pytest.approx(source.fault_hz, rel=0.01)
    assert source.fault_hz == pytest.approx(SHAFT_HZ * (5.415 if inner else 3.585), rel=0.001)


def faulty(**changes: float) -> FaultyBearing:
    return FaultyBearing(
        Vibration([[], [], []], 0.0, np.random.default_rng(1)),
        shaft_hz=SHAFT_HZ, bearing=SKF_6205, inner=False, amplitude=1.0, resonance_hz=3000.0,
        random=np.random.default_rng(2), **changes,
    )  # fmt: skip


@pytest.mark.parametrize("count", [1, 7, 50, 1200])
def test_impulses_ring_on_over_batches_of_any_length(count: int) -> None:
    """What a batch begins, the next ones end, also where they are shorter than it."""
    source = faulty(slip=0.0)
    parts = [source.samples(i * count / FREQUENCY_HZ, count, FREQUENCY_HZ) for i in range(8400 // count)]
    assert np.concatenate(parts, axis=1) == pytest.approx(
        faulty(slip=0.0).samples(0.0, 8400, FREQUENCY_HZ), abs=1e-6
    )


def test_impulses_go_on_when_time_begins_anew() -> None:
    """As it does when a sensor boots."""
    source = faulty()
    before = source.samples(5000.0, 12_000, FREQUENCY_HZ)[0].std()
    assert source.samples(0.0, 12_000, FREQUENCY_HZ)[0].std() == pytest.approx(before, rel=0.05)


def test_temperature_goes_to_its_set_point() -> None:
    """First order: 63 % of the way after one time constant."""
    source = Temperature(60.0, np.random.default_rng(3), time_constant_s=100.0, ambient=20.0)
    values = np.concatenate([source.samples(float(i), 1, 1.0)[0] for i in range(1000)])
    assert values[:10].mean() == pytest.approx(22, abs=2)
    assert values[100] == pytest.approx(20 + 40 * 0.632, abs=4)
    assert values[-10:].mean() == pytest.approx(60, abs=4)


def test_npz_recording_replayed_is_the_file(tmp_path: Path) -> None:
    """Bit by bit, over batches that do not divide it; then it ends."""
    samples = np.random.default_rng(4).standard_normal(1001).astype(np.float32)
    np.savez(tmp_path / "r.npz", DE=samples, FE=-samples)
    recording, names = load(tmp_path / "r.npz", ["DE"])
    source = Replay(recording, names, "g", loop=False)
    parts = [source.samples(0.0, 100, 1.0)[0] for _ in range(12)]
    assert np.concatenate(parts).tobytes() == samples.tobytes()
    assert [len(part) for part in parts[-2:]] == [1, 0]
    assert source.quantities[0].name == "DE"


def test_csv_recording_has_a_channel_for_each_column(tmp_path: Path) -> None:
    """With a header line."""
    (tmp_path / "r.csv").write_text("x,y\n1.5,2\n2.5,3\n")
    recording, names = load(tmp_path / "r.csv", [])
    assert names == ["x", "y"]
    assert recording.tolist() == [[1.5, 2.5], [2.0, 3.0]]


def test_looped_recording_begins_again_without_a_gap() -> None:
    """Also where a batch is longer than the recording."""
    source = Replay(np.arange(3, dtype=np.float32)[np.newaxis], ["x"], "g", loop=True)
    assert source.samples(0.0, 7, 1.0)[0].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert source.samples(0.0, 3, 1.0)[0].tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("name", "content", "channels", "complaint"),
    [
        ("r.wav", b"RIFF", [], "an .npz or a .csv"),
        ("r.npz", b"no zip", [], "r.npz"),
        ("r.csv", b"x\n1\n2\n", ["y"], "has the channels x, not y"),
        ("r.csv", b"x\n1\nnan\n", [], "NaN"),
        ("r.csv", b"x\n1\nabc\n", [], "abc"),
    ],
)
def test_file_that_is_no_recording_is_refused_in_a_sentence(
    tmp_path: Path, name: str, content: bytes, channels: list[str], complaint: str
) -> None:
    """It names the file, and what is wrong with it."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(click.ClickException, match=complaint):
        load(tmp_path / name, channels)


def test_track_moves_at_its_speed_and_comes_round() -> None:
    """Ten metres a second are ten metres a second."""
    track = Track(HAMBURG, speed_m_s=10.0)
    a, b = track.at(10.0), track.at(11.0)
    north = np.radians(b.latitude - a.latitude) * 6_371_000
    east = np.radians(b.longitude - a.longitude) * 6_371_000 * np.cos(np.radians(a.latitude))
    assert np.hypot(north, east) == pytest.approx(10.0, rel=0.01)
    assert track.at(track._round_m / 10.0 + 10.0) == pytest.approx(a, abs=1e-6)


def test_fleet_has_the_same_sensors_each_time() -> None:
    """So that credentials made once are of use for the next start; and it has some of each sort."""
    plans = fleet_plan.plans(Fleet(50, "x-"))
    assert [plan.serial_number for plan in plans] == fleet_plan.serial_numbers(Fleet(50, "x-"))
    assert len({plan.serial_number for plan in plans}) == 50
    assert {plan.sensor_type for plan in plans} == {"vibration", "temperature"}
    assert sum(plan.track is not None for plan in plans) == 5
    assert all(plan.serial_number.startswith("x-") for plan in plans)


def test_load_has_the_rate_and_size_that_are_asked_for() -> None:
    """Messages a second over the whole fleet."""
    plans = fleet_plan.load_plans(["a", "b", "c"], 300.0, 10, 100_000)
    assert [plan.sample_frequency_hz / plan.samples_per_batch for plan in plans] == [100.0] * 3
