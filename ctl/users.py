"""`iotctl users`: who may log in to the live page, and what each may do there."""

import re
import secrets
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from ctl.context import Operator, output_option, pass_operator, query
from ctl.errors import USAGE, CtlError
from ctl.output import Column, Form, age, print_rows, when
from ctl.select import did_you_mean
from runtime.passwords import hash_password

F = TypeVar("F", bound=Callable[..., Any])
ROLES: Final = ("viewer", "operator")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")  # as the table's own check has it
_GENERATED_BYTES: Final = 15  # 20 characters

COLUMNS = (
    Column("name", "NAME"),
    Column("role", "ROLE"),
    Column("disabled_at", "DISABLED", when),
    Column("sessions", "SESSIONS", right=True),
    Column("last_login_at", "LAST LOGIN", age),
    Column("changed_at", "CHANGED", when, wide=True),
    Column("created_at", "ADDED", when),
)
_name_argument = click.argument("name")
_role = click.Choice(ROLES)


def _password_options(command: F) -> F:
    """How the password is given; `_password` takes both."""
    for decorator in (
        click.option(
            "--generate", is_flag=True, help="Make one, and print it on standard output: the only time."
        ),
        click.option("--password-stdin", is_flag=True, help="Read it from standard input, one line."),
    ):
        command = decorator(command)
    return command


@click.group()
def users() -> None:
    """Users of the live page. A viewer sees everything; an operator acknowledges alarms and gives commands, too.

    The page names them in the audit: commands and acknowledgements by anna are anna@web's. What is changed here ends
    the user's sessions within seconds.

    \b
    iotctl users add anna --role operator
    iotctl users add wallboard --generate
    iotctl users list
    iotctl users disable anna
    """


@users.command(name="list")
@output_option
@pass_operator
def list_command(operator: Operator, form: Form) -> None:
    """List users, with their roles and in how many browsers each is logged in.

    \b
    iotctl users list
    iotctl users list --output json | jq -r '.[] | select(.last_login_at == null) | .name'
    """
    rows = operator.rows("web_users")
    print_rows(rows, COLUMNS, form, console=operator.out, empty="no users: iotctl users add makes one")


@users.command()
@_name_argument
@click.option("--role", type=_role, default="viewer", show_default=True, help="What the user may do.")
@_password_options
@pass_operator
def add(operator: Operator, name: str, role: str, generate: bool, password_stdin: bool) -> None:
    """Add a user. The password is asked for, twice; it is kept as an argon2id hash.

    \b
    iotctl users add anna --role operator
    pass show sensors/anna | iotctl users add anna --password-stdin
    """
    if not _NAME.fullmatch(name):
        raise CtlError(
            f"{name!r} is no name: letters, digits and . _ @ -, 64 at most, a letter or digit first", USAGE
        )
    with operator.database() as database:  # before somebody types a password in vain
        known = database.execute("SELECT FROM web_user WHERE name = %s", [name]).fetchone()
        if known is None:
            parameters = {"name": name, "role": role, "password_hash": _password(generate, password_stdin)}
            known = database.execute(query("web_user_insert"), parameters).fetchone()
            if known is not None:
                click.echo(f"{name}: added, {role}", err=True)
                return
    raise CtlError(f"there is a user {name!r} already: iotctl users password, iotctl users role", USAGE)


@users.command()
@_name_argument
@click.argument("role", type=_role)
@pass_operator
def role(operator: Operator, name: str, role: str) -> None:
    """Change what a user may do. The user logs in again.

    \b
    iotctl users role anna viewer
    """
    _change(operator, "web_user_change", name, role=role, password_hash=None)
    click.echo(f"{name}: {role}", err=True)


@users.command()
@_name_argument
@_password_options
@pass_operator
def password(operator: Operator, name: str, generate: bool, password_stdin: bool) -> None:
    """Give a user another password. Every session of the user is over.

    \b
    iotctl users password anna
    iotctl users password anna --generate
    """
    _known(operator, name)
    kept = _password(generate, password_stdin)
    _change(operator, "web_user_change", name, role=None, password_hash=kept)
    click.echo(f"{name}: the password is changed", err=True)


@users.command()
@_name_argument
@pass_operator
def disable(operator: Operator, name: str) -> None:
    """Let a user in no more, until `enable`. What the user did stays in the audit.

    \b
    iotctl users disable anna
    """
    _change(operator, "web_user_disable", name, disabled=True)
    click.echo(f"{name}: disabled", err=True)


@users.command()
@_name_argument
@pass_operator
def enable(operator: Operator, name: str) -> None:
    """Let a user in again, with the same password and role.

    \b
    iotctl users enable anna
    """
    _change(operator, "web_user_disable", name, disabled=False)
    click.echo(f"{name}: enabled", err=True)


@users.command()
@_name_argument
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_operator
def remove(operator: Operator, name: str, yes: bool) -> None:
    """Remove a user. What the user did stays in the audit; somebody else may be given the name.

    \b
    iotctl users remove anna
    """
    _known(operator, name)
    operator.confirm(f"remove the user {name!r}?", yes=yes)
    _change(operator, "web_user_remove", name)
    click.echo(f"{name}: removed", err=True)


def _password(generate: bool, from_stdin: bool) -> str:
    """The hash of what is made, read or asked for. CtlError where nobody is there to ask, or where it is too short."""
    if generate and from_stdin:
        raise CtlError("--generate or --password-stdin: one or the other", USAGE)
    if generate:
        made = secrets.token_urlsafe(_GENERATED_BYTES)
        click.echo(made)
    elif from_stdin:
        made = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        made = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        raise CtlError("nobody is here to ask for the password: --password-stdin, or --generate", USAGE)
    try:
        return hash_password(made)
    except ValueError as error:
        raise CtlError(str(error), USAGE) from error


def _known(operator: Operator, name: str) -> None:
    names = [row["name"] for row in operator.rows("web_users")]
    if name not in names:
        raise CtlError(f"there is no user {name!r}{did_you_mean(name, names)}", USAGE)


def _change(operator: Operator, statement: str, name: str, **values: Any) -> None:
    # what can be no name may be no text, either: an argument that is not UTF-8
    if not _NAME.fullmatch(name) or not operator.rows(statement, {"name": name, **values}):
        _known(operator, name)
        raise CtlError(f"the user {name!r} was changed at this very moment: say it again")
