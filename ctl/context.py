"""What every command of `iotctl` has at hand: settings, consoles, the database."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import click
import psycopg
from psycopg.rows import DictRow, dict_row
from rich.console import Console

from ctl.errors import USAGE, CtlError
from ctl.output import FORMS
from ctl.profiles import Profiles
from ctl.settings import CtlSettings, load

Database = psycopg.Connection[DictRow]
F = TypeVar("F", bound=Callable[..., Any])


@cache
def query(name: str) -> bytes:
    """The statement in ctl/sql/{name}.sql."""
    return resources.files("ctl").joinpath("sql", f"{name}.sql").read_bytes()


class Operator:
    """Who calls, and where: made once by the root command, from what its options say."""

    def __init__(self, config: Path, profile: str | None) -> None:
        self.config = config
        self.profile = profile
        self.out = Console(highlight=False)
        self.err = Console(stderr=True, highlight=False)
        self._settings: CtlSettings | None = None

    @property
    def settings(self) -> CtlSettings:
        """Environment, profile, defaults; read when first needed, so that --help and login need none."""
        if self._settings is None:
            self._settings = load(self.profiles().values(self.profile))
        return self._settings

    def profiles(self) -> Profiles:
        """The configuration file."""
        return Profiles(self.config)

    @contextmanager
    def database(self, *, statement_timeout_s: float = 60.0) -> Iterator[Database]:
        """A connection in autocommit mode whose rows are dicts. psycopg.OperationalError where it is away."""
        with psycopg.connect(
            **self.settings.conninfo(),  # type: ignore[arg-type]  # keywords of one dict
            autocommit=True,
            connect_timeout=5,
            application_name="iotctl",
            options=f"-c statement_timeout={round(statement_timeout_s * 1000)}",
            row_factory=dict_row,
        ) as connection:
            yield connection

    def rows(self, name: str, parameters: dict[str, Any] | None = None) -> Sequence[DictRow]:
        """All rows of the query ctl/sql/{name}.sql."""
        with self.database() as database:
            return database.execute(query(name), parameters or {}).fetchall()

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before what cannot be taken back; `yes`: --yes was said. CtlError where nobody is there to ask.

        An answer of no ends iotctl with exit code 1.
        """
        if yes:
            return
        if not sys.stdin.isatty():
            raise CtlError(f"{question} Nobody is here to ask: say --yes", USAGE)
        if not click.confirm(question, err=True):
            raise CtlError("nothing was done")


pass_operator = click.make_pass_decorator(Operator)


def output_option(command: F) -> F:
    """--output, of every command that prints a table; the command gets `form`."""
    return click.option(
        "--output",
        "form",
        type=click.Choice(FORMS),
        default="auto",
        show_default=True,
        help="auto: a table on a terminal, plain columns in a pipe. wide: more columns. csv, json: for programs.",
    )(command)


def object_option(command: F) -> F:
    """--output, of every command that shows one thing; the command gets `form`, "auto" or "json"."""
    return click.option(
        "--output",
        "form",
        type=click.Choice(["auto", "json"]),
        default="auto",
        show_default=True,
        help="auto: to read. json: one object, for programs.",
    )(command)
