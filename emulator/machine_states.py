"""A machine that can be stopped: runs, runs down, stands still. Pure: time is given, in seconds of any clock."""

from enum import StrEnum
from typing import Final, NamedTuple

from wire.alarm_pb2 import Outcome

STOP: Final = "stop"


class MachineState(StrEnum):
    """What it does."""

    RUNNING = "RUNNING"
    STOPPING = "STOPPING"  # the drive is off, and it runs down
    STOPPED = "STOPPED"
    MAINTENANCE = "MAINTENANCE"  # people work on it, and nothing else moves it


class Answer(NamedTuple):
    """What came of a trigger."""

    outcome: Outcome
    action_taken: str


class Machine:
    """Stopped by triggers, started by people only (or after `restart_after_s`, for demonstrations)."""

    def __init__(self, name: str, *, run_down_s: float = 3.0, restart_after_s: float | None = None) -> None:
        self.name = name
        self.maintenance = False
        self._run_down_s = run_down_s
        self._restart_after_s = restart_after_s
        self._stopped_s: float | None = None  # when the drive was switched off

    def state(self, now_s: float) -> MachineState:
        """What it does now."""
        if self.maintenance:
            return MachineState.MAINTENANCE
        self._restart(now_s)
        if self._stopped_s is None:
            return MachineState.RUNNING
        return MachineState.STOPPED if self.speed(now_s) == 0 else MachineState.STOPPING

    def speed(self, now_s: float) -> float:
        """Its speed, as a share of what it has while it runs: 1 … 0, falling steadily while it runs down."""
        self._restart(now_s)
        if self.maintenance:
            return 0.0
        if self._stopped_s is None:
            return 1.0
        if not self._run_down_s:
            return 0.0
        return min(1.0, max(0.0, 1 - (now_s - self._stopped_s) / self._run_down_s))

    def act(self, action: str, now_s: float) -> Answer:
        """Do what a trigger asks for; the same however often it is asked."""
        if action != STOP:
            return Answer(Outcome.OUTCOME_REFUSED, f"{self.name} knows no action {action!r}, only {STOP!r}")
        state = self.state(now_s)
        if state is MachineState.MAINTENANCE:
            return Answer(Outcome.OUTCOME_REFUSED, f"{self.name} is in maintenance")
        if state is MachineState.RUNNING:
            self._stopped_s = now_s
            return Answer(
                Outcome.OUTCOME_DONE, f"{self.name}: drive switched off, at rest in {self._run_down_s:g} s"
            )
        stands = "stands still" if state is MachineState.STOPPED else "runs down"
        return Answer(Outcome.OUTCOME_DONE, f"{self.name}: was switched off before, {stands}")

    def start(self) -> bool:
        """By people. False in maintenance."""
        if self.maintenance:
            return False
        self._stopped_s = None
        return True

    def _restart(self, now_s: float) -> None:
        if (
            self._stopped_s is not None
            and self._restart_after_s is not None
            and now_s - self._stopped_s >= self._restart_after_s
        ):
            self.start()
