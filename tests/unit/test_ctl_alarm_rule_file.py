"""Files of rules: what is read and written, that every mistake is named with its place, and that the documentation's load."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alarms.rules import KINDS, AnyRule, Threshold, parse
from ctl.alarm_rule_file import Entry, parse_yaml, read_file, read_name, write
from ctl.errors import CtlError

ROOT = Path(__file__).resolve().parents[2]
TEXT = """
rules:
  - name: Vibration zone
    kind: zone
    for: {target: Pump 1}
    c: null
    on_delay_s: 10

  - name: Hot
    enabled: false
    kind: threshold
    for: {type: temperature}
    channel: y
    feature: mean
    unit: °C
    levels:
      high: {limit: 80, deadband: 2.5, severity: 500}
    actions:
      - {do: email, to: [anna@example.com]}
    trigger: {action: stop, escalate: [{do: publish}]}
"""


def entries(text: str) -> list[Entry]:
    return parse_yaml(text, "rules.yaml")


def contents(found: list[Entry]) -> list[tuple[str, bool, AnyRule]]:
    return [(entry.name, entry.enabled, entry.rule) for entry in found]


def refused(text: str) -> str:
    with pytest.raises(CtlError) as error:
        entries(text)
    assert error.value.exit_code == 2
    return error.value.message


def documented() -> list[str]:
    """The YAML examples of docs/alarms.md."""
    text = (ROOT / "docs" / "alarms.md").read_text()
    return re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_parse_yaml_gives_name_enabled_and_rule() -> None:
    """A channel may be called y; a rule is enabled unless the file says otherwise."""
    zone, hot = entries(TEXT)
    assert (zone.name, zone.enabled, zone.where) == ("Vibration zone", True, "line 3: rule 'Vibration zone'")
    assert (hot.name, hot.enabled) == ("Hot", False)
    assert isinstance(hot.rule, Threshold)
    assert (hot.rule.channel, hot.rule.unit, hot.rule.scope.type) == ("y", "°C", "temperature")


def test_write_of_what_was_read_is_read_as_the_same() -> None:
    """Nothing is lost, nothing added; whole numbers are written as such."""
    text = write(contents(entries(TEXT)))
    assert contents(entries(text)) == contents(entries(TEXT))
    assert "limit: 80," in text
    assert "deadband: 2.5" in text


@given(
    name=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20),
    limit=st.floats(-1e6, 1e6),
    severity=st.integers(1, 1000),
    delay=st.floats(0, 1e6),
    description=st.text(max_size=30),
    channel=st.one_of(st.none(), st.text(min_size=1, max_size=5)),
)
def test_write_of_any_text_and_number_is_read_as_the_same(
    name: str, limit: float, severity: int, delay: float, description: str, channel: str | None
) -> None:
    """Also what YAML would take for something else: on, 1e3, ~, a line end."""
    level = {"limit": limit, "severity": severity}
    rule = parse(
        {"kind": "threshold", "for": {"all": True}, "feature": "rms", "unit": "g", "levels": {"high": level}}
        | {"on_delay_s": delay, "description": description, "channel": channel}
    )
    [found] = entries(write([(name, True, rule)]))
    assert (found.name, found.rule) == (read_name(name), rule)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- name: a", "a list under `rules:`"),
        ("", "a list under `rules:`"),
        ("rules: []", "names no rules"),
        ("rules: [{name: a, kind: zone, for: {all: true}}]\nrule: 1", "'rule' is unknown"),
        ("rules:\n  - name: [", "is no YAML: line 2"),
        ("rules:\n  - name: a\n    name: b", "line 3: 'name' comes twice"),
        ("rules:\n  - {[1]: 2}", "is no YAML: line 2: this is no name"),
        ("rules: [5]", "line 1: rule 1: a rule is a map"),
        ("rules: [{name: a, for: {all: true}}]", "rule 'a': kind: missing"),
        ("rules: [{name: a, kind: zones, for: {all: true}}]", "did you mean 'zone'"),
        ("rules: [{kind: zone, for: {all: true}}]", "rule 1: name: missing"),
        ("rules: [{name: '', kind: zone, for: {all: true}}]", "name: a name is one line"),
        ("rules: [{name: a, enabled: 2, kind: zone, for: {all: true}}]", "enabled: 2 is neither"),
        ("rules: [{name: a, kind: zone, for: {all: true}, colour: red}]", "rule 'a': colour: "),
        ("rules: [{name: a, kind: zone, for: {all: true, type: x}}]", "rule 'a': for: exactly one"),
        ("rules: [{name: a, kind: zone, for: {all: true}, c: {severity: 5000}}]", "rule 'a': c.severity: "),
        ("rules: [{name: a, kind: zone, for: {all: true}, on_delay_s: .nan}]", "rule 'a': on_delay_s: "),
    ],
)
def test_parse_yaml_of_a_mistake_names_its_place_and_field(text: str, said: str) -> None:
    """In a sentence, with the file and exit code 2."""
    message = refused(text)
    assert said in message
    assert "rules.yaml" in message


def test_parse_yaml_names_all_mistakes_at_once() -> None:
    """Of every rule, with the lines of an editor; a name that comes twice is one."""
    said = refused(
        "rules:\n"
        "  - {name: a, kind: zone, for: {all: true}}\n"
        "  - {name: b, kind: zone, for: {}, hop_s: x}\n"
        "  - {name: a, kind: loss, for: {all: true}}\n"
    ).splitlines()
    assert said[0] == "nothing was imported:"
    assert [line.split(": ")[1:4] for line in said[1:]] == [
        ["line 3", "rule 'b'", "for"],
        ["line 3", "rule 'b'", "hop_s"],
        ["line 4", "rule 'a'", "name"],
    ]


def test_parse_yaml_of_too_many_mistakes_counts_the_rest() -> None:
    """A screen is not flooded."""
    said = refused("rules:\n" + "  - {name: a}\n" * 100).splitlines()
    assert len(said) == 22
    assert said[-1] == "… and 80 more"


def test_parse_yaml_of_more_rules_than_the_bound_is_refused() -> None:
    """A thousand at once."""
    rules = "".join(f"  - {{name: r{i}, kind: loss, for: {{all: true}}}}\n" for i in range(1_001))
    assert "1,001 rules; at most 1,000" in refused("rules:\n" + rules)


def test_read_file_refuses_what_is_no_text_and_what_is_too_large(tmp_path: Path) -> None:
    """Before it is parsed."""
    file = tmp_path / "rules.yaml"
    with pytest.raises(CtlError, match="cannot read"):
        read_file(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(CtlError, match="UTF-8"):
        read_file(file)
    file.write_bytes(b" " * 1_000_001)
    with pytest.raises(CtlError, match="larger than"):
        read_file(file)
    file.write_text(TEXT, "utf-8-sig")
    assert len(read_file(file)) == 2


def test_examples_of_the_documentation_can_be_imported() -> None:
    """Every one of them, and each kind has one."""
    found = [
        entry for text in documented() if "rules:" in text for entry in parse_yaml(text, "docs/alarms.md")
    ]
    assert {entry.rule.kind for entry in found} == set(KINDS)
    assert all(isinstance(yaml.safe_load(text), dict) for text in documented())


def test_example_set_can_be_imported_and_says_what_each_is_for() -> None:
    """docs/examples/alarm-rules.yaml: several kinds, no name twice, the machine's ones publish."""
    found = read_file(ROOT / "docs" / "examples" / "alarm-rules.yaml")
    assert {"zone", "bearing", "deadman", "threshold", "deviation"} <= {entry.rule.kind for entry in found}
    assert all(entry.enabled for entry in found)
