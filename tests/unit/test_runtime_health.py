"""/metrics, /healthz and /readyz over a real socket."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from runtime import health as health_server
from runtime.health import Health


@pytest.fixture
def health() -> Health:
    return Health(stale_after_s=60)


@pytest.fixture
def address(health: Health) -> Iterator[str]:
    port, close = health_server.serve(health, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{port}"
    close()


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_readyz_before_a_service_said_what_it_needs_is_starting(health: Health, address: str) -> None:
    """It is served from the first moment on; "ready" then would let traffic (and tests) in too early."""
    assert get(f"{address}/readyz") == (503, "waiting for: start\n")


def test_conditions_are_told_to_prometheus(health: Health, address: str) -> None:
    """By name, 0 from the moment at which they are needed: somebody has to hear of a server that is away."""
    health.require("weather")
    assert 'service_condition{condition="weather"} 0.0' in get(f"{address}/metrics")[1]
    health.set("weather", True)
    assert 'service_condition{condition="weather"} 1.0' in get(f"{address}/metrics")[1]


def test_readyz_condition_missing_names_it(health: Health, address: str) -> None:
    """Not ready says what is waited for, and becomes ready when it comes."""
    health.require("mqtt")
    health.require("rabbitmq")
    assert get(f"{address}/readyz") == (503, "waiting for: mqtt, rabbitmq\n")
    health.set("mqtt", True)
    health.set("rabbitmq", True)
    assert get(f"{address}/readyz") == (200, "ready\n")
    health.set("mqtt", False)
    assert get(f"{address}/readyz") == (503, "waiting for: mqtt\n")


def test_healthz_loop_blocked_fails(address: str, health: Health) -> None:
    """The server answers from its own thread, so a loop that does not turn is seen."""
    assert get(f"{address}/healthz") == (200, "ok\n")
    health._stale_after_s = -1
    assert get(f"{address}/healthz") == (503, "the event loop is blocked\n")


def test_metrics_served_in_prometheus_text(address: str) -> None:
    """/metrics is what Prometheus scrapes."""
    status, text = get(f"{address}/metrics")
    assert status == 200
    assert "# TYPE process_cpu_seconds_total counter" in text


def test_other_path_is_not_found(address: str) -> None:
    """Anything else says which paths there are."""
    assert get(f"{address}/nothing") == (404, "/metrics /healthz /readyz\n")


def test_serve_port_taken_raises_oserror(address: str) -> None:
    """A taken port is an error at start, not a silent absence of health; it names the port and its setting."""
    port = int(address.rsplit(":", 1)[1])
    with pytest.raises(
        OSError, match=rf"127.0.0.1:{port} \(.*STREAMING_HEALTH_PORT\): Address already in use"
    ):
        health_server.serve(Health(), "127.0.0.1", port)
