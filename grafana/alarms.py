"""Alarms: what is wrong now, what was, who knows, and whether all of it is told."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana import alarm_service, charts, links, panels, queries, thresholds, variables
from grafana.building import Section, dashboard
from grafana.columns import Column
from grafana.panels import PanelBuilder


def build() -> Dashboard:
    return dashboard(
        "Alarms",
        links.ALARMS,
        "What is wrong now, what was, who knows of it, and whether it is judged and told.",
        [
            Section("Now", [_counts(), _acknowledgement(), _open()]),
            Section("Meanwhile", [_rate(), _noisy_rules(), _noisy_sensors(), _history()]),
            Section("Put aside", [_quiet(), alarm_service.rules()]),
            Section(
                "Judged and told",
                [
                    alarm_service.partitions(),
                    alarm_service.outbox(),
                    alarm_service.machines(),
                    alarm_service.no_verdict(),
                ],
            ),
        ],
        span="now-24h",
        variables=[
            variables.target(),
            variables.some_of("rule", "Rule", "By which alarms were raised", "variables/rule"),
        ],
    )


def _counts() -> PanelBuilder:
    return panels.stat(
        "Open alarms",
        "High (severity from 667), medium (from 334) and low ones, without those that are put aside: shelved by somebody for a "
        "time, or suppressed because the sensor or the rule is out of service.",
        queries.table("alarms/counts"),
        unit="none",
        columns=[
            Column("high", "High", thresholds=thresholds.steps((None, thresholds.GOOD), (1, thresholds.BAD))),
            Column("medium", "Medium", thresholds=thresholds.rising(1)),
            Column("low", "Low", thresholds=thresholds.steps((None, thresholds.GOOD), (1, "yellow"))),
            Column("unacknowledged", "Unacknowledged", thresholds=thresholds.rising(1, 10)),
            Column("shelved", "Shelved", colour="blue"),
            Column("suppressed", "Suppressed", colour="blue"),
        ],
        width=14,
    )


def _acknowledgement() -> PanelBuilder:
    return panels.stat(
        "Time to acknowledge",
        "Of alarms that became active in this span and were acknowledged: half of them, and nine of ten, within this time. "
        "The oldest that nobody has acknowledged waits for so long. If it grows, there are too many alarms, or nobody is "
        "told: look at the noisy rules and at the outbox.",
        queries.table("alarms/acknowledgement"),
        unit="s",
        columns=[
            Column("median_s", "Median", thresholds=thresholds.rising(600, 3600)),
            Column("ninetieth_s", "90 %", thresholds=thresholds.rising(1800, 14400)),
            Column("oldest_s", "Oldest waits", thresholds=thresholds.rising(1800, 14400)),
        ],
        width=10,
    )


def _open() -> PanelBuilder:
    return panels.table(
        "What is open",
        "The most severe first. A click on the sensor shows it, and the channel, at the alarm's time. With the number at the "
        "end: iotctl alarms show, ack, shelve.",
        queries.table("alarms/open"),
        empty="No alarm is open",
        columns=[
            Column("severity", "Severity", width=85, coloured="background", thresholds=thresholds.severity()),
            Column("level", "Level", width=90),
            Column("state", "State", width=200),
            Column(
                "serial_number", "Sensor", width=130,
                links=[links.to_sensor(span=links.OF_ROW, extra="&var-channel=${__data.fields.channel_number}")],
            ),
            Column("channel", "Channel", width=80),
            Column("target", "Machine", width=130),
            Column("message", "Message"),
            Column("rule", "Rule", width=150),
            Column("activated_at", "Since", width=170),
            Column("age_s", "For", unit="s", width=90),
            Column("occurrences", "Times", width=70),
            Column("quiet", "Put aside", width=100),
            Column("id", "Number", width=90),
            *(Column(name, hidden=True) for name in ("channel_number", "from_ms", "to_ms")),
        ],
        height=11,
    )  # fmt: skip


def _rate() -> PanelBuilder:
    panel = panels.time_series(
        "Alarms raised",
        "How many became active, by severity. An operator can take one in ten minutes (ISA-18.2: 150 a day are acceptable); "
        "more is a flood: shelve or mend the rule that makes them.",
        queries.series("alarms/rate"),
        unit="none",
        empty="No alarm became active in this span",
        columns=[
            Column("high", "High", colour=thresholds.BAD),
            Column("medium", "Medium", colour=thresholds.WATCH),
            Column("low", "Low", colour="yellow"),
        ],
        draw="bars",
        stacked=True,
        legend=("sum",),
        decimals=0,
        width=8,
    )
    return panel.max_data_points(100)


def _noisy_rules() -> PanelBuilder:
    return charts.bars(
        "Noisiest rules",
        "How often they raised an alarm in this span. One that stands out wants another limit, a deadband or a delay "
        "(iotctl alarms rules set).",
        queries.table("alarms/noisy_rules"),
        x="rule",
        unit="none",
        empty="No alarm became active in this span",
        columns=[Column("activations", "Alarms", colour=thresholds.WATCH)],
        width=8,
    )


def _noisy_sensors() -> PanelBuilder:
    return charts.bars(
        "Noisiest sensors",
        "How often an alarm of theirs became active in this span. One that stands out is ill, or badly mounted; put it out of "
        "service while it is repaired (iotctl alarms suppress).",
        queries.table("alarms/noisy_sensors"),
        x="serial_number",
        unit="none",
        empty="No alarm became active in this span",
        columns=[Column("activations", "Alarms", colour=thresholds.WATCH, links=[links.to_sensor()])],
        width=8,
    )


def _history() -> PanelBuilder:
    return panels.table(
        "What happened",
        "Every change of the alarms above, the newest first, 300 at most. Took: from the measurement to the database; "
        "seconds are windows and delays of the rule, minutes mean that judging is late (below).",
        queries.table("alarms/history"),
        empty="Nothing happened to any alarm in this span",
        columns=[
            Column("at", "When", width=170),
            Column("kind", "What", width=170),
            Column("severity", "Severity", width=85, coloured="background", thresholds=thresholds.severity()),
            Column("level", "Level", width=90),
            Column("serial_number", "Sensor", width=130, links=[links.to_sensor(span=links.OF_ROW)]),
            Column("rule", "Rule", width=150),
            Column("message", "Message"),
            Column("by", "By", width=130),
            Column("comment", "Comment", width=180),
            Column("took_s", "Took", unit="s", width=90),
            *(Column(name, hidden=True) for name in ("from_ms", "to_ms")),
        ],
    )


def _quiet() -> PanelBuilder:
    return panels.table(
        "Shelved and suppressed",
        "Of what nobody is told now, why not, and until when (empty: until it clears, or until somebody ends it). What stands "
        "here for weeks is forgotten.",
        queries.table("alarms/quiet"),
        empty="Nothing is put aside",
        columns=[
            Column("how", "How", width=100),
            Column("serial_number", "Sensor", width=130),
            Column("rule", "Rule", width=150),
            Column("reason", "Reason"),
            Column("until", "Until", width=170),
            Column("by", "By", width=130),
            Column("since", "Since", width=170),
        ],
        width=12,
    )
