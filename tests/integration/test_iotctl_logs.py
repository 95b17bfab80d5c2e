"""`iotctl logs` on real log lines: what is shown once, and what is shown as it comes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stack.local import Stack
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import connect, running, wait_for
from tests.integration.relay import Relay
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import Log, LogLevel

SENSORS = ("log-1", "log-2")


@pytest.fixture(autouse=True)
def sensors(stack: Stack) -> Iterator[None]:
    """Two sensors that are known and have said nothing."""
    with connect(stack, "owner") as database:
        for serial in SENSORS:
            database.execute("INSERT INTO sensor (serial_number, sensor_type) VALUES (%s, 'log')", [serial])
    yield
    with connect(stack, "owner") as database:  # another: a test restarts the database
        database.execute(
            "DELETE FROM sensor_log WHERE sensor_id IN (SELECT id FROM sensor WHERE serial_number = ANY (%s))",
            [list(SENSORS)],
        )
        database.execute("DELETE FROM sensor WHERE serial_number = ANY (%s)", [list(SENSORS)])


def insert(stack: Stack, serial: str, message: str, *, age_s: float = 0.0, level: int = 2) -> None:
    """A line as the ingester writes it, logged `age_s` ago by the sensor's clock."""
    with connect(stack, "owner") as database:
        database.execute(
            "INSERT INTO sensor_log (time, time_ns, sensor_id, level, logger, message, digest)"
            " SELECT nanoseconds_to_time(%(ns)s), %(ns)s, id, %(level)s, 'test', %(message)s,"
            " sha256(convert_to(%(message)s, 'UTF8')) FROM sensor WHERE serial_number = %(serial)s",
            {"ns": time.time_ns() - round(age_s * 1e9), "level": level, "message": message, "serial": serial},
        )


def messages(rows: list[dict[str, Any]]) -> list[str]:
    return [row["message"] for row in rows]


def test_logs_are_the_newest_lines_the_oldest_first(stack: Stack, iotctl: Iotctl) -> None:
    """-n, --level, --since, --contains and the filters narrow them."""
    for age, (serial, message, level) in enumerate(
        (("log-1", "a", 2), ("log-2", "b 100% Overflow", 4), ("log-1", "c", 3), ("log-1", "d", 1)), 1
    ):
        insert(stack, serial, message, age_s=age * 100, level=level)
    only = ("--match", "log-*")
    assert messages(iotctl.json("logs", *only)) == ["d", "c", "b 100% Overflow", "a"]
    assert messages(iotctl.json("logs", *only, "-n", "2")) == ["b 100% Overflow", "a"]
    assert messages(iotctl.json("logs", *only, "--level", "warning")) == ["c", "b 100% Overflow"]
    assert messages(iotctl.json("logs", *only, "--since", "250s")) == ["b 100% Overflow", "a"]
    assert messages(iotctl.json("logs", *only, "--contains", "100% over")) == ["b 100% Overflow"]
    assert messages(iotctl.json("logs", "log-2")) == ["b 100% Overflow"]
    assert messages(iotctl.json("logs", "--type", "log", "-n", "1")) == ["a"]
    [line] = iotctl.json("logs", "log-2")
    assert (line["level"], line["logger"], line["serial_number"]) == ("ERROR", "test", "log-2")


def test_logs_of_an_unknown_sensor_are_refused(iotctl: Iotctl) -> None:
    """Exit code 2, with what may have been meant."""
    assert "did you mean 'log-1'" in iotctl.refused(2, "logs", "log1")
    assert "did you mean 'log-1'?" in iotctl.refused(2, "logs", "LOG-1")
    assert "did you mean 'log'" in iotctl.refused(2, "logs", "--type", "logg")
    assert "no sensor is chosen" in iotctl.refused(2, "logs", "--match", "nothing-*")


def test_logs_write_control_characters_as_escapes(stack: Stack, iotctl: Iotctl) -> None:
    """A sensor's text cannot move the cursor or forge a line."""
    insert(stack, "log-1", "\x1b[2Jcleared\nforged")
    shown = iotctl("logs", "log-1")
    assert r"\x1b[2Jcleared\nforged" in shown
    assert "\x1b" not in shown


