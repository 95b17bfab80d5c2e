"""The alarms service on real servers: raising, clearing, requests, restarts, replicas, machines."""

from pathlib import Path

import numpy as np

from stack.local import Stack
from tests.integration.alarming import CALM, FAST, WILD, batch, site
from tests.integration.pipeline import running, wait_for
from tests.integration.recordings import inner_race, say_if_generated
from tests.integration.relay import Relay


async def test_batch_beyond_a_limit_raises_an_alarm_that_clears_and_is_closed_by_an_operator(
    stack: Stack, tmp_path: Path
) -> None:
    """From the stream to the database: active, cleared, acknowledged; with evidence of each step."""
    with site(stack) as here, running(stack, tmp_path) as pipeline:
        here.sensor("judged-1")
        here.rule("simple", FAST, sensor="judged-1")
        pipeline.start("alarms", ["alarms"], "alarms").wait_ready()
        async with Relay(stack) as relay:
            await relay.batches("judged-1", [batch(0, CALM), batch(1, WILD)])
            wait_for(lambda: here.states("simple") == ["ACTIVE_UNACKNOWLEDGED"], 10, "an alarm")
            await relay.batches("judged-1", [batch(2, CALM)])
            wait_for(lambda: here.states("simple") == ["CLEARED_UNACKNOWLEDGED"], 10, "its end")
        [alarm] = here.alarms("simple")
        assert alarm["value"] == 2.0
        here.owner.execute(
            "INSERT INTO alarm_request (alarm_id, action, by, comment) VALUES (%s, 'acknowledge', 'anna@laptop', 'seen')",
            [alarm["id"]],
        )
        wait_for(lambda: here.states("simple") == ["CLOSED"], 10, "the acknowledgement")
        assert [kind for _, kind in here.transitions("simple")] == ["ACTIVATED", "CLEARED", "ACKNOWLEDGED"]
        evidence = here.one(
            "SELECT evidence FROM alarm_transition WHERE alarm_id = %s AND kind = 'ACTIVATED'", [alarm["id"]]
        )
        assert evidence["samples"]["serial_number"] == "judged-1"
        assert evidence["limit"] == 1.0


async def test_service_killed_again_and_again_loses_and_repeats_no_alarm(
    stack: Stack, tmp_path: Path
) -> None:
    """Twenty sensors go beyond the limit and back ten times, by batch and by window, while the service is killed."""
    serials = [f"judged-kill-{number}" for number in range(20)]
    windowed = {
        **FAST,
        "feature": "rms",
        "window_s": 1,
        "hop_s": 1,
        "levels": {"high": {"limit": 0.5, "severity": 300}},
    }
    shaking = np.tile(np.array([2.0, -2.0], np.float32), 50)
    with site(stack) as here, running(stack, tmp_path) as pipeline:
        for serial in serials:
            here.sensor(serial)
        here.rule("batches", FAST, type="vibration")
        here.rule("windows", windowed, type="vibration")
        async with Relay(stack) as relay:
            for begin in range(0, 80, 20):
                service = pipeline.start("alarms", ["alarms"], "alarms").wait_ready()
                for sequence in range(begin, begin + 20):
                    samples = shaking if sequence // 4 % 2 else CALM
                    for serial in serials:
                        await relay.batches(serial, [batch(sequence, samples)])
                if begin < 60:
                    # somewhere on the way, never at its end
                    wait_for(lambda: len(here.transitions("batches")) > begin, 20, "some of it")  # noqa: B023
                    service.kill()
                    pipeline.services.remove(service)
        for name in ("batches", "windows"):
            wait_for(lambda: len(here.transitions(name)) >= 19 * 20, 30, "all of it")  # noqa: B023
            kinds = ["ACTIVATED", "CLEARED"] * 9 + ["ACTIVATED"]
            found = here.transitions(name)
            for serial in serials:
                assert [kind for of, kind in found if of == serial] == kinds[: len(kinds)], (name, serial)


