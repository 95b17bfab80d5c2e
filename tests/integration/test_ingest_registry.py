"""Births, statuses, acknowledgements and log lines become rows, in the order in which they were said."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from stack.local import Stack
from tests.integration.pipeline import Database, Pipeline, connect, running, wait_for
from tests.integration.relay import Queues, Relay, batch, dead_letters_of
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import (
    Birth,
    ChannelDescription,
    CommandAck,
    Log,
    LogLevel,
    Outcome,
    State,
    Status,
)

NOW_NS = time.time_ns()
S = 10**9


@pytest.fixture(scope="module")
def pipeline(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with running(stack, tmp_path_factory.mktemp("registry")) as one:
        one.ingest("registry").wait_ready()
        one.ingest("logs").wait_ready()
        yield one


@pytest.fixture
def database(pipeline: Pipeline) -> Iterator[Database]:
    with connect(pipeline.stack) as connection:
        yield connection


@pytest.fixture
def queues(stack: Stack, pipeline: Pipeline) -> Iterator[Queues]:
    one = Queues(stack)
    yield one
    one.close()


def birth(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "session": 7,
        "hardware": "ESP32-S3",
        "firmware_version": "1.2.3",
        "sensor_type": "vibration",
        "sample_frequency_hz": 1000.0,
        "maximum_sample_frequency_hz": 4000.0,
        "state": State.STATE_AWAKE,
        "time_ns": NOW_NS,
        "channels": [
            ChannelDescription(index=0, name="x", quantity="acceleration", unit="g", minimum=-16, maximum=16)
        ],
    }
    return Birth(**{**fields, **changes}).SerializeToString()


def status(state: State = State.STATE_AWAKE, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "session": 7,
        "sample_frequency_hz": 1000.0,
        "uptime_ms": 5000,
        "time_ns": NOW_NS,
    }
    return Status(state=state, **{**fields, **changes}).SerializeToString()


def row(database: Database, serial: str, columns: str) -> tuple[Any, ...] | None:
    return database.execute(
        f"SELECT {columns} FROM sensor WHERE serial_number = %s", [serial]
    ).fetchone()  # columns of this file


def becomes(database: Database, serial: str, columns: str, wanted: tuple[Any, ...]) -> None:
    wait_for(lambda: row(database, serial, columns) == wanted, 10, f"{serial}: {columns} = {wanted}")


def settle(database: Database, queues: Queues, serial: str, kind: Kind = Kind.KIND_STATUS) -> None:
    """Everything said before is handled: a marker behind it in the same queue is."""
    marker = f"{serial[:24]}-end"
    queues.publish(marker, kind, birth() if kind == Kind.KIND_BIRTH else status())
    # its state: a sensor's row is made first, and filled in a transaction of its own
    wait_for(lambda: row(database, marker, "state") == ("AWAKE",), 10, "the marker is handled")


def test_birth_registers_a_sensor_with_its_channels(database: Database, queues: Queues) -> None:
    """A second one changes what changed, and keeps the rest."""
    queues.publish("born-1", Kind.KIND_BIRTH, birth())
    columns = "provisional, hardware, firmware_version, sensor_type, sample_frequency_hz, state, session"
    becomes(database, "born-1", columns, (False, "ESP32-S3", "1.2.3", "vibration", 1000.0, "AWAKE", 7))
    channels = (
        "SELECT name, quantity, unit, minimum, maximum FROM channel c JOIN sensor s ON s.id = c.sensor_id"
    )
    assert database.execute(f"{channels} WHERE serial_number = 'born-1'").fetchall() == [
        ("x", "acceleration", "g", -16.0, 16.0)
    ]
    queues.publish("born-1", Kind.KIND_BIRTH, birth(firmware_version="1.3.0", session=8, time_ns=NOW_NS + S))
    becomes(database, "born-1", columns, (False, "ESP32-S3", "1.3.0", "vibration", 1000.0, "AWAKE", 8))


def test_status_is_the_newest_by_the_sensors_clock(database: Database, queues: Queues) -> None:
    """One that a broker delivers again comes later and says less."""
    queues.publish("status-1", Kind.KIND_STATUS, status(uptime_ms=5_000))
    newest = status(
        State.STATE_ASLEEP, uptime_ms=9_000, time_ns=NOW_NS + 4 * S, battery_percent=80.5, rssi_dbm=-61
    )
    queues.publish("status-1", Kind.KIND_STATUS, newest)
    queues.publish("status-1", Kind.KIND_STATUS, status(uptime_ms=5_000))
    settle(database, queues, "status-1")
    assert row(database, "status-1", "state, uptime_ms, battery_percent, rssi_dbm, provisional") == (
        "ASLEEP", 9000, 80.5, -61, True,
    )  # fmt: skip


def test_many_statuses_at_once_the_newest_of_each_sensor_stays(database: Database, queues: Queues) -> None:
    """They are written in batches; those of one sensor in order, also within one."""
    serials = [f"batched-{number}" for number in range(20)]
    for uptime_ms in range(10):
        for serial in serials:
            queues.publish(serial, Kind.KIND_STATUS, status(uptime_ms=uptime_ms, time_ns=NOW_NS + uptime_ms))
    for serial in serials:
        becomes(database, serial, "uptime_ms", (9,))


def test_last_will_changes_the_state_alone(database: Database, queues: Queues) -> None:
    """It was written when the sensor connected, and knows nothing of what came after."""
    queues.publish("will-1", Kind.KIND_STATUS, status(uptime_ms=5_000, last_sequence=41))
    queues.publish(
        "will-1", Kind.KIND_STATUS, Status(state=State.STATE_OFFLINE, session=7).SerializeToString()
    )
    settle(database, queues, "will-1")
    assert row(database, "will-1", "state, uptime_ms, last_sequence, sample_frequency_hz") == (
        "OFFLINE", 5000, 41, 1000.0,
    )  # fmt: skip


def test_birth_that_comes_after_a_newer_status_leaves_it(database: Database, queues: Queues) -> None:
    """They come by different queues."""
    queues.publish("late-1", Kind.KIND_STATUS, status(State.STATE_ASLEEP), received_ns=NOW_NS + S)
    settle(database, queues, "late-1")
    queues.publish("late-1", Kind.KIND_BIRTH, birth(), received_ns=NOW_NS)
    settle(database, queues, "late-1-b", Kind.KIND_BIRTH)
    assert row(database, "late-1", "provisional, hardware, state") == (False, "ESP32-S3", "ASLEEP")


def test_ack_is_kept_even_of_a_command_that_nobody_recorded(database: Database, queues: Queues) -> None:
    """The first outcome stays; a duplicate's word comes second, whatever comes first."""
    command = uuid.uuid4()

    def said(outcome: Outcome, serial: str = "acked-1", reason: str = "") -> None:
        ack = CommandAck(
            command_id=command.bytes, outcome=outcome, state=State.STATE_AWAKE, sample_frequency_hz=50.0,
            reason=reason, time_ns=NOW_NS,
        )  # fmt: skip
        queues.publish(serial, Kind.KIND_ACK, ack.SerializeToString())

    def known() -> tuple[Any, ...] | None:
        return database.execute(
            "SELECT serial_number, outcome, reason FROM command c JOIN sensor s ON s.id = c.sensor_id"
            " WHERE c.id = %s AND serial_number = 'acked-1'",
            [command],
        ).fetchone()

    said(Outcome.OUTCOME_DUPLICATE)
    wait_for(lambda: known() == ("acked-1", "DUPLICATE", None), 10, "the first word")
    said(Outcome.OUTCOME_REJECTED, reason="too fast")
    wait_for(lambda: known() == ("acked-1", "REJECTED", "too fast"), 10, "what really came of it")
    said(Outcome.OUTCOME_APPLIED)
    said(Outcome.OUTCOME_APPLIED, serial="somebody-else")
    others = (
        "SELECT outcome FROM command c JOIN sensor s ON s.id = c.sensor_id"
        " WHERE c.id = %s AND serial_number = 'somebody-else'"
    )
    wait_for(lambda: database.execute(others, [command]).fetchone() == ("APPLIED",), 10, "all are handled")
    assert known() == ("acked-1", "REJECTED", "too fast")


