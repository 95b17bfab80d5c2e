"""Rules by `iotctl alarms rules`: a file, options, what is judged and why not."""

from pathlib import Path
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from stack.local import Stack
from tests.integration.iotctl import Iotctl
from tests.integration.iotctl_alarms.service import HOT, RULES, ZONE, Service, listed
from tests.integration.pipeline import Database, connect


def evaluated(stack: Stack, rule: str, serial: str, state: dict[str, Any], reason: str = "") -> None:
    with connect(stack, "alarms") as database:
        database.execute(
            "INSERT INTO alarm_evaluation (rule_id, sensor_id, channel, version, state, reason)"
            " SELECT r.id, s.id, -1, r.version, %s, %s FROM alarm_rule r, sensor s"
            " WHERE r.name = %s AND s.serial_number = %s",
            [Jsonb(state), reason, rule, serial],
        )


def test_import_adds_changes_and_leaves_what_is_the_same(iotctl: Iotctl, rules: Path) -> None:
    """A new version only where the definition is another; a dry run writes nothing; who changed it is kept."""
    assert {row["done"] for row in iotctl.json("alarms", "rules", "import", str(rules))} == {"unchanged"}
    rules.write_text(RULES.replace("limit: 80", "limit: 85"))
    zone, hot = iotctl.json("alarms", "rules", "import", str(rules), "--dry-run")
    assert (zone["done"], hot["done"], hot["fields"], hot["version"]) == (
        "unchanged",
        "changed",
        ["levels"],
        2,
    )
    assert {row["version"] for row in iotctl.json("alarms", "rules", "list")} == {1}
    iotctl("alarms", "rules", "import", str(rules))
    hot, zone = iotctl.json("alarms", "rules", "list")
    assert (hot["name"], hot["version"], hot["definition"]["levels"]["high"]["limit"]) == (HOT, 2, 85)
    assert (zone["version"], "@" in hot["changed_by"]) == (1, True)


def test_import_with_one_mistake_writes_nothing(iotctl: Iotctl, tmp_path: Path) -> None:
    """Nor the rule that precedes it."""
    file = tmp_path / "rules.yaml"
    file.write_text(RULES.replace("limit: 80", "limit: hot"))
    said = iotctl.refused(2, "alarms", "rules", "import", str(file))
    assert "line 6: rule 'Hot': levels.high.limit" in said
    assert iotctl.json("alarms", "rules", "list") == []


def test_import_of_a_rule_for_who_is_not_known_yet_says_so(iotctl: Iotctl, tmp_path: Path) -> None:
    """And does it: the sensor may come."""
    file = tmp_path / "rules.yaml"
    file.write_text(RULES.replace("alarm-2", "alarm-9"))
    zone, hot = iotctl.json("alarms", "rules", "import", str(file))
    assert zone["note"] == ""
    assert hot["note"].startswith("no sensor 'alarm-9' is known yet: did you mean")
    assert hot["done"] == "added"


def test_export_is_what_import_takes(iotctl: Iotctl, rules: Path, tmp_path: Path) -> None:
    """Of all, or of those that are named; a disabled rule is exported as such."""
    iotctl("alarms", "rules", "disable", HOT)
    text = iotctl("alarms", "rules", "export")
    assert "enabled: false" in text
    file = tmp_path / "exported.yaml"
    file.write_text(text)
    assert {row["done"] for row in iotctl.json("alarms", "rules", "import", str(file))} == {"unchanged"}
    assert HOT not in iotctl("alarms", "rules", "export", ZONE)
    assert "did you mean 'Vibration zone'" in iotctl.refused(2, "alarms", "rules", "export", "vibration zone")


def test_add_and_set_change_a_rule_by_options(iotctl: Iotctl) -> None:
    """The fields that are given; the same again changes nothing."""
    arguments = ("--kind", "threshold", "--for-all", "--feature", "rms", "--unit", "g", "--high", "2:500:0.1")
    iotctl("alarms", "rules", "add", "Shaking", *arguments)
    assert "already" in iotctl.refused(2, "alarms", "rules", "add", "Shaking", *arguments)
    assert "version 2" in iotctl("alarms", "rules", "set", "Shaking", "--high", "3:500", "--on-delay", "1m")
    shown = iotctl.json("alarms", "rules", "show", "Shaking")
    assert shown["definition"]["levels"] == {"high": {"limit": 3.0, "severity": 500}}
    assert shown["definition"]["on_delay_s"] == 60
    assert "like that already" in iotctl("alarms", "rules", "set", "Shaking", "--field", "off_delay_s=0")
    assert "nothing to change" in iotctl.refused(2, "alarms", "rules", "set", "Shaking")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "which rule?"),
        (("--kind", "zone"), "for: "),
        (("--kind", "zone", "--for-all", "--for-type", "x"), "one of them"),
        (("--kind", "threshold", "--for-all", "--feature", "rms", "--high", "1:5"), "the unit of the limits"),
        (("--kind", "zone", "--for-all", "--file", "rules.yaml"), "not both"),
    ],
)
def test_add_of_what_is_no_rule_is_refused_with_what_is_wrong(
    iotctl: Iotctl, arguments: tuple[str, ...], said: str
) -> None:
    """Exit code 2, and nothing is written."""
    assert said in iotctl.refused(2, "alarms", "rules", "add", "Wrong", *arguments)
    assert iotctl.json("alarms", "rules", "list") == []


