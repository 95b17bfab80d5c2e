"""SIGTERM ends every service in its time, whatever state the servers are in."""

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stack.local import Stack
from tests.integration.pipeline import Pipeline, Service, running

DRAIN_TIMEOUT_S = 3.0
CLOSING_S = 2.0
SERVERS = ("mosquitto", "rabbitmq", "postgres")


@pytest.fixture
def pipeline(stack: Stack, tmp_path: Path) -> Iterator[Pipeline]:
    with running(stack, tmp_path) as one:
        yield one


def send(stack: Stack, name: str, number: signal.Signals) -> None:
    process = stack.servers[name].process
    assert process is not None
    process.send(number)


def restart(name: str) -> Callable[[Stack], None]:
    return lambda stack: stack.restart(name)


def freeze(name: str) -> Callable[[Stack], None]:
    return lambda stack: send(stack, name, signal.SIGSTOP)


def stop(name: str) -> Callable[[Stack], None]:
    return lambda stack: stack.servers[name].stop()


@pytest.fixture
def repaired(stack: Stack, pipeline: Pipeline) -> Iterator[None]:
    yield
    for name in SERVERS:
        if not stack.servers[name].running:
            stack.servers[name].start()
        send(stack, name, signal.SIGCONT)
    stack.wait_ready()


@pytest.mark.usefixtures("repaired")
@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("fault", [restart, freeze, stop])
def test_stop_after_a_server_failed_ends_in_time(
    stack: Stack, pipeline: Pipeline, fault: Callable[[str], Callable[[Stack], None]], name: str
) -> None:
    """At once where nothing is left to do, and never later than the time for draining and a moment for closing."""
    environment = {"STREAMING_DRAIN_TIMEOUT_S": str(DRAIN_TIMEOUT_S)}
    services = [
        pipeline.bridge(0, **environment),
        *(pipeline.start(f"ingest-{kind}", ["ingest", kind], "ingest", **environment)
          for kind in ("measurements", "logs", "registry")),
    ]  # fmt: skip
    for service in services:
        service.wait_ready()
    fault(name)(stack)
    time.sleep(1)  # they notice, or not

    def stopped(service: Service) -> float:
        began = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(60)
        return time.monotonic() - began

    with ThreadPoolExecutor(len(services)) as threads:
        times = list(threads.map(stopped, services))
    taken = {service.name: round(took, 2) for service, took in zip(services, times, strict=True)}
    print(fault.__name__, name, taken)
    assert max(times) < DRAIN_TIMEOUT_S + CLOSING_S, taken
