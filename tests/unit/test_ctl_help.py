"""What `iotctl` says of itself: every command explained, with an example, and the page made of it up to date."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ctl import reference
from ctl.cli import COMMANDS, cli

ROOT = Path(__file__).resolve().parents[2]
# what only some commands need, and what costs a noticeable part of a second to import
HEAVY = ("matplotlib", "pyarrow", "scipy", "textual", "keyring")


def every_command() -> Iterator[tuple[str, click.Command, click.Context]]:
    root = click.Context(cli, info_name="iotctl", **cli.context_settings)
    waiting = [(name, cli.get_command(root, name), root) for name in COMMANDS]
    while waiting:
        name, command, parent = waiting.pop()
        assert command is not None, name
        context = click.Context(command, parent=parent, info_name=name.split()[-1])
        yield name, command, context
        if isinstance(command, click.Group):
            waiting += [
                (f"{name} {child}", command.get_command(context, child), context)
                for child in command.list_commands(context)
            ]


ALL = sorted(every_command(), key=lambda one: one[0])


@pytest.mark.parametrize(("name", "command", "context"), ALL, ids=[name for name, _, _ in ALL])
def test_help_explains_and_shows_an_example(
    name: str, command: click.Command, context: click.Context
) -> None:
    """Of every command and subcommand; each option says what it is."""
    text = command.get_help(context)
    assert re.search(rf"^ +iotctl .*\b{re.escape(name)}\b|^ +eval \"\$\(iotctl {name}", text, re.MULTILINE), (
        text
    )
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts[0]}"
    assert command.get_short_help_str(200).endswith((".", "…", "...")), "a sentence"


def test_reference_page_is_what_the_help_says() -> None:
    """`make docs` was run after the last change of a command."""
    assert (ROOT / "docs" / "iotctl.md").read_text() == "\n".join(reference.lines()) + "\n"


def test_help_of_the_whole_imports_nothing_heavy() -> None:
    """It comes at once, and so does every command that needs none of it."""
    code = (
        "import sys; from ctl.cli import cli; cli(['--help'], standalone_mode=False);"
        "import ctl.steer, ctl.sensors, ctl.commands;"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"


def test_mistyped_command_is_told_what_it_may_have_meant() -> None:
    """Exit code 2, as for any wrong use."""
    result = CliRunner().invoke(cli, ["sensrs"])
    assert result.exit_code == 2
    assert "did you mean 'sensor' or 'sensors'" in result.stderr or "did you mean 'sensors'" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_names_the_command(shell: str) -> None:
    """For each shell that is offered."""
    result = CliRunner().invoke(cli, ["completion", shell])
    assert result.exit_code == 0
    assert "_IOTCTL_COMPLETE" in result.stdout
