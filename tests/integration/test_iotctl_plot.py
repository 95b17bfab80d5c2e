"""`iotctl plot` on the real servers: what is in the picture, whatever the sensor did."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from stack.local import Stack
from tests.integration import stored
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import Database, connect

DAY = datetime(2025, 4, 1, tzinfo=UTC)
DAY_NS = int(DAY.timestamp()) * 10**9
FREQUENCY_HZ = 1000.0


@pytest.fixture(scope="module")
def owner(stack: Stack) -> Iterator[Database]:
    with connect(stack, "owner") as connection:
        yield connection


def tone(
    owner: Database, sensor: int, seconds: range, frequency_hz: float = FREQUENCY_HZ, channel: int = 0
) -> None:
    """A sine of 50 Hz and amplitude 0.25, a batch a second."""
    for second in seconds:
        time = second + np.arange(int(frequency_hz)) / frequency_hz
        values = (0.25 * np.sin(2 * np.pi * 50 * time)).astype(np.float32)
        stored.batch(
            owner, sensor, DAY_NS + second * 10**9, values, frequency_hz, sequence=second, channel=channel
        )


@pytest.fixture(scope="module")
def sine(owner: Database) -> str:
    """20 s of it, long ago: this sensor sleeps since then."""
    tone(owner, stored.sensor(owner, "plot-sine"), range(20))
    return "plot-sine"


@pytest.fixture(scope="module")
def interrupted(owner: Database) -> str:
    """4 s at 1000 Hz, a gap of 2 s, 6 s at 1000 Hz, then 5 s at 500 Hz."""
    sensor = stored.sensor(owner, "plot-interrupted")
    tone(owner, sensor, range(4))
    tone(owner, sensor, range(6, 12))
    tone(owner, sensor, range(12, 17), 500.0)
    return "plot-interrupted"


def svg(iotctl: Iotctl, folder: Path, *arguments: str) -> str:
    path = folder / "plot.svg"
    iotctl("plot", *arguments, "-o", str(path))
    return path.read_text()


def test_sensor_that_sleeps_has_a_plot_of_its_last_ten_seconds(
    iotctl: Iotctl, tmp_path: Path, sine: str
) -> None:
    """Before its newest sample, not before now."""
    text = svg(iotctl, tmp_path, sine)
    assert "  ·  1,000 Hz  ·  10,000 samples<" in text
    assert ">acceleration (g)<" in text
    assert "amplitude" not in text


def test_spectrum_labels_the_sine_with_its_frequency_and_amplitude(
    iotctl: Iotctl, tmp_path: Path, sine: str
) -> None:
    """And says how it was made."""
    text = svg(iotctl, tmp_path, sine, "--spectrum")
    for expected in ("50 Hz", "0.25 g", "frequency (Hz)", "amplitude (g)"):
        assert f">{expected}<" in text
    assert "Hann, 8 averages  ·  resolution 0.45 Hz" in text
    assert "stretch" not in text


@pytest.mark.parametrize(
    ("suffix", "begin"), [(".png", b"\x89PNG\r\n\x1a\n"), (".svg", b"<?xml"), (".pdf", b"%PDF")]
)
def test_picture_has_the_format_of_its_name(
    iotctl: Iotctl, tmp_path: Path, sine: str, suffix: str, begin: bytes
) -> None:
    """One that exists is replaced; nothing is left beside it."""
    path = tmp_path / f"plot{suffix}"
    path.write_bytes(b"old")
    iotctl("plot", sine, "--spectrum", "--log", "--max-frequency", "200", "-o", str(path))
    assert path.read_bytes().startswith(begin)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_picture_has_the_size_asked_for(iotctl: Iotctl, tmp_path: Path, sine: str) -> None:
    """In pixels."""
    path = tmp_path / "plot.png"
    iotctl("plot", sine, "--width", "800", "--height", "500", "-o", str(path))
    head = path.read_bytes()[:24]
    assert (int.from_bytes(head[16:20]), int.from_bytes(head[20:24])) == (800, 500)


def test_terminal_shows_waveform_spectrum_and_peaks(iotctl: Iotctl, sine: str) -> None:
    """In braille, no wider than asked for; without escape sequences where it is no terminal."""
    text = iotctl("plot", sine, "--spectrum", "--width", "80")
    assert text.startswith("plot-sine\n2025-")
    assert "x: acceleration (g)" in text
    assert "peaks: 50 Hz 0.25 g" in text
    assert any("\u2800" < character <= "\u28ff" for character in text)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_spectrum_of_an_interrupted_window_is_of_the_longest_stretch(
    iotctl: Iotctl, tmp_path: Path, interrupted: str
) -> None:
    """Without a gap and with one sample frequency; the picture says which one."""
    text = svg(iotctl, tmp_path, interrupted, "--last", "17s", "--spectrum")
    assert "longest stretch without a gap: 6.0 s at 1,000 Hz" in text
    assert "500, 1,000 Hz  ·  12,500 samples" in text
    assert ">0.25 g<" in text


def test_several_channels_are_stacked(owner: Database, iotctl: Iotctl, tmp_path: Path) -> None:
    """Each with its name; chosen with --channel."""
    sensor = stored.sensor(owner, "plot-axes", 3)
    for channel in range(3):
        tone(owner, sensor, range(2), channel=channel)
    text = svg(iotctl, tmp_path, "plot-axes")
    assert all(f">{axis}: acceleration (g)<" in text for axis in "xyz")
    assert "  ·  2,000 samples a channel<" in text
    text = svg(iotctl, tmp_path, "plot-axes", "--channel", "y", "--channel", "0")
    assert text.index(">y: acceleration") < text.index(">x: acceleration")
    assert ">z:" not in text


def test_slow_quantity_is_plotted_over_days(owner: Database, iotctl: Iotctl, tmp_path: Path) -> None:
    """A reading a minute, each a batch of one, over two days: the time of day below it."""
    sensor = stored.sensor(owner, "plot-slow", 1)
    with owner.transaction():
        for minute in range(0, 2 * 24 * 60, 10):
            value = np.array([20 + 5 * np.sin(minute / 200)], np.float32)
            stored.batch(owner, sensor, DAY_NS + minute * 60 * 10**9, value, 1 / 600, sequence=minute // 10)
    text = svg(iotctl, tmp_path, "plot-slow", "--last", "2d")
    assert f">time ({DAY.astimezone().tzname()})<" in text
    assert "288 samples" in text


def test_millions_of_samples_are_plotted_by_their_extremes(
    owner: Database, iotctl: Iotctl, tmp_path: Path
) -> None:
    """The picture stays small."""
    sensor = stored.sensor(owner, "plot-long")
    stored.many(owner, sensor, DAY_NS, 3_000_000, per_batch=1_000, frequency_hz=10_000.0)
    text = svg(iotctl, tmp_path, "plot-long", "--last", "1h")
    assert "3,000,000 samples" in text
    assert len(text) < 500_000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["plot-sin"], "did you mean 'plot-sine'"),
        (["plot-sine", "--last", "10ms", "--spectrum"], "has 10 samples: a spectrum needs 32"),
        (["plot-sine", "--spectrum", "--max-frequency", "0.1"], "is below the frequency resolution, 0.45 Hz"),
        (["plot-sine", "--spectrum", "--max-frequency", "0"], "0.0 is not in the range x>0"),
        (["plot-sine", "--log"], "add --spectrum"),
        (["plot-sine", "--max-frequency", "10"], "add --spectrum"),
        (["plot-sine", "-o", "a.jpg"], "the name has to end with .png, .svg or .pdf"),
        (["plot-sine", "-o", "nowhere/a.png"], "there is no folder nowhere"),
        (["plot-sine", "-o", "a.png", "--width", "100000"], "between 300 and 10,000"),
        (["plot-sine", "-o", "a.png", "--height", "210", "--spectrum"], "pixels are too few"),
        (["plot-sine", "--width", "3"], "between 30 and 1,000"),
        (["plot-sine", "--from", "2024-01-01", "--to", "2024-01-02"], "its newest is of 2025-04-01"),
        (["plot-sine", "--channel", "y"], "no channel 'y' (known: x (0))"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_sentence(
    iotctl: Iotctl,
    tmp_path: Path,
    sine: str,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    sentence: str,
) -> None:
    """Exit code 2, and no file."""
    monkeypatch.chdir(tmp_path)
    assert sentence in iotctl.refused(2, "plot", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_more_channels_than_a_picture_has_room_for_are_refused(owner: Database, iotctl: Iotctl) -> None:
    """With what to do."""
    sensor = stored.sensor(owner, "plot-many", 0)
    for channel in range(9):
        stored.batch(owner, sensor, DAY_NS, np.ones(10, np.float32), 10.0, channel=channel)
    assert "9 channels are too many for one plot: choose up to 8 with --channel" in iotctl.refused(
        2, "plot", "plot-many"
    )
