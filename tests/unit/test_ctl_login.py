"""Logging in where nobody can be asked."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from ctl.cli import cli


@pytest.mark.parametrize("answers", ["", "localhost\n"])
def test_login_without_anybody_to_ask_names_the_way_for_scripts(tmp_path: Path, answers: str) -> None:
    """Exit code 2, on a line of its own, and nothing is kept; also where the answers end too early."""
    config = tmp_path / "iotctl.toml"
    result = CliRunner().invoke(cli, ["--config", str(config), "login"], input=answers)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("Error: nobody is here to answer")
    assert "--from-env" in result.stderr
    assert "Aborted" not in result.output
    assert not config.exists()


@pytest.mark.parametrize("arguments", [[], ["--from-env"]])
def test_login_with_a_wrong_variable_is_refused_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """Before anything is asked."""
    monkeypatch.setenv("STREAMING_MQTT_PORT", "many")
    result = CliRunner().invoke(cli, ["--config", str(tmp_path / "iotctl.toml"), "login", *arguments])
    assert result.exit_code == 2
    assert result.stderr.startswith("STREAMING_MQTT_PORT: ")