async def test_replica_that_stops_hands_its_partitions_over_without_a_gap(
    stack: Stack, tmp_path: Path
) -> None:
    """Two share the partitions; one is stopped in between, and each change is written once."""
    serials = [f"judged-share-{number}" for number in range(20)]
    with site(stack) as here, running(stack, tmp_path) as pipeline:
        for serial in serials:
            here.sensor(serial)
        here.rule("shared", FAST, type="vibration")
        first = pipeline.start("alarms", ["alarms"], "alarms").wait_ready()
        second = pipeline.start("alarms", ["alarms"], "alarms").wait_ready()
        wait_for(
            lambda: (
                first.metric("alarms_active") + second.metric("alarms_active") == 4
                and second.metric("alarms_active") > 0
            ),
            30,
            "shared partitions",
        )
        async with Relay(stack) as relay:
            for sequence in range(40):
                for serial in serials:
                    await relay.batches(serial, [batch(sequence, WILD if sequence % 2 else CALM)])
                if sequence == 20:
                    assert first.stop() == 0
                    pipeline.services.remove(first)
        wait_for(lambda: len(here.transitions("shared")) >= 39 * 20, 30, "all of it")
        found = here.transitions("shared")
        for serial in serials:
            kinds = [kind for of, kind in found if of == serial]
            assert kinds == ["ACTIVATED", "CLEARED"] * 19 + ["ACTIVATED"], serial
        assert second.metric("alarms_active") == 4


async def test_delay_that_runs_is_not_begun_anew_by_a_restart(stack: Stack, tmp_path: Path) -> None:
    """Ten minutes of the sensor's time, with a stop in the middle."""
    with site(stack) as here, running(stack, tmp_path) as pipeline:
        here.sensor("judged-delay-1")
        here.rule("delayed", {**FAST, "on_delay_s": 600}, sensor="judged-delay-1")
        service = pipeline.start("alarms", ["alarms"], "alarms").wait_ready()
        async with Relay(stack) as relay:
            await relay.batches("judged-delay-1", [batch(0, WILD)])
            wait_for(
                lambda: here.one(
                    "SELECT (state #>> '{levels,levels,high,beyond}')::boolean FROM alarm_evaluation WHERE rule_id = %s",
                    [here.rules["delayed"]],
                ),
                10,
                "the delay's begin in the database",
            )
            service.kill()
            pipeline.services.remove(service)
            pipeline.start("alarms", ["alarms"], "alarms").wait_ready()
            await relay.batches("judged-delay-1", [batch(590, WILD)])
            await relay.batches("judged-delay-1", [batch(601, WILD)])
            wait_for(lambda: here.states("delayed") == ["ACTIVE_UNACKNOWLEDGED"], 10, "an alarm")


async def test_recorded_bearing_is_named_with_the_lines_that_it_rests_on(
    stack: Stack, tmp_path: Path
) -> None:
    """A real recording of a damaged inner race, from the stream to an alarm with the lines that it rests on."""
    recording = inner_race(tmp_path)
    say_if_generated(recording)
    with site(stack) as here, running(stack, tmp_path) as pipeline:
        here.target("Rig 1")
        here.owner.execute(
            "UPDATE target SET speed_rpm = 1797, bearing = %s WHERE name = 'Rig 1'",
            ['{"frequencies": {"bpfi": 5.4152, "bpfo": 3.5848, "bsf": 2.3567, "ftf": 0.39828}}'],
        )
        here.sensor("rig-1", target="Rig 1")
        here.rule(
            "bearing", {"kind": "bearing", "window_s": 3, "hop_s": 3, "confirmations": 2}, target="Rig 1"
        )
        here.rule("zone", {"kind": "zone"}, target="Rig 1")
        pipeline.start("alarms", ["alarms"], "alarms").wait_ready()
        async with Relay(stack) as relay:
            for sequence in range(len(recording.samples) // 12_000):
                samples = recording.samples[sequence * 12_000 : (sequence + 1) * 12_000]
                await relay.batches("rig-1", [batch(sequence, samples, frequency_hz=12_000.0)])
        wait_for(lambda: here.states("bearing") == ["ACTIVE_UNACKNOWLEDGED"], 20, "a diagnosis")
        [alarm] = here.alarms("bearing")
        assert alarm["message"].startswith("inner race of the bearing is damaged")
        evidence = here.one("SELECT evidence FROM alarm_transition WHERE alarm_id = %s", [alarm["id"]])
        assert evidence["verdict"] == "inner race"
        assert any(abs(line["frequency_hz"] - 162.2) < 2 for line in evidence["lines"]), "BPFI at 1797 rpm"
        state = "SELECT reason FROM alarm_evaluation WHERE rule_id = %s"
        assert here.one(state, [here.rules["zone"]]) == "", "12 kHz and a known machine: there is a verdict"
