"""The life of a service, with real processes and real signals."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runtime.service import CLOSING_S

PROGRAM = """
import asyncio, sys
from runtime.config import Settings, load
from runtime.service import run_service

async def run(health, stop):
    print("running", flush=True)
    {body}

sys.exit(run_service("test", load(Settings), run))
"""


@contextmanager
def service(body: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=textwrap.indent(textwrap.dedent(body), "    ").strip())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until_running(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"


def test_sigterm_drains_and_exits_zero() -> None:
    """SIGTERM sets the stop event; run finishes what it began; exit code 0."""
    with service("await stop.wait(); print('drained')") as process:
        wait_until_running(process)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
    assert (out, process.returncode) == ("drained\n", 0)


@pytest.mark.parametrize(
    "hangs",
    [
        """
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                pass  # as some libraries do
        """,
        "await asyncio.to_thread(__import__('time').sleep, 60)",
        "await stop.wait(); __import__('time').sleep(60)",
    ],
    ids=["task", "thread", "loop"],
)
def test_whatever_hangs_the_process_ends_in_its_time(hangs: str) -> None:
    """A task that takes no cancellation, a thread, a blocked event loop: the drain and a moment, and no longer."""
    with service(hangs, STREAMING_DRAIN_TIMEOUT_S="0.2") as process:
        wait_until_running(process)
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=0.2 + CLOSING_S + 1)
    assert process.returncode == 1
    assert "stop_timed_out" in out + errors


def test_drain_over_time_is_aborted_with_one() -> None:
    """A drain that takes longer than drain_timeout_s is cut short, and the exit code says so."""
    with service("await asyncio.sleep(60)", STREAMING_DRAIN_TIMEOUT_S="0.2") as process:
        wait_until_running(process)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "drain_timed_out" in err


def test_second_signal_aborts_at_once() -> None:
    """A second signal does not wait for the drain."""
    body = "await stop.wait(); print('draining', flush=True); await asyncio.sleep(60)"
    with service(body, STREAMING_DRAIN_TIMEOUT_S="60") as process:
        wait_until_running(process)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert process.stdout.readline() == "draining\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 1


def test_error_in_run_exits_one_with_its_traceback_as_one_json_line() -> None:
    """An unexpected error ends the process, so that whatever supervises it starts it anew."""
    with service("raise RuntimeError('broken')") as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    [line] = [line for line in err.splitlines() if '"event": "failed"' in line]
    assert "RuntimeError: broken" in line


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        (
            "STREAMING_HEALTH_PORT",
            "99999",
            "STREAMING_HEALTH_PORT: Input should be less than or equal to 65535",
        ),
        ("STREAMING_LOG_LEVEL", "loud", "STREAMING_LOG_LEVEL: Input should be 'debug'"),
    ],
)
def test_wrong_setting_exits_two_naming_the_variable(variable: str, value: str, complaint: str) -> None:
    """A wrong setting is refused before any socket opens, by the name of its variable."""
    with service("await stop.wait()", **{variable: value}) as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert complaint in err
    assert "Traceback" not in err
