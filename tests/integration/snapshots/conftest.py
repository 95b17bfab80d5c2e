"""A database for each file, as what others do in it would be counted, too."""

from collections.abc import Iterator

import pytest

from stack.local import Stack
from tests.integration.own_database import OwnDatabase, own_database
from tests.integration.pipeline import Database
from tests.integration.snapshots.made import counted_anew


@pytest.fixture(scope="module")
def database(stack: Stack, request: pytest.FixtureRequest) -> Iterator[OwnDatabase]:
    """Called as the file is."""
    with own_database(stack, request.path.stem.replace("test_", "snapshots_")) as one:
        yield one


@pytest.fixture
def owner(database: OwnDatabase) -> Iterator[Database]:
    """With no snapshots yet, and no counters."""
    with counted_anew(database) as connection:
        yield connection


@pytest.fixture
def superuser(database: OwnDatabase) -> Iterator[Database]:
    """Who may see and reset everything."""
    with database.connect("superuser") as connection:
        yield connection
