"""The process behind `stack up`: owns the servers until it is told to stop.

`python -m stack.supervisor DATA [BASE_PORT]` says "ready" or an error on standard output, a line for each
step before that, and then closes it. SIGTERM stops the servers cleanly; kill -9 takes them with it.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from stack.errors import StackError
from stack.local import Say, Stack
from stack.servers import REPOSITORY

_READY = "ready"
_ERROR = "error: "


def spawn(data: Path, base_port: int | None, say: Say) -> None:
    """Start a supervisor in the background and wait until its servers are ready. StackError where they are not."""
    try:
        (data / "log").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(
            f"cannot keep data in {data}: {error.strerror}; name another folder with --data"
        ) from error
    arguments = [str(data), *([] if base_port is None else [str(base_port)])]
    with (data / "log" / "supervisor.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "stack.supervisor", *arguments],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            said = line.rstrip("\n")
            if said == _READY:
                return
            if said.startswith(_ERROR):
                process.wait()  # it has stopped its servers and ends: nothing is left behind
                raise StackError(said.removeprefix(_ERROR))
            say(said)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise
    finally:
        process.stdout.close()
    raise StackError(f"the supervisor has ended: see {data / 'log' / 'supervisor.log'}")


def stop(stack: Stack, timeout_s: float = 60.0) -> bool:
    """Stop the stack that a supervisor runs; False where none does. StackError where it does not stop."""
    pid = stack.supervisor()
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while Path(f"/proc/{pid}").exists() and stack.supervisor() == pid:
        if time.monotonic() > deadline:
            raise StackError(f"the supervisor (process {pid}) does not stop within {timeout_s:.0f} s")
        time.sleep(0.05)
    return True


def main() -> int:
    """Run until SIGTERM, or until a server ends by itself."""
    data = Path(sys.argv[1])
    base_port = int(sys.argv[2]) if len(sys.argv) > 2 else None
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    stack = Stack(data)

    def say(line: str) -> None:
        print(line, flush=True)
        if stopping.is_set():
            raise StackError("interrupted")

    try:
        stack.start(say, base_port)
    except StackError as error:
        print(f"{_ERROR}{error}", flush=True)
        return 1
    print(_READY, flush=True)
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())  # nobody reads any more
    while not stopping.wait(0.5):
        ended = [server.name for server in stack.servers.values() if not server.running]
        if ended:
            print(f"{', '.join(ended)} ended by itself: stopping the others", file=sys.stderr, flush=True)
            break
    stack.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