def test_set_from_a_file_takes_the_rule_of_that_name(iotctl: Iotctl, rules: Path) -> None:
    """A file without it is refused with those that it has."""
    rules.write_text(RULES.replace("severity: 500", "severity: 600"))
    assert "changed: levels, version 2" in iotctl("alarms", "rules", "set", HOT, "--file", str(rules))
    iotctl("alarms", "rules", "add", "Other", "--kind", "loss", "--for-all")
    assert "has no rule 'Other', but 'Vibration zone', 'Hot'" in iotctl.refused(
        2, "alarms", "rules", "set", "Other", "--file", str(rules)
    )


def test_disable_and_enable_make_no_new_version(iotctl: Iotctl, rules: Path) -> None:
    """Nor does doing it twice."""
    assert "disabled" in iotctl("alarms", "rules", "disable", HOT)
    assert "disabled already" in iotctl("alarms", "rules", "disable", HOT)
    assert {
        row["name"]: (row["enabled"], row["version"]) for row in iotctl.json("alarms", "rules", "list")
    } == {
        HOT: (False, 1),
        ZONE: (True, 1),
    }
    assert "enabled" in iotctl("alarms", "rules", "enable", HOT)


def test_remove_keeps_the_alarms_and_frees_the_name(iotctl: Iotctl, rules: Path, service: Service) -> None:
    """It asks while alarms are open; a rule of that name can be added again."""
    alarm = service.alarm(HOT, "alarm-2")
    assert "1 open alarms" in iotctl.refused(2, "alarms", "rules", "remove", HOT)
    iotctl("alarms", "rules", "remove", HOT, "--yes")
    assert iotctl.json("alarms", "show", alarm)["rule"] == HOT
    assert listed(iotctl, "--rule", HOT) == ["Hot of alarm-2"]
    assert [row["done"] for row in iotctl.json("alarms", "rules", "import", str(rules))] == [
        "unchanged",
        "added",
    ]
    assert iotctl.json("alarms", "rules", "show", HOT)["alarms"] == 0


def test_show_says_for_each_source_where_its_evaluation_is(
    stack: Stack, iotctl: Iotctl, service: Service
) -> None:
    """The reason where there is no verdict, first; the list counts both."""
    service.alarm(ZONE, "alarm-1")
    evaluated(stack, ZONE, "alarm-2", {}, "the sensor sits on no target")
    evaluated(
        stack, ZONE, "alarm-1", {"levels": {"levels": {"C": {"beyond": True, "active": True, "since_ns": 0}}}}
    )
    without, judged = iotctl.json("alarms", "rules", "show", ZONE)["sources"]
    assert (without["source"], without["reason"]) == ("alarm-2", "the sensor sits on no target")
    assert (judged["evaluation"], judged["alarm"]) == ("C active", "high, active unacknowledged")
    said = iotctl("alarms", "rules", "show", ZONE)
    assert "kind: zone" in said
    assert "the sensor sits on no target" in said
    [row] = [row for row in iotctl.json("alarms", "rules", "list") if row["name"] == ZONE]
    assert (row["sources"], row["without_verdict"], row["alarms"]) == (2, 1, 1)


def test_relearn_forgets_what_was_learnt_and_makes_a_new_version(
    stack: Stack, iotctl: Iotctl, rules: Path
) -> None:
    """Of rules that learn; others are refused, and nothing is done."""
    arguments = ("--kind", "deviation", "--for-all", "--feature", "rms", "--unit", "g", "--high", "6:400")
    iotctl("alarms", "rules", "add", "Unusual", *arguments)
    evaluated(stack, "Unusual", "alarm-1", {"baseline": {"last_ns": 1, "states": {"0": [9, 1.0, 1.0, 9]}}})
    assert "only rules of kind deviation" in iotctl.refused(
        2, "alarms", "rules", "relearn", "Unusual", HOT, "-y"
    )
    assert "learnt: 1 ± 0.35 g of 9 values" in iotctl("alarms", "rules", "show", "Unusual")
    assert "1 sources forgotten" in iotctl("alarms", "rules", "relearn", "Unusual", "-y")
    shown = iotctl.json("alarms", "rules", "show", "Unusual")
    assert (shown["version"], shown["sources"]) == (2, [])


def test_a_rule_of_a_newer_version_hides_no_other(iotctl: Iotctl, rules: Path, owner: Database) -> None:
    """The list says what is wrong with it."""
    owner.execute("UPDATE alarm_rule SET definition = definition || '{\"novel\": 1}' WHERE name = %s", [HOT])
    hot, zone = iotctl.json("alarms", "rules", "list")
    assert "of another version than this iotctl: novel" in hot["judges"]
    assert zone["judges"] == "ISO 20816 zone C and D"
    assert "another version" in iotctl.refused(1, "alarms", "rules", "export")
