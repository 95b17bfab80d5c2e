"""What keeps the database well in the long run: connections, vacuum, extensions, maintenance, jobs, what fills its disk."""

from collections.abc import Sequence

from psycopg.rows import DictRow

from ctl.checks.finding import Teller
from ctl.context import Database, query
from ctl.durations import show_duration

_STALE_S = 7_200.0
_OVERDUE_S = 3_600.0
_BOOTSTRAP = "python -m timescale bootstrap, as a superuser"
_MAINTAIN = (
    "run python -m timescale maintain --every 60 beside the other services; its log says what hinders it"
)
_UPDATE = {
    "timescaledb": "with the services stopped, as a superuser and first of all in a session: ALTER EXTENSION "
    "timescaledb UPDATE (docs/operating.md)",
    "pg_stat_statements": "as a superuser: ALTER EXTENSION pg_stat_statements UPDATE",
    # its own way from 2.2.3 to 2.3.0 fails; it keeps nothing in the database
    "pg_stat_kcache": "as a superuser: DROP EXTENSION pg_stat_kcache; CREATE EXTENSION pg_stat_kcache",
}


def judge(tell: Teller, database: Database, facts: DictRow) -> None:
    """Say all of it; facts: of doctor_database.sql."""

    def rows(name: str) -> list[DictRow]:
        return database.execute(query(name)).fetchall()

    judge_connections(tell, facts)
    judge_vacuum(tell, facts, rows("doctor_bloat"))
    judge_extensions(tell, rows("doctor_extensions"))
    [maintained] = rows("doctor_maintenance")
    judge_maintenance(tell, maintained)
    judge_jobs(tell, rows("doctor_jobs"))
    judge_log(tell, rows("doctor_slots"), rows("doctor_archiver"))
    judge_growth(tell, maintained)


def judge_connections(tell: Teller, facts: DictRow) -> None:
    """Beyond the maximum nobody can log in."""
    used, most = facts["connections"], facts["connections_maximum"]
    if used > 0.8 * most:
        tell.warning(
            "connections",
            f"{used} of {most} are in use",
            "find who holds them (pg_stat_activity), or raise max_connections",
        )
    else:
        tell.ok("connections", f"{used} of {most} are in use")


def judge_vacuum(tell: Teller, facts: DictRow, bloated: Sequence[DictRow]) -> None:
    """bloated: rows of doctor_bloat.sql."""
    if not facts["autovacuum"]:
        tell.problem("autovacuum", "it is off: tables grow, and statistics grow old", "set autovacuum = on")
    elif facts["transaction_age"] > 2 * facts["transaction_age_maximum"]:
        tell.problem(
            "autovacuum",
            f"it has not frozen old rows for {facts['transaction_age']:,} transactions",
            "VACUUM FREEZE, soon",
        )
    elif bloated:
        row = bloated[0]
        tell.warning(
            "autovacuum",
            f"{row['table_name']} holds {row['dead']:,} dead rows and {row['alive']:,} living ones",
            f"VACUUM {row['table_name']}",
        )
    else:
        tell.ok("autovacuum", "it keeps up")


def judge_extensions(tell: Teller, extensions: Sequence[DictRow]) -> None:
    """extensions: rows of doctor_extensions.sql. pg_stat_kcache is missed only where the server has it."""
    fine = []
    for row in extensions:
        name, installed, available = row["name"], row["installed"], row["available"]
        if installed is None and available is None and name == "pg_stat_kcache":
            continue
        if installed is None:
            lacks = "the server does not have it" if available is None else "it is not installed"
            tell.warning(
                "extensions", f"{name}: {lacks}, so it is not recorded what statements cost", _BOOTSTRAP
            )
        elif not row["loaded"]:
            tell.warning(
                "extensions",
                f"{name} is installed and not loaded",
                f"add {name} to shared_preload_libraries, and restart PostgreSQL",
            )
        elif available not in (None, installed):
            tell.warning(
                "extensions",
                f"{name} is {installed} in this database, and the server has {available}",
                _UPDATE[name],
            )
        else:
            fine.append(f"{name} {installed}")
    if fine:
        tell.ok("extensions", ", ".join(fine))


