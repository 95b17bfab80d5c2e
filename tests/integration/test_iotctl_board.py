"""`iotctl provision --port`: real broker, the firmware's own console at a pseudo terminal."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.mqtt import MqttError, Options, connect
from tests.firmware import conftest
from tests.firmware.board import Board
from tests.integration.iotctl import Iotctl

pytestmark = pytest.mark.timeout(900)  # the first test waits until the program is built
tools = conftest.tools  # its fixture, here too
HOST = ("--mqtt-host", "mqtt.example.org")
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n" + ("A" * 64 + "\n") * 20 + "-----END CERTIFICATE-----\n"
KEY = CERTIFICATE.replace("CERTIFICATE", "PRIVATE KEY")


@pytest.fixture(scope="module")
def program(tools: conftest.Tools) -> Path:
    tools.make("console")
    return conftest.BUILD / "console/console"


@pytest.fixture
def board(program: Path, tmp_path: Path) -> Iterator[Board]:
    one = Board(program, tmp_path)
    yield one
    one.stop()


async def connects(iotctl: Iotctl, serial: str, password: str) -> bool:
    """With what the board has, but where the tests' broker really is."""
    port = int(str(iotctl.environment["STREAMING_MQTT_PORT"]))
    options = Options(
        "127.0.0.1", port, serial, serial, password.encode(), session_expiry_s=0, clean_start=True
    )
    try:
        connection = await connect(options, lambda *_: None, lambda *_: None)
    except MqttError as error:
        assert not error.retryable, error
        return False
    connection.disconnect()
    await connection.closed
    return True


