"""Errors of connections as people read them."""

import asyncio
import errno
import socket
import ssl

import pytest

from runtime.cause import cause
from runtime.mqtt import MqttError, Options, connect


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)"), "Connection refused"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (
            OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1), [Errno 111] Connect call …"),
            "Connection refused",
        ),
        (OSError(errno.EHOSTUNREACH, "Connect call failed"), "No route to host"),
        (TimeoutError(), "no answer in time"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "WRONG_VERSION_NUMBER"),
        (ValueError("two\nlines"), "two lines"),
        (AssertionError(), "AssertionError"),
    ],
)  # fmt: skip
def test_cause_is_a_few_words_without_numbers_or_addresses(error: BaseException, said: str) -> None:
    """One line."""
    assert said in cause(error)
    assert "Errno 1" not in cause(error)
    assert "Connect call" not in cause(error)


@pytest.mark.parametrize(
    ("host", "why"), [("127.0.0.1", "Connection refused"), ("nowhere.invalid", "[Nn]ame|[Tt]emporary")]
)
async def test_mqtt_broker_that_cannot_be_reached_is_named_with_host_and_port(host: str, why: str) -> None:
    """And why."""
    with pytest.raises(MqttError, match=f"^cannot reach the MQTT broker at {host}:1: .*({why})[^(\\[]*$"):
        async with asyncio.timeout(30):
            await connect(Options(host, 1, "a", "a", b""), lambda *_: None, lambda *_: None)
