"""A rule from options: those that are named, and --field for the rest."""

from typing import Any

import click
import pytest
from click.testing import CliRunner

from alarms.rules import parse, to_json
from ctl.alarm_rule_options import definition, definition_options

HOT = {
    "kind": "threshold",
    "for": {"type": "temperature"},
    "feature": "mean",
    "unit": "°C",
    "levels": {"high": {"limit": 80.0, "severity": 500}},
}


def made(*arguments: str, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """The definition; AssertionError with what was said where the options are refused."""
    found: list[dict[str, Any]] = []

    @click.command()
    @definition_options
    def command(**given: Any) -> None:
        found.append(definition(given, before or {}))
        assert not given

    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    return found[0]


def refused(*arguments: str) -> str:
    with pytest.raises(AssertionError) as error:
        made(*arguments)
    return str(error.value)


def test_definition_of_no_option_is_what_was_before() -> None:
    """Equal to it, and another object: what is changed is not what was."""
    before = {"kind": "zone", "for": {"all": True}}
    assert made(before=before) == before


def test_definition_of_options_is_a_rule() -> None:
    """Durations are in seconds; a level may have a deadband."""
    arguments = ("--kind", "threshold", "--for-type", "temperature", "--feature", "mean", "--unit", "°C")
    levels = (
        "--high",
        "80:500",
        "--low-low",
        "-5:900:1.5",
        "--window",
        "10s",
        "--hop",
        "1m",
        "--on-delay",
        "2m",
    )
    rule = made(*arguments, *levels, "--realarm", "1h", "--description", "too hot")
    assert to_json(parse(rule)) == {
        **HOT,
        "levels": {
            "high": {"limit": 80.0, "severity": 500},
            "low_low": {"limit": -5.0, "deadband": 1.5, "severity": 900},
        },
        "window_s": 10.0, "hop_s": 60.0, "on_delay_s": 120.0, "realarm_s": 3600.0, "description": "too hot",
    }  # fmt: skip


def test_definition_keeps_what_is_not_given() -> None:
    """A level beside another; what was before is not touched."""
    before = {**HOT, "on_delay_s": 5.0}
    changed = made("--high-high", "95:800", "--for-sensor", "temp-1", before=before)
    assert changed["levels"] == {**before["levels"], "high_high": {"limit": 95.0, "severity": 800}}  # type: ignore[dict-item]  # a literal
    assert (changed["for"], changed["on_delay_s"]) == ({"sensor": "temp-1"}, 5.0)
    assert before["for"] == {"type": "temperature"}
    assert set(before["levels"]) == {"high"}  # type: ignore[call-overload]  # a literal


def test_field_takes_yaml_reaches_inside_and_gives_back_the_default() -> None:
    """null is none; without a value a field is forgotten."""
    before = {"kind": "zone", "for": {"all": True}, "on_delay_s": 5.0, "c": {"severity": 400}}
    changed = made(
        *("--field", "actions=[{do: publish}]", "--field", "c=null", "--field", "on_delay_s="),
        *("--field", "d.severity=900"),
        before=before,
    )
    assert changed == {
        "kind": "zone", "for": {"all": True}, "c": None, "d": {"severity": 900}, "actions": [{"do": "publish"}],
    }  # fmt: skip
    assert parse(changed).kind == "zone"


@pytest.mark.parametrize("text", ["80", "80:high", "80:500:1:2", "", "x:500", "80:5.5"])
def test_level_of_another_form_is_refused_with_the_right_one(text: str) -> None:
    """LIMIT:SEVERITY, and a deadband where there is one."""
    assert "LIMIT:SEVERITY" in refused("--high", text)


def test_two_scopes_and_a_field_without_a_name_are_refused() -> None:
    """Before anything is written."""
    assert "--for-type and --for-all: one of them" in refused("--for-type", "a", "--for-all")
    assert "NAME=VALUE" in refused("--field", "factor")
    assert "no YAML" in refused("--field", "actions=[")
