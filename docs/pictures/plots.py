"""The plots in the documentation, drawn by the module of `iotctl plot` from what the emulator's machines measure.

They are the same in every time zone and on every machine, so that a test can compare them with what is committed.
"""

import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ctl import analysis_picture, pictures
from ctl.analysis import Request, analysis
from ctl.drawing import Drawing, Mark, Panel, SpectrumPanel
from ctl.plot import spectrum_panel
from ctl.samples import Block, Window
from ctl.spectrum import LongestStretch
from ctl.waveform import Trace
from ctl.waveform import Waveform as Curve
from emulator.fleet_plan import Fleet, plans, speeds_rpm
from emulator.signals import SKF_6205
from vibration.bearing import Geometry
from vibration.features import statistics
from vibration.orders import orders
from vibration.signal import Waveform
from vibration.spectrum import Spectrum, peaks, spectrum
from vibration.zones import Machine, Zone, default_table

HEALTHY, OUTER_RACE, INNER_RACE = 3, 10, 5  # which of the demo's pumps
_SAMPLE_FREQUENCY_HZ = 12_000.0
_DURATION_S = 10.0
_FLEET = Fleet(12)
_BEARING = Geometry(SKF_6205.rolling_elements, SKF_6205.element_diameter, SKF_6205.pitch_diameter, 0.0)
_SIZE = (1200, 700)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Pump(NamedTuple):
    """One of the demo's, after `iotctl change-sample-frequency`: its x axis."""

    serial_number: str
    speed_rpm: float
    waveform: Waveform

    @classmethod
    def number(cls, wanted: int) -> "Pump":
        """From 1; the same samples each time."""
        plan = plans(_FLEET)[wanted - 1]
        count = round(_SAMPLE_FREQUENCY_HZ * _DURATION_S)
        samples = plan.source.samples(0.0, count, _SAMPLE_FREQUENCY_HZ)[0].copy()
        speed_rpm = speeds_rpm(_FLEET)[plan.serial_number]
        return cls(plan.serial_number, speed_rpm, Waveform(samples, _SAMPLE_FREQUENCY_HZ, "g"))

    def first(self, duration_s: float) -> Waveform:
        """The beginning."""
        return Waveform(
            self.waveform.samples[: round(duration_s * _SAMPLE_FREQUENCY_HZ)], _SAMPLE_FREQUENCY_HZ, "g"
        )


def plot() -> bytes:
    """What `iotctl plot pump-0005 --channel x --last 1s --spectrum -o plot.png` draws at 12 kHz."""
    pump = Pump.number(INNER_RACE)
    values = pump.first(1.0).samples
    times_ns = np.round(np.arange(len(values)) * (1e9 / _SAMPLE_FREQUENCY_HZ)).astype(np.int64)
    block = Block(times_ns, values, np.full(len(values), _SAMPLE_FREQUENCY_HZ))
    curve, longest = Curve(Window(0, 10**9), 2 * _SIZE[0]), LongestStretch()
    curve.add(block)
    longest.add(block)
    panel = Panel("x", "acceleration", "g", curve.trace(), spectrum_panel(longest, "x", None))
    return _png(_drawing(f"{pump.serial_number} – Pump 0005", 1.0, [panel]), *_SIZE)


def features() -> bytes:
    """A fifth of a second of three machines, with what the whole recording measures."""
    panels, said = [], []
    for name, number in (("healthy", HEALTHY), ("outer race", OUTER_RACE), ("inner race", INNER_RACE)):
        pump = Pump.number(number)
        found = statistics(pump.waveform.samples, "g")
        said.append(f"{name}: RMS {found.rms}, kurtosis {float(found.kurtosis):.2f}")
        panels.append(Panel(name, "acceleration", "g", _trace(pump.first(0.2)), None))
    drawing = _drawing("Three pumps, healthy and with a damaged race of the bearing", 0.2, panels)
    return _png(drawing._replace(subtitle="  ·  ".join(said)), 1200, 800)


