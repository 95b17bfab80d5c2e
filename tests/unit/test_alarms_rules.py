"""What a rule is: the examples of each kind, and the sentences about what is none."""

import json
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alarms.rules import (
    BATCH_FEATURES,
    KINDS,
    RATIOS,
    Deadman,
    Geofence,
    Level,
    LowBattery,
    RuleError,
    Threshold,
    Zone,
    parse,
    to_json,
)

ALL: Final = {"all": True}
HIGH: Final = {"high": {"limit": 5, "severity": 500}}
EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "threshold": {
        "kind": "threshold", "for": {"sensor": "pump-1"}, "channel": "x", "feature": "maximum", "unit": "g",
        "levels": {
            "high_high": {"limit": 8, "deadband": 0.5, "severity": 800},
            "high": {"limit": 5, "deadband": 0.5, "severity": 500},
        },
        "on_delay_s": 10, "off_delay_s": 60, "realarm_s": 3600,
        "actions": [
            {"do": "publish"},
            {"do": "change_sample_frequency", "sample_frequency_hz": 4000},
            {"do": "trigger_sensor", "action": "siren"},
            {"do": "webhook", "url": "https://example.org/alarms"},
            {"do": "email", "to": ["anna@example.org"]},
        ],
        "trigger": {"action": "stop", "acknowledge_within_s": 2, "escalate": [{"do": "publish"}]},
        "description": "the housing",
    },
    "rate_of_change": {
        "kind": "rate_of_change", "for": {"type": "temperature"}, "feature": "mean", "unit": "°C", "over_s": 600,
        "levels": {"high": {"limit": 10, "severity": 400}, "low": {"limit": -10, "severity": 400}},
    },
    "deviation": {
        "kind": "deviation", "for": {"target": "Pump 1"}, "feature": "velocity_rms", "unit": "mm/s", "window_s": 1,
        "learn_s": 3600, "learn_values": 200, "levels": {"high": {"limit": 4, "severity": 400}},
        "operating_states": {"feature": "rms", "unit": "g", "bounds": [0.1, 1]},
    },
    "zone": {"kind": "zone", "for": ALL, "c": None, "d": {"severity": 900, "deadband": 0.2}},
    "bearing": {"kind": "bearing", "for": {"target": "Pump 1"}, "confirmations": 3},
    "deadman": {"kind": "deadman", "for": ALL, "factor": 3, "interval_s": 1},
    "loss": {"kind": "loss", "for": ALL},
    "geofence": {
        "kind": "geofence", "for": {"type": "excavator"},
        "polygon": [[48.1, 11.5], [48.2, 11.5], [48.2, 11.6]], "when": "inside",
    },
    "low_battery": {"kind": "low_battery", "for": ALL},
}  # fmt: skip


def changed(kind: str, **fields: Any) -> dict[str, Any]:
    """An example with other fields; None takes one away."""
    made = {**EXAMPLES[kind], **fields}
    return {name: value for name, value in made.items() if value is not None or name not in fields}


def wrong(definition: dict[str, Any]) -> str:
    with pytest.raises(RuleError) as caught:
        parse(definition)
    return str(caught.value)


def test_there_is_an_example_of_each_kind() -> None:
    """So that none is forgotten below."""
    assert tuple(EXAMPLES) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_parse_accepts_the_example_and_reads_its_own_json_as_the_same_rule(kind: str) -> None:
    """As the database keeps it, and as YAML has it."""
    rule = parse(EXAMPLES[kind])
    assert rule.kind == kind
    kept = json.loads(json.dumps(to_json(rule)))
    assert parse(kept) == rule
    assert to_json(parse(kept)) == kept


def test_to_json_has_only_what_is_not_the_default() -> None:
    """So that a rule reads as it was written."""
    assert to_json(parse(EXAMPLES["loss"])) == {"kind": "loss", "for": {"all": True}}
    assert to_json(parse(EXAMPLES["zone"])) == EXAMPLES["zone"]


def test_parse_gives_the_defaults_of_the_kinds() -> None:
    """What docs/alarms.md says of a rule with nothing but its kind and scope."""
    zone, deadman = parse({"kind": "zone", "for": ALL}), parse({"kind": "deadman", "for": ALL})
    assert isinstance(zone, Zone)
    assert zone.c is not None
    assert zone.d is not None
    assert (zone.window_s, zone.c.severity, zone.d.severity, zone.on_delay_s) == (1.0, 500, 800, 0.0)
    assert isinstance(deadman, Deadman)
    assert (deadman.factor, deadman.interval_s, deadman.least_s) == (5.0, None, 5.0)
    battery = parse({"kind": "low_battery", "for": ALL})
    assert isinstance(battery, LowBattery)
    assert list(battery.levels.given()) == ["low_low", "low"]


