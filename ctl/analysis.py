"""All that one waveform says of a machine: computed once, and told as JSON and as text. Pure."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from vibration.bearing import Frequencies
from vibration.combs import Line
from vibration.diagnosis import Diagnosis, Verdict, diagnose
from vibration.envelope import Band
from vibration.evidence import Evidence
from vibration.features import Statistics, statistics
from vibration.orders import Order, Orders, orders
from vibration.signal import SignalError, Waveform
from vibration.units import Quantity, UnitError, unit
from vibration.velocity import Velocity, velocity_rms
from vibration.zones import Machine, assess_samples
from vibration.zones import Verdict as ZoneVerdict

T = TypeVar("T")


class Request(NamedTuple):
    """What is known of the machine; bearing in multiples of the shaft's frequency."""

    machine: Machine
    bearing: Frequencies | None
    band: Band | None


class Analysis(NamedTuple):
    """What was found; where something could not be, the reason why in its place."""

    waveform: Waveform
    statistics: Statistics
    velocity: Velocity | str
    zone: ZoneVerdict
    orders: Orders | str
    diagnosis: Diagnosis | str


def analysis(waveform: Waveform, request: Request) -> Analysis:
    """Everything that can be computed. SignalError where the bearing was asked for and cannot be judged."""
    rpm, samples = request.machine.speed_rpm, waveform.samples
    return Analysis(
        waveform,
        statistics(samples, waveform.unit),
        _or_reason(lambda: velocity_rms(samples, waveform.sample_frequency_hz, waveform.unit, rpm)),
        assess_samples(samples, waveform.sample_frequency_hz, waveform.unit, request.machine),
        "--rpm says the speed" if rpm is None else _or_reason(lambda: orders(waveform, rpm)),
        _diagnosis(waveform, request),
    )


def _diagnosis(waveform: Waveform, request: Request) -> Diagnosis | str:
    rpm = request.machine.speed_rpm
    if request.bearing is None or rpm is None:
        return "--bearing says its frequencies"
    if unit(waveform.unit).kind != "acceleration":
        return f"a bearing is judged by acceleration: {waveform.unit} is a unit of {unit(waveform.unit).kind}"
    return diagnose(waveform, rpm, request.bearing, request.band)


def _or_reason(compute: Callable[[], T]) -> T | str:
    try:
        return compute()
    except (SignalError, UnitError) as error:
        return str(error)


def as_json(found: Analysis) -> dict[str, Any]:
    """For programs: under stable keys; what could not be computed is null, with its reason beside it."""
    waveform, zone = found.waveform, found.zone
    shown: dict[str, Any] = {
        "samples": len(waveform),
        "sample_frequency_hz": waveform.sample_frequency_hz,
        "duration_s": waveform.duration_s,
        "unit": waveform.unit,
        "features": {name: _quantity(value) for name, value in found.statistics._asdict().items()},
        "zone": {
            "zone": zone.zone,
            "reason": zone.reason,
            "limits_mm_s": None if zone.limits is None else list(zone.limits),
            "source": zone.source or None,
        },
    }
    if isinstance(found.velocity, str):
        shown["features"]["velocity_rms"] = None
        shown["features"]["velocity_rms_reason"] = found.velocity
    else:
        band = {"lower_hz": found.velocity.lower_hz, "upper_hz": found.velocity.upper_hz}
        shown["features"]["velocity_rms"] = _quantity(found.velocity.rms) | band
    if isinstance(found.orders, str):
        shown |= {"orders": None, "orders_reason": found.orders}
    else:
        shown["orders"] = {
            "speed_rpm": found.orders.speed_rpm,
            "orders": [_order(order) for order in found.orders.orders],
        }
    if isinstance(found.diagnosis, str):
        return shown | {"bearing": None, "bearing_reason": found.diagnosis}
    return shown | {"bearing": _bearing(found.diagnosis)}


def _quantity(quantity: Quantity) -> dict[str, Any]:
    return {"value": float(quantity), "unit": quantity.unit}


def _order(order: Order) -> dict[str, Any]:
    shown: dict[str, Any] = {"multiple": order.multiple, "frequency_hz": order.frequency_hz}
    if order.amplitude is None:
        return shown | {"amplitude": None, "reason": order.reason}
    return shown | {"amplitude": _quantity(order.amplitude), "phase_rad": order.phase_rad}


def _bearing(found: Diagnosis) -> dict[str, Any]:
    return {
        "verdict": found.verdict.value,
        "score": found.score,
        "reason": found.reason,
        "scores": {one.element.value: one.score for one in found.evidence},
        "speed_rpm": found.speed.rpm,
        "speed_from": "spectrum" if found.speed.measured else "nominal",
        "resolution_hz": found.spectrum.resolution_hz,
        "segments": found.spectrum.segments,
        "bands": [
            {"low_hz": one.band.low_hz, "high_hz": one.band.high_hz, "spectral_kurtosis": one.kurtosis}
            for one in found.bands
        ],
        "evidence": [_evidence(one) for one in found.evidence],
    }


