"""Judging batches of known truth: features, zones, windows, silence, positions; restarts, requests, rules that change."""

import json
from typing import Any

import numpy as np
import pytest

from alarms.evaluation import Kept
from alarms.fleet import Suppression
from alarms.judge import Ask, Judge, Opened
from alarms.life import UNTIL_CLEARED, Kind
from tests.unit.alarm_fleet import AWAKE, PUMP, START_NS, STREAM, Bench, fleet, kinds, rule, sensor, sine
from tests.unit.bearing_simulator import SHAFT_HZ
from tests.unit.bearing_simulator import machine as simulated
from vibration.evidence import Element
from wire.codec import Position

HIGH = {"high": {"limit": 1.0, "deadband": 0.2, "severity": 500}}
FAST = {"kind": "threshold", "feature": "maximum", "unit": "g", "levels": HIGH}
G = 9.80665
RPM = SHAFT_HZ * 60


def velocity_amplitude_g(rms_mm_s: float, hz: float) -> float:
    """The amplitude in g of a sine of this velocity RMS."""
    return float(rms_mm_s * np.sqrt(2) * 2 * np.pi * hz / 1000 / G)


def test_batch_beyond_the_limit_activates_with_evidence_and_clears_below_the_deadband() -> None:
    """A rule without a window is judged by each batch; the evidence says where its samples are."""
    bench = Bench(FAST)
    assert bench.batch(sine(0.5, 50)) == []
    [event] = bench.batch(sine(1.5, 50))
    assert event.transition.kind is Kind.ACTIVATED
    assert event.value == pytest.approx(1.5, rel=0.01)
    assert event.evidence["samples"]["serial_number"] == "pump-1"
    lines = event.evidence["spectrum"]
    assert lines["frequencies_hz"][int(np.argmax(lines["amplitudes"]))] == pytest.approx(50, abs=3)
    assert bench.batch(sine(0.9, 50)) == [], "within the deadband"
    assert kinds(bench.batch(sine(0.7, 50))) == ["CLEARED"]


def test_limits_in_another_unit_of_the_kind_are_compared_in_it() -> None:
    """A channel in g against limits in m/s²."""
    bench = Bench({**FAST, "unit": "m/s²", "levels": {"high": {"limit": 9.0, "severity": 500}}})
    assert bench.batch(sine(0.9, 50)) == []
    [event] = bench.batch(sine(1.0, 50))
    assert event.value == pytest.approx(G, rel=0.01)
    assert event.unit == "m/s²"


def test_velocity_of_a_known_sine_is_judged_by_windows_that_span_batches() -> None:
    """4.5 mm/s at 160 Hz is above 4.45 and below 4.55, in batches of a tenth of a second."""
    levels = {"high": {"limit": 4.45, "severity": 500}, "high_high": {"limit": 4.55, "severity": 800}}
    bench = Bench(
        {"kind": "threshold", "feature": "velocity_rms", "unit": "mm/s", "window_s": 1, "levels": levels}
    )
    amplitude = velocity_amplitude_g(4.5, 160)
    events = []
    for number in range(20):
        events += bench.batch(
            sine(amplitude, 160, 0.1, 2560, phase=2 * np.pi * 160 * number / 10), frequency_hz=2560
        )
    assert kinds(events) == ["ACTIVATED"]
    assert events[0].transition.level == "high"
    assert events[0].value == pytest.approx(4.5, rel=0.01)