def last_id(database: Database) -> int:
    return int(database.execute("SELECT last_value FROM sensor_id_seq").fetchall()[0][0])


async def test_known_sensor_uses_up_no_ids_whatever_it_says(
    stack: Stack, pipeline: Pipeline, queues: Queues
) -> None:
    """There are 2³¹ of them, which 10,000 sensors that say how they are every 30 s would use up within months."""
    serial, ack = "thrifty-1", CommandAck(outcome=Outcome.OUTCOME_APPLIED, state=State.STATE_AWAKE)
    measurements = pipeline.ingest()
    measurements.wait_ready()
    with pipeline.connect("owner") as database:
        queues.publish(serial, Kind.KIND_BIRTH, birth())
        settle(database, queues, serial, Kind.KIND_BIRTH)
        for kind in (Kind.KIND_STATUS, Kind.KIND_BIRTH):
            queues.publish(f"{serial}-end", kind, birth() if kind == Kind.KIND_BIRTH else status())
        before = last_id(database)
        async with Relay(stack) as relay:
            for number in range(100):
                newer = NOW_NS + number * S
                queues.publish(serial, Kind.KIND_STATUS, status(uptime_ms=number, time_ns=newer))
                queues.publish(serial, Kind.KIND_BIRTH, birth(firmware_version=str(number), time_ns=newer))
                ack.command_id = uuid.uuid4().bytes
                queues.publish(serial, Kind.KIND_ACK, ack.SerializeToString())
                await relay.batches(serial, [batch(number)])
                line = Log(time_ns=NOW_NS + number, level=LogLevel.LOG_LEVEL_INFO, logger="x", message="x")
                await relay.payloads(serial, [line.SerializeToString()], Kind.KIND_LOG)
        counts = (
            "SELECT s.firmware_version, s.uptime_ms, o.batch_count,"
            " (SELECT count(*) FROM command c WHERE c.sensor_id = s.id),"
            " (SELECT count(*) FROM sensor_log l WHERE l.sensor_id = s.id)"
            " FROM sensor s JOIN sensor_overview o USING (id) WHERE s.serial_number = 'thrifty-1'"
        )
        expected = ("99", 99, 100, 100, 100)
        wait_for(lambda: database.execute(counts).fetchone() == expected, 20, "all of it is stored")
        assert last_id(database) == before
    assert measurements.stop() == 0


