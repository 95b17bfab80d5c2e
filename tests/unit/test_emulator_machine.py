"""The reference controller: a machine that stops, told by a real server, with real TLS."""

import asyncio
import json
import os
import re
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trustme
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from emulator.__main__ import main as emulator_main
from emulator.fleet_machines import Driven, FleetMachines, driven
from emulator.fleet_plan import Fleet, plans
from emulator.machine import main
from emulator.machine_client import ClientTls, ControllerDenied, MachineController, Receipt
from emulator.machine_states import Answer, Machine, MachineState
from emulator.signals import Sine, Vibration
from tests.unit.machine_server import PUMP, Served, certificates, impatient, trigger, until
from wire.alarm_pb2 import Outcome, Resolved

ROOT = Path(__file__).resolve().parents[2]


def test_machine_runs_down_and_stands_until_people_start_it() -> None:
    """Its speed falls steadily to 0."""
    machine = Machine(PUMP, run_down_s=4.0)
    assert (machine.state(0), machine.speed(0)) == (MachineState.RUNNING, 1.0)
    answer = machine.act("stop", 10.0)
    assert answer == Answer(Outcome.OUTCOME_DONE, "Pump 1: drive switched off, at rest in 4 s")
    assert [machine.speed(at) for at in (10, 11, 13, 14, 1e9)] == [1.0, 0.75, 0.25, 0.0, 0.0]
    assert [machine.state(at) for at in (11, 14)] == [MachineState.STOPPING, MachineState.STOPPED]
    assert machine.start()
    assert machine.state(20) is MachineState.RUNNING


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20))
def test_machine_told_to_stop_many_times_stops_as_if_told_once(waits: list[float]) -> None:
    """All are DONE, and the first one counts."""
    once, often = Machine(PUMP), Machine(PUMP)
    once.act("stop", 0.0)
    now = 0.0
    for wait in waits:
        assert often.act("stop", now).outcome == Outcome.OUTCOME_DONE
        assert often.speed(now) == once.speed(now)
        now += wait


def test_machine_in_maintenance_refuses_to_be_stopped_and_started() -> None:
    """Nothing moves it but the people who work on it."""
    machine = Machine(PUMP)
    machine.maintenance = True
    assert machine.act("stop", 0) == Answer(Outcome.OUTCOME_REFUSED, "Pump 1 is in maintenance")
    assert not machine.start()
    assert (machine.state(0), machine.speed(0)) == (MachineState.MAINTENANCE, 0.0)
    machine.maintenance = False
    assert machine.state(0) is MachineState.RUNNING


def test_machine_refuses_an_action_that_it_does_not_know() -> None:
    """And goes on."""
    machine = Machine(PUMP)
    assert machine.act("explode", 0).outcome == Outcome.OUTCOME_REFUSED
    assert machine.state(0) is MachineState.RUNNING


def test_machine_restarts_where_that_was_asked_for() -> None:
    """After so many seconds, and can be stopped again."""
    machine = Machine(PUMP, run_down_s=0.0, restart_after_s=60.0)
    machine.act("stop", 0.0)
    assert [machine.state(at) for at in (0, 59.9, 60)] == [
        MachineState.STOPPED,
        MachineState.STOPPED,
        MachineState.RUNNING,
    ]
    machine.act("stop", 61.0)
    assert machine.state(61) is MachineState.STOPPED


class Controlled:
    """A controller of a machine that runs until the block ends."""

    def __init__(self, address: str, machine: Machine | None = None, **options: Any) -> None:
        self.machine = machine or Machine(PUMP)
        self.receipts: list[Receipt] = []
        self.resolved: list[Resolved] = []
        self.lines: list[str] = []
        self.controller = MachineController(
            address,
            options.pop("name", "plc"),
            [PUMP],
            lambda trigger: self.machine.act(trigger.action, time.monotonic()),
            on_receipt=self.receipts.append,
            on_resolved=self.resolved.append,
            on_change=self.lines.append,
            **options,
        )
        self._stop = asyncio.Event()

    async def __aenter__(self) -> "Controlled":
        self._running = asyncio.create_task(self.controller.run(self._stop))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await self._running


@pytest.fixture
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with Served(**getattr(request, "param", {})) as one:
        yield one


def address(served: Served) -> str:
    return f"127.0.0.1:{served.port}"


async def test_controller_stops_its_machine_and_says_so(served: Served) -> None:
    """The database has what it has done."""
    async with Controlled(address(served)) as controlled:
        await until(lambda: served.server.connected)
        told = trigger()
        served.server.deliver(told)
        await until(lambda: served.database.answers)
        assert controlled.machine.state(time.monotonic()) is not MachineState.RUNNING
    [(trigger_id, machine, outcome, action_taken, time_ns)] = served.database.answers
    assert (trigger_id.bytes, machine, outcome) == (told.id, "plc", "DONE")
    assert action_taken == "Pump 1: drive switched off, at rest in 3 s"
    assert told.event_time_ns < time_ns < time.time_ns()
    [receipt] = controlled.receipts
    assert receipt.trigger.sent_time_ns <= receipt.received_ns