def test_zone_follows_the_machine_and_says_why_there_is_none() -> None:
    """Group 2, rigid: C from 2.8, D from 4.5 mm/s; at 1 kHz there is no verdict, and a reason."""
    bench = Bench({"kind": "zone"})
    assert bench.batch(sine(velocity_amplitude_g(2.0, 100), 100, 1, 2560), frequency_hz=2560) == []
    [event] = bench.batch(sine(velocity_amplitude_g(3.5, 100), 100, 1, 2560), frequency_hz=2560)
    assert (event.transition.level, event.transition.severity) == ("C", 500)
    assert event.evidence["zone"] == "C"
    assert "10816" in event.evidence["source"]
    [worse] = bench.batch(sine(velocity_amplitude_g(6.0, 100), 100, 1, 2560), frequency_hz=2560)
    assert (worse.transition.kind, worse.transition.level) == (Kind.LEVEL_CHANGED, "D")
    slow = Bench({"kind": "zone"})
    assert slow.batch(sine(1.0, 100)) == []
    assert "2000 Hz" in slow.reason()
    unknown = Bench({"kind": "zone"}, sensors=[sensor(machine=PUMP._replace(support=None))])
    assert unknown.batch(sine(1.0, 100, 1, 2560), frequency_hz=2560) == []
    assert "support" in unknown.reason()


def test_gap_and_frequency_change_within_a_window_make_no_window_across_them() -> None:
    """Half a window before and half after are judged by nobody: nothing is invented."""
    windowed = {**FAST, "window_s": 1}
    bench = Bench(windowed)
    assert bench.batch(sine(2.0, 50, 0.6)) == []
    bench.now_ns += 10**9
    assert bench.batch(sine(2.0, 50, 0.6)) == [], "a gap: 0.6 s is no window"
    assert bench.batch(sine(2.0, 50, 0.6, 2000), frequency_hz=2000) == [], "another frequency"
    assert kinds(bench.batch(sine(2.0, 50, 0.6, 2000), frequency_hz=2000)) == ["ACTIVATED"]


def test_batches_that_come_again_or_late_are_not_judged() -> None:
    """Resent after an outage: it is history by then."""
    bench = Bench(FAST)
    bench.batch(sine(0.5, 50))
    bench.batch(sine(0.5, 50))
    assert bench.batch(sine(5.0, 50), sequence=0) == []
    assert bench.judge.late == 1


def test_clock_that_was_ahead_and_is_set_back_makes_no_rule_deaf() -> None:
    """An hour ahead, then right: levels, rates and baselines go on with the sensor's time; a delay begins then."""
    rising = {"kind": "rate_of_change", "feature": "maximum", "unit": "g", "over_s": 2, "levels": HIGH}
    learnt = {
        "kind": "deviation", "feature": "maximum", "unit": "g", "learn_s": 10, "learn_values": 10,
        "levels": {"high": {"limit": 5, "severity": 1}},
    }  # fmt: skip
    bench = Bench(FAST, {**FAST, "on_delay_s": 5}, rising, learnt)
    bench.now_ns += 3600 * 10**9
    bench.batch(sine(0.1, 50))
    bench.now_ns -= 3600 * 10**9
    events = []
    for amplitude in (0.1, 0.1, 0.1, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0):
        events += bench.batch(sine(amplitude, 50))
    raised = [
        (event.rule.id, event.transition.at_ns) for event in events if event.transition.kind is Kind.ACTIVATED
    ]
    assert [rule_id for rule_id, _ in raised] == [1, 3, 2]
    assert raised[2][1] - raised[0][1] == 5 * 10**9
    assert "11 of 10 values" not in bench.reason(4)
    for _ in range(3):
        bench.batch(sine(0.1, 50))
    assert bench.reason(4) == ""


def test_samples_that_are_not_finite_are_not_judged() -> None:
    """A NaN is the ingester's dead letter."""
    bench = Bench(FAST)
    assert bench.batch(np.array([5.0, np.nan], np.float32)) == []
    assert kinds(bench.batch(sine(5.0, 50))) == ["ACTIVATED"]


