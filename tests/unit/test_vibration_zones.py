"""The zones of ISO 10816-3: verdicts, and reasons for none."""

import math

import numpy as np
import pytest

from vibration.units import Quantity
from vibration.velocity import Velocity
from vibration.zones import (
    Limits,
    Machine,
    TableError,
    Zone,
    assess,
    assess_samples,
    default_table,
    read_table,
)

PUMP = Machine(machine_group=2, support="rigid", rated_power_kw=55.0, speed_rpm=1480.0)


def velocity(
    rms: float, *, unit: str = "mm/s", sample_frequency_hz: float = 4000.0, lower_hz: float = 10.0
) -> Velocity:
    return Velocity(Quantity(np.asarray(rms), unit), lower_hz, 1000.0, sample_frequency_hz)


@pytest.mark.parametrize(
    ("group", "support", "boundaries"),
    [(1, "rigid", (2.3, 4.5, 7.1)), (1, "flexible", (3.5, 7.1, 11.0)),
     (2, "rigid", (1.4, 2.8, 4.5)), (2, "flexible", (2.3, 4.5, 7.1))],
)  # fmt: skip
def test_boundaries_are_the_standards(
    group: int, support: str, boundaries: tuple[float, float, float]
) -> None:
    """A value on a boundary is in the better zone, one above it in the worse."""
    machine = PUMP._replace(machine_group=group, support=support)
    for limit, better, worse in zip(boundaries, "ABC", "BCD", strict=True):
        assert assess(velocity(limit), machine).zone == better
        assert assess(velocity(limit * 1.001), machine).zone == worse
    verdict = assess(velocity(0.0), machine)
    assert (verdict.zone, verdict.limits) == (Zone.A, Limits(*boundaries))
    assert verdict.source.startswith("ISO 10816-3:2009")
    assert assess(velocity(math.nextafter(1e9, 0)), machine).zone is Zone.D


def test_table_has_nothing_else() -> None:
    """Four rows."""
    assert len(default_table().limits) == 4


def test_verdict_says_what_it_rests_on() -> None:
    """In a sentence, with the value, the boundaries, the group and the support; from any unit of velocity."""
    verdict = assess(velocity(0.0031, unit="m/s"), PUMP)
    assert verdict.zone is Zone.C
    assert verdict.reason == "velocity RMS 3.1 mm/s in zone C of 1.4/2.8/4.5 mm/s (group 2, rigid)"


@pytest.mark.parametrize(
    ("power", "height", "limits"),
    [(15.0, None, (1.4, 2.8, 4.5)), (300.0, None, (1.4, 2.8, 4.5)), (300.1, None, (2.3, 4.5, 7.1)),
     (None, 160.0, (1.4, 2.8, 4.5)), (None, 314.9, (1.4, 2.8, 4.5)), (None, 315.0, (2.3, 4.5, 7.1)),
     (200.0, 315.0, (2.3, 4.5, 7.1)), (400.0, 200.0, (2.3, 4.5, 7.1)), (55.0, 132.0, (1.4, 2.8, 4.5))],
)  # fmt: skip
def test_group_follows_from_power_and_shaft_height(
    power: float | None, height: float | None, limits: tuple[float, float, float]
) -> None:
    """Over 300 kW or from 315 mm it is group 1, else group 2, where the target does not say."""
    machine = Machine(None, "rigid", power, 1480.0, height)
    assert assess(velocity(1.0), machine).limits == limits


def test_declared_group_is_taken_as_it_is() -> None:
    """Who set up the target knows the machine."""
    assert assess(velocity(1.0), PUMP._replace(machine_group=1)).limits == (2.3, 4.5, 7.1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rated_power_kw": 14.9}, "rated power 14.9 kW: zones are for 15 to 50000 kW"),
        ({"rated_power_kw": 60_000.0}, "rated power 60000 kW"),
        ({"speed_rpm": 119.0}, "speed 119 rpm: zones are for 120 to 15000 rpm"),
        ({"speed_rpm": 15_001.0}, "speed 15001 rpm"),
        ({"speed_rpm": None}, "the speed is not known"),
        ({"support": None}, "the support is not known"),
        ({"machine_group": 3}, "group 3, rigid, is not in the table of ISO 10816-3:2009"),
        ({"machine_group": None, "rated_power_kw": None}, "neither the group nor the power nor a shaft height"),
        ({"machine_group": None, "rated_power_kw": None, "shaft_height_mm": 132.0}, "neither the group"),
    ],
)  # fmt: skip
def test_machine_that_the_table_is_not_for_has_no_verdict(change: dict[str, float | None], says: str) -> None:
    """But the reason."""
    verdict = assess(velocity(3.0), PUMP._replace(**change))  # type: ignore[arg-type]  # by name
    assert verdict.zone is None
    assert says in verdict.reason


