"""Who logs in where, with which password: `python -m runtime.accounts` makes all of it for a deployment.

Passwords are files in one folder. From them come the folders that services read (STREAMING_SECRETS_DIR), and the
servers' account files. Everything is idempotent, and what is missing is made; whoever replaces a password's file by
another password rotates it.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from runtime import mosquitto_accounts, rabbitmq_accounts
from runtime.config import PREFIX
from runtime.password_files import MissingPasswordError, Owner, PasswordFolder, write_private

BRIDGES: Final = 4
DATABASE_ROLES: Final = ("owner", "ingest", "alarms", "control", "web", "readonly")


def passwords(bridges: int = BRIDGES) -> tuple[str, ...]:
    """Their names, which are their files', too: "mqtt-bridge-0", "rabbitmq-ingest", "database-owner" …"""
    return (
        *(f"mqtt-{user}" for user in mosquitto_accounts.users(bridges)),
        *(f"rabbitmq-{user}" for user in rabbitmq_accounts.USERS),
        *(f"database-{role}" for role in DATABASE_ROLES),
        "database-postgres",
        "rabbitmq-cookie",
        "grafana-admin",
    )


def holders(bridges: int = BRIDGES) -> dict[str, dict[str, str]]:
    """Who holds which: service, server or person → setting → name of the password."""
    both = {
        one: {"rabbitmq_password": f"rabbitmq-{one}", "database_password": f"database-{one}"}
        for one in ("ingest", "alarms", "web")
    }
    return {
        **{
            f"bridge-{i}": {"mqtt_password": f"mqtt-bridge-{i}", "rabbitmq_password": "rabbitmq-bridge"}
            for i in range(bridges)
        },
        **both,
        "topology": {"rabbitmq_password": "rabbitmq-control"},
        "bootstrap": {
            "database_password": "database-postgres",
            **{f"{role}_password": f"database-{role}" for role in DATABASE_ROLES},
        },
        "owner": {"database_password": "database-owner"},  # migrate and maintain
        "operator": {  # iotctl
            "mqtt_password": "mqtt-control",
            "rabbitmq_password": "rabbitmq-operator",
            "database_password": "database-control",
            "owner_password": "database-owner",
        },
        "fleet": {"mqtt_password": "mqtt-control"},  # whoever makes emulated sensors known to the broker
        "viewer": {"rabbitmq_password": "rabbitmq-viewer", "database_password": "database-readonly"},
        # servers, which are told where the file is
        "postgres": {"postgres_password": "database-postgres"},
        "grafana": {"readonly_password": "database-readonly", "grafana_password": "grafana-admin"},
    }


class _Deployment(NamedTuple):
    folder: PasswordFolder
    bridges: int

    def mqtt(self) -> dict[str, str]:
        """User → password of Mosquitto."""
        return {user: self.folder.read(f"mqtt-{user}") for user in mosquitto_accounts.users(self.bridges)}

    def rabbitmq(self) -> dict[str, str]:
        """User → password of RabbitMQ."""
        return {user: self.folder.read(f"rabbitmq-{user}") for user in rabbitmq_accounts.USERS}


def _owner(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> Owner | None:
    if value is None:
        return None
    uid, _, gid = value.partition(":")
    if not uid.isdecimal() or not (gid or uid).isdecimal():
        raise click.BadParameter(f"{value!r} is not UID or UID:GID")
    return Owner(int(uid), int(gid or uid))


def _writes(command: Callable[..., None]) -> Callable[..., None]:
    """What every command that writes files for somebody takes."""
    command = click.option(
        "--owner",
        callback=_owner,
        metavar="UID[:GID]",
        help="Whose they become [default: whoever runs this].",
    )(command)
    return click.argument("folder", type=click.Path(file_okay=False, path_type=Path))(command)


@click.group(chain=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--passwords",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder with a file for each password.",
)
@click.option(
    "--bridges", type=click.IntRange(1, 256), default=BRIDGES, show_default=True, help="Replicas at most."
)
@click.pass_context
def cli(ctx: click.Context, folder: Path, bridges: int) -> None:
    """Make passwords and, from them, what services and servers read. Several commands may follow each other.

    \b
    sensor-streaming-accounts --passwords secrets/passwords make settings secrets \\
        mosquitto --acl mosquitto/acl data/mosquitto rabbitmq data/rabbitmq

    A command's options come before its folder.
    """
    ctx.obj = _Deployment(PasswordFolder(folder), bridges)


@cli.command()
@click.pass_obj
def make(deployment: _Deployment) -> None:
    """Make the passwords that are missing, at random."""
    made = deployment.folder.make_missing(passwords(deployment.bridges))
    click.echo(f"{len(made)} passwords made" + (f": {', '.join(made)}" if made else ""))


@cli.command()
@_writes
@click.option("--for", "only", multiple=True, metavar="HOLDER", help="This one only; may be repeated.")
@click.pass_obj
def settings(deployment: _Deployment, folder: Path, owner: Owner | None, only: tuple[str, ...]) -> None:
    """A folder FOLDER/HOLDER for each that logs in somewhere, to be its STREAMING_SECRETS_DIR."""
    known = holders(deployment.bridges)
    for holder in only or known:
        if holder not in known:
            raise click.BadParameter(f"{holder!r} is none of {', '.join(known)}", param_hint="--for")
        for setting, name in known[holder].items():
            file = folder / holder / f"{PREFIX.lower()}{setting}"
            write_private(file, deployment.folder.read(name), owner, 0o400)


@cli.command()
@_writes
@click.option(
    "--acl",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The access control file (mosquitto/acl), copied, as the broker wants it private.",
)
@click.pass_obj
def mosquitto(deployment: _Deployment, folder: Path, owner: Owner | None, acl: Path) -> None:
    """FOLDER/dynamic-security.json and FOLDER/acl, before the broker starts. Sensors that are known stay known."""
    file = folder / "dynamic-security.json"
    kept: dict[str, Any] | None = json.loads(file.read_text()) if file.exists() else None
    state = (
        mosquitto_accounts.first_state(deployment.mqtt())
        if kept is None
        else mosquitto_accounts.renewed(kept, deployment.mqtt())
    )
    if state != kept:
        write_private(file, json.dumps(state, indent=1), owner)
    write_private(folder / "acl", acl.read_text(), owner)


@cli.command()
@_writes
@click.option("--cookie", is_flag=True, help="FOLDER/.erlang.cookie, too, which nodes of one cluster share.")
@click.pass_obj
def rabbitmq(deployment: _Deployment, folder: Path, owner: Owner | None, cookie: bool) -> None:
    """FOLDER/definitions.json, which RabbitMQ loads at each start: its users and what they may do."""
    definitions = rabbitmq_accounts.definitions(deployment.rabbitmq())
    write_private(folder / "definitions.json", json.dumps(definitions, indent=1), owner)
    if cookie:
        write_private(folder / ".erlang.cookie", deployment.folder.read("rabbitmq-cookie"), owner, 0o400)


def main() -> None:
    """Entry point; what is missing or cannot be written is one sentence and exit code 1."""
    try:
        cli()
    except (MissingPasswordError, OSError, ValueError) as error:
        click.echo(f"accounts: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
