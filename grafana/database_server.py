"""The server: connections and what waits, sizes, upkeep, and how far the writers are."""

from typing import Final

from grafana import panels, queries, thresholds
from grafana.columns import Column
from grafana.panels import PanelBuilder

_EMPTY: Final = "No snapshots in this span: python -m timescale maintain --every 60 takes them"
_LEGEND: Final = ("lastNotNull", "max")


def activity() -> list[PanelBuilder]:
    """Whatever the variables say."""
    return [
        panels.time_series(
            "Transactions",
            "Of the whole database, a second. Rolled back: something failed and is tried again, look at the services' logs. "
            "Deadlocks: there should be none; PostgreSQL's log names both statements.",
            queries.series("database/transactions"),
            unit="ops",
            empty=_EMPTY,
            columns=[
                Column("commits", "Committed", colour="green"),
                Column("rollbacks", "Rolled back", colour="orange"),
                Column("deadlocks", "Deadlocks", colour="red"),
            ],
            legend=("mean", "max"),
            width=8,
        ),
        panels.time_series(
            "Rows written",
            "A second, by whatever statement, COPY into hypertables included: a batch of one channel is a row. Deleted without "
            "an end: snapshots, and what services keep for themselves.",
            queries.series("database/written_rows"),
            unit="rowsps",
            empty=_EMPTY,
            columns=[
                Column("inserted", "Inserted", colour="green"),
                Column("updated", "Changed", colour="orange"),
                Column("deleted", "Deleted", colour="red"),
            ],
            legend=("mean", "max"),
            width=8,
        ),
        panels.time_series(
            "Log of changes (WAL) of the server",
            "Bytes a second, of all databases and with what keeps the log itself going (images of whole pages after each "
            "checkpoint).",
            queries.series("database/log"),
            unit="Bps",
            empty=_EMPTY,
            columns=[Column("wal", "WAL", colour="blue")],
            legend=("mean", "max"),
            width=8,
        ),
    ]


def connections() -> list[PanelBuilder]:
    return [
        panels.time_series(
            "Connections",
            "Clients of the whole server by state, the most of each interval. Near the maximum nobody else gets in: find "
            "who holds them in the table, or raise max_connections. Idle in transaction for long: its client hangs.",
            queries.series("database/connections"),
            unit="none",
            empty=_EMPTY,
            columns=[
                Column("maximum", colour="red", custom=(("lineStyle", {"fill": "dash", "dash": [8, 8]}),)),
                Column("active", colour="orange"),
                Column("idle", colour="green"),
                Column("idle in transaction", colour="purple"),
            ],
            legend=_LEGEND,
            width=10,
        ),
        panels.table(
            "Connections by role",
            "In the newest snapshot. Each service has a role of its own.",
            queries.table("database/roles"),
            empty="No snapshots yet",
            columns=[
                Column("role_name", "Role"),
                Column("connections", "All", width=60),
                Column("active", "Active", width=70),
                Column("idle", "Idle", width=60),
                Column("in_transaction", "In transaction", width=120),
            ],
            width=6,
            height=8,
        ),
        panels.time_series(
            "Locks and long transactions",
            "How many wait for a lock, and how long the oldest transaction was open, at each snapshot. Both high: somebody "
            "holds what others need; pg_blocking_pids() of those that wait names whom, pg_terminate_backend() ends it.",
            queries.series("database/waiting"),
            unit="none",
            empty=_EMPTY,
            columns=[
                Column("waiting", "Wait for a lock", colour="red"),
                Column(
                    "transaction_s",
                    "Longest transaction",
                    unit="s",
                    colour="blue",
                    custom=(("axisPlacement", "right"),),
                ),
            ],
            legend=_LEGEND,
            width=8,
        ),
    ]


def sizes() -> list[PanelBuilder]:
    return [
        panels.table(
            "Tables",
            "Hypertables with all of their chunks. Growth is the mean of the last week, or of what there is of it, from six "
            "hours on. Not compressed: this is the Apache edition, or no chunk is old enough. Too large: python -m "
            "timescale maintain --keep DAYS drops chunks. Rows are estimates, of what is not compressed; many dead ones, and "
            "a vacuum long ago: autovacuum does not keep up.",
            queries.table("database/tables"),
            empty="No snapshots yet",
            columns=[
                Column("table_name", "Table", width=190),
                Column("total_bytes", "Size", unit="bytes"),
                Column("bytes_per_day", "Growth a day", unit="bytes"),
                Column("chunks", "Chunks"),
                Column("compression", "Compression", width=170),
                Column("live_rows", "Rows", unit="short"),
                Column("dead_rows", "Dead rows", unit="short"),
                Column(
                    "dead_share",
                    "Dead",
                    unit="percentunit",
                    decimals=0,
                    coloured="text",
                    thresholds=thresholds.rising(0.3, 0.6),
                ),
                Column("vacuums", "Vacuums, 7 d"),
                Column("vacuum_s", "Vacuumed, ago", unit="s", decimals=0),
                Column("analyze_s", "Analyzed, ago", unit="s", decimals=0),
            ],
            width=15,
            height=12,
        ),
        panels.time_series(
            "Size over time",
            "The six largest tables, and the others together; measured every five minutes.",
            queries.series("database/size"),
            unit="bytes",
            empty=_EMPTY,
            stacked=True,
            legend=("lastNotNull", "diff"),
            width=9,
            height=12,
        ),
    ]


def upkeep() -> list[PanelBuilder]:
    return [
        panels.time_series(
            "Dead rows and autovacuum",
            "Rows that were changed or deleted and still take room, in all tables, and the workers that clean them up. They "
            "rise for hours: a transaction stays open, or autovacuum_max_workers are too few.",
            queries.series("database/autovacuum"),
            unit="short",
            empty=_EMPTY,
            columns=[
                Column("dead_rows", "Dead rows", colour="orange"),
                Column("workers", "Autovacuum workers", colour="blue", custom=(("axisPlacement", "right"),)),
            ],
            legend=_LEGEND,
        ),
        panels.time_series(
            "Checkpoints",
            "Begun in each interval. Timed ones are as they should be; those that were requested, again and again, say that "
            "max_wal_size is too small for what is written.",
            queries.series("database/checkpoints"),
            unit="none",
            empty=_EMPTY,
            draw="bars",
            stacked=True,
            columns=[
                Column("timed", "Timed", colour="green"),
                Column("requested", "Requested", colour="orange"),
            ],
        ),
    ]


def streams() -> PanelBuilder:
    return panels.table(
        "Positions in the streams",
        "Where each reader goes on after a restart, and when it moved last: now, while messages come. One that stays behind the "
        "others has no reader, or a reader that fails (Pipeline). A stream without messages stands still, too.",
        queries.table("database/streams"),
        empty="Nothing was read yet",
        columns=[
            Column("stream", "Stream"),
            Column("reader", "Reader"),
            Column("next_offset", "Next offset"),
            Column("age_s", "Moved, ago", unit="s", decimals=1),
        ],
        height=8,
    )
