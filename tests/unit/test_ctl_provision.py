"""Credentials in the forms that shells, programs, compilers and serial consoles read."""

import json
import subprocess

from ctl import credentials, provision
from ctl.credentials import Credentials

ONE = Credentials("mqtt.example.org", 8883, "pump-1", 'aB-_"\\$9')


def test_as_json_is_one_line_with_every_topic() -> None:
    """For programs that make flash images."""
    text = credentials.as_json(ONE)
    assert "\n" not in text
    content = json.loads(text)
    assert (content["client_id"], content["username"], content["password"]) == (
        "pump-1",
        "pump-1",
        ONE.password,
    )
    assert content["topics"]["measurements"] == "sensors/pump-1/measurements"
    assert content["topics"]["commands"] == "sensors/pump-1/commands/+"


def test_as_env_gives_a_shell_the_password_as_it_is() -> None:
    """Quotes and dollars included."""
    script = f'{credentials.as_env(ONE)}\nprintf "%s" "$SENSOR_MQTT_PASSWORD"'
    said = subprocess.run(["sh", "-c", script], capture_output=True, check=True, text=True)
    assert said.stdout == ONE.password


def test_as_header_escapes_for_c() -> None:
    """A quote in a password ends no string."""
    assert '#define SENSOR_MQTT_PASSWORD "aB-_\\"\\\\$9"' in credentials.as_header(ONE)


def test_as_console_sets_what_the_firmware_needs_and_saves_it() -> None:
    """Pasted line by line."""
    assert credentials.as_console(ONE).splitlines() == [
        "set serial_number pump-1",
        "set mqtt.host mqtt.example.org",
        "set mqtt.port 8883",
        f"set mqtt.password {ONE.password}",
        "save",
    ]


def test_passwords_are_random_and_never_look_like_an_option() -> None:
    """144 bits in 24 characters; a - in front would be an option to mosquitto_pub -P."""
    made = {provision._password() for _ in range(2_000)}
    assert len(made) == 2_000
    assert all(len(one) == 24 and not one.startswith("-") for one in made)
