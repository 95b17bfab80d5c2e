"""The page's connections to the database: few, and usable again after whatever happened to them."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator

import pytest

from runtime.health import Health
from stack.local import Stack
from web.config import WebSettings
from web.database import Connection, Database
from web.errors import AwayError


@pytest.fixture
async def database(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """Two connections."""
    for name, value in stack.environment("web").items():
        monkeypatch.setenv(name, value)
    one = Database(WebSettings(), Health(), 2)
    yield one
    await one.close()


async def slept(database: Database, seconds: float) -> None:
    async with database.connection() as connection:
        await connection.execute("SELECT pg_sleep(%s)", [seconds])


async def backend(connection: Connection) -> int:
    cursor = await connection.execute("SELECT pg_backend_pid() AS pid")
    row = await cursor.fetchone()
    assert row is not None
    return int(row["pid"])


async def test_connections_are_used_again(database: Database) -> None:
    """One after the other they are the same one."""
    pids = set()
    for _ in range(5):
        async with database.connection() as connection:
            pids.add(await backend(connection))
    assert len(pids) == 1


async def test_who_comes_while_all_are_busy_waits_and_then_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a while; whoever waited in time is answered."""
    monkeypatch.setattr("web.database._WAIT_S", 0.5)
    busy = [asyncio.create_task(slept(database, 1.0)) for _ in range(2)]
    await asyncio.sleep(0.2)
    with pytest.raises(AwayError, match="busy"):
        await slept(database, 0)
    waiting = asyncio.create_task(slept(database, 0))
    await asyncio.gather(*busy, waiting)


async def test_statement_that_takes_too_long_is_ended_and_its_connection_is_not(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a sentence that says what to do."""
    monkeypatch.setattr("web.database._STATEMENT_MS", 200)
    async with database.connection() as connection:
        before = await backend(connection)
    began = time.monotonic()
    with pytest.raises(AwayError, match="ask for less"):
        await slept(database, 10)
    assert time.monotonic() - began < 5
    async with database.connection() as connection:
        assert await backend(connection) == before


async def test_request_that_is_given_up_leaves_no_connection_in_the_middle(database: Database) -> None:
    """Its statement is cancelled, or its connection closed; the next one gets an answer of its own."""
    for _ in range(3):
        asking = asyncio.create_task(slept(database, 10))
        await asyncio.sleep(0.1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert await asyncio.wait_for(database.rows("fleet_summary"), 5)


async def test_connection_that_has_ended_meanwhile_is_noticed_by_nobody(database: Database) -> None:
    """A question that only reads is asked again on a new one; one that changes something is not done twice."""
    another = Database(WebSettings(), Health(), 1)
    for reads in (True, False):
        async with database.connection() as connection:
            pid = await backend(connection)
        async with another.connection() as connection:
            await connection.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        if reads:
            assert await database.rows("fleet_summary")
        else:
            with pytest.raises(AwayError, match="lost"):
                await database.write("fleet_summary")
            assert await database.write("fleet_summary")
    await another.close()


async def test_database_that_cannot_be_reached_is_tried_by_one_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are told at once, for a second."""
    monkeypatch.setenv("STREAMING_DATABASE_PORT", "1")
    away = Database(WebSettings(), Health(), 2)
    with pytest.raises(AwayError, match="cannot be reached"):
        await away.rows("fleet_summary")
    began = time.monotonic()
    for _ in range(1000):
        with pytest.raises(AwayError):
            await away.rows("fleet_summary")
    assert time.monotonic() - began < 0.9


async def test_server_that_vanishes_is_noticed_in_seconds(database: Database) -> None:
    """By the kernel, as nobody answers what it sends: without that a request would hang for a quarter of an hour."""
    async with database.connection() as connection:
        with socket.socket(fileno=os.dup(connection.fileno())) as own:
            assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
            assert own.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5
