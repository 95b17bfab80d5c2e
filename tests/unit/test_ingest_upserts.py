"""What messages of the quorum queues mean for the registry."""

import json
import math
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.database import query
from ingest.upserts import SOURCES, audit, parameters, report
from runtime.amqp import Delivery
from wire import names
from wire.errors import WireError
from wire.relay_pb2 import CommandReport, Step
from wire.sensor_pb2 import ChangeSampleFrequency, Command, Identify, Resend, Sleep

NOW_NS = 1_800_000_000 * 10**9
ID = uuid.UUID(int=7)
HEADERS = {names.HEADER_SERIAL_NUMBER: "pump-1", names.HEADER_RECEIVED_NS: NOW_NS - 5}


def delivery(queue: str, body: bytes, key: str = "", **headers: Any) -> Delivery:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivery(queue, key, body, {**HEADERS, **named}, "operator", 1, False)


def given_command(**headers: Any) -> dict[str, Any]:
    command = Command(
        id=ID.bytes, issued_time_ns=NOW_NS - 9, expiry_time_ns=NOW_NS + 9, sleep=Sleep(duration_s=60)
    )
    one = Delivery(
        names.COMMAND_AUDIT_QUEUE,
        "sensor_pump-1.commands.sleep",
        command.SerializeToString(),
        headers,
        "operator",
        1,
        False,
    )
    return audit(one, NOW_NS).parameters


@pytest.mark.parametrize("queue", SOURCES)
@given(
    body=st.binary(max_size=100),
    key=st.text(max_size=40),
    headers=st.dictionaries(
        st.sampled_from([*HEADERS, names.HEADER_CLIENT, names.HEADER_PUBLISHED_MS]),
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.binary()),
    ),
)
def test_any_message_is_an_upsert_or_one_typed_error(
    queue: str, body: bytes, key: str, headers: dict[str, Any]
) -> None:
    """No other exception ever comes out, and every statement exists."""
    try:
        upsert = SOURCES[queue].upsert(Delivery(queue, key, body, headers, None, 1, False), NOW_NS)
    except WireError:
        return
    assert query(upsert.statement)


def test_audit_says_who_what_and_when() -> None:
    """The issuer is RabbitMQ's word, the client is the client's; RabbitMQ's clock says when it was queued."""
    known = given_command(**{names.HEADER_CLIENT: "anna@laptop", names.HEADER_PUBLISHED_MS: NOW_NS // 10**6})
    assert json.loads(known.pop("parameters")) == {"duration_s": 60}
    assert known == {
        "id": ID,
        "serial_number": "pump-1",
        "name": "sleep",
        "issuer": "operator",
        "client": "anna@laptop",
        "issued_ns": NOW_NS - 9,
        "expires_ns": NOW_NS + 9,
        "queued_ns": NOW_NS,
    }


@pytest.mark.parametrize("published", [None, "soon", -1, 0, 2**60, 1.5])
def test_audit_without_a_sensible_time_was_queued_now(published: object) -> None:
    """Nothing that a publisher writes into a header stops the ingester."""
    assert given_command(**{names.HEADER_PUBLISHED_MS: published})["queued_ns"] == NOW_NS


@pytest.mark.parametrize(
    ("said", "kept"), [(None, None), ("a\0b", "ab"), ("x" * 999, "x" * 256), ("a\ud800", "a?"), (7, "7")]
)
def test_client_is_whatever_the_database_can_hold(said: object, kept: str | None) -> None:
    """It is a courtesy, no key."""
    assert given_command(**{names.HEADER_CLIENT: said})["client"] == kept


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (Sleep(), {"duration_s": 0}),
        (Identify(), {}),
        (
            Resend(session=1, first_sequence=2**63, last_sequence=2**64 - 1),
            {"session": 1, "first_sequence": 2**63, "last_sequence": 2**64 - 1},
        ),
        (ChangeSampleFrequency(sample_frequency_hz=math.nan), {"sample_frequency_hz": "nan"}),
        (ChangeSampleFrequency(sample_frequency_hz=-math.inf), {"sample_frequency_hz": "-inf"}),
    ],
)
def test_parameters_are_all_fields_as_json_says_them(command: Any, expected: dict[str, object]) -> None:
    """What JSON has no number for is text: the audit holds what was asked, not what makes sense."""
    assert json.loads(json.dumps(parameters(command), allow_nan=False)) == expected


@pytest.mark.parametrize(
    ("step", "statement", "rest"),
    [
        (Step.STEP_SENT, "upsert_sent", {}),
        (Step.STEP_UNREACHABLE, "upsert_failure", {"failure": "UNREACHABLE", "reason": "why"}),
        (Step.STEP_EXPIRED, "upsert_failure", {"failure": "EXPIRED", "reason": "why"}),
    ],
)
def test_report_is_sent_or_a_failure(step: Step, statement: str, rest: dict[str, str]) -> None:
    """By columns of their own, so that neither undoes the other."""
    said = CommandReport(command_id=ID.bytes, step=step, time_ns=NOW_NS, reason="why")
    upsert = report(delivery(names.COMMAND_REPORT_QUEUE, said.SerializeToString()), NOW_NS)
    assert upsert.statement == statement
    assert upsert.parameters == {"id": ID, "serial_number": "pump-1", "time_ns": NOW_NS, **rest}