class Follow:
    """A running `iotctl logs -f`."""

    def __init__(self, iotctl: Iotctl, folder: Path, *arguments: str) -> None:
        self._out, self._err = folder / "out", folder / "err"
        environment = {**os.environ, **{name: value or "" for name, value in iotctl.environment.items()}}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ctl", "logs", "-f", *arguments, "--output", "json"],
                env=environment, stdout=out, stderr=err,
            )  # fmt: skip

    def messages(self) -> list[str]:
        return messages([json.loads(line) for line in self._out.read_text().splitlines()])

    def said(self) -> str:
        return self._err.read_text()

    def wait(self, condition: Callable[[list[str]], bool], what: str, timeout_s: float = 30) -> None:
        def holds() -> bool:
            assert self.process.poll() is None, self.said()
            return condition(self.messages())

        wait_for(holds, timeout_s, f"{what}; {self.said()}")


@contextmanager
def follow(iotctl: Iotctl, folder: Path, *arguments: str) -> Iterator[Follow]:
    following = Follow(iotctl, folder, *arguments)
    try:
        yield following
        following.process.send_signal(signal.SIGINT)
        assert following.process.wait(20) == 130
        assert "Traceback" not in following.said()
    finally:
        following.process.kill()
        following.process.wait()


def test_following_shows_each_line_once_also_those_that_come_late(
    stack: Stack, iotctl: Iotctl, tmp_path: Path
) -> None:
    """In the order of arrival: one that was logged an hour ago, one of a transaction that began before the others."""
    insert(stack, "log-1", "before")
    with follow(iotctl, tmp_path, "--match", "log-*") as following, connect(stack, "owner") as slow:
        following.wait(lambda shown: shown == ["before"], "what was there")
        with slow.transaction():
            slow.execute(
                "INSERT INTO sensor_log (time, time_ns, sensor_id, level, logger, message, digest)"
                " SELECT now(), 1, id, 2, 'test', 'slow', '' FROM sensor WHERE serial_number = 'log-2'"
            )
            insert(stack, "log-1", "quick")
            following.wait(lambda shown: "quick" in shown, "the quick one")
            insert(stack, "log-2", "an hour old", age_s=3600)
            following.wait(lambda shown: "an hour old" in shown, "the late one")
        following.wait(lambda shown: "slow" in shown, "the slow transaction's")
        insert(stack, "log-1", "last")
        following.wait(lambda shown: "last" in shown, "the last one")
        assert following.messages() == ["before", "quick", "an hour old", "slow", "last"]


def test_following_takes_the_filters_and_begins_with_n_lines(
    stack: Stack, iotctl: Iotctl, tmp_path: Path
) -> None:
    """-n 0 shows only what comes; levels below and other sensors are left out."""
    insert(stack, "log-1", "before", level=4)
    with follow(iotctl, tmp_path, "log-1", "-n", "0", "--level", "error") as following:
        # nothing says that it has begun: lines are written until one is shown
        def shown_at_last() -> bool:
            insert(stack, "log-1", "beat", level=5)
            return bool(following.messages())

        wait_for(shown_at_last, 30, "a first line", interval_s=0.5)
        insert(stack, "log-2", "of another", level=5)
        insert(stack, "log-1", "too low", level=3)
        insert(stack, "log-1", "wanted", level=4)
        following.wait(lambda shown: "wanted" in shown, "the wanted line")
        assert set(following.messages()) == {"beat", "wanted"}


def test_following_waits_for_a_database_that_restarts(stack: Stack, iotctl: Iotctl, tmp_path: Path) -> None:
    """It says so once, and misses nothing that was written right afterwards."""
    insert(stack, "log-1", "before")
    with follow(iotctl, tmp_path, "log-1") as following:
        following.wait(lambda shown: shown == ["before"], "what was there")
        stack.restart("postgres")
        insert(stack, "log-1", "afterwards")
        following.wait(lambda shown: "afterwards" in shown, "the line after the restart")
        assert following.messages() == ["before", "afterwards"]
        assert following.said().count("the database is away") == 1
        assert "the database is back" in following.said()


def test_lines_of_a_sensor_come_from_the_stream_to_who_follows(
    stack: Stack, iotctl: Iotctl, tmp_path: Path
) -> None:
    """Through the real ingester, with their level and time."""

    async def publish() -> None:
        async with Relay(stack) as relay:
            log = Log(
                time_ns=time.time_ns(), level=LogLevel.LOG_LEVEL_WARNING, logger="adc", message="overrange"
            )
            await relay.payloads("log-1", [log.SerializeToString()], Kind.KIND_LOG)

    with running(stack, tmp_path) as pipeline, follow(iotctl, tmp_path, "log-1") as following:
        pipeline.ingest("logs").wait_ready()
        asyncio.run(publish())
        following.wait(lambda shown: shown == ["overrange"], "the line")
