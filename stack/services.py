"""The services as processes on a local stack: for the demo and the benchmark."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from stack.errors import StackError
from stack.observe import Metrics, readiness, scrape
from stack.servers import REPOSITORY

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Service:
    """One process: its health port, its log; killed when whoever started it dies."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        port: int,
        log: Path,
        program: Sequence[str] = (sys.executable, "-m"),
    ) -> None:
        self.name = name
        self.log = log
        self.address = f"127.0.0.1:{port}"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("STREAMING_")}
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [*program, *arguments],
                cwd=REPOSITORY,
                env={
                    **inherited,
                    **environment,
                    "STREAMING_HEALTH_PORT": str(port),
                    "STREAMING_LOG_FORMAT": "json",
                },
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is its starter's to handle
                preexec_fn=_die_with_parent,  # no threads run when services are started
            )

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def state(self) -> str:
        """ "ready", what it waits for, or that it has ended."""
        return readiness(self.address) if self.running else f"ended with {self.process.returncode}"

    def metrics(self) -> Metrics:
        """One scrape; an empty one while it does not answer."""
        with contextlib.suppress(OSError):
            return scrape(self.address)
        return Metrics()

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """StackError with its last words where it ends or takes too long."""
        deadline = time.monotonic() + timeout_s
        while self.state() != "ready":
            if not self.running:
                raise StackError(f"{self.name} has ended: {self.last_words()} (whole log: {self.log})")
            if time.monotonic() > deadline:
                raise StackError(f"{self.name} is not ready: {self.state()} (log: {self.log})")
            time.sleep(0.05)

    def ask_to_stop(self) -> None:
        """SIGTERM: it drains."""
        if self.running:
            self.process.send_signal(signal.SIGTERM)

    def stop(self, timeout_s: float = 15.0) -> None:
        """Let it drain, and kill it when that takes too long."""
        self.ask_to_stop()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        """The last line of its log."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"
