"""Which process owns a data folder's servers: one at a time, and gone as soon as that process is."""

import fcntl
import json
import os
from pathlib import Path
from typing import IO, NamedTuple

from stack.errors import StackError


class State(NamedTuple):
    """What other processes need to know of a stack, running or not."""

    base_port: int
    root: str
    owner: tuple[int, int] | None  # process id, and when it started: ids come again

    @property
    def alive(self) -> bool:
        """Whether the owner still runs."""
        return self.owner is not None and _started(self.owner[0]) == self.owner[1]


class Ownership:
    """`take` it before starting servers, `record` where they are, `release` it when they have stopped."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._lock: IO[str] | None = None

    def state(self) -> State | None:
        """What was recorded last; None where nothing was."""
        try:
            base_port, root, owner = json.loads((self._data / "state.json").read_text())
        except (OSError, ValueError, TypeError):
            return None
        return State(base_port, root, tuple(owner) if owner else None)

    def take(self) -> None:
        """Become the owner. StackError where another process is."""
        lock = (self._data / "owner.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise StackError(f"a stack already runs on {self._data}: python -m stack down") from error
        self._lock = lock

    def record(self, base_port: int, root: Path) -> None:
        """Let other processes find the servers."""
        pid = os.getpid()
        self._write(State(base_port, str(root), (pid, _started(pid) or 0)))

    def release(self) -> None:
        """Own nothing any more; where the servers were is remembered."""
        if self._lock is None:
            return
        state = self.state()
        if state is not None:
            self._write(state._replace(owner=None))
        self._lock.close()
        self._lock = None

    def _write(self, state: State) -> None:
        partial = self._data / "state.partial"
        partial.write_text(json.dumps(state))
        partial.rename(self._data / "state.json")


def _started(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None where there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])
