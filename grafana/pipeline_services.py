"""Pipeline, the processes: what each costs, the page's viewers, the maintenance, the emulated fleet."""

from typing import Final

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

from grafana import panels, queries, thresholds
from grafana.columns import Column
from grafana.panels import PanelBuilder
from grafana.promql import SERVICES, increase, quantile, rate

_CHOSEN: Final = f'job=~"{SERVICES}", instance=~"${{instance:regex}}"'
_EACH: Final = "job, instance"
_NO_SERVICE: Final = "No service answers"
_NO_PAGE: Final = "The page's service does not run"
_NO_MAINTENANCE: Final = "No maintenance runs as a service"
_NO_EMULATOR: Final = "No emulated sensors run"


def services() -> list[PanelBuilder]:
    return [
        _table(),
        panels.time_series(
            "CPU",
            "Cores that each uses. One whole core is a process's limit (the alarms service has threads for windows, and may use "
            "more): start another replica before that.",
            queries.promql(rate("process_cpu_seconds_total", "instance", _CHOSEN), "{{instance}}"),
            unit="none",
            empty=_NO_SERVICE,
            thresholds=thresholds.rising(0.8, 1),
            decimals=2,
            width=8,
        ),
        panels.time_series(
            "Memory",
            "Resident. It rises with the load to what the bounds allow, and stays; a line that only rises is a leak.",
            queries.promql(f"sum by (instance) (process_resident_memory_bytes{{{_CHOSEN}}})", "{{instance}}"),
            unit="bytes",
            empty=_NO_SERVICE,
            width=8,
        ),
        panels.time_series(
            "File descriptors",
            "Of what the process may have open. An emulator has one for each sensor, the page one for each viewer.",
            queries.promql(
                f"sum by (instance) (process_open_fds{{{_CHOSEN}}}) / sum by (instance) (process_max_fds{{{_CHOSEN}}})",
                "{{instance}}",
            ),
            unit="percentunit",
            empty=_NO_SERVICE,
            thresholds=thresholds.rising(0.7, 0.9),
            width=8,
        ),
    ]


def _table() -> PanelBuilder:
    """A row for each process: several queries, joined by what they have in common."""
    asked = {
        "A": f"sum by ({_EACH}) (up{{{_CHOSEN}}})",
        "B": f"sum by ({_EACH}) (time() - process_start_time_seconds{{{_CHOSEN}}})",
        "C": f"sum by ({_EACH}) (changes(process_start_time_seconds{{{_CHOSEN}}}[$__range]))",
        "D": rate("process_cpu_seconds_total", _EACH, _CHOSEN),
        "E": f"sum by ({_EACH}) (process_resident_memory_bytes{{{_CHOSEN}}})",
        "F": f"sum by ({_EACH}) (process_open_fds{{{_CHOSEN}}})",
    }
    panel = panels.table(
        "Services",
        "Whether each answers, since when it runs, how often it was started anew within the span shown, and what it costs now. "
        "Restarts that nobody has made: its log says with what it ended.",
        *(queries.promql(expression, ref=ref, instant=True) for ref, expression in asked.items()),
        empty=_NO_SERVICE,
        columns=[
            Column("job", "Service"),
            Column("instance", "Instance"),
            Column(
                "Value #A",
                "Answers",
                coloured="text",
                mappings=thresholds.named({"0": thresholds.BAD, "1": thresholds.GOOD}),
            ),
            Column("Value #B", "Runs for", unit="dtdurations", decimals=0),
            Column("Value #C", "Restarts", decimals=0, coloured="text", thresholds=thresholds.rising(1, 5)),
            Column(
                "Value #D", "CPU, cores", decimals=2, coloured="text", thresholds=thresholds.rising(0.8, 1)
            ),
            Column("Value #E", "Memory", unit="bytes"),
            Column("Value #F", "Open files"),
        ],
        sort="Instance",
        descending=False,
    )
    return panel.transformations(
        [
            DataTransformerConfig(id_val="merge", options={}),
            DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True}}),
        ]
    )