def test_given_has_the_most_severe_of_each_side_first() -> None:
    """And only those that there are."""
    rule = parse(EXAMPLES["threshold"])
    assert isinstance(rule, Threshold)
    assert rule.levels.given() == {
        "high_high": Level(limit=8, deadband=0.5, severity=800),
        "high": Level(limit=5, deadband=0.5, severity=500),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_parse_refuses_a_field_that_it_does_not_know_with_its_name(kind: str) -> None:
    """A typing error must not become a default."""
    assert wrong(changed(kind, on_dealy_s=5)) == "on_dealy_s: Extra inputs are not permitted"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scope", [{}, {"sensor": "a", "target": "b"}, {"type": "a", "all": True}])
def test_parse_refuses_no_scope_and_two(kind: str, scope: dict[str, Any]) -> None:
    """Whom it is for must be certain."""
    assert wrong(changed(kind, **{"for": scope})) == "for: exactly one of sensor, target, type, all: true"


@pytest.mark.parametrize(
    ("definition", "line"),
    [
        ({"for": ALL}, "kind"),
        ({"kind": "treshold", "for": ALL}, "'treshold'"),
        (changed("loss", **{"for": None}), "for: Field required"),
        (changed("loss", **{"for": {"all": False}}), "for.all: Input should be True"),
        (changed("threshold", unit=None), "the unit of the limits of maximum is not declared"),
        (changed("threshold", feature="loudness"), "feature: Input should be 'maximum'"),
        (changed("threshold", feature="peak"), "peak needs a window: window_s"),
        (changed("threshold", hop_s=1), "hop_s without window_s"),
        (changed("threshold", feature="kurtosis", window_s=1), "kurtosis is a ratio and has no unit"),
        (
            changed("threshold", feature="velocity_rms", window_s=1),
            "velocity_rms is in a unit of velocity, as mm/s",
        ),
        (changed("threshold", feature="velocity_rms", window_s=1, unit="furlong"), "furlong"),
        (changed("threshold", levels={}), "levels: at least one of high_high, high, low, low_low"),
        (
            changed("threshold", levels={**HIGH, "high_high": {"limit": 5, "severity": 800}}),
            "levels: the limit of high (5) is not below that of high_high (5)",
        ),
        (
            changed("threshold", levels={**HIGH, "low": {"limit": 6, "severity": 500}}),
            "levels: the limit of low (6) is not below that of high (5)",
        ),
        (changed("threshold", levels={"high": {"limit": 5}}), "levels.high.severity: Field required"),
        (
            changed("threshold", levels={"high": {"limit": 5, "severity": 0}}),
            "levels.high.severity: Input should be greater than or equal to 1",
        ),
        (
            changed("threshold", levels={"high": {"limit": float("nan"), "severity": 5}}),
            "levels.high.limit: Input should be a finite number",
        ),
        (
            changed("threshold", levels={"high": {"limit": 5, "severity": 5, "deadband": -1}}),
            "levels.high.deadband: Input should be greater than or equal to 0",
        ),
        (changed("threshold", on_delay_s=-1), "on_delay_s: Input should be greater than or equal to 0"),
        (changed("threshold", actions=[{"do": "shout"}]), "actions.0: "),
        (
            changed("threshold", actions=[{"do": "webhook", "url": "ftp://x"}]),
            "actions.0.webhook.url: String should match",
        ),
        (
            changed("threshold", actions=[{"do": "email", "to": ["anna"]}]),
            "actions.0.email.to.0: String should match",
        ),
        (
            changed("threshold", trigger={"action": ""}),
            "trigger.action: String should have at least 1 character",
        ),
        (changed("rate_of_change", over_s=None), "over_s: Field required"),
        (changed("deviation", window_s=None, feature="rms"), "operating_states need a window: window_s"),
        (
            changed("deviation", operating_states={"unit": "g", "bounds": [1, 1]}),
            "operating_states: bounds rise",
        ),
        ({"kind": "zone", "for": ALL, "c": None, "d": None}, "at least one of c and d"),
        (changed("bearing", confirmations=0), "confirmations: Input should be greater than or equal to 1"),
        (changed("deadman", factor=1), "factor: Input should be greater than or equal to 1.5"),
        (changed("geofence", polygon=None), "a circle (latitude, longitude, radius_m), or a polygon"),
        (changed("geofence", latitude=48.0), "a circle (latitude, longitude, radius_m), or a polygon"),
        (
            changed("geofence", polygon=[[91, 0], [0, 0], [1, 1]]),
            "polygon.0.0: Input should be less than or equal to 90",
        ),
        (changed("geofence", latitude=1.0, longitude=1.0, radius_m=5.0), "or a polygon"),
    ],
)
def test_parse_refuses_what_is_no_rule_with_a_sentence_that_names_the_field(
    definition: dict[str, Any], line: str
) -> None:
    """One mistake, one line."""
    said = wrong(definition)
    assert line in said
    assert "\n" not in said
    assert "Value error" not in said


def test_parse_names_every_mistake_in_a_line_of_its_own() -> None:
    """So that one import shows all of them."""
    said = wrong(changed("threshold", on_delay_s=-1, off_delay_s=-1, colour="red")).splitlines()
    assert [line.split(":")[0] for line in said] == ["on_delay_s", "off_delay_s", "colour"]


def test_parse_leaves_the_definition_as_it_is() -> None:
    """The caller shows it again where it is refused."""
    definition = json.loads(json.dumps(EXAMPLES["threshold"]))
    parse(definition)
    assert definition == EXAMPLES["threshold"]


@pytest.mark.parametrize(
    ("window_s", "hop_s", "hop"), [(None, None, 0.0), (2.0, None, 2.0), (2.0, 0.5, 0.5), (2.0, 60.0, 60.0)]
)
def test_hop_is_the_window_where_it_is_not_given(
    window_s: float | None, hop_s: float | None, hop: float
) -> None:
    """Windows that touch; without one there is none."""
    rule = parse(changed("threshold", window_s=window_s, hop_s=hop_s))
    assert isinstance(rule, Threshold)
    assert rule.hop == hop


def test_parse_accepts_a_circle_and_a_polygon() -> None:
    """Either of them."""
    circle = parse(changed("geofence", polygon=None, latitude=48.1, longitude=11.5, radius_m=500))
    assert isinstance(circle, Geofence)
    assert (circle.radius_m, circle.polygon, circle.deadband_m) == (500, None, 20.0)
    assert parse(to_json(circle)) == circle


FINITE: Final = st.floats(-1e9, 1e9)
SEVERITY: Final = st.integers(1, 1000)
DELAY: Final = st.floats(0, 31_536_000)
SCOPE: Final = st.just({"all": True}) | st.builds(
    lambda what, name: {what: name},
    st.sampled_from(["sensor", "target", "type"]),
    st.text(min_size=1, max_size=20),
)


@st.composite
def thresholds(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.sets(st.sampled_from(["low_low", "low", "high", "high_high"]), min_size=1))
    limits = sorted(draw(st.sets(FINITE, min_size=len(names), max_size=len(names))))
    ordered = [name for name in ("low_low", "low", "high", "high_high") if name in names]
    feature = draw(st.sampled_from([*BATCH_FEATURES, *RATIOS]))
    made: dict[str, Any] = {
        "kind": "threshold",
        "for": draw(SCOPE),
        "feature": feature,
        "levels": {
            name: {"limit": limit, "deadband": draw(st.floats(0, 1e6)), "severity": draw(SEVERITY)}
            for name, limit in zip(ordered, limits, strict=True)
        },
        "on_delay_s": draw(DELAY),
        "off_delay_s": draw(DELAY),
        "description": draw(st.text(max_size=50)),
    }
    if feature in RATIOS or draw(st.booleans()):
        made["window_s"] = draw(st.floats(0.01, 3600))
    if feature not in RATIOS:
        made["unit"] = draw(st.sampled_from(["g", "m/s²", "mm/s", "°C"]))
    return made


@settings(max_examples=100, deadline=None)
@given(thresholds())
def test_to_json_of_any_threshold_reads_back_as_the_same_rule(definition: dict[str, Any]) -> None:
    """Through JSON, to the last bit of a limit."""
    rule = parse(definition)
    assert parse(json.loads(json.dumps(to_json(rule)))) == rule


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["for", "feature", "unit", "levels", "window_s", "polygon", "c", "actions", "trigger"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=3)
        | st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
    ),
    st.sampled_from(KINDS),
)  # fmt: skip
def test_parse_of_anything_is_a_rule_or_a_rule_error(fields: dict[str, Any], kind: str) -> None:
    """What an editor or another program has written ends in a sentence, never in another exception."""
    try:
        rule = parse({"kind": kind, **fields})
    except RuleError as error:
        assert str(error)
    else:
        assert rule.kind == kind
