"""What controllers have answered: said at once to whoever waits for it, and kept by the store, one after another."""

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import structlog

from alarms import machine_metrics as metrics
from alarms.machine_book import Book
from alarms.machine_connection import Connection
from wire.alarm_pb2 import Acknowledgement as AcknowledgementMessage
from wire.alarm_pb2 import Outcome, Trigger

log = structlog.get_logger()

MAXIMUM_ACTION_TAKEN: Final = 500
_MAXIMUM_WAITING: Final = 1_000  # answers that the store does not have yet; then controllers are not read
_STORE_TIMEOUT_S: Final = 10.0
OUTCOMES: Final = {
    Outcome.OUTCOME_DONE: "DONE",
    Outcome.OUTCOME_REFUSED: "REFUSED",
    Outcome.OUTCOME_FAILED: "FAILED",
}


class BadMessage(ValueError):  # noqa: N818  # it is what the message is
    """A controller's message that cannot be."""


class Acknowledgement(NamedTuple):
    """What a controller has answered."""

    trigger_id: uuid.UUID
    machine: str  # the controller's name
    outcome: str  # DONE, REFUSED, FAILED
    action_taken: str
    time_ns: int  # by the machine's clock
    received_ns: int  # by ours
    trigger: Trigger | None  # where it is still in memory: not where another replica told it


class Keeper(Protocol):
    """Whoever keeps answers."""

    async def acknowledged(
        self, trigger_id: uuid.UUID, machine: str, outcome: str, action_taken: str, time_ns: int
    ) -> None:
        """Keep the first answer to a trigger."""


class Answers:
    """An answer counts when it is kept. One that is not is as if it had not come: its trigger is told again."""

    def __init__(
        self,
        book: Book,
        keeper: Keeper,
        on_acknowledged: Callable[[Acknowledgement], None],
        finish: Callable[[bytes], None],
    ) -> None:
        self._book = book
        self._keeper = keeper
        self._on_acknowledged = on_acknowledged
        self._finish = finish
        self._waiting: asyncio.Queue[Acknowledgement] = asyncio.Queue(_MAXIMUM_WAITING)

    async def take(self, connection: Connection, said: AcknowledgementMessage) -> None:
        """A controller's answer; waits where too many are not kept yet. BadMessage where it is none."""
        if len(said.trigger_id) != 16:
            raise BadMessage("trigger_id has 16 bytes")
        outcome = OUTCOMES.get(said.outcome)
        if outcome is None:
            raise BadMessage("outcome is DONE, REFUSED or FAILED")
        if self._book.over(said.trigger_id):
            metrics.REPEATED.inc()
            return
        trigger = self._book.get(said.trigger_id)
        if trigger is not None and not connection.controls(trigger.target):
            raise BadMessage(f"{connection.machine!r} does not control {trigger.target!r}")
        answer = Acknowledgement(
            uuid.UUID(bytes=said.trigger_id),
            connection.machine,
            outcome,
            said.action_taken[:MAXIMUM_ACTION_TAKEN].replace("\0", ""),  # PostgreSQL has no place for it
            said.time_ns,
            time.time_ns(),
            trigger,
        )
        metrics.ACKNOWLEDGEMENTS.labels(outcome).inc()
        if answer.trigger is not None:
            metrics.SINCE_EVENT.observe((answer.received_ns - answer.trigger.event_time_ns) / 1e9)
            metrics.SINCE_SENT.observe((answer.received_ns - answer.trigger.sent_time_ns) / 1e9)
        self._on_acknowledged(answer)
        await self._waiting.put(answer)

    async def run(self) -> None:
        """Have them kept, until cancelled."""
        while True:
            answer = await self._waiting.get()
            try:
                async with asyncio.timeout(_STORE_TIMEOUT_S):
                    await self._keeper.acknowledged(
                        answer.trigger_id, answer.machine, answer.outcome, answer.action_taken, answer.time_ns
                    )
                self._finish(answer.trigger_id.bytes)
            except Exception as error:  # whatever the store's library raises
                metrics.STORE_FAILURES.labels("acknowledged").inc()
                log.warning("acknowledgement_not_kept", trigger=str(answer.trigger_id), error=repr(error))
            finally:
                self._waiting.task_done()

    async def drained(self) -> None:
        """Until all are kept, or could not be."""
        await self._waiting.join()
