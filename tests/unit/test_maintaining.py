"""Rounds of maintenance without a database: what bounds them."""

import asyncio
from typing import Any, NoReturn

import psycopg
import pytest
from prometheus_client import REGISTRY

from runtime.health import Health
from timescale import maintaining
from timescale.maintaining import Maintaining
from timescale.maintenance import Plan, Report, Snapshot


def failures() -> float:
    return REGISTRY.get_sample_value("maintenance_failures_total") or 0.0


class Connection:
    """Of no database."""

    closed = 0

    async def close(self) -> None:
        Connection.closed += 1


async def connect(_owner: object) -> Connection:
    return Connection()


async def until(condition: Any, stop: asyncio.Event, running: asyncio.Task[None]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)
        stop.set()
        await running


async def test_round_that_has_no_end_is_given_up_and_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection is closed; it counts as failed, and the service is not ready."""
    begun = 0

    async def hang(*_: object) -> NoReturn:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(maintaining, "connect", connect)
    monkeypatch.setattr(maintaining, "one_round", hang)
    monkeypatch.setattr(maintaining, "_ROUND_S", 0.02)
    health, stop, before, closed = Health(), asyncio.Event(), failures(), Connection.closed
    running = asyncio.create_task(Maintaining({}, Plan(every_s=0.01), health).run(stop))
    await until(lambda: begun >= 3, stop, running)
    assert failures() - before >= 2
    assert Connection.closed - closed >= 2
    assert health.missing() == ["database"]


async def test_error_closes_the_connection_and_success_makes_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """The third attempt is one; of a snapshot without statements the log says why, once."""
    attempts = 0

    async def third_time(*_: object) -> Report:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise psycopg.OperationalError("away")
        return Report("apache", Snapshot(True, None, None, "no right"), 1, ["a chunk"])

    said: list[str] = []
    monkeypatch.setattr(maintaining, "connect", connect)
    monkeypatch.setattr(maintaining, "one_round", third_time)
    monkeypatch.setattr(maintaining.log, "warning", lambda event, **_: said.append(event))
    health, stop, before = Health(), asyncio.Event(), failures()
    running = asyncio.create_task(Maintaining({}, Plan(every_s=0.01), health).run(stop))
    await until(lambda: attempts >= 5, stop, running)
    assert failures() - before == 2
    assert said == ["database_failed", "database_failed", "no_statements"]
    assert health.missing() == []
