"""Pictures: what stands in them, whatever is drawn."""

import io
from datetime import UTC, datetime

import numpy as np
import pytest

from ctl.drawing import Drawing, Panel, SpectrumPanel, span
from ctl.pictures import frequency_text, least_size, save
from ctl.spectrum import amplitude_spectrum, peaks
from ctl.waveform import Trace

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def panel(label: str, frequency_hz: float = 1000.0, *, spectrum: bool = True, count: int = 4000) -> Panel:
    time = np.arange(count) / frequency_hz
    values = 0.5 * np.sin(2 * np.pi * 0.05 * frequency_hz * time) + 0.2 * np.sin(
        2 * np.pi * 0.2 * frequency_hz * time
    )
    shown = None
    if spectrum:
        made = amplitude_spectrum(values.astype(np.float32), frequency_hz)
        shown = SpectrumPanel(made, peaks(made), "amplitude spectrum")
    return Panel(label, "acceleration", "g", Trace(time, values), shown)


def svg(drawing: Drawing, width: int = 1200, height: int = 700) -> str:
    file = io.BytesIO()
    save(drawing, file, "svg", width, height)
    return file.getvalue().decode()


def test_picture_of_one_channel_names_what_it_shows() -> None:
    """Title, axes with units, and the peaks with frequency and amplitude."""
    text = svg(Drawing("pump-1 – Pump house", "when", BEGIN, 4.0, [panel("x")]))
    for expected in (
        "pump-1 – Pump house",
        "acceleration (g)",
        "amplitude (g)",
        "frequency (Hz)",
        "50 Hz",
        "200 Hz",
        "0.5 g",
    ):
        assert f">{expected}<" in text


def test_picture_of_several_channels_names_each() -> None:
    """Below each other, with their spectra beside them."""
    text = svg(Drawing("pump-1", "when", BEGIN, 4.0, [panel(axis) for axis in "xyz"]))
    for axis in "xyz":
        assert f">{axis}: acceleration (g)<" in text
    assert text.count(">50 Hz<") == 3
    assert text.count(">amplitude spectrum<") == 1


def test_frequencies_above_ten_kilohertz_are_in_kilohertz() -> None:
    """Labels of peaks, too."""
    text = svg(Drawing("pump-1", "when", BEGIN, 0.04, [panel("x", 100_000.0)]))
    assert ">frequency (kHz)<" in text
    assert ">20 kHz<" in text


def test_long_windows_have_the_time_of_day() -> None:
    """Instead of seconds since the beginning; the zone is named."""
    text = svg(Drawing("temp-1", "when", BEGIN, 4000.0, [panel("t", 1.0, spectrum=False)]))
    assert f">time ({BEGIN.astimezone().tzname()})<" in text


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("size", [least_size(3, spectrum=True), (1200, 700), (4000, 420)])
def test_picture_of_any_size_is_drawn(size: tuple[int, int], log: bool) -> None:
    """Without a warning, which would be an error here, and in the size that was asked for."""
    file = io.BytesIO()
    save(Drawing("pump-1", "when", BEGIN, 4.0, [panel(axis) for axis in "xyz"], log), file, "png", *size)
    head = file.getvalue()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(head[16:20]), int.from_bytes(head[20:24])) == size


def test_logarithmic_axis_has_plain_numbers() -> None:
    """Not the source of a formula: dollars and backslashes stand for themselves in a picture."""
    text = svg(Drawing("pump-1", "when", BEGIN, 4.0, [panel("x")], log=True))
    assert ">0.01<" in text
    assert "mathdefault" not in text


@pytest.mark.parametrize("value", [0.0, 3.5])
def test_constant_values_are_drawn(value: float) -> None:
    """Their spectrum is empty, and its axis has an end all the same."""
    made = amplitude_spectrum(np.full(100, value, np.float32), 1.0)
    trace = Trace(np.arange(100.0), np.full(100, value))
    for log in (False, True):
        shown = SpectrumPanel(made, peaks(made), "")
        assert "<svg" in svg(Drawing("t", "", BEGIN, 100.0, [Panel("t", "", "", trace, shown)], log))


def test_text_that_looks_like_a_formula_stays_text() -> None:
    """A target's or a channel's name may hold any character."""
    odd = Panel("a$b^2$", "x_1 $\\frac{", "%", panel("x", spectrum=False).trace, None)
    text = svg(Drawing("p – $Pump & Söhne$", "when", BEGIN, 4.0, [odd, odd]))
    assert ">p – $Pump &amp; Söhne$<" in text


@pytest.mark.parametrize(
    ("hz", "text"), [(162.23, "162.2 Hz"), (50.0, "50 Hz"), (0.0125, "0.0125 Hz"), (12_345.0, "12.35 kHz")]
)
def test_frequencies_have_four_digits(hz: float, text: str) -> None:
    """More are not known."""
    assert frequency_text(hz) == text


def test_span_names_the_zone_and_one_day_once() -> None:
    """Milliseconds only where they matter."""
    zone = BEGIN.astimezone().tzname()
    local = BEGIN.astimezone().strftime("%Y-%m-%d %H:%M")
    assert span(BEGIN, BEGIN.replace(second=10)) == f"{local}:00.000 – {local[11:]}:10.000 {zone}"
    assert span(BEGIN, BEGIN.replace(day=3)).count("2026-03-0") == 2
