"""How alarms, rules and what they were judged by look."""

import io
import shlex
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from alarms.rules import parse
from ctl import alarm_evidence, alarm_rule_view, alarm_state_view, alarm_view
from ctl.alarm_follow import LOOK_BACK, Seen
from ctl.alarm_outbox import receiver
from ctl.alarm_select import VIEWS, bounds

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SAMPLES = {
    "serial_number": "pump-1",
    "channel": 0,
    "from": "2026-03-01T12:00:00.000500+00:00",
    "to": "2026-03-01T12:00:01.000500+00:00",
}


def alarm(**changes: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(
        ("cleared_at", "acknowledged_at", "acknowledged_by", "closed_at", "shelved_until")
    )
    return {
        "id": uuid.UUID(int=7), "state": "ACTIVE_UNACKNOWLEDGED", "severity": 800, "level": "d", "message": "zone D",
        "value": 7.4, "unit": "mm/s", "serial_number": "pump-1", "channel": 0, "channel_name": "x", "target": "Pump 1",
        "rule": "Vibration zone", "kind": "zone", "shelved": False, "suppressed": False, "occurrences": 1,
        "activated_at": NOW, "shelved_until_cleared": False, **nothing, **changes,
    }  # fmt: skip


def printed(show: Any) -> str:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    show(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("channel", "name", "shown"), [(-1, None, "pump-1"), (2, None, "pump-1/2"), (2, "z", "pump-1/z")]
)
def test_source_names_sensor_and_channel(channel: int, name: str | None, shown: str) -> None:
    """The number where a channel has no name; nothing where it is about the whole sensor."""
    assert alarm_view.source({"serial_number": "pump-1", "channel": channel, "channel_name": name}) == shown


def test_state_says_also_that_nobody_is_told() -> None:
    """Shelved and suppressed are no states of an alarm."""
    assert alarm_view.state(alarm()) == "active unacknowledged"
    assert (
        alarm_view.state(alarm(shelved=True, suppressed=True))
        == "active unacknowledged (shelved, suppressed)"
    )


def test_facts_of_an_alarm_name_value_times_and_who() -> None:
    """Each once, what there is not is left out."""
    said = printed(lambda console: console.print(alarm_view.facts(alarm(occurrences=3))))
    assert "7.4 mm/s" in said
    assert "3 times" in said
    assert not any(line.startswith(("acknowledged", "closed", "shelved")) for line in said.splitlines())
    shelved = alarm(
        shelved=True, shelved_until_cleared=True, acknowledged_at=NOW, acknowledged_by="anna@laptop"
    )
    said = printed(lambda console: console.print(alarm_view.facts(shelved)))
    assert "until it clears" in said
    assert "by anna@laptop" in said


def test_line_of_a_transition_writes_control_characters_as_escapes() -> None:
    """A comment comes from whoever; it moves no cursor."""
    row = {
        **alarm(),
        "alarm_id": uuid.UUID(int=7),
        "at": NOW,
        "kind": "SHELVED",
        "by": "a",
        "comment": "x\x1b[2Jy",
    }
    said = alarm_view.line(row).plain
    assert "\x1b" not in said
    assert "\\x1b[2Jy" in said


def test_commands_of_samples_span_all_of_them_in_whole_milliseconds() -> None:
    """They can be pasted into a shell; the channel is left out for the whole sensor."""
    plot, export = alarm_evidence.commands({"samples": SAMPLES})
    chosen = "--channel 0 --from 2026-03-01T12:00:00.000Z --to 2026-03-01T12:00:01.001Z"
    assert plot == f"iotctl plot pump-1 {chosen} --spectrum"
    assert export == f"iotctl export pump-1 {chosen} -o pump-1-20260301T120000.parquet"
    assert "--channel" not in alarm_evidence.commands({"samples": {**SAMPLES, "channel": -1}})[0]
    odd = alarm_evidence.commands({"samples": {**SAMPLES, "channel": "a b; rm"}})[0]
    assert shlex.split(odd)[4] == "a b; rm"


@pytest.mark.parametrize("samples", [None, {}, 5, {**SAMPLES, "from": None}, {**SAMPLES, "to": "soon"}])
def test_commands_of_samples_that_are_not_named_are_none(samples: Any) -> None:
    """Whatever a service has written there."""
    assert alarm_evidence.commands({"samples": samples}) == []


def test_evidence_draws_a_spectrum_and_lists_the_rest() -> None:
    """Values by name with dots; the samples as commands."""
    spectrum = {
        "frequencies_hz": [0.0, 10.0, 20.0],
        "amplitudes": [0.0, 2.0, 0.5],
        "unit": "g",
        "resolution_hz": 10,
    }
    given = {"value": 7.4, "limits": {"d": 7.1}, "spectrum": spectrum, "samples": SAMPLES}
    said = printed(
        lambda console: alarm_view.evidence({"kind": "ACTIVATED", "at": NOW, "evidence": given}, console)
    )
    assert max(said) >= "⠁", "braille"
    assert "limits.d" in said
    assert "iotctl plot pump-1" in said
    assert "amplitudes" not in said


@pytest.mark.parametrize(
    "spectrum",
    [None, 5, {}, {"amplitudes": [1.0]}, {"amplitudes": [1, 2], "frequencies_hz": [1]}, {"amplitudes": ["a", "b"]},
     {"amplitudes": [1.0, float("nan")], "resolution_hz": 1}],
)  # fmt: skip
def test_spectrum_of_another_shape_is_listed_and_not_drawn(spectrum: Any) -> None:
    """Nothing is guessed."""
    assert alarm_evidence.spectrum({"spectrum": spectrum}) is None
    given = {"kind": "CLEARED", "at": NOW, "evidence": {"spectrum": spectrum, "value": 1}}
    assert "spectrum" in printed(lambda console: alarm_view.evidence(given, console))


def test_spectrum_without_frequencies_begins_at_0_hz() -> None:
    """At its resolution."""
    found = alarm_evidence.spectrum({"spectrum": {"amplitudes": [1, 2, 3], "resolution_hz": 2.5}})
    assert found is not None
    assert found.frequencies_hz == [0.0, 2.5, 5.0]


def test_lines_cut_long_lists_and_go_inside() -> None:
    """A list says how many values it has."""
    assert alarm_evidence.lines({"a": {"b": [1.0] * 20, "c": True}, "d": None}) == [
        ("a.b", "1, 1, 1, 1, 1, 1, 1, 1, … (20 values)"),
        ("a.c", "yes"),
        ("d", "–"),
    ]


def test_evidence_of_a_diagnosis_has_lines_that_begin_with_their_frequency_and_no_limit() -> None:
    """A list of lines can be read; a verdict was compared with nothing."""
    peaks = [{"snr_db": 25.6, "frequency_hz": 132.3}, {"snr_db": 21.0, "frequency_hz": 264.6}]
    assert alarm_evidence.lines({"verdict": "inner race", "limit": 0.0, "lines": peaks}) == [
        ("verdict", "inner race"),
        ("lines", "frequency_hz 132.3, snr_db 25.6; frequency_hz 264.6, snr_db 21"),
    ]
    assert alarm_evidence.lines({"limit": 4.5}) == [("limit", "4.5")]


@pytest.mark.parametrize(
    ("text", "least", "greatest"),
    [
        ("3f", "3f000000-0000-0000-0000-000000000000", "3fffffff-ffff-ffff-ffff-ffffffffffff"),
        ("3F2B9C1E-77", "3f2b9c1e-7700-0000-0000-000000000000", "3f2b9c1e-77ff-ffff-ffff-ffffffffffff"),
        ("00000000-0000-0000-0000-000000000007",) + ("00000000-0000-0000-0000-000000000007",) * 2,
    ],
)
def test_bounds_of_the_beginning_of_an_id_hold_all_that_begin_so(
    text: str, least: str, greatest: str
) -> None:
    """With hyphens or without, in capitals or not."""
    assert bounds(text) == (uuid.UUID(least), uuid.UUID(greatest))


@pytest.mark.parametrize("text", ["", "-", "xyz", "1" * 33, "%"])
def test_bounds_of_what_begins_no_id_are_refused(text: str) -> None:
    """Nothing matches everything."""
    with pytest.raises(ValueError, match="no alarm's id"):
        bounds(text)


def test_every_view_but_that_of_closed_alarms_is_of_open_ones() -> None:
    """Usually without shelved and suppressed ones."""
    assert [name for name, view in VIEWS.items() if view.over] == ["closed"]
    assert [name for name, view in VIEWS.items() if view.shelved is False] == [
        "open",
        "active",
        "unacknowledged",
    ]


def row(number: int, seconds: float) -> Any:
    return {"id": number, "written_at": NOW + timedelta(seconds=seconds)}


def test_seen_shows_a_transition_that_commits_late_once() -> None:
    """Its number is smaller than what was shown already."""
    seen = Seen(3)
    assert [one["id"] for one in seen.fresh([row(5, 0)])] == [5]
    seen.caught_up(NOW + timedelta(seconds=1))
    assert seen.after == 3
    assert [one["id"] for one in seen.fresh([row(4, 0), row(5, 0)])] == [4]
    assert seen.fresh([row(4, 0), row(5, 0)]) == []


def test_seen_goes_on_behind_what_is_old() -> None:
    """What it remembers is bounded by the time that it looks back."""
    seen = Seen()
    seen.fresh([row(number, number) for number in range(1, 100)])
    seen.caught_up(NOW + timedelta(seconds=99.5))
    assert seen.after == 99 - LOOK_BACK.total_seconds()
    assert [one["id"] for one in seen.fresh([row(number, number) for number in range(90, 101)])] == [100]


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({"kind": "zone"}, "ISO 20816 zone C and D"),
        ({"kind": "zone", "c": None, "on_delay_s": 600}, "ISO 20816 zone D, for 10 min"),
        ({"kind": "bearing"}, "a damaged bearing, 2 times in windows of 10.0 s"),
        ({"kind": "deadman", "factor": 10}, "no measurements for 10 × the interval"),
        ({"kind": "loss"}, "missing batches ≥ 1 (high 300)"),
        ({"kind": "low_battery"}, "battery ≤ 5 % (low_low 500), ≤ 20 % (low 200)"),
        ({"kind": "geofence", "latitude": 48, "longitude": 11, "radius_m": 50}, "outside 50 m around a place"),
        (
            {"kind": "threshold", "feature": "rms", "unit": "g", "levels": {"high": {"limit": 2, "severity": 5}}},
            "rms ≥ 2 g (high 5)",
        ),
        (
            {"kind": "deviation", "feature": "kurtosis", "window_s": 1, "channel": "x",
             "levels": {"low": {"limit": -6, "severity": 5}}},
            "kurtosis of x over 1.0 s off what was learnt ≤ -6 σ (low 5)",
        ),
        (
            {"kind": "rate_of_change", "feature": "mean", "unit": "°C", "over_s": 60,
             "levels": {"high": {"limit": 5, "severity": 5}}},
            "mean changed within 1 min ≥ 5 °C (high 5)",
        ),
    ],
)  # fmt: skip
def test_judges_says_in_a_line_what_a_rule_looks_for(definition: dict[str, Any], said: str) -> None:
    """Of every kind."""
    assert alarm_rule_view.judges(parse({"for": {"all": True}, **definition})) == said


