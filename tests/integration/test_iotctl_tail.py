"""`iotctl tail` as a process of its own, reading the real stream."""

import asyncio
import csv
import itertools
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from ctl.live import Live
from ctl.settings import CtlSettings
from stack.local import Stack
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import connect, wait_for
from tests.integration.relay import Relay, batch
from wire.codec import Batch

SERIAL = "tail-1"


class Tail:
    """A running `iotctl tail`, with what it has said so far."""

    started: ClassVar[list["subprocess.Popen[bytes]"]] = []

    def __init__(self, iotctl: Iotctl, folder: Path, *arguments: str) -> None:
        self._out, self._err = folder / "out", folder / "err"
        environment = {**os.environ, **{k: v or "" for k, v in iotctl.environment.items()}}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ctl", "tail", *arguments], env=environment, stdout=out, stderr=err
            )
        self.started.append(self.process)

    @property
    def stdout(self) -> str:
        return self._out.read_text()

    @property
    def stderr(self) -> str:
        return self._err.read_text()

    def connected(self) -> "Tail":
        """The heading comes when RabbitMQ is found."""
        wait_for(lambda: self.stdout, 20, f"a heading; {self.stderr}")
        return self

    def end(self, timeout_s: float = 20) -> int:
        return self.process.wait(timeout_s)


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """What a test that failed leaves behind does not run on, beside the next."""
    yield
    for process in Tail.started:
        if process.poll() is None:
            process.kill()
            process.wait()
    Tail.started.clear()


@pytest.fixture(autouse=True)
def sensor(stack: Stack) -> Iterator[None]:
    """A sensor of two channels that is known, and sleeps."""
    with connect(stack, "owner") as database:
        [(sensor_id,)] = database.execute(
            "INSERT INTO sensor (serial_number, state) VALUES (%s, 'ASLEEP') RETURNING id", [SERIAL]
        ).fetchall()
        for channel, name in enumerate("xy"):
            database.execute(
                "INSERT INTO channel VALUES (%s, %s, %s, 'acceleration', 'g')", [sensor_id, channel, name]
            )
    yield
    with connect(stack, "owner") as database:
        database.execute("DELETE FROM channel WHERE sensor_id = %s", [sensor_id])
        database.execute("DELETE FROM sensor WHERE id = %s", [sensor_id])


def publish(stack: Stack, *batches: Batch, serial: str = SERIAL) -> None:
    async def relay() -> None:
        async with Relay(stack) as publisher:
            for one in batches:
                await publisher.batches(serial, [one])

    asyncio.run(relay())


def test_tail_shows_each_batch_and_channel_and_says_what_is_missing(
    stack: Stack, iotctl: Iotctl, tmp_path: Path
) -> None:
    """A line for each channel of each batch, a line for a gap, and the sum of it at the end; nothing of others."""
    tail = Tail(iotctl, tmp_path, SERIAL, "--count", "3").connected()
    publish(stack, batch(0, channels=2), serial="tail-2")
    publish(stack, *(batch(sequence, channels=2) for sequence in (4, 5, 8)))
    assert tail.end() == 0
    head, *lines = tail.stdout.splitlines()
    assert head.split()[:4] == ["TIME", "SEQUENCE", "SESSION", "CHANNEL"]
    assert [line.split()[1:4] for line in lines if line[0] != "-"] == [
        [str(sequence), "4711", channel] for sequence in (4, 5, 8) for channel in "xy"
    ]
    assert lines[4] == "-- 2 batches did not come by: sequences 6 to 7"
    assert "3 batches of 30 samples" in tail.stderr
    assert "2 missing" in tail.stderr


def test_tail_of_a_sensor_that_sleeps_says_so_and_waits(stack: Stack, iotctl: Iotctl, tmp_path: Path) -> None:
    """It is no error: what comes when it wakes is shown."""
    tail = Tail(iotctl, tmp_path, SERIAL, "--count", "1", "--channel", "y", "--output", "json")
    wait_for(lambda: "is ASLEEP" in tail.stderr, 20, "it says so")
    assert f"iotctl awake {SERIAL}" in tail.stderr
    sequence = 0
    while tail.process.poll() is None:  # nothing says when it is connected, so this is said until it is heard
        publish(stack, batch(sequence, channels=2))
        sequence += 1
        assert sequence < 100
    [row] = [json.loads(line) for line in tail.stdout.splitlines()]
    assert (row["channel_name"], row["sample_count"]) == ("y", 10)


def test_tail_values_as_csv_are_exact(stack: Stack, iotctl: Iotctl, tmp_path: Path) -> None:
    """Each sample with its nanosecond, and a value that is the same float32 again."""
    values = np.random.default_rng(3).normal(size=500).astype(np.float32)
    tail = Tail(
        iotctl, tmp_path, SERIAL, "--values", "--channel", "1", "--count", "1", "--output", "csv"
    ).connected()
    one = batch(0, values, channels=2, frequency_hz=3333.3)
    publish(stack, one)
    assert tail.end() == 0
    rows = list(csv.DictReader(tail.stdout.splitlines()))
    assert [int(row["time_ns"]) for row in rows] == [
        one.start_time_ns + round(i * 1e9 / 3333.3) for i in range(500)
    ]
    read = np.array([np.float32(row["value"]) for row in rows])
    assert (read == one.channels[1].samples()).all()