def test_silence_alarms_after_k_intervals_unless_asleep_and_ends_with_a_batch() -> None:
    """Batches of 1 s, factor 5: silent for more than 5 s."""
    bench = Bench({"kind": "deadman", "factor": 5})
    bench.batch(sine(0.1, 50))
    assert bench.tick(4.0) == []
    [event] = bench.tick(2.0)
    assert event.transition.kind is Kind.ACTIVATED
    assert event.value == pytest.approx(6.0)
    bench.batch(sine(0.1, 50))
    assert kinds(bench.tick(0.1)) == ["CLEARED"]
    bench.refresh(fleet(bench.rules, bench.sensors, pump_1=AWAKE._replace(state="ASLEEP")))
    assert bench.tick(600.0) == []
    bench.refresh()
    assert bench.tick(1.0) == [], "awake for a moment only"
    assert kinds(bench.tick(6.0)) == ["ACTIVATED"]


def test_silence_of_our_own_side_says_nothing() -> None:
    """While the partition is not read, nobody is silent."""
    bench = Bench({"kind": "deadman", "factor": 5})
    bench.batch(sine(0.1, 50))
    assert bench.judge.tick(bench.now_ns + 60 * 10**9, lambda _: False) == []


def test_loss_and_battery_follow_what_the_database_knows() -> None:
    """Missing batches and a charge in percent."""
    bench = Bench({"kind": "loss"}, {"kind": "low_battery"})
    assert bench.tick(1.0) == []
    worn = AWAKE._replace(missing=3, battery_percent=12.0)
    bench.refresh(fleet(bench.rules, bench.sensors, pump_1=worn))
    assert sorted(event.message for event in bench.tick(1.0)) == [
        "3 batches are missing, high limit 1",
        "battery at 12 %, low limit 20 %",
    ]


def test_sensor_that_leaves_its_fence_alarms_and_comes_back() -> None:
    """A circle of 100 m with a deadband of 20 m."""
    bench = Bench({"kind": "geofence", "latitude": 53.55, "longitude": 10.0, "radius_m": 100})
    assert bench.batch(sine(0.1, 50), position=Position(53.55, 10.0, 0.0, 1.0)) == []
    [event] = bench.batch(sine(0.1, 50), position=Position(53.552, 10.0, 0.0, 1.0))
    assert event.value == pytest.approx(122, abs=3)
    assert event.evidence["position"]["latitude"] == 53.552
    assert bench.batch(sine(0.1, 50), position=Position(53.55085, 10.0, 0.0, 1.0)) == [], (
        "95 m: in the deadband"
    )
    assert kinds(bench.batch(sine(0.1, 50), position=Position(53.55, 10.0, 0.0, 1.0))) == ["CLEARED"]


def test_rate_of_change_judges_a_slow_quantity() -> None:
    """Five degrees within ten seconds."""
    warm: dict[str, Any] = {
        "kind": "rate_of_change", "feature": "mean", "unit": "°C", "over_s": 10,
        "levels": {"high": {"limit": 5, "severity": 400}},
    }  # fmt: skip
    bench = Bench(warm, sensors=[sensor(unit="°C")])
    events = []
    for second in range(40):
        events += bench.batch(np.array([20.0 + (0.6 * max(0, second - 20))], np.float32), frequency_hz=1)
    assert kinds(events) == ["ACTIVATED"]
    assert events[0].value == pytest.approx(5.4, abs=0.61)


def test_deviation_learns_each_operating_state_by_itself() -> None:
    """Running at 1 g is normal for it, and would be far off for one that stands."""
    random = np.random.default_rng(3)
    learnt = {
        "kind": "deviation", "feature": "rms", "unit": "g", "window_s": 1, "learn_s": 10, "learn_values": 10,
        "operating_states": {"unit": "g", "bounds": [0.3]},
        "levels": {"high": {"limit": 8, "severity": 400}},
    }  # fmt: skip
    bench = Bench(learnt)

    def second(rms: float) -> list[str]:
        return kinds(bench.batch((rms * random.standard_normal(1000)).astype(np.float32)))

    for _ in range(12):
        assert second(0.01) == []
    assert bench.reason() == ""
    assert second(1.0) == []
    assert "learning of operating state 1" in bench.reason()
    for _ in range(12):
        assert second(1.0) == []
    assert second(0.01) == []
    assert second(0.2) == ["ACTIVATED"]


