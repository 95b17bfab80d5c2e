"""`python -m stack` as a process: however early it is interrupted."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stack.servers import REPOSITORY


@pytest.mark.parametrize(
    "arguments",
    [["fetch"], ["toolchain"], ["prometheus"], ["up"], ["status"], ["demo"]],
    ids=lambda a: str(a[0]),
)
def test_stack_interrupted_while_it_loads_says_so_in_one_line(tmp_path: Path, arguments: list[str]) -> None:
    """No traceback; exit code 130, as a shell has it."""
    (tmp_path / "click.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(60)\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "stack", "--data", str(tmp_path / "data"), *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "loading\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (out, err, process.returncode) == ("", "stack: interrupted\n", 130)
