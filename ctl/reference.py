"""`python -m ctl.reference`: docs/iotctl.md, from the commands' own help. `make docs` writes it; a test compares."""

from collections.abc import Iterator

import click

from ctl import errors
from ctl.cli import SECTIONS, cli
from ctl.settings import SECRETS

_HEAD = """\
# iotctl

The operator's tool: steer sensors, see what they measure, keep the system well. This page is what `iotctl --help` and
`iotctl COMMAND --help` say.

## Begin

```
pip install '.[ctl]'          # in a checkout of this repository, into a virtual environment
iotctl login                  # hosts, user names, passwords; tried, then kept
iotctl doctor                 # is everything well?
iotctl sensors
```

With a running demo (`make demo`), without installing and without a profile:

```
eval "$(.venv/bin/python -m stack env operator)"
.venv/bin/iotctl sensors
```

A setting comes from the environment (`STREAMING_*`, all in [.env.example](../.env.example)), else from the profile, else
from its default. Profiles are in a configuration file with nothing secret in it; passwords are kept by the system's
keyring, or, where there is none, in a file beside it that only its owner can read
({secrets}).

```toml
# {config}
profile = "homelab"                    # where --profile names none

[profiles.homelab]
rabbitmq_host = "homelab.example"
rabbitmq_username = "operator"
database_host = "homelab.example"
database_username = "streaming_control"
mqtt_host = "homelab.example"
```

`eval "$(iotctl completion bash)"` makes the shell complete commands, options and serial numbers.

## Output

Lists take `--output`. `auto` is a table on a terminal and plain, aligned columns in a pipe; where the terminal is too narrow
it leaves out the least important columns, and names them on standard error. `wide` has all columns. `csv` and `json` carry
whole values under stable keys, times in ISO 8601 (UTC), durations in seconds. Results go to standard output; progress,
questions and errors to standard error.

## Exit codes

| code | meaning |
| ---: | --- |
{codes}
"""


def lines() -> Iterator[str]:
    """The page, line by line."""
    codes = "\n".join(f"| {code} | {meaning} |" for code, meaning in errors.MEANING.items())
    head = _HEAD.format(
        codes=codes,
        secrets=", ".join(f"`{key}`" for key in SECRETS),
        config="~/.config/sensor-streaming/iotctl.toml",
    )
    yield from head.splitlines()
    for section, commands in SECTIONS.items():
        yield from ("", f"## {section}", "")
        for name, (_, summary) in commands.items():
            yield f"- [`iotctl {name}`](#iotctl-{name}): {summary[0].lower()}{summary[1:]}"
        for name in commands:
            context = click.Context(cli, info_name="iotctl", **cli.context_settings)
            command = cli.get_command(context, name)
            assert command is not None, name
            yield from _describe(command, context, name)


def _describe(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    context = click.Context(command, parent=parent, info_name=name, max_content_width=100, terminal_width=100)
    level = "###" if parent.parent is None else "####"
    yield from ("", f"{level} {context.command_path}", "", "```")
    yield from command.get_help(context).splitlines()
    yield "```"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            subcommand = command.get_command(context, child)
            assert subcommand is not None, child
            yield from _describe(subcommand, context, child)


if __name__ == "__main__":
    print("\n".join(lines()))  # noqa: T201  # its output is the page
