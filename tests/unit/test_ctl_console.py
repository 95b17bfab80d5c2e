"""The serial console as iotctl speaks it: what else may come over such a line, and options that do not fit."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from ctl import board, serial_port
from ctl.cli import cli
from ctl.console import Console, LineLostError
from ctl.errors import FAILED, FORBIDDEN, NO_ANSWER, UNREACHABLE, USAGE, CtlError

CANCELLED = b"\r\nok nothing is changed\r\n> "


class Line:
    """Answers each line that comes by what `answer` makes of it."""

    name = "/dev/ttyFAKE"

    def __init__(self, answer: Callable[[str], bytes]) -> None:
        self._answer = answer
        self._typed = ""
        self.lines: list[str] = []
        self.to_read = b""
        self.after_reopening = b""  # where it is something, the line is lost when all is read
        self.reopened = 0

    def read(self, timeout_s: float) -> bytes:
        if not self.to_read:
            if self.after_reopening:
                raise LineLostError("/dev/ttyFAKE went away", NO_ANSWER)
            time.sleep(min(timeout_s, 0.01))
        data, self.to_read = self.to_read[:7], self.to_read[7:]  # cut anywhere
        return data

    def write(self, data: bytes) -> None:
        self._typed += data.decode()
        while "\n" in self._typed:
            line, _, self._typed = self._typed.partition("\n")
            line = line.rpartition("\x15")[2]
            if line:
                self.lines.append(line)
                self.to_read += self._answer(line)

    def reopen(self) -> bool:
        self.reopened += 1
        if self.reopened < 3:
            return False
        self.to_read, self.after_reopening = self.after_reopening, b""
        return True


def console(answer: Callable[[str], bytes] | bytes) -> tuple[Console, Line]:
    line = Line(answer if callable(answer) else lambda _: answer)
    return Console(line, patience_s=0.3, answer_s=0.3), line


def test_answer_is_found_between_lines_of_the_log() -> None:
    """Logs come at any time, prompts stand before them; what a command shows is all that is no answer."""
    one, _ = console(b"> I (7) wifi: ok\r\nokay\r\nW (8) error: x\r\n\r\nok done\r\n> I (9) wifi: more\r\n")
    assert one.say("save") == ("done", ["> I (7) wifi: ok", "okay", "W (8) error: x", ""])


def test_settings_are_those_lines_that_are_ones() -> None:
    """A log line with an equals sign is none."""
    one, _ = console(b"\r\n  a.b = 1 = 2\r\nI (7) x: a = b\r\n* c = \r\n- d = -\r\nok\r\n")
    assert one.settings() == {"a.b": ("1 = 2", True), "c": ("", False), "d": ("-", False)}


def test_synchronise_waits_for_a_board_that_boots_and_forgets_late_answers() -> None:
    """Each attempt is answered at last; the next command gets its own answer."""
    attempts = 0

    def answer(line: str) -> bytes:
        nonlocal attempts
        attempts += line == "cancel"
        if attempts < 3:
            return b"rst:0x1 (POWERON_RESET)\r\n"
        return CANCELLED * 3 if line == "cancel" else b"\r\nok mine\r\n> "

    line = Line(answer)
    one = Console(line, patience_s=10, answer_s=1)
    one.synchronise()
    assert attempts == 3
    assert one.say("save") == ("mine", [""])


@pytest.mark.parametrize(
    ("heard", "sentence"),
    [
        (b"", "nothing answers at /dev/ttyFAKE"),
        (b"\x80\xff\x00\xfe\x12x" * 20, "another --rate"),
        (b"\xff" * 100_000, "another --rate"),
        (b"ESP-ROM:esp32c3\r\nwaiting for download\r\n", "press its reset button"),
        (b"Welcome to Debian\r\nlogin: ", "is no sensor's console; it said 'login:'"),
    ],
)
def test_whatever_else_is_at_the_port_is_told(heard: bytes, sentence: str) -> None:
    """Exit code 5: what to look at."""
    one, _ = console(heard)
    with pytest.raises(CtlError, match=sentence) as caught:
        one.synchronise()
    assert caught.value.exit_code == NO_ANSWER


def test_an_answer_that_does_not_come_names_the_line_but_no_secret() -> None:
    """Exit code 5."""
    one, _ = console(b"I (7) wifi: connected\r\n")
    with pytest.raises(CtlError, match=r"no answer to `set mqtt\.password \*\*\*` within") as caught:
        one.set("mqtt.password", "hunter2", secret=True)
    assert caught.value.exit_code == NO_ANSWER


def test_characters_that_were_lost_on_the_way_are_noticed() -> None:
    """Of a secret, too, which is never shown again."""
    one, _ = console(b"ok mqtt.password: 6 bytes, not saved yet\r\n")
    one.set("mqtt.password", "é2345", secret=True)
    with pytest.raises(CtlError, match="7 bytes were sent") as caught:
        one.set("mqtt.password", "hunter2", secret=True)
    assert caught.value.exit_code == FAILED
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("value", ["a\nerase yes", "a\rb", "\x03", "a\x7f"])
def test_no_value_smuggles_a_command_in(value: str) -> None:
    """Control characters are refused before anything is sent."""
    one, line = console(b"ok\r\n")
    with pytest.raises(CtlError, match="control character") as caught:
        one.set("wifi.ssid", value)
    assert caught.value.exit_code == USAGE
    assert line.lines == []


def test_reboot_survives_a_port_that_goes_away_meanwhile() -> None:
    """As USB does; the boot line is found among the others."""
    one, line = console(b"ok rebooting\r\n")
    line.after_reopening = b"I (1) boot: x\r\nconsole: pump-1\r\n> "
    assert one.reboot(within_s=10) == "pump-1"
    assert line.reopened == 3


def test_reboot_without_a_boot_line_is_none() -> None:
    """Within the time given."""
    one, _ = console(b"ok rebooting\r\nI (1) boot: x\r\n")
    assert one.reboot(within_s=0.1) is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--wifi-ssid", "home"], "--wifi-ssid needs --port"),
        (["--rate", "9600"], "--rate needs --port"),
        (["--sample-frequency", "10"], "--sample-frequency needs --port"),
        (["--tls"], "--tls needs --port"),
        (["--port", "x", "--wifi-password-file", "-"], "--wifi-password-file needs --wifi-ssid"),
        (["--port", "x", "--key", __file__], "--certificate and --key belong together"),
        (["--port", "x", "--mqtt-host", "a", "b"], "one sensor at a time"),
        (["--port", "x", "--mqtt-host", "a", "--format", "json"], "without --format"),
        (["--port", "x", "--mqtt-host", "localhost"], "a board cannot reach localhost"),
        (["--port", "x", "--sample-frequency", "nan"], "no finite number"),
        (["--port", "x", "--sample-frequency", "30000"], "--sample-frequency"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_touched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    """Exit code 2; no server is there."""
    monkeypatch.setenv("STREAMING_MQTT_PORT", "1")
    result = CliRunner().invoke(
        cli, ["--config", str(tmp_path / "iotctl.toml"), "provision", "pump-1", *arguments]
    )
    assert result.exit_code == 2
    assert sentence in result.stderr


@pytest.mark.parametrize(
    ("number", "exit_code", "sentence"),
    [
        (2, USAGE, "there is no serial port"),
        (13, FORBIDDEN, "dialout"),
        (11, UNREACHABLE, "somebody else"),
        (5, USAGE, "no serial port that works"),
    ],
)
def test_why_a_port_cannot_be_opened_is_told(number: int, exit_code: int, sentence: str) -> None:
    """Each with its exit code."""
    error = serial_port._refused("/dev/ttyX", OSError(number, "what the system says"))
    assert error.exit_code == exit_code
    assert sentence in error.message


def test_ports_that_are_there_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what they are, where that is known."""
    monkeypatch.setattr(serial_port, "ports", lambda: [("/dev/ttyUSB0", "CP2102"), ("/dev/ttyS0", "")])
    said = serial_port._refused("/dev/ttyUSB1", OSError(2, "")).message
    assert said.endswith("there are: /dev/ttyUSB0 (CP2102), /dev/ttyS0")
    assert [item.value for item in serial_port.complete_port(None, None, "/dev/ttyU")] == ["/dev/ttyUSB0"]  # type: ignore[arg-type]  # not looked at


def test_pem_gives_the_blocks_without_what_is_around_them(tmp_path: Path) -> None:
    """As certificates from OpenSSL have it, and with other ends of lines."""
    block = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    path = tmp_path / "x.pem"
    path.write_bytes(f"Certificate:\n  Data:\n{block}subject=x\n{block}".replace("\n", "\r\n").encode())
    assert board.pem(path) == block + block
    assert board.pem(None) == ""
    path.write_bytes(b"\xff\x00")
    with pytest.raises(CtlError, match="is no PEM file"):
        board.pem(path)


def test_sample_frequency_is_written_as_the_firmware_reads_it() -> None:
    """Decimals without an exponent."""
    for frequency, text in ((0.01, "0.01"), (100.0, "100"), (6664.0625, "6664.0625"), (26667.0, "26667")):
        one = board.Board("x", 115_200, None, None, frequency, False, None, None, None)
        assert board.plan(one, "pump-1", "host", 1883)["sensor.sample_frequency"] == text
