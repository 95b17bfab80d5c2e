"""iotctl's side of the serial console against the firmware's own, over a pseudo terminal."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ctl.console import Console
from ctl.credentials import Credentials, as_console
from ctl.errors import CtlError
from ctl.serial_port import SerialPort
from tests.firmware.board import Board
from tests.firmware.conftest import BUILD, Tools

pytestmark = pytest.mark.timeout(900)  # the first test waits until the program is built
PASSWORD = 'aB-_"\\$9'
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n" + ("A" * 64 + "\n") * 20 + "-----END CERTIFICATE-----\n"


@pytest.fixture(scope="module")
def program(tools: Tools) -> Path:
    tools.make("console")
    return BUILD / "console/console"


@pytest.fixture
def board(program: Path, tmp_path: Path) -> Iterator[Board]:
    one = Board(program, tmp_path)
    yield one
    one.stop()


@pytest.fixture
def console(board: Board) -> Iterator[Console]:
    line = SerialPort(board.port, 115_200)
    one = Console(line)
    one.synchronise()
    yield one
    line.close()


def test_lines_of_provision_format_console_are_saved_as_they_are(board: Board, console: Console) -> None:
    """Each is answered by ok; odd characters of a password arrive."""
    for line in as_console(Credentials("mqtt.example.org", 8883, "pump-1", PASSWORD)).splitlines():
        console.say(line)
    assert board.stored() == {
        "serial_number": "pump-1",
        "mqtt.host": "mqtt.example.org",
        "mqtt.port": "8883",
        "mqtt.password": PASSWORD,
    }


def test_settings_are_shown_with_secrets_hidden(board: Board, console: Console) -> None:
    """Before and after they are saved; what is not set shows what it is then."""
    console.set("serial_number", "pump-1")
    console.set("mqtt.host", "mqtt.example.org")
    console.set("mqtt.password", PASSWORD, secret=True)
    console.set("wifi.ssid", " Büro 3 ")
    console.set_pem("tls.ca", CERTIFICATE)
    shown = console.settings()
    assert len(shown) == 16
    assert shown["serial_number"] == ("pump-1", False)
    assert shown["wifi.ssid"] == (" Büro 3 ", False)
    assert shown["mqtt.password"].value == "***"
    assert shown["tls.key"].value == "-"
    assert shown["tls.ca"].value == f"{len(CERTIFICATE)} bytes"
    assert shown["mqtt.port"].value == "1883"
    console.say("save")
    assert console.settings()["serial_number"] == ("pump-1", True)
    assert board.stored()["tls.ca"] == CERTIFICATE


def test_a_console_in_any_state_is_found(board: Board) -> None:
    """A half typed line, a PEM file that nobody ended, changes that nobody saved: all are gone."""
    line = SerialPort(board.port, 115_200)
    try:
        line.write(b"set serial_number other\nset tls.ca -\n-----BEGIN CERTIFICATE-----\nset mqtt.port 99")
        console = Console(line)
        console.synchronise()
        assert console.settings()["serial_number"].value == "-"
        assert console.settings()["mqtt.port"].value == "1883"
    finally:
        line.close()


def test_errors_repeat_the_line_but_no_secret(console: Console) -> None:
    """What the board says is wrong, too."""
    with pytest.raises(CtlError, match=r"refuses `set mqtt.port 0`: mqtt.port: a port is 1 to 65535"):
        console.set("mqtt.port", "0")
    with pytest.raises(CtlError) as caught:
        console.set("wifi.password", "short", secret=True)
    assert "short" not in caught.value.message
    assert "8 to 63 characters" in caught.value.message
    with pytest.raises(CtlError, match="the key is encrypted"):
        console.set_pem("tls.key", CERTIFICATE.replace("CERTIFICATE", "ENCRYPTED PRIVATE KEY"))
    with pytest.raises(CtlError, match=r"a line of tls\.ca.*too long"):
        console.set_pem("tls.ca", "A" * 400)


def test_reboot_brings_what_is_saved(board: Board, console: Console) -> None:
    """And the board says who it is; before it is set up, what is missing."""
    assert (console.reboot() or "").startswith("serial_number is not set")
    for line in as_console(Credentials("mqtt.example.org", 8883, "pump-1", PASSWORD)).splitlines():
        console.say(line)
    assert console.reboot() == "pump-1"
    assert console.settings()["mqtt.port"] == ("8883", True)


def test_a_store_that_fails_is_told(board: Board, console: Console) -> None:
    """Nothing pretends to be saved."""
    for line in as_console(Credentials("mqtt.example.org", 8883, "pump-1", PASSWORD)).splitlines()[:-1]:
        console.say(line)
    board.unplug_the_store()
    with pytest.raises(CtlError, match="the store failed"):
        console.say("save")


def test_program_without_a_folder_says_how_it_is_called(program: Path) -> None:
    """Exit code 2."""
    done = subprocess.run([program], capture_output=True, text=True)
    assert (done.returncode, done.stderr.split()[0]) == (2, "usage:")
