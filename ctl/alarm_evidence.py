"""An alarm's evidence as people read it: values, the samples' command, a spectrum drawn. Pure.

Rules of different kinds leave different evidence, so everything is shown that is there. What has a shape of its own:

    samples    {"serial_number", "channel", "from", "to"}: times in ISO 8601
    spectrum   {"amplitudes": […], "frequencies_hz": […] or "resolution_hz" (from 0 Hz on), "unit"}
"""

import math
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

_VALUES = 8  # of a list that are shown
_DEEP = 4  # mappings in each other


class Spectrum(NamedTuple):
    """Amplitudes over frequency; both lists are equally long."""

    frequencies_hz: list[float]
    amplitudes: list[float]
    unit: str


def spectrum(evidence: Mapping[str, Any]) -> Spectrum | None:
    """What can be drawn; None where there is nothing, or it has not that shape."""
    given = evidence.get("spectrum")
    if not isinstance(given, Mapping):
        return None
    amplitudes = _numbers(given.get("amplitudes"))
    if amplitudes is None or len(amplitudes) < 2:
        return None
    frequencies = _numbers(given.get("frequencies_hz"))
    resolution = given.get("resolution_hz")
    if frequencies is None and isinstance(resolution, (int, float)):
        frequencies = [i * float(resolution) for i in range(len(amplitudes))]
    if frequencies is None or len(frequencies) != len(amplitudes):
        return None
    return Spectrum(frequencies, amplitudes, str(given.get("unit") or ""))


def commands(evidence: Mapping[str, Any]) -> list[str]:
    """The commands that show and keep the samples that were judged; none where they are not named."""
    samples = evidence.get("samples")
    if not isinstance(samples, Mapping):
        return []
    serial, begin, end = (
        samples.get("serial_number"),
        _moment(samples.get("from")),
        _moment(samples.get("to")),
    )
    if not serial or begin is None or end is None:
        return []
    if end <= begin:
        end = begin + timedelta(milliseconds=1)
    # whole milliseconds around it, so that no sample at an end is left out
    first = begin.replace(microsecond=begin.microsecond // 1000 * 1000)
    last = end.replace(microsecond=end.microsecond // 1000 * 1000) + timedelta(milliseconds=1)
    chosen = [str(serial)]
    channel = samples.get("channel")
    if channel not in (None, "", -1):
        chosen += ["--channel", str(channel)]
    chosen += ["--from", _iso(first), "--to", _iso(last)]
    name = f"{serial}-{first.astimezone(UTC):%Y%m%dT%H%M%S}.parquet"
    return [
        shlex.join(["iotctl", "plot", *chosen, "--spectrum"]),
        shlex.join(["iotctl", "export", *chosen, "-o", name]),
    ]


def lines(evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and value of everything else, in its order; what lies in each other by names with dots."""
    left_out = {"samples", "limit"} if "verdict" in evidence else {"samples"}  # a diagnosis has no limit
    return [
        line
        for key, value in evidence.items()
        if key not in left_out
        for line in _lines(str(key), value, _DEEP)
    ]


def _lines(name: str, value: Any, deep: int) -> list[tuple[str, str]]:
    if isinstance(value, Mapping) and value and deep:
        return [line for key, item in value.items() for line in _lines(f"{name}.{key}", item, deep - 1)]
    return [(name, show(value))]


def show(value: Any) -> str:
    """One value, a long list cut."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        frequency_first = sorted(value.items(), key=lambda item: not str(item[0]).endswith("_hz"))
        return ", ".join(f"{key} {show(item)}" for key, item in frequency_first) or "–"
    if isinstance(value, Sequence) and not isinstance(value, str):
        between = "; " if any(isinstance(item, Mapping) for item in value) else ", "
        shown = between.join(show(item) for item in value[:_VALUES])
        return f"{shown}{between}… ({len(value):,} values)" if len(value) > _VALUES else shown or "–"
    return str(value)


def _numbers(value: Any) -> list[float] | None:
    if not isinstance(value, list) or not all(isinstance(item, (int, float)) for item in value):
        return None
    numbers = [float(item) for item in value]
    return numbers if all(map(math.isfinite, numbers)) else None


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