@pytest.mark.parametrize(
    ("measured", "says"),
    [
        (velocity(3.0, sample_frequency_hz=1999.0), "sample frequency 1999 Hz: a zone needs 2000 Hz or more"),
        (velocity(3.0, lower_hz=2.0), "measured from 2 Hz: at 1480 rpm a zone needs 10 Hz"),
        (velocity(math.nan), "not a number"),
    ],
)
def test_velocity_measured_otherwise_has_no_verdict(measured: Velocity, says: str) -> None:
    """From too few samples a second, or in another band than the speed asks for."""
    verdict = assess(measured, PUMP)
    assert verdict.zone is None
    assert says in verdict.reason


def test_limits_of_the_scope_are_in_it() -> None:
    """15 kW, 120 rpm from 2 Hz, and a sample frequency of 2 kHz have a verdict."""
    machine = PUMP._replace(rated_power_kw=15.0, speed_rpm=120.0)
    assert assess(velocity(1.0, sample_frequency_hz=2000.0, lower_hz=2.0), machine).zone is Zone.A


def shaking(
    rms_mm_s: float, sample_frequency_hz: float, duration_s: float = 1.0
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    time = np.arange(round(duration_s * sample_frequency_hz)) / sample_frequency_hz
    return rms_mm_s * math.sqrt(2) * 2 * np.pi * 25 / 9806.65 * np.sin(2 * np.pi * 25 * time)


@pytest.mark.parametrize(("rms", "zone"), [(1.3, "A"), (1.5, "B"), (2.9, "C"), (4.6, "D")])
def test_samples_of_a_machine_are_judged(rms: float, zone: str) -> None:
    """From acceleration in g to the zone."""
    assert assess_samples(shaking(rms, 4000.0), 4000.0, "g", PUMP).zone == zone


@pytest.mark.parametrize(
    ("sample_frequency_hz", "unit", "duration_s", "says"),
    [
        (4000.0, "", 1.0, "the unit is not declared"),
        (4000.0, "bar", 1.0, "the unit 'bar' is unknown"),
        (1000.0, "g", 1.0, "sample frequency 1000 Hz"),
        (4000.0, "g", 0.3, "needs 0.4 s"),
    ],
)
def test_samples_that_cannot_be_judged_say_why(
    sample_frequency_hz: float, unit: str, duration_s: float, says: str
) -> None:
    """A missing unit, too few samples a second, too short a window: no zone, and no error."""
    verdict = assess_samples(shaking(3.0, sample_frequency_hz, duration_s), sample_frequency_hz, unit, PUMP)
    assert verdict.zone is None
    assert says in verdict.reason


def test_machine_is_read_from_a_targets_row() -> None:
    """Columns have the fields' names; others are left alone, missing ones are not known."""
    row = {
        "name": "Pump 1",
        "machine_group": 2,
        "support": "rigid",
        "rated_power_kw": 55.0,
        "speed_rpm": 1480.0,
    }
    assert Machine.of(row) == PUMP


TABLE = """
source = "ours"
unit = "mm/s"
scope = {minimum_power_kw = 1, maximum_power_kw = 9e9, minimum_speed_rpm = 1, maximum_speed_rpm = 9e9}
groups = {group_1_above_power_kw = 300, group_1_from_shaft_height_mm = 315, group_2_from_shaft_height_mm = 160}
measurement = {minimum_sample_frequency_hz = 2000}
limits = [{group = 2, support = "rigid", boundaries = [1, 2, 3]}]
"""


def test_another_table_is_another_verdict() -> None:
    """Values are configuration; the source is named with the verdict."""
    verdict = assess(velocity(2.5), PUMP._replace(rated_power_kw=1.1), read_table(TABLE))
    assert (verdict.zone, verdict.source) == (Zone.C, "ours")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('source = "ours"', "", "has no source"),
        ("minimum_power_kw = 1,", "", "has no minimum_power_kw"),
        ("[1, 2, 3]", "[1, 3, 2]", "group 2, rigid, do not rise"),
        ("[1, 2, 3]", "[1, 2]", "cannot be read"),
        ("[1, 2, 3]", '["x", 2, 3]', "cannot be read"),
        ('"mm/s"', '"in/s"', "mm/s is known"),
        ('"mm/s"', '"furlong"', "furlong"),
        ("limits = [", "limits = ", "cannot be read"),
    ],
)
def test_broken_table_is_refused(old: str, new: str, says: str) -> None:
    """With what is wrong with it."""
    with pytest.raises(TableError, match=says):
        read_table(TABLE.replace(old, new))
