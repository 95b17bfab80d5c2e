"""The graphs of Sensor: waveform, spectra, features, and how it was judged."""

from typing import Final

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

from grafana import charts, panels, queries, thresholds
from grafana.columns import Column
from grafana.panels import PanelBuilder

_LEVELS: Final = {
    "clear": thresholds.GOOD,
    "zone C": thresholds.WATCH, "zone D": thresholds.BAD,
    "low_low": thresholds.BAD, "low": thresholds.WATCH, "high": thresholds.WATCH, "high_high": thresholds.BAD,
}  # fmt: skip
_OF_THE_CHANNEL: Final = "In the channel's unit (iotctl sensor says which)."


def waveform() -> PanelBuilder:
    panel = panels.time_series(
        "Waveform",
        f"As it was sampled where there is room: zoom in to a few seconds. Else the lowest and the highest of each pixel; "
        f"beyond 50,000 batches only of some of them. {_OF_THE_CHANNEL} A gap is time without samples: asleep, offline, or "
        f"lost (see its sessions).",
        queries.series("sensor/waveform"),
        unit="none",
        empty="No samples of this channel in this span",
        columns=[
            Column("low", colour="blue"),
            Column("high", colour="blue", custom=(("fillBelowTo", "low"), ("fillOpacity", 35))),
        ],
        soft_min=None,
        width=24,
        height=10,
    )
    return panel.max_data_points(1000)


def spectrum() -> PanelBuilder:
    return charts.curve(
        "Spectrum at the end of the span",
        f"Amplitudes of the newest samples before the span's end, as many as are chosen above: one Hann window, no average. "
        f"{_OF_THE_CHANNEL} Peaks at the shaft's speed and its multiples: imbalance, misalignment. What judges bearings is "
        f"the envelope's spectrum; see the alarm.",
        queries.table("sensor/spectrum"),
        x="frequency_hz",
        unit="none",
        empty="Fewer than 32 samples without a gap before the end of the span",
        columns=[
            Column("frequency_hz", "Frequency", unit="hertz"),
            Column("amplitude", "Amplitude", colour="blue"),
        ],
        height=9,
    )


def alarm_spectrum() -> PanelBuilder:
    return charts.curve(
        "Spectrum of the newest alarm",
        f"What was kept with the newest change of an alarm of this channel before the span's end: averaged, thinned to 256 "
        f"lines. {_OF_THE_CHANNEL} To compare: go to that alarm's time, and look at the spectrum beside it.",
        queries.table("sensor/alarm_spectrum"),
        x="frequency_hz",
        unit="none",
        empty="No alarm of this channel has kept a spectrum",
        columns=[
            Column("frequency_hz", "Frequency", unit="hertz"),
            Column("amplitude", "Amplitude", colour="red"),
        ],
        height=9,
    )


def features() -> PanelBuilder:
    return panels.time_series(
        "RMS, mean and extremes",
        f"Of the batches in each pixel. {_OF_THE_CHANNEL} RMS that rises over weeks is wear; a mean that moves is the "
        f"sensor's mounting or its temperature; extremes without RMS are shocks.",
        queries.series("sensor/features"),
        unit="none",
        empty="No batch of this channel in this span",
        columns=[
            Column("rms", "RMS", colour="orange", custom=(("lineWidth", 2),)),
            Column("mean", "Mean", colour="green"),
            Column("minimum", "Minimum", colour="blue"),
            Column("maximum", "Maximum", colour="blue"),
        ],
        soft_min=None,
        legend=("lastNotNull", "min", "max"),
    )


def crest_factor() -> PanelBuilder:
    return panels.time_series(
        "Crest factor",
        "The highest deflection over the RMS, both without the mean: 1.4 is a sine, 3 to 4 noise. Above 5 there are shocks: a "
        "bearing that begins to fail has them before its RMS rises. The longer the span, the more batches share a pixel, "
        "and the higher it reads.",
        queries.series("sensor/crest"),
        unit="none",
        empty="No batch of this channel in this span",
        thresholds=thresholds.steps((None, "transparent"), (5, thresholds.WATCH)),
        columns=[Column("crest_factor", "Crest factor", colour="purple")],
        decimals=1,
    )


def levels() -> PanelBuilder:
    panel = charts.states(
        "Levels and zones",
        "Where each rule that had an alarm stood: the level that was active, or the zone of ISO 20816 (C: not for long, D: "
        "stop and repair). No bar: the rule had found nothing.",
        queries.table("sensor/levels"),
        empty="No rule has found anything in this span",
        mappings=thresholds.named(_LEVELS),
        width=12,
        height=8,
    )
    by_rule = {"fields": ["rule"], "keepFields": False, "naming": {"asLabels": True}}
    return panel.with_transformation(DataTransformerConfig("partitionByValues", options=by_rule))


def velocity() -> PanelBuilder:
    return panels.time_series(
        "Velocity and its limits",
        "Velocity RMS, 10 to 1000 Hz, and the limit that it was compared with, each time that a zone or a level changed. "
        "Between two points the level is the same; what it is stands beside.",
        queries.series("sensor/velocity"),
        unit="suffix: mm/s",
        empty="No rule about zones or velocity has found anything in this span",
        decimals=2,
        draw="points",
    )