def test_rule_that_fits_no_channel_says_why() -> None:
    """No verdict, but a reason; also for a unit that nobody has declared."""
    assert "°C" in Bench({**FAST}, sensors=[sensor(unit="°C")]).reason()
    assert "not declared" in Bench({"kind": "zone"}, sensors=[sensor(unit="")]).reason()
    assert "no channel 'y'" in Bench({**FAST, "channel": "y"}).reason()
    assert "bearing" in Bench({"kind": "bearing"}, sensors=[sensor(bearing=None)]).reason()


def restarted(bench: Bench) -> Bench:
    """Another process goes on with what was kept, as JSON has it."""
    kept = {
        key: Kept(one.task.rule.version, json.loads(json.dumps(one.kept())))
        for key, one in bench.judge.evaluations.items()
    }
    opened = [
        Opened(one.task.rule, one.task.source, one.opened)
        for one in bench.judge.evaluations.values()
        if one.opened is not None
    ]
    bench.judge = Judge()
    bench.judge.load(STREAM, [one.serial_number for one in bench.sensors], kept, opened)
    bench.refresh()
    return bench


def test_delay_goes_on_after_a_restart() -> None:
    """Ten minutes beyond the limit are ten minutes, whoever has deployed meanwhile."""
    bench = Bench({**FAST, "on_delay_s": 600})
    bench.batch(sine(2.0, 50))
    bench.now_ns += 300 * 10**9
    assert bench.batch(sine(2.0, 50)) == []
    bench = restarted(bench)
    bench.now_ns += 295 * 10**9
    assert bench.batch(sine(2.0, 50)) == []
    bench.now_ns += 4 * 10**9
    assert kinds(bench.batch(sine(2.0, 50))) == ["ACTIVATED"]


def test_active_alarm_goes_on_after_a_restart_and_is_raised_once() -> None:
    """The same alarm, not another one; a zone's, whose limits come with the first verdict, too."""
    for definition, hot, cold in (
        (FAST, sine(2.0, 50, 1, 2560), sine(0.1, 50, 1, 2560)),
        ({"kind": "zone"}, sine(velocity_amplitude_g(6, 100), 100, 1, 2560), sine(0.001, 100, 1, 2560)),
    ):
        bench = Bench(definition)
        [raised] = bench.batch(hot, frequency_hz=2560)
        bench = restarted(bench)
        assert bench.batch(hot, frequency_hz=2560) == []
        [cleared] = bench.batch(cold, frequency_hz=2560)
        assert (cleared.alarm_id, cleared.transition.kind) == (raised.alarm_id, Kind.CLEARED)


def test_what_is_read_again_fills_windows_and_alarms_nobody() -> None:
    """Batches from before a restart are not judged a second time, and a window that they began is whole sooner."""
    bench = Bench({**FAST, "window_s": 1}, FAST)
    assert bench.batch(sine(2.0, 50, 0.5), judged=False) == []
    assert kinds(bench.batch(sine(2.0, 50, 0.5))) == ["ACTIVATED", "ACTIVATED"]