def judge_maintenance(tell: Teller, maintained: DictRow) -> None:
    """maintained: the row of doctor_maintenance.sql. Whoever maintains once a day is late after three."""
    age_s = maintained["age_s"]
    if age_s is None:
        tell.warning("maintenance", "nobody has looked after the database yet", _MAINTAIN)
    elif age_s > max(_STALE_S, 3 * (maintained["interval_s"] or 0)):
        tell.warning(
            "maintenance",
            f"nobody has looked after the database for {show_duration(age_s)}: old data is not dropped",
            _MAINTAIN,
        )
    elif not maintained["has_statements"]:
        tell.warning("maintenance", "its snapshots do not say what statements cost", _BOOTSTRAP)
    else:
        tell.ok("maintenance", f"the last snapshot is {show_duration(age_s)} old")


def judge_jobs(tell: Teller, jobs: Sequence[DictRow]) -> None:
    """jobs: rows of doctor_jobs.sql; the Apache edition has none."""
    fine = 0
    for row in jobs:
        name = f"{row['name']} of {row['table_name']}" if row["table_name"] else row["name"]
        if row["failed"]:
            tell.problem(
                "jobs",
                f"{name} has failed the last time: {row['error'] or 'the reason is not known'}",
                "PostgreSQL's log and timescaledb_information.job_errors have all of it",
            )
        elif not row["scheduled"]:
            tell.warning("jobs", f"{name} is paused", f"SELECT alter_job({row['job_id']}, scheduled => true)")
        elif (row["overdue_s"] or 0) > _OVERDUE_S:
            tell.problem(
                "jobs",
                f"{name} should have run {show_duration(row['overdue_s'])} ago: the scheduler does not",
                "was timescaledb_post_restore() forgotten after a restore? Else raise max_worker_processes and "
                "timescaledb.max_background_workers, and restart PostgreSQL",
            )
        else:
            fine += 1
    if fine and fine == len(jobs):
        tell.ok("jobs", f"all {fine} of the scheduler run")


def judge_log(tell: Teller, slots: Sequence[DictRow], archiver: Sequence[DictRow]) -> None:
    """What keeps the write-ahead log: rows of doctor_slots.sql and doctor_archiver.sql."""
    for row in slots:
        name = row["name"]
        if row["wal_status"] == "lost":
            tell.warning(
                "write-ahead log",
                f"what the replication slot {name} would need is gone",
                f"make its replica anew, or SELECT pg_drop_replication_slot('{name}')",
            )
            continue
        keeps = "" if row["bytes"] is None else f" {row['bytes'] / 1e9:,.1f} GB of"
        if row["active"]:
            tell.warning(
                "write-ahead log",
                f"the replication slot {name} keeps{keeps} the log: its replica does not keep up",
                "is its replica's disk or network too slow?",
            )
        else:
            tell.problem(
                "write-ahead log",
                f"the replication slot {name} keeps{keeps} the log and nobody reads it: the disk fills",
                f"bring its replica back, or SELECT pg_drop_replication_slot('{name}')",
            )
    for row in archiver:
        tell.problem(
            "write-ahead log",
            f"it could not be archived for {show_duration(row['since_s'])} ({row['segment']}): the disk fills, and "
            "backups end there",
            "is the archive there, and does it let PostgreSQL in? PostgreSQL's log has the reason",
        )
    if not slots and not archiver:
        tell.ok("write-ahead log", "nothing keeps it for long")


def judge_growth(tell: Teller, maintained: DictRow) -> None:
    """A server's free disk cannot be asked by SQL, and silence would look like health."""
    grown, grown_s = maintained["grown"], maintained["grown_s"]
    grows = ""
    if grown is not None and grown_s > _STALE_S:
        a_day = grown / grown_s * 86_400
        grows = f"it grows by {a_day / 1e9:,.2f} GB a day; " if a_day > 0 else "it does not grow; "
    tell.ok("disk", f"{grows}its free disk is not visible from here: watch it on the database's machine")