def page() -> list[PanelBuilder]:
    return [
        panels.stat(
            "Viewers",
            "Pages with a live connection.",
            queries.promql("sum(web_live_viewers)", "viewers"),
            unit="none",
            thresholds=thresholds.none(),
            graph=True,
        ),
        panels.stat(
            "Viewers that get less",
            "They do not keep up, and see wider bins: their network is slow, or their browser in the background. Nobody else is held "
            "up by them.",
            queries.promql("sum(web_live_coarser_viewers)", "viewers"),
            unit="none",
            thresholds=thresholds.rising(1),
        ),
        panels.stat(
            "Waiting for the database",
            "Requests that have no connection to the database yet. More than a few for long: a query is slow; look at the dashboard "
            "Database.",
            queries.promql("sum(web_database_waiting)", "requests"),
            unit="none",
            thresholds=thresholds.rising(5, 50),
        ),
        panels.time_series(
            "Live: bytes to the viewers",
            "A second; and those that wait in the service for viewers' lines, of which each may have a fixed number.",
            queries.promql(rate("web_live_bytes_total"), "sent, a second", "A"),
            queries.promql("sum(web_live_waiting_bytes)", "waiting", "B"),
            unit="decbytes",
            empty=_NO_PAGE,
            height=6,
        ),
        panels.time_series(
            "Live: from a batch's arrival to its frames",
            "Within the page's service. Slow: too many sensors are followed at once; start a second one.",
            queries.promql(quantile(0.5, "web_live_hand_over_seconds"), "p50", "A"),
            queries.promql(quantile(0.99, "web_live_hand_over_seconds"), "p99", "B"),
            unit="s",
            empty="Nobody looks on",
            thresholds=thresholds.rising(0.2, 1),
            width=8,
        ),
        panels.time_series(
            "Requests, by how they were answered",
            "A second. 5xx: the service's log has them; 429: somebody asks too often; many 401: somebody guesses passwords.",
            queries.promql(rate("web_requests_total", "status"), "{{status}}"),
            unit="reqps",
            empty=_NO_PAGE,
            stacked=True,
            width=8,
        ),
        panels.time_series(
            "From a request to its answer, p99",
            "By route, until the answer begins. One route that is slow: its query of the database; all: the service, or the database, "
            "has too little of the machine.",
            queries.promql(quantile(0.99, "web_request_seconds", "route"), "{{route}}"),
            unit="s",
            empty=_NO_PAGE,
            thresholds=thresholds.rising(0.5, 2),
            width=8,
        ),
    ]


def maintenance() -> list[PanelBuilder]:
    return [
        panels.stat(
            "Since the last round",
            "Maintenance takes snapshots of what the database does, drops old chunks and ends sessions of the page that are over. Much longer "
            "than its interval (`--every`): its log says why. The disk fills without it.",
            queries.promql("time() - max(maintenance_last_success_timestamp_seconds)", "ago"),
            unit="s",
            empty=_NO_MAINTENANCE,
            thresholds=thresholds.rising(3_600, 86_400),
            width=6,
        ),
        panels.stat(
            "Rounds that failed",
            "Within the span shown; each is made again.",
            queries.promql(increase("maintenance_failures_total"), instant=True),
            unit="none",
            empty=_NO_MAINTENANCE,
            thresholds=thresholds.rising(1, 10),
            decimals=0,
            width=6,
        ),
        panels.stat(
            "Snapshots",
            "Taken here within the span shown, for the dashboard Database. On the community edition of TimescaleDB its own scheduler takes "
            "them, and there are none here.",
            queries.promql(increase("maintenance_snapshots_total"), instant=True),
            unit="none",
            empty=_NO_MAINTENANCE,
            thresholds=thresholds.none(),
            decimals=0,
            width=6,
        ),
        panels.stat(
            "Statements that wait for a later snapshot",
            "More have run since the last one than a snapshot takes. For long: programs make new statements all the time, with values in "
            "their text.",
            queries.promql("max(maintenance_statements_left_out)", "statements"),
            unit="none",
            empty=_NO_MAINTENANCE,
            thresholds=thresholds.rising(1, 1_000),
            width=6,
        ),
    ]


def emulated() -> list[PanelBuilder]:
    return [
        panels.stat(
            "Connected",
            "Of the emulated sensors. Fewer than all for long: the MQTT broker is away or refuses; the emulator's log says which.",
            queries.promql("sum(emulator_connected_sensors) / sum(emulator_sensors)", "connected"),
            unit="percentunit",
            thresholds=thresholds.falling(1, 0.9),
        ),
        panels.stat(
            "Behind",
            "How late the latest batch was made. More than a batch's length: this machine cannot make so many samples; take a "
            "smaller fleet.",
            queries.promql("max(emulator_behind_seconds)", "behind"),
            unit="s",
            thresholds=thresholds.rising(0.5, 2),
        ),
        panels.stat(
            "Forgotten",
            "Batches that full rings had to forget before anybody else held them: they are missing for good. An outage was longer "
            "than the rings.",
            queries.promql("sum(emulator_batches_dropped)", "batches"),
            unit="none",
            thresholds=thresholds.rising(1, 1),
        ),
        panels.time_series(
            "Batches that nobody else holds yet",
            "In the sensors' rings. It rises while the broker or the bridges are away, and falls when they are back.",
            queries.promql("sum by (instance) (emulator_batches_buffered)", "{{instance}}"),
            unit="short",
            empty=_NO_EMULATOR,
            height=6,
        ),
    ]
