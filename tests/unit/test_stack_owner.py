"""One owner of a data folder at a time, known to others while it lives."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stack.errors import StackError
from stack.owner import Ownership


def test_take_while_owned_is_refused(tmp_path: Path) -> None:
    """Two supervisors never start servers on the same data."""
    first = Ownership(tmp_path)
    first.take()
    with pytest.raises(StackError, match="already runs"):
        Ownership(tmp_path).take()
    first.release()
    second = Ownership(tmp_path)
    second.take()
    second.release()


def test_state_of_a_living_owner_is_alive(tmp_path: Path) -> None:
    """Others find its ports and its process; after release only the ports."""
    owner = Ownership(tmp_path)
    owner.take()
    owner.record(20_000, Path("/root-x"))
    state = Ownership(tmp_path).state()
    assert state is not None
    assert state.alive
    assert state.base_port == 20_000
    owner.release()
    released = Ownership(tmp_path).state()
    assert released is not None
    assert not released.alive
    assert released.base_port == 20_000


def test_state_of_a_killed_owner_is_not_alive(tmp_path: Path) -> None:
    """An owner that could say nothing any more is recognised; the folder can be taken at once."""
    code = (
        "import sys, pathlib; from stack.owner import Ownership; o = Ownership(pathlib.Path(sys.argv[1])); "
        "o.take(); o.record(20000, pathlib.Path('/x')); print('taken', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"taken\n"
        before = Ownership(tmp_path).state()
        assert before is not None
        assert before.alive
        process.kill()
    after = Ownership(tmp_path).state()
    assert after is not None
    assert not after.alive
    again = Ownership(tmp_path)
    again.take()
    again.release()


def test_state_with_a_process_id_that_came_again_is_not_alive(tmp_path: Path) -> None:
    """Another process of the same number is not the owner."""
    owner = Ownership(tmp_path)
    owner.take()
    owner.record(20_000, Path("/root-x"))
    base_port, root, (pid, started) = json.loads((tmp_path / "state.json").read_text())
    (tmp_path / "state.json").write_text(json.dumps([base_port, root, [pid, started + 1]]))
    state = Ownership(tmp_path).state()
    owner.release()
    assert state is not None
    assert not state.alive


@pytest.mark.parametrize("content", ["", "{", "[]", "[1]", "null"])
def test_state_damaged_file_is_none(tmp_path: Path, content: str) -> None:
    """A file cut short by a power cut costs a remembered port, not a start."""
    (tmp_path / "state.json").write_text(content)
    assert Ownership(tmp_path).state() is None
