"""What `iotctl provision --port` writes into a board, and in which order: what can be refused comes before the broker."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

import click

from ctl.console import Console
from ctl.errors import FAILED, NO_ANSWER, USAGE, CtlError
from ctl.serial_port import complete_port
from runtime.numbers import Finite
from wire.commands import MINIMUM_COMMANDED_FREQUENCY_HZ

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s.*?-----END \1-----", re.DOTALL)
_PEM = ("tls.ca", "tls.certificate", "tls.key")
_SECRETS = ("mqtt.password", "wifi.password", "tls.key")
_MAXIMUM_FREQUENCY_HZ = 26_667.0  # the firmware's
_RATE = 115_200
F = TypeVar("F", bound=Callable[..., Any])


class Board(NamedTuple):
    """The options of a board on a serial port."""

    port: str
    rate: int
    wifi_ssid: str | None
    wifi_password_file: IO[str] | None
    sample_frequency: float | None
    tls: bool
    ca: Path | None
    certificate: Path | None
    key: Path | None


def board_options(command: F) -> F:
    """--port, and what makes sense beside it; the command gets them by their names."""
    pem = click.Path(exists=True, dir_okay=False, path_type=Path)
    for decorator in reversed(
        (
            click.option(
                "--port",
                metavar="DEVICE",
                shell_complete=complete_port,
                help="Write into the board at this serial port, e.g. /dev/ttyUSB0.",
            ),
            click.option(
                "--rate",
                type=click.IntRange(min=1),
                default=_RATE,
                show_default=True,
                metavar="BAUD",
                help="With --port: its speed.",
            ),
            click.option(
                "--wifi-ssid",
                metavar="NAME",
                help="With --port: the board's Wi-Fi network; its password is asked for.",
            ),
            click.option(
                "--wifi-password-file",
                type=click.File(),
                help="With --wifi-ssid: a file with the password instead, - for standard input.",
            ),
            click.option(
                "--sample-frequency",
                type=Finite(MINIMUM_COMMANDED_FREQUENCY_HZ, _MAXIMUM_FREQUENCY_HZ),
                metavar="HZ",
                help="With --port: until another is commanded.",
            ),
            click.option("--tls", is_flag=True, help="With --port: the board connects by TLS."),
            click.option(
                "--ca", type=pem, help="With --port: PEM, who signs the broker's certificate; means --tls."
            ),
            click.option("--certificate", type=pem, help="With --port: PEM, the board's own; with --key."),
            click.option("--key", type=pem, help="With --port: PEM, its private key."),
        )
    ):
        command = decorator(command)
    return command


def board(given: dict[str, Any]) -> Board | None:
    """The board that is meant, None without --port. CtlError where options do not fit together."""
    if given["port"] is None:
        alone = [name for name, value in given.items() if value and (name, value) != ("rate", _RATE)]
        if alone:
            raise CtlError(f"--{alone[0].replace('_', '-')} needs --port", USAGE)
        return None
    chosen = Board(**given)
    if chosen.wifi_password_file and chosen.wifi_ssid is None:
        raise CtlError("--wifi-password-file needs --wifi-ssid", USAGE)
    if (chosen.certificate is None) != (chosen.key is None):
        raise CtlError("--certificate and --key belong together", USAGE)
    return chosen


def plan(board: Board, serial_number: str, host: str, port: int) -> dict[str, str]:
    """Setting → value, "" for one that is taken away; all but the password at the broker. Asks for that of the Wi-Fi."""
    tls = board.tls or board.ca is not None or board.certificate is not None
    values = {
        "serial_number": serial_number,
        "mqtt.host": host,
        "mqtt.port": str(port),
        "mqtt.tls": "on" if tls else "off",
        "tls.ca": pem(board.ca),
        "tls.certificate": pem(board.certificate),
        "tls.key": pem(board.key),
    }
    if board.wifi_ssid is not None:
        values["wifi.ssid"] = board.wifi_ssid
        values["wifi.password"] = _wifi_password(board.wifi_ssid, board.wifi_password_file)
    if board.sample_frequency is not None:
        values["sensor.sample_frequency"] = f"{board.sample_frequency:.6f}".rstrip("0").rstrip(".")
    return values


def pem(path: Path | None) -> str:
    """The blocks of a PEM file, without the text around them; "" for None. CtlError where it has none."""
    if path is None:
        return ""
    blocks = [match[0] for match in _BLOCK.finditer(path.read_text(errors="replace"))]
    if not blocks:
        raise CtlError(f"{path} is no PEM file", USAGE)
    return "".join(f"{line.strip()}\n" for block in blocks for line in block.splitlines() if line.strip())


def _wifi_password(ssid: str, file: IO[str] | None) -> str:
    if file is not None:
        return file.read().removesuffix("\n").removesuffix("\r")
    question = f"Password of the Wi-Fi network {ssid} (empty: an open one)"
    try:
        password: str = click.prompt(question, hide_input=True, default="", show_default=False, err=True)
    except click.Abort as error:
        if sys.stdin.isatty():
            raise  # Ctrl-C
        click.echo(err=True)  # behind the question
        raise CtlError("nobody is here to answer: say --wifi-password-file", USAGE) from error
    return password


def write(console: Console, values: dict[str, str]) -> None:
    """Each setting, told on standard error; nothing is saved yet."""
    for name, value in values.items():
        if value:
            if name in _PEM:
                console.set_pem(name, value)
            else:
                console.set(name, value, secret=name in _SECRETS)
            click.echo(f"  {name} = {_told(name, value)}", err=True)
        else:
            console.say(f"unset {name}")


def save(console: Console, values: dict[str, str]) -> None:
    """When the board shows what was written. CtlError, and nothing is saved, where it does not."""
    shown = console.settings()
    for name, value in values.items():
        if value and (name not in shown or shown[name].value != _told(name, value)):
            found = repr(shown[name].value) if name in shown else "nothing"
            raise CtlError(f"the board shows {found} as {name}: nothing is saved", FAILED)
    answer, _ = console.say("save")
    click.echo(f"  {answer}", err=True)


def reboot(console: Console, serial_number: str, port: str) -> None:
    """The board begins anew, with what is saved, and says so."""
    said = console.reboot()
    if said is None:
        raise CtlError(
            f"all is saved, but the board at {port} said nothing after its reboot: press its reset button",
            NO_ANSWER,
        )
    if said != serial_number:
        raise CtlError(f"all was saved, but after its reboot the board says: {said}", FAILED)


def _told(name: str, value: str) -> str:
    """As the board shows it."""
    if name in _SECRETS:
        return "***"
    return f"{len(value.encode())} bytes" if name in _PEM else value
