"""What all tests of the outbox begin with."""

from collections.abc import Iterator

import pytest

from stack.local import Stack
from tests.integration.outbox.sending import emptied
from tests.integration.pipeline import Database


@pytest.fixture
def database(stack: Stack) -> Iterator[Database]:
    """With an empty outbox."""
    with emptied(stack) as one:
        yield one