def spectra() -> bytes:
    """One machine's, as acceleration and as velocity."""
    pump = Pump.number(INNER_RACE)
    found = spectrum(pump.waveform, resolution_hz=2.0)
    about = (
        f"amplitude spectrum  ·  Hann, {found.segments} averages  ·  resolution {found.resolution_hz:g} Hz"
    )
    acceleration = SpectrumPanel(found, peaks(found, most=6), about)
    velocity = _up_to(1000.0, found.to("mm/s"))
    velocity.amplitudes[velocity.frequencies_hz < 10] = 0.0
    shown = SpectrumPanel(
        velocity, peaks(velocity, most=3), "the same as velocity, from 10 to 1000 Hz", (), "velocity (mm/s)"
    )
    panel = Panel("x", "acceleration", "g", _trace(pump.first(1.0)), acceleration, shown)
    return _png(_drawing(f"{pump.serial_number}: inner race damaged", 1.0, [panel]), 1200, 900)


def shaft_orders() -> bytes:
    """The low end of a healthy machine's spectrum, with its orders."""
    pump = Pump.number(HEALTHY)
    found = orders(pump.waveform, pump.speed_rpm)
    lines = _up_to(3.5 * pump.speed_rpm / 60, spectrum(pump.waveform, resolution_hz=0.5))
    marks = [Mark(order.frequency_hz, f"{order.multiple:g}×") for order in found.orders]
    about = "  ·  ".join(
        [
            f"named {pump.speed_rpm:g} rpm, found {found.speed_rpm:.1f} rpm",
            *(f"{order.multiple:g}× {order.frequency_hz:.2f} Hz {order.amplitude}" for order in found.orders),
        ]
    )
    shown = SpectrumPanel(lines, [], about, marks)
    panel = Panel("x", "acceleration", "g", _trace(pump.first(0.2)), shown)
    return _png(_drawing(f"{pump.serial_number}: healthy", 0.2, [panel], log=True), *_SIZE)


def bearing() -> bytes:
    """What `iotctl analyse … -o FILE.png` draws of ten seconds."""
    pump = Pump.number(INNER_RACE)
    request = Request(Machine(speed_rpm=pump.speed_rpm), _BEARING.frequencies(), None)
    found = analysis(pump.waveform, request)
    title = f"{pump.serial_number}, x"
    return _png(analysis_picture.drawing(title, pump.waveform, found), 1200, 1000)


def zones() -> bytes:
    """The table of ISO 10816-3, in the plots' style."""
    table = default_table()
    with rc_context(pictures.STYLE):
        figure = Figure(figsize=(12, 3.6), layout="constrained")
        FigureCanvasAgg(figure)
        axes: Axes = figure.subplots()
        colours = ("#b7dfb9", "#e3edb1", "#fbdca6", "#f3b2a9")
        for row, ((group, support), limits) in enumerate(table.limits.items()):
            edges = (0.0, *limits, 14.0)
            for zone, begin, end, colour in zip(Zone, edges, edges[1:], colours, strict=False):
                axes.barh(row, end - begin, left=begin, color=colour, height=0.7)
                axes.text((begin + min(end, 13)) / 2, row, f"{zone}", ha="center", va="center")
                if begin:
                    axes.text(begin, row + 0.42, f"{begin:g}", ha="center", va="top", fontsize=8)
            axes.text(-0.15, row, f"group {group}, {support}", ha="right", va="center")
        axes.set(xlim=(0, 14), xlabel="velocity RMS (mm/s)")
        axes.set_yticks([])
        axes.invert_yaxis()
        axes.grid(visible=False)
        file = io.BytesIO()
        figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


PLOTS: Final[Mapping[str, Callable[[], bytes]]] = {
    "plot": plot,
    "vibration_features": features,
    "vibration_spectrum": spectra,
    "vibration_orders": shaft_orders,
    "vibration_bearing": bearing,
    "vibration_zones": zones,
}


def _drawing(title: str, duration_s: float, panels: list[Panel], *, log: bool = False) -> Drawing:
    said = f"{_SAMPLE_FREQUENCY_HZ:,g} Hz  ·  emulated"
    return Drawing(title, said, _EPOCH, duration_s, panels, log, dated=False)


def _trace(waveform: Waveform) -> Trace:
    samples = waveform.samples.astype(np.float64)
    return Trace(np.arange(len(samples)) / waveform.sample_frequency_hz, samples)


def _up_to(maximum_hz: float, shown: Spectrum) -> Spectrum:
    kept = shown.frequencies_hz <= maximum_hz
    return shown._replace(frequencies_hz=shown.frequencies_hz[kept], amplitudes=shown.amplitudes[kept].copy())


def _png(drawing: Drawing, width: int, height: int) -> bytes:
    file = io.BytesIO()
    pictures.save(drawing, file, "png", width, height)
    return file.getvalue()
