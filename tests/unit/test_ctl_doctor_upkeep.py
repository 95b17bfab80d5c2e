"""What the doctor makes of what keeps the database well in the long run."""

from collections.abc import Callable
from typing import Any

import pytest

from ctl.checks import upkeep
from ctl.checks.finding import Finding, Teller


def said(judge: Callable[..., None], *rows: Any) -> list[Finding]:
    found: list[Finding] = []
    judge(Teller("database", found.append), *rows)
    return found


def extension(name: str, installed: str | None, available: str | None, loaded: bool = True) -> dict[str, Any]:
    return {"name": name, "installed": installed, "available": available, "loaded": loaded}


@pytest.mark.parametrize(
    ("given", "state", "part"),
    [
        (extension("pg_stat_statements", "1.11", "1.11"), "ok", "pg_stat_statements 1.11"),
        (extension("pg_stat_statements", None, None), "warning", "the server does not have it"),
        (extension("pg_stat_statements", None, "1.11"), "warning", "it is not installed"),
        (extension("pg_stat_statements", "1.11", "1.11", loaded=False), "warning", "not loaded"),
        (extension("timescaledb", "2.17.0", "2.19.3"), "warning", "the server has 2.19.3"),
        (extension("timescaledb", "2.17.0", None), "ok", "2.17.0"),
    ],
)
def test_extension_that_lacks_something_is_a_warning(given: dict[str, Any], state: str, part: str) -> None:
    """With what to do about it."""
    [finding] = said(upkeep.judge_extensions, [given])
    assert finding.state == state
    assert part in finding.finding


def test_pg_stat_kcache_is_missed_only_where_the_server_has_it() -> None:
    """The official images do not."""
    assert said(upkeep.judge_extensions, [extension("pg_stat_kcache", None, None)]) == []
    [finding] = said(upkeep.judge_extensions, [extension("pg_stat_kcache", None, "2.3.0")])
    assert "bootstrap" in finding.advice


def test_extensions_are_updated_in_ways_of_their_own() -> None:
    """First in a session, and with nobody else there; pg_stat_kcache's own way fails."""
    [finding] = said(upkeep.judge_extensions, [extension("timescaledb", "2.17.0", "2.19.3")])
    assert "services stopped" in finding.advice
    [finding] = said(upkeep.judge_extensions, [extension("pg_stat_kcache", "2.2.3", "2.3.0")])
    assert "DROP EXTENSION pg_stat_kcache; CREATE EXTENSION" in finding.advice


@pytest.mark.parametrize(
    ("age_s", "interval_s", "has_statements", "state"),
    [
        (None, None, None, "warning"),
        (30.0, 60.0, True, "ok"),
        (30.0, 60.0, False, "warning"),
        (7_000.0, 60.0, True, "ok"),
        (7_300.0, 60.0, True, "warning"),
        (7_300.0, 0.0, True, "warning"),  # the first snapshot was the last
        (90_000.0, 86_400.0, True, "ok"),
        (300_000.0, 86_400.0, True, "warning"),
    ],
)
def test_maintenance_is_late_after_two_hours_and_three_times_its_interval(
    age_s: float | None, interval_s: float | None, has_statements: bool | None, state: str
) -> None:
    """So that who does it once a day is not warned every day."""
    row = {"age_s": age_s, "interval_s": interval_s, "has_statements": has_statements}
    [finding] = said(upkeep.judge_maintenance, row)
    assert finding.state == state


def job(**more: Any) -> dict[str, Any]:
    return {
        "job_id": 1001, "name": "policy_compression", "table_name": "measurement_batch", "scheduled": True, "failed": False,
        "overdue_s": -60.0, "error": None, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "state", "part"),
    [
        (job(), "ok", "1 of the scheduler"),
        (job(failed=None, overdue_s=None), "ok", "1 of the scheduler"),  # it has never run yet
        (
            job(failed=True, error="out of disk"),
            "problem",
            "of measurement_batch has failed the last time: out of disk",
        ),
        (job(scheduled=False, overdue_s=None), "warning", "is paused"),
        (job(overdue_s=7_200.0), "problem", "should have run 2 h ago"),
    ],
)
def test_job_that_does_not_run_is_named(given: dict[str, Any], state: str, part: str) -> None:
    """With its table, and why."""
    [finding] = said(upkeep.judge_jobs, [given])
    assert finding.state == state
    assert part in finding.finding


def test_edition_without_jobs_is_well() -> None:
    """There is nothing to say of them."""
    assert said(upkeep.judge_jobs, []) == []


@pytest.mark.parametrize(
    ("slot", "state", "part"),
    [
        ({"active": False, "wal_status": "extended", "bytes": 5e9}, "problem", "keeps 5.0 GB of the log"),
        ({"active": True, "wal_status": "extended", "bytes": 5e9}, "warning", "does not keep up"),
        ({"active": False, "wal_status": "unreserved", "bytes": None}, "problem", "keeps the log"),
        ({"active": False, "wal_status": "lost", "bytes": None}, "warning", "is gone"),
    ],
)
def test_slot_that_keeps_the_log_is_named(slot: dict[str, Any], state: str, part: str) -> None:
    """Nobody reads it: a problem; somebody does, and too slowly: a warning."""
    [finding] = said(upkeep.judge_log, [{"name": "replica_1", **slot}], [])
    assert finding.state == state
    assert "replica_1" in finding.finding
    assert part in finding.finding


def test_growth_is_told_once_it_is_known() -> None:
    """From sizes that lie hours apart."""
    for grown, grown_s, beginning in (
        (None, None, "its free disk"),
        (5e9, 300.0, "its free disk"),
        (5e8, 43_200.0, "it grows by 1.00 GB a day"),
        (-5e8, 43_200.0, "it does not grow"),
    ):
        [finding] = said(upkeep.judge_growth, {"grown": grown, "grown_s": grown_s})
        assert finding.state == "ok"
        assert finding.finding.startswith(beginning)
        assert "not visible" in finding.finding