async def test_database_without_ids_makes_no_dead_letters_of_good_messages(
    stack: Stack, pipeline: Pipeline, queues: Queues
) -> None:
    """What is not a message's fault is tried again until it is mended; known sensors are not concerned."""
    measurements = pipeline.ingest()
    measurements.wait_ready()
    writers = [pipeline.services[0], measurements]

    def counted(name: str) -> list[float]:
        return [writer.metric(f"ingest_{name}_total") for writer in writers]

    with pipeline.connect("owner") as database:
        settle(database, queues, "known-1")
        buried = counted("dead_letters")
        database.execute(f"ALTER SEQUENCE sensor_id_seq MAXVALUE {last_id(database)}")
        try:
            queues.publish("known-1-end", Kind.KIND_STATUS, status(uptime_ms=77, time_ns=NOW_NS + S))
            becomes(database, "known-1-end", "uptime_ms", (77,))
            failures = counted("failures")
            queues.publish("unknown-1", Kind.KIND_BIRTH, birth())
            queues.publish("unknown-1", Kind.KIND_STATUS, status(uptime_ms=78, time_ns=NOW_NS + S))
            async with Relay(stack) as relay:
                await relay.batches("unknown-1", [batch(0)])

            def both_failed() -> bool:
                return all(now > then for now, then in zip(counted("failures"), failures, strict=True))

            wait_for(both_failed, 10, "both try in vain")
        finally:
            database.execute("ALTER SEQUENCE sensor_id_seq MAXVALUE 2147483647")
        becomes(database, "unknown-1", "firmware_version, uptime_ms", ("1.2.3", 78))
        stored = "SELECT batch_count FROM sensor_overview WHERE serial_number = 'unknown-1'"
        wait_for(lambda: database.execute(stored).fetchone() == (1,), 10, "the batch is stored")
    assert counted("dead_letters") == buried
    assert measurements.stop() == 0


