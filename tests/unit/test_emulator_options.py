"""The command line of the emulator: what cannot be is refused in a sentence, before anything runs."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from emulator.__main__ import main
from emulator.fleet_plan import Fleet, plans, ring_bytes
from emulator.options import Number
from emulator.sensor import Sensor

NUMBERS = [
    parameter.opts[0]
    for parameter in main.params
    if not isinstance(parameter.type, click.Path | click.types.StringParamType | click.types.BoolParamType)
]


def refused(tmp_path: Path, *arguments: str) -> str:
    """What it says; it neither runs nor fails otherwise."""
    credentials = tmp_path / "credentials.json"
    credentials.write_text("{}")
    result = CliRunner().invoke(main, ["--credentials", str(credentials), *arguments])
    assert result.exit_code == 2, (result.output, result.exception)
    return result.output


@pytest.mark.parametrize("value", ["-3", "nan", "inf", "-inf", "1e300", "many", "9" * 40])
@pytest.mark.parametrize("option", NUMBERS)
def test_number_that_cannot_be_is_refused_by_the_name_of_its_option(
    tmp_path: Path, option: str, value: str
) -> None:
    """Also a NaN, which no comparison catches, and whatever a number of ours becomes when it is used."""
    assert option in refused(tmp_path, option, value)


@pytest.mark.parametrize("option", sorted({*NUMBERS} - {"--duration"}))
def test_zero_is_refused(tmp_path: Path, option: str) -> None:
    """Nothing can be divided by it."""
    assert option in refused(tmp_path, option, "0")


@pytest.mark.parametrize("parameter", [one for one in main.params if one.opts[0] in NUMBERS], ids=str)
def test_every_number_has_a_range(parameter: click.Parameter) -> None:
    """With two ends."""
    assert isinstance(parameter.type, Number | click.IntRange)
    assert None not in (parameter.type.min, parameter.type.max)


@pytest.mark.parametrize("value", ["", "5", "5:", ":5", "-1:2", "1:nan", "1:2:3"])
def test_clock_step_that_is_none_is_refused_by_the_name_of_its_option(tmp_path: Path, value: str) -> None:
    """It is AT:BY."""
    assert "--clock-step" in refused(tmp_path, "--clock-step", value)


def test_load_that_no_sensor_can_make_is_refused(tmp_path: Path) -> None:
    """Each number is in its range, and what they come to together is not."""
    said = refused(tmp_path, "--load", "1000000", "--samples-per-batch", "65536", "--sensors", "2")
    assert "sample frequency of 3.2768e+10 Hz" in said


@pytest.mark.parametrize("content", ["[]", '{"pump-1": 1}', "no JSON"])
def test_credentials_that_are_none_are_refused_in_a_sentence(tmp_path: Path, content: str) -> None:
    """It says what is expected."""
    (tmp_path / "bad.json").write_text(content)
    result = CliRunner().invoke(main, ["--credentials", str(tmp_path / "bad.json")])
    assert result.exit_code == 1
    assert "no JSON file of serial numbers and passwords" in result.output


@pytest.mark.parametrize(
    ("sensors", "each"), [(1, 500_000), (50, 500_000), (120, 500_000), (500, 120_000), (5_000, 62_000)]
)
def test_rings_of_a_fleet_are_bounded_together(sensors: int, each: int) -> None:
    """60 MB, but a few batches each."""
    assert ring_bytes(sensors) == each


def test_smallest_ring_holds_five_batches_of_vibration() -> None:
    """As a large fleet's sensors have it."""
    [plan] = plans(Fleet(1, ring_bytes=ring_bytes(10_000)))
    sensor = Sensor(plan, 10**18)
    sensor.tick(10**18 + 20 * 10**9)
    assert len(sensor.ring) == 5
