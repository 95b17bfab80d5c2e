"""The commands that the documentation gives: they exist, with the options that they are given."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ctl.cli import cli as iotctl
from stack.cli import cli as stack
from stack.servers import REPOSITORY

PAGES = sorted(
    path
    for path in (*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"))
    if path.name != "iotctl.md"  # is made from the commands
)
TARGETS = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
_FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
# At the beginning, in another command, or after one. In a checkout programs are those of .venv.
_CALL = re.compile(
    r"(?:^ *|\$\(|[|;] *|--rm |-- )(?:\.venv/bin/)?(iotctl|stack|make|python3? -m [\w.]+)(?= |$)"
)


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """What is called in fenced code and in what stands in the text as code, and with which words."""
    fenced = "\n".join(_FENCED.findall(text)).replace("\\\n", " ")
    for line in [*fenced.splitlines(), *_SPAN.findall(_FENCED.sub("", text))]:
        line = line.partition(" #")[0]
        for found in _CALL.finditer(line if "►" not in line else ""):
            yield found[1], re.split(r"[|;&<>)\"']", line[found.end() :], maxsplit=1)[0].split()


def unknown(command: click.Command, words: list[str]) -> str:
    """The first word that is neither a command nor an option of it; empty: none."""
    known = {"--help", "-h"}
    for word in words:
        if command.context_settings.get("ignore_unknown_options"):
            break  # what follows is another program's
        if re.match(r"--?[a-z]", word):
            known |= {option for parameter in command.params for option in parameter.opts}
            if word.split("=")[0].rstrip(",…") not in known:
                return word
        elif isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z-]*", word):
            below = command.get_command(click.Context(command), word)
            if below is None:
                return word
            command = below
    return ""


def wrong(name: str, words: list[str]) -> str:
    """What there is not; empty: nothing."""
    if name == "make":
        return next((word for word in words[:1] if word.isalpha() and word not in TARGETS), "")
    if name == "iotctl":
        return unknown(iotctl, words)
    module = name.split()[-1]
    if module == "stack":
        return unknown(stack, words)
    return "" if importlib.util.find_spec(module) else module


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(REPOSITORY)) for page in PAGES])
def test_commands_of_a_page_exist(page: Path) -> None:
    """What is renamed is renamed wherever it is explained."""
    found = {f"{name} {' '.join(words)}": wrong(name, words) for name, words in commands(page.read_text())}
    assert {command: word for command, word in found.items() if word} == {}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("`iotctl sensers --help`", "sensers"),
        ("```\niotctl alarms list --alll  # all\n```", "--alll"),
        ("```\nkubectl exec -it operator -- iotctl users ad anna\n```", "ad"),
        ('```\neval "$(.venv/bin/python -m stack envs operator)"\n```', "envs"),
        ("```\niotctl plot pump-0002 \\\n    --spektrum\n```", "--spektrum"),
        ("`make dmo SENSORS=1000`", "dmo"),
        ("`python -m bridges`", "bridges"),
        ("`stack exec postgres psql -c`, `iotctl alarms ack ID… --comment WHY` and `iotctl users`", ""),
    ],
)
def test_command_that_does_not_exist_is_found(text: str, word: str) -> None:
    """The check sees what a reader would copy."""
    assert "".join(wrong(*command) for command in commands(text)) == word
