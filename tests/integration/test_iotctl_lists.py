"""Lists of a name that nothing has: a mistake is refused with what may have been meant; nothing to list is an answer."""

from collections.abc import Iterator

import pytest
from click.shell_completion import ShellComplete

from ctl.cli import cli
from stack.local import Stack
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import connect
from tests.integration.test_iotctl_dead import bury, offsets


@pytest.fixture(autouse=True)
def known(stack: Stack) -> Iterator[None]:
    """A sensor, and a target on which nobody sits."""
    with connect(stack, "owner") as database:
        database.execute("INSERT INTO sensor (serial_number, sensor_type) VALUES ('list-1', 'listed')")
        database.execute("INSERT INTO target (name) VALUES ('List 1')")
        yield
        database.execute("DELETE FROM target WHERE name = 'List 1'")
        database.execute("DELETE FROM sensor WHERE serial_number = 'list-1'")


@pytest.mark.parametrize("command", ["sensors", "logs", "top"])
def test_sensors_of_an_unknown_target_or_type_are_refused(iotctl: Iotctl, command: str) -> None:
    """Exit code 2; by top before it takes the screen."""
    iotctl.environment["FORCE_COLOR"] = "1"  # what rich takes for a terminal
    assert "did you mean 'List 1'?" in iotctl.refused(2, command, "--target", "LIST 1")
    assert "did you mean 'listed'?" in iotctl.refused(2, command, "--type", "lsited")


def test_sensors_of_a_target_on_which_nobody_sits_are_none(iotctl: Iotctl) -> None:
    """That is no mistake."""
    assert iotctl.json("sensors", "--target", "List 1") == []


def test_commands_of_an_unknown_sensor_or_name_are_refused(iotctl: Iotctl) -> None:
    """A sensor that was never told anything has none; a name may be written both ways."""
    assert "did you mean 'list-1'?" in iotctl.refused(2, "commands", "--sensor", "LIST-1")
    assert "did you mean 'sleep'?" in iotctl.refused(2, "commands", "--name", "slep")
    assert iotctl.json("commands", "--sensor", "list-1") == []
    for name in ("change_sample_frequency", "change-sample-frequency"):
        assert iotctl.json("commands", "--sensor", "list-1", "--name", name) == []


def test_dead_letters_of_an_unknown_sensor_are_refused_unless_there_are_any(
    stack: Stack, iotctl: Iotctl
) -> None:
    """One whose first message was bad is in no registry; nor is it when its letters are dropped."""
    assert iotctl.json("dead", "list", "--sensor", "list-1") == []
    assert "did you mean 'list-1'?" in iotctl.refused(2, "dead", "list", "--sensor", "LIST-1")
    bury(stack, "list-2", b"1")
    [offset] = offsets(iotctl, "list-2")
    iotctl("dead", "drop", str(offset))
    assert offsets(iotctl, "list-2") == []


def test_shell_completes_serial_numbers_and_names_of_targets(
    iotctl: Iotctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing where the database is away: a prompt is no place for an error."""
    for name, value in iotctl.environment.items():
        monkeypatch.setenv(name, value or "")
    shell = ShellComplete(cli, {}, "iotctl", "_IOTCTL_COMPLETE")

    def completed(*arguments: str, incomplete: str) -> list[str]:
        return [item.value for item in shell.get_completions(list(arguments), incomplete)]

    assert completed("sensor", incomplete="list-") == ["list-1"]
    assert completed("targets", "show", incomplete="List") == ["List 1"]
    monkeypatch.setenv("STREAMING_DATABASE_PORT", "1")
    assert completed("targets", "show", incomplete="List") == []
