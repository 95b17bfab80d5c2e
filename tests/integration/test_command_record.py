"""A command's record: whatever order its words come in, and however often, it says the same in the end."""

import itertools
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from ingest.database import query
from ingest.upserts import ack, audit, report
from runtime.amqp import Delivery
from stack.local import Stack
from tests.integration.pipeline import connect
from tests.integration.steering import CLIENT, command
from wire import names
from wire.relay_pb2 import CommandReport, Step
from wire.sensor_pb2 import CommandAck, Identify, Outcome, State

NOW_NS = time.time_ns()
S = 10**9


def said(serial: str, command_id: bytes) -> dict[str, tuple[Callable[[Delivery, int], Any], Delivery]]:
    """Everything that may be said of a command that came twice: unreachable, then sent; answered, and a duplicate."""

    def delivery(queue: str, message: Any, at_ns: int) -> Delivery:
        headers = {names.HEADER_SERIAL_NUMBER: serial, names.HEADER_RECEIVED_NS: at_ns}
        return Delivery(
            queue,
            f"sensor_{serial}.commands.identify",
            message.SerializeToString(),
            {**headers, names.HEADER_PUBLISHED_MS: at_ns // 10**6, names.HEADER_CLIENT: CLIENT},
            "operator",
            1,
            False,
        )

    given = command(identify=Identify())
    given.id = command_id

    def reported(step: Step, at_ns: int) -> tuple[Callable[[Delivery, int], Any], Delivery]:
        message = CommandReport(command_id=command_id, step=step, time_ns=at_ns, reason=Step.Name(step))
        return report, delivery(names.COMMAND_REPORT_QUEUE, message, at_ns)

    def answered(outcome: Outcome, at_ns: int) -> tuple[Callable[[Delivery, int], Any], Delivery]:
        message = CommandAck(command_id=command_id, outcome=outcome, state=State.STATE_AWAKE, time_ns=at_ns)
        return ack, delivery(names.ACK_QUEUE, message, at_ns)

    return {
        "audit": (audit, delivery(names.COMMAND_AUDIT_QUEUE, given, NOW_NS)),
        "unreachable": reported(Step.STEP_UNREACHABLE, NOW_NS + S),
        "sent": reported(Step.STEP_SENT, NOW_NS + 2 * S),
        "applied": answered(Outcome.OUTCOME_APPLIED, NOW_NS + 3 * S),
        "duplicate": answered(Outcome.OUTCOME_DUPLICATE, NOW_NS + 4 * S),
    }


@pytest.mark.parametrize("words", [5, 4, 3, 2])
def test_what_is_said_of_a_command_comes_to_the_same_in_any_order_and_more_than_once(
    stack: Stack, words: int
) -> None:
    """All orders of all choices; each word twice. The queues overtake each other, and messages come again."""
    with connect(stack, "owner") as database, database.transaction(force_rollback=True):
        database.execute(query("register_sensors"), [["any-order-1"]])
        for chosen in itertools.combinations(said("any-order-1", bytes(16)), words):
            results = set()
            for order in itertools.permutations(chosen):
                command_id = uuid.uuid4()
                spoken = said("any-order-1", command_id.bytes)
                for name in (*order, *order[:2]):
                    upsert, delivery = spoken[name]
                    made = upsert(delivery, NOW_NS)
                    database.execute(query(made.statement), made.parameters)
                row = database.execute(
                    "SELECT status, reason, name, issuer, sent_at, ended_at, queued_at, state"
                    " FROM command_overview WHERE id = %s",
                    [command_id],
                ).fetchone()
                results.add(row)
            assert len(results) == 1
            [row] = results
            assert row is not None
            assert row[0] == expected_status(set(chosen)), chosen


def expected_status(words: set[str]) -> str:
    """The sensor's word is the last, a duplicate's the weakest of them; then the bridge's newest."""
    for word, status in [
        ("applied", "APPLIED"),
        ("duplicate", "DUPLICATE"),
        ("sent", "SENT"),
        ("unreachable", "UNREACHABLE"),
    ]:
        if word in words:
            return status
    return "QUEUED"
