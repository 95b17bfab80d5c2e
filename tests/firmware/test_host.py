"""sensor-host's command line: what cannot be is refused in a sentence, before anything runs."""

import json
import os
import subprocess
from pathlib import Path

import pytest

PASSWORDS = {"pump-1": "x", "firmware-0001": "x"}


class Host:
    """The program, in a folder of its own; nobody listens on port 9."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder
        (folder / "credentials.json").write_text(json.dumps(PASSWORDS))

    def run(
        self, *arguments: str, credentials: bool = True, environment: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Exit code and what it said."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("STREAMING_")}
        done = subprocess.run(
            [
                str(self._program),
                *(["--credentials", "credentials.json"] if credentials else []),
                *arguments,
            ],
            cwd=self._folder,
            env={**inherited, "STREAMING_MQTT_PORT": "9", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout


@pytest.fixture
def host(sanitized_host_program: Path, tmp_path: Path) -> Host:
    return Host(sanitized_host_program, tmp_path)


def test_help_shows_every_option_of_the_command_line(host: Host) -> None:
    """With examples, exit code 0; also where nothing else is given."""
    code, said = host.run("--help", credentials=False)
    assert code == 0
    assert "sensor-host --credentials fleet.json --sensors 20" in said
    for option in ("--speed", "--state", "--spool", "--unsynchronised", "--clock-step", "--nmea", "--report"):
        assert option in said


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *((option, "many") for option in ("--sensors", "--buffer", "--spool", "--port", "--start-time")),
        *(
            (option, value)
            for option in ("--speed", "--vibration-frequency")
            for value in ("0", "nan", "inf", "")
        ),
        ("--sensors", "0"),
        ("--sensors", "99999999999999999999"),
        ("--buffer", "4095"),
        ("--spool", "5000"),
        ("--spool", "4096"),
        ("--duration", "-1"),
        ("--batch-duration", "1e9"),
        ("--start-time", "5"),
        *(("--clock-step", value) for value in ("", "5", "5:", ":5", "-1:2", "1:nan", "1:2:3")),
    ],
)
def test_value_that_cannot_be_is_refused_by_the_name_of_its_option(
    host: Host, option: str, value: str
) -> None:
    """Exit code 2."""
    code, said = host.run(option, value)
    assert code == 2
    assert option in said


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("--colour", "red"), "--colour"),
        (("pump-1",), "'pump-1' is no option"),
        (("--serial", "pump-1", "--sensors", "2"), "without --sensors"),
        (("--serial", "x" * 33), "at most 32 characters"),
        (("--tls-key", "key.pem"), "--tls-ca"),
    ],
)
def test_command_line_that_makes_no_sense_is_refused(
    host: Host, arguments: tuple[str, ...], wanted: str
) -> None:
    """Exit code 2."""
    code, said = host.run(*arguments)
    assert code == 2
    assert wanted in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STREAMING_MQTT_PORT", "0"),
        ("STREAMING_HEALTH_PORT", "70000"),
        ("STREAMING_LOG_LEVEL", "loud"),
        ("STREAMING_DRAIN_TIMEOUT_S", "soon"),
    ],
)
def test_variable_that_cannot_be_is_refused_by_its_name(host: Host, name: str, value: str) -> None:
    """Exit code 2."""
    code, said = host.run("--serial", "pump-1", environment={name: value})
    assert code == 2
    assert name in said


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"pump-1": 1}', '{"pump-1": "x"', '{"pump-1": "\\q"}', '{"pump-1": "x"} y', '{"a" "b"}', '"'],
)
def test_credentials_that_are_none_are_refused(host: Host, tmp_path: Path, content: str) -> None:
    """It names the file."""
    (tmp_path / "credentials.json").write_text(content)
    code, said = host.run("--serial", "pump-1")
    assert code == 1
    assert "credentials.json is no JSON file of serial numbers and passwords" in said


def test_credentials_are_needed_for_each_sensor(host: Host) -> None:
    """It names who has none, and who makes them; and that a file is needed at all."""
    code, said = host.run("--sensors", "2")
    assert code == 1
    assert "no credentials for firmware-0002" in said
    code, said = host.run(credentials=False)
    assert code == 2
    assert "--credentials FILE is needed" in said


def test_escapes_in_credentials_are_understood(host: Host, tmp_path: Path) -> None:
    """As any JSON writer may write them."""
    (tmp_path / "credentials.json").write_text('{"pump\\u002d1" :\t"\\"\\\\\\/\\n\\u00e9"}\n')
    code, said = host.run(
        "--serial", "pump-1", "--duration", "0", environment={"STREAMING_DRAIN_TIMEOUT_S": "0"}
    )
    assert "started" in said
    assert code in (0, 1)


def test_spool_of_another_size_is_not_destroyed(host: Host, tmp_path: Path) -> None:
    """It says which size it has."""
    spool = tmp_path / "state/pump-1/spool"
    spool.parent.mkdir(parents=True)
    spool.write_bytes(b"\x55" * 65536)
    code, said = host.run("--serial", "pump-1", "--state", "state", "--spool", "131072")
    assert code == 1
    assert "--spool 65536" in said
    assert spool.read_bytes() == b"\x55" * 65536


def test_file_without_sentences_is_no_receiver(host: Host, tmp_path: Path) -> None:
    """A wrong file is not taken for a place without satellites."""
    (tmp_path / "gps.nmea").write_text("no sentences\n")
    code, said = host.run("--serial", "pump-1", "--nmea", "gps.nmea")
    assert code == 1
    assert "gps.nmea holds no NMEA sentences" in said


def test_file_of_tls_that_is_not_there_is_named(host: Host) -> None:
    """Before anything runs."""
    code, said = host.run("--serial", "pump-1", "--tls-ca", "none.pem")
    assert code == 1
    assert "none.pem" in said
    assert "started" not in said


def test_broker_that_does_not_answer_is_a_warning_once(host: Host) -> None:
    """Attempts go on, in silence."""
    environment = {"STREAMING_DRAIN_TIMEOUT_S": "0"}
    _, said = host.run("--serial", "pump-1", "--speed", "10", "--duration", "1", environment=environment)
    [warning] = [line for line in map(json.loads, said.splitlines()) if line["event"] == "mqtt_unreachable"]
    assert (warning["level"], warning["serial_number"]) == ("warning", "pump-1")
    assert "refused" in warning["error"].lower()


def test_stop_without_a_broker_says_what_was_not_delivered(host: Host) -> None:
    """Exit code 1 after the drain timeout; batches are counted."""
    code, said = host.run(
        "--serial",
        "pump-1",
        "--batch-duration",
        "0.1",
        "--duration",
        "0.5",
        environment={"STREAMING_DRAIN_TIMEOUT_S": "0.2"},
    )
    assert code == 1
    last = json.loads(said.splitlines()[-1])
    assert (last["event"], last["level"]) == ("drain_timed_out", "error")
    assert last["batches"] > 0
