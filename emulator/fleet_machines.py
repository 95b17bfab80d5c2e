"""The machines under a fleet's sensors: one each, which falls silent when an alarm has it stopped."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import structlog

from emulator.machine_client import ControllerDenied, MachineController
from emulator.machine_states import Answer, Machine
from emulator.sensor import Plan
from emulator.signals import Quantity, Samples, Source
from wire.alarm_pb2 import Trigger

log = structlog.get_logger()

_NAME: Final = "emulator"
_RUN_DOWN_S: Final = 3.0
_STANDING: Final = (
    0.01  # what is left of a signal when the machine stands: other machines, and the sensor's noise
)


class Driven:
    """A source whose amplitude follows its machine's speed."""

    def __init__(self, source: Source, machine: Machine, now_s: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._machine = machine
        self._now_s = now_s
        self.quantities: Sequence[Quantity] = source.quantities

    def samples(self, time_s: float, count: int, sample_frequency_hz: float) -> Samples:
        """The source's; a batch is made when its last sample is taken, which is now."""
        values = self._source.samples(time_s, count, sample_frequency_hz)
        end_s = self._now_s()
        begin_s = end_s - (count - 1) / sample_frequency_hz
        begin, end = self._machine.speed(begin_s), self._machine.speed(end_s)
        if begin == end == 1.0:
            return values
        speeds = np.linspace(begin, end, count, dtype=np.float32)[: values.shape[1]]
        slowed: Samples = values * (_STANDING + (1 - _STANDING) * speeds)
        return slowed


def driven(
    plans: Sequence[Plan], restart_after_s: float | None = None
) -> tuple[list[Plan], dict[str, Machine]]:
    """The plans with sources that can be stopped, and their machines by serial number; temperatures stay as they are."""
    machines = {
        plan.serial_number: Machine(
            plan.serial_number, run_down_s=_RUN_DOWN_S, restart_after_s=restart_after_s
        )
        for plan in plans
        if any(one.quantity == "acceleration" for one in plan.source.quantities)
    }
    return [
        plan._replace(source=Driven(plan.source, machines[plan.serial_number]))
        if plan.serial_number in machines
        else plan
        for plan in plans
    ], machines


class FleetMachines:
    """Controller of all of them. What is said of sensors that are not of this fleet is left to others."""

    def __init__(self, address: str, machines: dict[str, Machine], token: str | None = None) -> None:
        self._machines = machines
        self._address = address
        self._token = token

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. Where the service does not let it in that is logged, and the fleet goes on."""
        controller = MachineController(
            self._address,
            _NAME,
            ["*"],
            self.act,
            token=self._token,
            on_change=lambda line: log.info("machine_controller", connection=line),
        )
        try:
            await controller.run(stop)
        except ControllerDenied as error:
            log.error("machine_controller_denied", reason=str(error))

    def act(self, trigger: Trigger) -> Answer | None:
        """Stop the machine of the sensor that the trigger is about; None where it is not of this fleet."""
        machine = self._machines.get(trigger.serial_number)
        if machine is None:
            return None
        answer = machine.act(trigger.action, time.monotonic())
        log.info("machine_told", serial_number=trigger.serial_number, action_taken=answer.action_taken)
        return answer
