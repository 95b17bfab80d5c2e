"""What is put out of service, and taken back, by `iotctl alarms`."""

import pytest

from tests.integration.iotctl import Iotctl
from tests.integration.iotctl_alarms.service import ZONE, Service


def test_suppress_names_a_rule_sensors_or_a_target_and_is_taken_back(
    iotctl: Iotctl, service: Service
) -> None:
    """Who and why is kept; the list says how many alarms are silent for it."""
    service.alarm(ZONE, "alarm-1", suppressed=True)
    said = iotctl(
        "alarms",
        "suppress",
        "--target",
        "Alarm pump",
        "--serial",
        "alarm-2",
        "--for",
        "4h",
        "--reason",
        "repair",
    )
    assert "every rule of alarm-1 suppressed for 4 h" in said
    iotctl("alarms", "suppress", "--rule", ZONE, "--reason", "wrong limits")
    one, two, three = iotctl.json("alarms", "suppressions")
    assert {one["serial_number"], two["serial_number"]} == {"alarm-1", "alarm-2"}
    assert (three["rule"], three["serial_number"], three["until"], three["alarms"]) == (ZONE, None, None, 1)
    assert (one["reason"], "@" in one["by"], one["until"] is None) == ("repair", True, False)
    iotctl("alarms", "unsuppress", str(one["id"]), str(three["id"]))
    assert [row["id"] for row in iotctl.json("alarms", "suppressions")] == [two["id"]]
    assert len(iotctl.json("alarms", "suppressions", "--all")) == 3
    said = iotctl.refused(2, "alarms", "unsuppress", str(two["id"]), str(one["id"]))
    assert f"no suppression {one['id']} is in force" in said
    assert [row["id"] for row in iotctl.json("alarms", "suppressions")] == [two["id"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--reason", "x"), "--rule, --serial or --target"),
        (("--rule", "Hot"), "--reason"),
        (("--rule", "Hot", "--reason", " "), "say why"),
        (("--rule", "Cold", "--reason", "x"), "there is no rule 'Cold'"),
        (("--serial", "alarm-9", "--reason", "x"), "there is no sensor 'alarm-9'"),
        (("--rule", "Hot", "--reason", "x", "--for", "0s"), "longer than nothing"),
    ],
)
def test_suppress_of_nothing_or_without_a_reason_is_refused(
    iotctl: Iotctl, service: Service, arguments: tuple[str, ...], said: str
) -> None:
    """Exit code 2, and nothing is suppressed."""
    assert said in iotctl.refused(2, "alarms", "suppress", *arguments)
    assert iotctl.json("alarms", "suppressions") == []