async def test_provision_writes_what_lets_the_board_in(iotctl: Iotctl, board: Board, tmp_path: Path) -> None:
    """Saved, checked, begun anew with it; the password is shown nowhere."""
    (tmp_path / "wifi").write_text("hunter2 hunter2\n")
    (tmp_path / "ca.pem").write_text(f"Issuer: somebody\n{CERTIFICATE}")
    (tmp_path / "both.pem").write_text(KEY.replace("\n", "\r\n"))
    result = await asyncio.to_thread(
        iotctl.run, "provision", "board-1", *HOST, "--mqtt-port", "8883", "--port", board.port,
        "--wifi-ssid", "Pump house", "--wifi-password-file", str(tmp_path / "wifi"), "--sample-frequency", "0.5",
        "--ca", str(tmp_path / "ca.pem"), "--certificate", str(tmp_path / "ca.pem"), "--key", str(tmp_path / "both.pem"),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    stored = board.stored()
    password = stored.pop("mqtt.password")
    assert stored == {
        "serial_number": "board-1",
        "mqtt.host": "mqtt.example.org",
        "mqtt.port": "8883",
        "mqtt.tls": "on",
        "tls.ca": CERTIFICATE,
        "tls.certificate": CERTIFICATE,
        "tls.key": KEY,
        "wifi.ssid": "Pump house",
        "wifi.password": "hunter2 hunter2",
        "sensor.freq": "0.5",
    }
    assert await connects(iotctl, "board-1", password)
    assert result.stdout.startswith(f"board-1: provisioned at {board.port}")
    assert "mqtt.host = mqtt.example.org" in result.stderr
    assert "mqtt.password = ***" in result.stderr
    for secret in (password, "hunter2", "AAAA"):
        assert secret not in result.output


async def test_provision_of_another_sensor_takes_the_old_one_s_settings_away(
    iotctl: Iotctl, board: Board
) -> None:
    """Its identity as a whole; Wi-Fi and frequency stay, where they are not said."""
    arguments = ("provision", *HOST, "--port", board.port)
    await asyncio.to_thread(
        iotctl, *arguments, "board-2", "--tls", "--wifi-ssid", "open", "--wifi-password-file", "-", input="\n"
    )
    before = board.stored()
    assert (before["mqtt.tls"], before["wifi.ssid"]) == ("on", "open")
    assert "wifi.password" not in before
    await asyncio.to_thread(iotctl, *arguments, "board-3")
    after = board.stored()
    assert (after["serial_number"], after["mqtt.tls"], after["wifi.ssid"]) == ("board-3", "off", "open")
    assert await connects(iotctl, "board-3", after["mqtt.password"])


def test_what_a_board_refuses_is_told_before_the_broker_is(
    iotctl: Iotctl, board: Board, tmp_path: Path
) -> None:
    """The sensor has no credentials afterwards, and the board no half of a change."""
    (tmp_path / "key.pem").write_text(KEY)
    for said, arguments in {
        "refuses `set mqtt.host": ("--mqtt-host", "mqtt://example.org"),
        "refuses `set wifi.ssid": (*HOST, "--wifi-ssid", "x" * 40, "--wifi-password-file", "/dev/null"),
        "refuses `set tls.ca -`: tls.ca: this PEM file is no certificate": (
            *HOST,
            "--ca",
            str(tmp_path / "key.pem"),
        ),
    }.items():
        assert said in iotctl.refused(1, "provision", "board-4", "--port", board.port, *arguments)
    assert board.stored() == {}
    assert "nothing was revoked" in iotctl.refused(2, "revoke", "board-4", "--yes")
    iotctl("provision", "board-4", *HOST, "--port", board.port)


def test_a_known_sensor_is_refused_unless_rotated(iotctl: Iotctl, board: Board) -> None:
    """As without --port: the board is not touched."""
    iotctl("provision", "board-5", *HOST)
    assert "--rotate replaces them" in iotctl.refused(2, "provision", "board-5", *HOST, "--port", board.port)
    assert board.stored() == {}
    result = iotctl.run("provision", "board-5", *HOST, "--port", board.port, "--rotate")
    assert result.exit_code == 0, result.output
    assert "the old password is void" in result.stderr


def test_a_board_that_fails_when_the_broker_knows_it_says_how_to_go_on(iotctl: Iotctl, board: Board) -> None:
    """--rotate, which works."""
    board.unplug_the_store()
    said = iotctl.refused(1, "provision", "board-6", *HOST, "--port", board.port)
    assert "the store failed" in said
    assert "the same again with --rotate" in said
    board.plug_the_store_in()
    iotctl("provision", "board-6", *HOST, "--port", board.port, "--rotate")
    assert board.stored()["serial_number"] == "board-6"


def test_nobody_answers(iotctl: Iotctl, board: Board) -> None:
    """Exit code 5, and nothing was done."""
    board.signal(signal.SIGSTOP)
    said = iotctl.refused(5, "provision", "board-7", *HOST, "--port", board.port)
    assert f"nothing answers at {board.port}" in said
    board.signal(signal.SIGCONT)
    iotctl("provision", "board-7", *HOST, "--port", board.port)


def test_the_wifi_password_is_asked_for_without_echo(iotctl: Iotctl, board: Board) -> None:
    """On a terminal: what is typed is not seen there."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", sys.executable, "-m", "ctl", "provision", "board-8", *HOST,
         "--port", board.port, "--wifi-ssid", "home"],
        env={**os.environ, **{name: value for name, value in iotctl.environment.items() if value is not None}},
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    while b"Password of the Wi-Fi network home" not in seen or not seen.rstrip(b" ").endswith(b":"):
        seen += os.read(ours, 1024)
    os.write(ours, b"hunter2 hunter2\n")
    try:
        while data := os.read(ours, 1024):
            seen += data
    except OSError:
        pass  # the end of a pseudo terminal
    os.close(ours)
    assert process.wait() == 0, seen
    assert b"hunter2" not in seen
    assert board.stored()["wifi.password"] == "hunter2 hunter2"


def test_nobody_to_ask_for_the_wifi_password_is_told(iotctl: Iotctl, board: Board) -> None:
    """In a script: exit code 2."""
    said = iotctl.refused(2, "provision", "board-9", *HOST, "--port", board.port, "--wifi-ssid", "home")
    assert "--wifi-password-file" in said


def test_ports_that_cannot_be_used_are_sentences(iotctl: Iotctl, board: Board, tmp_path: Path) -> None:
    """One that is not there, one that somebody else uses, and a file."""
    arguments = ("provision", "board-10", *HOST, "--port")
    assert "there is no serial port /dev/ttyNONE" in iotctl.refused(2, *arguments, "/dev/ttyNONE")
    (tmp_path / "file").write_text("")
    assert "is no serial port" in iotctl.refused(2, *arguments, str(tmp_path / "file"))
    user = subprocess.Popen(["flock", board.port, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert user.stdin is not None
    assert user.stdout is not None
    user.stdin.write(b"locked\n")
    user.stdin.flush()
    user.stdout.readline()
    assert "somebody else uses" in iotctl.refused(3, *arguments, board.port)
    user.communicate()
