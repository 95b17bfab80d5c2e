"""One free block of ports."""

import socket
from collections.abc import Iterator

import pytest

from stack import ports
from stack.errors import StackError


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on, the fourth of a block that is free otherwise."""
    with socket.socket() as one:
        port = ports.choose(None, None).base + 3
        one.bind(("127.0.0.1", port))
        one.listen()
        yield port


def test_choose_wanted_block_with_a_taken_port_names_it(taken: int) -> None:
    """Who asks for a block gets that one or an error."""
    with pytest.raises(StackError, match=f"port {taken} is taken"):
        ports.choose(taken - 3, None)


def test_choose_remembered_block_is_given_up_when_taken(taken: int) -> None:
    """A start does not fail because another program took a port meanwhile."""
    assert ports.choose(None, taken - 3).base != taken - 3


def test_choose_remembered_block_is_kept_while_free() -> None:
    """Addresses stay the same from start to start."""
    first = ports.choose(None, None)
    assert ports.choose(None, first.base) == first


@pytest.mark.parametrize("base", [80, 1023, 65_530])
def test_choose_impossible_block_is_refused(base: int) -> None:
    """Below 1024 needs root, and above the last port there is none."""
    with pytest.raises(StackError, match="--base-port"):
        ports.choose(base, None)


def test_block_has_room_for_all_servers_and_services() -> None:
    """No two share a port, and the block is not left."""
    block = ports.Ports.block(20_000)
    assert len(set(block)) == len(block)
    assert max(block) < 20_000 + ports.BLOCK