def _evidence(one: Evidence) -> dict[str, Any]:
    return {
        "element": one.element.value,
        "score": one.score,
        "false_alarm_probability": one.chance,
        "modulation_depth": one.depth,
        "share": one.share,
        "lines_found": one.found,
        "band_hz": list(one.band),
        "searched_hz": list(one.searched_hz),
        "fundamental_hz": one.fundamental_hz,
        "harmonics": [_line(line) for line in one.harmonics],
        "sidebands": [_line(line) for line in one.sidebands],
        "missing": list(one.missing),
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "frequency_hz": line.frequency_hz,
        "modulation_depth": line.depth,
        "snr_db": line.snr_db,
        "false_alarm_probability": line.chance,
        "found": line.found,
        "explained_by_shaft": not line.used,
    }


def as_text(found: Analysis) -> str:
    """For people: the verdict first, then what it rests on, then the features."""
    return "\n".join([_headline(found), "", *_features(found), *_orders(found), *_evidence_lines(found)])


def _headline(found: Analysis) -> str:
    parts = []
    diagnosis = found.diagnosis
    if not isinstance(diagnosis, str):
        score = f"score {diagnosis.score:.2f}"
        if diagnosis.verdict is Verdict.NONE:
            parts.append(f"no fault of the bearing ({score}): {diagnosis.reason}")
        elif diagnosis.verdict is Verdict.UNCERTAIN:
            parts.append(f"bearing uncertain ({score}): {diagnosis.reason}")
        else:
            parts.append(f"{diagnosis.verdict.value.upper()} DAMAGED ({score}): {diagnosis.reason}")
    elif not diagnosis.startswith("--"):
        parts.append(f"bearing not judged: {diagnosis}")
    if found.zone.zone is not None:
        parts.append(f"zone {found.zone.zone.value}: {found.zone.reason}, {found.zone.source}")
    else:
        parts.append(f"no zone: {found.zone.reason}")
    return "\n".join(parts)


def _features(found: Analysis) -> Iterator[str]:
    waveform, values = found.waveform, found.statistics
    yield f"{len(waveform):,} samples at {waveform.sample_frequency_hz:,g} Hz, {waveform.duration_s:.4g} s"
    for name, value in values._asdict().items():
        number = float(value)
        yield f"  {name.replace('_', ' '):14}{'–' if math.isnan(number) else value}"
    if isinstance(found.velocity, str):
        yield f"  {'velocity RMS':14}– {found.velocity}"
    else:
        speed = found.velocity
        yield f"  {'velocity RMS':14}{speed.rms}, {speed.lower_hz:g} to {speed.upper_hz:g} Hz"


def _orders(found: Analysis) -> Iterator[str]:
    if isinstance(found.orders, str):
        return
    speed = found.orders.speed_rpm
    yield "orders" + (f" of {speed:.1f} rpm" if speed is not None else ": none stands out of the noise")
    for order in found.orders.orders:
        amplitude = f"– {order.reason}" if order.amplitude is None else str(order.amplitude)
        yield f"  {order.multiple:g}×  {order.frequency_hz:8.2f} Hz  {amplitude}"


def _evidence_lines(found: Analysis) -> Iterator[str]:
    diagnosis = found.diagnosis
    if isinstance(diagnosis, str):
        return
    how = "measured" if diagnosis.speed.measured else "as given"
    yield (
        f"bearing at {diagnosis.speed.rpm:.1f} rpm ({how}), envelope spectra with {diagnosis.spectrum.resolution_hz:.3g} Hz, "
        f"{diagnosis.spectrum.segments} averages"
    )
    for one in diagnosis.evidence:
        low, high = one.band
        yield (
            f"  {one.element.value:16} score {one.score:.2f}  {one.fundamental_hz:7.2f} Hz "
            f"of {one.searched_hz[0]:.1f} to {one.searched_hz[1]:.1f}  depth {one.depth:.2f}  share {one.share:.0%}  "
            f"chance {one.chance:.0e}  band {low:,.0f} to {high:,.0f} Hz"
        )
        if one.found:
            yield f"    harmonics  {_shown(one.harmonics)}"
            yield f"    sidebands  {_shown(one.sidebands)}"


def _shown(lines: tuple[Line, ...]) -> str:
    return "   ".join(
        f"{line.frequency_hz:.1f} Hz {'shaft' if not line.used else f'{line.snr_db:.0f} dB' if line.found else '–'}"
        for line in lines
    )
