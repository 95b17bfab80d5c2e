"""`iotctl login`, `logout` and `profiles`: which servers, and as whom."""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

import click
import psycopg

from ctl.context import Operator, output_option, pass_operator
from ctl.errors import FAILED, USAGE, CtlError
from ctl.output import Column, Form, print_rows
from ctl.settings import SECRETS, CtlSettings, load
from runtime import dynsec
from runtime.amqp import connect
from runtime.amqp_errors import AmqpError
from runtime.config import PREFIX

# What a profile holds besides passwords, in the order of the questions.
_ASKED = (
    "rabbitmq_host",
    "rabbitmq_username",
    "database_host",
    "database_username",
    "mqtt_host",
    "mqtt_username",
)
_KEPT = (
    *_ASKED,
    *("rabbitmq_amqp_port", "rabbitmq_stream_port", "rabbitmq_virtual_host", "rabbitmq_metrics_url"),
    *("database_port", "database_name", "mqtt_port"),
)
_PASSWORDS = {
    "rabbitmq_password": "RabbitMQ password",
    "database_password": "Database password",
    "mqtt_password": "MQTT administrator's password (for iotctl provision; empty: none)",
    "owner_password": "Password of the database's owner (for iotctl db; empty: none)",
}


@click.command()
@click.option("--from-env", is_flag=True, help=f"Take all from {PREFIX}* variables instead of asking.")
@click.option("--no-verify", is_flag=True, help="Keep it without trying it.")
@pass_operator
def login(operator: Operator, from_env: bool, no_verify: bool) -> None:
    """Keep servers and passwords under the name that --profile gives [default: "default"].

    Asks for hosts, user names and passwords, tries them, and keeps them: passwords in the system's keyring, or, where
    there is none, in a file that only you can read. No password is ever an argument. Ports and other settings: edit
    the configuration file.

    \b
    iotctl login
    iotctl --profile homelab login
    iotctl --profile ci login --from-env        scripts: everything from STREAMING_* variables
    """
    profiles = operator.profiles()
    name = operator.profile or profiles.default or "default"
    if from_env:
        values = load({})
        if not any(variable.startswith(PREFIX) for variable in os.environ):
            raise CtlError(f"no {PREFIX}* variable is set", USAGE)
    else:
        known = profiles.values(name) if name in profiles.names else {}
        try:
            values = _ask(load(known))
        except click.Abort as error:
            if sys.stdin.isatty():
                raise  # Ctrl-C
            click.echo(err=True)  # behind the question
            raise CtlError(
                f"nobody is here to answer: set {PREFIX}* variables, and say iotctl login --from-env", USAGE
            ) from error
    settings = {key: getattr(values, key) for key in _KEPT if key in values.model_fields_set or key in _ASKED}
    secrets = {
        key: getattr(values, key).get_secret_value()
        for key in SECRETS
        if key in values.model_fields_set and getattr(values, key).get_secret_value()
    }
    if not no_verify:
        _verify(values, bool(secrets.get("mqtt_password")), bool(secrets.get("owner_password")))
    where = profiles.save(name, settings, secrets)
    click.echo(f"profile {name} is kept in {operator.config}, its passwords in {where}", err=True)


def _ask(known: CtlSettings) -> CtlSettings:
    given: dict[str, Any] = {}
    host: str | None = None
    for field in _ASKED:
        default = getattr(known, field)
        if field.endswith("_host") and host is not None and field not in known.model_fields_set:
            default = host  # usually one machine, or one ingress
        label = field.replace("_", " ").replace("rabbitmq", "RabbitMQ").replace("mqtt", "MQTT")
        given[field] = click.prompt(label, default=default, err=True)
        if field.endswith("_host"):
            host = given[field]
    for field, label in _PASSWORDS.items():
        empty = field in ("mqtt_password", "owner_password")
        given[field] = click.prompt(
            label, hide_input=True, err=True, default="" if empty else None, show_default=False
        )
    kept = {key: getattr(known, key) for key in _KEPT if key in known.model_fields_set}
    return CtlSettings(**{**kept, **given})


def _verify(settings: CtlSettings, administrator: bool, owner: bool) -> None:
    """Try each; CtlError with a line for each that fails."""
    attempts: list[tuple[str, Callable[[], object]]] = [
        ("RabbitMQ", lambda: asyncio.run(_try_rabbitmq(settings))),
        ("database", lambda: _try_database(settings.conninfo())),
    ]
    if administrator:
        access = dynsec.Access(
            settings.mqtt_host,
            settings.mqtt_port,
            settings.mqtt_username,
            settings.mqtt_password.get_secret_value(),
        )
        attempts.append(("MQTT broker", lambda: dynsec.sensors(access)))
    if owner:
        attempts.append(("database's owner", lambda: _try_database(settings.owner_conninfo())))
    failures = []
    for what, attempt in attempts:
        try:
            attempt()
        except (AmqpError, dynsec.DynsecError, psycopg.Error) as error:
            failures.append(f"{what}: {str(error).strip().splitlines()[0]}")
        else:
            click.echo(f"{what}: ok", err=True)
    if failures:
        raise CtlError("\n".join([*failures, "nothing is kept (--no-verify keeps it untried)"]), FAILED)


async def _try_rabbitmq(settings: CtlSettings) -> None:
    await (await connect(settings, "iotctl login")).close()


def _try_database(conninfo: dict[str, str | int]) -> None:
    psycopg.connect(**conninfo, connect_timeout=5).close()  # type: ignore[arg-type]  # keywords of one dict


@click.command()
@pass_operator
def logout(operator: Operator) -> None:
    """Forget a profile and its passwords.

    \b
    iotctl --profile homelab logout
    """
    profiles = operator.profiles()
    name = operator.profile or profiles.default
    if name is None or not profiles.remove(name):
        raise CtlError(f"there is no profile {name or 'default'!r}: iotctl profiles lists them", USAGE)
    click.echo(f"profile {name} is forgotten", err=True)


@click.command()
@output_option
@pass_operator
def profiles(operator: Operator, form: Form) -> None:
    """List the profiles that `iotctl login` has kept; * marks the default.

    \b
    iotctl profiles
    """
    known = operator.profiles()
    rows = [
        {"default": "*" if name == known.default else "", "profile": name, **known.values(name)}
        for name in known.names
    ]
    columns = (
        Column("default", "", lambda value: value),
        Column("profile", "PROFILE"),
        Column("rabbitmq_host", "RABBITMQ"),
        Column("rabbitmq_username", "USER"),
        Column("database_host", "DATABASE"),
        Column("database_username", "ROLE"),
        Column("mqtt_host", "MQTT"),
    )
    shown = [{key: value for key, value in row.items() if key not in SECRETS} for row in rows]
    print_rows(shown, columns, form, console=operator.out, empty="no profiles: iotctl login makes one")