@impatient
async def test_controller_told_twice_does_it_once_and_answers_twice(served: Served) -> None:
    """The same answer, although its machine would say another one by now."""
    async with Controlled(address(served)) as controlled:
        await until(lambda: served.server.connected)
        served.database.away = True  # so the answer is not kept
        served.server.deliver(trigger())
        await until(lambda: len(controlled.receipts) >= 2)
        served.database.away = False
        await until(lambda: served.database.answers)
    assert [one.repeated for one in controlled.receipts[:2]] == [False, True]
    assert {one.answer for one in controlled.receipts} == {controlled.receipts[0].answer}


async def test_controller_refuses_in_maintenance_and_after_the_expiry(served: Served) -> None:
    """The service is told why."""
    machine = Machine(PUMP)
    machine.maintenance = True
    async with Controlled(address(served), machine):
        await until(lambda: served.server.connected)
        served.server.deliver(trigger())
        await until(lambda: served.database.answers)
    assert served.database.answers[0][2:4] == ("REFUSED", "Pump 1 is in maintenance")
    controlled = Controlled(address(served))
    answer = controlled.controller._first(trigger(expiry_time_ns=5), now_ns=6)
    assert answer == Answer(Outcome.OUTCOME_REFUSED, "it came after its expiry")
    assert controlled.machine.state(time.monotonic()) is MachineState.RUNNING


async def test_controller_connects_again_and_gets_what_came_in_between() -> None:
    """To a server that has stopped and come back on its port, as another replica would."""
    async with Served() as first:
        port = first.port
        async with Controlled(address(first)) as controlled:
            await until(lambda: first.server.connected)
            await first.server.stop(5)
            await until(lambda: not controlled.controller.connected.is_set())
            async with Served(port=port) as second:
                told = trigger()
                second.server.deliver(told)
                await until(lambda: second.database.answers)
    assert second.database.answers[0][0].bytes == told.id
    assert controlled.lines[0] == f"connected to alarms-0 at 127.0.0.1:{port}"
    assert "the service has ended the stream; again in" in controlled.lines[1]


async def test_controller_hears_that_an_alarm_is_over_and_starts_nothing(served: Served) -> None:
    """People do."""
    async with Controlled(address(served), Machine(PUMP, run_down_s=0.0)) as controlled:
        await until(lambda: served.server.connected)
        told = trigger()
        served.server.deliver(told)
        served.server.resolved(PUMP, uuid.UUID(bytes=told.alarm_id), 1)
        await until(lambda: controlled.resolved)
        assert controlled.machine.state(time.monotonic()) is MachineState.STOPPED


async def test_controller_with_a_certificate_is_let_in_and_another_is_denied(tmp_path: Path) -> None:
    """Denied for good: it says why, and does not try again."""
    authority = trustme.CA()
    leaf = authority.issue_cert("plc-7", common_name=PUMP)
    leaf.private_key_pem.write_to_path(tmp_path / "plc.key")
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "plc.pem")
    tls = ClientTls(tmp_path / "ca.pem", tmp_path / "plc.pem", tmp_path / "plc.key")
    async with Served(tls=certificates(tmp_path, authority)) as served:
        async with Controlled(address(served), tls=tls, name="plc-7"):
            await until(lambda: served.server.connected)
        with pytest.raises(ControllerDenied, match="not 'plc-8''s"):
            await Controlled(address(served), tls=tls, name="plc-8").controller.run(asyncio.Event())


async def test_controller_with_a_wrong_token_is_denied() -> None:
    """It says what is missing."""
    async with Served(token="secret") as served:
        with pytest.raises(ControllerDenied, match="authorization: Bearer"):
            await Controlled(address(served), token="wrong").controller.run(asyncio.Event())


async def test_program_prints_reports_and_ends_with_sigterm(tmp_path: Path, served: Served) -> None:
    """Exit code 0; the report has the times of each trigger."""
    report = tmp_path / "report.json"
    arguments = ("--server", address(served), "--target", PUMP, "--report", str(report))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "emulator.machine", *arguments),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        await until(lambda: served.server.connected)
        told = trigger(message="zone D", rule="velocity")
        served.server.deliver(told)
        await until(lambda: served.database.answers)
        process.send_signal(signal.SIGTERM)
        said = (await asyncio.wait_for(process.communicate(), 20))[0].decode().splitlines()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0
    assert said[0] == f"connected to alarms-0 at {address(served)}"
    assert re.fullmatch(
        r"stop: zone D \[velocity, \d+ ms ago\]\. DONE: Pump 1: drive switched off.*", said[1]
    )
    assert re.fullmatch(r"Pump 1 is STOPP(ING|ED)", said[2])
    [received] = json.loads(report.read_text())["triggers"]
    assert received["id"] == str(uuid.UUID(bytes=told.id))
    assert received["event_time_ns"] == told.event_time_ns
    assert received["sent_time_ns"] == told.sent_time_ns
    assert told.sent_time_ns <= received["received_ns"] <= time.time_ns()
    assert (received["outcome"], received["repeated"]) == ("DONE", False)


async def test_program_with_once_ends_after_the_first_answer(served: Served) -> None:
    """Which has arrived. Of several machines it is the one that the trigger names."""
    arguments = ("--server", address(served), "--target", PUMP, "--target", "Fan 2", "--once")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "emulator.machine", *arguments), stdout=asyncio.subprocess.PIPE
    )
    try:
        await until(lambda: served.server.connected)
        served.server.deliver(trigger("Fan 2"))
        said = (await asyncio.wait_for(process.communicate(), 20))[0].decode().splitlines()
        assert process.returncode == 0
        assert said[-1] in {"Fan 2 is STOPPING", "Fan 2 is STOPPED"}
    finally:
        if process.returncode is None:
            process.kill()
    assert len(served.heard) == 1


@impatient
async def test_example_of_the_documentation_does_what_it_is_told(tmp_path: Path, served: Served) -> None:
    """As it stands there, with the modules that protoc makes, once however often it is told."""
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "machines.md").read_text(), re.DOTALL)
    (tmp_path / "example.py").write_text(example)
    making = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "grpc_tools.protoc", "-I", str(ROOT / "proto")),
        *(f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}", "alarm.proto"),
    )
    assert await making.wait() == 0
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", str(tmp_path / "example.py"), address(served), "plc-7", PUMP),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        await until(lambda: served.server.connected)
        served.database.away = True
        served.server.deliver(trigger(message="zone D"))
        await until(lambda: len(served.heard) >= 2)
        served.database.away = False
        await until(lambda: served.database.answers)
    finally:
        process.kill()
        said = (await process.communicate())[0].decode()
    assert said == "drive off: zone D\n"
    assert served.database.answers[0][1:4] == ("plc-7", "DONE", "drive switched off")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--key", __file__], "TLS needs --ca, --certificate and --key"),
        (["--ca", __file__, "--certificate", __file__, "--key", __file__, "--token", "t"], "not both"),
        (["--run-down", "-1"], "--run-down"),
    ],
)
def test_program_refuses_what_cannot_be(arguments: list[str], sentence: str) -> None:
    """In a sentence, exit code 2."""
    result = CliRunner().invoke(main, ["--server", "127.0.0.1:1", "--target", PUMP, *arguments])
    assert result.exit_code == 2
    assert sentence in result.output


def test_driven_source_falls_silent_with_its_machine_and_comes_back() -> None:
    """Sample for sample what it was while the machine runs; a hundredth of it while it stands."""
    source = Vibration([[Sine(1.0, 50.0)]] * 3, 0.0, np.random.default_rng(1))
    machine, now = Machine("pump-1", run_down_s=2.0), 0.0
    stopping = Driven(source, machine, lambda: now)
    whole = source.samples(0.0, 1000, 1000.0)
    assert np.array_equal(stopping.samples(0.0, 1000, 1000.0), whole)
    machine.act("stop", 0.0)
    now = 1.0
    falling = stopping.samples(0.0, 1000, 1000.0)
    assert np.abs(falling[:, :100]).max() > 0.9
    assert np.abs(falling[:, -100:]).max() < 0.6
    now = 10.0
    assert stopping.samples(0.0, 1000, 1000.0) == pytest.approx(whole * 0.01, abs=1e-6)
    machine.start()
    assert np.array_equal(stopping.samples(0.0, 1000, 1000.0), whole)


async def test_fleet_stops_the_machine_of_a_sensor_and_leaves_others_alone(served: Served) -> None:
    """What is no sensor of the fleet is not answered: another controller will."""
    _, machines = driven(plans(Fleet(6)))
    assert "temp-0006" not in machines
    fleet, stop = FleetMachines(address(served), machines), asyncio.Event()
    running = asyncio.create_task(fleet.run(stop))
    await until(lambda: served.server.connected)
    served.server.deliver(trigger(serial_number="elsewhere-1"))
    served.server.deliver(trigger(serial_number="pump-0002"))
    await until(lambda: served.database.answers)
    stop.set()
    await running
    [(_, machine, outcome, action_taken, _)] = served.database.answers
    assert (machine, outcome, action_taken.split(":")[0]) == ("emulator", "DONE", "pump-0002")
    stopped = [name for name, one in machines.items() if one.state(time.monotonic()) != MachineState.RUNNING]
    assert stopped == ["pump-0002"]


async def test_fleet_goes_on_where_its_controller_is_denied() -> None:
    """It is logged; a fleet is no less a fleet."""
    async with Served(token="secret") as served:
        await FleetMachines(address(served), {}, "wrong").run(asyncio.Event())


def test_restart_without_a_controller_is_refused(tmp_path: Path) -> None:
    """Nothing would be stopped."""
    credentials = tmp_path / "fleet.json"
    credentials.write_text(json.dumps({"vehicle-0001": ""}))
    result = CliRunner().invoke(
        emulator_main, ["--credentials", str(credentials), "--sensors", "1", "--restart-after", "5"]
    )
    assert result.exit_code == 2
    assert "--controller HOST:PORT" in result.output
