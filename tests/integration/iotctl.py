"""`iotctl` as the tests run it: in this process, against the session's real servers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from ctl.cli import cli
from stack.local import Stack


class Iotctl:
    """Calls `iotctl` with the settings of one role and a configuration file of its own."""

    def __init__(self, stack: Stack, folder: Path, role: str = "operator") -> None:
        self.environment: dict[str, str | None] = {
            **stack.environment(role),
            "IOTCTL_CONFIG": str(folder / "iotctl.toml"),
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }

    def run(self, *arguments: str, input: str | None = None) -> Result:  # noqa: A002  # click's name
        """Whatever comes of it: exit_code, stdout, stderr."""
        return CliRunner().invoke(cli, arguments, env=self.environment, input=input, prog_name="iotctl")

    def __call__(self, *arguments: str, input: str | None = None) -> str:  # noqa: A002  # click's name
        """Standard output of a call that succeeds."""
        result = self.run(*arguments, input=input)
        assert result.exit_code == 0, (
            f"{arguments}: {result.exit_code}\n{result.output}\n{result.exception!r}"
        )
        return result.stdout

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """A process of its own, for what goes on while the test does something else."""
        return subprocess.Popen(
            [sys.executable, "-m", "ctl", *arguments],
            env={
                **os.environ,
                **{name: value for name, value in self.environment.items() if value is not None},
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def json(self, *arguments: str) -> Any:
        """What a call with --output json prints."""
        return json.loads(self(*arguments, "--output", "json"))

    def refused(self, exit_code: int, *arguments: str, input: str | None = None) -> str:  # noqa: A002  # click's name
        """Standard error of a call that ends with this exit code, in a sentence and not a traceback."""
        result = self.run(*arguments, input=input)
        assert result.exit_code == exit_code, (
            f"{arguments}: {result.exit_code}\n{result.output}\n{result.exception!r}"
        )
        assert "Traceback" not in result.output
        return result.stderr
