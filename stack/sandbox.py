"""A server's process: Debian's binaries under bubblewrap, dying with whoever started it."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from stack.errors import StackError

# What dies with its parent dies with the thread that started it: so all are started by one that lives as long as
# this process, whoever asks.
_STARTER = ThreadPoolExecutor(1, "starter")
_COMPOSE = Path(__file__).resolve().parent.parent / "compose.yaml"
_PATH = "/usr/lib/postgresql/17/bin:/usr/lib/rabbitmq/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The root (read only), /data (the server's own), /etc/streaming (its configuration from the repository)."""

    root: Path
    data: Path
    configuration: Path

    def command(
        self, arguments: Sequence[str], environment: Mapping[str, str], info_fd: int | None = None
    ) -> list[str]:
        """What to execute on the host. bubblewrap is the root's own, run through the root's loader."""
        [loader] = self.root.glob("usr/lib/*-linux-gnu/ld-linux-*")
        variables = {"PATH": _PATH, "HOME": "/data", "LANG": "C.UTF-8", **environment}
        return [
            *(str(loader), "--library-path", str(loader.parent), str(self.root / "usr/bin/bwrap")),
            *"--unshare-user --uid 999 --gid 999 --unshare-ipc --unshare-pid --as-pid-1".split(),
            *("--die-with-parent", "--ro-bind", str(self.root), "/", "--dev", "/dev", "--proc", "/proc"),
            *("--tmpfs", "/tmp", "--tmpfs", "/run", "--bind", str(self.data), "/data"),  # noqa: S108  # inside
            *("--ro-bind", str(self.configuration), "/etc/streaming", "--chdir", "/data", "--clearenv"),
            *(word for name, value in variables.items() for word in ("--setenv", name, value)),
            *(() if info_fd is None else ("--info-fd", str(info_fd))),
            *arguments,
        ]

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run to its end. StackError with what it said where it fails."""
        result = subprocess.run(
            self.command(arguments, environment), capture_output=True, text=True, check=False
        )
        if result.returncode:
            raise StackError(explain(" ".join(arguments[:1]), result.stderr + result.stdout))

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> "Process":
        """Start in the background; output goes to `log`. StackError where it ends at once."""
        read_fd, write_fd = os.pipe()
        with os.fdopen(read_fd, "rb") as info:
            try:
                outer = _STARTER.submit(
                    subprocess.Popen,
                    self.command(arguments, environment, write_fd),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=[write_fd],
                    start_new_session=True,  # Ctrl-C in the terminal is the supervisor's to handle
                ).result()
            finally:
                os.close(write_fd)
            told = info.read()
        try:
            return Process(outer, int(json.loads(told)["child-pid"]))
        except (ValueError, KeyError) as error:
            outer.wait()
            raise StackError(explain(arguments[0], Path(log.name).read_text(errors="replace"))) from error


@dataclass(slots=True)
class Process:
    """A running server: bubblewrap outside, the server itself inside."""

    outer: "subprocess.Popen[bytes]"
    inner_pid: int

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.outer.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Signal the server itself."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.inner_pid, number)

    def stop(self, number: signal.Signals, timeout_s: float) -> None:
        """Ask it to end; kill it when it takes too long."""
        self.send(number)
        try:
            self.outer.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """As a power cut would."""
        self.send(signal.SIGKILL)
        self.outer.wait()


def explain(what: str, said: str) -> str:
    """A sentence for a server that would not start."""
    lines = said.strip().splitlines() or ["it said nothing"]
    if "namespace" in said or "Operation not permitted" in said or "uid map" in said:
        otherwise = ", or run the servers by docker compose up" if _COMPOSE.exists() else ""
        return (
            "this machine does not allow unprivileged user namespaces, which bubblewrap needs: as root "
            "sysctl user.max_user_namespaces=10000 kernel.unprivileged_userns_clone=1 "
            f"(on Ubuntu: kernel.apparmor_restrict_unprivileged_userns=0){otherwise} ({lines[-1]})"
        )
    return f"{what} does not start: {lines[-1]}"
