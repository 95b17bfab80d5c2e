"""Which sensors are meant by what was said."""

from typing import Any

import pytest

from ctl.errors import USAGE, CtlError
from ctl.select import Selection, did_you_mean, select


def row(
    serial: str, sensor_type: str = "vibration", target: str | None = None, state: str = "AWAKE"
) -> dict[str, Any]:
    return {"serial_number": serial, "sensor_type": sensor_type, "target": target, "state": state}


FLEET = [
    row("pump-1", target="Pump house"),
    row("pump-2", target="Pump house", state="ASLEEP"),
    row("fan-1"),
    row("temp-1", "temperature"),
]


def chosen(selection: Selection) -> list[str]:
    return [one["serial_number"] for one in select(FLEET, selection)]


@pytest.mark.parametrize(
    ("selection", "serials"),
    [
        (Selection(("fan-1", "pump-1", "fan-1")), ["fan-1", "pump-1"]),
        (Selection(all=True), ["pump-1", "pump-2", "fan-1", "temp-1"]),
        (Selection(target="Pump house"), ["pump-1", "pump-2"]),
        (Selection(sensor_type="temperature"), ["temp-1"]),
        (Selection(match="pump-*"), ["pump-1", "pump-2"]),
        (Selection(match="*-1", state="AWAKE"), ["pump-1", "fan-1", "temp-1"]),
        (Selection(all=True, state="ASLEEP"), ["pump-2"]),
    ],
)
def test_selection_chooses_those_that_pass_all_of_it(selection: Selection, serials: list[str]) -> None:
    """In the order of the fleet, or as they were named, each once."""
    assert chosen(selection) == serials


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(), "which sensors"),
        (Selection(("pump1",)), "did you mean 'pump-1'"),
        (Selection(("PUMP-2",)), r"did you mean 'pump-2'\?"),
        (Selection(target="PUMP HOUSE"), r"did you mean 'Pump house'\?"),
        (Selection(("pump-1",), all=True), "not both"),
        (Selection(("pump-1",), match="fan*"), "not both"),
        (Selection(target="Pump hose"), "did you mean 'Pump house'"),
        (Selection(sensor_type="vibrations"), "did you mean 'vibration'"),
        (Selection(match="compressor-*"), "no sensor is chosen"),
    ],
)
def test_selection_of_nobody_is_refused_with_what_may_have_been_meant(
    selection: Selection, said: str
) -> None:
    """An empty selection is a mistake, not success."""
    with pytest.raises(CtlError, match=said) as refused:
        chosen(selection)
    assert refused.value.exit_code == USAGE


def test_nothing_is_suggested_where_nothing_is_close() -> None:
    """A wild guess would not help."""
    assert did_you_mean("zzz", ["pump-1"]) == ""


def test_suggestion_of_what_differs_in_capitals_alone_is_that() -> None:
    """Not what is only close, too."""
    assert did_you_mean("PUMP-1", ["pump-1", "pump-2", "Pump-1"]) == ": did you mean 'pump-1' or 'Pump-1'?"
    assert did_you_mean("PMUP-1", ["fan", "pump-1"]) == ": did you mean 'pump-1'?"