def test_words_of_an_evaluation_name_delays_what_was_learnt_and_counted() -> None:
    """As alarms.evaluation keeps them; a level whose delay runs is beyond, and not active."""
    levels = {
        "high": {"beyond": True, "active": False, "since_ns": 1_772_366_400_000_000_000},
        "low": {"beyond": False, "active": False, "since_ns": 0},
        "high_high": {"beyond": True, "active": True, "since_ns": 0},
    }
    said = alarm_state_view.words({"levels": {"last_ns": 1, "levels": levels}, "shelved_until_ns": 0}, "g")
    assert said.startswith("high beyond since 2026-03-01 ")
    assert said.endswith("its delay runs, high_high active")
    learnt = {"baseline": {"last_ns": 1, "states": {"0": [101, 2.0, 100.0, 60_000_000_000]}}}
    assert alarm_state_view.words(learnt, "g") == "learnt: 2 ± 1 g of 101 values in 1 min"
    assert alarm_state_view.words({"verdict": [3.0, 2]}) == "the same finding 2 times in a row"
    rate = {"rate": {"over_ns": 1, "points": [[0, 1.0], [30_000_000_000, 4.0]]}}
    assert alarm_state_view.words(rate, "°C") == "last value 4 °C, history of 30.0 s"


def test_words_of_an_evaluation_of_another_version_show_it_as_it_is() -> None:
    """No traceback for what is not known."""
    assert alarm_state_view.words({"levels": None, "novel": [1, 2], "verdict": 5}) == "novel 1, 2, verdict 5"


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"url": "https://hooks.example/a?token=secret"}, "https://hooks.example/a"),
        ({"to": ["a@b.example", "c@d.example"]}, "a@b.example, c@d.example"),
        ({"serial_number": "pump-1", "event": {}}, "pump-1"),
        ({"x": "y" * 100}, 'command {"x": "' + "y" * 73 + "…"),
    ],
)
def test_receiver_names_whom_a_row_of_the_outbox_is_for(payload: dict[str, Any], said: str) -> None:
    """Without what may be a secret."""
    assert receiver("command", payload) == said
