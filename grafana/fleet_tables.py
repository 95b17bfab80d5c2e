"""The tables and bars of Fleet: each row leads to its sensor."""

from grafana import charts, links, panels, queries, thresholds
from grafana.columns import Column
from grafana.panels import PanelBuilder


def open_alarms() -> PanelBuilder:
    return panels.table(
        "Most severe alarms",
        "The most severe first, without shelved and suppressed ones. A click on the sensor shows it at that time; "
        "iotctl alarms show says why, iotctl alarms ack says that somebody knows.",
        queries.table("fleet/open_alarms"),
        empty="No alarm is open",
        columns=[
            Column("severity", "Severity", width=80, coloured="background", thresholds=thresholds.severity()),
            Column("level", "Level", width=80),
            Column("state", "State", width=190),
            Column("serial_number", "Sensor", width=130, links=[links.to_sensor(span=links.OF_ROW)]),
            Column("message", "Message"),
            Column("rule", "Rule", width=140),
            Column("activated_at", "Since", width=160),
            *(Column(name, hidden=True) for name in ("from_ms", "to_ms")),
        ],
        width=12,
        height=14,
    )


def sensors() -> PanelBuilder:
    return panels.table(
        "Last seen",
        "Every sensor, those with alarms first, then those that were last heard longest ago. Latency is from a batch's last "
        "sample to its row: seconds are fine over a slow network, minutes mean that it catches up. Buffered: batches that "
        "the sensor still holds.",
        queries.table("fleet/sensors"),
        empty="No sensor has been heard of: provision one (iotctl provision), or choose others above",
        columns=[
            Column("serial_number", "Sensor", width=140, links=[links.to_sensor()]),
            Column("target", "Machine", width=140),
            Column("sensor_type", "Type", width=100),
            Column(
                "state", "State", width=90, coloured="text", mappings=thresholds.named(thresholds.STATES)
            ),
            Column("severity", "Alarm", width=75, coloured="background", thresholds=thresholds.severity_or_none()),
            Column("last_measured_at", "Last measured", width=170),
            Column(
                "age_s", "Ago", unit="s", width=90, coloured="text", thresholds=thresholds.rising(60, 600)
            ),
            Column("latency_s", "Latency", unit="s", width=90, thresholds=thresholds.rising(5, 60)),
            Column("sample_frequency_hz", "Frequency", unit="hertz", width=100),
            Column(
                "missing", "Missing", width=85, coloured="text", thresholds=thresholds.rising(1, 1000)
            ),
            Column("buffered_batches", "Buffered", width=90),
            Column(
                "battery_percent", "Battery", unit="percent", decimals=0, width=85, coloured="text",
                thresholds=thresholds.falling(20, 5),
            ),
            Column(
                "rssi_dbm", "RSSI", unit="dBm", width=85, coloured="text", thresholds=thresholds.falling(-75, -85)
            ),
            Column("firmware_version", "Firmware"),
        ],
        height=12,
    )  # fmt: skip


def losses() -> PanelBuilder:
    return charts.bars(
        "Most missing batches",
        "Of sessions that measured in this span. One sensor: its network, or its buffer is too small for its outages. All "
        "of them at once: the broker or the streams have lost something (Pipeline, RabbitMQ).",
        queries.table("fleet/losses"),
        x="serial_number",
        unit="none",
        empty="No batch is missing",
        columns=[Column("missing", "Missing", colour=thresholds.WATCH, links=[links.to_sensor()])],
        width=8,
    )


def power() -> PanelBuilder:
    return panels.table(
        "Weak batteries and signals",
        "The weakest first: change batteries below 20 %, and move antennas below -80 dBm, before the sensor falls silent. "
        "Only sensors that measure one of them.",
        queries.table("fleet/power"),
        empty="No sensor says how its battery or its signal is",
        columns=[
            Column("serial_number", "Sensor", links=[links.to_sensor()]),
            Column(
                "battery_percent", "Battery", unit="percent", decimals=0, coloured="text",
                thresholds=thresholds.falling(20, 5),
            ),
            Column("rssi_dbm", "RSSI", unit="dBm", coloured="text", thresholds=thresholds.falling(-75, -85)),
            Column("status_at", "Said at"),
        ],
        width=12,
    )  # fmt: skip


def versions() -> PanelBuilder:
    return panels.table(
        "Hardware and firmware",
        "How many sensors run what, and when such were born first and last. Old versions that stay after an update were not "
        "reached by it.",
        queries.table("fleet/versions"),
        empty="No sensor has been heard of",
        columns=[
            Column("hardware", "Hardware"),
            Column("firmware_version", "Firmware"),
            Column("sensors", "Sensors", width=90),
            Column("first_birth", "First birth"),
            Column("last_birth", "Last birth"),
        ],
        width=12,
    )