def test_rule_changed_or_removed_clears_what_it_has_no_longer() -> None:
    """An alarm of a level that is gone, and of a rule that is gone, is over; people still have to acknowledge it."""
    bench = Bench(FAST)
    [raised] = bench.batch(sine(2.0, 50))
    lower = {**FAST, "levels": {"low": {"limit": -50.0, "severity": 100}}}
    bench.rules = [rule(lower, 1, version=2)]
    assert bench.refresh() == []
    [cleared] = bench.batch(sine(2.0, 50))
    assert (cleared.alarm_id, cleared.transition.kind) == (raised.alarm_id, Kind.CLEARED)
    bench = Bench(FAST)
    [raised] = bench.batch(sine(2.0, 50))
    bench.rules = []
    [gone] = bench.refresh()
    assert gone.transition.kind is Kind.CLEARED
    assert "removed" in gone.transition.comment
    event, refusal = bench.judge.ask(
        Ask(1, raised.alarm_id, (1, 1, 0), "acknowledge", 0, "anna", ""), bench.now_ns
    )
    assert refusal == ""
    assert event is not None
    assert event.status.closed
    assert bench.refresh() == []
    assert bench.judge.evaluations == {}, "nothing is left of it"
    bench.rules = [rule(FAST)]
    bench.refresh()
    [again] = bench.batch(sine(2.0, 50))
    assert again.alarm_id != raised.alarm_id


def test_rule_disabled_and_enabled_again_raises_what_still_holds() -> None:
    """It begins anew."""
    bench = Bench(FAST)
    bench.batch(sine(2.0, 50))
    rules, bench.rules = bench.rules, []
    assert kinds(bench.refresh()) == ["CLEARED"]
    bench.rules = rules
    bench.refresh()
    assert kinds(bench.batch(sine(2.0, 50))) == ["ACTIVATED"]


def test_changed_limits_keep_the_alarm_of_a_level_that_is_still_there() -> None:
    """A new version of the rule does not clear and raise again."""
    bench = Bench(FAST)
    bench.batch(sine(2.0, 50))
    bench.rules = [rule({**FAST, "levels": {"high": {"limit": 1.5, "severity": 600}}}, 1, version=2)]
    bench.refresh()
    assert bench.batch(sine(2.0, 50)) == []
    assert kinds(bench.batch(sine(1.2, 50))) == ["CLEARED"]


def test_requests_of_operators_move_the_alarm_or_say_why_not() -> None:
    """Acknowledge, shelve, unshelve; what is closed or not the one that is open is refused."""
    bench = Bench(FAST)
    [raised] = bench.batch(sine(2.0, 50))

    def ask(action: str, until_ns: int = 0, number: Any = raised.alarm_id) -> tuple[str, str]:
        asked = Ask(1, number, (1, 1, 0), action, until_ns, "anna", "because")
        event, refusal = bench.judge.ask(asked, bench.now_ns)
        return (event.transition.kind.value if event is not None else ""), refusal

    assert ask("acknowledge") == ("ACKNOWLEDGED", "")
    assert "already" in ask("acknowledge")[1]
    assert ask("shelve", UNTIL_CLEARED) == ("SHELVED", "")
    assert ask("unshelve") == ("UNSHELVED", "")
    bench.batch(sine(0.1, 50))
    assert ask("acknowledge") == ("", "the alarm is closed")


def test_timed_shelf_outlives_the_occurrence_and_a_restart() -> None:
    """Shelved for an hour, it stays so when the alarm comes back; afterwards people are told."""
    bench = Bench(FAST)
    [raised] = bench.batch(sine(2.0, 50))
    hour_ns = bench.now_ns + 3600 * 10**9
    bench.judge.ask(Ask(1, raised.alarm_id, (1, 1, 0), "shelve", hour_ns, "anna", "known"), bench.now_ns)
    bench.judge.ask(Ask(2, raised.alarm_id, (1, 1, 0), "acknowledge", 0, "anna", ""), bench.now_ns)
    bench.batch(sine(0.1, 50))
    bench = restarted(bench)
    [again] = bench.batch(sine(2.0, 50))
    assert again.alarm_id != raised.alarm_id
    assert not again.transition.annunciate
    [told] = bench.tick(3601)
    assert (told.transition.kind, told.transition.annunciate) == (Kind.UNSHELVED, True)