def test_tail_interrupted_by_ctrl_c_ends_cleanly_with_a_summary(
    stack: Stack, iotctl: Iotctl, tmp_path: Path
) -> None:
    """Exit code 0: that is how one ends it."""
    tail = Tail(iotctl, tmp_path, SERIAL).connected()
    publish(stack, batch(0))
    wait_for(lambda: len(tail.stdout.splitlines()) == 2, 10, "a line")
    tail.process.send_signal(signal.SIGINT)
    assert tail.end() == 0
    assert f"{SERIAL}: 1 batch of 10 samples" in tail.stderr
    assert "Traceback" not in tail.stderr


def test_tail_into_a_pipe_that_closes_ends_without_a_traceback(stack: Stack, iotctl: Iotctl) -> None:
    """`iotctl tail … | head -1` is no error."""
    environment = {**os.environ, **{k: v or "" for k, v in iotctl.environment.items()}}
    process = subprocess.Popen(
        [sys.executable, "-m", "ctl", "tail", SERIAL, "--values"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    publish(stack, batch(0))
    assert process.wait(20) == 0
    with process.stderr as err:
        assert b"Traceback" not in err.read()


def test_tail_when_nobody_reads_its_pipe_still_ends_at_ctrl_c(stack: Stack, iotctl: Iotctl) -> None:
    """A full pipe makes it wait, not hang."""
    environment = {**os.environ, **{k: v or "" for k, v in iotctl.environment.items()}}
    with subprocess.Popen(
        [sys.executable, "-m", "ctl", "tail", SERIAL, "--values"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        publish(stack, batch(0, np.zeros(20_000, np.float32)))
        wait_for(lambda: pending(process) > 50_000, 20, "the pipe is full")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def pending(process: "subprocess.Popen[bytes]") -> int:
    """Bytes in its standard output's pipe."""
    import array
    import fcntl
    import termios

    assert process.stdout is not None
    size = array.array("i", [0])
    fcntl.ioctl(process.stdout.fileno(), termios.FIONREAD, size)
    return size[0]


def test_tail_when_rabbitmq_restarts_says_so_and_goes_on(
    stack: Stack, iotctl: Iotctl, tmp_path: Path
) -> None:
    """A notice when it is lost, one when it is back, and what is measured then is shown."""
    tail = Tail(iotctl, tmp_path, SERIAL).connected()
    publish(stack, batch(0))
    wait_for(lambda: len(tail.stdout.splitlines()) == 2, 10, "a line")
    stack.restart("rabbitmq")
    wait_for(lambda: "RabbitMQ is back" in tail.stderr, 30, "it is back")
    assert "is lost" in tail.stderr
    # RabbitMQ may choose the partition's leader once more after a start; a sensor goes on measuring, too
    sequences = itertools.count(3)

    def heard() -> bool:
        publish(stack, batch(next(sequences)))
        return len(tail.stdout.splitlines()) > 3

    wait_for(heard, 30, "a gap and a line", 0.2)
    assert re.match(r"-- \d+ batches did not come by: sequences 1 to \d+", tail.stdout.splitlines()[2])
    tail.process.send_signal(signal.SIGINT)
    assert tail.end() == 0


def test_tail_without_rabbitmq_is_a_sentence(iotctl: Iotctl) -> None:
    """Exit code 3 where it is away, 4 where it does not let one in."""
    iotctl.environment["STREAMING_RABBITMQ_STREAM_PORT"] = "1"
    assert "cannot read RabbitMQ's streams at 127.0.0.1:1: Connection refused" in iotctl.refused(
        3, "tail", SERIAL
    )


def test_tail_with_a_wrong_password_is_a_sentence(iotctl: Iotctl) -> None:
    """Exit code 4, and no second attempt."""
    iotctl.environment["STREAMING_RABBITMQ_PASSWORD"] = "wrong"
    assert "does not let 'operator' read" in iotctl.refused(4, "tail", SERIAL)


def test_tail_of_an_unknown_sensor_or_channel_is_refused(iotctl: Iotctl) -> None:
    """With what may have been meant."""
    said = iotctl.refused(2, "tail", SERIAL.upper())
    assert "did you mean" in said
    assert f"'{SERIAL}'" in said
    assert "it has 0 (x), 1 (y)" in iotctl.refused(2, "tail", SERIAL, "--channel", "z")


async def test_live_whose_reader_is_slow_drops_the_oldest_and_counts(stack: Stack) -> None:
    """Bounded: the newest are kept, in order."""
    given = {
        name.removeprefix("STREAMING_").lower(): value
        for name, value in stack.environment("operator").items()
    }
    live = Live(CtlSettings.model_validate(given), capacity=3)
    live.follow(SERIAL)
    running = asyncio.create_task(live.run())
    try:
        async with asyncio.timeout(20), Relay(stack) as relay:
            while live.problem is not None:
                await asyncio.sleep(0.05)
            await relay.batches(SERIAL, [batch(sequence) for sequence in range(10)])
            while live.dropped < 7:
                await live.changed.wait()
                await asyncio.sleep(0.05)
            assert [received.batch.sequence for received in live.take()] == [7, 8, 9]
            # another sensor, most likely of another partition: what is its own comes, and nothing else
            live.follow("tail-7")
            while not (taken := live.take()):
                await relay.batches("tail-7", [batch(77)])
                await relay.batches(SERIAL, [batch(11)])
                await asyncio.sleep(0.1)
            assert {received.batch.sequence for received in taken} == {77}
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
