"""The commands that pages of the documentation give, carried out as they stand there."""

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

from stack.local import Stack
from stack.servers import REPOSITORY

OPERATING = REPOSITORY / "docs/operating.md"


def commands(name: str, page: Path = OPERATING) -> str:
    """The block of shell commands that a comment `<!-- tested: name -->` precedes."""
    block = rf"^ *<!-- tested: {re.escape(name)} -->\n+ *```sh\n(.*?)^ *```$"
    found = re.findall(block, page.read_text(), re.DOTALL | re.MULTILINE)
    assert len(found) == 1, f"{page} has {len(found)} blocks named {name!r}"
    return textwrap.dedent(found[0])


def run_beside(stack: Stack, server: str, name: str, **environment: str) -> str:
    """Carry out a block where that server's tools are, connected to it; what it printed. AssertionError where it fails."""
    one = stack.servers[server]
    script = ["sh", "-euc", commands(name)]
    return _run(one.sandbox.command(script, {**one.environment(), **environment}), None)


def run_by_hand(name: str, environment: Mapping[str, str], folder: Path) -> str:
    """Carry out a block on the operator's machine, with this checkout's own programs; what it printed."""
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("STREAMING_")}
    return _run(["sh", "-euc", commands(name)], {**inherited, **environment, "PATH": programs}, folder)


def _run(command: list[str], environment: Mapping[str, str] | None, folder: Path | None = None) -> str:
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"exit code {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr
