"""From a measurement to the machine that stops, and back into the alarm's history: by gRPC, on real servers."""

import json
from pathlib import Path
from typing import Any

from stack.local import Stack
from tests.integration.alarming import CALM, FAST, WILD, Site, batch, site
from tests.integration.pipeline import Pipeline, Service, connect, free_port, running, wait_for
from tests.integration.relay import Relay

STOPS = {**FAST, "trigger": {"action": "stop", "acknowledge_within_s": 60}}


def service(pipeline: Pipeline, port: int) -> Service:
    return pipeline.start(
        "alarms", ["alarms"], "alarms", STREAMING_ALARMS_MACHINE_PORT=str(port)
    ).wait_ready()


class Controller:
    """`python -m emulator.machine` for one target."""

    def __init__(self, pipeline: Pipeline, port: int, target: str, *more: str) -> None:
        self.report = pipeline.folder / f"machine-{free_port()}.json"
        self.process = pipeline.start(
            "machine",
            [
                "emulator.machine",
                "--server",
                f"127.0.0.1:{port}",
                "--target",
                target,
                "--report",
                str(self.report),
                *more,
            ],
            "emulator",
        )

    def told(self) -> list[dict[str, Any]]:
        """What it was told so far."""
        triggers: list[dict[str, Any]] = (
            json.loads(self.report.read_text())["triggers"] if self.report.exists() else []
        )
        return triggers


def kinds(here: Site, name: str) -> list[str]:
    return [kind for _, kind in here.transitions(name)]


async def test_machine_is_stopped_and_its_answer_is_in_the_alarms_history(
    stack: Stack, tmp_path: Path
) -> None:
    """Told once, done, acknowledged; and told that it is over."""
    with site(stack) as here, running(stack, tmp_path) as pipeline:
        here.target("Press 1")
        here.sensor("machine-1", target="Press 1")
        here.rule("press", STOPS, sensor="machine-1")
        port = free_port()
        alarms = service(pipeline, port)
        controller = Controller(pipeline, port, "Press 1")
        wait_for(lambda: alarms.metric("alarms_machines_connected") == 1, 20, "a controller")
        async with Relay(stack) as relay:
            await relay.batches("machine-1", [batch(0, CALM), batch(1, WILD)])
            wait_for(lambda: "TRIGGER_ACKNOWLEDGED" in kinds(here, "press"), 20, "the machine's answer")
            await relay.batches("machine-1", [batch(2, CALM)])
            wait_for(lambda: kinds(here, "press")[-1] == "CLEARED", 10, "its end")
        wait_for(lambda: "may be started again" in controller.process.log.read_text(), 10, "word of the end")
        wait_for(controller.told, 10, "the report")
        [told] = controller.told()
        assert (told["outcome"], told["repeated"], told["serial_number"]) == ("DONE", False, "machine-1")
        comment = here.one(
            "SELECT t.comment FROM alarm_transition t JOIN alarm a ON a.id = t.alarm_id "
            "WHERE a.rule_id = %s AND t.kind = 'TRIGGER_ACKNOWLEDGED' AND t.by = 'Press 1'",
            [here.rules["press"]],
        )
        assert comment.startswith("DONE")


async def test_trigger_that_no_machine_acknowledges_is_escalated(stack: Stack, tmp_path: Path) -> None:
    """Its escalation's actions are done, once, and the machine that comes later is still told."""
    with site(stack) as here, running(stack, tmp_path) as pipeline:
        here.target("Press 2")
        here.sensor("machine-2", target="Press 2")
        trigger = {"action": "stop", "acknowledge_within_s": 1, "escalate": [{"do": "publish"}]}
        here.rule("alone", {**FAST, "trigger": trigger}, sensor="machine-2")
        port = free_port()
        service(pipeline, port)
        async with Relay(stack) as relay:
            await relay.batches("machine-2", [batch(0, WILD)])
        wait_for(lambda: kinds(here, "alone") == ["ACTIVATED", "ESCALATED"], 20, "an escalation")
        [alarm] = here.alarms("alone")
        done = "SELECT array_agg(action) FROM alarm_outbox WHERE alarm_id = %s AND done_at IS NOT NULL"
        wait_for(lambda: here.one(done, [alarm["id"]]) == ["publish"], 10, "what is to be done then")
        controller = Controller(pipeline, port, "Press 2", "--once")
        wait_for(lambda: kinds(here, "alone")[-1] == "TRIGGER_ACKNOWLEDGED", 20, "the late answer")
        assert kinds(here, "alone").count("ESCALATED") == 1
        wait_for(lambda: controller.process.process.poll() == 0, 10, "the end of a controller that runs once")


