"""`iotctl provision` and `revoke`: a sensor's credentials at the MQTT broker, shown once and kept nowhere."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import click

from ctl import board as boards
from ctl.console import Console
from ctl.context import Operator, pass_operator
from ctl.credentials import FORMATS, Credentials
from ctl.errors import FORBIDDEN, UNREACHABLE, USAGE, CtlError
from ctl.select import complete_serial, did_you_mean
from ctl.serial_port import SerialPort
from ctl.settings import CtlSettings
from runtime import dynsec
from runtime.mqtt import MqttError
from wire import names

_PASSWORD_BYTES = 18  # 144 random bits
_LOCAL = ("127.0.0.1", "localhost", "::1")
_SHOWN = 5


def _check_host(ctx: click.Context, parameter: click.Parameter, host: str | None) -> str | None:
    if host is not None and (not host or any(one.isspace() or not one.isprintable() for one in host)):
        raise click.BadParameter(f"{host!r} is no host name", ctx, parameter)
    return host


@click.command()
@click.argument("serial_numbers", metavar="SERIAL...", nargs=-1, required=True)
@click.option("--rotate", is_flag=True, help="A new password for a sensor that has one; it is disconnected.")
@click.option(
    "--mqtt-host",
    callback=_check_host,
    metavar="HOST",
    help="Broker as sensors reach it [default: as iotctl does].",
)
@click.option("--mqtt-port", type=click.IntRange(1, 65535), metavar="PORT", help="Its port for sensors.")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), help="See above [default: text].")
@boards.board_options
@pass_operator
def provision(
    operator: Operator,
    /,
    serial_numbers: tuple[str, ...],
    rotate: bool,
    mqtt_host: str | None,
    mqtt_port: int | None,
    form: str | None,
    **given: Any,
) -> None:
    """Give sensors their credentials at the MQTT broker, and print what the firmware needs, or write it into a board.

    User name and client id are the serial number; the password is 144 random bits. It is printed once and kept
    nowhere but, hashed, at the broker: with a lost one, use --rotate. The sensor may publish below sensors/SERIAL/ and
    read its own commands, nothing else.

    --format: text to read; json, an object a line; env, assignments for a shell; header, C for the firmware's build;
    console, lines to paste into the serial console of a flashed board.

    --port: they are written into the flashed board at that serial port, are checked and saved there, and the board
    begins anew with them; nothing is printed. One board at a time.

    \b
    iotctl provision pump-0002 --mqtt-host mqtt.example.org
    iotctl provision pump-0002 --mqtt-host mqtt.example.org --port /dev/ttyUSB0 --wifi-ssid "Pump house"
    iotctl provision pump-0002 --rotate --format header > credentials.h
    iotctl provision pump-{0001..0020} --format json > sensors.jsonl
    """
    serials = _checked(serial_numbers)
    board = boards.board(given)
    access = _access(operator.settings)
    host, port = mqtt_host or access.host, mqtt_port or access.port
    if board is not None:
        _write_into(board, serials, access, rotate, host, port, form)
        return
    taken = _taken(access, serials, rotate)
    passwords = {serial: _password() for serial in serials}
    with _said(access):
        dynsec.apply(access, dynsec.add(passwords))
    made = [Credentials(host, port, serial, password) for serial, password in passwords.items()]
    form = form or "text"
    separator = "\n" if form == "json" else "\n\n"
    click.echo(separator.join(FORMATS[form](one) for one in made))
    if host in _LOCAL:
        click.echo(f"{host} is this machine: a sensor elsewhere needs --mqtt-host", err=True)
    _tell_replaced(taken)


def _write_into(
    board: boards.Board,
    serials: Sequence[str],
    access: dynsec.Access,
    rotate: bool,
    host: str,
    port: int,
    form: str | None,
) -> None:
    """All that a board can refuse comes before the broker is told; the password comes last."""
    if len(serials) > 1:
        raise CtlError("one sensor at a time with --port", USAGE)
    if form is not None:
        raise CtlError("--port prints nothing: without --format", USAGE)
    if host in _LOCAL:
        raise CtlError(f"a board cannot reach {host}, which is this machine: say --mqtt-host", USAGE)
    [serial] = serials
    taken = _taken(access, serials, rotate)
    line = SerialPort(board.port, board.rate)
    try:
        console = Console(line)
        console.synchronise()
        values = boards.plan(board, serial, host, port)
        click.echo(f"the board at {board.port}:", err=True)
        try:
            boards.write(console, values)
            password = _password()
            with _said(access):
                dynsec.apply(access, dynsec.add({serial: password}))
            _tell_replaced(taken)
            with _way_on(serial):
                boards.write(console, {"mqtt.password": password})
                boards.save(console, {**values, "mqtt.password": password})
        except BaseException:
            with suppress(CtlError):
                console.say("cancel")  # nobody saves half of it later
            raise
        boards.reboot(console, serial, board.port)
    finally:
        line.close()
    click.echo(f"{serial}: provisioned at {board.port}; it connects to {host}:{port}")


@contextmanager
def _way_on(serial: str) -> Iterator[None]:
    """The broker has a password that the board has not: whatever happens, it is told how to go on."""
    try:
        yield
    except BaseException as error:
        way = f"the broker has a new password for {serial}, the board has not: the same again with --rotate"
        if isinstance(error, CtlError):
            raise CtlError(f"{error.message}\n{way}", error.exit_code) from error
        click.echo(way, err=True)
        raise


def _taken(access: dynsec.Access, serials: Sequence[str], rotate: bool) -> list[str]:
    """Those that have credentials already. CtlError where they are not to be replaced."""
    with _said(access):
        known = set(dynsec.sensors(access))
    taken = [serial for serial in serials if serial in known]
    if taken and not rotate:
        raise CtlError(
            f"{_list(taken)} has credentials already: --rotate replaces them, which disconnects it", USAGE
        )
    return taken


def _tell_replaced(taken: Sequence[str]) -> None:
    if taken:
        click.echo(f"{_list(taken)}: the old password is void, and a connection with it was ended", err=True)


@click.command()
@click.argument(
    "serial_numbers", metavar="SERIAL...", nargs=-1, required=True, shell_complete=complete_serial
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_operator
def revoke(operator: Operator, serial_numbers: tuple[str, ...], yes: bool) -> None:
    """Take sensors' credentials back: they are disconnected, and connect no more.

    What they measured stays. Buffered batches that a sensor has not sent are lost to it unless it is provisioned again.

    \b
    iotctl revoke pump-0002
    """
    serials = _checked(serial_numbers)
    access = _access(operator.settings)
    with _said(access):
        known = dynsec.sensors(access)
    unknown = [serial for serial in serials if serial not in known]
    if unknown:
        hint = did_you_mean(unknown[0], known) if len(unknown) == 1 else ""
        raise CtlError(f"nothing was revoked, for {_list(unknown)} has no credentials{hint}", USAGE)
    operator.confirm(f"revoke the credentials of {_list(serials)}?", yes=yes)
    with _said(access):
        dynsec.apply(access, dynsec.remove(serials))
    for serial in serials:
        click.echo(f"{serial}: revoked")


def _password() -> str:
    """Letters, digits, - and _; not with a - in front, which command lines take for an option."""
    while (password := secrets.token_urlsafe(_PASSWORD_BYTES)).startswith("-"):
        pass
    return password


def _checked(serial_numbers: Sequence[str]) -> list[str]:
    """Each once; WireError for what is no serial number."""
    return [names.check_serial_number(serial) for serial in dict.fromkeys(serial_numbers)]


def _access(settings: CtlSettings) -> dynsec.Access:
    return dynsec.Access(
        settings.mqtt_host,
        settings.mqtt_port,
        settings.mqtt_username,
        settings.mqtt_password.get_secret_value(),
    )


@contextmanager
def _said(access: dynsec.Access) -> Iterator[None]:
    """Errors of the broker, each with its exit code."""
    try:
        yield
    except dynsec.DynsecError as error:
        cause = error.__cause__
        if not isinstance(cause, MqttError):
            raise CtlError(str(error), USAGE if "name of a service" in str(error) else FORBIDDEN) from error
        # an account without the right is disconnected as soon as it asks
        if not cause.retryable or "NOT_AUTHORIZED" in str(cause) or "closed by the broker" in str(cause):
            raise CtlError(
                f"the MQTT broker at {access.host}:{access.port} does not let {access.username!r} administer it: "
                "check STREAMING_MQTT_USERNAME and STREAMING_MQTT_PASSWORD, or iotctl login",
                FORBIDDEN,
            ) from error
        where = "" if "MQTT broker at" in str(cause) else f"the MQTT broker at {access.host}:{access.port}: "
        raise CtlError(f"{where}{cause}", UNREACHABLE) from error


def _list(serials: Sequence[str]) -> str:
    more = f" and {len(serials) - _SHOWN} more" if len(serials) > _SHOWN else ""
    return ", ".join(serials[:_SHOWN]) + more
