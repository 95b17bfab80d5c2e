"""How the doctor runs its checks, and what it makes of what they see."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from ctl.checks import rabbitmq, resources, sensors
from ctl.checks.finding import Finding, Say, Teller, counted, run_all
from ctl.errors import FORBIDDEN, CtlError
from ctl.settings import CtlSettings
from wire import names


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> CtlSettings:
    return CtlSettings()


def fine(_settings: CtlSettings, say: Say) -> None:
    say(Finding("fine", "reachable", "ok", "it is there"))


def test_run_all_goes_on_where_one_check_hangs_and_keeps_what_it_had_found(settings: CtlSettings) -> None:
    """The one that hangs is named, within its deadline."""
    release = threading.Event()

    def hangs(_settings: CtlSettings, say: Say) -> None:
        say(Finding("database", "version", "ok", "17"))
        release.wait(30)

    began = time.monotonic()
    found = list(run_all({"database": hangs, "fine": fine}, settings, 0.3))
    release.set()
    assert time.monotonic() - began < 5
    assert Finding("fine", "reachable", "ok", "it is there") in found
    assert Finding("database", "version", "ok", "17") in found
    [late] = [finding for finding in found if finding.state == "problem"]
    assert late.server == "database"
    assert "no answer within 0.3 s" in late.finding
    assert "PostgreSQL" in late.advice


def test_run_all_makes_a_problem_of_whatever_a_check_raises(settings: CtlSettings) -> None:
    """A known error is its sentence, an unknown one is named; neither stops the others."""

    def refused(_settings: CtlSettings, _say: Say) -> None:
        raise CtlError("wrong password", FORBIDDEN)

    def broken(_settings: CtlSettings, _say: Say) -> None:
        raise ZeroDivisionError("oops")

    found = {f.server: f for f in run_all({"a": refused, "b": broken, "fine": fine}, settings, 10)}
    assert found["a"].finding == "wrong password"
    assert "oops" in found["b"].finding
    assert found["fine"].state == "ok"


def test_run_all_tells_who_is_still_at_it(settings: CtlSettings) -> None:
    """For the line on the terminal."""
    told: list[list[str]] = []
    list(run_all({"fine": fine}, settings, 10, lambda left: told.append(list(left))))
    assert told == [["fine"], []]


def row(serial: str, state: str = "AWAKE", **other: Any) -> dict[str, Any]:
    return {
        "serial_number": serial, "state": state, "missing": 0, "buffered": 0, "buffered_s": 0.0, "silent": False, **other,
    }  # fmt: skip


def judged(rows: list[dict[str, Any]], clocks: list[dict[str, Any]] | None = None) -> dict[str, Finding]:
    found: list[Finding] = []
    sensors.judge(Teller("sensors", found.append), rows, clocks or [])
    return {finding.check: finding for finding in found}


def test_sensors_that_are_awake_and_silent_are_a_problem() -> None:
    """Named, a few of them."""
    found = judged([row(f"pump-{i}", silent=i < 7) for i in range(9)])
    assert found["silent"].state == "problem"
    assert found["silent"].finding.startswith("7 say")
    assert "pump-4 …" in found["silent"].finding
    assert found["missing"].state == "ok"


def test_losses_full_buffers_and_clocks_are_warnings_with_the_worst_first() -> None:
    """One sentence each."""
    found = judged(
        [
            row("a", missing=1),
            row("b", missing=500),
            row("c", buffered_s=90.0),
            row("d", "OFFLINE", buffered_s=900.0),
        ],
        [{"serial_number": "e", "ahead": timedelta(seconds=-3600)}],
    )
    assert found["missing"].state == "warning"
    assert "501 batches of 2 sensors" in found["missing"].finding
    assert "b, a" in found["missing"].finding
    assert found["buffers"].finding.startswith("1 hold")
    assert "1 h behind" in found["clocks"].finding


def test_a_fleet_that_is_well_has_no_warning() -> None:
    """Silence is health."""
    assert {finding.state for finding in judged([row("a"), row("b", "ASLEEP")]).values()} == {"ok"}


def metrics(memory: float, memory_limit: float, disk: float, disk_limit: float) -> dict[str, str]:
    text = (
        "# HELP rabbitmq_process_resident_memory_bytes Memory used in bytes\n"
        f"rabbitmq_process_resident_memory_bytes {memory}\n"
        f"rabbitmq_resident_memory_limit_bytes {memory_limit}\n"
        f'rabbitmq_disk_space_available_bytes{{node="a"}} {disk}\n'
        f"rabbitmq_disk_space_available_limit_bytes {disk_limit}\n"
    )
    found: list[Finding] = []
    resources._judge(Teller("rabbitmq", found.append), resources.parse(text))
    return {finding.check: finding.state for finding in found}


def test_memory_and_disk_are_judged_by_rabbitmqs_own_bounds() -> None:
    """At a bound it blocks whoever publishes: a problem; near it: a warning."""
    assert metrics(1e8, 1e9, 1e11, 1e9) == {"memory": "ok", "disk": "ok"}
    assert metrics(9e8, 1e9, 2e9, 1e9) == {"memory": "warning", "disk": "warning"}
    assert metrics(1.1e9, 1e9, 9e8, 1e9) == {"memory": "problem", "disk": "problem"}


def test_alarm_of_rabbitmqs_own_is_a_problem() -> None:
    """With what it is of; a version that has none of them says nothing."""

    def said(**values: float) -> list[Finding]:
        found: list[Finding] = []
        plenty = dict(zip(resources._WANTED, (1e11, 1e9, 1e8, 1e9), strict=True))
        resources._judge(Teller("rabbitmq", found.append), {**plenty, **values})
        return [finding for finding in found if finding.check == "alarms"]

    assert said() == []
    none = dict.fromkeys(resources._ALARMS, 0.0)
    assert [finding.state for finding in said(**none)] == ["ok"]
    [finding] = said(**{**none, "rabbitmq_alarms_file_descriptor_limit": 1.0})
    assert finding.state == "problem"
    assert "of file descriptors: it takes nothing" in finding.finding


def test_counted_knows_one_from_many() -> None:
    """1 batch, 2 batches."""
    assert (counted(1, "batch"), counted(2, "batch"), counted(2_000, "message")) == (
        "1 batch",
        "2 batches",
        "2,000 messages",
    )


def test_full_queue_is_a_warning_but_for_the_one_of_alarms() -> None:
    """Nobody has to read that one: it keeps what nobody has read."""
    found: list[Finding] = []
    depths: dict[str, tuple[int, int] | None] = {
        names.STATUS_QUEUE: (1_001, 1),
        names.ALARM_QUEUE: (50_000, 0),
        names.ACK_QUEUE: (0, 1),
    }
    rabbitmq._judge_queues(Teller("rabbitmq", found.append), depths)
    [warning] = [finding for finding in found if finding.state != "ok"]
    assert warning.state == "warning"
    assert names.STATUS_QUEUE in warning.finding