async def test_machine_is_told_by_the_replica_that_it_is_connected_to(stack: Stack, tmp_path: Path) -> None:
    """Each of two replicas judges some partitions; a controller of either hears of all its machines' alarms."""
    serials = [f"machine-many-{number}" for number in range(12)]
    with site(stack) as here, running(stack, tmp_path) as pipeline:
        here.target("Line 3")
        for serial in serials:
            here.sensor(serial, target="Line 3")
        here.rule("line", STOPS, target="Line 3")
        ports = [free_port(), free_port()]
        replicas = [service(pipeline, port) for port in ports]
        wait_for(
            lambda: sorted(one.metric("alarms_active") for one in replicas) == [2, 2], 30, "shared partitions"
        )
        controllers = [Controller(pipeline, port, "Line 3") for port in ports]
        wait_for(
            lambda: all(one.metric("alarms_machines_connected") == 1 for one in replicas), 20, "controllers"
        )
        async with Relay(stack) as relay:
            for serial in serials:
                await relay.batches(serial, [batch(0, WILD)])
        for controller in controllers:
            wait_for(
                lambda: {one["serial_number"] for one in controller.told()} == set(serials),  # noqa: B023
                20,
                "every trigger at each controller",
            )
        async with Relay(stack) as relay:
            for serial in serials:
                await relay.batches(serial, [batch(1, CALM)])
        for controller in controllers:
            wait_for(
                lambda: controller.process.log.read_text().count("may be started again") == len(serials),  # noqa: B023
                20,
                "word of every end at each controller",
            )


async def test_machine_is_told_while_the_database_is_away_and_what_happened_is_kept(
    stack: Stack, tmp_path: Path
) -> None:
    """Rules without a window wait for nothing; alarm and answer are written when PostgreSQL is back."""
    with site(stack) as here, running(stack, tmp_path) as pipeline:
        here.target("Press 4")
        here.sensor("machine-4", target="Press 4")
        here.rule("offline", STOPS, sensor="machine-4")
        port = free_port()
        alarms = service(pipeline, port)
        controller = Controller(pipeline, port, "Press 4")
        wait_for(lambda: alarms.metric("alarms_machines_connected") == 1, 20, "a controller")
        async with Relay(stack) as relay:
            await relay.batches("machine-4", [batch(0, CALM)])
            wait_for(lambda: alarms.metric("alarms_batches_total") >= 1, 10, "a batch")
            stack.servers["postgres"].stop()
            try:
                await relay.batches("machine-4", [batch(1, WILD)])
                wait_for(lambda: len(controller.told()) == 1, 20, "the machine's word")
            finally:
                stack.servers["postgres"].start()
                stack.wait_ready("postgres")
        with connect(stack, "owner") as here.owner:
            wait_for(
                lambda: kinds(here, "offline") == ["ACTIVATED", "TRIGGER_ACKNOWLEDGED"],
                30,
                "both in the database",
            )
        assert [one["repeated"] for one in controller.told()] == [False]


async def test_machine_that_refuses_is_recorded_and_escalated_at_once(stack: Stack, tmp_path: Path) -> None:
    """In maintenance it must not be stopped by anybody: people are told that nothing was done."""
    with site(stack) as here, running(stack, tmp_path) as pipeline:
        here.target("Press 5")
        here.sensor("machine-5", target="Press 5")
        here.rule("refused", STOPS, sensor="machine-5")
        port = free_port()
        alarms = service(pipeline, port)
        Controller(pipeline, port, "Press 5", "--maintenance")
        wait_for(lambda: alarms.metric("alarms_machines_connected") == 1, 20, "a controller")
        async with Relay(stack) as relay:
            await relay.batches("machine-5", [batch(0, WILD)])
        wait_for(
            lambda: kinds(here, "refused") == ["ACTIVATED", "TRIGGER_ACKNOWLEDGED", "ESCALATED"],
            20,
            "an escalation",
        )
