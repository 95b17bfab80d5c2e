"""Statements: what they cost over time, and which they are."""

from typing import Final

from grafana import links, panels, queries
from grafana.columns import Column
from grafana.panels import PanelBuilder

_EMPTY: Final = "No snapshots in this span: python -m timescale maintain --every 60 takes them"
_NO_STATEMENTS: Final = "No statements in this span"
_LEGEND: Final = ("mean", "max")
_CHOSEN: Final = (
    "Of the roles and statements that are chosen above, without COPY into hypertables, which is not counted. "
)


def graphs() -> list[PanelBuilder]:
    """Each over the roles and statements that are chosen."""
    return [
        _load(),
        _work(),
        _calls(),
        _rows(),
        _cache(),
        _bytes(),
        _wal(),
    ]


def _load() -> PanelBuilder:
    return panels.time_series(
        "Statements at work",
        _CHOSEN
        + "How many ran at once, on average: 1 is one connection that is always busy. As many as the machine has "
        "cores is a machine that is busy; the table below says with what.",
        queries.series("database/load"),
        unit="none",
        empty=_EMPTY,
        stacked=True,
        legend=_LEGEND,
    )


def _work() -> PanelBuilder:
    return panels.time_series(
        "Elapsed, CPU and I/O",
        _CHOSEN
        + "Seconds of each second. What elapsed and is neither CPU nor reading and writing is waiting: for locks, for "
        "commits, for the client. CPU needs pg_stat_kcache, I/O track_io_timing.",
        queries.series("database/work"),
        unit="none",
        empty=_EMPTY,
        columns=[
            Column("elapsed", "Elapsed", colour="blue"),
            Column("cpu", "CPU", colour="orange"),
            Column("io", "Reads and writes", colour="purple"),
        ],
        legend=_LEGEND,
    )


def _calls() -> PanelBuilder:
    return panels.time_series(
        "Calls",
        _CHOSEN + "A second. It follows what arrives; a rise without one is somebody who asks too often.",
        queries.series("database/calls"),
        unit="cps",
        empty=_EMPTY,
        stacked=True,
        legend=_LEGEND,
    )


def _rows() -> PanelBuilder:
    return panels.time_series(
        "Rows",
        _CHOSEN + "Read, written or changed, a second. A batch of one channel is one row.",
        queries.series("database/rows"),
        unit="rowsps",
        empty=_EMPTY,
        stacked=True,
        legend=_LEGEND,
    )


def _cache() -> PanelBuilder:
    return panels.time_series(
        "Cache hits",
        _CHOSEN
        + "Blocks that were in shared_buffers, of all that were wanted. Below 90 % for long, with reads from disk "
        "beside it: give the database more memory, or ask for shorter spans.",
        queries.series("database/cache"),
        unit="percentunit",
        empty=_NO_STATEMENTS,
        columns=[Column("hits", "Hits", colour="green")],
        width=8,
        legend=("mean", "min"),
        soft_min=None,
    ).axis_soft_max(1)


def _bytes() -> PanelBuilder:
    return panels.time_series(
        "Reads and writes",
        _CHOSEN
        + "A second. What is not in shared_buffers is read; of this the disk gives only what the kernel does not "
        "hold, and that is what counts. Temporary files: sorts and hashes beyond work_mem. Disk needs pg_stat_kcache.",
        queries.series("database/bytes"),
        unit="Bps",
        empty=_EMPTY,
        columns=[
            Column("read", "Not in shared_buffers", colour="blue"),
            Column("disk_read", "Read from disk", colour="red"),
            Column("disk_written", "Written to disk", colour="orange"),
            Column("temporary", "Temporary files", colour="purple"),
        ],
        width=8,
        legend=_LEGEND,
    )


def _wal() -> PanelBuilder:
    return panels.time_series(
        "Log of changes (WAL)",
        _CHOSEN + "Bytes a second that they made. It is what a replica and a backup have to take.",
        queries.series("database/wal"),
        unit="Bps",
        empty=_EMPTY,
        stacked=True,
        width=8,
        legend=_LEGEND,
    )


def table() -> PanelBuilder:
    """The fifty that took the longest."""
    chosen = links.to_dashboard("This statement alone", links.DATABASE, "var-statement=${__data.fields.key}")
    return panels.table(
        "Statements by time",
        "Of the roles that are chosen, in this span; a click shows one alone in the graphs. Constants are $1, $2 …; of commands "
        "that may hold a password only the first words are kept; COPY into hypertables is not counted. What takes long in all is worth a look first: a high "
        "mean wants an index or a shorter span, many calls want to be fewer.",
        queries.table("database/statements"),
        empty=_NO_STATEMENTS,
        columns=[
            Column("statement", "Statement", width=460, links=[chosen]),
            Column("role_name", "Role", width=150),
            Column("calls", "Calls", unit="short"),
            Column("elapsed_s", "Elapsed", unit="s"),
            Column("share", "Share", unit="percentunit", decimals=1),
            Column("mean_ms", "Mean", unit="ms"),
            Column("cpu_s", "CPU", unit="s"),
            Column("io_s", "I/O", unit="s"),
            Column("rows", "Rows", unit="short"),
            Column("hits", "Cache hits", unit="percentunit", decimals=1),
            Column("wal_bytes", "WAL", unit="bytes"),
            Column("disk_read", "Read from disk", unit="bytes"),
            Column("disk_written", "Written to disk", unit="bytes"),
            Column("key", hidden=True),
        ],
        height=14,
    )
