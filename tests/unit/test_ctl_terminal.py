"""Waveforms and spectra as text."""

import re
from itertools import pairwise

import numpy as np
import pytest

from ctl.terminal import CURVE, Limits, decimate, draw_spectrum, draw_waveform, finite_runs, nice_limits


def plain(text: str) -> list[str]:
    return re.sub("\x1b\\[[0-9]*m", "", text).splitlines()


@pytest.mark.parametrize(("width", "height"), [(30, 5), (80, 12), (200, 40)])
def test_draw_waveform_whatever_its_size_stays_within_it(width: int, height: int) -> None:
    """`width` and `height` are of everything drawn, also where labels are long."""
    times = np.arange(100_000) / 1e4
    for scale in (1e-9, 1.0, 1e9):
        lines = plain(
            draw_waveform(times, np.sin(times) * scale, width=width, height=height, title="t", unit="mm/s²")
        )
        assert len(lines) <= height
        assert max(map(len, lines)) <= width


def test_draw_waveform_without_samples_is_a_frame() -> None:
    """Nothing to draw is no error."""
    lines = plain(draw_waveform(np.array([]), np.array([]), width=40, height=8))
    assert lines[0].startswith("╭")
    assert not re.search("[⠁-⣿]", "".join(lines))


def test_draw_waveform_with_one_spike_in_a_million_samples_shows_it() -> None:
    """Decimation keeps the greatest value: a spike reaches the first row, which else is empty."""
    values = np.zeros(1_000_000)
    values[777_777] = 1.0
    lines = plain(draw_waveform(np.arange(1e6), values, width=80, height=12, limits=Limits(-1, 1)))
    assert len(re.findall("[⠁-⣿]", lines[1])) == 1
    assert lines[1].index(re.findall("[⠁-⣿]", lines[1])[0]) == pytest.approx(
        0.777 * lines[0].index("╮"), abs=2
    )


def test_draw_waveform_with_a_gap_leaves_its_columns_empty() -> None:
    """What is missing is not bridged by a line."""
    values = np.ones(1000)
    values[400:600] = np.nan
    curve = plain(draw_waveform(np.arange(1000.0), values, width=110, height=8, color=False))[3:4]
    drawn = [i for i, character in enumerate(curve[0]) if "⠁" <= character <= "⣿"]
    gap = max(b - a for a, b in pairwise(drawn))
    assert gap == pytest.approx(20, abs=2)


def test_draw_spectrum_of_a_narrow_peak_among_many_lines_shows_its_height() -> None:
    """One line of 100,000 is a peak at its frequency, up to the top."""
    frequencies = np.linspace(0, 12_800, 100_001)
    amplitudes = np.full(100_001, 1e-3)
    amplitudes[50_000] = 1.0
    lines = plain(draw_spectrum(frequencies, amplitudes, width=90, height=10, unit="g", title="spectrum"))
    top = [i for i, character in enumerate(lines[2]) if "⠁" <= character <= "⣿"]
    assert top
    assert top[0] == pytest.approx(lines[1].index("╮") / 2, abs=1)
    assert "kHz" in lines[-1]


def test_draw_with_color_colours_the_curve_only() -> None:
    """A frame and labels in the terminal's own colour; without `color` no escape at all."""
    values = np.sin(np.arange(100.0))
    colored = draw_waveform(np.arange(100.0), values, width=60, height=8)
    bare = draw_waveform(np.arange(100.0), values, width=60, height=8, color=False)
    assert f"│{CURVE}" in colored
    assert "\x1b" not in bare
    assert plain(colored) == bare.splitlines()


def test_draw_waveform_around_zero_labels_it_without_a_sign() -> None:
    """There is no -0."""
    lines = plain(draw_waveform(np.arange(9.0), np.linspace(-0.31, 0.29, 9), width=60, height=13))
    labels = [line.rpartition("│")[2].strip() for line in lines if "│" in line]
    assert "0.0" in labels
    assert not [label for label in labels if label.startswith("-0.0")]


def test_decimate_of_few_points_changes_nothing() -> None:
    """Up to two points a bin, every one is drawn."""
    xs = np.arange(20.0)
    assert decimate(xs, xs, 10)[1] is xs


def test_decimate_of_many_points_keeps_the_extremes_of_each_bin_in_order() -> None:
    """For each bin its least and greatest value, in the order of time."""
    ys = np.random.default_rng(1).normal(size=1003)
    xs, chosen = decimate(np.arange(1003.0), ys, 10)
    assert len(chosen) == 20
    assert (np.diff(xs) >= 0).all()
    for number, part in enumerate(np.split(ys, [number * 1003 // 10 for number in range(1, 10)])):
        assert sorted(chosen[2 * number : 2 * number + 2]) == [part.min(), part.max()]


def test_finite_runs_split_at_nan_and_infinity() -> None:
    """Each run by its first and its end."""
    assert finite_runs(np.array([1, 2, np.nan, 3, np.inf, np.nan, 4.0])) == [
        slice(0, 2),
        slice(3, 4),
        slice(6, 7),
    ]


@pytest.mark.parametrize(
    ("low", "high"), [(-0.29, 0.33), (0, 0), (5, 5), (21.41, 21.59), (-1234, 77), (-3, -3)]
)
def test_nice_limits_hold_both_and_differ(low: float, high: float) -> None:
    """Whatever the values, the axis has an extent, and is not twice what is needed."""
    limits = nice_limits(low, high)
    assert limits.low <= low <= high <= limits.high
    assert limits.low < limits.high
    if high > low:
        assert limits.high - limits.low < 1.5 * (high - low)


def test_nice_limits_of_a_curve_that_changes_a_little_stay() -> None:
    """So that a moving curve's axis does not jump."""
    assert nice_limits(-0.291, 0.332) == nice_limits(-0.295, 0.338)


@pytest.mark.parametrize(
    ("longest_s", "label"),
    [(0.05, " ms"), (120.0, "100 s"), (600.0, " min"), (7 * 3600.0, " h"), (6 * 86_400.0, " d")],
)
def test_draw_waveform_of_any_length_has_short_numbers_on_its_axis(longest_s: float, label: str) -> None:
    """Milliseconds to days."""
    times = np.linspace(0, longest_s, 50)
    assert label in draw_waveform(times, np.sin(times), width=80, height=10, color=False).splitlines()[-1]
