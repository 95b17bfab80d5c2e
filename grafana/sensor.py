"""Sensor: what one measures, what it says, what it was told, and what is wrong with it."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import CustomVariable
from grafana_foundation_sdk.models.dashboard import Dashboard, VariableOption

from grafana import annotations, links, panels, queries, sensor_graphs, thresholds, variables
from grafana.building import Section, dashboard
from grafana.columns import Column
from grafana.panels import PanelBuilder

_STATUSES: Final = {
    "APPLIED": thresholds.GOOD, "DUPLICATE": thresholds.GOOD, "QUEUED": "blue", "SENT": "blue",
    "REJECTED": thresholds.BAD, "EXPIRED": thresholds.WATCH, "UNREACHABLE": thresholds.BAD,
}  # fmt: skip


def build() -> Dashboard:
    return dashboard(
        "Sensor",
        links.SENSOR,
        "What one sensor measures, what it says, what it was told, and what is wrong with it.",
        [
            Section("Now", [_now()]),
            Section("Waveform", [sensor_graphs.waveform()]),
            Section("Spectrum", [sensor_graphs.spectrum(), sensor_graphs.alarm_spectrum()]),
            Section(
                "Features and zones",
                [
                    sensor_graphs.features(),
                    sensor_graphs.crest_factor(),
                    sensor_graphs.levels(),
                    sensor_graphs.velocity(),
                ],
            ),
            Section("Alarms", [_alarms()]),
            Section("Log, commands and sessions", [_log(), _commands(), _sessions()]),
        ],
        span="now-5m",
        refresh="10s",
        variables=[variables.serial(), variables.channel(), _length()],
        annotations=[
            annotations.marked("Alarms", "sensor/alarm_annotations", thresholds.BAD),
            annotations.marked("Commands", "sensor/command_annotations", "blue"),
        ],
    )


def _length() -> CustomVariable:
    values = ["1024", "2048", "4096", "8192"]
    variable = CustomVariable("length").label("Spectrum of").multi(False).include_all(False)
    variable.description(
        "How many samples a spectrum is of: more tell frequencies apart that are nearer to each other"
    )
    variable.values(",".join(values)).current(VariableOption(selected=True, text="4096", value="4096"))
    return variable.options([VariableOption(value == "4096", value, value) for value in values])


def _now() -> PanelBuilder:
    return panels.stat(
        "State",
        "What the sensor said last. Ago: since its last sample; it should be about the length of its batches. Missing: over "
        "all of its sessions. Battery and RSSI only where it measures them.",
        queries.table("sensor/now"),
        unit="none",
        fields="/.*/",
        columns=[
            Column("state", "State", mappings=thresholds.named(thresholds.STATES)),
            Column("target", "Machine"),
            Column("sample_frequency_hz", "Frequency", unit="hertz"),
            Column("age_s", "Ago", unit="s", decimals=1, thresholds=thresholds.rising(60, 600)),
            Column("missing", "Missing", thresholds=thresholds.rising(1, 1000)),
            Column("buffered_batches", "Buffered"),
            Column("battery_percent", "Battery", unit="percent", thresholds=thresholds.falling(20, 5)),
            Column("rssi_dbm", "RSSI", unit="dBm", thresholds=thresholds.falling(-75, -85)),
        ],
        width=24,
        height=4,
    )


def _alarms() -> PanelBuilder:
    return panels.table(
        "Alarms",
        "That were open in this span. A click on the time shows the two minutes around it. iotctl alarms show says what was "
        "judged, and prints the commands that plot and export the samples.",
        queries.table("sensor/alarms"),
        empty="No alarm of this sensor was open in this span",
        columns=[
            Column("activated_at", "Since", width=170, links=[links.to_sensor(span=links.OF_ROW)]),
            Column("severity", "Severity", width=85, coloured="background", thresholds=thresholds.severity()),
            Column("level", "Level", width=90),
            Column("state", "State", width=200),
            Column("message", "Message"),
            Column("rule", "Rule", width=150),
            Column("channel", "Channel", width=80),
            Column("occurrences", "Times", width=70),
            Column("cleared_at", "Cleared", width=170),
            Column("acknowledged_at", "Acknowledged", width=170),
            Column("acknowledged_by", "By", width=120),
            *(Column(name, hidden=True) for name in ("serial_number", "from_ms", "to_ms")),
        ],
    )


def _log() -> PanelBuilder:
    return panels.log_lines(
        "Log",
        "What the sensor logged, the newest first, 500 lines at most. Errors name what has failed; a line about a boot that "
        "nobody asked for is a crash or its power.",
        queries.table("sensor/logs"),
        empty="The sensor has logged nothing in this span",
    )


def _commands() -> PanelBuilder:
    return panels.table(
        "Commands",
        "What the sensor was told, and what came of it. UNREACHABLE: no bridge could pass it on. EXPIRED: it did not answer "
        "in time; is it awake? REJECTED: the reason is beside it.",
        queries.table("sensor/commands"),
        empty="Nobody has given this sensor a command in this span",
        columns=[
            Column("issued_at", "Given", width=170),
            Column("name", "Command", width=190),
            Column("parameters", "Parameters"),
            Column("status", "Status", width=120, coloured="text", mappings=thresholds.named(_STATUSES)),
            Column("reason", "Reason"),
            Column("took_s", "Took", unit="s", width=90),
            Column("issuer", "As", width=110),
            Column("client", "By", width=150),
            Column("expires_at", "Expires", width=170),
        ],
        width=14,
    )


def _sessions() -> PanelBuilder:
    return panels.table(
        "Sessions and losses",
        "One row for each run of its firmware, the newest first; many short ones mean that it restarts: look at its log and "
        "its power. Missing: batches that it counted and the database does not have (iotctl resend).",
        queries.table("sensor/sessions"),
        empty="The sensor has measured nothing yet",
        columns=[
            Column("first_time", "From", width=160),
            Column("last_time", "To", width=160),
            Column("session", "Session", width=110),
            Column("batch_count", "Batches", width=90),
            Column("missing", "Missing", width=85, coloured="text", thresholds=thresholds.rising(1, 1000)),
            Column("sample_count", "Samples", unit="short", width=90),
            Column("lasted_s", "Lasted", unit="s", width=90),
            Column("latency_s", "Latency", unit="s", width=90),
        ],
        width=10,
    )
