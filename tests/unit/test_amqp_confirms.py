"""Answers of RabbitMQ and the publishes that they are for; what pika reports, as a sentence."""

import pika.exceptions
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.amqp_confirms import Confirms
from runtime.amqp_errors import AmqpError, explained


def refused() -> Exception:
    return AmqpError("refused")


async def test_confirm_of_one_leaves_the_others_waiting() -> None:
    """Whatever the order of the answers."""
    confirms = Confirms()
    numbered = [confirms.add() for _ in range(3)]
    assert [tag for tag, _ in numbered] == [1, 2, 3]
    confirms.answered(2, multiple=False)
    assert [future.done() for _, future in numbered] == [False, True, False]
    assert len(confirms) == 2


async def test_confirm_of_many_is_for_all_up_to_it() -> None:
    """Those that were answered before are not answered again."""
    confirms = Confirms()
    futures = [confirms.add()[1] for _ in range(4)]
    confirms.answered(1, multiple=False, refused=refused)
    confirms.answered(3, multiple=True)
    assert isinstance(futures[0].exception(), AmqpError)
    assert [future.done() for future in futures] == [True, True, True, False]
    assert futures[2].exception() is None


async def test_returned_message_fails_although_it_is_confirmed() -> None:
    """RabbitMQ confirms what it could not route, too; the return comes first."""
    confirms = Confirms()
    (tag, lost), (_, fine) = confirms.add(), confirms.add()
    confirms.returned(tag, AmqpError("no queue", code=312))
    confirms.answered(2, multiple=True)
    error = lost.exception()
    assert isinstance(error, AmqpError)
    assert error.code == 312
    assert fine.exception() is None


async def test_end_of_the_connection_fails_all_that_wait() -> None:
    """Each with an error of its own; answers that come afterwards are for nobody."""
    confirms = Confirms()
    futures = [confirms.add()[1] for _ in range(2)]
    confirms.fail(refused)
    assert futures[0].exception() is not futures[1].exception()
    confirms.answered(2, multiple=True)
    assert len(confirms) == 0


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.booleans()), max_size=40))
async def test_any_answers_end_each_publish_at_most_once(answers: list[tuple[int, bool, bool]]) -> None:
    """A server's mistake is no crash."""
    confirms = Confirms()
    futures = [confirms.add()[1] for _ in range(20)]
    for tag, multiple, bad in answers:
        confirms.answered(tag, multiple, refused if bad else None)
    assert sum(not future.done() for future in futures) == len(confirms)


@pytest.mark.parametrize(
    ("reason", "text", "retryable"),
    [
        (
            pika.exceptions.ProbableAuthenticationError("(403) 'ACCESS_REFUSED - Login was refused'"),
            "RabbitMQ at mq:5672 refuses the user name 'anna' or its password",
            False,
        ),
        (
            pika.exceptions.ChannelClosedByBroker(404, "NOT_FOUND - no queue 'x'"),
            "RabbitMQ at mq:5672 says: NOT_FOUND - no queue 'x'",
            True,
        ),
        (
            pika.exceptions.ChannelClosedByBroker(403, "ACCESS_REFUSED - write access"),
            "RabbitMQ at mq:5672 says: ACCESS_REFUSED - write access",
            False,
        ),
        (
            pika.exceptions.AMQPConnectionError(ConnectionRefusedError(111, "Connection refused")),
            "cannot reach RabbitMQ at mq:5672: Connection refused",
            True,
        ),
    ],
)
def test_explained_is_one_sentence_that_names_the_server(
    reason: Exception, text: str, retryable: bool
) -> None:
    """And says whether trying again makes sense."""
    error = explained(reason, "mq:5672", "anna")
    assert (str(error), error.retryable) == (text, retryable)
