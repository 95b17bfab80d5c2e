"""What all tests of `iotctl alarms` begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.local import Stack
from tests.integration.iotctl import Iotctl
from tests.integration.iotctl_alarms.service import Service, cleared, imported
from tests.integration.pipeline import Database


@pytest.fixture(autouse=True)
def owner(stack: Stack) -> Iterator[Database]:
    """Three sensors, no rules and no alarms."""
    with cleared(stack) as database:
        yield database


@pytest.fixture
def rules(iotctl: Iotctl, tmp_path: Path) -> Path:
    """Two rules, from this file."""
    return imported(iotctl, tmp_path)


@pytest.fixture
def service(stack: Stack, rules: Path) -> Service:
    """What the alarms service would write."""
    return Service(stack)
