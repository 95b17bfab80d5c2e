"""What docs/quickstart.md has its readers type, where it is more than a command of `iotctl`."""

import os
import subprocess
import sys
from pathlib import Path

from stack.local import Stack
from stack.servers import REPOSITORY
from tests.integration.documented import commands
from tests.integration.pipeline import connect, running, wait_for

_PAGE = REPOSITORY / "docs/quickstart.md"


def test_batch_made_and_published_by_hand_is_in_the_database(stack: Stack, tmp_path: Path) -> None:
    """By the page's own lines, in the shell that they are for; only the checkout and the stack's data are elsewhere."""
    script = commands("sensor", _PAGE).replace(".venv/bin/python", sys.executable)
    stack_command = f'stack() {{ "{sys.executable}" -m stack --data "{stack.data}" "$@"; }}\n'
    with running(stack, tmp_path) as pipeline:
        pipeline.spine()
        done = subprocess.run(
            ["bash", "-euc", stack_command + script],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        with connect(stack) as database:
            query = "SELECT batch_count, missing FROM sensor_overview WHERE serial_number = 'my-sensor'"
            wait_for(lambda: database.execute(query).fetchall() == [(1, 0)], 30, "the batch is written")
