"""The commands that the page offers: what is entered is checked before anything is sent."""

from typing import Any

import pytest

from web.command_kinds import KINDS, available, entered, kind_of
from web.errors import RequestError
from wire.names import CommandLevel


def test_every_command_that_sensors_know_is_offered() -> None:
    """With a label, a description, and fields that say their bounds."""
    assert {kind.level for kind in KINDS} == set(CommandLevel)
    for one in available():
        assert one["label"]
        assert one["description"].endswith(".")
        for field in one["fields"]:
            assert set(field) == {
                *("name", "label", "type", "unit", "minimum", "maximum", "required", "default")
            }
            assert field["type"] in ("number", "integer", "text")


@pytest.mark.parametrize(
    ("name", "given", "values"),
    [
        ("sleep", {"duration_s": 60}, {"duration_s": 60}),
        ("sleep", {"duration_s": 60.0}, {"duration_s": 60}),
        ("sleep", {"duration_s": None}, {"duration_s": 0}),
        ("sleep", None, {"duration_s": 0}),
        ("awake", {}, {}),
        ("change_sample_frequency", {"sample_frequency_hz": 0.5}, {"sample_frequency_hz": 0.5}),
        ("trigger_alarm", {"alarm_id": "hot"}, {"alarm_id": "hot", "severity": 500}),
        (
            "trigger_alarm",
            {"alarm_id": "hot", "severity": 1, "action": "stop"},
            {"alarm_id": "hot", "severity": 1, "action": "stop"},
        ),
        ("resend", {"first_sequence": 3, "session": ""}, {"first_sequence": 3}),
        ("resend", {}, {}),
    ],
)
def test_entered_values_are_those_of_the_command(name: str, given: Any, values: dict[str, Any]) -> None:
    """What was left empty has its default, or is left out."""
    assert entered(kind_of(name), given) == values


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("sleep", {"duration_s": -1}, "between 0 and"),
        ("sleep", {"duration_s": 2**32}, "between 0 and"),
        ("sleep", {"duration_s": 1.5}, "whole number"),
        ("sleep", {"duration_s": "60"}, "a number"),
        ("sleep", {"duration_s": True}, "a number"),
        ("sleep", {"duration_s": float("nan")}, "a number"),
        ("sleep", {"duration_s": 10**400}, "a number"),
        ("sleep", {"for": 60}, "no field 'for'"),
        ("sleep", [], "an object"),
        ("change_sample_frequency", {}, "Sample frequency is missing"),
        ("change_sample_frequency", {"sample_frequency_hz": 0}, "between 0.01 and"),
        ("trigger_alarm", {"alarm_id": ""}, "Alarm is missing"),
        ("trigger_alarm", {"alarm_id": "ä" * 32}, "at most 63 bytes"),
        ("trigger_alarm", {"alarm_id": 5}, "at most 63 bytes"),
        ("trigger_alarm", {"alarm_id": "a", "severity": 1001}, "between 1 and 1000"),
    ],
)
def test_entered_values_that_no_sensor_could_apply_are_refused(name: str, given: Any, said: str) -> None:
    """In a sentence that names the field as the page shows it."""
    with pytest.raises(RequestError, match=said):
        entered(kind_of(name), given)


@pytest.mark.parametrize("name", [None, "", "Sleep", "explode", 5, ["sleep"]])
def test_command_that_there_is_not_is_refused(name: object) -> None:
    """With those that there are."""
    with pytest.raises(RequestError, match="sleep, awake"):
        kind_of(name)
