"""The services as the tests run them: real processes against the session's real servers."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from prometheus_client.parser import text_string_to_metric_families

from runtime.mqtt import Options
from runtime.mqtt import connect as mqtt_connect
from stack.local import Stack

Database = psycopg.Connection[tuple[Any, ...]]


def wait_for(condition: Callable[[], object], timeout_s: float, what: str, interval_s: float = 0.05) -> None:
    """Return as soon as the condition holds; AssertionError naming `what` after the deadline."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:g} s: {what}")
        time.sleep(interval_s)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def connect(stack: Stack, role: str = "readonly") -> Database:
    """A database connection in autocommit mode; use it as a context manager."""
    return psycopg.connect(**stack.conninfo(role), autocommit=True)  # type: ignore[arg-type]  # keywords of one dict


class Service:
    """One of our processes, with its log and its health port."""

    def __init__(
        self,
        name: str,
        arguments: list[str],
        environment: Mapping[str, str],
        folder: Path,
        program: Sequence[str] = (sys.executable, "-m"),
    ) -> None:
        self.name = name
        self.port = free_port()
        self.log = folder / f"{name}-{self.port}.log"
        self._file = self.log.open("wb")
        self.process = subprocess.Popen(
            [*program, *arguments],
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("STREAMING_")},
                **environment,
                "STREAMING_HEALTH_PORT": str(self.port),
                "STREAMING_LOG_FORMAT": "json",
            },
            stdout=self._file,
            stderr=subprocess.STDOUT,
        )

    def ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(
                f"{self.name} ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}"
            )
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except OSError:
            return False

    def wait_ready(self, timeout_s: float = 30) -> "Service":
        try:
            wait_for(self.ready, timeout_s, f"{self.name} ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log.read_text()[-3000:]}") from error
        return self

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that carry these labels; 0 where there is none yet."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._file.close()

    def stop(self, timeout_s: float = 30) -> int:
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired as error:
                self.process.kill()
                self.process.wait()
                log = self.log.read_text()[-3000:]
                raise AssertionError(f"{self.name} does not stop within {timeout_s:g} s:\n{log}") from error
        self._file.close()
        return self.process.returncode


class Pipeline:
    """Starts services on a stack and stops all of them at the end."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.services: list[Service] = []
        self._bridges: set[str] = set()

    def start(self, name: str, arguments: list[str], role: str, **environment: str) -> Service:
        if arguments[0] == "bridge":
            self._bridges.add(role)
        service = Service(name, arguments, {**self.stack.environment(role), **environment}, self.folder)
        self.services.append(service)
        return service

    def bridge(self, replica: int = 0, **environment: str) -> Service:
        return self.start(f"bridge-{replica}", ["bridge"], f"bridge-{replica}", **environment)

    def ingest(self, kind: str = "measurements") -> Service:
        return self.start(f"ingest-{kind}", ["ingest", kind], "ingest")

    def spine(self) -> tuple[Service, Service]:
        """A bridge and an ingester of measurements, ready."""
        bridge, ingest = self.bridge(), self.ingest()
        return bridge.wait_ready(), ingest.wait_ready()

    def emulator(self, *arguments: str, report: Path, serials: list[str]) -> Service:
        """A fleet of these sensors, with credentials made for them."""
        credentials = self.folder / f"credentials-{free_port()}.json"
        credentials.write_text(json.dumps(self.stack.credentials(serials)))
        return self.start(
            "emulator",
            ["emulator", "--credentials", str(credentials), "--report", str(report), *arguments],
            "emulator",
        )

    def firmware(
        self,
        program: Path,
        *arguments: str,
        report: Path,
        serials: Sequence[str] = (),
        passwords: Mapping[str, str] | None = None,
    ) -> Service:
        """The same of the firmware's core, by that program; or with these passwords."""
        credentials = self.folder / f"credentials-{free_port()}.json"
        credentials.write_text(json.dumps(passwords or self.stack.credentials(serials)))
        service = Service(
            "firmware",
            ["--credentials", str(credentials), "--report", str(report), *arguments],
            self.stack.environment("emulator"),
            self.folder,
            [str(program)],
        )
        self.services.append(service)
        return service

    def connect(self, role: str = "readonly") -> Database:
        return connect(self.stack, role)

    def close(self) -> None:
        problems = []
        for service in reversed(self.services):
            try:
                service.stop()
            except AssertionError as error:
                problems.append(str(error))
        if self._bridges:
            with ThreadPoolExecutor(1) as thread:  # there may be an event loop in this one
                thread.submit(asyncio.run, self._end_sessions()).result()
        assert not problems, "\n".join(problems)

    async def _end_sessions(self) -> None:
        """The last bridge leaves its sessions at the broker, which would collect what later tests publish."""
        assert self.stack.ports is not None
        # in this order: a session of the streams alone would swallow what is for the registry
        for client_id, name in [
            (f"{name}{end}", name) for name in self._bridges for end in ("", "-registry")
        ]:
            password = self.stack.passwords[f"mqtt/{name}"].encode()
            options = Options(
                "127.0.0.1",
                self.stack.ports.mqtt,
                client_id,
                name,
                password,
                session_expiry_s=0,
                clean_start=True,
            )
            connection = await mqtt_connect(options, lambda *_: None, lambda *_: None)
            connection.disconnect()
            await connection.closed


@contextmanager
def running(stack: Stack, folder: Path) -> Iterator[Pipeline]:
    pipeline = Pipeline(stack, folder)
    try:
        yield pipeline
    finally:
        pipeline.close()