def test_suppressed_source_alarms_in_silence_until_it_is_in_service_again() -> None:
    """It is recorded, with who and why, and nobody is told."""
    bench = Bench(FAST)
    known = fleet(bench.rules, bench.sensors)
    bench.refresh(known._replace(suppressions=(Suppression(None, 1, "being rebuilt", "anna"),)))
    [event] = bench.batch(sine(2.0, 50))
    assert not event.transition.annunciate
    [back] = bench.refresh(known)
    assert (back.transition.kind, back.transition.annunciate) == (Kind.UNSUPPRESSED, True)


def test_acknowledged_alarm_that_lasts_is_raised_again() -> None:
    """After realarm_s."""
    bench = Bench({**FAST, "realarm_s": 60})
    [raised] = bench.batch(sine(2.0, 50))
    bench.judge.ask(Ask(1, raised.alarm_id, (1, 1, 0), "acknowledge", 0, "anna", ""), bench.now_ns)
    assert bench.tick(59) == []
    assert kinds(bench.tick(2)) == ["REALARMED"]


def test_partition_given_up_is_judged_no_more() -> None:
    """Its sensors are another's."""
    bench = Bench(FAST)
    bench.batch(sine(2.0, 50))
    bench.judge.drop(STREAM)
    assert bench.judge.evaluations == {}
    assert bench.judge.sensors == {}
    assert bench.now_ns > START_NS


def test_damaged_bearing_is_named_after_two_windows_and_a_healthy_one_is_not() -> None:
    """A recording in batches of a second: the inner race, with lines, scores and where the samples are."""
    machine = PUMP._replace(speed_rpm=RPM)
    definition = {"kind": "bearing", "window_s": 2, "hop_s": 2.5, "confirmations": 2}
    for element, verdict in ((Element.INNER_RACE, "inner race"), (None, "")):
        bench = Bench(definition, sensors=[sensor(machine=machine)])
        events = []
        for seed in range(4):
            waveform = simulated(element, 5, seed)
            for begin in range(0, len(waveform.samples), 12_000):
                events += bench.diagnosed(np.asarray(waveform.samples[begin : begin + 12_000], np.float32))
        assert kinds(events) == (["ACTIVATED"] if verdict else [])
        if verdict:
            assert events[0].message.startswith(f"{verdict} of the bearing is damaged")
            assert events[0].evidence["verdict"] == verdict
            assert len(events[0].evidence["lines"]) >= 3
            assert events[0].evidence["samples"]["channel"] == 0


@pytest.mark.parametrize(("then", "expected"), [(Element.INNER_RACE, []), (None, ["CLEARED"])])
def test_changed_rule_keeps_the_alarm_of_a_bearing_that_is_still_damaged(
    then: Element | None, expected: list[str]
) -> None:
    """What was confirmed has not to be confirmed anew, not even by more windows; a healthy bearing clears it."""
    definition = {"kind": "bearing", "window_s": 2, "hop_s": 2.5, "confirmations": 2}
    bench = Bench(definition, sensors=[sensor(machine=PUMP._replace(speed_rpm=RPM))])

    def turns(element: Element | None, seeds: range) -> list[str]:
        events = []
        for seed in seeds:
            samples = np.asarray(simulated(element, 5, seed).samples, np.float32)
            for begin in range(0, len(samples), 12_000):
                events += bench.diagnosed(samples[begin : begin + 12_000])
        return kinds(events)

    assert turns(Element.INNER_RACE, range(4)) == ["ACTIVATED"]
    bench.rules = [rule({**definition, "confirmations": 3}, 1, version=2)]
    bench.refresh()
    assert turns(then, range(4, 7)) == expected


def test_bearing_that_turns_too_slowly_for_its_window_has_a_reason() -> None:
    """Forty revolutions at least."""
    bench = Bench({"kind": "bearing", "window_s": 0.5, "hop_s": 1})
    for _ in range(6):
        assert bench.diagnosed(np.random.default_rng(1).standard_normal(1000).astype(np.float32)) == []
    assert "revolutions" in bench.reason()
