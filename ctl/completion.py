"""The script that makes a shell complete commands, options and serial numbers."""

import click
from click.shell_completion import get_completion_class

from ctl.errors import USAGE, CtlError


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    eval "$(iotctl completion bash)"                                    in ~/.bashrc
    eval "$(iotctl completion zsh)"                                     in ~/.zshrc
    iotctl completion fish > ~/.config/fish/completions/iotctl.fish
    """
    from ctl.cli import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise CtlError(f"no completion for {shell}", USAGE)
    click.echo(kind(cli, {}, "iotctl", "_IOTCTL_COMPLETE").source())
