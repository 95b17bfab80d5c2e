"""Database: what statements cost over time, how large the tables are, who is connected, what waits."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana import database_server, database_statements, links, panels, queries, thresholds, variables
from grafana.building import Section, dashboard
from grafana.columns import Column
from grafana.panels import PanelBuilder


def build() -> Dashboard:
    return dashboard(
        "Database",
        links.DATABASE,
        "What the database's statements cost, how large it is and how it grows, who is connected and what waits.",
        [
            Section("Is it well?", [_snapshot(), _size(), _health(), _written()]),
            Section("What do its statements cost?", database_statements.graphs()),
            Section("Which statements?", [database_statements.table()]),
            Section("What does all of it come to?", database_server.activity()),
            Section("Who is connected, and what waits?", database_server.connections()),
            Section("How large is it?", database_server.sizes()),
            Section("Is it looked after?", database_server.upkeep()),
            Section("How far are its writers?", [database_server.streams()]),
        ],
        span="now-6h",
        refresh="1m",
        variables=[
            variables.some_of("role", "Role", "Whose statements", "variables/role"),
            variables.some_of("statement", "Statement", "That ran in this span", "variables/statement"),
        ],
    )


def _snapshot() -> PanelBuilder:
    return panels.stat(
        "Snapshots",
        "Everything here but the writers' lag is of snapshots, one a minute. The newest is too old: python -m timescale maintain "
        "--every 60 does not run (on TimescaleDB's community edition: its job does not). No statements: the last line of "
        "its log says why. Left out are statements beyond the bound of a snapshot; they come with a later one.",
        queries.table("database/now"),
        unit="none",
        empty="none yet",
        columns=[
            Column("age_s", "Newest", unit="s", decimals=0, thresholds=thresholds.rising(150, 600)),
            Column("statements", "Statements"),
            Column("left_out", "Left out", thresholds=thresholds.rising(1)),
        ],
        width=7,
    )


def _size() -> PanelBuilder:
    return panels.stat(
        "Size",
        "On disk, with indexes, without the log of changes (WAL). Growth is the mean of the last week, or of what there is of "
        "it, from six hours on; it falls when chunks are dropped or compressed. How much is free the database does not "
        "know: watch its disk on its machine.",
        queries.table("database/size_now"),
        unit="bytes",
        empty="none yet",
        columns=[
            Column("bytes", "Database"),
            Column("bytes_per_day", "Growth a day"),
        ],
        width=5,
    )


def _health() -> PanelBuilder:
    return panels.stat(
        "Connections, locks, transactions",
        "As of the newest snapshot. A transaction that stays open for hours keeps dead rows from being removed: end it. Age "
        "is of the oldest row that no vacuum has frozen, in transactions; at 2 billion the database stops.",
        queries.table("database/health"),
        unit="none",
        empty="none yet",
        columns=[
            Column(
                "connections",
                "Of all connections",
                unit="percentunit",
                thresholds=thresholds.rising(0.8, 0.95),
            ),
            Column("waiting", "Wait for locks", thresholds=thresholds.rising(1, 10)),
            Column(
                "transaction_s",
                "Longest transaction",
                unit="s",
                decimals=0,
                thresholds=thresholds.rising(300, 3600),
            ),
            Column("transaction_age", "Age", unit="short", thresholds=thresholds.rising(3e8, 1e9)),
        ],
        width=7,
    )


def _written() -> PanelBuilder:
    return panels.stat(
        "Data lag",
        "How long ago the newest batch was written, and how long after its last sample, by the sensors' clocks (median of the "
        "last minute). If it rises, look at Pipeline: where do messages wait?",
        queries.table("database/written"),
        unit="s",
        empty="nothing yet",
        columns=[
            Column("written_s", "Newest batch", decimals=1, thresholds=thresholds.rising(60, 600)),
            Column("latency_s", "Sample to row", decimals=2, thresholds=thresholds.rising(10, 60)),
        ],
        width=5,
    )
