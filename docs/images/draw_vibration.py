"""Draws docs/images/vibration_*.png from the recordings: python docs/images/draw_vibration.py FOLDER.

FOLDER holds normal.npz, inner_race_007.npz, outer_race_007.npz and ball_007.npz (Case Western Reserve University Bearing
Data Center): acceleration in g at 12 kHz, a motor at about 1797 rpm.
"""

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from vibration.features import statistics
from vibration.orders import orders
from vibration.signal import Waveform
from vibration.spectrum import spectrum
from vibration.velocity import velocity_rms
from vibration.zones import Zone, default_table

HERE = Path(__file__).parent
SPEED_RPM = 1797.0
NAMES = {
    "normal": "healthy", "ball_007": "rolling element damaged",
    "inner_race_007": "inner race damaged", "outer_race_007": "outer race damaged",
}  # fmt: skip
BLUE, RED, GREY = "#1f5f8b", "#8b3a1f", "#5f6368"
STYLE: Any = {
    "font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
    "axes.xmargin": 0, "grid.color": "#e6e8eb", "lines.linewidth": 0.9,
}  # fmt: skip


def read(folder: Path, name: str) -> Waveform:
    """The drive end's channel."""
    with np.load(folder / f"{name}.npz") as archive:
        return Waveform(archive["DE"], 48_000.0 if name == "normal" else 12_000.0, "g")


def features(folder: Path) -> Figure:
    """A fifth of a second of each recording, with what the whole of it measures."""
    figure = Figure(figsize=(11, 8), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(4, 1, sharex=True), NAMES.items(), strict=True):
        waveform = read(folder, name)
        found = statistics(waveform.samples, "g")
        velocity = velocity_rms(waveform.samples, waveform.sample_frequency_hz, "g", SPEED_RPM)
        shown = waveform.samples[: int(0.2 * waveform.sample_frequency_hz)]
        axes.plot(np.arange(len(shown)) / waveform.sample_frequency_hz, shown, color=BLUE)
        axes.set_title(
            f"{title}:  RMS {found.rms},  peak {found.peak},  crest factor {found.crest_factor},  "
            f"kurtosis {found.kurtosis},  velocity RMS {velocity.rms}", loc="left", fontsize=10,
        )  # fmt: skip
        axes.set_ylabel("g")
    axes.set_xlabel("time (s)")
    return figure


def spectra(folder: Path) -> Figure:
    """One recording, as acceleration and as velocity."""
    found = spectrum(read(folder, "inner_race_007"), resolution_hz=2.0)
    velocity = found.to("mm/s")
    figure = Figure(figsize=(11, 6.5), layout="constrained")
    above, below = figure.subplots(2, 1)
    above.plot(found.frequencies_hz, found.amplitudes, color=RED)
    above.set(ylabel="acceleration (g, peak)", xlim=(0, 6000), ylim=(0, None))
    above.set_title(
        f"inner race damaged: {found.segments} averages, resolution {found.resolution_hz:g} Hz", loc="left"
    )
    shown = (velocity.frequencies_hz >= 4) & (velocity.frequencies_hz <= 2000)
    below.axvspan(10, 1000, color="#eef3f7")
    below.semilogx(velocity.frequencies_hz[shown], velocity.rms[shown], color=RED)
    below.set(ylabel="velocity (mm/s, RMS)", xlabel="frequency (Hz)", xlim=(4, 2000), ylim=(0, None))
    below.set_title("the same in velocity; shaded: the band of velocity RMS", loc="left")
    return figure


def shaft_orders(folder: Path) -> Figure:
    """The low end of the healthy motor's spectrum, with its orders and their noise."""
    waveform = read(folder, "normal")
    found = orders(waveform, SPEED_RPM)
    lines = spectrum(waveform, resolution_hz=0.5)
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    axes: Axes = figure.subplots()
    shown = (lines.frequencies_hz > 1) & (lines.frequencies_hz <= 130)
    axes.semilogy(lines.frequencies_hz[shown], lines.amplitudes[shown], color=RED)
    for order in found.orders:
        if order.amplitude is not None and order.floor is not None and order.phase_rad is not None:
            at = (order.frequency_hz, float(order.amplitude))
            axes.plot(*at, "o", color=BLUE, markersize=4)
            axes.annotate(
                f"{order.multiple:g}×  {order.frequency_hz:.2f} Hz\n{order.amplitude}, {np.degrees(order.phase_rad):.0f}°",
                at, xytext=(6, 6), textcoords="offset points", color=BLUE, fontsize=9,
            )  # fmt: skip
            reach = np.array([-0.5, 0.5]) * SPEED_RPM / 60 + order.frequency_hz
            axes.plot(reach, [float(order.floor)] * 2, "--", color=GREY)
    axes.set(xlabel="frequency (Hz)", ylabel="acceleration (g, peak)", ylim=(1e-5, 0.004))
    axes.set_title(
        f"healthy: named {SPEED_RPM:g} rpm, found {found.speed_rpm:.1f} rpm; dashed: the noise around each order",
        loc="left",
    )
    return figure


def zones(folder: Path) -> Figure:
    """The table's zones, with the recordings' velocity."""
    table = default_table()
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    axes: Axes = figure.subplots()
    colours = ("#b7dfb9", "#e3edb1", "#fbdca6", "#f3b2a9")
    for row, ((group, support), limits) in enumerate(table.limits.items()):
        edges = (0.0, *limits, 14.0)
        for zone, begin, end, colour in zip(Zone, edges, edges[1:], colours, strict=False):
            axes.barh(row, end - begin, left=begin, color=colour, height=0.7)
            axes.text((begin + min(end, 13)) / 2, row, f"{zone}", ha="center", va="center")
            axes.text(begin, row + 0.42, f"{begin:g}", ha="center", va="top", fontsize=8, color=GREY)
        axes.text(-0.15, row, f"group {group}, {support}", ha="right", va="center")
    for name in NAMES:
        waveform = read(folder, name)
        rms = float(velocity_rms(waveform.samples, waveform.sample_frequency_hz, "g", SPEED_RPM).rms)
        axes.axvline(rms, color=BLUE, linewidth=0.8)
    axes.set(
        xlim=(0, 14), xlabel="velocity RMS (mm/s); lines: the four recordings, whose motor is below 15 kW"
    )
    axes.set_yticks([])
    axes.invert_yaxis()
    axes.grid(visible=False)
    return figure


def main() -> None:
    """All pictures."""
    folder = Path(sys.argv[1])
    with mpl.rc_context(STYLE):
        for name, draw in (
            ("features", features),
            ("spectrum", spectra),
            ("orders", shaft_orders),
            ("zones", zones),
        ):
            figure = draw(folder)
            FigureCanvasAgg(figure)
            figure.savefig(HERE / f"vibration_{name}.png", dpi=90)


if __name__ == "__main__":
    main()
