"""One stack of real servers for all integration tests of a session, with data of its own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.errors import StackError
from stack.local import Stack
from tests.integration.iotctl import Iotctl


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Mosquitto, RabbitMQ and TimescaleDB, ready, with schema, streams and queues.

    The test process owns them, so that tests may `restart` and `kill` single servers.
    SENSOR_STREAMING_KEEP=1 keeps the data for a look afterwards, and says where it is.
    """
    folder = Path(tempfile.mkdtemp(prefix="sensor-streaming-"))
    one = Stack(folder)
    try:
        one.start(print)
    except StackError as error:
        shutil.rmtree(folder)
        pytest.exit(f"no servers to test with: {error}", returncode=2)
    yield one
    one.stop()
    if os.environ.get("SENSOR_STREAMING_KEEP"):
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder)


@pytest.fixture
def iotctl(stack: Stack, tmp_path: Path) -> Iotctl:
    """The operator's tool, with the operator's passwords, and nothing of whoever runs the tests."""
    return Iotctl(stack, tmp_path)