async def test_row_that_the_database_refuses_is_a_dead_letter_with_a_reason_of_its_own(
    stack: Stack, pipeline: Pipeline, queues: Queues
) -> None:
    """It was well formed; those beside it are written."""
    with pipeline.connect("owner") as database:
        settle(database, queues, "refused-2")
        database.execute("ALTER TABLE sensor ADD CONSTRAINT unlucky CHECK (uptime_ms <> 13)")
        try:
            for uptime_ms in (12, 13, 14):
                said = status(uptime_ms=uptime_ms, time_ns=NOW_NS + uptime_ms * S)
                queues.publish("refused-2", Kind.KIND_STATUS, said)
            becomes(database, "refused-2", "uptime_ms", (14,))
        finally:
            database.execute("ALTER TABLE sensor DROP CONSTRAINT unlucky")
    [letter] = await dead_letters_of(stack, "refused-2", 1)
    assert (letter.reason, letter.payload) == (
        "refused_by_database",
        status(uptime_ms=13, time_ns=NOW_NS + 13 * S),
    )
    assert "unlucky" in letter.detail


def test_sensor_that_was_removed_is_registered_anew(pipeline: Pipeline, queues: Queues) -> None:
    """By the next thing that it says."""
    with pipeline.connect("owner") as database:
        settle(database, queues, "gone-1")
        database.execute("DELETE FROM sensor WHERE serial_number = 'gone-1-end'")
        queues.publish("gone-1-end", Kind.KIND_STATUS, status(uptime_ms=3))
        becomes(database, "gone-1-end", "uptime_ms, provisional", (3, True))


async def test_what_cannot_be_read_is_a_dead_letter_and_blocks_nothing(
    stack: Stack, database: Database, queues: Queues
) -> None:
    """A birth of another, a state that is none, an ack without an id."""
    bad = [
        (Kind.KIND_BIRTH, birth(serial_number="somebody"), "bad_serial_number"),
        (Kind.KIND_STATUS, b"\x08\x09", "bad_state"),
        (Kind.KIND_ACK, b"", "bad_command"),
    ]
    for kind, payload, _ in bad:
        queues.publish("unread-1", kind, payload)
        settle(database, queues, f"unread-{kind}")
    letters = await dead_letters_of(stack, "unread-1", len(bad))
    assert {(letter.kind, letter.payload, letter.reason) for letter in letters} == set(bad)


async def test_log_lines_are_rows_once(stack: Stack, pipeline: Pipeline, database: Database) -> None:
    """Also two in the same nanosecond, of a sensor that nobody knows; one that comes again is known."""
    one, two = (
        Log(time_ns=NOW_NS, level=LogLevel.LOG_LEVEL_WARNING, logger="adc", message=text).SerializeToString()
        for text in ("saturated", "saturated again")
    )
    async with Relay(stack) as relay:
        await relay.payloads("logged-1", [one, two, one], Kind.KIND_LOG)
        await relay.payloads("logged-1", [two, b"\xff", one], Kind.KIND_LOG)

        def lines() -> list[Any]:
            return database.execute(
                "SELECT time_ns, level, logger, message FROM sensor_log l JOIN sensor s ON s.id = l.sensor_id"
                " WHERE serial_number = 'logged-1' ORDER BY message"
            ).fetchall()

        expected = [(NOW_NS, 3, "adc", "saturated"), (NOW_NS, 3, "adc", "saturated again")]
        wait_for(lambda: lines() == expected, 10, "two lines")
    [letter] = await dead_letters_of(stack, "logged-1", 1)
    assert (letter.reason, letter.payload) == ("malformed", b"\xff")
    assert lines() == expected
